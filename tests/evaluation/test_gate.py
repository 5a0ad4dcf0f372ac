"""The safety gate: what stands, what is clear, and what only silence would make clear."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from evaluation.patients import AS_OF, DOCTOR, asked, event, examined, history, screen_event, view_of, without
from nutation.evaluation import Gate, plain, screen
from nutation.evidence import load

EVIDENCE = load()
ITEMS = (
    "cauda_equina", "progressive_neurology", "infection", "tumour", "sacral_fracture", "recent_major_trauma",
    "axial_spondyloarthritis", "growing_skeleton", "hip_disease", "lumbar_radiculopathy", "pregnancy",
    "anticoagulation", "contrast_allergy", "metal_allergy", "osteoporosis", "active_skin_infection",
)  # fmt: skip


def gate(*events: Any, as_of: date = AS_OF) -> Gate:
    return screen(view_of(events, as_of=as_of), EVIDENCE)


def states(answer: Gate) -> dict[str, str]:
    return {item.id: item.state for item in answer.items}


def test_every_item_is_there_and_has_a_source() -> None:
    told = gate()
    assert tuple(sorted(item.id for item in told.items)) == tuple(sorted(ITEMS))
    for item in told.items:
        assert item.citation
        assert item.closes


def test_silence_is_not_screened() -> None:
    """No event at all, a good examination, or an unremarkable history: nobody asked."""
    for events in ((), history(), (*history(), examined())):
        told = gate(*events)
        assert told.state == "not_screened"
        assert not told.open
        assert told.screened_on is None
        assert states(told)["infection"] == "not_screened"
        assert "fever" in told.item("infection").missing


def test_everything_asked_and_nothing_found_is_clear() -> None:
    told = gate(*asked())
    assert (told.state, told.screened_on, told.screened_by) == ("clear", AS_OF, DOCTOR)
    assert set(states(told).values()) == {"clear"}
    # Never "no red flags": who asked, when.
    assert told.basis == f"Asked on 2026-09-01 by {DOCTOR}, none reported."


@pytest.mark.parametrize("left_out", ["fever", "weight_loss", "saddle_numbness", "pregnant", "metal_allergy"])
def test_one_question_left_out_is_not_a_screen(left_out: str) -> None:
    told = gate(*without(asked(), "screen"), screen_event(**{left_out: None}))
    assert told.state == "not_screened"
    assert any(left_out in item.missing for item in told.items if item.state == "not_screened")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"author": None}, "nobody signed it"),
        ({"author": "patient"}, "a form that the patient filled in is no clinician's screen"),
        ({"author": "p1"}, "nor under the patient's own identifier"),
        ({"happened": "2026-05-01"}, "older than 90 days"),
        ({"happened": "2026-09-02"}, "after the day that is asked about"),
        ({"certainty": "inferred"}, "software's conclusion is no screen"),
        ({"modality": "intended"}, "an ordered screen has not been done"),
    ],
)
def test_a_screen_that_does_not_count(change: dict[str, Any], why: str) -> None:
    assert gate(*without(asked(), "screen"), screen_event(**change)).state == "not_screened", why


def test_some_items_expire_earlier_than_others() -> None:
    """A screen of 2 July is 61 days old: pregnancy, skin and cauda equina (30 days) and infection (60) are stale."""
    told = gate(*without(asked(), "screen"), screen_event(happened="2026-07-02"))
    stale = {item for item, state in states(told).items() if state == "not_screened"}
    assert stale == {"cauda_equina", "infection", "pregnancy", "active_skin_infection"}
    assert told.item("tumour").expires_on == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("item", "more"),
    [
        ("cauda_equina", [("symptom", {"symptom": "saddle_numbness", "answer": "reported"})]),
        ("progressive_neurology", [("symptom", {"symptom": "progressive_weakness", "answer": "reported"})]),
        ("progressive_neurology", [("examination", {"neurology": "progressive_deficit"})]),
        ("infection", [("imaging", {"method": "mri", "region": "si_joint", "infection": "present"})]),
        (
            "infection",
            [
                ("symptom", {"symptom": "fever", "answer": "reported"}),
                ("symptom", {"symptom": "acute_severe_onset", "answer": "reported"}),
            ],
        ),
        (
            "infection",
            [
                ("laboratory", {"analyte": "crp", "value": 60}),
                ("symptom", {"symptom": "iv_drug_use", "answer": "reported"}),
            ],
        ),
        ("tumour", [("diagnosis", {"category": "tumour"})]),
        ("sacral_fracture", [("imaging", {"method": "mri", "region": "pelvis", "fracture": "present"})]),
        ("recent_major_trauma", [("trauma", {"mechanism": "road", "major_pelvic": True})]),
        ("axial_spondyloarthritis", [("diagnosis", {"category": "inflammatory_arthropathy"})]),
        ("pregnancy", [("pregnancy", {"outcome": "ongoing"})]),
        ("anticoagulation", [("medication", {"drug_class": "anticoagulant"})]),
        ("contrast_allergy", [("symptom", {"symptom": "contrast_allergy", "answer": "reported"})]),
        ("metal_allergy", [("diagnosis", {"category": "metal_allergy"})]),
        ("osteoporosis", [("diagnosis", {"category": "osteoporosis"})]),
        ("active_skin_infection", [("symptom", {"symptom": "active_skin_infection", "answer": "reported"})]),
    ],
)
def test_what_makes_an_item_stand(item: str, more: list[tuple[str, dict[str, Any]]]) -> None:
    """A complete screen with nothing reported does not outweigh it."""
    events = [event(f"more-{i}", kind, "2026-08-25", **told) for i, (kind, told) in enumerate(more)]
    told = gate(*asked(), *events)
    assert told.state == "standing"
    assert told.item(item).state == "standing"
    assert {e.id for e in events} <= set(told.item(item).witnesses)
    assert told.item(item).question


@pytest.mark.parametrize(
    "change", [{"certainty": "coded"}, {"certainty": "inferred"}, {"modality": "provisional"}, {"side": "unknown"}]
)
def test_a_warning_fires_on_what_a_permission_would_not_take(change: dict[str, Any]) -> None:
    """Coded, inferred, suspected, or of a side that is not recorded: each is enough for a warning."""
    told = gate(*asked(), event("infected", "diagnosis", "2026-08-25", category="infection", **change))
    assert told.item("infection").state == "standing"


@pytest.mark.parametrize(
    "change", [{"modality": "negated"}, {"modality": "family"}, {"modality": "intended"}, {"happened": "2026-09-05"}]
)
def test_what_was_not_so_warns_of_nothing(change: dict[str, Any]) -> None:
    happened = change.pop("happened", "2026-08-25")
    told = gate(*asked(), event("infected", "diagnosis", happened, category="infection", **change))
    assert told.item("infection").state == "clear"


def test_two_statements_that_disagree_warn() -> None:
    """One image, reported twice: fracture present, fracture absent."""
    one = event("read-1", "imaging", "2026-08-25", method="ct", region="si_joint", fracture="present")
    two = event("read-2", "imaging", "2026-08-25", method="ct", region="si_joint", fracture="absent")
    assert gate(*asked(), one, two).item("sacral_fracture").state == "standing"


@pytest.mark.parametrize(
    ("risk", "item"),
    [
        ("fever", "infection"),
        ("cancer_history", "tumour"),
        ("night_rest_pain", "tumour"),
        ("long_term_steroid", "sacral_fracture"),
    ],
)
def test_a_risk_factor_leaves_a_question_and_raises_no_alarm(risk: str, item: str) -> None:
    told = gate(*without(asked(), "screen"), screen_event(**{risk: "reported"}))
    assert told.state == "not_screened"
    assert told.urgency is None
    answer = told.item(item)
    assert (answer.state, answer.kind, answer.witnesses) == ("not_screened", "risk_factor", ("screen",))
    assert answer.question


def test_a_combination_needs_enough_of_it() -> None:
    """Osteoporosis alone asks about a fracture; with a fusion to the sacrum it stands."""
    weak = event("weak", "diagnosis", "2025-01-01/", category="osteoporosis")
    fused = event("fused", "operation", "2023-01-01", target="lumbar_fusion", fused_to_sacrum=True)
    assert gate(*asked(), weak).item("sacral_fracture").kind == "risk_factor"
    assert gate(*asked(), fused).item("sacral_fracture").state == "clear"
    both = gate(*asked(), weak, fused).item("sacral_fracture")
    assert (both.state, both.kind) == ("standing", "combination")
    assert {"weak", "fused"} <= set(both.witnesses)


def test_inflammatory_pain_needs_four_of_five() -> None:
    """Onset at 28 of 26 months' pain; the features are told one after another."""
    story = (
        event("person", "person", "1996-01-01", side="none", sex="male"),
        event("onset", "onset", "2024-07-01", cause="insidious"),
        screen_event(),
        examined(),
    )

    def told(**features: bool) -> str:
        return (
            gate(*story, event("pattern", "pain_pattern", "2026-08-20", **features))
            .item("axial_spondyloarthritis")
            .state
        )

    assert told() == "not_screened"
    assert told(insidious=True, better_with_exercise=True) == "not_screened"
    assert told(insidious=True, better_with_exercise=True, better_with_rest=False) == "standing"
    # Two denials leave at most three of five.
    assert told(better_with_exercise=False, better_with_rest=True) == "clear"


def test_the_hip_is_asked_by_examination() -> None:
    base = without(asked(), "examination")
    assert gate(*base, examined(hip_screen=None)).item("hip_disease").state == "not_screened"
    positive = gate(*base, examined(hip_screen="positive"))
    # 80 % of patients with back pain have a positive hip test: a question, no alarm.
    assert (positive.item("hip_disease").state, positive.item("hip_disease").kind) == ("not_screened", "risk_factor")
    film = event("film", "imaging", "2026-08-22", method="xray", region="hip", hip_disease="present")
    assert gate(*base, examined(hip_screen="positive"), film).item("hip_disease").state == "standing"


def test_pregnancy_is_not_asked_of_a_man() -> None:
    man = event("person", "person", "1972-04-11", side="none", sex="male")
    told = gate(man, *without(asked(), "person", "screen"), screen_event(pregnant=None))
    assert (told.state, told.item("pregnancy").basis) == ("clear", "Does not apply to this patient.")


INFECTED = event("infected", "diagnosis", "2026-08-10", category="infection")
RESOLVED = {"item": "infection", "investigation": "MRI, cultures and CRP", "outcome": "not_found"}


def test_what_addresses_an_item() -> None:
    """Only a clinician's later statement that names the item, the investigation and a result that allows to go on."""
    told = gate(*asked(), INFECTED, event("resolved", "gate_resolution", "2026-08-20", **RESOLVED))
    assert (told.state, told.open) == ("addressed", True)
    assert told.item("infection").addressed_by == ("resolved",)
    for outcome in ("treated", "accepted_by_specialist"):
        again = event("resolved", "gate_resolution", "2026-08-20", **{**RESOLVED, "outcome": outcome})
        assert gate(*asked(), INFECTED, again).state == "addressed"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"happened": "2026-08-09"}, "it is earlier than what it is to address"),
        ({"happened": "2026-09-02"}, "it is later than the day that is asked about"),
        ({"happened": "2026"}, "its day may be earlier"),
        ({"author": None}, "nobody signed it"),
        ({"author": "patient"}, "the patient signed it"),
        ({"item": "tumour"}, "it names another item"),
        ({"investigation": None}, "it names no investigation"),
        ({"outcome": None}, "it names no result"),
        ({"outcome": "found"}, "it found it"),
        ({"certainty": "coded"}, "it was not stated"),
        ({"modality": "intended"}, "it is only planned"),
        ({"side": "right"}, "it is of the other joint"),
        ({"side": "unknown"}, "its side is not recorded"),
    ],
)
def test_what_does_not_address_an_item(change: dict[str, Any], why: str) -> None:
    told = {**RESOLVED, **change}
    happened = told.pop("happened", "2026-08-20")
    resolution = event("resolved", "gate_resolution", happened, **told)
    assert gate(*asked(), INFECTED, resolution).item("infection").state == "standing", why


def test_a_later_warning_reopens_the_item() -> None:
    resolved = event("resolved", "gate_resolution", "2026-08-20", **RESOLVED)
    image = event("mri", "imaging", "2026-08-28", method="mri", region="si_joint", infection="present")
    assert gate(*asked(), INFECTED, resolved, image).item("infection").state == "standing"


def test_what_an_investigation_found_stands_by_itself() -> None:
    found = event("found", "gate_resolution", "2026-08-20", **{**RESOLVED, "outcome": "found"})
    told = gate(*asked(), found).item("infection")
    assert (told.state, told.witnesses) == ("standing", ("found",))
    treated = event("treated", "gate_resolution", "2026-08-25", **{**RESOLVED, "outcome": "treated"})
    assert gate(*asked(), found, treated).item("infection").state == "addressed"


def test_addressing_does_not_stand_for_asking() -> None:
    """One item was looked into; nobody asked the others."""
    resolved = event("resolved", "gate_resolution", "2026-08-20", **RESOLVED)
    told = gate(*history(), examined(), INFECTED, resolved)
    infection = told.item("infection")
    assert (told.state, infection.state, infection.addressed_by) == ("not_screened", "not_screened", ("resolved",))
    assert "fever" in infection.missing


def test_the_urgency_is_the_greatest_of_what_stands() -> None:
    numb = event("numb", "symptom", "2026-08-30", symptom="saddle_numbness", answer="reported")
    weak = event("weak", "diagnosis", "2025-01-01/", category="osteoporosis")
    assert gate(*asked(), weak).urgency == "routine"
    assert gate(*asked(), weak, numb).urgency == "emergency"


def test_it_is_plain_data() -> None:
    told = plain(gate(*asked(), INFECTED))
    assert set(told) >= {"state", "items"}
    item = next(i for i in told["items"] if i["id"] == "infection")
    assert set(item) >= {
        "state", "kind", "urgency", "label", "witnesses", "asked_on", "asked_by", "expires_on", "missing", "citation",
        "basis",
    }  # fmt: skip
    assert item["asked_on"] == "2026-09-01"
