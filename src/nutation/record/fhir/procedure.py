"""Procedures: injections, courses and sessions of care, operations, images taken.

Not done and cancelled are negated, in preparation is intended, on hold provisional. A side comes from the
body site, else from a modifier (LT, RT, 50) or the words of the code; both sides on a procedure means both.
"""

from __future__ import annotations

from nutation.record.fhir.imaging import emit_imaging, image_fields
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept, Node
from nutation.record.fhir.sides import side_of
from nutation.record.fhir.tables import Row, concept_at, concepts_at, table
from nutation.record.fhir.when import happened
from nutation.record.head import Certainty, Modality, Side
from nutation.record.kinds import KINDS
from nutation.record.period import Period

MODALITY: dict[str, Modality] = {"preparation": "intended", "not-done": "negated", "on-hold": "provisional"}


def procedure_row(node: Node) -> Row | None:
    """The row of a Procedure's code."""
    found = table("procedures").find(concept_at(node, "code"))
    return found[0] if found else None


def procedure_side(item: Item) -> Side:
    """The side that the body sites of a procedure tell of, else its code."""
    sites = item.sites()
    told = side_of(sites) if sites else "unknown"
    return told if told != "unknown" else side_of([concept_at(item.node, "code")])


def read_procedure(item: Item) -> None:
    """The event of one Procedure."""
    code = concept_at(item.node, "code")
    if code is None:
        item.leave("code", None, "a procedure without a code.", matters=False)
        return
    row, told = procedure_row(item.node), happened(item.node, "performed", course=False)
    course = row is not None and KINDS[row["kind"]].COURSE and not one_day(told)
    modality = MODALITY.get(item.node.text("status") or "", "actual")
    emit_procedure(
        item, "", code, item.sites(), when=item.happened("performed", course=course),
        side=procedure_side(item), modality=modality, note=item.notes(), aim=treated(item),
    )  # fmt: skip


def emit_procedure(
    item: Item, path: str, code: Concept, sites: list[Concept], *, when: Period | None, side: Side,
    modality: Modality, certainty: Certainty = "stated", note: str | None = None, aim: str | None = None,
) -> bool:  # fmt: skip
    """The event of a procedure code, wherever it stands; False, and listed, where the code makes none."""
    found = table("procedures").find(code)
    if found is None:
        if image := image_fields(code, sites):
            emit_imaging(item, path, image, when, side, modality, certainty=certainty, note=note)
            return True
        if own := next((c.code for c in code.codings if c.system == "nutation" and c.code in KINDS), None):
            item.emit(own, path, when, side=side, certainty=certainty, modality=modality, note=note)
            return True
        item.leave(path or "code", code, "no event is made of this code.")
        return False
    row = found[0]
    kind, fields = row["kind"], row.pairs("set")
    flags = row.listed("flags")
    if kind == "treatment":
        if "session" in flags and modality == "actual" and one_day(when):
            fields["attended_sessions"] = 1
        if aim is not None:
            fields.setdefault("aim", aim)
    if "person" in flags and side == "unknown":
        side = "none"
    if kind == "imaging":
        emit_imaging(item, path, fields, when, side, modality, certainty=certainty, note=note)
        return True
    item.emit(kind, path, when, side=side, certainty=certainty, modality=modality, note=note, **fields)
    return True


def one_day(when: Period | None) -> bool:
    """Whether a happening lies on one known day: then a code of a session is one session, else a course."""
    return when is not None and when.from_ is not None and when.from_ == when.to


def treated(item: Item) -> str | None:
    """``si_joint`` where the reason given is a diagnosis of the joint; None where not told."""
    reasons: list[Concept | None] = list(concepts_at(item.node, "reasonCode"))
    for node in item.node.children("reasonReference"):
        held = item.target(node)
        if held is not None and held.type == "Condition":
            reasons.append(concept_at(held.node, "code"))
    for reason in reasons:
        found = table("conditions").find(reason)
        if found is not None and any(name.startswith("sij_") for name in found[0].listed("categories")):
            return "si_joint"
    return None
