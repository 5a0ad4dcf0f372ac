"""The words that printed pages use for the answer's codes, so that a reader never meets a bare code."""

from __future__ import annotations

from typing import Any

JOINT = {"left": "left sacroiliac joint", "right": "right sacroiliac joint", "both": "both sacroiliac joints"}
ACTION = {
    "refer_urgently": "Refer urgently",
    "ask": "Ask",
    "examine": "Examine",
    "image": "Image",
    "inject": "Inject",
    "treat_conservatively": "Treat conservatively",
    "request_authorisation": "Request authorisation",
    "plan_operation": "Plan the operation",
    "do_not_fuse": "Do not fuse",
    "work_up_failed_fusion": "Work up the earlier fusion",
    "follow_up": "Follow up",
}
GATE = {"clear": "clear", "standing": "standing", "addressed": "addressed", "not_screened": "not screened"}
ITEM_KIND = {
    "sign": "sign",
    "combination": "combination of findings",
    "risk_factor": "risk factor",
    "contra_indication": "contra-indication",
    "caution": "caution",
}
STATE = {"true": "holds", "false": "does not hold", "unknown": "not known yet"}
VERDICT = {"met": "met", "not_met": "not met", "undetermined": "undetermined"}
DOCUMENTED = {"true": "documented", "false": "not documented"}
APPLICABILITY = {
    "applies": "applies",
    "not_this_device": "not this device",
    "not_covered": "not covered",
    "not_in_force": "not in force",
    "not_in_scope": "does not speak of this case",
    "plan_unknown": "plan not known",
    "jurisdiction_unknown": "place not known",
}
KIND = {
    "coverage": "payer",
    "national": "national authority",
    "society": "society",
    "trial": "trial",
    "label": "label",
    "article": "the three conditions",
    "injection": "injection alone",
}
WHO = {
    "none": "The clinic, from the record it holds",
    "question": "The patient, asked by the clinic",
    "examination": "A clinician, at an examination",
    "document": "The coordinator, from whoever holds the document",
    "laboratory": "A clinician, by a laboratory request",
    "imaging": "A clinician, by an imaging request",
    "injection": "The injecting physician, with the patient's consent",
}
UNKNOWN = {
    "never_asked": "not recorded",
    "asked_not_known": "asked, and not known",
    "stale": "older than the rule allows",
    "contradicted": "contradicted by another record",
    None: "not known",
}


def said(words: dict[Any, str], code: Any) -> str:
    """The words for a code; a code without words of its own with its underscores taken out."""
    return words.get(code, str(code).replace("_", " "))


def interval(probability: dict[str, Any] | None) -> str:
    """A probability with its interval, e.g. ``0.91 (90 % interval 0.75 to 0.97)``; empty for none."""
    if probability is None:
        return ""
    low, high, level = probability["low"], probability["high"], probability["level"]
    return f"{probability['median']:.2f} ({level:.0%} interval {low:.2f} to {high:.2f})".replace("%", " %")


def joined(parts: list[str], most: int) -> str:
    """At most so many parts, and how many more there are."""
    more = f" And {len(parts) - most} more." if len(parts) > most else ""
    return " ".join(_sentence(part) for part in parts[:most]) + more


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
