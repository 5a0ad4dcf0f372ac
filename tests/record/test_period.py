"""Periods: as exact as their source was and no more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nutation.record.period import Period, parse_partial_date


def day(text: str) -> date:
    return date.fromisoformat(text)


def period(told: Any) -> Period:
    return Period.model_validate(told)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-03-14", "2026-03-14", "2026-03-14"),
        ("2026-03-14T09:30:00+02:00", "2026-03-14", "2026-03-14"),  # the day where it happened, not in UTC
        (" 2026-03-14 ", "2026-03-14", "2026-03-14"),
    ],
)
def test_what_a_partial_date_can_mean(text: str, first: str, last: str) -> None:
    assert parse_partial_date(text) == (day(first), day(last))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("14.03.2026", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("March", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2026-3-1", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2026-02-30", "is not a day of the calendar"),
        ("2026-13", "is not a day of the calendar"),
        ("1826-01-01", "lies before 1880; check the year"),
        ("", "write YYYY"),
    ],
)
def test_what_is_no_date_is_told_with_its_mend(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_partial_date(text)


@pytest.mark.parametrize(
    ("told", "widest", "sure"),
    [
        ("2026-03-14", ("2026-03-14", "2026-03-14"), (None, None)),
        ("2026-03", ("2026-03-01", "2026-03-31"), (None, None)),
        (2026, ("2026-01-01", "2026-12-31"), (None, None)),  # YAML reads a bare year as a number
        (date(2026, 3, 14), ("2026-03-14", "2026-03-14"), (None, None)),  # and a date as a date
        ("2026-01/2026-06", ("2026-01-01", "2026-06-30"), ("2026-01-31", "2026-06-01")),
        ("2026-01-10/2026-02-20", ("2026-01-10", "2026-02-20"), ("2026-01-10", "2026-02-20")),
        ("2026-01-10/", ("2026-01-10", None), ("2026-01-10", "2026-01-10")),  # one sure day: it had begun
        ("2026-01/", ("2026-01-01", None), ("2026-01-31", "2026-01-31")),
        ("/2025", (None, "2025-12-31"), ("2025-01-01", "2025-01-01")),
        ({"from": "2026-01-10"}, ("2026-01-10", None), (None, None)),
        ({"to": "2026-01-10"}, (None, "2026-01-10"), (None, None)),
        ({}, (None, None), (None, None)),
    ],
)
def test_the_widest_span_and_the_sure_part(told: Any, widest: tuple[Any, Any], sure: tuple[Any, Any]) -> None:
    found = period(told)
    assert (found.from_, found.to) == tuple(None if text is None else day(text) for text in widest)
    assert (found.sure_from, found.sure_to) == tuple(None if text is None else day(text) for text in sure)


def test_within_one_vague_month_nothing_is_sure() -> None:
    """Begun by 31 and ended from 1 January on: the sure part is empty, not the whole month."""
    found = period("2026-01/2026-01")
    assert (found.sure_from, found.sure_to) == (day("2026-01-31"), day("2026-01-01"))


@pytest.mark.parametrize("told", ["2026-06-01/2026-01-01", {"from": "2026-06-01", "to": "2026-01-01"}])
def test_an_end_before_the_beginning_is_refused(told: Any) -> None:
    with pytest.raises(ValidationError, match="ends on 2026-01-01 before it begins on 2026-06-01"):
        period(told)


def test_a_field_that_a_period_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="until"):
        period({"from": "2026-01-01", "until": "2026-02-01"})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2026-03-14", "2026-03", True),
        ("2026-03-14", "2026-03-15", False),
        ("2026-01/2026-03", "2026-03-31/2026-04", True),  # they share one day
        ("2026-01-01/", "2030-01-01", True),  # no end
        ("2026-01-01/", "2025-12-31", False),
        ("/2025-12-31", "2025-12-31", True),
        ({}, "1999", True),
    ],
)
def test_overlap_is_mutual(one: Any, other: Any, expected: bool) -> None:
    assert period(one).overlaps(period(other)) is expected
    assert period(other).overlaps(period(one)) is expected


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("2026-03-14", "2026-03-14"),
        ("2026-03", "2026-03"),
        ("2026", "2026"),
        ("2026-01-10/2026-02-20", "2026-01-10 to 2026-02-20"),
        ({"from": "2026-01-10", "to": "2026-02-20"}, "2026-01-10 to 2026-02-20"),
        ("2026-01-10/", "from 2026-01-10"),
        ("/2025-12-31", "by 2025-12-31"),
        ({}, "date not known"),
    ],
)
def test_what_a_reader_sees(told: Any, text: str) -> None:
    assert period(told).text() == text


DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))
SHORT = st.tuples(
    DAYS, DAYS, st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d"]), st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d"])
)


@given(SHORT)
def test_a_period_written_and_read_again_is_the_same(told: tuple[date, date, str, str]) -> None:
    first, last = sorted(told[:2])
    found = period(f"{first:{told[2]}}/{last:{told[3]}}")
    assert period(found.model_dump()) == found
    assert found.from_ is not None
    assert found.to is not None
    assert found.from_ <= first
    assert last <= found.to  # the days that were meant lie within


def test_one_known_day() -> None:
    assert Period.on(day("2026-03-14")) == period("2026-03-14")
