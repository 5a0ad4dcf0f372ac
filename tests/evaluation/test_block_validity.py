"""Each block is judged before it counts: valid, not interpretable with its reasons, or unknown with what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.patients import asked, block, event, view_of
from nutation.evaluation.answers import BlockAnswer
from nutation.evaluation.findings import JointFindings, joint_findings
from nutation.evidence import load

EVIDENCE = load()


def found(*events: Any) -> JointFindings:
    return joint_findings(view_of((*asked(), *events)), EVIDENCE)


def the_block(**change: Any) -> BlockAnswer:
    blocks = found(block("b", "2026-07-01", **change)).blocks
    assert len(blocks) == 1
    return blocks[0]


def test_a_block_with_everything_is_valid() -> None:
    told = the_block()
    assert (told.validity, told.reasons, told.missing) == ("valid", (), ())
    # 8 to 1 of 10 is 87.5 % relief, above the societies' 75.
    assert (told.relief_pct, told.result, told.weight) == (87.5, "positive", 1.0)
    assert told.witnesses == ("b",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target": "lateral_branches"}, "lateral branches"),
        ({"guidance": "none"}, "guidance"),
        ({"guidance": "ultrasound"}, "ultrasound"),
        ({"contrast": "extra_articular"}, "contrast"),
        ({"contrast": "not_used"}, "contrast was not used"),
        ({"volume_ml": 2.5}, "more than the joint holds"),
        ({"anaesthetic": "none"}, "no anaesthetic"),
        ({"sedation": "deep"}, "sedation"),
        ({"other_injections_that_day": True}, "other injections"),
        ({"familiar_pain_before": False}, "familiar pain"),
        ({"score_before": 0, "score_after": 0}, "score before was 0"),
        ({"scored_side_pain": False}, "this side's pain"),
        ({"same_movement": False}, "different movements"),
        ({"scored_after_hours": 3}, "outside the window of lidocaine"),
        ({"scored_after_hours": 0.1}, "outside the window"),
    ],
)
def test_reasons(change: dict[str, Any], says: str) -> None:
    """One thing that speaks against reading it makes it uninterpretable, says which, and keeps it out of the count."""
    told = found(block("b", "2026-07-01", **change))
    assert told.blocks[0].validity == "uninterpretable"
    assert len(told.blocks[0].reasons) == 1
    assert says in told.blocks[0].reasons[0]
    assert told.known.blocks == ()
    assert any("not interpretable" in u.reason and "b" in u.witnesses for u in told.untouched)


@pytest.mark.parametrize(
    "name",
    [
        "target", "guidance", "contrast", "volume_ml", "anaesthetic", "sedation", "other_injections_that_day",
        "familiar_pain_before", "score_before", "score_after", "scored_side_pain", "same_movement",
        "scored_after_hours",
    ],
)  # fmt: skip
def test_what_is_missing(name: str) -> None:
    """Anything that its reading needs and that is not recorded leaves it unknown; it is neither good nor bad."""
    told = found(block("b", "2026-07-01", **{name: None}))
    assert told.blocks[0].validity == "unknown"
    assert told.blocks[0].missing
    assert told.known.blocks == ()


@pytest.mark.parametrize("change", [{"side": "unknown"}, {"certainty": "coded"}])
def test_a_side_and_a_statement_are_needed(change: dict[str, Any]) -> None:
    assert the_block(**change).validity == "unknown"


def test_a_percentage_without_scores_does_not_count() -> None:
    told = the_block(score_before=None, score_after=None, relief_stated_pct=90)
    assert (told.validity, told.result, told.weight) == ("unknown", "unknown", None)
    assert any("90 %" in lack for lack in told.missing)


def test_bupivacaine_may_be_scored_later() -> None:
    """Lidocaine's window ends at 2 hours, bupivacaine's at 6."""
    assert the_block(anaesthetic="bupivacaine", scored_after_hours=5).validity == "valid"
    assert the_block(anaesthetic="lidocaine", scored_after_hours=5).validity == "uninterpretable"
    # No window is held for another agent, so its score cannot be placed in one.
    assert the_block(anaesthetic="other", scored_after_hours=1).validity == "unknown"


@pytest.mark.parametrize(
    ("after", "result", "weight"),
    [
        (2, "positive", 1.0),
        (2.2, "intermediate", 0.95),
        (4, "intermediate", 0.5),
        (5, "negative", 0.25),
        (8, "negative", 0.0),
    ],
)
def test_relief_is_read_in_degrees(after: float, result: str, weight: float) -> None:
    """From 8: 2 is 75 %, 2.2 is 72.5 %, 4 is 50 %, 5 is 37.5 %. A line through 1 at 75 % and 0.5 at 50 %."""
    told = the_block(score_after=after)
    assert told.result == result
    assert told.weight == pytest.approx(weight)


def test_every_block_counts_and_none_is_picked() -> None:
    told = found(block("one", "2026-05-01"), block("two", "2026-06-01", after=8), block("three", "2026-07-01", after=7))
    assert [b.witnesses for b in told.blocks] == [("one",), ("two",), ("three",)]
    assert told.known.blocks == (1.0, 0.0, 0.0)


def test_a_therapeutic_injection_is_no_block() -> None:
    assert found(block("b", "2026-07-01", role="therapeutic")).blocks == ()
    assert len(found(block("b", "2026-07-01", role="both")).blocks) == 1


def test_what_was_ordered_or_lies_ahead_is_no_block() -> None:
    assert found(block("b", "2026-07-01", modality="intended")).blocks == ()
    assert found(block("b", "2026-09-20")).blocks == ()


def test_blocks_from_before_a_fusion_of_either_joint_are_stale() -> None:
    fusion = event("fusion", "operation", "2026-06-01", side="right", target="si_joint")
    told = found(block("early", "2026-05-01"), block("late", "2026-08-01"), fusion)
    assert [b.witnesses for b in told.blocks] == [("late",)]
    assert str(told.stale_since) == "2026-06-01"


def test_statements_that_disagree_leave_it_unknown() -> None:
    """One injection, told twice: 1 after, 6 after."""
    told = found(block("one", "2026-07-01"), block("again", "2026-07-01", after=6))
    assert told.known.blocks == ()
    assert told.blocks[0].validity == "unknown"
    assert any("contradicting" in lack for lack in told.blocks[0].missing)
