"""The limit that a plan's margin must keep, where it comes from, and graded screws to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.evidence import MARK_WORDS, Evidence, load
from nutation.planning.boundary import Boundary
from nutation.planning.corridors import search
from nutation.planning.execution import ErrorModel, draw
from nutation.planning.margin import SIMULATIONS, executed
from nutation.planning.margin_fields import Fields
from nutation.record.errors import InputError

GRADES = ("none", "under_2mm", "from_2_to_4mm", "over_4mm")


@dataclass(frozen=True, slots=True)
class Limit:
    """The largest share of simulated executions in which an implant may breach by more than `grade_mm`."""

    share: float
    grade_mm: float
    in_words: str


def limit_of(share: float | None = None, evidence: Evidence | None = None) -> Limit:
    """The user's own limit, or the evidence's. Raises InputError for a share outside 0 to 1."""
    held = evidence or load()
    grade = held.entry("breach_scale").number("grades_mm.1")
    if share is not None:
        if not 0 < share <= 1:
            raise InputError(f"a limit of {share:g} cannot be.", mend="give a share between 0 and 1, e.g. 0.23.")
        return Limit(share, grade, f"at most {share:.0%} of simulated executions breach by more than {grade:g} mm "
                                   "(set by the user)")  # fmt: skip
    entry = held.entry("breach_limit")
    source = "; ".join(held.source(key).citation for key in entry.citation)
    return Limit(
        entry.number("share"), grade,
        f"at most {entry.number('share'):.0%} of simulated executions of any one implant breach by more than "
        f"{grade:g} mm: the share that did so among published screws placed by fluoroscopy and graded on CT "
        f"({source}; {MARK_WORDS[entry.verified]})",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class GradedScrew:
    """A screw of the published kind in the pelvis's widest corridor to mid S1, carried out with an error and graded."""

    corridor_mm: float
    length_mm: float
    simulated: Mapping[str, float]
    fluoroscopic: Mapping[str, float]
    navigated: Mapping[str, float]

    @property
    def in_words(self) -> str:
        """Simulated beside published grades, in one sentence."""

        def told(shares: Mapping[str, float]) -> str:
            return "/".join(f"{100 * shares[grade]:.3g}" for grade in GRADES)

        return (
            f"Graded screws for comparison (no breach, under 2, 2 to 4, over 4 mm, in %): simulated in this pelvis's "
            f"widest corridor to the middle of S1 ({self.corridor_mm:.1f} mm wide, {self.length_mm:.0f} mm long) "
            f"{told(self.simulated)}; published by fluoroscopy "
            f"{told(self.fluoroscopic)}, navigated {told(self.navigated)} (Zwingmann 2009)."
        )


def zwingmann_check(
    boundary: Boundary,
    fields: Fields,
    pelvis: Pelvis,
    error: ErrorModel,
    *,
    simulations: int = SIMULATIONS,
    seed: int = 0,
    evidence: Evidence | None = None,
) -> GradedScrew | None:
    """Simulated grades of an S1 screw beside the published; None where S1 has no corridor wide enough for it.

    Published screws end in the S1 body: the widest lateral corridor that reaches its middle is taken, and the screw
    runs from the outer table to there. `boundary` is a lateral one, `fields` its distances to bone.
    """
    held = evidence or load()
    screw = held.entry("iliosacral_screw").number("diameter_mm")
    band, joint = pelvis.levels.bands.get("s1"), pelvis.joints.get(boundary.side)
    if band is None or joint is None:
        return None
    deep = replace(boundary.approach, least_depth_mm=abs(float(joint.centre_mm[0] - band.centre_mm[0])))
    found = search(pelvis, replace(boundary, approach=deep), deep, "s1", min_diameter_mm=screw)
    if not found:
        return None
    widest = found[0]
    across = max(0.1, abs(float(widest.pose.direction[0])))
    length = min(widest.length_mm, abs(float(widest.pose.entry_mm[0] - band.centre_mm[0])) / across)
    size = Size("graded-screw", "graded screw", "circle", screw, length)
    placed = (Implant(size, Pose(widest.pose.entry_mm, widest.pose.direction)),)
    depth, _ = executed(fields, pelvis, placed, draw(error, 1, simulations, seed))
    grades = held.entry("zwingmann_grades")
    return GradedScrew(
        widest.diameter_mm, length, graded(depth[:, 0].max(axis=1), held),
        {grade: grades.number(f"fluoroscopic.{grade}") for grade in GRADES},
        {grade: grades.number(f"navigated.{grade}") for grade in GRADES},
    )  # fmt: skip


def graded(depth_mm: NDArray[np.float32], evidence: Evidence | None = None) -> dict[str, float]:
    """Shares of breach depths (n,) by published grade."""
    held = evidence or load()
    low, high = (held.entry("breach_scale").number(f"grades_mm.{i}") for i in (1, 2))
    return {
        "none": float((depth_mm <= 0).mean()),
        "under_2mm": float(((depth_mm > 0) & (depth_mm <= low)).mean()),
        "from_2_to_4mm": float(((depth_mm > low) & (depth_mm <= high)).mean()),
        "over_4mm": float((depth_mm > high).mean()),
    }
