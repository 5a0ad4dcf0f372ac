"""Documents: listed, as relevant where their name concerns the joint; their text is not read."""

from __future__ import annotations

from nutation.record.fhir.item import Item
from nutation.record.fhir.tables import concept_at, relevant


def read_document(item: Item) -> None:
    """A DocumentReference."""
    kind = concept_at(item.node, "type")
    words = item.node.text("description") or ""
    for content in item.node.children("content"):
        attachment = content.child("attachment")
        words += f" {attachment.text('title') or ''}" if attachment is not None else ""
    item.leave("content", kind, "a document's text is not read.", words=words.strip())


def read_composition(item: Item) -> None:
    """A Composition: sections that have text alone are listed; their entries are read as resources."""
    pending = item.node.children("section")
    while pending:
        section = pending.pop(0)
        pending.extend(section.children("section"))
        for entry in section.children("entry"):
            item.target(entry)
        title = section.text("title") or ""
        if (
            section.child("text") is not None
            and not section.has("entry")
            and relevant(concept_at(section, "code"), title)
        ):
            item.leave(section.path, concept_at(section, "code"), "a section's text is not read.", words=title)


def read_other(item: Item) -> None:
    """A resource of a type that no event is made of, listed where its code or words matter."""
    for name in ("code", "type", "category", "medicationCodeableConcept"):
        value = item.node.value.get(name)
        concept = concept_at(item.node, name) if isinstance(value, dict) else None
        if concept is not None:
            item.leave(name, concept, f"no event is made of a {item.held.type}.")
            return
