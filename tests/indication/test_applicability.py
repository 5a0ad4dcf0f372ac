"""Whether a rule set speaks of this operation: device, code, plan, place, day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from indication.patient import answer_of, event, view_of, with_events
from nutation.indication import (
    Device,
    current,
    evidence_for,
    in_force,
    policies,
    policy,
    setting,
    suggest_procedure,
    why_not_seen,
)
from nutation.record.errors import InputError
from nutation.record.head import Event

LATERAL = Device(
    route="lateral", transfixing=True, kind="titanium_triangular", regulatory="cleared_device", graft=False
)
ALLOGRAFT = Device(route="posterior", transfixing=False, kind="allograft", regulatory="tissue_product", graft=True)


def planned(device: Device, **told: Any) -> Event:
    return event(
        "plan", "operation", told.pop("day", "2026-06-15"), modality="intended", target="si_joint", route=device.route,
        transfixing=device.transfixing, device_kind=device.kind, regulatory=device.regulatory, graft=device.graft,
        **told,
    )  # fmt: skip


def insured(payer: str, state: str | None = None, **told: Any) -> Event:
    return event("cover", "coverage", "2025-01-01/", side="none", payer=payer, jurisdiction=state, **told)


def test_lateral_implants_and_an_allograft_get_different_answers() -> None:
    """The same patient: Aetna speaks of the transfixing lateral device and refuses the one inside the joint."""
    lateral = answer_of("AETNA_CPB0016", with_events(insured("Aetna"), planned(LATERAL)))
    assert (lateral.procedure, lateral.applicability, lateral.verdict) == ("27279", "applies", "met")
    graft = answer_of("AETNA_CPB0016", with_events(insured("Aetna"), planned(ALLOGRAFT)))
    assert (graft.procedure, graft.applicability, graft.verdict) == ("27278", "not_this_device", "not_met")
    assert "unproven" in graft.applicability_reason
    assert graft.basis == "secondary"


@pytest.mark.parametrize(
    "policy_id",
    [
        "AETNA_CPB0016", "CARELON_MSK05", "EVICORE_CMM611", "AMBETTER_CENTENE", "BCBS_TN", "MEDICARE_2025_ARTHRODESIS",
        "BCBS_AL_MP555", "TRIAL_INSITE_SIFI", "IFUSE_LABEL", "NASS_2015", "PREMERA_6.01.527",
    ],
)  # fmt: skip
def test_no_rule_set_of_lateral_devices_speaks_of_an_allograft(policy_id: str) -> None:
    assert answer_of(policy_id, with_events(planned(ALLOGRAFT))).applicability == "not_this_device"


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        pytest.param(LATERAL, "27279", id="passes through both bones, from the side"),
        pytest.param(ALLOGRAFT, "27278", id="lies inside the joint"),
        pytest.param(
            Device(route="posterior", transfixing=True, kind="allograft"), "27278",
            id="an allograft that its maker calls transfixing",
        ),
        pytest.param(Device(route="anterior", transfixing=True, kind="plate"), "27280", id="opened from the front"),
        pytest.param(Device(route="lateral", kind="titanium_triangular"), None, id="transfixing is not recorded"),
    ],
)  # fmt: skip
def test_the_code_is_suggested_from_the_attributes(device: Device, expected: str | None) -> None:
    suggestion = suggest_procedure(device)
    assert (suggestion.code if suggestion else None) == expected
    if suggestion:
        assert "To be settled by a person" in suggestion.text()


def test_a_suggestion_names_what_could_change_it() -> None:
    """Transfixing, but the route is not recorded: opened from the front it would be another code."""
    suggestion = suggest_procedure(Device(transfixing=True, kind="threaded_screw"))
    assert suggestion is not None
    assert (suggestion.code, suggestion.missing) == ("27279", ("route",))


def test_a_code_that_contradicts_the_device_is_said_aloud() -> None:
    answer = answer_of("AETNA_CPB0016", with_events(planned(ALLOGRAFT)), procedure="27279")
    assert any("27278" in caution for caution in answer.cautions)
    assert answer.applicability == "not_this_device"


def test_without_a_planned_operation_the_code_is_an_assumption() -> None:
    answer = answer_of("AETNA_CPB0016", with_events(insured("Aetna"), without=("plan",)))
    assert (answer.procedure, answer.applicability) == ("27279", "applies")
    assert "no device is planned" in answer.procedure_reason


@pytest.mark.parametrize(
    ("code", "expected"), [("27279", "applies"), ("27278", "not_this_device"), ("27280", "not_this_device")]
)
def test_a_code_that_is_asked_about_decides_without_a_device(code: str, expected: str) -> None:
    events = with_events(insured("Aetna"), without=("plan",))
    assert answer_of("AETNA_CPB0016", events, procedure=code).applicability == expected


def test_attributes_of_a_planned_device_that_are_not_recorded_forbid_met() -> None:
    """A transfixing device of a kind that nobody recorded may be the hybrid that Aetna refuses."""
    vague = Device(route="lateral", transfixing=True)
    answer = answer_of("AETNA_CPB0016", with_events(insured("Aetna"), planned(vague)))
    assert (answer.applicability, answer.verdict) == ("applies", "undetermined")
    assert any("device kind" in reason for reason in answer.reasons)


@pytest.mark.parametrize(
    ("payer", "policy_id", "expected"),
    [
        pytest.param("Aetna Life Insurance", "AETNA_CPB0016", "applies", id="its own plan"),
        pytest.param("Cigna HealthCare", "AETNA_CPB0016", "not_in_scope", id="another payer's"),
        pytest.param("Cigna HealthCare", "EVICORE_CMM611", "applies", id="the benefit manager's named plan"),
        pytest.param("Oscar", "EVICORE_CMM611", "plan_unknown", id="a plan that may use the benefit manager"),
        pytest.param("Oscar", "NASS_2015", "applies", id="a society speaks whoever pays"),
        pytest.param("Medicare", "MEDICARE_L39025", "applies", id="Medicare"),
    ],
)
def test_the_plan(payer: str, policy_id: str, expected: str) -> None:
    assert answer_of(policy_id, with_events(insured(payer))).applicability == expected


def test_no_plan_recorded_is_unknown_and_not_a_no() -> None:
    answer = answer_of("AETNA_CPB0016", with_events())
    assert (answer.applicability, answer.verdict) == ("plan_unknown", "met")


def test_a_plan_that_ended_does_not_count() -> None:
    """Covered until the end of June; operated on 20 July."""
    ended = event("cover", "coverage", "2024-01-01/2026-06-30", side="none", payer="Aetna")
    in_july = planned(LATERAL, day="2026-07-20")
    assert answer_of("AETNA_CPB0016", with_events(ended, in_july)).applicability == "plan_unknown"
    assert answer_of("AETNA_CPB0016", with_events(ended)).applicability == "applies"


@pytest.mark.parametrize(
    ("cover", "plan"),
    [
        pytest.param((), "unknown", id="no place recorded"),
        pytest.param((insured("Apple Health", "OR"),), "other", id="another state"),
        pytest.param((insured("Apple Health", "WA"),), "own", id="the state's own plan"),
        pytest.param((insured("Aetna", "WA"),), "other", id="a private plan in that state"),
    ],
)
def test_a_state_s_refusal_is_said_with_whom_it_binds(cover: tuple[Event, ...], plan: str) -> None:
    """What the determination says does not depend on the patient; whether it is the patient's own is beside it."""
    answer = answer_of("WA_STATE_HTCC", with_events(*cover))
    assert (answer.applicability, answer.verdict, answer.basis) == ("not_covered", "not_met", "verified")
    assert answer.plan == plan


@pytest.mark.parametrize(
    ("state", "expected"), [(None, "jurisdiction_unknown"), ("OH", "not_in_scope"), ("GB", "applies")]
)
def test_the_place(state: str | None, expected: str) -> None:
    """NICE speaks in Great Britain."""
    answer = answer_of("NICE_IPG578", with_events(insured("NHS", state)))
    assert (answer.applicability, answer.verdict) == (expected, "met")


@pytest.mark.parametrize("category", ["infection", "tumour", "inflammatory_arthropathy"])
def test_a_state_s_refusal_does_not_speak_of_what_it_leaves_out(category: str) -> None:
    ill = event("ill", "diagnosis", "2026-05-01/", category=category, clinical_status="active")
    answer = answer_of("WA_STATE_HTCC", with_events(insured("Apple Health", "WA"), ill))
    assert (answer.applicability, answer.verdict) == ("not_in_scope", "undetermined")


def test_a_revision_is_left_out_too() -> None:
    fused = event("fused", "operation", "2024-05-01", target="si_joint", result="none")
    answer = answer_of("WA_STATE_HTCC", with_events(insured("Apple Health", "WA"), fused))
    assert answer.applicability == "not_in_scope"


@pytest.mark.parametrize(("day", "expected"), [(date(2025, 11, 14), False), (date(2025, 11, 15), True)])
def test_a_text_holds_from_its_day(day: date, expected: bool) -> None:
    """Carelon's guideline took effect on 2025-11-15."""
    assert in_force(policy("CARELON_MSK05"), day) is expected


def test_the_day_of_service_is_that_of_the_planned_operation() -> None:
    """An order without a day of its own is of the day it was written; the service is not before the as-of day."""
    assert setting(view_of(with_events(planned(LATERAL, day="2026-07-20")))).on == date(2026, 7, 20)
    assert setting(view_of(with_events(planned(LATERAL, day="2026-05-02")))).on == date(2026, 6, 15)
    assert setting(view_of(with_events(without=("plan",)))).on == date(2026, 6, 15)


def test_a_text_that_does_not_hold_yet_is_never_met() -> None:
    answer = answer_of("CARELON_MSK05", with_events(), on=date(2025, 11, 14))
    assert (answer.applicability, answer.verdict) == ("not_in_force", "undetermined")


def test_superseded_versions_stay_and_do_not_hold() -> None:
    versions = {p.version for p in policies() if p.id == "EVICORE_CMM611"}
    assert versions == {"undated", "undated-older"}
    assert policy("EVICORE_CMM611").version == "undated"
    assert policy("EVICORE_CMM611", "undated-older").told.device.kinds == ("titanium_triangular",)
    assert answer_of("EVICORE_CMM611", with_events(), version="undated-older").applicability == "not_in_force"
    assert len({p.id for p in current(policies(), date(2026, 6, 15))}) == len(current(policies(), date(2026, 6, 15)))


def test_an_announced_text_says_that_its_status_must_be_looked_up() -> None:
    answer = answer_of("MEDICARE_2025_ARTHRODESIS", with_events(insured("Medicare")))
    assert any("look up whether it does" in caution for caution in answer.cautions)


def test_a_text_dated_after_the_day_of_service_says_so() -> None:
    answer = answer_of("AETNA_CPB0016", with_events(), on=date(2026, 1, 1))
    assert any("2026-02-11" in caution for caution in answer.cautions)


def test_an_unknown_id_gets_the_one_that_was_meant() -> None:
    with pytest.raises(InputError, match="AETNA_CPB0016"):
        policy("AETNA")
    with pytest.raises(InputError, match="InterQual"):
        policy("uhc")
    assert why_not_seen("HUMANA") is not None


def test_trials_of_one_class_are_never_shown_for_another() -> None:
    lateral = evidence_for(LATERAL)
    assert lateral.device_class == "lateral_titanium"
    assert any(entry.id.startswith("insite") for entry in lateral.entries)
    graft = evidence_for(ALLOGRAFT)
    assert graft.device_class == "posterior_allograft"
    assert graft.entries
    assert {entry.device for entry in graft.entries} == {"posterior_allograft"}
    assert not {entry.id for entry in lateral.entries} & {entry.id for entry in graft.entries}


def test_an_unknown_device_gets_no_trial_s_results() -> None:
    unknown = evidence_for(Device(kind="titanium_triangular"))
    assert (unknown.device_class, unknown.entries) == (None, ())
    assert "not known" in unknown.reason
