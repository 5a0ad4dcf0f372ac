"""The evaluator for one joint: every reducer in plain Python, with the events that bear on its value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nutation.criteria.language import (
    Best,
    BoundFact,
    Count,
    Duration,
    Events,
    Exists,
    Latest,
    LatestIs,
    Param,
    SinceDate,
    SinceEarliest,
    SinceEnd,
    SinceLatest,
    Sum,
    Tally,
)
from nutation.criteria.logic import ANYTHING, Range, Truth, elapsed, in_unit, steps, within
from nutation.criteria.membership import CLOSED, Member, begun, holds, member, window_start
from nutation.record.head import JointSide
from nutation.record.occasions import Occasion

INF = float("inf")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Value:
    """What a fact is known to be: a range, or a truth for truth facts, and the occasions behind it.

    ``sure`` occasions count, ``open`` ones may, ``stale`` ones would but are too old. ``closing`` are the
    completeness statements that bound the range above.
    """

    range: Range
    truth: Truth
    sure: tuple[Occasion, ...]
    open: tuple[Occasion, ...]
    stale: tuple[Occasion, ...]
    closing: tuple[Occasion, ...]


class JointView:
    """One joint of one patient at an as-of day: what both evaluators call a row.

    Facts are remembered: a fact asked by six policies is evaluated once.
    """

    def __init__(self, occasions: Iterable[Occasion], side: JointSide, as_of: date) -> None:
        self.occasions = tuple(occasions)
        self.side: JointSide = side
        self.as_of = as_of
        self._by_kind: dict[str, list[Occasion]] = defaultdict(list)
        for occasion in self.occasions:
            if occasion.joint in (None, side):
                self._by_kind[occasion.kind].append(occasion)
        self._values: dict[BoundFact, Value] = {}
        self._members: dict[Events, tuple[Member, ...]] = {}
        self._other: JointView | None = None

    @property
    def other(self) -> JointView:
        """The same patient's other joint."""
        if self._other is None:
            self._other = JointView(self.occasions, "right" if self.side == "left" else "left", self.as_of)
            self._other._other = self
        return self._other

    def of_kind(self, kind: str) -> Sequence[Occasion]:
        """Occasions of the kind that belong, or may belong, to this joint or to the person."""
        return self._by_kind.get(kind, ())

    def members(self, events: Events) -> tuple[Member, ...]:
        """Every occasion of the selection's kind with its standing towards it."""
        found = self._members.get(events)
        if found is None:
            found = tuple(member(events, occasion, self.as_of) for occasion in self.of_kind(events.kind))
            self._members[events] = found
        return found

    def value(self, fact: BoundFact) -> Value:
        """The fact's value at this joint."""
        view = self.other if fact.scope == "other_joint" else self
        found = view._values.get(fact)
        if found is None:
            found = _evaluate(fact, view)
            view._values[fact] = found
        return found


def completeness_of(events: Events, view: JointView) -> tuple[Occasion, ...]:
    """Standing statements that every occasion the selection could hold is recorded."""
    assert not isinstance(events.absence_days, Param), CLOSED
    grace = timedelta(days=events.absence_days)
    found: list[Occasion] = []
    for occasion in view.of_kind("completeness"):
        told = occasion.values
        covers = told["topic"] is None and "topic" not in occasion.contradicted
        covers = covers or (events.topic is not None and told["topic"] == events.topic)
        stands = (
            occasion.modality == "actual"
            and occasion.certainty == "stated"
            and occasion.side_known
            and not occasion.doubtful
            and begun(occasion, view.as_of) is True
        )
        up_to, expires = told["up_to"], told["expires_on"]
        lasts = expires >= view.as_of if expires is not None else up_to is not None and up_to + grace >= view.as_of
        lasts = lasts and "expires_on" not in occasion.contradicted
        if told["of"] == events.kind and covers and stands and lasts and up_to is not None:
            found.append(occasion)
    return tuple(found)


def _evaluate(fact: BoundFact, view: JointView) -> Value:
    expression = fact.expression
    members = view.members(expression.events)
    closing = completeness_of(expression.events, view)
    sided = not isinstance(expression, Count | Exists | Sum | Best | Duration)
    # The latest and the earliest speak of this joint: an event of unknown side cannot say that it is later.
    counted = [m for m in members if m.occasion.side_known] if sided else list(members)
    sure = [m.occasion for m in counted if m.sure is True]
    open_ = [m.occasion for m in counted if m.sure is None]
    used: tuple[list[Occasion], list[Occasion]] = (sure, open_)
    truth: Truth = None
    match expression:
        case Count():
            found = Range(len(sure), len(sure) + len(open_) if closing else INF)
        case Exists():
            found = Range(len(sure), len(sure) + len(open_) if closing else INF)
            truth = within(found, minimum=1)
        case Sum(_, field):
            found = _sum(sure, open_, field, bool(closing))
        case Best(_, field):
            found = _best(sure, open_, field, bool(closing))
        case Duration():
            found = _duration(sure, open_, expression, view.as_of, bool(closing))
        case SinceEarliest(_, unit):
            found = _since_earliest(sure, open_, view.as_of, unit)
        case SinceLatest(_, unit):
            found = _since_latest(sure, open_, view.as_of, unit)
        case SinceEnd(_, unit):
            used = _candidates(sure, open_)
            found = _since_end((*used[0], *used[1]) if used[0] else (), view.as_of, unit)
        case SinceDate(_, field, unit):
            used = _candidates(sure, open_)
            told = [o.values.get(field) for o in (*used[0], *used[1])] if used[0] else []
            found = _since_date(told, view.as_of, unit)
        case Latest(_, field):
            used = _candidates(sure, open_)
            found = _hull([o.values.get(field) for o in (*used[0], *used[1])]) if used[0] else ANYTHING
        case LatestIs(_, condition):
            used = _candidates(sure, open_)
            answers = [holds(condition, o) for o in (*used[0], *used[1])] if used[0] else [None]
            truth = True if all(a is True for a in answers) else False if all(a is False for a in answers) else None
            found = ANYTHING
        case Tally():
            found, used = _tally(expression, sure, open_)
    stale = tuple(m.occasion for m in members if m.stale)
    return Value(found, truth, tuple(used[0]), tuple(used[1]), stale, closing)


def _sum(sure: list[Occasion], open_: list[Occasion], field: str, complete: bool) -> Range:
    lo = sum(o.values[field] for o in sure if o.values.get(field) is not None)
    told = [o.values.get(field) for o in (*sure, *open_)]
    if not complete or any(value is None for value in told):
        return Range(lo, INF)
    return Range(lo, sum(value for value in told if value is not None))


def _best(sure: list[Occasion], open_: list[Occasion], field: str, complete: bool) -> Range:
    lo = max((o.values[field] for o in sure if o.values.get(field) is not None), default=-INF)
    told = [o.values.get(field) for o in (*sure, *open_)]
    if not complete or any(value is None for value in told):
        return Range(lo, INF)
    return Range(lo, max((value for value in told if value is not None), default=-INF))


def _covered(spans: Iterable[tuple[date, date]], since: date | None, until: date, unit: str) -> float:
    """Time that spans of days cover together within a window, each day once."""
    clipped = sorted((max(first, since) if since else first, min(last, until)) for first, last in spans)
    total, start, end = 0, None, None
    for first, last in clipped:
        if last < first:
            continue
        if end is None or first > end + ONE_DAY:
            if start is not None and end is not None:
                total += steps(start, end + ONE_DAY, unit)
            start, end = first, last
        else:
            end = max(end, last)
    if start is not None and end is not None:
        total += steps(start, end + ONE_DAY, unit)
    return in_unit(total, unit)


def _duration(sure: list[Occasion], open_: list[Occasion], duration: Duration, as_of: date, complete: bool) -> Range:
    since = window_start(duration.events, as_of)
    certain = [(o.begins_by, o.ends_from) for o in sure if o.begins_by is not None and o.ends_from is not None]
    lo = _covered(certain, since, as_of, duration.unit)
    possible = [(o.happened_from or since, o.happened_to or as_of) for o in (*sure, *open_)]
    if not complete or any(first is None for first, _ in possible):
        return Range(lo, INF)
    bounded = [(first, last) for first, last in possible if first is not None]
    return Range(lo, _covered(bounded, since, as_of, duration.unit))


def _since_earliest(sure: list[Occasion], open_: list[Occasion], as_of: date, unit: str) -> Range:
    if not sure:
        return Range(0, INF)
    begins_by = min(o.begins_by for o in sure if o.begins_by is not None)
    froms = [o.happened_from for o in (*sure, *open_)]
    known = [f for f in froms if f is not None]
    return Range(elapsed(begins_by, as_of, unit), elapsed(min(known), as_of, unit) if len(known) == len(froms) else INF)


def _since_latest(sure: list[Occasion], open_: list[Occasion], as_of: date, unit: str) -> Range:
    if not sure:
        return Range(0, INF)
    latest = max(min(o.begins_by or as_of, as_of) for o in (*sure, *open_))
    froms = [o.happened_from for o in sure if o.happened_from is not None]
    return Range(elapsed(latest, as_of, unit), elapsed(max(froms), as_of, unit) if froms else INF)


def _since_end(told: Sequence[Occasion], as_of: date, unit: str) -> Range:
    """From the last day on which one of them may have ended to the first."""
    last = [o.happened_to for o in told if o.happened_to is not None]
    first = [o.ends_from for o in told if o.ends_from is not None]
    lo = elapsed(max(last), as_of, unit) if last and len(last) == len(told) else -INF
    return Range(lo, elapsed(min(first), as_of, unit) if first and len(first) == len(told) else INF)


def _since_date(told: Sequence[date | None], as_of: date, unit: str) -> Range:
    days = [day for day in told if day is not None]
    if not days or len(days) < len(told):
        return Range(0, INF)
    return Range(elapsed(max(days), as_of, unit), elapsed(min(days), as_of, unit))


def _candidates(sure: list[Occasion], open_: list[Occasion]) -> tuple[list[Occasion], list[Occasion]]:
    """The occasions that may be the latest: none surely began after them."""
    cutoff = max((o.happened_from for o in sure if o.happened_from is not None), default=None)

    def late(o: Occasion) -> bool:
        return cutoff is None or o.begins_by is None or o.begins_by >= cutoff

    return [o for o in sure if late(o)], [o for o in open_ if late(o)]


def _hull(values: Sequence[float | None]) -> Range:
    told = [float(value) for value in values if value is not None]
    return ANYTHING if len(told) < len(values) else Range(min(told), max(told))


def _tally(
    tally: Tally, sure: list[Occasion], open_: list[Occasion]
) -> tuple[Range, tuple[list[Occasion], list[Occasion]]]:
    battery = tally.battery
    assert isinstance(battery, tuple)
    decisive = {tally.value, *tally.negatives}

    def done(o: Occasion) -> int:  # a test of which two statements disagree was done
        return sum(o.values.get(test) in decisive or test in o.contradicted for test in battery)

    def complete(occasions: list[Occasion]) -> list[Occasion]:
        return [o for o in occasions if done(o) == len(battery)]

    if complete(sure):
        used = _candidates(complete(sure), complete(open_))
    else:  # one that may count speaks before a later one that is not complete
        sure_, late = _candidates([o for o in sure if done(o)], [o for o in open_ if done(o)])
        used = sure_, [o for o in open_ if o in complete(open_) or o in late]
    if not used[0]:
        return Range(0, len(battery)), ([], used[1])
    spoken = (*used[0], *used[1])
    positive = [sum(o.values.get(test) == tally.value for test in battery) for o in spoken]
    negative = [sum(o.values.get(test) in tally.negatives for test in battery) for o in spoken]
    return Range(min(positive), len(battery) - min(negative)), used


def evidence_of(value: Value) -> tuple[str, ...]:
    """Ids of every event that bears on the value."""
    occasions = (*value.sure, *value.open, *value.closing)
    return tuple(dict.fromkeys(event for o in occasions for event in (*o.events, *o.disputed_by, *o.may_be_of)))
