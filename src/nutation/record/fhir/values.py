"""The value of an observation: numbers, coded answers, and reasons why there is none."""

from __future__ import annotations

from typing import Any, Literal, cast

from nutation.record.fhir.amounts import in_own_unit, own_unit
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept, Node
from nutation.record.fhir.tables import concept_at, concepts_at, table

Presence = Literal["positive", "negative", "not_done"]


def value_concept(node: Node) -> Concept | None:
    """The coded or written value; a bare string counts as its words."""
    if found := concept_at(node, "valueCodeableConcept"):
        return found
    text = node.text("valueString")
    return Concept((), text, node.at("valueString")) if text else None


def absent(node: Node) -> str | None:
    """The code of dataAbsentReason; ``unknown`` where only words are there."""
    reason = concept_at(node, "dataAbsentReason")
    if reason is None:
        return None
    return reason.first.code or "unknown"


def asked_not_known(reason: str | None) -> bool:
    """Whether the reason means that it was asked, and is not known."""
    return reason is not None and reason in cast("list[str]", table("answers").extra["asked_not_known"])


def answer(name: str, concept: Concept | None) -> str | None:
    """What a coded answer to ``name`` means; an empty text for asked and not known; None where not told."""
    if concept is None:
        return None
    for coding in concept.codings:
        for row in table("answers").rows:
            if row["answer"] == name and row.system == coding.system and row.code == coding.code:
                return row["value"]
    return None


def presence(node: Node) -> Presence | None:
    """Positive or negative, from a truth value, a code, a word or the interpretation; None where not told."""
    truth = node.flag("valueBoolean")
    if truth is not None:
        return "positive" if truth else "negative"
    told = [value_concept(node), *concepts_at(node, "interpretation")]
    for concept in told:
        found = answer("presence", concept)
        if found:
            return cast(Presence, found)
    words = cast("dict[str, list[str]]", table("answers").extra["words"])
    for concept in told:
        if concept is None:
            continue
        text = concept.words.strip()
        for name in ("positive", "negative", "not_done"):
            if text in words[name]:
                return name
    return None


def quantity(item: Item, node: Node, name: str) -> tuple[float | None, str | None]:
    """A value in the unit that ``name`` keeps, and a note where it is only a bound; see ``bounded``."""
    child = node.child("valueQuantity")
    if child is None:
        whole = node.number("valueInteger")
        if whole is not None:
            child = Node({"value": whole}, node.at("valueInteger"))
    if child is None:
        return None, None
    value = in_own_unit(child, name)
    comparator = child.text("comparator")
    if value is None or comparator is None:
        return value, None
    return bounded(item, child, value, comparator, own_unit(name))


def bounded(item: Item, node: Node, value: float, comparator: str, unit: str) -> tuple[float | None, str | None]:
    """A result below a bound counts as the bound, which it cannot exceed; one above a bound has no number."""
    note = f"reported as {comparator} {value:g} {unit}".strip()
    if comparator in ("<", "<="):
        return value, note
    item.leave(node.path, None, f"only a lower bound is told ({note}).", matters=True)
    return None, note


def number(node: Node) -> float | None:
    """A value that is a plain number, whatever its unit."""
    child = node.child("valueQuantity")
    if child is not None:
        return child.number("value")
    return node.number("valueInteger")


def typed(node: Node) -> Any:
    """The value as Nutation's own components send it: truth, number, code, day or text."""
    for name in ("valueBoolean", "valueInteger", "valueString", "valueDateTime"):
        if node.has(name):
            return node.value[name]
    child = node.child("valueQuantity")
    if child is not None:
        return child.number("value")
    concept = concept_at(node, "valueCodeableConcept")
    return concept.first.code if concept else None
