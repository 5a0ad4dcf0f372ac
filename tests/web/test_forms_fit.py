"""What a form asks of this patient now: what is open, what is not offered, what was asked for."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nutation.case import build_case, document
from nutation.record.kinds import PROVOCATION_TESTS
from nutation.record.native import read_events
from nutation.record.record import Record
from nutation.web.forms import FORMS
from nutation.web.forms.known import Known, fitted, known_of
from nutation.web.forms.shape import NOTE, Items, Section
from nutation.web.forms.view import PartView
from nutation.web.forms.viewing import view
from web.forms_made import DAY, one_of

EXAMPLES = Path(__file__).parents[2] / "examples"
BOTH = ("left", "right")


@cache
def example(name: str) -> tuple[Record, dict[str, Any]]:
    record = read_events(EXAMPLES / name / "events.yaml")
    return record, document(build_case(record, as_of=DAY))


def examination(known: Known) -> Section:
    (section,) = fitted(FORMS["examination"], known).sections()
    return section


def offered(known: Known) -> set[str]:
    return {field.name for field in examination(known).fields if not field.rare and not field.noted}


def test_the_whole_battery_is_offered_where_nothing_stands_against_it() -> None:
    record, told = example("classic-degenerative")
    known = known_of(record.events, told, "examination", BOTH, today=DAY)
    assert set(PROVOCATION_TESTS) <= offered(known)
    assert examination(known).aside == ""


@pytest.mark.parametrize("fresh", [True, False])
def test_no_provocation_while_infection_is_open(fresh: bool) -> None:
    record, told = example("septic-sacroiliitis")
    known = known_of(record.events, told if fresh else None, "examination", BOTH, today=DAY, fresh=fresh)
    assert offered(known).isdisjoint(PROVOCATION_TESTS)
    assert "centralisation" not in offered(known)
    assert {"neurology", "hip_screen", "straight_leg_raise"} <= offered(known)
    assert "Infection of the joint" in examination(known).aside


def test_what_is_not_offered_can_still_be_recorded_with_its_remark() -> None:
    record, told = example("septic-sacroiliitis")
    section = examination(known_of(record.events, told, "examination", BOTH, today=DAY))
    aside = {field.name for field in section.fields if field.rare}
    assert set(PROVOCATION_TESTS) | {f"{NOTE}{name}" for name in PROVOCATION_TESTS} <= aside
    assert {field.name for field in section.fields} == {f.name for f in FORMS["examination"].sections()[0].fields}


def test_an_answer_made_before_the_last_entry_does_not_speak_for_the_gate() -> None:
    """A saddle numbness entered a moment ago stops the provocation, whatever the stored answer says."""
    record, told = example("classic-degenerative")
    screen = one_of("safety_screen", {"day": "2026-09-10", "screen.0.saddle_numbness": "reported"})
    events = (*record.events, screen.model_copy(update={"patient": record.patient}))
    assert set(PROVOCATION_TESTS) <= offered(known_of(events, told, "examination", BOTH, today=DAY, fresh=True))
    stale = known_of(events, told, "examination", BOTH, today=DAY, fresh=False)
    assert offered(stale).isdisjoint(PROVOCATION_TESTS)
    assert "Compression of the cauda equina" in examination(stale).aside


def test_the_thigh_thrust_is_not_offered_in_pregnancy_nor_connective_tissue_disease() -> None:
    record, told = example("classic-degenerative")
    pregnant = one_of("safety_screen", {"day": "2026-09-10", "screen.0.pregnant": "reported"})
    loose = one_of("diagnosis", {"side": "none", "diagnosis.0.category": "connective_tissue",
                                 "diagnosis.0.modality": "provisional"})  # fmt: skip
    for event, fresh in ((pregnant, False), (loose, True)):
        events = (*record.events, event.model_copy(update={"patient": record.patient}))
        known = known_of(events, told, "examination", BOTH, today=DAY, fresh=fresh)
        assert "thigh_thrust" not in offered(known)
        assert set(PROVOCATION_TESTS) - {"thigh_thrust"} <= offered(known)
        assert "thigh thrust" in examination(known).aside


def test_the_tests_of_the_next_step_are_what_is_offered() -> None:
    record, told = example("classic-degenerative")
    step = {"id": "provocation_battery", "form": "examination", "side": "left", "label": "Examine", "tests": ["faber"]}
    known = known_of(record.events, {**told, "next": [step]}, "examination", BOTH, today=DAY)
    assert "thigh_thrust" not in offered(known)
    assert known.steps == ("Examine",)


def test_pregnancy_is_not_asked_of_a_man() -> None:
    man = one_of("history", {"day": "2026-09-10", "person.0.sex": "male"})
    woman = one_of("history", {"day": "2026-09-10", "person.0.sex": "female"})
    for person, asked in ((man, False), (woman, True)):
        known = known_of((person,), None, "safety_screen", BOTH, today=DAY)
        (section,) = fitted(FORMS["safety_screen"], known).sections()
        assert ("pregnant" in {field.name for field in section.fields}) is asked


def test_what_a_payer_lacks_stands_first_in_the_attestation() -> None:
    steps = [
        {"id": "payer:diagnosis_active:somatoform", "form": "attestation", "side": None, "label": "…", "tests": []},
        {"id": "payer:attested:operator_trained", "form": "attestation", "side": None, "label": "…", "tests": []},
    ]
    known = known_of((), {"next": steps}, "attestation", BOTH, today=DAY)
    exclusions, statements, _ = fitted(FORMS["attestation"], known).parts
    assert isinstance(exclusions, Items)
    assert [item.name for item in exclusions.items] == ["somatoform"]
    assert "infection" in {item.name for item in exclusions.rest}
    assert isinstance(statements, Items)
    assert [item.name for item in statements.items] == ["operator_trained"]
    assert statements.fold == "open"


def parts(form: str, known: Known) -> dict[str, PartView]:
    return {part.id: part for part in view(fitted(FORMS[form], known), known, {}).view.parts}


def test_a_part_is_folded_once_it_is_recorded_and_open_again_where_a_step_asks_for_it() -> None:
    record, told = example("classic-degenerative")
    known = known_of(record.events, told, "history", BOTH, today=DAY)
    folded = parts("history", known)
    assert (folded["function"].folded, folded["function"].open) == (True, False)
    assert folded["person"].recorded == "1972-04-11"
    assert parts("history", Known())["function"].folded is False
    step = {"id": "payer:trauma_within", "form": "history", "side": "left", "label": "An injury?", "tests": []}
    asked = known_of(record.events, {**told, "next": [step]}, "history", BOTH, today=DAY)
    assert parts("history", asked)["trauma"].open


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_ticked_in_advance(form: str) -> None:
    record, told = example("classic-degenerative")
    known = known_of(record.events, told, form, BOTH, today=DAY)
    made = view(fitted(FORMS[form], known), known, {"day": ["2026-09-10"]}).view
    for part in made.parts:
        for block in part.blocks:
            assert not block.told or part.id == ""
        assert not any(row.told for row in part.rest)


def test_an_open_item_of_the_gate_is_named_first() -> None:
    record, told = example("septic-sacroiliitis")
    known = known_of(record.events, told, "gate_resolution", BOTH, today=date(2026, 9, 10))
    assert known.items[0].open
    assert "infection" in {item.id for item in known.items if item.open}
    (section,) = fitted(FORMS["gate_resolution"], known).sections()
    (item,) = [field for field in section.fields if field.name == "item"]
    assert ("infection", "Infection of the joint (open)") in item.answers
