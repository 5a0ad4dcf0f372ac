"""Kleene's logic, ranges against bounds, and time in calendar months."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nutation.criteria.logic import Range, all3, any3, at_least3, elapsed, not3, state, steps, within

INF = float("inf")
THREE = (True, False, None)


@pytest.mark.parametrize("truths", list(product(THREE, repeat=3)))
def test_all_any_and_at_least_agree_with_every_completion(truths: tuple[bool | None, ...]) -> None:
    """Three-valued answers are what all two-valued completions have in common."""
    worlds = list(product(*[(True, False) if t is None else (t,) for t in truths]))

    def common(answers: list[bool]) -> bool | None:
        return answers[0] if len(set(answers)) == 1 else None

    assert all3(truths) is common([all(w) for w in worlds])
    assert any3(truths) is common([any(w) for w in worlds])
    for n in range(5):
        assert at_least3(n, truths) is common([sum(w) >= n for w in worlds])


def test_of_nothing() -> None:
    assert all3([]) is True
    assert any3([]) is False
    assert at_least3(0, []) is True
    assert at_least3(1, []) is False


def test_the_opposite_and_the_word() -> None:
    assert [not3(t) for t in THREE] == [False, True, None]
    assert [state(t) for t in THREE] == ["true", "false", "unknown"]


@pytest.mark.parametrize(
    ("value", "bound", "expected"),
    [
        (Range(2, INF), {"minimum": 2}, True),
        (Range(0, INF), {"minimum": 2}, None),
        (Range(0, 1), {"minimum": 2}, False),
        (Range(2, 2), {"above": 2}, False),
        (Range(2, 3), {"above": 2}, None),
        (Range(3, 3), {"above": 2}, True),
        (Range(2, 2), {"maximum": 2}, True),
        (Range(2, 3), {"maximum": 2}, None),
        (Range(3, INF), {"maximum": 2}, False),
        (Range(2, 2), {"below": 2}, False),
        (Range(1, 2), {"below": 2}, None),
        (Range(1, 1), {"below": 2}, True),
        (Range(2, 2), {"minimum": 2, "maximum": 2}, True),
        (Range(2, INF), {"minimum": 2, "maximum": 2}, None),
        (Range(0, 1), {"minimum": 2, "maximum": 2}, False),
        (Range(-INF, INF), {"minimum": 0}, None),
        (Range(-INF, -INF), {"minimum": 0}, False),
    ],
)
def test_a_range_against_bounds(value: Range, bound: dict[str, float], expected: bool | None) -> None:
    assert within(value, **bound) is expected


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2026-01-15", "2026-07-15", 6.0),  # the 15th to the 15th
        ("2026-01-01", "2026-07-01", 6.0),  # a course of 1 January to 30 June, to the day after its last
        ("2026-02-28", "2026-03-28", 1.0),
        ("2024-02-29", "2024-03-29", 1.0),
        ("2026-07-15", "2026-07-15", 0.0),
    ],
)
def test_months_are_the_calendars(first: str, last: str, months: float) -> None:
    assert elapsed(date.fromisoformat(first), date.fromisoformat(last), "months") == months


def test_a_day_short_of_six_months_is_less_and_a_day_more_is_more() -> None:
    assert elapsed(date(2026, 1, 15), date(2026, 7, 14), "months") < 6
    assert elapsed(date(2026, 1, 15), date(2026, 7, 16), "months") > 6


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("1956-09-02", "2026-09-01", 69),  # the day before the birthday
        ("1956-09-01", "2026-09-01", 70),  # the birthday
        ("1955-10-01", "2026-09-01", 70),  # 70 years and 11 months are 70
        ("2004-02-29", "2026-02-28", 21),  # born on 29 February: not yet 22
        ("2004-02-29", "2026-03-01", 22),
    ],
)
def test_age_is_completed_years(born: str, on: str, age: int) -> None:
    assert elapsed(date.fromisoformat(born), date.fromisoformat(on), "years") == age


def test_days_and_weeks() -> None:
    assert elapsed(date(2026, 2, 25), date(2026, 3, 4), "days") == 7
    assert elapsed(date(2026, 2, 25), date(2026, 3, 4), "weeks") == 1


DAYS = st.dates(date(1950, 1, 1), date(2060, 1, 1))


@given(DAYS, DAYS, DAYS, st.sampled_from(["days", "months"]))
def test_time_adds_up_exactly_and_never_runs_backwards(a: date, b: date, c: date, unit: str) -> None:
    """Covered days are summed over parts of a course; the sum must not depend on where it was cut."""
    a, b, c = sorted((a, b, c))
    assert steps(a, b, unit) + steps(b, c, unit) == steps(a, c, unit)
    assert steps(a, b, unit) >= 0
    assert elapsed(a, c, unit) >= elapsed(a, b, unit)
