"""What was typed into a form becomes events: everything may stay empty, and nothing is invented."""

from __future__ import annotations

from datetime import date

import pytest

from nutation.record.checks import check
from nutation.record.kinds import (
    AdverseEvent,
    Attestation,
    Completeness,
    Diagnosis,
    Examination,
    Injection,
    Onset,
    Operation,
    PainPattern,
    PainScore,
    SafetyScreen,
)
from nutation.record.period import Period
from nutation.web.forms import FORMS
from web.forms_made import DAY, events_of, filled_in, one_of, wrong_in

# -- partial answers ---------------------------------------------------------------------------------


def test_an_empty_form_makes_nothing_and_says_so() -> None:
    for name in FORMS:
        if name != "letter":
            assert wrong_in(name, {"day": "2026-09-10", "signed": "Dr R. Halvorsen"}) == {
                "": "Nothing was entered. answer at least one question, or leave the form."
            }


def test_what_stays_empty_is_not_recorded_and_not_known_is_kept_as_that() -> None:
    screen = one_of("safety_screen", {"day": "2026-09-10", "screen.0.fever": "denied", "screen.0.weight_loss": "?"})
    assert isinstance(screen, SafetyScreen)
    assert screen.fever == "denied"
    assert screen.weight_loss is None
    assert screen.saddle_numbness is None
    assert screen.asked_not_known == ("weight_loss",)
    assert screen.side == "none"
    assert screen.author == "Dr R. Halvorsen, orthopaedic surgeon"
    assert screen.source.system == "nutation clinic"


def test_a_number_can_be_not_known_by_its_box_or_by_a_question_mark() -> None:
    told = {"day": "2026-04-03", "side": "left", "injection.0.volume_ml.unknown": "?", "injection.0.score_before": "?"}
    injection = one_of("injection", told)
    assert injection.asked_not_known == ("volume_ml", "score_before")


def test_numbers_are_read_as_a_clinic_writes_them() -> None:
    injection = one_of("injection", {"day": "3.4.2026", "side": "left", "injection.0.volume_ml": " 1,5 "})
    assert isinstance(injection, Injection)
    assert injection.volume_ml == 1.5
    assert injection.happened == Period.on(date(2026, 4, 3))


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2026-03-14", "2026-03-14", "2026-03-14"),
        ("14.3.2026", "2026-03-14", "2026-03-14"),
        ("14 March 2026", "2026-03-14", "2026-03-14"),
        ("March 2026", "2026-03-01", "2026-03-31"),
        ("3/2026", "2026-03-01", "2026-03-31"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2025", "2025-01-01", "2025-12-31"),
    ],
)
def test_dates_as_they_are_typed(typed: str, first: str, last: str) -> None:
    event = one_of("injection", {"day": typed, "side": "left", "injection.0.steroid": "no"})
    assert (str(event.happened.from_), str(event.happened.to)) == (first, last)


def test_without_side_or_date_it_is_taken_after_a_second_look() -> None:
    found_ = filled_in("injection", {"injection.0.steroid": "no"})
    assert found_.events[0].side == "unknown"
    assert found_.events[0].happened == Period()
    assert [text.split(":")[0] for text in found_.looks] == ["No side is given", "No date is given"]


def test_a_course_from_month_to_month_is_sure_of_the_days_between() -> None:
    event = one_of(
        "conservative_care",
        {"side": "left", "course.0.care": "physical_therapy", "course.0.from": "2026-01", "course.0.to": "2026-06"},
    )
    assert event.happened == Period.model_validate("2026-01/2026-06")


def test_several_courses_in_one_form() -> None:
    told = {"side": "both", "course.0.care": "bracing", "course.3.care": "acupuncture", "course.3.from": "2026"}
    events = events_of("conservative_care", told)
    assert [getattr(event, "care", None) for event in events] == ["bracing", "acupuncture"]
    assert len({event.id for event in events}) == 2


def test_an_onset_of_unknown_day_lies_before_the_talk() -> None:
    (onset,) = events_of("history", {"day": "2026-09-10", "side": "left", "onset.0.cause": "trauma"})
    assert isinstance(onset, Onset)
    assert onset.happened == Period.model_validate({"to": DAY})


def test_both_joints_of_one_examination_share_what_is_asked_once() -> None:
    told = {
        "day": "2026-09-10",
        "examination.once.centralisation": "absent",
        "examination.left.distraction": "positive",
        "examination.left.gaenslen": "not_done",
        "examination.left.note.gaenslen": "hip too stiff",
        "examination.right.distraction": "unfamiliar",
    }
    left, right = events_of("examination", told)
    assert isinstance(left, Examination)
    assert isinstance(right, Examination)
    assert (left.side, right.side) == ("left", "right")
    assert left.centralisation == right.centralisation == "absent"
    assert (left.distraction, right.distraction) == ("positive", "unfamiliar")
    assert left.gaenslen == "not_done"
    assert left.note == "Gaenslen, remark: hip too stiff"
    assert right.gaenslen is None
    assert left.encounter == right.encounter == "visit 2026-09-10"


def test_a_joint_that_was_not_examined_gets_no_event() -> None:
    told = {"day": "2026-09-10", "examination.once.neurology": "normal", "examination.right.faber": "negative"}
    assert one_of("examination", told).side == "right"
    shown = {"day": "2026-09-10", "examination.once.neurology": "normal", "examination.left": "1"}
    assert one_of("examination", shown).side == "left"


def test_an_injection_has_no_encounter_of_the_form() -> None:
    """Two people who enter one injection tell of one injection."""
    assert one_of("injection", {"day": "2026-04-03", "side": "left", "injection.0.steroid": "no"}).encounter is None


# -- the pain map ------------------------------------------------------------------------------------


def test_the_map_gives_scores_by_site_and_side_and_answers_the_pattern() -> None:
    told = {
        "day": "2026-09-10", "map.left.si_region": "yes", "map.left.si_region.nrs": "7", "map.left.groin": "yes",
        "map.right.buttock.nrs": "3", "map.none.where": "neck",
    }  # fmt: skip
    events = events_of("history", told)
    scores = {(e.side, e.site): (e.nrs, e.rates) for e in events if isinstance(e, PainScore)}
    assert scores == {
        ("left", "si_region"): (7, "average"),
        ("left", "groin"): (None, None),
        ("right", "buttock"): (3, "average"),
        ("none", "elsewhere"): (None, None),
    }
    patterns = {e.side: (e.groin, e.radiates_below_knee) for e in events if isinstance(e, PainPattern)}
    assert patterns == {"left": (True, None)}


def test_an_empty_region_is_a_no_only_where_it_hurts_nowhere_else() -> None:
    events = events_of("history", {"day": "2026-09-10", "map.left.buttock": "yes", "map.only": "yes"})
    patterns = {e.side: (e.groin, e.radiates_below_knee) for e in events if isinstance(e, PainPattern)}
    assert patterns == {"left": (False, False)}


def test_a_leg_is_one_site_and_its_parts_are_noted() -> None:
    told = {"day": "2026-09-10", "map.left.thigh": "yes", "map.left.below_knee": "yes", "map.left.leg.nrs": "4"}
    events = events_of("history", told)
    (leg,) = [e for e in events if isinstance(e, PainScore)]
    assert (leg.site, leg.nrs, leg.note) == ("leg", 4, "Where: thigh, below the knee")
    (pattern,) = [e for e in events if isinstance(e, PainPattern)]
    assert pattern.radiates_below_knee is True


def test_map_and_question_may_not_say_the_opposite() -> None:
    told = {"day": "2026-09-10", "side": "left", "map.left.groin": "yes", "pattern.0.groin": "no"}
    assert "the map says the opposite" in wrong_in("history", told)["pattern.0.groin"]


# -- lists -------------------------------------------------------------------------------------------


def test_an_exclusion_is_a_statement_of_completeness_and_what_is_present_a_diagnosis() -> None:
    told = {
        "day": "2026-09-10", "signed": "dr r. halvorsen", "exclusion.infection": "absent",
        "exclusion.tumour": "present", "exclusion.diabetes": "?", "statement.operator_trained": "no",
    }  # fmt: skip
    none, there, open_, statement = events_of("attestation", told)
    assert isinstance(none, Completeness)
    assert (none.of, none.topic, none.up_to, none.side) == ("diagnosis", "infection", DAY, "both")
    assert isinstance(there, Diagnosis)
    assert (there.category, there.clinical_status, there.side) == ("tumour", "active", "none")
    assert there.happened == Period.model_validate({"sure_from": DAY, "sure_to": DAY})
    assert isinstance(open_, Attestation)
    assert open_.asked_not_known == ("holds",)
    assert isinstance(statement, Attestation)
    assert (statement.statement, statement.holds) == ("operator_trained", False)


def test_statements_are_signed_with_the_name_of_the_account() -> None:
    told = {"day": "2026-09-10", "exclusion.infection": "absent"}
    assert "not signed" in wrong_in("attestation", told)["signed"]
    assert "not the one of this account" in wrong_in("attestation", {**told, "signed": "Dr Nobody"})["signed"]
    assert len(events_of("attestation", {**told, "signed": "Dr R.  Halvorsen, orthopaedic surgeon"})) == 1


def test_all_of_a_kind_is_complete_up_to_today_whatever_day_the_form_is_about() -> None:
    told = {"day": "2026-04-03", "side": "left", "injection.0.steroid": "no", "all_injections.injection": "yes"}
    _, closing = events_of("injection", told)
    assert isinstance(closing, Completeness)
    assert (closing.of, closing.up_to, closing.happened) == ("injection", DAY, Period.on(DAY))


# -- what a kind cannot hold -------------------------------------------------------------------------


def test_an_operation_with_its_device_and_a_complication() -> None:
    told = {
        "day": "2026-09-01", "side": "left", "operation.0.modality": "actual", "operation.0.target": "si_joint",
        "operation.0.route": "lateral", "operation.0.transfixing": "yes", "operation.0.implants": "3",
        "operation.0.implant_lots": "S1: A12; S2: A13; S3: A14", "operation.0.graft": "yes",
        "operation.0.graft_kind": "allograft", "operation.0.graft_lot": "T-771, 5 ml",
        "operation.0.anaesthesia": "general", "operation.0.nerve_monitoring": "emg", "operation.0.blood_loss_ml": "30",
        "operation.0.closure": "skin glue", "operation.0.note.surgeon": "R. Halvorsen", "operation.0.note": "No event.",
        "complication.0.category": "wound", "complication.0.severe": "no", "complication.0.happened": "2026-09-08",
    }  # fmt: skip
    operation, wound = events_of("operation", told)
    assert isinstance(operation, Operation)
    assert (operation.modality, operation.target, operation.implants) == ("actual", "si_joint", 3)
    assert operation.implant_lots == "S1: A12; S2: A13; S3: A14"
    assert (operation.graft, operation.graft_kind, operation.graft_lot) == (True, "allograft", "T-771, 5 ml")
    assert (operation.anaesthesia, operation.nerve_monitoring, operation.blood_loss_ml) == ("general", "emg", 30)
    assert operation.closure == "skin glue"
    assert operation.note == "Surgeon and assistants: R. Halvorsen\nNo event."
    assert isinstance(wound, AdverseEvent)
    assert (wound.category, wound.severe, wound.side) == ("wound", False, "left")


def test_a_complication_before_its_operation_is_looked_at_first() -> None:
    told = {
        "day": "2026-09-01", "side": "left", "operation.0.modality": "actual", "operation.0.target": "si_joint",
        "complication.0.category": "haematoma", "complication.0.happened": "2026-08-31",
    }  # fmt: skip
    assert any("before the day of the operation" in text for text in filled_in("operation", told).looks)
    assert filled_in("operation", told | {"complication.0.happened": "2026-09-01"}).looks == ()


def test_a_planned_operation_is_an_intention_and_may_lie_ahead() -> None:
    told = {"day": "2026-12-01", "side": "left", "operation.0.modality": "intended", "operation.0.target": "si_joint"}
    assert one_of("operation", told).modality == "intended"


def test_whether_an_operation_is_planned_or_done_has_to_be_said() -> None:
    told = {"day": "2026-09-01", "side": "left", "operation.0.target": "si_joint"}
    assert "not answered" in wrong_in("operation", told)["operation.0.modality"]


def test_a_letter_is_no_event() -> None:
    found_ = filled_in("letter", {"day": "2026-09-01", "letter.title": "From the GP", "letter.text": "Dear all,\r\n…"})
    assert found_.events == ()
    assert found_.letter is not None
    assert found_.letter.text == "Dear all,\n…"


# -- mistakes ----------------------------------------------------------------------------------------

_INJECTION = {"day": "2026-04-03", "side": "left"}


@pytest.mark.parametrize(
    ("form", "told", "name", "problem", "mend"),
    [
        ("injection", _INJECTION | {"injection.0.volume_ml": "two"}, "injection.0.volume_ml",
         "Volume takes a number and was given 'two'.", "write a plain number"),
        ("injection", _INJECTION | {"injection.0.score_before": "70"}, "injection.0.score_before",
         "Pain before is 70; it runs from 0 to 10.", "divide by 10 and write 7"),
        ("injection", _INJECTION | {"injection.0.score_before": "0", "injection.0.score_after": "3"},
         "injection.0.score_before", "The pain before is 0, and the pain after is not.", "check which score is which"),
        ("injection", _INJECTION | {"injection.0.volume_ml": "-1"}, "injection.0.volume_ml",
         "Volume is -1; it cannot be below 0.", "write 0 or more"),
        ("injection", _INJECTION | {"injection.0.steroid": "perhaps"}, "injection.0.steroid",
         "With a steroid cannot be 'perhaps'.", "choose"),
        ("injection", _INJECTION | {"injection.0.guidance": "by hand"}, "injection.0.guidance",
         "Guided by cannot be 'by hand'.", "choose one of the answers"),
        ("injection", _INJECTION | {"injection.0.volume_ml": "2", "injection.0.volume_ml.unknown": "?"},
         "injection.0.volume_ml", "Volume has an answer, and 'not known' is ticked.", "keep one of the two"),
        ("injection", _INJECTION | {"injection.0.role": "diagnostic", "injection.0.relief_days": "3"},
         "injection.0.relief_days", "A later effect lasted does not go with 'Given to: find the source'.", "empty one"),
        ("injection", {"day": "3/4/2026", "side": "left", "injection.0.steroid": "no"}, "day",
         "'3/4/2026' is not a date.", "2026-03-14"),
        ("injection", {"day": "30.2.2026", "side": "left", "injection.0.steroid": "no"}, "day",
         "'30.2.2026' is not a day of the calendar.", "2026-03-14"),
        ("injection", {"day": "1.4.26", "side": "left", "injection.0.steroid": "no"}, "day", "is not a date", "2026"),
        ("injection", {"day": "1.4.1226", "side": "left", "injection.0.steroid": "no"}, "day", "lies before 1880",
         "2026"),
        ("injection", {"day": "2026-09-11", "side": "left", "injection.0.steroid": "no"}, "day",
         "2026-09-11 is still to come.", "correct the date"),
        ("injection", {"day": "2026-04-03", "side": "both", "injection.0.steroid": "no"}, "side",
         "This side cannot be chosen here.", "choose one of the sides"),
        ("injection", _INJECTION | {"injection.0.note.operator": "x" * 501}, "injection.0.note.operator",
         "Carried out by has 501 characters.", "keep it under 500"),
        ("injection", _INJECTION | {"injection.0.note": "x" * 20_001}, "injection.0.note",
         "The note has 20001 characters.", "keep it under"),
        ("conservative_care", {"side": "left", "course.0.from": "2026-05-01", "course.0.to": "2026-04-01"},
         "course.0.from", "It ends (2026-04-01) before it begins (2026-05-01).", "exchange or correct"),
        ("conservative_care", {"side": "left", "course.0.care": "bracing", "course.0.from": "2027"}, "course.0.from",
         "2027-01-01 is still to come.", "correct the date"),
        ("conservative_care", {"side": "left", "course.0.attended_sessions": "2.5"}, "course.0.attended_sessions",
         "Sessions attended takes a whole number", "round it"),
        ("score", {"day": "2026-09-10", "score.0.instrument": "odi", "score.0.value": "130"}, "score.0.value",
         "odi runs from 0 to 100; 130.0 was given.", "correct it"),
        ("function", {"day": "2026-09-10", "nicotine.0.status": "former", "nicotine.0.free_since": "2025"},
         "nicotine.0.free_since", "Free of it since needs the day; '2025' leaves it open.", "2026-03-14"),
        ("history", {"day": "2026-09-10", "map.left.buttock.nrs": "12"}, "map.left.buttock.nrs",
         "Buttock, left, is 12; it runs from 0 to 10.", "divide by 10"),
        ("attestation", {"day": "2026-09", "signed": "Dr R. Halvorsen", "exclusion.tumour": "absent"}, "day",
         "The day up to which it holds is not exact.", "2026-03-14"),
        ("attestation", {"day": "2027-09-01", "signed": "Dr R. Halvorsen", "exclusion.tumour": "present"}, "day",
         "2027-09-01 is still to come.", "correct the date"),
        ("attestation", {"day": "2026-09-10", "signed": "Dr R. Halvorsen", "exclusion.tumour": "maybe"},
         "exclusion.tumour", "'maybe' is none of the answers.", "choose"),
        ("diagnosis", {"side": "left", "diagnosis.0.category": "disc", "diagnosis.0.modality": "?"},
         "diagnosis.0.modality", "How sure has to be known.", "choose"),
        ("letter", {"day": "2026-09-10"}, "letter.text", "The letter is empty.", "write or paste"),
        ("letter", {"day": "2027", "letter.text": "x"}, "day", "2027 is still to come.", "correct"),
        ("letter", {"letter.text": "x" * 20_001}, "letter.text", "The text has 20001 characters.", "upload it"),
        ("letter", {"letter.text": "x", "letter.title": "x" * 201}, "letter.title", "It has 201 characters.", "line"),
    ],
)  # fmt: skip
def test_a_mistake_names_what_is_wrong_and_the_mend(
    form: str, told: dict[str, str], name: str, problem: str, mend: str
) -> None:
    text = wrong_in(form, told)[name]
    assert problem in text
    assert mend in text


def test_all_mistakes_are_told_together() -> None:
    told = {"day": "soon", "side": "up", "injection.0.volume_ml": "x", "injection.0.score_after": "11"}
    assert set(wrong_in("injection", told)) == {"day", "side", "injection.0.volume_ml", "injection.0.score_after"}


def test_events_of_a_form_can_stand_together() -> None:
    """What a form makes passes the checks that every record passes."""
    told = {
        "day": "2026-09-10", "side": "left", "person.0.happened": "1972-04-11", "person.0.sex": "female",
        "onset.0.happened": "2024-11", "map.left.si_region.nrs": "7", "map.only": "yes", "nicotine.0.status": "never",
        "pregnancy.0.from": "2000-01", "pregnancy.0.to": "2000-10", "trauma.0.mechanism": "fall",
    }  # fmt: skip
    errors, warnings = check(events_of("history", told))
    assert errors == []
    assert warnings == []
