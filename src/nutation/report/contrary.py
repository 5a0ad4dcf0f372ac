"""Which recorded findings speak against a joint or an operation of it: the one rule of every face and page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nutation.report import words
from nutation.report.words import named

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


@dataclass(frozen=True, slots=True)
class Finding:
    """One standing record that speaks against, by what it says; ``day`` is when it began, for the order."""

    event: str
    kind: str
    day: str
    happened: str
    text: str


def findings(document: Mapping[str, Any], side: str) -> list[Finding]:
    """What the standing records of this joint, or of the person, say against it by the day asked about, latest first.

    A record whose side is not recorded may speak of this joint: it is told, and said to be so.
    """
    told: list[Finding] = []
    for event in document["events"]:
        day = str(event["happened"].get("from") or "")
        if not event["stands"] or event["side"] not in (side, "both", "none", "unknown"):
            continue
        text = against(event)
        if text and (day or "0") <= document["as_of"]:
            unsided = ", side not recorded" if event["side"] == "unknown" else ""
            told.append(Finding(event["id"], event["kind"], day, event["happened"]["text"], text + unsided))
    return sorted(told, key=lambda found: found.day, reverse=True)


def against(event: Mapping[str, Any]) -> str:
    """What a record says against pain from this joint, or against failed care; nothing where it was not actual."""
    if event["modality"] != "actual":
        return ""
    return "; ".join(part for part in _NEGATIVE.get(event["kind"], _nothing)(event["values"]) if part)


def low_relief(block: Mapping[str, Any]) -> bool:
    """Whether a block gave less than the relief that counts as positive."""
    return block["result"] in ("negative", "intermediate")


def _nothing(_: Values) -> list[str]:
    return []


def _pattern(values: Values) -> list[str]:
    against = [name for name, value in _UNLIKE_THE_JOINT.items() if values.get(name) is value]
    return [named(name) if _UNLIKE_THE_JOINT[name] else f"not {named(name)}" for name in against]


def _examination(values: Values) -> list[str]:
    from nutation.record.kinds import PROVOCATION_TESTS

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
