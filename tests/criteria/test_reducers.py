"""Every reducer on small records, with the answer reasoned by hand; as of 1 September 2026."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from criteria.told import complete, event, fact, seen, span, value
from nutation.criteria.language import (
    Best,
    Duration,
    Events,
    Is,
    Known,
    Latest,
    LatestIs,
    OneOf,
    SinceDate,
    SinceEarliest,
    SinceEnd,
    SinceLatest,
    Sum,
    Tally,
)
from nutation.record.head import Event

INF = float("inf")


# ── latest ───────────────────────────────────────────────────────────────────────────────────────────

PAIN = Latest(Events("pain_score", where=Known("nrs")), "nrs")


def pain(happened: str, nrs: float | None, **told: Any) -> Event:
    return event("pain_score", happened, nrs=nrs, **told)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (-INF, INF)),
        ((pain("2026-05-01", 6), pain("2026-08-01", 4)), (4, 4)),
        ((pain("2026-08-01", 4), pain("2026-05-01", 6)), (4, 4)),  # the order of telling does not matter
        ((pain("2026-05-01", 6), pain("2026-09-02", 2)), (6, 6)),  # the second lies after the as-of day
        (
            (pain("2026-08-10", 6, site="leg"), pain("2026-08", 4, site="groin")),
            (4, 6),
        ),  # some day of August: either may be later
        ((pain("2026-07-31", 6), pain("2026-08", 4)), (4, 4)),  # all of August is later
        ((pain("2026-05-01", 6), pain("2026-08-01", None)), (6, 6)),  # a day without a rating rates nothing
        ((pain("2026-05-01", 6), pain("2026-08-01", 4, certainty="coded")), (4, 6)),  # it may count
        ((pain("2026-08-01", 6), pain("2026-05-01", 4, certainty="coded")), (6, 6)),  # it may, and would be older
        ((pain("2026-05-01", 6), pain("2026-08-01", 4, side="unknown")), (6, 6)),  # it cannot say that it is later here
        ((pain("2026-08-01", 4, side="unknown"),), (-INF, INF)),
        ((pain("2026-05-01", 6), pain("2026-08-01", 4, side="right")), (6, 6)),
        ((pain("2026-05-01", 6), pain("2026-08-01", 4, side="both")), (4, 4)),
        ((pain("2026-05-01", 6), pain("2026-08-01", 4, modality="provisional")), (4, 6)),
        ((pain("2026-05-01", 6), pain("2026-08-01", 4), pain("2026-08-01", 7)), (-INF, INF)),  # contradicted
    ],
)
def test_the_latest_rating(told: Sequence[Event], expected: tuple[float, float]) -> None:
    assert span(PAIN, *told) == expected


def test_a_latest_value_that_is_not_recorded_is_not_known() -> None:
    """Without the condition that it be recorded, the latest occasion speaks, and says nothing."""
    told = pain("2026-05-01", 6), pain("2026-08-01", None)
    assert span(Latest(Events("pain_score"), "nrs"), *told) == (-INF, INF)


def test_an_older_value_than_the_window_allows_is_shown_and_not_counted() -> None:
    found = value(Latest(Events("pain_score", within_days=90), "nrs"), pain("2026-05-01", 6))
    assert found.range == (-INF, INF)
    assert [o.events for o in found.stale] == [("e1",)]


LIMITED = LatestIs(Events("function"), Is("sleep_limited", True))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), None),
        ((event("function", "2026-08-01", sleep_limited=True),), True),
        ((event("function", "2026-08-01", sleep_limited=False),), False),
        ((event("function", "2026-08-01"),), None),
        (
            (event("function", "2026-05-01", sleep_limited=True), event("function", "2026-08-01", sleep_limited=False)),
            False,
        ),
        (  # two accounts that may each be the latest, and differ
            (event("function", "2026-08-10", sleep_limited=True), event("function", "2026", sleep_limited=False)),
            None,
        ),
        ((event("function", "2026-08-01", sleep_limited=True, certainty="coded"),), None),  # nothing sure speaks
    ],
)
def test_whether_the_latest_account_says_so(told: Sequence[Event], expected: bool | None) -> None:
    assert value(LIMITED, *told).truth is expected


def test_the_latest_examination_that_speaks_of_a_sign_speaks_for_it() -> None:
    sign = LatestIs(Events("examination", where=Known("fortin_finger")), Is("fortin_finger", "positive"))
    told = (
        event("examination", "2026-05-01", fortin_finger="positive"),
        event("examination", "2026-08-01", faber="negative"),
    )
    assert value(sign, *told).truth is True


def test_a_later_examination_that_contradicts_itself_leaves_the_sign_unknown() -> None:
    """Told twice and differently in August: May's clear finding must not speak in its place."""
    sign = LatestIs(Events("examination", where=Known("fortin_finger")), Is("fortin_finger", "positive"))
    august = [event("examination", "2026-08-01", fortin_finger=result) for result in ("positive", "negative")]
    assert value(sign, event("examination", "2026-05-01", fortin_finger="positive"), *august).truth is None


# ── batteries ────────────────────────────────────────────────────────────────────────────────────────

THREE = ("distraction", "compression", "faber")
TALLY = Tally(Events("examination"), THREE)


def examined(happened: str, *results: str | None, **told: Any) -> Event:
    return event("examination", happened, **dict(zip(THREE, results, strict=True)), **told)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (0, 3)),
        ((examined("2026-08-01", "positive", "positive", "negative"),), (2, 2)),
        ((examined("2026-08-01", "positive", "unfamiliar", "negative"),), (1, 1)),  # unfamiliar pain is negative
        ((examined("2026-08-01", "positive", "not_done", "negative"),), (1, 2)),
        (  # tests of two examinations are never added up
            (examined("2026-05-01", "positive", None, None), examined("2026-08-01", None, "positive", None)),
            (1, 3),
        ),
        (  # the latest complete one speaks, not a later one that is not
            (
                examined("2026-05-01", "positive", "positive", "negative"),
                examined("2026-08-01", "negative", None, None),
            ),
            (2, 2),
        ),
        (  # of two complete ones the later
            (
                examined("2026-05-01", "positive", "positive", "positive"),
                examined("2026-08-01", "negative", "negative", "negative"),
            ),
            (0, 0),
        ),
        (  # an examination of other things is none of this battery
            (examined("2026-05-01", "positive", None, None), event("examination", "2026-08-01", neurology="normal")),
            (1, 3),
        ),
        (  # two examiners on one day: two examinations, and either may be the latest
            (
                examined("2026-08-01", "positive", "positive", "positive", author="Dr One"),
                examined("2026-08-01", "negative", "negative", "negative", author="Dr Two"),
            ),
            (0, 3),
        ),
        (  # told in two parts, without an examiner: one examination
            (examined("2026-08-01", "positive", "positive", None), examined("2026-08-01", None, None, "positive")),
            (3, 3),
        ),
        (  # a complete one that is only coded may count, and would speak before the later part
            (
                examined("2026-05-01", "negative", "negative", "negative", certainty="coded"),
                examined("2026-08-01", "positive", "positive", None),
            ),
            (0, 3),
        ),
        (  # a test told both ways was done: the older examination does not speak in its place
            (
                examined("2026-05-01", "negative", "negative", "negative"),
                examined("2026-08-01", "positive", "positive", "positive"),
                examined("2026-08-01", None, None, "negative"),
            ),
            (2, 3),
        ),
        ((examined("2026-08-01", "positive", "positive", "positive", side="unknown"),), (0, 3)),
    ],
)
def test_a_battery_within_one_examination(told: Sequence[Event], expected: tuple[float, float]) -> None:
    assert span(TALLY, *told) == expected


# ── sums and best ────────────────────────────────────────────────────────────────────────────────────

SESSIONS = Sum(Events("treatment", topic="physical_therapy"), "attended_sessions")


def therapy(happened: str, sessions: int | None = None, care: str | None = "physical_therapy", **told: Any) -> Event:
    return event("treatment", happened, care=care, attended_sessions=sessions, **told)


SIX = therapy("2026-01-01/2026-02-01", 6)
SPRING = "2026-04-01/2026-05-01"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (0, INF)),
        ((SIX, therapy(SPRING, 8)), (14, INF)),
        ((SIX, complete("treatment")), (6, 6)),
        ((SIX, therapy(SPRING), complete("treatment")), (6, INF)),  # how many were attended is not recorded
        ((SIX, therapy(SPRING, 8, None), complete("treatment")), (6, 14)),  # of which care is not recorded
        ((SIX, therapy(SPRING, 8, "bracing"), complete("treatment")), (6, 6)),
        ((SIX, therapy(SPRING, 8, side="unknown"), complete("treatment")), (6, 14)),
    ],
)
def test_sessions_add_up(told: Sequence[Event], expected: tuple[float, float]) -> None:
    assert span(SESSIONS, *told) == expected


BEST = Best(Events("injection", where=Is("role", "diagnostic")), "relief_pct")


def block(happened: str, after: float | None, **told: Any) -> Event:
    return event("injection", happened, score_before=8, score_after=after, **({"role": "diagnostic"} | told))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (-INF, INF)),
        ((complete("injection"),), (-INF, -INF)),  # there is none: no value reaches any bound
        ((block("2026-03-01", 2), block("2026-04-01", 4)), (75, INF)),
        ((block("2026-03-01", 2), block("2026-04-01", 4), complete("injection")), (75, 75)),
        ((block("2026-03-01", 4), block("2026-04-01", 2, role=None), complete("injection")), (50, 75)),
        ((block("2026-03-01", 4), block("2026-04-01", None), complete("injection")), (50, INF)),
    ],
)
def test_the_best_relief(told: Sequence[Event], expected: tuple[float, float]) -> None:
    assert span(BEST, *told) == expected


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (0, INF)),
        (("2026-03-01",), (6, 6)),
        (("2026-03-01", "2026-07-01"), (6, 6)),
        (("2026-03",), (5 + 1 / 31, 6)),  # between 31 March and 1 March
        (("2025",), (8 + 1 / 31, 20)),
        (({"to": "2026-03-01"},), (6, INF)),  # recorded on that day: it began then or before
        (("2026-07-01", {"to": "2026-08-01"}), (2, 2)),  # the second may be the same, and then tells no more
    ],
)
def test_how_long_the_pain_lasts(told: Sequence[Any], expected: tuple[float, float]) -> None:
    onsets = [event("onset", happened) for happened in told]
    assert span(SinceEarliest(Events("onset"), "months"), *onsets) == pytest.approx(expected)


def test_an_onset_that_may_count_raises_the_upper_bound_alone() -> None:
    told = event("onset", "2026-03-01"), event("onset", "2025-09-01", certainty="coded")
    assert span(SinceEarliest(Events("onset"), "months"), *told) == (6, 12)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (0, INF)),
        (("2026-03-01", "2026-08-22"), (10, 10)),
        (("2026-03-01", "2026-08"), (1, 31)),  # between 31 and 1 August
        (("2026-08-22", "2026"), (0, 10)),  # the vague one may be of any day up to today
    ],
)
def test_days_since_the_latest_injection(told: Sequence[str], expected: tuple[float, float]) -> None:
    injections = [event("injection", happened, encounter=str(n)) for n, happened in enumerate(told)]
    assert span(SinceLatest(Events("injection")), *injections) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (-INF, INF)),
        ((("2025-06-01/2026-03-01", "delivered"),), (6, 6)),
        ((("2026-03-01", "delivered"),), (6, 6)),  # the day of the delivery alone
        ((("2026-03", "delivered"),), (5 + 1 / 31, 6)),
        ((("2025-06-01/2026-03", "delivered"),), (5 + 1 / 31, 6)),
        ((("2025-06-01/", "delivered"),), (-INF, 15)),  # its end is not recorded: after it began
        ((("2025-06-01/2026-03-01", None),), (-INF, INF)),
        ((("2020-01-01/2020-10-01", "delivered"), ("2025-06-01/2026-03-01", "delivered")), (6, 6)),
    ],
)
def test_months_since_a_delivery(told: Sequence[tuple[str, str | None]], expected: tuple[float, float]) -> None:
    since = SinceEnd(Events("pregnancy", where=Is("outcome", "delivered")), "months")
    pregnancies = [event("pregnancy", happened, outcome=outcome) for happened, outcome in told]
    assert span(since, *pregnancies) == pytest.approx(expected)


FREE = SinceDate(Events("nicotine", where=Is("status", "former")), "free_since")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (0, INF)),
        ((event("nicotine", "2026-08-01", status="former", free_since="2026-07-02"),), (61, 61)),
        ((event("nicotine", "2026-08-01", status="former"),), (0, INF)),
        ((event("nicotine", "2026-08-01", status="never"),), (0, INF)),
        (
            (
                event("nicotine", "2026-08-10", status="former", free_since="2026-07-02"),
                event("nicotine", "2026-08", status="former", free_since="2026-08-02"),
            ),
            (0, INF),  # told twice and differently within one month: contradicted
        ),
        (
            (
                event("nicotine", "2026-08-10", status="former", free_since="2026-07-02"),
                event("nicotine", "2026-08-20", status="former", free_since="2026-08-02", certainty="coded"),
            ),
            (30, 61),
        ),
    ],
)
def test_days_free_of_nicotine(told: Sequence[Event], expected: tuple[float, float]) -> None:
    assert span(FREE, *told) == expected


MONTHS = Duration(Events("treatment", where=OneOf("care", ("physical_therapy", "bracing"))), "months")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), 0),
        ((therapy("2026-01-01/2026-06-30"),), 6),  # first to last day of six months
        ((therapy("2026-01-01/2026-03-31"), therapy("2026-05-01/2026-06-30")), 5),  # April is not covered
        ((therapy("2026-01-01/2026-03-31"), therapy("2026-03-01/2026-06-30", care="bracing")), 6),  # March counts once
        ((therapy("2026-01-01/2026-03-31"), therapy("2026-04-01/2026-06-30", care="bracing")), 6),
        ((therapy("2026-01/2026-06"),), 4 + 2 / 31),  # surely 31 January to 1 June, both included
        ((therapy("2026-07-01/2026-12-31"),), 2 + 1 / 31),  # what lies after the as-of day is still to come
        ((therapy("2026-01-01/"),), 1 / 31),  # an end that is not recorded: that one day
        ((therapy("2026-01-01/", stopped_because="ongoing", recorded_at="2026-06-30"),), 6),
        ((therapy("2026-01-01/2026-06-30", side="unknown"),), 0),
    ],
)
def test_months_of_care_that_are_sure(told: Sequence[Event], expected: float) -> None:
    assert span(MONTHS, *told)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), 0),
        ((therapy("2026-01/2026-06"),), 6),  # at the widest from 1 January to 30 June
        ((therapy("2026-07-01/"),), 2 + 1 / 31),  # at the most until today
        ((therapy("2026-01-01/2026-03-31"), therapy("2026-05-01/2026-06-30", side="unknown")), 5),
        ((therapy("/2026-06-30"),), INF),  # nobody knows since when
    ],
)
def test_months_of_care_at_the_most_where_the_record_is_complete(told: Sequence[Event], expected: float) -> None:
    assert span(MONTHS, *told, complete("treatment"))[1] == pytest.approx(expected)


def test_months_of_care_within_a_window() -> None:
    """Of the course of January to June, 31 May to 30 June lie within 93 days."""
    within = Duration(Events("treatment", within_days=93), "days")
    assert span(within, therapy("2026-01-01/2026-06-30"), complete("treatment")) == (31, 31)
    assert span(within, therapy("/2026-06-30"), complete("treatment"))[1] == 31  # the window bounds it


# ── scope and day ────────────────────────────────────────────────────────────────────────────────────


def test_a_fact_of_the_other_joint() -> None:
    fused = fact(Latest(Events("pain_score"), "nrs"), scope="other_joint")
    told = pain("2026-08-01", 7), pain("2026-08-01", 2, side="right")
    assert seen(*told).value(fused).range == (2, 2)
    assert seen(*told, side="right").value(fused).range == (7, 7)
    assert seen(*told).other.other.side == "left"


def test_what_is_of_the_person_counts_at_either_joint() -> None:
    walking = fact(LatestIs(Events("function"), Is("walking_limited", True)))
    told = event("function", "2026-08-01", walking_limited=True)
    assert [seen(told, side=side).value(walking).truth for side in ("left", "right")] == [True, True]


def test_asked_of_an_earlier_day_the_record_ends_there() -> None:
    told = pain("2026-05-01", 6), pain("2026-08-01", 4)
    assert span(PAIN, *told, as_of=date(2026, 7, 31)) == (6, 6)
