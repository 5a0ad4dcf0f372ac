"""Facts on small records, both sides of what decides them; as of 1 September 2026, of the left joint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from criteria.told import complete, event, seen
from nutation.criteria import bind
from nutation.facts import CATALOGUE
from nutation.record.head import Event

INF = float("inf")


def known(name: str, *told: Event, **arguments: Any) -> Any:
    """The fact's truth, or its range."""
    fact = CATALOGUE[name]
    value = seen(*told).value(bind(fact, arguments))
    return value.truth if fact.is_truth else tuple(value.range)


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────

GOOD: dict[str, Any] = {
    "role": "diagnostic",
    "target": "intra_articular",
    "guidance": "fluoroscopy",
    "contrast": "intra_articular",
    "anaesthetic": "bupivacaine",
    "score_before": 8,
    "score_after": 2,
}


def block(happened: str = "2026-03-03", **told: Any) -> Event:
    return event("injection", happened, **(GOOD | told))


@pytest.mark.parametrize(
    ("told", "valid", "positive", "negative"),
    [
        ({}, (1, INF), (1, INF), (0, INF)),
        ({"score_after": 2.1}, (1, INF), (0, INF), (1, INF)),  # 73.75 %
        ({"score_after": None}, (1, INF), (0, INF), (0, INF)),  # readable, result not recorded
        ({"score_after": None, "relief_stated_pct": 90}, (1, INF), (0, INF), (0, INF)),  # a percentage without scores
        ({"guidance": "ultrasound"}, (0, INF), (0, INF), (0, INF)),
        ({"contrast": "extra_articular"}, (0, INF), (0, INF), (0, INF)),
        ({"contrast": None}, (0, INF), (0, INF), (0, INF)),
        ({"target": "posterior_ligaments"}, (0, INF), (0, INF), (0, INF)),
        ({"anaesthetic": "none"}, (0, INF), (0, INF), (0, INF)),
        ({"role": "therapeutic"}, (0, INF), (0, INF), (0, INF)),
        ({"role": "both"}, (1, INF), (1, INF), (0, INF)),
        ({"side": "right"}, (0, INF), (0, INF), (0, INF)),
    ],
)
def test_one_block(told: dict[str, Any], valid: Any, positive: Any, negative: Any) -> None:
    assert known("valid_blocks", block(**told)) == valid
    assert known("positive_blocks", block(**told), relief_pct_min=75) == positive
    assert known("negative_blocks", block(**told), relief_pct_min=75) == negative


def test_what_is_invalid_is_not_counted_and_what_is_not_recorded_may_be() -> None:
    """In a record that is complete, no contrast in the joint is none; contrast not recorded is one at the most."""
    assert known("valid_blocks", block(contrast="extra_articular"), complete("injection")) == (0, 0)
    assert known("valid_blocks", block(contrast=None), complete("injection")) == (0, 1)


def test_a_stated_percentage_counts_only_where_a_policy_accepts_it() -> None:
    told = block(score_before=None, score_after=None, relief_stated_pct=80)
    assert known("positive_blocks", told, relief_pct_min=75, accept_stated_pct=True) == (1, INF)
    assert known("positive_blocks", told, relief_pct_min=85, accept_stated_pct=True) == (0, INF)
    assert known("positive_blocks", told, relief_pct_min=75) == (0, INF)


def test_discordant_blocks_are_both_counted() -> None:
    """No fact takes the best of many."""
    told = block("2026-03-03"), block("2026-04-03", score_after=7)
    assert known("valid_blocks", *told) == (2, INF)
    assert known("positive_blocks", *told, relief_pct_min=75) == (1, INF)
    assert known("negative_blocks", *told, relief_pct_min=75) == (1, INF)


def test_relief_must_last_as_long_as_a_policy_asks() -> None:
    assert known("positive_blocks", block(relief_hours=1), relief_pct_min=75, relief_hours_min=2) == (0, INF)
    assert known("positive_blocks", block(relief_hours=2), relief_pct_min=75, relief_hours_min=2) == (1, INF)


# ── care ─────────────────────────────────────────────────────────────────────────────────────────────

THERAPY = {"care": ["physical_therapy"]}


def therapy(happened: str = "2026-01-01/2026-06-30", **told: Any) -> Event:
    return event("treatment", happened, **({"care": "physical_therapy", "aim": "si_joint"} | told))


@pytest.mark.parametrize(
    ("told", "inadequate", "lasting"),
    [
        ({"result": "none"}, None, None),  # why it stopped is not recorded: perhaps for cost
        ({"result": "none", "stopped_because": "no_benefit"}, True, None),
        ({"result": "temporary", "stopped_because": "completed"}, True, None),
        ({"result": "worse", "stopped_because": "intolerance"}, True, None),
        ({"result": "none", "stopped_because": "cost"}, None, None),  # stopping for cost is no failure
        ({"result": "none", "stopped_because": "absence"}, None, None),
        ({"result": "lasting", "stopped_because": "completed"}, None, True),
        ({"stopped_because": "no_benefit"}, None, None),  # no recorded result
        ({"result": "none", "stopped_because": "no_benefit", "aim": "hip"}, None, None),  # care of the hip
        ({"result": "none", "stopped_because": "no_benefit", "modality": "intended"}, None, None),  # ordered only
    ],
)
def test_what_a_course_of_therapy_shows(told: dict[str, Any], inadequate: bool | None, lasting: bool | None) -> None:
    assert known("care_inadequate", therapy(**told), **THERAPY) is inadequate
    assert known("care_lasting", therapy(**told), **THERAPY) is lasting


def test_a_course_stopped_for_cost_is_no_failure_even_where_the_record_is_complete() -> None:
    told = therapy(result="none", stopped_because="cost"), complete("treatment")
    assert known("care_inadequate", *told, **THERAPY) is False


def test_months_of_therapy_count_each_day_once() -> None:
    told = therapy("2026-01-01/2026-03-31"), therapy("2026-03-01/2026-06-30", aim="general")
    assert known("care_delivered_months", *told, **THERAPY) == (6, INF)


def test_supervision_is_asked_only_where_a_policy_does() -> None:
    assert known("care_delivered", therapy(), **THERAPY) is True
    assert known("care_delivered", therapy(), supervised=True, **THERAPY) is None
    assert known("care_delivered", therapy(supervised=True), supervised=True, **THERAPY) is True
    assert (
        known("care_delivered", therapy(supervised=False), complete("treatment"), supervised=True, **THERAPY) is False
    )


# ── diagnoses and operations ─────────────────────────────────────────────────────────────────────────

INFECTION = {"category": "infection"}


def diagnosis(**told: Any) -> Event:
    return event("diagnosis", "2026-01-01/", **(INFECTION | told))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), None),
        ((diagnosis(clinical_status="active"),), True),
        ((diagnosis(),), None),  # active or over is not recorded
        ((diagnosis(clinical_status="resolved"),), None),
        ((diagnosis(clinical_status="active", certainty="coded"),), None),
        ((diagnosis(clinical_status="active", modality="provisional"),), None),
        ((diagnosis(clinical_status="active", modality="family"), complete("diagnosis")), False),
        ((diagnosis(clinical_status="resolved"), complete("diagnosis")), False),
        ((diagnosis(clinical_status="active", modality="provisional"), complete("diagnosis")), None),
        ((complete("diagnosis", "infection"),), False),  # "no known infection"
        ((complete("diagnosis", "infection", up_to="2026-03-05"),), False),  # relied on for 180 days
        ((complete("diagnosis", "infection", up_to="2026-03-04"),), None),
        ((complete("diagnosis", "tumour"),), None),
        ((diagnosis(clinical_status="active", modality="negated"),), None),  # refuted on a day; absence is stated
    ],
)
def test_an_infection_stands(told: Sequence[Event], expected: bool | None) -> None:
    assert known("diagnosis_active", *told, **INFECTION) is expected


def test_a_warning_reads_codes_where_it_asks_for_them() -> None:
    told = diagnosis(clinical_status="active", certainty="coded")
    assert known("diagnosis_active", told, certainty=["stated", "coded"], **INFECTION) is True


def test_a_fusion_of_one_joint_is_seen_from_both() -> None:
    left = event("operation", "2026-03-01", target="si_joint")
    right = event("operation", "2026-07-23", target="si_joint", side="right")
    assert known("joint_fused", left) is True
    assert known("other_joint_fused", left) is None
    assert known("other_joint_fused", right) is True
    assert known("months_since_joint_fusion", left) == (6, 6)
    assert known("days_since_other_joint_fusion", left, right) == (40, 40)


def test_what_is_planned_is_no_operation() -> None:
    plan = event("operation", "2026-08-01", target="si_joint", side="both", modality="intended")
    assert known("planned_bilateral_same_day", plan) is True
    assert known("joint_fused", plan, complete("operation")) is False
    assert known("planned_bilateral_same_day", plan.model_copy(update={"side": "left"})) is False
    assert known("planned_bilateral_same_day", event("operation", "2026-08-01", target="si_joint")) is None


# ── the person ───────────────────────────────────────────────────────────────────────────────────────


def test_age() -> None:
    assert known("age_years", event("person", "1956-09-01", side="none")) == (70, 70)
    assert known("age_years", event("person", "1956-09-02", side="none")) == (69, 69)
    assert known("age_years", event("person", "1956", side="none")) == (69, 70)
    twice = event("person", "1956-09-01", side="none"), event("person", "1965-09-01", side="none")
    assert known("age_years", *twice) == (61, 70)  # two days of birth: neither is believed alone


def test_a_score_older_than_the_policy_allows_is_not_counted() -> None:
    told = event("score", "2026-03-01", instrument="odi", value=48)
    assert known("score_latest", told, instrument="odi") == (48, 48)
    assert known("score_latest", told, instrument="odi", within_days=90) == (-INF, INF)
    assert known("score_latest", told, instrument="rmdq") == (-INF, INF)


LIMITS = [f"{name}_limited" for name in ("work", "sleep", "walking", "sitting", "daily_activities")]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, None),
        ({"sleep_limited": True}, True),
        ({"sleep_limited": False}, None),  # the others were not asked
        (dict.fromkeys(LIMITS, False), False),
    ],
)
def test_quality_of_life(answers: dict[str, bool], expected: bool | None) -> None:
    assert known("quality_of_life_impaired", event("function", "2026-08-01", side="none", **answers)) is expected


def test_a_symptom_that_was_reported_is_not_unsaid_by_a_later_denial() -> None:
    told = (
        event("safety_screen", "2026-08-01", side="none", fever="reported"),
        event("safety_screen", "2026-08-20", side="none", fever="denied"),
    )
    assert known("symptom_reported", *told, symptom="fever") is True
    assert known("symptom_present", *told, symptom="fever") is False
    assert known("symptom_present", *told, symptom="weight_loss") is None


def test_delivery() -> None:
    assert known("months_since_delivery", event("pregnancy", "2025-06-01/2026-03-01", outcome="delivered")) == (6, 6)
    assert known("pregnant_now", event("pregnancy", "2026-06-01/", outcome="ongoing", side="none")) is True


# ── examination and images ───────────────────────────────────────────────────────────────────────────

FIVE = ["distraction", "thigh_thrust", "compression", "sacral_thrust", "gaenslen"]


def test_provocation() -> None:
    told = event("examination", "2026-08-01", **dict.fromkeys(FIVE[:3], "positive"), sacral_thrust="unfamiliar")
    assert known("provocation_positive", told, battery=FIVE) == (3, 4)
    assert known("provocation_positive", told, battery=FIVE[:3]) == (3, 3)
    assert known("provocation_positive", told, battery=FIVE, within_days=20) == (0, 5)


@pytest.mark.parametrize(
    ("told", "shows", "shows_none"),
    [
        ({"tumour": "present"}, True, False),
        ({"tumour": "absent"}, None, True),
        ({}, None, None),  # a report that does not speak of it excludes nothing
        ({"tumour": "absent", "modality": "intended"}, None, None),  # ordered
        ({"tumour": "absent", "region": "lumbar"}, None, None),  # another region
    ],
)
def test_what_an_image_shows(told: dict[str, Any], shows: bool | None, shows_none: bool | None) -> None:
    image = event("imaging", "2026-05-01", **({"method": "mri", "region": "si_joint"} | told))
    assert known("imaging_shows", image, finding="tumour", regions=["si_joint", "pelvis"]) is shows
    assert known("imaging_shows_none", image, finding="tumour", regions=["si_joint", "pelvis"]) is shows_none
