"""Pain scores on 0 to 10, with the site that they rate."""

from __future__ import annotations

from typing import cast

from nutation.record.fhir.amounts import pain, reference_high
from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Concept, Node
from nutation.record.fhir.tables import has_word, table


def pain_value(item: Item, node: Node, path: str, *, visual: bool) -> float | None:
    """The rating on 0 to 10; None, and listed, where its scale is not told or there is no number."""
    child = node.child("valueQuantity")
    if child is None:
        whole = node.number("valueInteger")
        if whole is None:
            item.leave(path or "value[x]", None, "a pain score without a number.", matters=True)
            return None
        child = Node({"value": whole}, node.at("valueInteger"))
    value = pain(child, visual=visual, high=reference_high(node))
    if value is None and child.has("value"):
        item.leave(child.path, None, "a visual analogue score that may be of 10 or of 100.", matters=True)
        item.warn(child.path, "is a visual analogue score without its scale; send its unit: cm or /10, mm or /100.")
    return value


def pain_site(sites: list[Concept]) -> str | None:
    """Where the pain is, as a pain score names it; None where not told."""
    return _site(sites, "site")


def region(sites: list[Concept]) -> str | None:
    """The region of an image; None where not told."""
    return _site(sites, "region")


_OF_WORD = {
    "si_joint": ("si_region", "si_joint"), "buttock": ("buttock", "other"), "groin": ("groin", "other"),
    "lumbar": ("low_back", "lumbar"), "hip": ("elsewhere", "hip"), "pelvis": ("elsewhere", "pelvis"),
    "leg": ("leg", "other"),
}  # fmt: skip


def _site(sites: list[Concept], column: str) -> str | None:
    known = table("body_sites")
    for site in sites:
        found = known.find(site)
        if found is not None:
            return found[0][column]
    words = cast("dict[str, list[str]]", known.extra["words"])
    for name, spoken in words.items():
        if any(has_word(site.words, spoken) for site in sites):
            return _OF_WORD[name][0 if column == "site" else 1]
    return None
