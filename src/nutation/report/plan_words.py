"""The words and numbers of a plan as a reader sees them: sides, structures, millimetres, shares, who and when."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats
from nutation.planning.plan import Breach, Plan, PlannedImplant
from nutation.report import words

NOTICE = "Decision support. Not for unsupervised clinical use: a surgeon checks every number against the image."
SIDE: Mapping[str, str] = {"left": "LEFT sacroiliac joint", "right": "RIGHT sacroiliac joint"}
VERDICT: Mapping[str, str] = {
    "planned": "A plan within the limit was found",
    "no_plan_within_limit": "No plan within the limit",
}
FIRST_LOOK = "A first look at outlines that are too coarse, no plan to operate by"
FIRST_LOOK_REASON = "Labels of the bones are required for a plan; what follows shows what could be shown then."
ORIENTATION: Mapping[str, str] = {
    "dicom": "from the DICOM headers",
    "nifti": "from the header of a converted image (NIfTI or NRRD): check against the original",
    "unverified": "not verified: nothing in the input proves them",
}
APPROACH: Mapping[str, str] = {"lateral": "lateral transarticular", "s2ai": "S2-alar-iliac"}


def mm(value: float) -> str:
    """Millimetres with one decimal: ``4.2 mm``; minus as a sign, no negative zero."""
    told = round(value, 1) + 0.0
    return f"{'−' if told < 0 else ''}{abs(told):.1f} mm"


def degrees(value: float) -> str:
    """Whole degrees: ``88°``."""
    return f"{round(value) + 0:d}°"


def share(value: float, error: float | None = None) -> str:
    """A share of 1 in percent with its Monte Carlo error: ``18 % ± 0.8``; never a bare 0 or 100."""
    percent = 100 * value
    if error is None:
        return words.percent(value)
    if percent < 0.5:
        return f"under {max(0.5, round(percent + 200 * error, 1)):.1f} %"
    if percent > 99.5:
        return "over 99 %"
    return f"{percent:.0f} % ± {max(100 * error, 0.1):.1f}"


def breach(told: Breach) -> tuple[str, str, str]:
    """A breach's three shares: any, over 2 mm, over 4 mm."""
    return (
        share(told.any, told.se_any),
        share(told.over_2mm, told.se_over_2mm),
        share(told.over_4mm, told.se_over_4mm),
    )


def point(lps: Floats) -> str:
    """A point in LPS millimetres by its directions: ``L 43.2, A 12.0, S 410.5``."""
    names = (("L", "R"), ("P", "A"), ("S", "I"))
    return ", ".join(
        f"{pair[0] if value >= 0 else pair[1]} {abs(value):.1f}" for pair, value in zip(names, lps, strict=True)
    )


def heading(direction: Floats) -> str:
    """An implant's direction against the pelvis's transverse axis: ``4° forwards, 2° downwards``.

    `direction` (3,) is a unit vector of the pelvic frame (left, backwards, up).
    """
    inwards = abs(float(direction[0]))
    forwards = math.degrees(math.atan2(-float(direction[1]), inwards))
    upwards = math.degrees(math.atan2(float(direction[2]), inwards))
    parts = [_turned(forwards, "forwards", "backwards"), _turned(upwards, "upwards", "downwards")]
    return ", ".join(part for part in parts if part) or "straight across"


def offset(vector: Floats) -> str:
    """A point from a landmark along the pelvis's axes: ``38 mm in front, 12 mm above``."""
    ahead, above = -float(vector[1]), float(vector[2])
    parts = [
        f"{abs(value):.0f} mm {one if value >= 0 else other}"
        for value, one, other in ((ahead, "in front", "behind"), (above, "above", "below"))
    ]
    return ", ".join(parts)


def _turned(angle: float, one: str, other: str) -> str:
    return f"{abs(round(angle)):d}° {one if angle > 0 else other}" if round(angle) else ""


def person(name: str) -> str:
    """A DICOM person name as it is spoken: ``Aldaya^Miriam`` as ``Miriam Aldaya``."""
    family, _, rest = name.split("=")[0].partition("^")
    given = re.sub(r"\^+", " ", rest).strip()
    return f"{given} {family}".strip()


def reason(plan: Plan) -> str:
    """Why the verdict is what it is, as a sentence."""
    if not plan.reason:
        return "Every implant keeps the limit."
    return words.sentence(plan.reason).rstrip(".") + "."


def approach(code: str) -> str:
    """An approach in words."""
    return APPROACH.get(code, words.said(code))


def position(code: str) -> str:
    """A position in a construct in words: ``s1_upper`` as ``S1, upper``."""
    level, _, rest = code.partition("_")
    if re.fullmatch(r"s\d", level):
        return f"{level.upper()}, {words.said(rest)}" if rest else level.upper()
    return words.sentence(words.said(code))


def place(planned: PlannedImplant) -> str:
    """Where in the construct an implant stands, with its level where that is not in the name."""
    told = position(planned.position)
    level = planned.level.upper() if planned.level is not None else ""
    return told if not level or level in told else f"{told}, {level}"


def image(source: Source) -> str:
    """The image in words: what, when, which series."""
    parts = [
        source.modality or "image",
        f"of {words.day(source.image_date)}" if source.image_date else "of unknown date",
    ]
    return " ".join(parts) + (f", {source.described}" if source.described else "")


def who(source: Source, in_record: str = "") -> str:
    """The patient as the image names them; else as the record does, saying so; else that nobody is named."""
    if named := person(source.patient_name):
        return named
    if source.patient_id:
        return f"Patient {source.patient_id}"
    return f"{in_record} (by the record; the image names nobody)" if in_record else "Patient not named by the input"


def line(source: Source, side: str, in_record: str = "") -> str:
    """Whose, which side, of which image: what every section and every picture repeats."""
    identifier = source.patient_id or "no identifier in the image"
    return f"{who(source, in_record)} · {identifier} · {SIDE[side]} · {image(source)}"
