"""Criteria evaluated for one joint: a state, the witnesses that decided it, and why it is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from nutation.criteria.joint import JointView, Value
from nutation.criteria.language import (
    All,
    AtLeastOf,
    Best,
    Count,
    Criterion,
    Duration,
    Either,
    Exists,
    Expression,
    Latest,
    LatestIs,
    Opposite,
    SinceDate,
    Sum,
    Tally,
    Test,
)
from nutation.criteria.logic import Range, Truth, all3, any3, at_least3, not3, state, within
from nutation.criteria.membership import fields_of
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion

UnknownKind = Literal["never_asked", "asked_not_known", "stale", "contradicted"]


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Ids of events that speak for, against, or would decide if more were known of them."""

    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        """Every witness once."""
        return tuple(dict.fromkeys((*self.for_, *self.against, *self.undecided)))

    def swapped(self) -> Witnesses:
        """As witnesses of the opposite criterion."""
        return Witnesses(self.against, self.for_, self.undecided)


@dataclass(frozen=True, slots=True)
class LeafAnswer:
    """One test of a criterion with what its fact is known to be."""

    test: Test
    truth: Truth
    range: Range
    witnesses: Witnesses
    unknown_kind: UnknownKind | None
    stale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A criterion's state with its witnesses and the tests that made it."""

    truth: Truth
    witnesses: Witnesses
    leaves: tuple[LeafAnswer, ...]

    @property
    def state(self) -> str:
        """``true``, ``false`` or ``unknown`` (open world)."""
        return state(self.truth)

    @property
    def as_documented(self) -> str:
        """``true`` or ``false``: what is not known counts as not shown (how a payer reads)."""
        return "true" if self.truth is True else "false"


def evaluate(criterion: Criterion, view: JointView) -> Answer:
    """The criterion at the view's joint and day."""
    match criterion:
        case Test():
            leaf = _leaf(criterion, view)
            return Answer(leaf.truth, leaf.witnesses, (leaf,))
        case Opposite(part):
            answer = evaluate(part, view)
            return Answer(not3(answer.truth), answer.witnesses.swapped(), answer.leaves)
        case All(parts):
            return _joined([evaluate(part, view) for part in parts], all3)
        case Either(parts):
            return _joined([evaluate(part, view) for part in parts], any3)
        case AtLeastOf(n, parts):
            return _joined([evaluate(part, view) for part in parts], lambda truths: at_least3(n, truths))


def _joined(answers: list[Answer], decide: Callable[[Iterable[Truth]], Truth]) -> Answer:
    truth = decide([answer.truth for answer in answers])
    deciding = answers if truth is None else [answer for answer in answers if answer.truth is truth]
    if truth is True and all(answer.truth is True for answer in answers):
        deciding = answers
    return Answer(truth, _union(a.witnesses for a in deciding), tuple(leaf for a in answers for leaf in a.leaves))


def _union(witnesses: Iterable[Witnesses]) -> Witnesses:
    told = list(witnesses)
    return Witnesses(
        for_=tuple(dict.fromkeys(e for w in told for e in w.for_)),
        against=tuple(dict.fromkeys(e for w in told for e in w.against)),
        undecided=tuple(dict.fromkeys(e for w in told for e in w.undecided)),
    )


def _ids(occasions: Iterable[Occasion]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(event for o in occasions for event in o.events))


def _doubts(occasions: Iterable[Occasion]) -> tuple[str, ...]:
    """Events for which it is not known whether these happened, or are happenings of their own."""
    return tuple(dict.fromkeys(event for o in occasions for event in (*o.disputed_by, *o.may_be_of)))


def keeps(test: Test, value: Range) -> Truth:
    """Whether every value of the range keeps the test's bounds, or none, or some."""
    return within(value, minimum=test.minimum, maximum=test.maximum, above=test.above, below=test.below)


def _leaf(test: Test, view: JointView) -> LeafAnswer:
    value = view.value(test.fact)
    if test.expected is not None:
        truth = value.truth if test.expected else not3(value.truth)
    else:
        truth = keeps(test, value.range)
    kind = _unknown_kind(test.fact.expression, value) if truth is None else None
    witnesses = _witnesses(test, value, truth)
    if truth is False and isinstance(test.fact.expression, Count):
        against = dict.fromkeys((*witnesses.against, *_ids(_passed_over(test.fact.expression, value, view))))
        witnesses = Witnesses(witnesses.for_, tuple(against), witnesses.undecided)
    return LeafAnswer(test, truth, value.range, witnesses, kind, _ids(value.stale))


def _passed_over(count: Count, value: Value, view: JointView) -> list[Occasion]:
    """Occasions that were looked at and do not count: a reader wants to see the block that relieved too little."""
    counted = {o.id for o in (*value.sure, *value.open)}
    of_any_content = view.members(replace(count.events, where=None))
    return [m.occasion for m in of_any_content if m.sure is True and m.occasion.id not in counted]


def _witnesses(test: Test, value: Value, truth: Truth) -> Witnesses:
    sure, open_ = _ids(value.sure), _ids(value.open)
    if truth is None:
        # A sure finding speaks for whatever more of it would show: more blocks for "at least two", against "none".
        against = test.expected is False or (test.expected is None and test.minimum is None and test.above is None)
        undecided = tuple(dict.fromkeys((*open_, *_doubts(value.open))))
        return Witnesses((), sure, undecided) if against else Witnesses(sure, (), undecided)
    if not isinstance(test.fact.expression, Count | Exists | Sum | Best | Duration):
        deciding = (*value.sure, *value.open)
    elif _decided_by_lower_bound(test, value):
        deciding = value.sure
    else:
        deciding = (*value.closing, *value.sure, *value.open)
    named, doubts = _ids(deciding), _doubts(deciding)
    return Witnesses(named, (), doubts) if truth else Witnesses((), named, doubts)


def _decided_by_lower_bound(test: Test, value: Value) -> bool:
    """Whether the sure occasions alone decide, whatever else there may be."""
    if test.expected is not None:
        return value.truth is True
    return keeps(test, Range(value.range.lo, float("inf"))) is not None


def _fields_read(expression: Expression) -> frozenset[str]:
    events = expression.events
    names = fields_of(events.where)
    if events.topic is not None and (topic := KINDS[events.kind].TOPIC) is not None:
        names |= {topic}
    match expression:
        case Sum(_, field) | Best(_, field) | Latest(_, field) | SinceDate(_, field, _):
            names |= {field}
        case LatestIs(_, condition):
            names |= fields_of(condition)
        case Tally(_, battery) if isinstance(battery, tuple):
            names |= frozenset(battery)
        case _:
            pass
    if "relief_pct" in names or "relief_any_pct" in names:
        names |= {"score_before", "score_after", "relief_stated_pct"}
    return names


def _unknown_kind(expression: Expression, value: Value) -> UnknownKind:
    names = _fields_read(expression)
    spoken = (*value.open, *value.sure)
    if any(o.contradicted & names or o.disputed_by for o in spoken):
        return "contradicted"
    if any(o.asked_not_known & names for o in spoken):
        return "asked_not_known"
    return "stale" if value.stale else "never_asked"
