"""Claims and explanations of benefit: what was billed, as coded events; a request for authorisation is an intention."""

from __future__ import annotations

from nutation.record.fhir.condition import emit_diagnosis
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Coding, Concept, Node
from nutation.record.fhir.procedure import emit_procedure
from nutation.record.fhir.sides import side_of
from nutation.record.fhir.tables import concept_at, concepts_at, table
from nutation.record.fhir.when import between, days_of, period_node
from nutation.record.head import Modality, Side
from nutation.record.period import Period


def read_claim(item: Item) -> None:
    """The diagnoses and items of a Claim or ExplanationOfBenefit, all of them coded."""
    node = item.node
    modality: Modality = "actual"
    if node.text("use") in ("preauthorization", "predetermination") or node.text("status") == "draft":
        modality = "intended"
    if node.text("status") == "cancelled":
        modality = "negated"
    billed = _billed(item)
    if modality == "actual":
        for diagnosis in node.children("diagnosis"):
            code = concept_at(diagnosis, "diagnosisCodeableConcept")
            item.target(diagnosis.child("diagnosisReference"))  # the Condition speaks for itself
            if code is not None and not _told_apart(code):
                item.leave(diagnosis.path, code, "this billed diagnosis is not one that is told apart.")
            elif code is not None:
                at = Period.model_validate({"sure_from": billed.to, "sure_to": billed.to}) if billed else None
                emit_diagnosis(
                    item, diagnosis.path, code, when=at, onset=None, side=side_of([code]), modality="actual",
                    certainty="coded", recorded=Period.model_validate({"to": billed.to}) if billed else None,
                )  # fmt: skip
    for line in node.children("item"):
        code = concept_at(line, "productOrService")
        if code is None or not code.codings:
            continue
        when = _served(line) or billed
        emit_procedure(
            item, line.path, code, [], when=when, side=_side(line, code), modality=modality, certainty="coded"
        )


def _told_apart(code: Concept) -> bool:
    return table("conditions").find(code) is not None or table("states").find(code) is not None


def _side(line: Node, code: Concept) -> Side:
    """The side of a billed line: its body site, else its modifiers, else its code."""
    site = concept_at(line, "bodySite")
    modifiers = [
        Concept(tuple(Coding("cpt", c.code.strip().upper(), "", c.url) for c in told.codings), "", told.path)
        for told in concepts_at(line, "modifier")
    ]
    for concepts in ([site], modifiers, [code]):
        side = side_of(concepts)
        if side != "unknown":
            return side
    return "unknown"


def _billed(item: Item) -> Period | None:
    span = item.node.child("billablePeriod")
    found = period_node(span, course=False) if span is not None else None
    if found is not None:
        return found
    created = item.node.text("created")
    return between(None, created, "created", course=False) if created else None


def _served(line: Node) -> Period | None:
    day = line.text("servicedDate")
    if day is not None:
        first, last = days_of(day, line.at("servicedDate"))
        return Period.model_validate({"from": first, "to": last})
    span = line.child("servicedPeriod")
    return period_node(span, course=False) if span is not None else None
