"""What the relational evaluator asks of one row: conditions, membership and time, as Ibis columns.

Within a row SQL's AND, OR and NOT over NULL are Kleene's, so a condition is one nullable boolean. Imported by
``population`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import Any, cast

import ibis as _ibis

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
    When,
)
from nutation.criteria.logic import STEPS
from nutation.criteria.membership import window_start
from nutation.record.kinds import KINDS

ibis: Any = _ibis
Table = Any
"""An Ibis table. Ibis declares its columns without their operators, so here it is read as having no types."""


def _and(one: Any, other: Any) -> Any:
    return one & other


def _or(one: Any, other: Any) -> Any:
    return one | other


def total(parts: Sequence[Any]) -> Any:
    """Sum of columns within a row."""
    return reduce(lambda one, other: one + other, parts)


def count_true(parts: Sequence[Any], *, unknown: bool = False) -> Any:
    """How many columns are true within a row, those not known counting as ``unknown``."""
    return total([part.fill_null(unknown).cast("int64") for part in parts])


def every(parts: Sequence[Any]) -> Any:
    """All of nullable columns and plain truths."""
    told = [part for part in parts if part is not True]
    return False if any(part is False for part in told) else reduce(_and, told) if told else True


def either(parts: Sequence[Any]) -> Any:
    """Any of nullable columns and plain truths."""
    told = [part for part in parts if part is not False]
    return True if any(part is True for part in told) else reduce(_or, told) if told else False


def cases(*branches: tuple[Any, bool | None], otherwise: bool | None) -> Any:
    """The truth of the first branch whose column is true."""
    told = [(when, ibis.null("boolean") if then is None else ibis.literal(then)) for when, then in branches]
    return ibis.cases(*told, else_=ibis.null("boolean") if otherwise is None else ibis.literal(otherwise))


def holds(condition: Condition, t: Table) -> Any:
    """The condition on every row: a nullable boolean, or a plain one where no row matters."""
    match condition:
        case Is(field, value):
            return t[str(field)] == value
        case OneOf(field, values):
            return True if values is None else t[str(field)].isin(list(cast("tuple[Any, ...]", values)))
        case AtLeast(field, number):
            return True if number is None else t[str(field)] >= number
        case AtMost(field, number):
            return True if number is None else t[str(field)] <= number
        case Known(field):
            disagree = t.contradicted.contains(str(field))
            return cases((t[str(field)].notnull(), True), (disagree, None), otherwise=False)
        case IfAsked(asked, part):
            return True if asked is False else holds(part, t)
        case When(asked, part):
            return holds(part, t) if asked is True else False
        case AllOf(parts):
            return every([holds(part, t) for part in parts])
        case AnyOf(parts):
            return either([holds(part, t) for part in parts])
        case Not(part):
            told = holds(part, t)
            return not told if isinstance(told, bool) else ~told


def counts(events: Events, t: Table, as_of: date, *, unknown_side: bool) -> Any:
    """Whether every row counts for its joint, by the rules of ``membership.member``.

    With ``unknown_side`` a row of unknown side may count; without, it does not.
    """
    day = ibis.literal(as_of)
    certainty, modality = (list(cast("tuple[str, ...]", told)) for told in (events.certainty, events.modality))
    asserted = t.modality.isin(modality)
    suspected = t.modality == "provisional" if "actual" in modality else ibis.literal(False)
    doubt = suspected & ~asserted | ~t.certainty.isin(certainty) | t.doubtful
    of_joint = t.side_known if not unknown_side else cases((t.side_known, True), otherwise=None)
    parts: list[Any] = [
        cases((~asserted & ~suspected, False), (doubt, None), otherwise=True),
        cases((t.happened_from > day, False), (t.begins_by <= day, True), otherwise=None),
        of_joint if KINDS[events.kind].SIDED else True,
    ]
    topic_field = KINDS[events.kind].TOPIC
    if events.topic is not None and topic_field is not None:
        parts.append(t[topic_field] == events.topic)
    if events.where is not None:
        parts.append(holds(events.where, t))
    if (since := window_start(events, as_of)) is not None:
        first = ibis.literal(since)
        parts.append(cases((t.happened_to < first, False), (t.ends_from >= first, True), otherwise=None))
    return every(parts)


def steps(first: Any, last: Any, unit: str) -> Any:
    """As ``logic.steps``, of columns."""
    if unit in ("days", "weeks"):
        return last.delta(first, unit="day")
    return ((last.year() - first.year()) * 12 + last.month() - first.month()) * 31 + last.day() - first.day()


def in_unit(counted: Any, unit: str) -> Any:
    """As ``logic.in_unit``, of columns."""
    told = counted / ibis.literal(float(STEPS[unit]))
    return told.floor() if unit == "years" else told


def elapsed(first: Any, last: Any, unit: str) -> Any:
    """As ``logic.elapsed``, of columns."""
    return in_unit(steps(first, last, unit), unit)
