"""Which occasions a selection counts, as ELM: the rules of ``membership``, said a second time and by other means."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Literal, cast

from nutation.criteria.elm_terms import (
    NULL,
    Node,
    alias,
    among,
    binary,
    cases,
    coalesce,
    days,
    definition,
    either,
    element,
    every,
    exists,
    expression,
    field,
    if_,
    is_null,
    literal,
    not_,
    on_or_after,
    on_or_before,
    parameter,
    query,
    those,
    tuple_,
)
from nutation.criteria.language import (
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Condition,
    Events,
    IfAsked,
    Is,
    Known,
    Not,
    OneOf,
    Scalar,
    When,
)
from nutation.record.kinds import KINDS

AS_OF, JOINT = "As of", "Joint"
"""Parameters beside the occasions: the day, and ``left`` or ``right``."""

OTHER_JOINT = "Other joint"
Scope = Literal["joint", "other_joint"]
OCCASION = "O"
"""What queries call the occasion that they are at."""


class Statements:
    """The definitions of a library, each made once, after those that it refers to."""

    def __init__(self) -> None:
        self.told: list[Node] = []
        self._names: dict[Hashable, str] = {}

    def add(self, name: str, value: Node) -> Node:
        """Defines the name and gives the reference to it."""
        self.told.append(definition(name, value))
        return expression(name)

    def once(self, key: Hashable, label: str, value: Callable[[], Node]) -> Node:
        """A reference to what is defined for the key, which is made where it is not yet; labels are numbered."""
        if (name := self._names.get(key)) is None:
            made = value()
            name = self._names[key] = f"{label} ({len(self._names) + 1})"
            self.add(name, made)
        return expression(name)


def holds(condition: Condition, of: str = OCCASION) -> Node:
    """The condition on the occasion with that alias: true, false or null."""
    match condition:
        case Is(name, None):
            return if_(is_null(field(of, str(name))), NULL, literal(False))
        case Is(name, value):
            return binary("Equal", field(of, str(name)), literal(cast("str | bool | float", value)))
        case OneOf(_, None) | AtLeast(_, None) | AtMost(_, None):
            return literal(True)
        case OneOf(name, values):
            return _one_of(field(of, str(name)), cast("tuple[Scalar, ...]", values))
        case AtLeast(name, number):
            return binary("GreaterOrEqual", field(of, str(name)), literal(cast("float", number)))
        case AtMost(name, number):
            return binary("LessOrEqual", field(of, str(name)), literal(cast("float", number)))
        case Known(name):
            return if_(disagree(of, str(name)), NULL, not_(is_null(field(of, str(name)))))
        case IfAsked(asked, part):
            return literal(True) if asked is False else holds(part, of)
        case When(asked, part):
            return holds(part, of) if asked is True else literal(False)
        case AllOf(parts):
            return every([holds(part, of) for part in parts])
        case AnyOf(parts):
            return either([holds(part, of) for part in parts])
        case Not(part):
            return not_(holds(part, of))


def _one_of(told: Node, values: tuple[Scalar, ...]) -> Node:
    return if_(is_null(told), NULL, among(told, [value for value in values if value is not None]))


def disagree(of: str, name: str) -> Node:
    """Whether two statements of the occasion disagree on the attribute: true or false."""
    return binary("In", literal(name), field(of, "contradicted"))


def of_joint(statements: Statements, kind: str, scope: Scope) -> Node:
    """The occasions of a kind that are, or may be, of the joint or of the person."""
    joint = parameter(JOINT) if scope == "joint" else expression(OTHER_JOINT)
    where = either([is_null(field(OCCASION, "joint")), binary("Equal", field(OCCASION, "joint"), joint)])
    whose = "this joint" if scope == "joint" else "the other joint"
    return statements.once(
        ("of joint", kind, scope), f"{kind} of {whose}", lambda: those(parameter(kind), OCCASION, where)
    )


def begun() -> Node:
    """Whether the occasion had begun by the as-of day."""
    return cases(
        (binary("After", field(OCCASION, "happened_from"), parameter(AS_OF), precision="Day"), literal(False)),
        (on_or_before(field(OCCASION, "begins_by"), parameter(AS_OF)), literal(True)),
        otherwise=NULL,
    )


def window_start(events: Events) -> Node | None:
    """The first day of the selection's window; None where it reaches back for ever."""
    length = cast("float | None", events.within_days)
    return None if length is None else binary("Subtract", parameter(AS_OF), days(math.floor(length)))


def counts(events: Events) -> Node:
    """Whether the occasion counts for the joint: true, false or null."""
    modality = cast("tuple[str, ...]", events.modality)
    asserted = among(field(OCCASION, "modality"), modality)
    suspected = binary("Equal", field(OCCASION, "modality"), literal("provisional"))
    may = either([asserted, every([suspected, literal("actual" in modality)])])
    parts = [
        if_(may, if_(asserted, literal(True), NULL), literal(False)),
        if_(among(field(OCCASION, "certainty"), cast("tuple[str, ...]", events.certainty)), literal(True), NULL),
        if_(field(OCCASION, "doubtful"), NULL, literal(True)),
        if_(field(OCCASION, "side_known"), literal(True), NULL),
        begun(),
    ]
    topic = KINDS[events.kind].TOPIC
    if events.topic is not None and topic is not None:
        parts.append(binary("Equal", field(OCCASION, topic), literal(str(events.topic))))
    if events.where is not None:
        parts.append(holds(events.where))
    if (since := window_start(events)) is not None:
        parts.append(
            cases(
                (binary("Before", field(OCCASION, "happened_to"), since, precision="Day"), literal(False)),
                (on_or_after(field(OCCASION, "ends_from"), since), literal(True)),
                otherwise=NULL,
            )
        )
    return every(parts)


def _judged(statements: Statements, events: Events, scope: Scope) -> Node:
    """Every occasion of the kind at the joint, beside whether it counts."""
    source = of_joint(statements, events.kind, scope)
    return statements.once(
        ("judged", events, scope),
        f"{events.kind} judged",
        lambda: query(source, OCCASION, result=tuple_(occasion=alias(OCCASION), counts=counts(events))),
    )


def sure(statements: Statements, events: Events, scope: Scope) -> Node:
    """The occasions that surely count."""
    judged = _judged(statements, events, scope)
    return statements.once(
        ("sure", events, scope),
        f"{events.kind} that counts",
        lambda: query(judged, "J", where=field("J", "counts"), result=field("J", "occasion")),
    )


def open_(statements: Statements, events: Events, scope: Scope, *, unknown_side: bool) -> Node:
    """The occasions that may count; with ``unknown_side`` those too that may be of the other joint."""
    judged = _judged(statements, events, scope)
    where = is_null(field("J", "counts"))
    if not unknown_side:
        where = every([where, element(field("J", "occasion"), "side_known")])
    return statements.once(
        ("open", events, scope, unknown_side),
        f"{events.kind} that may count",
        lambda: query(judged, "J", where=where, result=field("J", "occasion")),
    )


def complete(statements: Statements, events: Events, scope: Scope) -> Node:
    """Whether somebody states that every occasion which the selection could hold is recorded: true or false."""
    source = of_joint(statements, "completeness", scope)
    told_topic = [] if events.topic is None else [binary("Equal", field(OCCASION, "topic"), literal(str(events.topic)))]
    covers = either([every([is_null(field(OCCASION, "topic")), not_(disagree(OCCASION, "topic"))]), *told_topic])
    relied_on = binary("Add", field(OCCASION, "up_to"), days(math.floor(cast("float", events.absence_days))))
    last_day = coalesce(field(OCCASION, "expires_on"), relied_on)
    where = every(
        [
            binary("Equal", field(OCCASION, "of"), literal(events.kind)),
            covers,
            binary("Equal", field(OCCASION, "modality"), literal("actual")),
            binary("Equal", field(OCCASION, "certainty"), literal("stated")),
            field(OCCASION, "side_known"),
            not_(field(OCCASION, "doubtful")),
            begun(),
            not_(is_null(field(OCCASION, "up_to"))),
            not_(disagree(OCCASION, "expires_on")),
            on_or_after(last_day, parameter(AS_OF)),
        ]
    )
    return statements.once(
        ("complete", events.kind, events.topic, events.absence_days, scope),
        f"{events.kind} stated complete",
        lambda: exists(those(source, OCCASION, where)),
    )


def other_joint() -> Node:
    """The side that is not asked about."""
    left, right = literal("left"), literal("right")
    return if_(binary("Equal", parameter(JOINT), left), right, left)
