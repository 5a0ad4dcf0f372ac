"""Rules that nobody could fulfil, and figures that look as if they were meant in another unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf, isclose
from typing import Any, Literal

from pydantic import ValidationError

from nutation.criteria import BoundFact, Criterion, Test
from nutation.criteria.language import (
    All,
    AtLeastOf,
    Best,
    Count,
    Duration,
    Either,
    Latest,
    Opposite,
    SinceDate,
    SinceEarliest,
    SinceLatest,
    Sum,
    Tally,
)
from nutation.record.kinds import KINDS

_HEAD: dict[str, Any] = {
    "patient": "p", "happened": "2000", "recorded_at": "2000-01-01", "source": {"system": "policy check"},
}  # fmt: skip
# Spans in which a figure is more likely meant in another unit. They only word a warning; no patient's answer
# depends on them.
_MONTHS_AS_DAYS = 60
_WEEKS_AS_DAYS = 104
_DAYS_AS_MONTHS = 25


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is doubtful about a rule, and the mend."""

    problem: str
    mend: str
    severity: Literal["error", "warning"]


def doubts(rule: Criterion) -> Iterator[Doubt]:
    """Everything doubtful about one bound rule."""
    for clash in contradictions([rule]):
        yield Doubt(f"nobody can fulfil it: {clash}.", "Correct one of the two bounds.", "error")
    for test in _tests(rule):
        yield from _reach(test)
        yield from _units(test)
        yield from _shares(test)


def contradictions(rules: Iterable[Criterion]) -> tuple[str, ...]:
    """Facts on which rules that must all hold leave no value, in words."""
    bounds: dict[BoundFact, list[Test]] = {}
    for rule in rules:
        for test in _conjuncts(rule, wanted=True):
            bounds.setdefault(test.fact, []).append(test)
    found: list[str] = []
    for fact, tests in bounds.items():
        expected = {test.expected for test in tests if test.expected is not None}
        if len(expected) > 1:
            found.append(f"{fact.text()} must be both true and false")
            continue
        low = max((t.minimum for t in tests if t.minimum is not None), default=-inf)
        high = min((t.maximum for t in tests if t.maximum is not None), default=inf)
        above = max((t.above for t in tests if t.above is not None), default=-inf)
        below = min((t.below for t in tests if t.below is not None), default=inf)
        if low > high or max(low, above) >= below or above >= high:
            least = f"above {above:g}" if above >= low else f"at least {low:g}"
            most = f"below {below:g}" if below <= high else f"at most {high:g}"
            found.append(f"{fact.text()} must be {least} and {most}")
    return tuple(found)


def _tests(rule: Criterion) -> Iterator[Test]:
    match rule:
        case Test():
            yield rule
        case Opposite(part):
            yield from _tests(part)
        case All(parts) | Either(parts) | AtLeastOf(_, parts):
            for part in parts:
                yield from _tests(part)


def _conjuncts(rule: Criterion, *, wanted: bool) -> Iterator[Test]:
    """Tests that must all hold if the rule is to come out as wanted."""
    match rule:
        case Test():
            if wanted:
                yield rule
            elif (turned := _turned(rule)) is not None:
                yield turned
        case Opposite(part):
            yield from _conjuncts(part, wanted=not wanted)
        case All(parts) if wanted:
            for part in parts:
                yield from _conjuncts(part, wanted=True)
        case Either(parts) if not wanted:
            for part in parts:
                yield from _conjuncts(part, wanted=False)
        case Either((part,)) | All((part,)):
            yield from _conjuncts(part, wanted=wanted)
        case AtLeastOf(n, parts) if wanted and n == len(parts):
            for part in parts:
                yield from _conjuncts(part, wanted=True)
        case _:
            return


def _turned(test: Test) -> Test | None:
    """The opposite of a test with a single bound."""
    if test.expected is not None:
        return Test(test.fact, expected=not test.expected)
    bounds = [b for b in (test.minimum, test.maximum, test.above, test.below) if b is not None]
    if len(bounds) != 1:
        return None
    return Test(test.fact, minimum=test.below, maximum=test.above, above=test.maximum, below=test.minimum)


def _reach(test: Test) -> Iterator[Doubt]:
    """Whether any value that the fact can have keeps the bounds."""
    least = test.minimum if test.minimum is not None else test.above
    most = test.maximum if test.maximum is not None else test.below
    expression = test.fact.expression
    if isinstance(expression, Tally) and isinstance(expression.battery, tuple):
        size = len(expression.battery)
        if (test.minimum or 0) > size or (test.above is not None and test.above >= size):
            yield Doubt(
                f"nobody can fulfil it: the battery has {size} tests.", f"Ask for at most {size} of them.", "error"
            )
        if len(set(expression.battery)) < size:
            yield Doubt("the battery names a test twice.", "Name each test once.", "error")
    if isinstance(expression, Latest | Best):
        for bound in (least, most):
            if bound is not None and (limit := _refused(test.fact, expression.field, bound)):
                yield Doubt(f"{bound:g} cannot occur: {limit}.", "Write the bound on the fact's own scale.", "error")
    elif most is not None and (most < 0 or (test.below is not None and test.below <= 0)):
        yield Doubt(f"nobody can fulfil it: {test.fact.name} is never below 0.", "Correct the bound.", "error")
    if isinstance(expression, Count | Tally):
        for bound in (least, most):
            if bound is not None and not isclose(bound, round(bound)):
                problem = f"{bound:g} is no whole number, and {test.fact.name} counts."
                yield Doubt(problem, "Write a whole number.", "warning")


def _refused(fact: BoundFact, field: str, value: float) -> str:
    """Why the event type refuses the value for the field, or nothing."""
    events = fact.expression.events
    model = KINDS[events.kind]
    if field not in model.model_fields:
        return ""
    told = dict(_HEAD, **{field: value})
    if events.topic is not None and model.TOPIC is not None:
        told[model.TOPIC] = events.topic
    try:
        model.model_validate(told)
    except ValidationError as error:
        message = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
        return f"{fact.name}: {message[:1].lower()}{message[1:]}"
    return ""


def _units(test: Test) -> Iterator[Doubt]:
    numbers = [b for b in (test.minimum, test.maximum, test.above, test.below) if b is not None]
    if isinstance(test.fact.expression, SinceEarliest | SinceLatest | SinceDate | Duration | Sum):
        unit = test.fact.unit
        for number in numbers:
            if unit == "months" and number > _MONTHS_AS_DAYS:
                yield _unit(f"{test.fact.name} is in months, and {number:g} looks like days", number, 365.25 / 12)
            elif unit == "weeks" and number > _WEEKS_AS_DAYS:
                yield _unit(f"{test.fact.name} is in weeks, and {number:g} looks like days", number, 7)
            elif unit == "days" and 0 < number < _DAYS_AS_MONTHS:
                yield _unit(f"{test.fact.name} is in days, and {number:g} looks like months or weeks")
    window = dict(test.fact.arguments).get("within_days")
    if isinstance(window, int | float) and 0 < window < _DAYS_AS_MONTHS:
        yield _unit(f"within_days is in days, and {window:g} looks like months or weeks")


def _unit(problem: str, number: float = 0, per: float = 1) -> Doubt:
    mend = "If months were meant, write their days."
    if number:
        mend = f"If days were meant, write about {number / per:.0f}."
    return Doubt(f"{problem}.", mend, "warning")


def _shares(test: Test) -> Iterator[Doubt]:
    """Percentages written as shares of 1, or above 100."""
    for name, value in test.fact.arguments:
        if "pct" not in name or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if 0 < value <= 1:
            yield Doubt(f"{name} is {value:g}, which looks like a share of 1.", f"Write {value * 100:g}.", "warning")
        if value > 100:
            yield Doubt(f"nobody can fulfil it: {name} is {value:g}.", "Relief is at most 100 %.", "error")
