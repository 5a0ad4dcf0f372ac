"""What a case makes of situations that no single room sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from nutation.case import Case, build_case
from nutation.record.kinds import KINDS
from nutation.record.reading import read_record
from nutation.record.record import Record

EXAMPLES = Path(__file__).parents[2] / "examples"
AS_OF = date(2026, 9, 1)


def classic() -> Record:
    return read_record(EXAMPLES / "classic-degenerative")


def with_event(record: Record, kind: str, happened: str, **told: Any) -> Record:
    head = {"id": f"more-{kind}", "patient": record.patient, "side": "left", "recorded_at": "2026-09-01"}
    event = KINDS[kind].model_validate({**head, "happened": happened, "source": {"system": "more"}, **told})
    return replace(record, events=(*record.events, event))


def case_of(record: Record) -> Case:
    return build_case(record, as_of=AS_OF)


def test_a_child_is_not_sent_to_a_payer() -> None:
    """The trials took adults; a growing skeleton is a contra-indication that warns, unverified as it is."""
    born = tuple(
        KINDS["person"].model_validate({**e.model_dump(), "happened": "2018-04-11"}) if e.kind == "person" else e
        for e in classic().events
    )
    case = case_of(replace(classic(), events=born))
    assert case.joints[0].gate.item("growing_skeleton").state == "standing"
    assert case.recommendation.action not in ("request_authorisation", "plan_operation", "inject")


def test_two_examinations_of_one_day_that_disagree_are_said() -> None:
    record = with_event(
        classic(), "examination", "2026-09-01", author="Dr Other", faber="negative", hip_screen="positive"
    )
    told = [w for w in case_of(record).warnings if "examinations of the left joint on 2026-09-01 disagree" in w]
    assert len(told) == 1
    assert "hip screen" in told[0]


def test_what_begins_later_is_said_and_not_counted() -> None:
    record = with_event(classic(), "pain_score", "2036-01-01", nrs=1.0, site="si_region", recorded_at="2036-01-02")
    case = case_of(record)
    assert any("begin after 2026-09-01 and do not count" in warning for warning in case.warnings)
    assert case.recommendation == case_of(classic()).recommendation


def test_the_most_urgent_item_comes_first() -> None:
    """Infection (urgent) before the rheumatologist's opinion (soon), and no payer's question while they stand."""
    case = case_of(read_record(EXAMPLES / "septic-sacroiliitis"))
    order = [step.id for step in case.next]
    assert order.index("close:infection") < order.index("close:axial_spondyloarthritis")
    assert not [step for step in case.next if "payer" in step.purpose]


def test_no_probability_is_given_of_an_infected_joint() -> None:
    evaluation = case_of(read_record(EXAMPLES / "septic-sacroiliitis")).joints[0].evaluation
    assert evaluation.probability is None
    assert evaluation.withheld
    assert evaluation.decision is None


def test_a_fused_joint_that_hurts_again_is_looked_into() -> None:
    case = case_of(read_record(EXAMPLES / "fused-recurrent-pain"))
    assert {"implants_ct", "infection_of_implants", "other_joint"} <= {step.id for step in case.next}
    assert not [p for p in case.joints[0].policies if p.verdict == "met" and p.kind != "injection"]


def test_the_side_that_comes_first_has_a_reason() -> None:
    assert "joint comes first" in case_of(read_record(EXAMPLES / "bilateral")).recommendation.reason


def test_the_second_block_says_what_either_result_changes() -> None:
    """One block at 81 %: a second positive one meets the payer, a negative one speaks against the joint."""
    case = case_of(read_record(EXAMPLES / "one-block-only"))
    step = next(step for step in case.next if step.id == "second_block")
    changes = {outcome.result: outcome.changes for outcome in step.results}
    assert "AETNA_CPB0016 becomes met" in changes["positive"]
    assert changes["negative"]
    assert step.value == 1.0
    assert "AETNA_CPB0016" in step.policies
