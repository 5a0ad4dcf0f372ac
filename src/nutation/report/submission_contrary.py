"""Contrary and negative findings of a submission: what the record says against it stands beside the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nutation.record.kinds import PROVOCATION_TESTS
from nutation.report import words
from nutation.report.submission_exhibits import Exhibits
from nutation.report.submission_letter import fact, named

Values = Mapping[str, Any]

_UNLIKE_THE_JOINT = {
    "groin": True, "radiates_below_knee": True, "generalised": True, "below_l5": False, "unilateral": False,
}  # fmt: skip
_OF_ELSEWHERE = {
    "centralisation": ("present",),
    "hip_screen": ("positive",),
    "tender_elsewhere": ("present",),
    "straight_leg_raise": ("positive",),
    "neurology": ("stable_deficit", "progressive_deficit"),
    "fortin_finger": ("negative", "unfamiliar"),
    "psis_tenderness": ("negative", "unfamiliar"),
}
_OF_THE_JOINT = ("degeneration", "disruption")
_NOT_FAILED = ("cost", "absence")


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
            said = "; ".join(_negative(event["kind"], event["values"]))
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
    if block["result"] in ("negative", "intermediate"):
        texts.append(f"Less than full response: {fact(event, exhibits)}")
    if block["validity"] == "uninterpretable":
        reasons = "; ".join(block["reasons"])
        texts.append(f"{words.dated(block['happened'])}: this injection cannot be read as a test: {reasons}.")
    return texts


def _negative(kind: str, values: Values) -> list[str]:
    """What a record of this kind says against pain from this joint, or against failed care."""
    return [part for part in _NEGATIVE.get(kind, _nothing)(values) if part]


def _nothing(values: Values) -> list[str]:
    return []


def _pattern(values: Values) -> list[str]:
    against = [name for name, value in _UNLIKE_THE_JOINT.items() if values.get(name) is value]
    return [named(name) if _UNLIKE_THE_JOINT[name] else f"not {named(name)}" for name in against]


def _examination(values: Values) -> list[str]:
    parts: list[str] = []
    for result in ("negative", "unfamiliar"):
        tests = [named(test) for test in PROVOCATION_TESTS if values.get(test) == result]
        parts.append(f"{result} provocation tests: {', '.join(tests)}" if tests else "")
    parts += [
        f"{named(name)} {words.said(values[name])}"
        for name, against in _OF_ELSEWHERE.items()
        if values.get(name) in against
    ]
    return parts


def _care(values: Values) -> list[str]:
    what = words.said(values.get("care") or values.get("drug") or "injection")
    return [
        f"{what}: the relief lasted" if values.get("result") == "lasting" else "",
        f"{what}: ended for {words.said(values['stopped_because'])}, which is no failure of it"
        if values.get("stopped_because") in _NOT_FAILED
        else "",
    ]


def _imaging(values: Values) -> list[str]:
    elsewhere = [words.said(n) for n, v in values.items() if v == "present" and n not in (*_OF_THE_JOINT, "bridging")]
    shown = any(values.get(name) == "present" for name in _OF_THE_JOINT)
    absent = [words.said(name) for name in _OF_THE_JOINT if values.get(name) == "absent" and not shown]
    return [
        f"image shows {', '.join(elsewhere)}" if elsewhere else "",
        f"image shows no {' and no '.join(absent)} of the joint" if absent else "",
    ]


def _trauma(values: Values) -> list[str]:
    return ["a major injury of the pelvis"] if values.get("major_pelvic") is True else []


def _adverse(values: Values) -> list[str]:
    return [f"something went wrong: {words.said(values.get('category') or 'not described')}"]


_NEGATIVE: dict[str, Callable[[Values], list[str]]] = {
    "pain_pattern": _pattern,
    "examination": _examination,
    "treatment": _care,
    "medication": _care,
    "injection": _care,
    "imaging": _imaging,
    "trauma": _trauma,
    "adverse_event": _adverse,
}
