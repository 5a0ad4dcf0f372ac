"""What a status says: withdrawn, refuted, not done, suspected, ordered; and which version stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nutation.record.errors import InputError
from nutation.record.standing import standing
from record.fhir_made import (
    CPT,
    LEFT,
    SCT,
    code,
    condition,
    injection,
    known,
    observation,
    one,
    pain,
    read,
    resource,
    told,
)

VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


@pytest.mark.parametrize(
    ("status", "modality"),
    [("refuted", "negated"), ("provisional", "provisional"), ("differential", "provisional"), ("confirmed", "actual")],
)
def test_verification_of_a_condition(status, modality):
    event = told(read(condition("c", "M46.1", verificationStatus=code(VERIFICATION, status))), "diagnosis")[0]
    assert event.modality == modality


def test_clinical_status_is_kept_and_a_resolved_condition_has_its_end():
    event = told(
        read(
            condition(
                "c",
                "M45.9",
                clinicalStatus=code(CLINICAL, "resolved"),
                onsetDateTime="2019",
                abatementDateTime="2021-06",
            )
        ),
        "diagnosis",
    )[0]
    assert known(event)["clinical_status"] == "resolved"
    assert event.happened.text() == "2019-01-01 to 2021-06-30"


@pytest.mark.parametrize(
    ("status", "modality"),
    [
        ("completed", "actual"),
        ("not-done", "negated"),
        ("preparation", "intended"),
        ("on-hold", "provisional"),
        ("in-progress", "actual"),
    ],
)
def test_status_of_a_procedure(status, modality):
    assert one(read(injection(status=status)), "injection").modality == modality


@pytest.mark.parametrize(
    ("status", "modality"),
    [
        ("final", "actual"),
        ("amended", "actual"),
        ("preliminary", "provisional"),
        ("cancelled", "negated"),
        ("registered", "intended"),
    ],
)
def test_status_of_an_observation(status, modality):
    assert one(read(pain("x", 7, status=status)), "pain_score").modality == modality


@pytest.mark.parametrize(
    ("kind", "elements", "modality"),
    [
        ("MedicationStatement", {"status": "not-taken"}, "negated"),
        ("MedicationStatement", {"status": "intended"}, "intended"),
        ("MedicationStatement", {"status": "stopped"}, "actual"),
        ("MedicationRequest", {"status": "active", "intent": "order"}, "intended"),
        ("MedicationRequest", {"status": "active", "intent": "order", "doNotPerform": True}, "negated"),
        ("MedicationAdministration", {"status": "not-done"}, "negated"),
    ],
)
def test_status_of_a_medicine(kind, elements, modality):
    record = read(resource(kind, "m", medicationCodeableConcept={"text": "naproxen"}, **elements))
    assert one(record, "medication").modality == modality


def test_a_revoked_order_is_negated():
    assert (
        one(
            read(resource("ServiceRequest", "o", status="revoked", intent="order", code=code(CPT, "27279"))),
            "operation",
        ).modality
        == "negated"
    )


def test_asked_and_not_known_is_not_a_no():
    record = read(
        observation("s", "72166-2", dataAbsentReason=code(ABSENT, "asked-unknown")),
        observation("t", "72166-2", valueCodeableConcept=code(SCT, "266927001"), effectiveDateTime="2026-03-11"),
        observation("u", "4548-4", dataAbsentReason=code(ABSENT, "not-asked")),
    )
    assert [(event.asked_not_known, known(event)) for event in told(record, "nicotine")] == [(("status",), {})] * 2
    assert told(record, "laboratory") == []


def test_entered_in_error_counts_nothing():
    record = read(
        pain("x", 7, status="entered-in-error"),
        condition("c", "A41.9", verificationStatus=code(VERIFICATION, "entered-in-error")),
    )
    assert [event.kind for event in standing(record.events)] == ["person"]
    assert all(event.retracted for event in record.events if event.kind != "person")


def test_what_was_entered_in_error_need_not_be_readable():
    wrong = resource(
        "Observation", "x", status="entered-in-error", code=code("http://loinc.org", "72514-3"), valueInteger=70
    )
    assert [event.kind for event in standing(read(wrong).events)] == ["person"]


def versioned(number: int, moment: str, value: int, **more):
    return pain("x", value, meta={"versionId": str(number), "lastUpdated": moment}, bodySite=code(SCT, LEFT), **more)


def test_a_newer_version_supersedes_the_older_whatever_their_order():
    first, second = versioned(1, "2026-03-10T10:00:00Z", 7), versioned(2, "2026-03-12T10:00:00Z", 5)
    for order in ((first, second), (second, first)):
        record = read(*order)
        (event,) = [event for event in standing(record.events) if event.kind == "pain_score"]
        assert event.attributes()["nrs"] == 5.0
        assert event.source.version == "2"
    # Before it was recorded, the correction corrects nothing.
    known_then = standing(record.events, datetime(2026, 3, 11, tzinfo=UTC))
    assert [event.attributes()["nrs"] for event in known_then if event.kind == "pain_score"] == [7.0]


def test_an_error_withdraws_the_earlier_version():
    first = versioned(1, "2026-03-10T10:00:00Z", 7)
    error = versioned(2, "2026-03-12T10:00:00Z", 7, status="entered-in-error")
    record = read(first, error)
    assert [event.kind for event in standing(record.events)] == ["person"]
    (withdrawal,) = [event for event in record.events if event.retracted]
    assert withdrawal.supersedes == (told(record, "pain_score")[0].id,)


def test_a_correction_to_another_code_withdraws_the_first_event():
    first = injection(meta={"versionId": "1", "lastUpdated": "2026-03-14T12:00:00Z"})
    second = injection(code={"text": "Tonsillectomy"}, meta={"versionId": "2", "lastUpdated": "2026-03-15T12:00:00Z"})
    assert [event.kind for event in standing(read(first, second).events)] == ["person"]


def test_a_later_import_supersedes_what_was_read_before():
    earlier = read(versioned(1, "2026-03-10T10:00:00Z", 7)).events
    later = read(versioned(2, "2026-03-12T10:00:00Z", 5), earlier=earlier).events
    both = [event for event in standing([*earlier, *later]) if event.kind == "pain_score"]
    assert [event.attributes()["nrs"] for event in both] == [5.0]


def test_importing_twice_adds_nothing():
    once, again = read(versioned(1, "2026-03-10T10:00:00Z", 7)), read(versioned(1, "2026-03-10T10:00:00Z", 7))
    assert [event.id for event in once.events] == [event.id for event in again.events]
    unversioned = read(pain("x", 7)), read(pain("x", 7))
    assert unversioned[0].events == unversioned[1].events


def test_the_same_version_twice_is_one_and_two_contents_of_it_are_a_fault():
    first = versioned(1, "2026-03-10T10:00:00Z", 7)
    assert len(told(read(first, dict(first)), "pain_score")) == 1
    with pytest.raises(InputError, match="stands twice as version 1"):
        read(first, versioned(1, "2026-03-10T10:00:00Z", 6))


def test_a_deletion_in_a_history_withdraws():
    bundle = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [
            {
                "request": {"method": "DELETE", "url": "Observation/x"},
                "response": {"status": "204", "lastModified": "2026-03-15T00:00:00Z"},
            },
            {"resource": versioned(1, "2026-03-10T10:00:00Z", 7), "request": {"method": "PUT", "url": "Observation/x"}},
        ],
    }
    assert [event.kind for event in standing(read(bundle).events)] == ["person"]


def test_recorded_is_when_the_server_said_so_else_issued_else_the_import():
    record = read(
        pain("a", 7, meta={"lastUpdated": "2026-03-20T08:00:00+02:00"}, issued="2026-03-19T08:00:00Z"),
        pain("b", 7, "2026-03-11", issued="2026-03-19T08:00:00Z"),
        pain("c", 7, "2026-03-12"),
    )
    assert [event.recorded_at for event in told(record, "pain_score")] == [
        datetime(2026, 3, 20, 6, tzinfo=UTC),
        datetime(2026, 3, 19, 8, tzinfo=UTC),
        datetime(2026, 9, 1, 12, tzinfo=UTC),
    ]
