"""What to find out next: in order, with both results, and nothing that could harm before it is known to be allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evaluation.patients import asked, battery, block, event, examined, history, screen_event, view_of, without
from nutation.evaluation import NextFinding, Withheld, next_findings, plain, screen
from nutation.evaluation.answers import STAGES
from nutation.evidence import load

EVIDENCE = load()
BASE = asked()
POSITIVE = (*without(BASE, "examination"), examined(**battery(4)))


def steps(*events: Any, side: str = "left", **options: Any) -> tuple[dict[str, NextFinding], dict[str, Withheld]]:
    view = view_of(events, side)
    found, withheld = next_findings(view, view.other, screen(view, EVIDENCE), EVIDENCE, **options)
    assert [STAGES.index(f.stage) for f in found] == sorted(STAGES.index(f.stage) for f in found)
    return {f.id: f for f in found}, {w.id: w for w in withheld}


def test_first_of_all_the_screen() -> None:
    found, withheld = steps(*history())
    assert next(iter(found)) == "safety_screen"
    assert "infection" in found["safety_screen"].about
    assert found["safety_screen"].purpose == "safety"
    assert "first_block" in withheld
    assert "The safety gate is neither clear nor addressed." in withheld["first_block"].reasons


def test_hip_and_centralisation_come_before_provocation() -> None:
    found, _ = steps(*history(), screen_event())
    order = [f for f in found if found[f].stage == "examination"]
    assert order == ["hip_screen", "neurology", "centralisation", "provocation_battery"]


def test_both_results_are_shown_with_their_chances() -> None:
    found, _ = steps(*BASE)
    told = found["provocation_battery"]
    assert [r.result for r in told.results] == ["positive", "negative"]
    assert sum(r.chance or 0 for r in told.results) == pytest.approx(1)
    positive, negative = (r.probability for r in told.results)
    assert positive is not None
    assert negative is not None
    assert positive.median > 0.3 > 0.1 > negative.median
    # Either result would change what is done: look elsewhere below 10 %, a block from 30 % on.
    assert told.value == pytest.approx(1)


def test_a_second_block_is_worth_what_it_can_change() -> None:
    found, _ = steps(*POSITIVE, block("b1", "2026-06-01"))
    told = found["second_block"]
    by_result = {r.result: r for r in told.results}
    assert by_result["positive"].changes == ("the source is supported",)
    assert told.value == pytest.approx(sum(r.chance or 0 for r in told.results if r.changes))
    assert told.stage == "injection"


def test_no_block_after_two() -> None:
    found, withheld = steps(*POSITIVE, block("b1", "2026-06-01"), block("b2", "2026-07-01"))
    assert not [f for f in (*found, *withheld) if "block" in f]


IMPROBABLE = (
    *without(BASE, "examination"), examined(centralisation="present", **battery(0)), block("b", "2026-07-01", after=8),
)  # fmt: skip


def test_no_block_that_could_change_nothing() -> None:
    """The pain centralises and a block did nothing: another, whatever it shows, leaves the joint improbable."""
    found, withheld = steps(*IMPROBABLE)
    assert "second_block" not in found
    assert withheld["second_block"].reasons == ("Neither result would change what is done.",)


def test_a_policy_elsewhere_can_make_it_worth_doing() -> None:
    changes = {"second_block": {"positive": ("TRIAL: blocks",)}}
    found, _ = steps(*IMPROBABLE, changes=changes)
    assert found["second_block"].results[0].changes == ("TRIAL: blocks",)
    assert found["second_block"].value == pytest.approx(found["second_block"].results[0].chance)


@pytest.mark.parametrize("unknown", ["pregnant", "contrast_allergy", "anticoagulation", "active_skin_infection"])
def test_contra_indications_of_a_step(unknown: str) -> None:
    """A block needs its own contra-indications asked; one that is there keeps it back as well."""
    for answer in (None, "reported"):
        found, withheld = steps(*without(POSITIVE, "screen"), screen_event(**{unknown: answer}))
        assert "first_block" not in found
        assert any("Not asked or not addressed" in reason for reason in withheld["first_block"].reasons)


def test_it_is_offered_when_they_are_asked() -> None:
    assert "first_block" in steps(*POSITIVE)[0]


@pytest.mark.parametrize("grave", ["infection", "fracture", "tumour"])
def test_no_provocation_while_infection_fracture_or_tumour_is_open(grave: str) -> None:
    mri = event("mri", "imaging", "2026-08-25", method="mri", region="si_joint", **{grave: "present"})
    found, withheld = steps(*BASE, mri)
    assert "provocation_battery" not in found
    assert "provocation_battery" in withheld
    # It stands: what closes it comes first, and nothing is injected or irradiated.
    assert next(iter(found)).startswith("close:")
    assert not [f for f in found.values() if f.stage == "injection" or f.id == "joint_ct"]


def test_none_while_its_question_is_open_either() -> None:
    found, withheld = steps(*without(BASE, "screen"), screen_event(fever="reported"))
    assert "provocation_battery" not in found
    assert withheld["provocation_battery"].reasons == ("Open: Infection of the joint.",)
    assert found["close:infection"].about == ("infection",)
    assert {"infection_laboratory", "joint_mri"} <= set(found)


@pytest.mark.parametrize(
    "change",
    [
        (screen_event(pregnant="reported"),),
        (screen_event(pregnant=None),),
        (screen_event(), event("marfan", "diagnosis", "2020-01-01/", category="connective_tissue", certainty="coded")),
    ],
)
def test_the_thigh_thrust_is_not_for_everyone(change: tuple[Any, ...]) -> None:
    """Not in pregnancy, nor before it was asked about; not in connective-tissue disease, even if only coded."""
    found, _ = steps(*without(BASE, "screen"), *change)
    assert "thigh_thrust" not in found["provocation_battery"].tests
    assert "Without the thigh thrust" in found["provocation_battery"].reason
    assert "thigh_thrust" in steps(*BASE)[0]["provocation_battery"].tests


def test_an_incomplete_record_is_fetched_before_anyone_is_pricked() -> None:
    found, _ = steps(*POSITIVE, block("b1", "2026-06-01", contrast=None))
    record = next(f for f in found.values() if f.id.startswith("block_record"))
    assert record.stage == "document"
    assert "where the contrast went" in record.reason
    assert list(found).index(record.id) < list(found).index("first_block")


def test_inflammatory_questions_are_asked() -> None:
    found, _ = steps(*without(BASE, "pattern"), event("pattern", "pain_pattern", "2026-08-20", below_l5=True))
    assert "axial_spondyloarthritis" in found["pain_pattern"].about
    assert found["pain_pattern"].purpose == "safety"


def test_a_side_without_pain_is_only_screened() -> None:
    found, _ = steps(*history(), side="right")
    assert set(found) == {"safety_screen"}


def test_value_changes_with_the_prior() -> None:
    """After a fusion to the sacrum the prior is 32 %, not 16 %: the same battery is worth another amount."""
    fused = event("f", "operation", "2024-01-01", target="lumbar_fusion", fused_to_sacrum=True)
    low, high = (steps(*events)[0]["provocation_battery"] for events in (BASE, (*BASE, fused)))
    assert low.results[0].chance is not None
    assert high.results[0].chance is not None
    assert high.results[0].chance > low.results[0].chance
    assert low.value != high.value


def test_it_is_plain_data() -> None:
    found, withheld = steps(*history())
    told = plain({"findings": tuple(found.values()), "withheld": tuple(withheld.values())})
    assert json.loads(json.dumps(told)) == told
