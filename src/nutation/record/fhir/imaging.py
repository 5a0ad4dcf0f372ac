"""Images and their reports. Method and region come from codes and the report's name; findings from coded
conclusions. A conclusion in words is not read: a warning says so, and its findings stay not recorded.
"""

from __future__ import annotations

from typing import Any, cast

from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept
from nutation.record.fhir.painscore import region
from nutation.record.fhir.sides import side_of
from nutation.record.fhir.tables import concept_at, concepts_at, has_word, lone_coding, relevant, table
from nutation.record.fhir.when import days_of
from nutation.record.head import Certainty, Modality, Side
from nutation.record.period import Period

REPORT_MODALITY: dict[str, Modality] = {
    "registered": "intended", "partial": "provisional", "preliminary": "provisional", "cancelled": "negated",
}  # fmt: skip


def image_fields(code: Concept | None, sites: list[Concept]) -> dict[str, Any] | None:
    """Method and region of an image from its code, else its name and site; None where it is no image."""
    if code is None:
        return None
    found = table("imaging").find(code)
    if found is not None:
        return found[0].pairs("set")
    words = cast("dict[str, list[str]]", table("imaging").extra["words"])
    method = next((name for name, spoken in words.items() if has_word(code.words, spoken)), None)
    if method is None:
        return None
    where = region([*sites, code])
    return {"method": method, "region": where} if where is not None else None


def emit_imaging(
    item: Item, path: str, fields: dict[str, Any], when: Period | None, side: Side, modality: Modality,
    *, certainty: Certainty = "stated", note: str | None = None,
) -> None:  # fmt: skip
    """An image. Of the lumbar spine it has no side; one that shows both joints tells no finding's side."""
    if fields.get("region") == "lumbar" or (fields.get("method") == "dexa" and side == "unknown"):
        side = "none"
    elif side == "both":
        side = "unknown"
    item.emit("imaging", path, when, side=side, modality=modality, certainty=certainty, note=note, **fields)


def read_report(item: Item) -> None:
    """A DiagnosticReport of an image; laboratory reports speak through their observations."""
    node = item.node
    code = concept_at(node, "code")
    studies = [held for ref in node.children("imagingStudy") if (held := item.target(ref)) is not None]
    for ref in node.children("result"):
        item.target(ref)
    fields = image_fields(code, [])
    for study in studies:
        told = _of_study(Item(study, study.node, item.shared, item.system, "", item.recorded_at))
        fields = {**told, **{k: v for k, v in (fields or {}).items() if v is not None}}
    conclusions = concepts_at(node, "conclusionCode")
    if not fields:
        if node.has("conclusion") or conclusions or not node.has("result"):
            words = " ".join([node.text("conclusion") or "", *(c.words for c in conclusions)])
            item.leave("code", code, "no event is made of this report.", words=words)
        return
    side = side_of([code, *conclusions])
    modality = REPORT_MODALITY.get(node.text("status") or "", "actual")
    findings = _findings(item, conclusions) if modality == "actual" else {}
    if node.text("conclusion") and not findings and modality == "actual":
        item.warn("conclusion", "is free text and is not read; enter its findings as an imaging event.")
    emit_imaging(
        item, "", {**fields, **findings}, item.happened("effective"), side, modality, note=node.text("conclusion")
    )


def _findings(item: Item, conclusions: list[Concept]) -> dict[str, str]:
    names = cast("dict[str, str]", table("imaging").extra["findings"])
    found: dict[str, str] = {}
    for concept in conclusions:
        row = table("conditions").find(concept)
        told = [names[c] for c in (row[0].listed("categories") if row else ()) if c in names]
        found.update(dict.fromkeys(told, "present"))
        if not told:
            item.leave(concept.path, concept, "no finding is made of this conclusion.")
    return found


def _of_study(item: Item) -> dict[str, Any]:
    node = item.node
    series = node.children("series")
    codes = [lone_coding(m.value, m.path) for m in node.children("modality")]
    codes += [lone_coding(m.value, m.path) for s in series if (m := s.child("modality")) is not None]
    sites = [lone_coding(site.value, site.path) for s in series if (site := s.child("bodySite")) is not None]
    fields: dict[str, Any] = {}
    for code in codes:
        found = table("imaging").find(code)
        if found is not None:
            fields = found[0].pairs("set")
            break
    named = concepts_at(node, "procedureCode")
    if node.has("description"):
        named.append(Concept((), node.text("description") or "", "description"))
    for concept in named:
        told = image_fields(concept, sites) or {"region": region([concept])}
        fields = {**{k: v for k, v in told.items() if v is not None}, **fields}
    if fields and fields.get("region") is None:
        fields["region"] = region(sites)
    return fields


def read_study(item: Item) -> None:
    """An ImagingStudy: that an image was taken, how and of what."""
    node = item.node
    fields = _of_study(item)
    if not fields.get("method"):
        words = node.text("description") or ""
        item.leave("modality", None, "no event is made of this study.", matters=relevant(None, words), words=words)
        return
    series = node.children("series")
    sides = [lone_coding(s.value, s.path) for one in series if (s := one.child("laterality")) is not None]
    started = node.text("started")
    when = item.encounter_period()
    if started is not None:
        first, last = days_of(started, "started")
        when = Period.model_validate({"from": first, "to": last})
    modality = REPORT_MODALITY.get(node.text("status") or "", "actual")
    emit_imaging(item, "", fields, when, side_of(sides), modality)
