"""Witnesses, both readings, and the four kinds of not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from criteria.told import at_least, complete, event, fact, numbered, seen
from nutation.criteria import Answer, Criterion, Test, evaluate
from nutation.criteria.answers import Witnesses
from nutation.criteria.joint import evidence_of
from nutation.criteria.language import (
    All,
    AtLeast,
    AtLeastOf,
    Count,
    Either,
    Events,
    Exists,
    Is,
    Known,
    Latest,
    LatestIs,
    Opposite,
    Tally,
    all_of,
)
from nutation.record.head import Event

POSITIVE = Count(Events("injection", where=all_of(AtLeast("relief_pct", 75), Is("guidance", "ct")), within_days=365))
TWO = at_least(POSITIVE, 2)
FUSED = Test(fact(Exists(Events("operation", topic="si_joint")), "fused"), expected=True)
NOT_FUSED = Test(FUSED.fact, expected=False)


def block(happened: str, after: float | None = 2, **told: Any) -> Event:
    return event("injection", happened, **({"score_before": 8, "score_after": after, "guidance": "ct"} | told))


def asked(criterion: Criterion, *told: Event) -> Answer:
    return evaluate(criterion, seen(*told))


def test_what_is_not_known_counts_as_not_shown_for_a_payer() -> None:
    readings = [
        asked(TWO, *told) for told in ((), (block("2026-03-01"), block("2026-04-01")), (complete("injection"),))
    ]
    assert [(a.state, a.as_documented) for a in readings] == [
        ("unknown", "false"),
        ("true", "true"),
        ("false", "false"),
    ]


def test_what_surely_counts_decides_alone() -> None:
    """A third block of unknown guidance and the statement of completeness do not bear on it."""
    told = block("2026-03-01"), block("2026-04-01"), block("2026-05-01", guidance=None), complete("injection")
    assert asked(TWO, *told).witnesses == Witnesses(for_=("e1", "e2"))


def test_an_upper_bound_rests_on_the_statement_of_completeness() -> None:
    found = asked(TWO, block("2026-03-01"), complete("injection"))
    assert (found.state, found.witnesses) == ("false", Witnesses(against=("e2", "e1")))


def test_while_not_known_the_sure_ones_speak_for_it_and_the_open_ones_are_undecided() -> None:
    told = block("2026-03-01"), block("2026-04-01", guidance=None)
    assert asked(TWO, *told).witnesses == Witnesses(for_=("e1",), undecided=("e2",))


def test_against_a_bound_from_above_the_sure_ones_speak_against_it() -> None:
    told = block("2026-03-01"), block("2026-04-01", guidance=None)
    assert asked(Test(TWO.fact, maximum=1), *told).witnesses == Witnesses(against=("e1",), undecided=("e2",))
    operated = event("operation", "2025-01-01", target="si_joint")
    assert asked(NOT_FUSED, operated).witnesses == Witnesses(against=("e1",))
    assert asked(NOT_FUSED, event("operation", "2025-01-01")).witnesses == Witnesses(undecided=("e1",))


def test_the_opposite_has_the_same_witnesses_the_other_way_round() -> None:
    told = block("2026-03-01"), block("2026-04-01")
    assert asked(Opposite(TWO), *told).witnesses == Witnesses(against=("e1", "e2"))
    assert asked(Opposite(TWO), *told).state == "false"


def test_of_several_parts_those_speak_that_decided() -> None:
    told = block("2026-03-01"), block("2026-04-01"), event("operation", "2025-01-01", target="si_joint")
    assert asked(All((TWO, NOT_FUSED)), *told).witnesses == Witnesses(against=("e3",))  # the one that failed
    assert asked(Either((TWO, NOT_FUSED)), *told).witnesses == Witnesses(for_=("e1", "e2"))  # the one that held
    assert asked(All((TWO, FUSED)), *told).witnesses == Witnesses(for_=("e1", "e2", "e3"))  # both were needed
    assert asked(AtLeastOf(2, (TWO, NOT_FUSED, NOT_FUSED)), *told).witnesses == Witnesses(against=("e3",))
    assert [leaf.truth for leaf in asked(All((TWO, NOT_FUSED)), *told).leaves] == [True, False]


def test_all_names_every_witness_once() -> None:
    assert Witnesses(("a", "b"), ("b",), ("c", "a")).all() == ("a", "b", "c")


# ── why not known ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ((), "never_asked"),
        ((block("2025-08-01"),), "stale"),  # 396 days ago: shown, not counted
        ((block("2026-03-01", guidance=None),), "never_asked"),
        ((block("2026-03-01", guidance=None, asked_not_known=("guidance",)),), "asked_not_known"),
        (
            (block("2026-03-01", guidance=None, asked_not_known=("volume_ml",)),),
            "never_asked",
        ),  # not what is asked here
        ((block("2026-03-01", None, asked_not_known=("score_after",)),), "asked_not_known"),  # relief needs the score
        ((block("2026-03-01"), block("2026-03-01", guidance="none")), "contradicted"),
        ((block("2026-03-01", 2), block("2026-03-01", 6)), "contradicted"),  # relief needs both scores
        ((block("2026-03-01"), block("2026-03-01", modality="negated")), "contradicted"),  # and denied
    ],
)
def test_the_four_kinds_of_not_known(told: Sequence[Event], kind: str) -> None:
    (leaf,) = asked(TWO, *told).leaves
    assert (leaf.truth, leaf.unknown_kind) == (None, kind)


def test_a_known_answer_has_no_kind_of_not_known() -> None:
    (leaf,) = asked(TWO, block("2026-03-01"), block("2026-04-01")).leaves
    assert leaf.unknown_kind is None


def test_what_is_stale_is_named() -> None:
    (leaf,) = asked(TWO, block("2025-08-01")).leaves
    assert leaf.stale == ("e1",)
    assert leaf.witnesses == Witnesses()


def test_both_statements_of_a_contradiction_are_witnesses() -> None:
    told = block("2026-03-01", 2), block("2026-03-01", 6)
    assert asked(TWO, *told).witnesses.undecided == ("e1", "e2")


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (LatestIs(Events("examination", where=Known("faber")), Is("faber", "positive")), {"faber": "positive"}),
        (Latest(Events("examination"), "faber"), {"faber": "positive"}),
        (Tally(Events("examination"), ("faber", "gaenslen")), {"faber": "positive"}),
    ],
)
def test_an_examination_told_two_ways_is_contradicted(expression: Any, told: dict[str, Any]) -> None:
    examinations = [event("examination", "2026-08-01", **told), event("examination", "2026-08-01", faber="negative")]
    test = at_least(expression, 1) if not isinstance(expression, LatestIs) else Test(fact(expression), expected=True)
    (leaf,) = asked(test, *examinations).leaves
    assert leaf.unknown_kind == "contradicted"


# ── doubt ────────────────────────────────────────────────────────────────────────────────────────────

MARCH = block("2026-03-03"), block("2026-03-20"), block("2026-03", None, guidance=None, score_before=None)


def test_one_that_may_be_the_same_as_another_names_those_it_may_be() -> None:
    """Some day of March fits both blocks: it adds none, and may be a third."""
    found = asked(at_least(POSITIVE, 3), *MARCH)
    assert found.state == "unknown"
    assert found.witnesses == Witnesses(for_=("e1", "e2"), undecided=("e3", "e1", "e2"))


def test_the_witnesses_of_a_decided_criterion_suffice_even_where_one_is_doubtful() -> None:
    told = numbered(*MARCH, complete("injection"))
    found = asked(Test(TWO.fact, maximum=3), *told)
    assert found.state == "true"
    alone = [e for e in told if e.id in found.witnesses.all()]
    assert asked(Test(TWO.fact, maximum=3), *alone).state == "true"


def test_a_denial_stands_beside_what_it_denies() -> None:
    told = block("2026-03-01"), block("2026-04-01"), block("2026-04-01", modality="negated")
    found = asked(TWO, *told)
    assert found.witnesses == Witnesses(for_=("e1",), undecided=("e2", "e3"))
    assert set(evidence_of(seen(*told).value(TWO.fact))) == {"e1", "e2", "e3"}
