"""What printed pages say beyond the shared words: joints in full, who closes a gap, lists cut to size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

JOINT = {"left": "left sacroiliac joint", "right": "right sacroiliac joint", "both": "both sacroiliac joints"}
SPEAKING = ("applies", "plan_unknown", "jurisdiction_unknown")
"""Applicabilities under which a rule set may speak of the case."""
_WHO = {
    "none": "The clinic, from the record it holds",
    "question": "The patient, asked by the clinic",
    "examination": "A clinician, at an examination",
    "document": "The coordinator, from whoever holds the document",
    "laboratory": "A clinician, by a laboratory request",
    "imaging": "A clinician, by an imaging request",
    "injection": "The injecting physician, with the patient's consent",
}


def who(step: Mapping[str, Any]) -> str:
    """Who closes a next step: the clinician for what touches safety or is attested, else by its burden."""
    if "safety" in step["purpose"]:
        return "A clinician, who enters what was done, its result, name and day"
    if step["form"] == "attestation" and step["burden"] == "document":
        return "A clinician, by a signed statement or from the chart"
    return _WHO.get(step["burden"], "The clinic")


def joined(parts: Sequence[str], most: int) -> str:
    """At most so many parts as sentences, and how many more there are."""
    more = f" And {len(parts) - most} more." if len(parts) > most else ""
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts[:most]) + more


def patient(document: Mapping[str, Any]) -> dict[str, str]:
    """Who the patient is, for a page's head: name, id, and day of birth and sex where they are recorded."""
    person = next((e for e in document["events"] if e["kind"] == "person" and e["stands"]), None)
    sex = person["values"].get("sex") if person is not None else None
    return {
        "label": document["label"] or document["patient"],
        "id": document["patient"],
        "born": person["happened"]["text"] if person is not None else "day not recorded",
        "sex": sex or "sex not recorded",
    }
