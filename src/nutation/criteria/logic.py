"""Kleene's three-valued logic and ranges: the arithmetic of what is not known yet.

A truth value is ``True``, ``False`` or ``None`` (not known). A range ``(lo, hi)`` says that the quantity lies
between the two, ends included; ``inf`` where nothing bounds it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

Truth = bool | None


class Range(NamedTuple):
    """Bounds of a quantity, ends included."""

    lo: float
    hi: float


ANYTHING = Range(float("-inf"), float("inf"))


def all3(values: Iterable[Truth]) -> Truth:
    """True if all are, False if one is not, else not known. Of none: True."""
    answer: Truth = True
    for value in values:
        if value is False:
            return False
        if value is None:
            answer = None
    return answer


def any3(values: Iterable[Truth]) -> Truth:
    """True if one is, False if none is, else not known. Of none: False."""
    return not3(all3(not3(value) for value in values))


def not3(value: Truth) -> Truth:
    """The opposite; of the unknown, unknown."""
    return None if value is None else not value


def at_least3(n: int, values: Iterable[Truth]) -> Truth:
    """Whether at least ``n`` hold: true if so many do, false if so many cannot, else not known."""
    told = list(values)
    if sum(value is True for value in told) >= n:
        return True
    return False if sum(value is not False for value in told) < n else None


def within(
    value: Range,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Truth:
    """Whether every (True), no (False) or some (None) value of the range keeps the bounds."""
    answers: list[Truth] = []
    if minimum is not None:
        answers.append(True if value.lo >= minimum else False if value.hi < minimum else None)
    if above is not None:
        answers.append(True if value.lo > above else False if value.hi <= above else None)
    if maximum is not None:
        answers.append(True if value.hi <= maximum else False if value.lo > maximum else None)
    if below is not None:
        answers.append(True if value.hi < below else False if value.lo >= below else None)
    return all3(answers)


def state(value: Truth) -> str:
    """The word for a truth value: ``true``, ``false`` or ``unknown``."""
    return "unknown" if value is None else "true" if value else "false"


STEPS = {"days": 1, "weeks": 7, "months": 31, "years": 12 * 31}
"""Steps that make one of the unit: days, or days of a calendar in which every month has 31."""


def steps(first: date, last: date, unit: str) -> int:
    """Whole steps from ``first`` to ``last``: they add up exactly, whatever the order in which they are added."""
    if unit in ("days", "weeks"):
        return (last - first).days
    return ((last.year - first.year) * 12 + last.month - first.month) * 31 + last.day - first.day


def in_unit(counted: int, unit: str) -> float:
    """Counted steps in their unit; years are completed ones."""
    told = counted / STEPS[unit]
    return float(math.floor(told)) if unit == "years" else told


def elapsed(first: date, last: date, unit: str) -> float:
    """Time from ``first`` to ``last`` in days, weeks, calendar months or completed years.

    Months grow day by day and are whole on the same day of a month; covered days of a course are counted up to
    the day after its last, so that 1 January to 30 June is six.
    """
    return in_unit(steps(first, last, unit), unit)
