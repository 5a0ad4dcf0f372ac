"""What a rule asks for, so that generated records often meet it: a random record hardly ever meets a random rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from nutation.criteria import Criterion, Test
from nutation.criteria import tests_of as leaves_of
from nutation.criteria.language import (
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Best,
    Condition,
    Duration,
    IfAsked,
    Is,
    Known,
    Latest,
    LatestIs,
    Not,
    OneOf,
    SinceDate,
    SinceEarliest,
    SinceLatest,
    Sum,
    Tally,
    When,
)
from nutation.criteria.tree import field_options
from nutation.record.kinds import KINDS

AS_OF = date(2026, 9, 1)
ANY = object()
"""Stands for any value: the rule asks only that the attribute be recorded."""


@dataclass(frozen=True)
class Hint:
    """What one test asks for: the kind, values by attribute, and the days on which the test turns."""

    kind: str
    values: dict[str, list[Any]]
    days: tuple[date, ...]
    topic: str | None


def hints_of(*criteria: Criterion) -> tuple[Hint, ...]:
    """What meets, or just misses, each test of the rules."""
    return tuple(_hint(test) for test in dict.fromkeys(leaf for c in criteria for leaf in leaves_of(c)))


def _hint(test: Test) -> Hint:
    kind = test.fact.expression.events.kind
    values: dict[str, list[Any]] = defaultdict(list)
    for name, value in _asked(test):
        if name in KINDS[kind].model_fields:
            values[name].append(value)
    topic = test.fact.expression.events.topic
    return Hint(kind, dict(values), tuple(_turning_days(test)), None if topic is None else str(topic))


def _asked(test: Test) -> Iterator[tuple[str, Any]]:
    expression, events = test.fact.expression, test.fact.expression.events
    topic = KINDS[events.kind].TOPIC
    if events.topic is not None and topic is not None:
        yield topic, events.topic
    if events.where is not None:
        yield from _met_by(events.kind, events.where, wanted=True)
    match expression:
        case LatestIs(_, condition):
            yield from _met_by(events.kind, condition, wanted=True)
            yield from _met_by(events.kind, condition, wanted=False)
        case Tally(_, battery) if isinstance(battery, tuple):
            yield from ((name, result) for name in battery for result in ("positive", "positive", "negative"))
        case Sum(_, name) | Best(_, name) | Latest(_, name):
            for bound in test.bounds():
                yield from ((name, bound + step) for step in (0, 0, 1, -1))
        case SinceDate(_, name, _):
            yield from ((name, day) for day in _turning_days(test))
        case _:
            pass


def _met_by(kind: str, condition: Condition, *, wanted: bool) -> Iterator[tuple[str, Any]]:
    match condition:
        case Is(name, value):
            yield from ((str(name), v) for v in _among(kind, str(name), (value,), wanted=wanted))
        case OneOf(name, tuple() as values):
            yield from ((str(name), v) for v in _among(kind, str(name), values, wanted=wanted))
        case AtLeast(name, float() | int() as number) | AtMost(name, float() | int() as number):
            away = 1 if isinstance(condition, AtLeast) is wanted else -1
            for value in (number, number + away):
                yield from _scores(value) if str(name).startswith("relief_") else ((str(name), value),)
        case Known(name) if wanted:
            yield str(name), ANY
        case IfAsked(True, part) | When(True, part):
            yield from _met_by(kind, part, wanted=wanted)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _met_by(kind, part, wanted=wanted)
        case Not(part):
            yield from _met_by(kind, part, wanted=not wanted)
        case _:
            pass


def _among(kind: str, name: str, values: tuple[Any, ...], *, wanted: bool) -> list[Any]:
    if wanted:
        return list(values)
    options = field_options(kind, name) or ({True, False} if isinstance(values[0], bool) else ())
    return sorted(set(options) - set(values))


def _scores(relief_pct: float) -> Iterator[tuple[str, Any]]:
    yield from (("score_before", 8.0), ("score_after", 8.0 * (1 - relief_pct / 100)), ("relief_stated_pct", relief_pct))


def _turning_days(test: Test) -> Iterator[date]:
    """The days about a window's first, and about as long ago as a bound asks."""
    expression, events = test.fact.expression, test.fact.expression.events
    turns: list[date] = []
    if isinstance(events.within_days, int | float):
        turns.append(AS_OF - timedelta(days=events.within_days))
    if isinstance(expression, SinceEarliest | SinceLatest | SinceDate | Duration):
        for bound in test.bounds():
            match expression.unit:
                case "days" | "weeks" as unit:
                    turns.append(AS_OF - timedelta(days=bound * (7 if unit == "weeks" else 1)))
                case unit:
                    months = AS_OF.year * 12 + AS_OF.month - 1 - int(bound) * (12 if unit == "years" else 1)
                    turns.append(date(months // 12, months % 12 + 1, AS_OF.day))
    for turn in turns:
        yield from (turn, turn - timedelta(days=1), turn + timedelta(days=1))
