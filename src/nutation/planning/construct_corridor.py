"""One implant along a corridor: for approaches that run into the joint, or through to the other side."""

from __future__ import annotations

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import Level, Pelvis
from nutation.planning.boundary import Boundary
from nutation.planning.construct import TRIALS, Found, Preferences
from nutation.planning.corridors import search
from nutation.planning.execution import ErrorModel, draw
from nutation.planning.margin import executed, uncounted
from nutation.planning.margin_fields import Fields, fields_of

# Corridors that are tried, the widest first: the narrower ones have less margin.
TRIED = 8


def along_corridors(
    boundary: Boundary,
    bone: Fields,
    pelvis: Pelvis,
    sizes: tuple[Size, ...],
    error: ErrorModel,
    wanted: Preferences,
    *,
    seed: int = 0,
    simulations: int = TRIALS,
) -> tuple[Found, ...]:
    """Single implants along the widest corridors, best first: the longest size that keeps its clearance.

    Where the way goes through, the shortest that reaches the end of the corridor. Empty where no corridor takes one.
    """
    levels: list[Level | None] = [level for level in boundary.approach.levels if level in pelvis.levels.bands]
    ordered = sorted(sizes, key=lambda size: size.length_mm)
    fields = fields_of(boundary)
    draws = draw(error, 1, simulations, seed)
    offered: list[Found] = []
    for level in levels or [None]:
        for corridor in search(
            pelvis, boundary, boundary.approach, level, min_diameter_mm=ordered[0].diameter_mm,
            through=boundary.through,
        )[:TRIED]:  # fmt: skip
            proud = 0.0 if boundary.approach.near_joint_mm is not None else wanted.proud_mm
            pose = Pose(corridor.pose.entry_mm - proud * corridor.pose.direction, corridor.pose.direction)
            fitting = [
                Implant(size, pose) for size in ordered
                if (not boundary.through and size.length_mm <= corridor.length_mm + proud)
                or (boundary.through and size.length_mm >= corridor.length_mm + 2 * proud)
            ]  # fmt: skip
            held = [one for one in fitting if _kept(fields, boundary, one) >= 0]
            if not held:
                continue
            implant = held[0] if boundary.through else held[-1]
            depth, _ = executed(bone, pelvis, (implant,), draws)
            uncounted(bone, depth, boundary.through)
            share = float((depth[:, 0].max(axis=1) > wanted.grade_mm).mean())
            worth = implant.size.length_mm - wanted.per_percent * 100 * share
            crossing = pose.at(min(implant.size.length_mm / 2, corridor.length_mm / 2))
            offered.append(Found((implant,), crossing[None], worth, (share,), share <= wanted.limit))
    return tuple(sorted(offered, key=lambda one: (not one.within, -one.worth)))


def _kept(fields: Fields, boundary: Boundary, implant: Implant) -> float:
    """The least clearance, without the far side where the implant is meant to go through it."""
    found = fields.clearances((implant,))[0]
    return min(
        float(mm) for name, mm in zip(fields.names, found, strict=True)
        if not (boundary.through and name == "far_side")
    )  # fmt: skip
