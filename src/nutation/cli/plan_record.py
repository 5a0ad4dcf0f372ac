"""The patient's record beside a plan: is it the same person, does it lead to this operation, what must be known."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from nutation.anatomy.source import Side, Source
from nutation.record.errors import InputError
from nutation.report import digest, words
from nutation.report.plan_words import person

_LEADS_THERE = ("plan_operation", "request_authorisation")
_GATE_ITEMS = (
    "metal_allergy", "contrast_allergy", "anticoagulation", "active_skin_infection", "infection", "osteoporosis",
    "pregnancy",
)  # fmt: skip
"""Items of the safety gate that an operating team asks for again."""
_SEX = {"M": "male", "F": "female", "O": "other"}


def read(path: Path, source: Source, side: Side, as_of: date) -> tuple[dict[str, Any], list[str]]:
    """What the plan's pages say of the record, and warnings. Raises InputError where it is another person's."""
    from nutation.case import build_case, document
    from nutation.record.reading import read_record

    record = read_record(path)
    case = document(build_case(record, as_of=as_of, sides=(side,)))
    warnings = identified(case, source, str(path))
    warnings += _leading(case, side)
    told = {
        "patient": case["patient"],
        "label": case["label"] or case["patient"],
        "action": f"{digest.action(case)}{_where(case)}",
        "facts": _facts(case),
    }
    return words.cleaned(told), warnings


def identified(case: dict[str, Any], source: Source, file: str) -> list[str]:
    """Warnings on what could not be compared; InputError where record and image are of two persons."""
    born, sex = _person(case)
    name = case["label"] or "no name"
    pairs = (
        ("identifier", str(case["patient"]), source.patient_id),
        ("day of birth", born.isoformat() if born else "", source.birth_date.isoformat() if source.birth_date else ""),
        ("sex", sex, _SEX.get(source.sex.upper(), "")),
    )
    for what, in_record, in_image in pairs:
        if in_record and in_image and _plain(in_record) != _plain(in_image):
            raise InputError(
                f"the record and the image are of two patients: {what} {in_record} in the record ({name}), "
                f"{in_image} in the image ({person(source.patient_name) or 'no name'}).",
                file=file,
                mend="give the record and the image of one patient.",
            )
    if not source.patient_id:
        whose = case["label"] or case["patient"]
        return [f"The image does not say whose it is, so nothing holds it to the record of {whose}: a person has to."]
    return []


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()


def _person(case: dict[str, Any]) -> tuple[date | None, str]:
    """Day of birth, where it is known to the day, and sex."""
    event = next((e for e in case["events"] if e["kind"] == "person" and e["stands"]), None)
    if event is None:
        return None, ""
    happened = event["happened"]
    born = words.parse_day(happened["from"]) if happened["from"] == happened["to"] else None
    return born, event["values"].get("sex") or ""


def _where(case: dict[str, Any]) -> str:
    side = case["recommendation"]["side"]
    return f", {words.joint(side)}" if side else ""


def _leading(case: dict[str, Any], side: Side) -> list[str]:
    """Warnings where the record does not lead to an operation of this joint."""
    found: list[str] = []
    told = case["recommendation"]
    if told["action"] not in _LEADS_THERE or told["side"] != side:
        found.append(
            f"The patient's record does not lead to an operation of the {side} joint. Its recommended action is: "
            f"{digest.action(case).lower()}{_where(case)}. {words.dated(told['reason'])}"
        )
    states = [joint["gate"]["state"] for joint in case["joints"]]
    found.extend(
        f"The safety gate of the record is {words.GATE[state].lower()}."
        for state in states
        if state not in ("clear", "addressed")
    )
    for event in case["events"]:
        intended = event["kind"] == "operation" and event["modality"] == "intended" and event["stands"]
        if intended and event["side"] in ("left", "right") and event["side"] != side:
            found.append(f"The record plans an operation on the {event['side']} side; this plan is for the {side} one.")
    return found


def _facts(case: dict[str, Any]) -> list[dict[str, str]]:
    rows = [
        {"what": item["label"], "said": _said(item)}
        for joint in case["joints"]
        for item in joint["gate"]["items"]
        if item["id"] in _GATE_ITEMS
    ]
    for event in case["events"]:
        if event["kind"] == "medication" and event["values"].get("drug_class") == "anticoagulant" and event["stands"]:
            rows.append({"what": "Anticoagulant", "said": words.dated(f"{event['text']}, {event['happened']['text']}")})
        if event["kind"] == "operation" and event["stands"]:
            rows.append({"what": "Operation in the record", "said": words.dated(_operation(event))})
    return rows


def _said(item: dict[str, Any]) -> str:
    asked = digest.asked({**item, "expires_on": None})
    if item["state"] == "clear":
        return f"{words.sentence(asked)}, none reported"
    told = words.sentence(words.dated(item["basis"]))
    return f"{words.GATE[item['state']]}. {told}" + (f" ({asked})" if item["asked_on"] else "")


def _operation(event: dict[str, Any]) -> str:
    how = f" ({words.word(words.MODALITY, event['modality'])})" if event["modality"] in words.MODALITY else ""
    return f"{event['text']}{how}, {event['happened']['text']}"
