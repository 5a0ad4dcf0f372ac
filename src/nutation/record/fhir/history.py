"""Relatives' diagnoses, allergies that matter to an injection or an implant, and adverse events."""

from __future__ import annotations

from nutation.record.fhir.condition import VERIFICATION
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept
from nutation.record.fhir.tables import concept_at, has_word, table
from nutation.record.fhir.when import between, days_of, happened
from nutation.record.head import Modality
from nutation.record.period import Period


def read_family(item: Item) -> None:
    """A FamilyMemberHistory: diagnoses of a relative, never of the patient."""
    date = item.node.text("date")
    told = between(None, date, "date", course=False) if date else None
    for condition in item.node.children("condition"):
        code = concept_at(condition, "code")
        found = table("conditions").find(code)
        if code is None:
            continue
        category = found[0].listed("categories")[0] if found else "other"
        item.emit(
            "diagnosis", condition.path, told, side="none", modality="family", category=category,
            code=code.first.code or None, code_system=code.first.url or None, label=code.label or None,
        )  # fmt: skip


def read_allergy(item: Item) -> None:
    """An AllergyIntolerance to contrast medium or metal; others are listed as not relevant."""
    node = item.node
    concepts = [concept_at(node, "code")]
    concepts += [concept_at(reaction, "substance") for reaction in node.children("reaction")]
    verification = concept_at(node, "verificationStatus")
    clinical = concept_at(node, "clinicalStatus")
    modality = VERIFICATION.get(verification.first.code if verification else "", "actual")
    when = _since(item)
    found: set[str] = set()
    for concept in concepts:
        text = concept.words if concept else ""
        if "no known" in text or "no metal" in text or "no contrast" in text:
            item.leave("code", concept, "that no allergy is known is not read as an answer.", matters=False)
            return
        found |= {row["symptom"] for row in table("allergies").rows if has_word(text, (row["word"],))}
    if not found:
        item.leave("code", concepts[0], "an allergy to neither contrast medium nor metal.", matters=False)
    if clinical is not None and clinical.first.code in ("resolved", "inactive"):
        return
    for symptom in sorted(found):
        item.emit("symptom", f"code:{symptom}", when, modality=modality, symptom=symptom, answer="reported")
        if symptom == "metal_allergy" and concepts[0] is not None:
            item.emit(
                "diagnosis", f"code:{symptom}:diagnosis", _course(when), side="none", modality=modality,
                category="metal_allergy", code=concepts[0].first.code or None, label=concepts[0].label or None,
                code_system=concepts[0].first.url or None,
            )  # fmt: skip


def _since(item: Item) -> Period | None:
    found = happened(item.node, "onset", course=False)
    recorded = item.node.text("recordedDate")
    if found is None and recorded is not None:
        return Period.model_validate({"to": days_of(recorded, "recordedDate")[1]})
    return found


def _course(when: Period | None) -> Period | None:
    if when is None:
        return None
    return Period.model_validate({"from": when.from_, "sure_from": when.to, "sure_to": when.to})


def read_adverse_event(item: Item) -> None:
    """An AdverseEvent; a potential one is provisional."""
    node = item.node
    event = concept_at(node, "event")
    when: Period | None = item.encounter_period()
    for name in ("date", "detected"):
        text = node.text(name)
        if text is not None:
            first, last = days_of(text, name)
            when = Period.model_validate({"from": first, "to": last})
            break
    modality: Modality = "provisional" if node.text("actuality") == "potential" else "actual"
    seriousness = concept_at(node, "seriousness")
    severity = concept_at(node, "severity")
    grave = {c.first.code.lower() for c in (seriousness, severity) if c is not None}
    category = _category(event)
    if category is None:
        item.leave("event", event, "the kind of adverse event is not told apart.", matters=True)
    item.emit(
        "adverse_event", "", when, side="unknown", modality=modality, category=category,
        severe=True if grave & {"serious", "severe"} else False if grave & {"non-serious", "mild"} else None,
        note=event.label if event else None,
    )  # fmt: skip


def _category(event: Concept | None) -> str | None:
    """The category that a code of Nutation's own, or one word of the text, names."""
    if event is None:
        return None
    prefix = "adverse_event."
    for coding in event.codings:
        if coding.system in ("nutation", "value") and coding.code.removeprefix(prefix) in _CATEGORIES:
            return coding.code.removeprefix(prefix)
    named = [row["category"] for row in table("adverse").rows if has_word(event.words, (row["word"],), begin=True)]
    return named[0] if named and len(set(named)) == 1 else None


_CATEGORIES = frozenset({
    "wound", "deep_infection", "nerve", "vessel", "haematoma", "malposition", "loosening", "nonunion", "fracture",
    "thromboembolism", "bursitis", "pain", "device", "other",
})  # fmt: skip
