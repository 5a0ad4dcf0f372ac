"""Contrary and negative findings of a submission: what the record says against it stands beside the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nutation.report import contrary, words
from nutation.report.submission_exhibits import Exhibits
from nutation.report.submission_letter import fact


def contrary_lines(
    document: Mapping[str, Any], joint: Mapping[str, Any], policy: Mapping[str, Any], exhibits: Exhibits
) -> list[dict[str, Any]]:
    """Everything recorded that speaks against, or disagrees, line by line with its exhibits."""
    lines: list[dict[str, Any]] = []

    def add(text: str, ids: list[str]) -> None:
        numbers = exhibits.numbers(ids)
        if numbers and {"text": text, "exhibits": numbers} not in lines:
            lines.append({"text": text, "exhibits": numbers})

    for criterion in policy["criteria"]:
        if criterion["state"] == "false":
            add(f"The record speaks against: {criterion['text']}", criterion["witnesses"]["against"])
    for item in joint["gate"]["items"]:
        if item["state"] == "addressed":
            add(f"Looked into: {item['label']}", [*item["witnesses"], *item["addressed_by"]])
    for block in joint["evaluation"]["blocks"]:
        for text in _block(block, exhibits):
            add(text, block["witnesses"])
    for event in exhibits.all():
        if event["modality"] in ("negated", "provisional"):
            add(fact(event, exhibits), [event["id"]])
        else:
            said = contrary.against(event)
            add(f"{words.dated(event['happened']['text'])}: {said}.", [event["id"]] if said else [])
    for other in joint["evaluation"]["differential"]:
        for reason in other["speaks_for"]:
            add(f"Another source of the pain, {other['label']}: {reason['text']}", reason["witnesses"])
    for warning in document["warnings"]:
        if warning.startswith(("Contradicted", "Disputed")):
            add("Records disagree with each other", [e["id"] for e in exhibits.all() if e["id"] in warning])
    return lines


def _block(block: Mapping[str, Any], exhibits: Exhibits) -> list[str]:
    """A block that speaks against, or that cannot be read as a test, by its scores."""
    texts: list[str] = []
    event = next((e for name in block["witnesses"] if (e := exhibits.event(name)) is not None), None)
    if event is None:
        return texts
    if contrary.low_relief(block):
        texts.append(f"Less than full response: {fact(event, exhibits)}")
    if block["validity"] == "uninterpretable":
        reasons = "; ".join(block["reasons"])
        texts.append(f"{words.dated(block['happened'])}: this injection cannot be read as a test: {reasons}.")
    return texts
