"""Conditions as diagnoses, with the onset, injury, nicotine, pregnancy or symptom that a code tells of.

Certainty, by category: a diagnosis of an encounter or a claim is *coded*; one on the problem list, or without
a category, is *stated* where it names who recorded or asserted it, else *coded*. Refuted is negated,
unconfirmed, provisional and differential are provisional. ``recordedDate`` is not onset: it says that the
condition had begun by then.
"""

from __future__ import annotations

from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept
from nutation.record.fhir.sides import side_of
from nutation.record.fhir.tables import Row, concept_at, concepts_at, relevant, table
from nutation.record.fhir.when import age_period, days_of, happened
from nutation.record.head import Certainty, Modality, Side
from nutation.record.period import Period

VERIFICATION: dict[str, Modality] = {
    "refuted": "negated", "provisional": "provisional", "differential": "provisional", "unconfirmed": "provisional",
}  # fmt: skip
CLINICAL: dict[str, str] = {
    "active": "active", "recurrence": "recurrence", "relapse": "recurrence", "inactive": "inactive",
    "remission": "remission", "resolved": "resolved",
}  # fmt: skip


def certainty_of(item: Item) -> Certainty:
    """Stated or coded, by category and who says it."""
    categories = {coding.code for concept in concepts_at(item.node, "category") for coding in concept.codings}
    if "encounter-diagnosis" in categories:
        return "coded"
    return "stated" if item.node.has("asserter") or item.node.has("recorder") else "coded"


def read_condition(item: Item) -> None:
    """The events of one Condition."""
    node = item.node
    code = concept_at(node, "code")
    if code is None:
        if not item.retracting:
            item.leave("code", None, "a condition without a code or words.", matters=True)
        return
    verification = concept_at(node, "verificationStatus")
    status = concept_at(node, "clinicalStatus")
    modality = VERIFICATION.get(verification.first.code if verification else "", "actual")
    clinical = CLINICAL.get(status.first.code if status else "")
    onset = happened(node, "onset", course=False) or age_period(node, "onset", item.shared.born)
    side = condition_side(item.sites(), code)
    emit_diagnosis(
        item, "code", code, when=_course(item, onset, clinical), onset=onset, side=side, modality=modality,
        certainty=certainty_of(item), clinical=clinical, recorded=_recorded(item),
    )  # fmt: skip


def condition_side(sites: list[Concept], code: Concept) -> Side:
    """The side of a condition's body site, else of its code."""
    told = side_of(sites)
    return told if told != "unknown" else side_of([code])


def _recorded(item: Item) -> Period | None:
    text = item.node.text("recordedDate")
    if text is None:
        return None
    return Period.model_validate({"to": days_of(text, "recordedDate")[1]})


def _course(item: Item, onset: Period | None, clinical: str | None) -> Period | None:
    """From the onset to the abatement; without an onset, it ran on the day that it was recorded."""
    node = item.node
    ended = happened(node, "abatement", course=False) or age_period(node, "abatement", item.shared.born)
    text = node.text("recordedDate")
    known = days_of(text, "recordedDate") if text else None
    if onset is None and ended is None:
        if known is None:
            return item.encounter_period()
        if clinical in ("resolved", "inactive", "remission"):
            return Period.model_validate({"to": known[1]})
        return Period.model_validate({"sure_from": known[1], "sure_to": known[1]})
    first, last = (onset.from_ if onset else None), (ended.to if ended else None)
    if first is not None and last is not None and first > last:
        item.refuse("abatement[x]", f"is {last}, before the onset on {first}.", "correct one of the two dates.")
    sure_from = onset.to if onset else None
    sure_to = ended.from_ if ended else sure_from
    if ended is None and known is not None and clinical == "active" and sure_from is not None and known[0] > sure_from:
        sure_to = known[0]
    if sure_from is None:
        sure_from = sure_to
    if sure_from is None or sure_to is None or sure_from > sure_to:
        sure_from = sure_to = None
    return Period.model_validate({"from": first, "to": last, "sure_from": sure_from, "sure_to": sure_to})


def emit_diagnosis(
    item: Item, path: str, code: Concept, *, when: Period | None, onset: Period | None, side: Side,
    modality: Modality, certainty: Certainty, clinical: str | None = None, recorded: Period | None = None,
) -> None:  # fmt: skip
    """The events of a diagnosis code, wherever it stands."""
    state = table("states").find(code)
    if state is not None:
        _state(item, path, state[0], when or recorded, modality, certainty, clinical)
        return
    found = table("conditions").find(code)
    if found is None:
        item.leave(path, code, "this diagnosis is not one that is told apart.")
        _one(item, path, code, "other", when, "none" if side == "unknown" else side, modality, certainty, clinical)
        return
    row, _ = found
    categories, flags = row.listed("categories"), row.listed("flags")
    if "person" in flags and side == "unknown":
        side = "none"
    for position, category in enumerate(categories):
        at = path if position == 0 else f"{path}:{category}"
        _one(item, at, code, category, when, side, modality, certainty, clinical)
    if modality == "actual":
        _besides(item, path, row, onset, recorded, side, certainty)
    if categories == ("other",) and relevant(code):
        item.leave(path, code, "this diagnosis is not one that is told apart.")


def _one(
    item: Item, path: str, code: Concept, category: str, when: Period | None, side: Side, modality: Modality,
    certainty: Certainty, clinical: str | None,
) -> None:  # fmt: skip
    first = code.first
    item.emit(
        "diagnosis", path, when, side=side, modality=modality, certainty=certainty, note=item.notes(),
        category=category, code=first.code or None, code_system=first.url or None, label=code.label or None,
        clinical_status=clinical,
    )  # fmt: skip


def _besides(
    item: Item, path: str, row: Row, onset: Period | None, recorded: Period | None, side: Side, certainty: Certainty
) -> None:
    flags = row.listed("flags")
    if "onset" in flags and (onset or recorded):
        item.emit("onset", f"{path}:onset", onset or recorded, side=side, certainty=certainty)
    if "trauma" in flags and onset is not None:
        major = True if "trauma_major" in flags else None
        item.emit("trauma", f"{path}:trauma", onset, side=side, certainty=certainty, major_pelvic=major)


def _state(
    item: Item, path: str, row: Row, when: Period | None, modality: Modality, certainty: Certainty, clinical: str | None
) -> None:
    kind, fields = row["kind"], row.pairs("set")
    if clinical in ("resolved", "inactive") and kind in ("nicotine", "pregnancy"):
        if kind == "nicotine" and fields.get("status") == "current":
            fields["status"] = "former"
        elif fields.get("outcome") == "ongoing":
            fields["outcome"] = "ended"
    item.emit(kind, path, when, certainty=certainty, modality=modality, **fields)
