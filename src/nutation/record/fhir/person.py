"""The patient and the plan that pays."""

from __future__ import annotations

from nutation.record.fhir.item import Item, person_name
from nutation.record.fhir.node import Node
from nutation.record.fhir.when import days_of, period_node
from nutation.record.period import Period

_SEX = {"female": "female", "male": "male", "other": "other"}


def born_on(patient: Node) -> Period | None:
    """The days on which the patient can have been born."""
    text = patient.text("birthDate")
    if text is None:
        return None
    first, last = days_of(text, "birthDate")
    return Period.model_validate({"from": first, "to": last})


def died_on(patient: Node) -> Period | None:
    """The days on which the patient can have died."""
    text = patient.text("deceasedDateTime")
    if text is None:
        return None
    first, last = days_of(text, "deceasedDateTime")
    return Period.model_validate({"from": first, "to": last})


def read_patient(item: Item) -> None:
    """The Patient as a person; no event where no day of birth is told."""
    born = born_on(item.node)
    person_name(item.node)
    died_on(item.node)
    if born is None:
        if item.node.absent_reason("birthDate") is None:
            item.warn("birthDate", "is missing, so the age is not known.")
        return
    item.emit("person", "", born, sex=_SEX.get(item.node.text("gender") or ""))


def read_coverage(item: Item) -> None:
    """A Coverage: payer, plan and where."""
    node = item.node
    payers = [found for payor in node.children("payor") if (found := payer_name(item, payor))]
    plan = None
    for entry in node.children("class"):
        kind = entry.child("type")
        codes = [coding.text("code") for coding in kind.children("coding")] if kind is not None else []
        if "plan" in codes:
            plan = entry.text("name") or entry.text("value")
    span = node.child("period")
    when = period_node(span, course=True) if span is not None else None
    status = node.text("status")
    modality = "intended" if status == "draft" else "negated" if status == "cancelled" else "actual"
    item.emit(
        "coverage", "", when, modality=modality, payer=payers[0] if payers else None, plan=plan,
        jurisdiction=_state(item),
    )  # fmt: skip


def payer_name(item: Item, payor: Node) -> str | None:
    """The payer's name; its reference where no name is known."""
    held = item.target(payor)
    named = person_name(held.node) if held is not None and held.type == "Organization" else None
    identifier = payor.child("identifier")
    return (
        payor.text("display") or named or (identifier.text("value") if identifier else None) or payor.text("reference")
    )


def _state(item: Item) -> str | None:
    """Two-letter state of the patient's home, where exactly one is told."""
    held = item.target(item.node.child("beneficiary"))
    states = {
        state for address in (held.node.children("address") if held is not None else [])
        if (state := address.text("state")) and len(state) == 2 and state.isalpha()
    }  # fmt: skip
    return states.pop().upper() if len(states) == 1 else None
