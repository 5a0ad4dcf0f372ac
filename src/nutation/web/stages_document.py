"""What a stored answer tells of one joint, as far as the stages ask for it. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

from nutation.report import digest
from nutation.report.words import parse_day
from nutation.web.forms import form_named

Plain = dict[str, Any]
FINDINGS = ("examination", "injection", "safety_screen", "imaging", "pain_score", "pain_pattern", "onset")
"""Kinds of event of which one is enough for a joint to be more than a referral."""
_FROM_OF_STEP = {"document": "coordinator", "imaging": "surgeon", "laboratory": "surgeon", "injection": "surgeon"}


def mine(document: Plain, joint: Plain) -> bool:
    """Whether the recommendation is about this joint, or about the patient."""
    return document["recommendation"]["side"] in (None, joint["side"])


def ready(joint: Plain) -> bool:
    """Whether the source is supported and the article's conditions hold: what is left is to decide."""
    decision, article = joint["evaluation"]["decision"], digest.article(joint)
    return decision is not None and decision["id"] == "act" and article is not None and article["verdict"] == "met"


def step_of(document: Plain, joint: Plain) -> Plain | None:
    """The step that the recommendation rests on; else the first of this joint, or of the patient."""
    own = [step for step in document["next"] if step["side"] in (None, joint["side"])]
    basis = document["recommendation"]["basis"]
    return next((step for step in own if step["id"] in basis), own[0] if own else None)


def who(step: Plain | None) -> tuple[str, str]:
    """From whom a step is awaited, and its form."""
    if step is None:
        return "therapist", ""
    form = form_named(step["form"])
    name = form.name if form is not None else step["form"]
    if "safety" in step["purpose"]:
        return ("surgeon" if step["form"] == "gate_resolution" else "therapist"), name
    return _FROM_OF_STEP.get(step["stage"], "therapist"), name


def known(document: Plain, joint: Plain) -> bool:
    """Whether more is known of the joint than that the patient was referred."""
    return any(
        event["stands"] and event["kind"] in FINDINGS and event["side"] in (joint["side"], "both", "none", "unknown")
        and event["modality"] == "actual"
        for event in document["events"]
    )  # fmt: skip


def operated_on(document: Plain, side: str) -> date | None:
    """The last day on which the joint was operated on; of a month, its last day."""
    days = days_of(document, side, "actual")
    asked = date.fromisoformat(document["as_of"])
    return max((day for day in days if day <= asked), default=None)


def days_of(document: Plain, side: str, modality: str) -> list[date]:
    """Days of the joint's operations of that modality."""
    told = [
        event["happened"].get("to") or event["happened"].get("from")
        for event in document["events"]
        if event["kind"] == "operation" and event["stands"] and event["modality"] == modality
        and event["side"] in (side, "both") and event["values"].get("target") == "si_joint"
    ]  # fmt: skip
    return [day for one in told if (day := parse_day(one)) is not None]


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or that month's last day."""
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    last = monthrange(first.year, first.month)[1]
    return first.replace(day=min(day.day, last))
