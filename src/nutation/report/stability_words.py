"""The words and numbers of a study as a reader sees them: motions, verdicts, supports, degrees, percent, ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NOTICE = (
    "Decision support. Not for unsupervised clinical use: a model of the day of the operation, for the surgical team."
)
NOT_FOR = "Internal page for the surgical team; not for the patient, not for a payer."
MOTION: Mapping[str, str] = {
    "flexion_extension": "flexion and extension",
    "lateral_bending": "lateral bending",
    "axial_rotation": "axial rotation",
}
"""The three motions in words, in the order of every table."""
VERDICT: Mapping[str, str] = {
    "holds_better": "holds better",
    "holds_less": "holds less",
    "not_distinguishable": "cannot be told apart",
}
JOINT: Mapping[str, str] = {
    "left": "LEFT sacroiliac joint",
    "right": "RIGHT sacroiliac joint",
    "both": "BOTH sacroiliac joints",
}
SUPPORT: Mapping[str, str] = {
    "ischia": "both ischial tuberosities held",
    "acetabula": "both hip sockets held",
    "acetabulum_left": "the left hip socket held",
    "acetabulum_right": "the right hip socket held",
    "ilium_left": "the left ilium fixed",
    "ilium_right": "the right ilium fixed",
}
STANDING: Mapping[str, str] = {
    "two_legs": "both legs",
    "one_leg_left": "the left leg",
    "one_leg_right": "the right leg",
    "walking_left": "walking, left leg",
    "walking_right": "walking, right leg",
}
"""Loads of standing in a few words; compression has its own label."""
WITHHELD = "withheld"
RANGE_IS = "sensitivity range"
NOT_SWEPT = "nothing was swept"

ASSUMES = (
    "It is the day of the operation: no bone has grown across the joint, and fusion is not modelled.",
    "Strain is small and all is linear, but for ligaments that go slack when they shorten.",
    "Bone holds an implant across its axis and nearly lets it slide along it (a choice of this model, unverified).",
    "One setting of the sweep bonds implants along their axis too.",
    "Loads are pure moments on S1 with a load along the spine; muscles, gait and repeated loading are left out.",
    "How taut and stiff this patient's ligaments and cartilage are is not known; it is the same for every construct.",
    "So constructs are compared within each setting of the sweep, and never across settings.",
)
"""What the model takes for granted, for every page that shows its figures."""
NOT_SAID = (
    "Whether fusion is warranted, what weight the leg may bear, when to return to work.",
    "Whether pain is relieved: no link between motion in such a model and relief has been shown.",
    "How this patient's joint moves: degrees and percent are detail of the model, to be read beside published figures.",
    "A confidence interval: a sensitivity range is the least and the greatest value over the settings that were tried.",
)
"""What must not be read out of it."""
OVERLAP = (
    "The sensitivity ranges of two constructs may overlap although one holds better: each range runs over settings, "
    "and within every single setting the same construct was ahead."
)


def deg(value: Any) -> str:
    """Degrees with two decimals; the word where they are withheld."""
    return WITHHELD if value is None else f"{value:.2f}°"


def pct(value: Any) -> str:
    """Whole percent, as fine as the model deserves: ``73 %``, ``−4 %``; the word where it is withheld."""
    return WITHHELD if value is None else f"{_whole(value)} %"


def change(value: float) -> str:
    """A change in whole percent with its sign: ``−7 %``, ``+3 %``, ``0 %``."""
    return f"{'+' if round(value) > 0 else ''}{_whole(value)} %"


def span(ends: Sequence[float] | None, none: str = WITHHELD) -> str:
    """A range in whole percent: ``44 to 62 %``."""
    return none if ends is None else f"{_whole(ends[0])} to {_whole(ends[1])} %"


def points(ends: Sequence[float] | None) -> str:
    """A range of differences in points of percent, with one decimal and its sign: ``+2.8 to +4.4 points``."""
    return WITHHELD if ends is None else f"{ends[0]:+.1f} to {ends[1]:+.1f} points".replace("-", "−")


def named(construct: str) -> str:
    """A construct's name as it stands in a sentence: ``the plan``, ``the plan without implant 2``."""
    if construct == "plan":
        return "the plan"
    return f"the plan {construct}" if construct.startswith("without implant ") else construct


def listed(names: Sequence[str]) -> str:
    """Names as in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def load_of(loads: Mapping[str, Any]) -> str:
    """The load of the ranges of motion: ``10 Nm each way with 400 N along the spine, …``."""
    follower = f" with {loads['follower_n']:g} N along the spine" if loads["follower_n"] else ""
    return f"{loads['moment_nm']:g} Nm each way{follower}, {SUPPORT.get(loads['support'], loads['support'])}"


def size_of(unknowns: int) -> str:
    """The number of unknowns as a reader counts them."""
    return f"{unknowns / 1e6:.1f} million unknowns" if unknowns >= 1e6 else f"{round(unknowns, -3):,} unknowns"


def _whole(value: float) -> str:
    told = round(value)
    return f"−{abs(told)}" if told < 0 else str(told)
