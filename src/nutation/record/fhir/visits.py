"""Encounters: a visit to physiotherapy is an attended session; others only date and group what they hold."""

from __future__ import annotations

from nutation.record.fhir.item import Item
from nutation.record.fhir.procedure import emit_procedure, treated
from nutation.record.fhir.tables import concept_at, concepts_at, table
from nutation.record.fhir.when import period_node
from nutation.record.head import Modality

MODALITY: dict[str, Modality] = {
    "planned": "intended", "cancelled": "negated", "arrived": "provisional", "triaged": "provisional",
}  # fmt: skip


def read_encounter(item: Item) -> None:
    """The session of care that an Encounter's type or service names, if it names one."""
    node = item.node
    service = concept_at(node, "serviceType")
    concepts = [*concepts_at(node, "type"), *([service] if service else [])]
    span = node.child("period")
    when = period_node(span, course=False) if span is not None else None
    modality = MODALITY.get(node.text("status") or "", "actual")
    for concept in concepts:
        found = table("procedures").find(concept)
        if found is not None and found[0]["kind"] == "treatment":
            before = len(item.events)
            emit_procedure(item, "type", concept, [], when=when, side="none", modality=modality, aim=treated(item))
            if modality == "actual":
                item.events[before:] = [
                    event.model_copy(update={"attended_sessions": 1, "encounter": item.key})
                    for event in item.events[before:]
                ]
            return
