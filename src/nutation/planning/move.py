"""A surgeon's own edit of one implant, checked by the code that made the plan, and answered at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.evidence import Evidence, load
from nutation.planning.boundary import Boundary
from nutation.planning.clearance import clearance
from nutation.planning.construct_sets import apart
from nutation.planning.execution import ErrorModel, draw
from nutation.planning.level_told import level_told
from nutation.planning.make import PlanMade
from nutation.planning.make_words import exceeding, implant_warnings
from nutation.planning.margin import executed, margins_of
from nutation.planning.margin_envelope import envelope
from nutation.planning.margin_fields import Fields, bone_fields, fields_of
from nutation.planning.margin_limit import Limit, limit_of
from nutation.planning.plan import Plan, PlannedImplant
from nutation.planning.purchase import purchase
from nutation.record.errors import InputError

# Executions simulated for one edit: answered at once, to a share that errs by 0.01. A plan that is kept is simulated
# again with as many as a new one.
SIMULATIONS = 2000


@dataclass(frozen=True, slots=True)
class Bench:
    """What stays the same while implants are moved: pelvis, boundary, distances to bone, error and limit."""

    pelvis: Pelvis
    boundary: Boundary
    bone: Fields
    error: ErrorModel
    limit: Limit
    evidence: Evidence

    def move(
        self, plan: Plan, index: int, pose: Pose, size: Size | None = None, *, seed: int = 0,
        simulations: int = SIMULATIONS,
    ) -> PlannedImplant:  # fmt: skip
        """Implant `index` of the plan with another pose (and size): everything that a plan says of it.

        Its warnings say where it breaches, misses the joint, meets another implant or exceeds the limit. Raises
        InputError for a pose that is no pose, IndexError for an implant that the plan has not.
        """
        before = plan.implants[index]
        implant = Implant(size or before.implant.size, _checked(pose))
        depth, missed = executed(self.bone, self.pelvis, (implant,), draw(self.error, 1, simulations, seed))
        kept = clearance(self.boundary, implant)
        held = purchase(self.pelvis, self.boundary.side, implant)
        warnings = [*implant_warnings(kept, self.evidence)]
        if held.crossing_mm is None and len(self.boundary.approach.crosses) > 1:
            warnings.append("Its axis does not cross the joint.")
        warnings += self._meetings(plan, index, implant)
        moved = PlannedImplant(
            before.position, level_told(self.pelvis, self.boundary.approach, implant), implant, kept, held,
            margins_of(self.bone, depth, missed)[0], envelope(fields_of(self.boundary), implant).shift_mm,
        )  # fmt: skip
        over = exceeding((moved,), self.limit)
        if over and kept.least_mm >= 0:
            warnings.append(f"Over the limit: {over}.")
        return replace(moved, warnings=tuple(warnings))

    def moved(self, plan: Plan, index: int, pose: Pose, size: Size | None = None, *, seed: int = 0) -> Plan:
        """The plan with that edit in it: verdict, reason and spacing anew. The construct's own shares are left out,
        since they were simulated for the construct before."""
        implants = tuple(
            self.move(plan, index, pose, size, seed=seed) if i == index else one for i, one in enumerate(plan.implants)
        )
        meets = [
            f"the {implants[index].position} implant: {said[0].lower()}{said[1:]}".rstrip(".")
            for said in self._meetings(plan, index, implants[index].implant)
        ]
        over = "; ".join(part for part in (exceeding(implants, self.limit), *meets) if part)
        crossings = [
            one.purchase.crossing_mm if one.purchase.crossing_mm is not None else one.implant.tip_mm for one in implants
        ]
        spacing = tuple(float(np.linalg.norm(other - one)) for one, other in pairwise(crossings))
        numbers = {name: value for name, value in plan.numbers.items() if not name.startswith(_OF_CONSTRUCT)}
        edited = f"The {plan.implants[index].position} implant was placed by hand."
        return replace(
            plan, implants=implants, verdict="no_plan_within_limit" if over else "planned", reason=over,
            spacing_mm=spacing, numbers=numbers, warnings=tuple(dict.fromkeys([*plan.warnings, edited])),
        )  # fmt: skip

    def _meetings(self, plan: Plan, index: int, implant: Implant) -> list[str]:
        """Which other implants it comes too near to."""
        least = self.evidence.entry("implant_gap").number("between_surfaces_mm")
        said: list[str] = []
        for i, other in enumerate(plan.implants):
            if i == index:
                continue
            one, two = implant, other.implant
            axes: Any = apart(
                one.pose.entry_mm, one.pose.direction, one.size.length_mm,
                two.pose.entry_mm, two.pose.direction, two.size.length_mm,
            )  # fmt: skip
            between = float(axes) - (one.size.diameter_mm + two.size.diameter_mm) / 2
            if between < least:
                said.append(
                    f"Its surface comes within {max(0.0, between):.1f} mm of the {other.position} implant's "
                    f"({least:g} mm are kept)."
                )
        return said


_OF_CONSTRUCT = ("construct_", "reading_", "tilt_envelope_", "deeper_envelope_")


def bench(made: PlanMade, pelvis: Pelvis, evidence: Evidence | None = None) -> Bench:
    """The bench for a plan just made. Raises InputError where it was refused before a boundary was drawn."""
    if made.boundary is None or made.bone is None:
        raise InputError(f"there is nothing to move: {made.plan.reason}.", mend="resolve that first, then plan again.")
    return Bench(pelvis, made.boundary, made.bone, made.error, made.limit, evidence or load())


def bench_of(pelvis: Pelvis, boundary: Boundary, error: ErrorModel, limit: float | None = None) -> Bench:
    """The bench for a plan read back: its pelvis, the boundary drawn anew, the error and the limit."""
    held = load()
    return Bench(pelvis, boundary, bone_fields(boundary), error, limit_of(limit, held), held)


def _checked(pose: Pose) -> Pose:
    """The pose with its direction scaled to length one."""
    size = float(np.linalg.norm(pose.direction))
    numbers = [*pose.entry_mm, *pose.direction, pose.roll_deg]
    if not all(math.isfinite(float(one)) for one in numbers) or size < 1e-6:
        raise InputError("the entry or the direction is no point or direction.", mend="give three finite numbers each.")
    return Pose(np.asarray(pose.entry_mm, dtype=np.float64), np.asarray(pose.direction / size), pose.roll_deg)
