"""Questionnaire responses: the score of a known instrument, and its item answers as bare numbers.

Nothing is scored here. The total is read where the form carries it (an item with the score's LOINC code);
otherwise the answers alone are kept. Other forms are listed.
"""

from __future__ import annotations

import json
import re

from nutation.record.fhir.item import Item
from nutation.record.fhir.node import Node
from nutation.record.fhir.tables import Row, relevant, table
from nutation.record.head import Modality
from nutation.record.period import Period

MODALITY: dict[str, Modality] = {"in-progress": "provisional", "stopped": "provisional"}
_CODE = re.compile(r"(?<![\w-])(\d{1,7}-\d)(?![\w-])")
_ORDINAL = (
    "http://hl7.org/fhir/StructureDefinition/ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/itemWeight",
)


def _rows(text: str) -> list[Row]:
    known = table("observations").exact
    return [row for code in _CODE.findall(text) if (row := known.get(("loinc", code))) and row["kind"] == "score"]


def read_response(item: Item) -> None:
    """The score of one QuestionnaireResponse."""
    node = item.node
    canonical = node.text("questionnaire") or ""
    items = list(_leaves(node, 0))
    named = _rows(canonical)
    totals = [(row, found) for found in items for row in _rows(_names(found)) if row["field"]]
    row = named[0] if named else (totals[0][0] if totals else None)
    if row is None:
        held = item.target(Node({"reference": canonical}, "questionnaire")) if canonical.startswith("#") else None
        words = f"{canonical} {held.node.text('title') or '' if held else ''} " + " ".join(_names(i) for i in items)
        item.leave(
            "questionnaire", None, "this form is not one that is read.", matters=relevant(None, words), words=canonical
        )
        return
    instrument = row.pairs("says")["instrument"]
    value = next((number for _, found in totals if (number := _number(found)) is not None), None)
    scored = {id(found.value) for _, found in totals}
    answers = [_number(found) for found in items if id(found.value) not in scored and found.has("answer")]
    authored = node.text("authored")
    when = item.encounter_period()
    if authored:
        from nutation.record.fhir.when import days_of

        first, last = days_of(authored, "authored")
        when = Period.model_validate({"from": first, "to": last})
    if value is None and not answers:
        item.leave("item", None, "the form has no answers.", matters=False, words=canonical)
        return
    if value is None:
        item.warn("item", f"has answers of the {instrument} but no total; its score is not recorded.")
    kept = [int(a) if a is not None and a.is_integer() else a for a in answers]
    item.emit(
        "score", "", when, modality=MODALITY.get(node.text("status") or "", "actual"),
        instrument=instrument, value=value, answers=json.dumps(kept) if any(a is not None for a in kept) else None,
    )  # fmt: skip


def _names(node: Node) -> str:
    return " ".join(filter(None, (node.text("linkId"), node.text("definition"), node.text("text"))))


def _leaves(node: Node, depth: int) -> list[Node]:
    """The items that carry answers, in order; groups and items under answers are walked through."""
    found: list[Node] = []
    for child in node.children("item"):
        if child.has("answer") or not child.has("item"):
            found.append(child)
        found.extend(_leaves(child, depth + 1))
        for given in child.children("answer"):
            found.extend(_leaves(given, depth + 1))
    return found


def _number(node: Node) -> float | None:
    for given in node.children("answer"):
        for name in ("valueDecimal", "valueInteger"):
            if given.has(name):
                return given.number(name)
        quantity = given.child("valueQuantity")
        if quantity is not None:
            return quantity.number("value")
        coding = given.child("valueCoding")
        for holder in (given, coding):
            if holder is None:
                continue
            for url in _ORDINAL:
                for extension in holder.extensions(url):
                    return extension.number("valueDecimal")
    return None
