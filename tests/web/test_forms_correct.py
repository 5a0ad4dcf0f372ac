"""Corrections and withdrawals: what a form shows of an event, and what replaces it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from nutation.record.head import Event, Source
from nutation.record.kinds import Completeness, Diagnosis, Injection, Medication, PainScore
from nutation.record.native import read_events
from nutation.record.period import Period
from nutation.record.standing import standing
from nutation.web.forms import FORMS
from nutation.web.forms.answers import Mistake
from nutation.web.forms.correct import corrected, filled, form_of, withdrawn
from nutation.web.forms.read import Read, read
from web.forms_made import DAY, SENDING, data_of, events_of, one_of

LATER = replace(SENDING, at=SENDING.at + timedelta(hours=1), token="b" * 32)
EXAMPLES = Path(__file__).parents[2] / "examples"
READ = [read_events(EXAMPLES / name / "events.yaml") for name in ("classic-degenerative", "postpartum")]
RECORDED = [event for record in READ for event in record.events]
CORRECTABLE = [event for event in RECORDED if form_of(event) is not None]


def again(event: Event, **changes: str) -> Read:
    """The event's form as it is shown, with ``changes`` typed over it, sent."""
    name = form_of(event)
    assert name is not None
    form = corrected(FORMS[name], event)
    sending = replace(LATER, patient=event.patient)
    return read(form, {**filled(FORMS[name], event), **data_of(changes)}, sending, corrects=event)


def injection() -> Event:
    return one_of("injection", {"day": "2026-04-03", "side": "left", "injection.0.score_before": "7",
                                "injection.0.volume_ml": "?", "injection.0.note.operator": "Dr X",
                                "injection.0.note": "Went well."})  # fmt: skip


def test_a_correction_supersedes_and_keeps_what_was_not_changed() -> None:
    before = injection()
    (after,) = again(before, **{"injection.0.score_before": "6"}).events
    assert isinstance(after, Injection)
    assert after.supersedes == (before.id,)
    assert after.id != before.id
    assert after.score_before == 6
    assert (after.asked_not_known, after.side) == (("volume_ml",), "left")
    assert after.note == "Carried out by: Dr X\nWent well."
    assert standing([before, after]) == (after,)


@pytest.mark.parametrize("event", CORRECTABLE, ids=lambda event: event.id)
def test_a_form_shows_all_of_an_event_so_that_sending_it_unchanged_changes_nothing(event: Event) -> None:
    found = again(event)
    assert [mistake.problem for mistake in found.mistakes] == ["Nothing was changed."]


def test_most_of_a_record_can_be_corrected_in_a_form() -> None:
    kinds = {event.kind for event in RECORDED}
    assert {event.kind for event in CORRECTABLE} == kinds - {"symptom", "signature"}


def test_a_correction_of_an_event_from_elsewhere_keeps_what_no_form_asks() -> None:
    told = Medication(
        id="m1", patient="p1", side="none", happened=Period.model_validate({"from": date(2026, 1, 1)}),
        recorded_at=datetime(2026, 2, 1, tzinfo=UTC), source=Source(system="hospital"), certainty="coded",
        modality="intended", drug="naproxen", drug_class="nsaid", mme_per_day=3.0, asked_not_known=("dose_mg",),
    )  # fmt: skip
    (after,) = again(told, **{"medicine.0.drug": "ibuprofen"}).events
    assert isinstance(after, Medication)
    assert (after.drug, after.drug_class, after.mme_per_day) == ("ibuprofen", "nsaid", 3.0)
    assert (after.modality, after.certainty, after.asked_not_known) == ("intended", "stated", ("dose_mg",))
    assert after.happened == told.happened


def test_dates_stay_as_vague_as_they_were_unless_they_are_typed_over() -> None:
    odd = Period.model_validate({"from": date(2026, 1, 10), "to": date(2026, 3, 2)})
    before = injection().model_copy(update={"happened": odd})
    (kept,) = again(before, **{"injection.0.score_before": "6"}).events
    assert kept.happened == odd
    (typed,) = again(before, day="2026-02-01").events
    assert typed.happened == Period.on(date(2026, 2, 1))


def test_a_score_is_corrected_with_its_site_and_rating() -> None:
    (score,) = events_of("history", {"day": "2026-09-10", "map.left.buttock.nrs": "7"})
    (after,) = again(score, **{"rating.0.nrs": "6", "rating.0.site": "si_region"}).events
    assert isinstance(after, PainScore)
    assert (after.nrs, after.site, after.rates, after.side) == (6, "si_region", "average", "left")


def test_an_exclusion_is_corrected_on_its_own_line_without_a_new_signature() -> None:
    told = {"day": "2026-09-10", "signed": "Dr R. Halvorsen", "exclusion.tumour": "absent"}
    (none,) = events_of("attestation", told)
    assert isinstance(none, Completeness)
    (there,) = again(none, **{"exclusion.tumour": "present"}).events
    assert isinstance(there, Diagnosis)
    assert there.supersedes == (none.id,)


def test_an_event_that_nothing_is_left_of_is_to_be_withdrawn() -> None:
    before = one_of("injection", {"day": "2026-04-03", "side": "left", "injection.0.steroid": "no"})
    (mistake,) = again(before, **{"injection.0.steroid": ""}).mistakes
    assert "withdraw it instead" in mistake.mend


def test_an_emptied_field_is_not_recorded_any_more() -> None:
    (after,) = again(injection(), **{"injection.0.note.operator": "", "injection.0.volume_ml.unknown": ""}).events
    assert after.asked_not_known == ()
    assert after.note == "Went well."


def test_a_withdrawal_tells_its_reason_and_nothing_else() -> None:
    before = injection()
    after = withdrawn(before, {"reason": ["Entered for the wrong patient."]}, LATER)
    assert isinstance(after, Event)
    assert (after.retracted, after.supersedes, after.note) == (True, (before.id,), "Entered for the wrong patient.")
    assert all(value is None for value in after.attributes().values())
    assert standing([before, after]) == ()


def test_a_withdrawal_needs_a_reason() -> None:
    found = withdrawn(injection(), {"reason": ["  "]}, LATER)
    assert isinstance(found, Mistake)
    assert found.problem == "No reason is given."
    assert isinstance(withdrawn(injection(), {"reason": ["x" * 20_001]}, LATER), Mistake)


def test_a_future_day_is_refused_in_a_correction_too() -> None:
    found = again(injection(), day=str(DAY + timedelta(days=1)))
    assert [mistake.name for mistake in found.mistakes] == ["day"]
