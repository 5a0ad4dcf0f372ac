"""Counts, existence and completeness: the table of SEMANTICS, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from criteria.told import AS_OF, complete, event, fact, seen, span, value
from nutation.criteria import Test, evaluate
from nutation.criteria.language import AtLeast, Count, Events, Exists, Is, Tally, all_of
from nutation.record.head import Event

INF = float("inf")
POSITIVE = Count(Events("injection", where=all_of(AtLeast("relief_pct", 75), Is("guidance", "fluoroscopy"))))


def block(happened: str, after: float, guidance: str | None = "fluoroscopy") -> Event:
    return event("injection", happened, score_before=8, score_after=after, guidance=guidance)


TRUE_1, TRUE_2 = block("2026-03-01", 2), block("2026-04-01", 1)
UNKNOWN = block("2026-05-01", 1, None)  # 87.5 % relief, guidance not recorded
FALSE = block("2026-06-01", 4, None)  # 50 % relief fails, whatever the guidance
CLOSED = complete("injection")


@pytest.mark.parametrize(
    ("told", "expected", "at_least_2", "at_most_1", "exactly_2"),
    [
        ((TRUE_1, TRUE_2), (2, INF), "true", "false", "unknown"),
        ((TRUE_1, TRUE_2, CLOSED), (2, 2), "true", "false", "true"),
        ((TRUE_1, UNKNOWN, CLOSED), (1, 2), "unknown", "unknown", "unknown"),
        ((TRUE_1, CLOSED), (1, 1), "false", "true", "false"),
        ((TRUE_1,), (1, INF), "unknown", "unknown", "unknown"),
        ((), (0, INF), "unknown", "unknown", "unknown"),
        ((CLOSED,), (0, 0), "false", "true", "false"),
        ((TRUE_1, FALSE, CLOSED), (1, 1), "false", "true", "false"),
    ],
)
def test_a_count_of_blocks(
    told: Sequence[Event], expected: tuple[float, float], at_least_2: str, at_most_1: str, exactly_2: str
) -> None:
    joint, count = seen(*told), fact(POSITIVE)
    assert tuple(joint.value(count).range) == expected
    assert evaluate(Test(count, minimum=2), joint).state == at_least_2
    assert evaluate(Test(count, maximum=1), joint).state == at_most_1
    assert evaluate(Test(count, minimum=2, maximum=2), joint).state == exactly_2


BATTERY = ("distraction", "thigh_thrust", "compression", "faber", "gaenslen")


@pytest.mark.parametrize(
    ("results", "expected", "at_least_3"),
    [
        (("positive", "positive", None, None, None), (2, 5), "unknown"),
        (("positive", "positive", "negative", "negative", "negative"), (2, 2), "false"),
        (("positive", "positive", "unfamiliar", "negative", "not_done"), (2, 3), "unknown"),
        (("positive", "positive", "positive", None, "not_done"), (3, 5), "true"),
        ((None, None, None, None, None), (0, 5), "unknown"),
    ],
)
def test_a_count_over_a_finite_list_of_tests(
    results: Sequence[str | None], expected: tuple[float, float], at_least_3: str
) -> None:
    """Five tests are all there are: a test not recorded may be either, and nothing else can be added."""
    joint = seen(event("examination", "2026-08-01", **dict(zip(BATTERY, results, strict=True))))
    count = fact(Tally(Events("examination"), BATTERY))
    assert tuple(joint.value(count).range) == expected
    assert evaluate(Test(count, minimum=3), joint).state == at_least_3


FUSED = Exists(Events("operation", topic="si_joint"))
LUMBAR = event("operation", "2024-01-10", target="lumbar_fusion")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), None),  # silence is never a no
        ((LUMBAR,), None),  # nor is another operation
        ((complete("operation"),), False),
        ((complete("operation", "si_joint"),), False),  # stated for just this
        ((complete("operation", "lumbar_fusion"),), None),  # stated for something else
        ((complete("operation"), LUMBAR), False),
        ((event("operation", "2025-01-10", target="si_joint"),), True),
        ((event("operation", "2025-01-10"), complete("operation")), None),  # an operation on something
        ((event("operation", "2025-01-10", target="si_joint", side="right"), complete("operation")), False),
        ((event("operation", "2025-01-10", target="si_joint", side="unknown"), complete("operation")), None),
    ],
)
def test_whether_the_joint_was_fused(told: Sequence[Event], expected: bool | None) -> None:
    assert value(FUSED, *told).truth is expected


@pytest.mark.parametrize(
    ("statement", "grace", "closes"),
    [
        ({}, 0, True),
        ({"up_to": "2026-08-31"}, 0, False),  # the last day is not covered
        ({"up_to": "2026-08-31"}, 1, True),  # unless the fact relies on it for a day more
        ({"up_to": "2026-03-05"}, 180, True),  # 5 March and 180 days are 1 September
        ({"up_to": "2026-03-04"}, 180, False),
        ({"up_to": None}, 180, False),
        ({"up_to": "2025-01-01", "expires_on": "2026-09-01"}, 0, True),  # its own expiry wins
        ({"expires_on": "2026-08-31"}, 180, False),
        ({"side": "both"}, 0, True),
        ({"side": "none"}, 0, True),
        ({"side": "right"}, 0, False),
        ({"side": "unknown"}, 0, False),
        ({"certainty": "coded"}, 0, False),
        ({"modality": "provisional"}, 0, False),
        ({"modality": "negated"}, 0, False),
        ({"happened": "2026-09-02"}, 0, False),  # made after the day that is asked about
        ({"happened": "2026"}, 0, False),  # perhaps made after it
        ({"happened": "2026-08"}, 0, True),
    ],
)
def test_which_statements_of_completeness_close_a_count(statement: dict[str, Any], grace: float, closes: bool) -> None:
    found = value(Count(Events("injection", absence_days=grace)), TRUE_1, complete("injection", **statement))
    assert found.range == (1, 1 if closes else INF)
    assert bool(found.closing) is closes


def test_completeness_of_one_kind_closes_no_other() -> None:
    assert span(POSITIVE, TRUE_1, complete("operation")) == (1, INF)


def test_statements_that_disagree_on_their_expiry_close_nothing() -> None:
    told = complete("injection", expires_on="2026-08-01"), complete("injection", expires_on="2027-08-01")
    assert span(POSITIVE, TRUE_1, *told) == (1, INF)


def test_statements_of_two_topics_on_one_day_are_not_one_of_all() -> None:
    told = complete("operation", "lumbar_fusion"), complete("operation", "hip")
    assert value(FUSED, *told).truth is None


def test_a_late_statement_says_nothing_of_an_earlier_day_that_it_does_not_cover() -> None:
    """Asked about 1 June, a statement up to 1 September made in September was not made yet."""
    assert span(POSITIVE, TRUE_1, complete("injection"), as_of=AS_OF.replace(month=6)) == (1, INF)
