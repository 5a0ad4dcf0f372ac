"""Which reader reads which type of resource; and which types only help to read others."""

from __future__ import annotations

from collections.abc import Callable

from nutation.record.fhir.claims import read_claim
from nutation.record.fhir.condition import read_condition
from nutation.record.fhir.documents import read_composition, read_document, read_other
from nutation.record.fhir.history import read_adverse_event, read_allergy, read_family
from nutation.record.fhir.imaging import read_report, read_study
from nutation.record.fhir.item import Item
from nutation.record.fhir.medication import read_administration, read_request, read_statement
from nutation.record.fhir.observation import read_observation
from nutation.record.fhir.person import read_coverage, read_patient
from nutation.record.fhir.plans import read_appointment, read_care_plan, read_service_request
from nutation.record.fhir.procedure import read_procedure
from nutation.record.fhir.questionnaire import read_response
from nutation.record.fhir.visits import read_encounter


def _nothing(item: Item) -> None:
    """Read for others' sake alone (Provenance names authors)."""


MAPPERS: dict[str, Callable[[Item], None]] = {
    "AdverseEvent": read_adverse_event,
    "AllergyIntolerance": read_allergy,
    "Appointment": read_appointment,
    "CarePlan": read_care_plan,
    "Claim": read_claim,
    "ClinicalImpression": read_other,
    "Composition": read_composition,
    "Condition": read_condition,
    "Coverage": read_coverage,
    "DiagnosticReport": read_report,
    "DocumentReference": read_document,
    "Encounter": read_encounter,
    "ExplanationOfBenefit": read_claim,
    "FamilyMemberHistory": read_family,
    "Flag": read_other,
    "ImagingStudy": read_study,
    "MedicationAdministration": read_administration,
    "MedicationRequest": read_request,
    "MedicationStatement": read_statement,
    "Observation": read_observation,
    "Patient": read_patient,
    "Procedure": read_procedure,
    "Provenance": _nothing,
    "QuestionnaireResponse": read_response,
    "ServiceRequest": read_service_request,
}
"""Readers by resource type."""

HELPERS = frozenset({"Medication", "Organization", "Practitioner", "PractitionerRole", "RelatedPerson"})
"""Types that are kept because others refer to them."""

SUBJECTS = {
    "AllergyIntolerance": "patient", "Claim": "patient", "ExplanationOfBenefit": "patient", "Coverage": "beneficiary",
    "FamilyMemberHistory": "patient",
}  # fmt: skip
"""The element that names the patient, where it is not ``subject``."""
