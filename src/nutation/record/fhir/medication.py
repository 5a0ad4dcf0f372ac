"""Medicines: statements of what is taken, orders (intended), doses given.

A statement that is active, completed, stopped or on hold was taken; not taken is negated, intended is
intended. A dose that is part of an injection tells of the injection's agents and volume.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nutation.record.fhir.amounts import in_own_unit
from nutation.record.fhir.block import emit_on_injection, injection_of
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept, Malformed, Node
from nutation.record.fhir.tables import Row, concept_at, has_word, read_concept, table
from nutation.record.fhir.when import between, days_of
from nutation.record.head import Modality
from nutation.record.period import Period

STATEMENT: dict[str, Modality] = {"intended": "intended", "not-taken": "negated"}
GIVEN: dict[str, Modality] = {"not-done": "negated"}


@dataclass(frozen=True, slots=True)
class Medicine:
    """What a medicine is: its concept, its name as kept, its class and its role in an injection."""

    concept: Concept
    drug: str
    drug_class: str | None
    role: str | None


def medicine_of(item: Item) -> Medicine | None:
    """The medicine that a resource names; None, and listed, where it names none that is known."""
    concept = concept_at(item.node, "medicationCodeableConcept")
    if concept is None and item.node.has("medicationReference"):
        held = item.target(item.node.child("medicationReference"))
        concept = read_concept(held.node.child("code")) if held is not None else None
        if concept is None:
            shown = item.node.child("medicationReference")
            text = shown.text("display") if shown else None
            concept = Concept((), text, "medicationReference") if text else None
    if concept is None:
        item.leave("medication[x]", None, "the medicine is not named.", matters=False)
        return None
    row = _row(concept)
    if row is None:
        return Medicine(concept, concept.label, None, None)
    return Medicine(concept, row["drug"] or concept.label, row["drug_class"] or None, row["role"] or None)


def _row(concept: Concept) -> Row | None:
    known = table("medications")
    found = known.find(concept)
    if found is not None:
        return found[0]
    return next((row for row in known.rows if row.system == "name" and has_word(concept.words, (row.code,))), None)


def read_statement(item: Item) -> None:
    """A MedicationStatement."""
    medicine = medicine_of(item)
    if medicine is None:
        return
    status = item.node.text("status") or ""
    when = item.happened("effective", course=True)
    asserted = item.node.text("dateAsserted")
    if asserted is not None and status == "active":
        when = _runs_until(when, asserted)
    fields: dict[str, Any] = {**_dose(item.node.children("dosage"))}
    if status == "active":
        fields["stopped_because"] = "ongoing" if when is not None and when.to is None else None
    _emit(item, medicine, when, STATEMENT.get(status, "actual"), fields)


def _runs_until(when: Period | None, asserted: str) -> Period:
    """An active course surely still ran on the day that it was asserted."""
    day = days_of(asserted, "dateAsserted")[0]
    if when is None:
        return Period.model_validate({"sure_from": day, "sure_to": day})
    if when.to is not None or (when.sure_to is not None and when.sure_to >= day):
        return when
    if when.from_ is not None and when.from_ > day:
        return when
    return when.model_copy(update={"sure_from": when.sure_from or day, "sure_to": day})


def read_request(item: Item) -> None:
    """A MedicationRequest: an intention, or a note that a medicine must not be given."""
    medicine = medicine_of(item)
    if medicine is None:
        return
    node = item.node
    refused = node.flag("doNotPerform") or node.text("status") == "cancelled"
    authored = node.text("authoredOn")
    when = between(authored, None, "authoredOn", course=True) if authored else item.encounter_period()
    _emit(item, medicine, when, "negated" if refused else "intended", _dose(node.children("dosageInstruction")))


def read_administration(item: Item) -> None:
    """A MedicationAdministration: a dose given, alone or in an injection."""
    medicine = medicine_of(item)
    if medicine is None:
        return
    injection = injection_of(item)
    modality = GIVEN.get(item.node.text("status") or "", "actual")
    if injection is not None:
        if modality == "actual":
            _in_injection(item, medicine)
        return
    _emit(item, medicine, item.happened("effective"), modality, {})


def _in_injection(item: Item, medicine: Medicine) -> None:
    injection = injection_of(item)
    assert injection is not None
    fields: dict[str, Any] = {}
    if medicine.role == "steroid":
        fields["steroid"] = True
    elif medicine.role is not None:
        fields["anaesthetic"] = medicine.role
    else:
        item.leave("medication[x]", medicine.concept, "its part in the injection is not told.", matters=False)
        return
    dosage = item.node.child("dosage")
    dose = dosage.child("dose") if dosage is not None else None
    if dose is not None and medicine.role != "steroid":
        try:
            fields["volume_ml"] = in_own_unit(dose, "volume_ml")
        except Malformed:
            item.leave(dose.path, None, "the dose is not a volume.", matters=False)
    emit_on_injection(item, injection, "", **fields)


def _emit(item: Item, medicine: Medicine, when: Period | None, modality: Modality, fields: dict[str, Any]) -> None:
    if medicine.drug_class is None and medicine.role is None:
        item.leave("medication[x]", medicine.concept, "the class of this medicine is not known.")
    item.emit(
        "medication", "", when, modality=modality, note=item.notes(),
        drug=medicine.drug or None, drug_class=medicine.drug_class or ("other" if medicine.role else None), **fields,
    )  # fmt: skip


def _dose(dosages: list[Node]) -> dict[str, Any]:
    """Dose in mg and doses a day of a single plain dosage; nothing where it is not that simple."""
    if len(dosages) != 1:
        return {}
    found: dict[str, Any] = {}
    doses = dosages[0].children("doseAndRate")
    quantity = doses[0].child("doseQuantity") if len(doses) == 1 else None
    if quantity is not None:
        with suppress(Malformed):  # a dose in another measure is not a dose in mg
            found["dose_mg"] = in_own_unit(quantity, "dose_mg")
    timing = dosages[0].child("timing")
    repeat = timing.child("repeat") if timing is not None else None
    if repeat is not None and repeat.number("period") == 1 and repeat.text("periodUnit") == "d":
        found["doses_per_day"] = repeat.number("frequency")
    return found
