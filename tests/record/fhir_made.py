"""Hand-written resources as a hospital sends them: small makers for the tests of the FHIR reader."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nutation.record.fhir import read_resources
from nutation.record.head import Event
from nutation.record.record import Record

IMPORTED = datetime(2026, 9, 1, 12, tzinfo=UTC)
LOINC, SCT = "http://loinc.org", "http://snomed.info/sct"
CPT, ICD = "http://www.ama-assn.org/go/cpt", "http://hl7.org/fhir/sid/icd-10-cm"
LEFT, RIGHT, BOTH = "7771000", "24028007", "51440002"
CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"


def code(system: str, *codes: str, text: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"coding": [{"system": system, "code": one} for one in codes]}
    return {**found, "text": text} if text else found


def patient(name: str = "p1", born: str = "1980-05-02", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "birthDate": born, "gender": "female", **more}


def resource(kind: str, name: str, **elements: Any) -> dict[str, Any]:
    subject = {
        "AllergyIntolerance": "patient",
        "Claim": "patient",
        "ExplanationOfBenefit": "patient",
        "Coverage": "beneficiary",
        "FamilyMemberHistory": "patient",
    }.get(kind, "subject")
    return {"resourceType": kind, "id": name, subject: {"reference": "Patient/p1"}, **elements}


def observation(name: str, loinc: str, **elements: Any) -> dict[str, Any]:
    told = {"status": "final", "effectiveDateTime": "2026-03-10", "code": code(LOINC, loinc), **elements}
    return resource("Observation", name, **told)


def pain(name: str, value: float, day: str = "2026-03-10", **elements: Any) -> dict[str, Any]:
    return observation(name, "72514-3", **{"effectiveDateTime": day, "valueInteger": value, **elements})


def injection(name: str = "inj", **elements: Any) -> dict[str, Any]:
    """A joint injection by its CPT code, left by modifier and body site."""
    told = {
        "status": "completed",
        "code": {"coding": [{"system": CPT, "code": "27096-LT"}]},
        "bodySite": [code(SCT, "39723000", LEFT)],
        "performedDateTime": "2026-03-14T10:00:00Z",
        **elements,
    }
    return resource("Procedure", name, **told)


def condition(name: str, icd: str, **elements: Any) -> dict[str, Any]:
    return resource("Condition", name, code=code(ICD, icd), **elements)


def read(*resources: dict[str, Any], **options: Any) -> Record:
    options = {"imported_at": IMPORTED, **options}
    return read_resources([patient(), *resources], "hospital.json", **options)


def told(record: Record, kind: str) -> list[Event]:
    return [event for event in record.events if event.kind == kind]


def one(record: Record, kind: str) -> Event:
    found = told(record, kind)
    assert len(found) == 1, f"{len(found)} events of kind {kind}: {found}"
    return found[0]


def known(event: Event) -> dict[str, Any]:
    return {name: value for name, value in event.attributes().items() if value is not None}
