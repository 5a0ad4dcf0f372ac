"""A plan's further numbers in words: the construct as a whole, other readings of the error, room around an implant."""

from __future__ import annotations

import re
from typing import Any

from nutation.planning.plan import Plan, PlannedImplant
from nutation.report import plan_words, words

_READING = re.compile(r"reading_(?P<name>\w+)_(?P<of>construct|worst)_over_2mm")
_CONSTRUCT = {
    "construct_any": "any breach", "construct_over_2mm": "over 2 mm", "construct_over_4mm": "over 4 mm",
    "construct_joint_missed": "joint missed",
}  # fmt: skip
_ROOM = re.compile(r"(tilt|deeper)_envelope_\d+_(deg|mm)")


def construct(plan: Plan) -> list[dict[str, str]]:
    """Shares of simulated operations in which one implant of the construct, or more, breaches or misses."""
    found = [(said, plan.numbers[name]) for name, said in _CONSTRUCT.items() if name in plan.numbers]
    return [{"what": said, "said": plan_words.share(value)} for said, value in found]


def readings(plan: Plan) -> list[dict[str, Any]]:
    """What the plan comes to where the published error is read otherwise, over 2 mm: construct and worst implant."""
    rows: dict[str, dict[str, Any]] = {}
    for key, value in plan.numbers.items():
        if (match := _READING.fullmatch(key)) is not None:
            row = rows.setdefault(match["name"], {"what": words.sentence(words.said(match["name"]))})
            row[match["of"]] = plan_words.share(value)
    return [{"construct": "", "worst": "", **row} for row in rows.values()]


def envelope(number: int, planned: PlannedImplant, plan: Plan) -> str:
    """How far an implant can be moved, tilted or driven further before it reaches the forbidden boundary."""
    parts = [f"{plan_words.mm(planned.envelope_mm)} aside"]
    if (tilt := plan.numbers.get(f"tilt_envelope_{number}_deg")) is not None:
        parts.append(f"{tilt:.1f}° tilted")
    if (deeper := plan.numbers.get(f"deeper_envelope_{number}_mm")) is not None:
        parts.append(f"{plan_words.mm(deeper)} deeper")
    return ", ".join(parts)


def others(plan: Plan) -> list[dict[str, str]]:
    """Numbers that stand nowhere else on the page."""
    return [
        {"what": words.sentence(words.said(name)), "value": f"{value:.4g}"}
        for name, value in plan.numbers.items()
        if name not in _CONSTRUCT and not _READING.fullmatch(name) and not _ROOM.fullmatch(name)
    ]
