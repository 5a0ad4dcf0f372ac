"""The gap: a cheapest set of findings, some value of which makes the criterion true."""

from __future__ import annotations

from typing import Any

import pytest

from criteria.told import complete, event, fact, seen
from nutation.criteria import Criterion, Gap, Test, evaluate, gap
from nutation.criteria.language import (
    All,
    AtLeastOf,
    Burden,
    Count,
    Either,
    Events,
    Exists,
    Expression,
    Is,
    Known,
    Latest,
    LatestIs,
    Opposite,
    Tally,
)
from nutation.record.head import Event


def holding(expression: Expression, name: str, burden: Burden, **bound: Any) -> Test:
    return Test(fact(expression, name, burden=burden, question=f"{name}?"), **bound)


BATTERY = ("distraction", "thigh_thrust", "compression", "faber", "gaenslen")
BLOCKS = Count(Events("injection", where=Is("role", "diagnostic")))
SCORE = holding(Latest(Events("pain_score", where=Known("nrs")), "nrs"), "pain", "question", minimum=5)
TESTS = holding(Tally(Events("examination"), BATTERY), "tests", "examination", minimum=3)
BLOCK = holding(BLOCKS, "blocks", "injection", minimum=2)
WORK = holding(LatestIs(Events("function"), Is("work_limited", True)), "work", "question", expected=True)
FUSED = holding(Exists(Events("operation", topic="si_joint")), "fused", "document", expected=False)

PAIN_6 = event("pain_score", "2026-08-01", nrs=6)
PAIN_3 = event("pain_score", "2026-08-01", nrs=3)


def found(criterion: Criterion, *told: Event) -> Gap:
    gap_ = gap(criterion, seen(*told))
    assert gap_ is not None
    return gap_


def needed(criterion: Criterion, *told: Event) -> list[str] | None:
    gap_ = gap(criterion, seen(*told))
    return None if gap_ is None else [need.question for need in gap_.needs]


@pytest.mark.parametrize(
    ("criterion", "told", "expected"),
    [
        (SCORE, (), ["pain?"]),
        (SCORE, (PAIN_6,), []),  # true: nothing is missing
        (SCORE, (PAIN_3,), None),  # false: no finding would change it, only a new happening
        (Opposite(SCORE), (PAIN_3,), []),
        (Opposite(SCORE), (PAIN_6,), None),
        (All((SCORE, TESTS, BLOCK)), (PAIN_6,), ["tests?", "blocks?"]),
        (All((SCORE, TESTS)), (PAIN_3,), None),
        (Either((BLOCK, TESTS)), (), ["tests?"]),  # an examination costs the patient less than an injection
        (Either((BLOCK, TESTS)), (PAIN_3,), ["tests?"]),
        (Either((BLOCK, All((SCORE, WORK, TESTS)))), (), ["pain?", "work?", "tests?"]),  # three small against one large
        (AtLeastOf(2, (BLOCK, TESTS, SCORE)), (), ["pain?", "tests?"]),
        (AtLeastOf(2, (BLOCK, TESTS, SCORE)), (PAIN_6,), ["tests?"]),  # one is there already
        (AtLeastOf(2, (BLOCK, TESTS, SCORE)), (PAIN_3,), ["tests?", "blocks?"]),
        (AtLeastOf(3, (BLOCK, TESTS, SCORE)), (PAIN_3,), None),
        (Opposite(All((BLOCK, SCORE))), (), ["pain?"]),  # one part that fails is enough
        (Opposite(Either((BLOCK, SCORE))), (), ["pain?", "blocks?"]),  # both must fail
        (Opposite(AtLeastOf(2, (BLOCK, TESTS, SCORE))), (), ["pain?", "tests?"]),  # two of three must fail
        (All((SCORE, SCORE)), (), ["pain?"]),  # asked once
    ],
)
def test_the_gap_of_a_criterion(criterion: Criterion, told: tuple[Event, ...], expected: list[str] | None) -> None:
    assert needed(criterion, *told) == expected


def test_a_need_says_what_is_known_and_what_is_wanted() -> None:
    (need,) = found(Opposite(TESTS), event("examination", "2026-08-01", faber="positive")).needs
    assert (need.wanted, need.known, need.unknown_kind, need.burden) == (False, (1, 5), "never_asked", "examination")


def test_a_gap_asks_for_no_two_findings_that_exclude_each_other() -> None:
    """Two blocks at least and one at most cannot be; the other way is dearer, and is taken."""
    none_or_one = Test(BLOCK.fact, maximum=1)
    assert needed(All((BLOCK, none_or_one))) is None
    assert needed(All((Either((SCORE, WORK)), Opposite(SCORE)))) == ["work?", "pain?"]
    assert needed(All((WORK, Opposite(WORK)))) is None


def test_the_burden_of_a_gap_is_that_of_its_findings() -> None:
    assert found(All((SCORE, WORK))).weight == 2 * found(SCORE).weight
    assert found(All((SCORE, WORK)), PAIN_6) == found(WORK)
    assert Gap(()).weight == 0


@pytest.mark.parametrize(
    ("criterion", "findings"),
    [
        (SCORE, (PAIN_6,)),
        (TESTS, (event("examination", "2026-08-01", **dict.fromkeys(BATTERY[:3], "positive")),)),
        (Opposite(TESTS), (event("examination", "2026-08-01", **dict.fromkeys(BATTERY[:3], "negative")),)),
        (BLOCK, tuple(event("injection", f"2026-0{n}-01", role="diagnostic") for n in (3, 4))),
        (Opposite(BLOCK), (complete("injection"),)),
        (FUSED, (complete("operation"),)),
        (Opposite(FUSED), (event("operation", "2025-01-01", target="si_joint"),)),
        (WORK, (event("function", "2026-08-01", work_limited=True),)),
    ],
)
def test_findings_that_give_a_gap_what_it_wants_make_the_criterion_true(
    criterion: Criterion, findings: tuple[Event, ...]
) -> None:
    """What the gap asks for exists as events: for "none" it is the statement that the record is complete."""
    assert len(found(criterion).needs) == 1
    assert evaluate(criterion, seen(*findings)).state == "true"
    assert gap(criterion, seen(*findings)) == Gap(())


def test_deeply_nested_rules_are_answered_at_once() -> None:
    """A policy file may nest as it likes; what is looked at must not double with every level."""
    criterion: Criterion = Either((BLOCK, SCORE))
    for _ in range(200):
        criterion = All((criterion,))
    assert needed(criterion) == ["pain?"]
    assert needed(All(tuple(Either((SCORE, WORK, TESTS, BLOCK)) for _ in range(60)))) == ["pain?"]
