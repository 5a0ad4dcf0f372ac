"""The closed language in which facts are declared: selections of occasions, reduced to a range or a truth.

Every expression is a frozen value. Parameters (``Param``) stand where a policy binds its own figure;
``bind`` replaces them, and only closed expressions are evaluated. Two evaluators read them: ``joint`` (plain
Python, one joint, with witnesses) and ``population`` (Ibis, everybody at once).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, cast

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Param:
    """A place that a policy's binding fills."""

    name: str


# ── conditions on one occasion ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Is:
    """The attribute equals the value."""

    field: str | Param
    value: Scalar | Param


@dataclass(frozen=True, slots=True)
class OneOf:
    """The attribute is one of the values; ``None`` as values allows any, recorded or not."""

    field: str | Param
    values: tuple[Scalar, ...] | Param | None


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The attribute is a number not below; ``None`` as bound allows any, recorded or not."""

    field: str | Param
    number: float | Param | None


@dataclass(frozen=True, slots=True)
class AtMost:
    """The attribute is a number not above; ``None`` as bound allows any, recorded or not."""

    field: str | Param
    number: float | Param | None


@dataclass(frozen=True, slots=True)
class Known:
    """The attribute is recorded. Two-valued: silence is a plain no here."""

    field: str | Param


@dataclass(frozen=True, slots=True)
class IfAsked:
    """Holds a condition only where it is asked for; holds by itself where ``asked`` is bound to False."""

    asked: bool | Param
    condition: Condition


@dataclass(frozen=True, slots=True)
class When:
    """Admits a condition only where ``asked`` is bound to True: does not hold otherwise."""

    asked: bool | Param
    condition: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Condition


Condition = Is | OneOf | AtLeast | AtMost | Known | IfAsked | When | AllOf | AnyOf | Not


def all_of(*conditions: Condition) -> AllOf:
    """Every condition holds."""
    return AllOf(conditions)


def any_of(*conditions: Condition) -> AnyOf:
    """At least one condition holds."""
    return AnyOf(conditions)


# ── selections of occasions ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Events:
    """The occasions of a kind that begin by the as-of day, fulfil ``where`` and reach into the window.

    ``topic`` narrows to one value of the kind's topic field, and with it what a completeness statement must
    cover. ``within_days`` is the window's length back from the as-of day (None: all time).
    ``absence_days``: how long a statement of completeness is relied on after the day that it speaks of.
    """

    kind: str
    topic: str | Param | None = None
    where: Condition | None = None
    within_days: float | Param | None = None
    certainty: tuple[str, ...] | Param = ("stated",)
    modality: tuple[str, ...] | Param = ("actual",)
    absence_days: float | Param = 0


# ── reducers ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Count:
    """How many: [surely so, surely or possibly so]; no upper bound unless the record is stated complete."""

    events: Events


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether there is one."""

    events: Events


@dataclass(frozen=True, slots=True)
class Sum:
    """Total of a number that is never negative."""

    events: Events
    field: str


@dataclass(frozen=True, slots=True)
class Best:
    """The greatest value of a number."""

    events: Events
    field: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The value of a number on the latest occasion; over all that may be the latest where dates are vague."""

    events: Events
    field: str


@dataclass(frozen=True, slots=True)
class LatestIs:
    """Whether the latest occasion fulfils the condition."""

    events: Events
    condition: Condition


TimeUnit = Literal["days", "weeks", "months", "years"]
"""Months are the calendar's: from the 15th to the 15th is a whole one; years are completed years."""


@dataclass(frozen=True, slots=True)
class SinceEarliest:
    """Time from the beginning of the earliest occasion to the as-of day."""

    events: Events
    unit: TimeUnit = "days"


@dataclass(frozen=True, slots=True)
class SinceLatest:
    """Time from the beginning of the latest occasion to the as-of day."""

    events: Events
    unit: TimeUnit = "days"


@dataclass(frozen=True, slots=True)
class SinceEnd:
    """Time from the end of the latest occasion to the as-of day."""

    events: Events
    unit: TimeUnit = "days"


@dataclass(frozen=True, slots=True)
class SinceDate:
    """Time from a day that the latest occasion tells of to the as-of day."""

    events: Events
    field: str
    unit: TimeUnit = "days"


@dataclass(frozen=True, slots=True)
class Duration:
    """Time that courses covered together, each day once."""

    events: Events
    unit: TimeUnit = "days"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many fields of a battery have the value, within one occasion: the latest complete, else the latest."""

    events: Events
    battery: tuple[str, ...] | Param
    value: str = "positive"
    negatives: tuple[str, ...] = ("negative", "unfamiliar")


Expression = (
    Count
    | Exists
    | Sum
    | Best
    | Latest
    | LatestIs
    | SinceEarliest
    | SinceLatest
    | SinceEnd
    | SinceDate
    | Duration
    | Tally
)
TRUTHS = (Exists, LatestIs)
"""Reducers that give a truth value; the others give a range."""


# ── facts and criteria ───────────────────────────────────────────────────────────────────────────────

Burden = Literal["none", "question", "examination", "document", "laboratory", "imaging", "injection"]


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """A named quantity about one joint at one day, declared once.

    ``params`` maps every parameter to its default; one that maps to ``REQUIRED`` must be bound. ``question`` is
    what to ask where it is not known, and ``burden`` what the asking costs the patient.
    """

    name: str
    expression: Expression
    definition: str
    question: str
    unit: str = ""
    scope: Literal["joint", "other_joint"] = "joint"
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    burden: Burden = "question"

    @property
    def is_truth(self) -> bool:
        """Whether the fact is true or false rather than a number."""
        return isinstance(self.expression, TRUTHS)


class Required:
    """Marks a parameter that has no default."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = Required()


@dataclass(frozen=True, slots=True)
class BoundFact:
    """A fact with every parameter filled: a closed expression."""

    name: str
    expression: Expression
    arguments: tuple[tuple[str, Any], ...]
    scope: Literal["joint", "other_joint"]
    unit: str
    question: str
    burden: Burden

    def text(self) -> str:
        """The fact with its arguments, as a reader sees it."""
        shown = ", ".join(f"{name} {value}" for name, value in self.arguments if value is not None)
        return f"{self.name} ({shown})" if shown else self.name


@dataclass(frozen=True, slots=True)
class Test:
    """A fact held against bounds, or a truth fact held against ``expected``."""

    fact: BoundFact
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    expected: bool | None = None

    __test__ = False

    def bounds(self) -> tuple[float, ...]:
        """The numbers that it holds the fact against."""
        told = (self.minimum, self.above, self.below, self.maximum)
        return tuple(bound for bound in told if bound is not None)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class AtLeastOf:
    """At least ``n`` parts hold."""

    n: int
    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """The part does not hold."""

    part: Criterion


Criterion = Test | All | Either | AtLeastOf | Opposite


def tests_of(criterion: Criterion) -> tuple[Test, ...]:
    """The leaves of a criterion, in order."""
    match criterion:
        case Test():
            return (criterion,)
        case Opposite(part):
            return tests_of(part)
        case All(parts) | Either(parts) | AtLeastOf(_, parts):
            return tuple(leaf for part in parts for leaf in tests_of(part))


def bind(fact: Fact, arguments: Mapping[str, Any]) -> BoundFact:
    """The fact with its parameters filled from ``arguments`` and its defaults.

    Raises KeyError for a parameter that the fact does not have, and LookupError for a required one not given.
    """
    if unknown := set(arguments) - set(fact.params):
        raise KeyError(", ".join(sorted(unknown)))
    values = {name: _frozen(arguments.get(name, default)) for name, default in fact.params.items()}
    if missing := [name for name, value in values.items() if isinstance(value, Required)]:
        raise LookupError(", ".join(missing))
    return BoundFact(
        name=fact.name,
        expression=_substitute(fact.expression, values),
        arguments=tuple(sorted(values.items())),
        scope=fact.scope,
        unit=fact.unit,
        question=_asked(fact.question, values),
        burden=fact.burden,
    )


def _asked(question: str, values: Mapping[str, Any]) -> str:
    """The question with the words that a policy bound; never a number, which would show what passes."""
    if "{" not in question:
        return question
    return question.format_map({name: _said(value) for name, value in values.items()})


def _said(value: Any) -> str:
    parts = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
    return ", ".join(str(part).replace("_", " ") for part in parts if isinstance(part, str)) or "any"


def _frozen(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _substitute(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, Param):
        return values[node.name]
    if isinstance(node, tuple):
        return tuple(_substitute(part, values) for part in cast("tuple[Any, ...]", node))
    if is_dataclass(node) and not isinstance(node, type):
        changed = {f.name: _substitute(getattr(node, f.name), values) for f in fields(node)}
        return replace(node, **changed)
    return node
