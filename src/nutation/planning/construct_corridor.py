"""One implant along a corridor: for approaches that run into the joint, from the sacrum outwards, or right through."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np

from nutation.anatomy.implants import Implant, Pose, Size, across
from nutation.anatomy.pelvis import GAP_OF, Level, Pelvis
from nutation.anatomy.space import unit
from nutation.planning.boundary import Boundary
from nutation.planning.clearance import clearance
from nutation.planning.construct import TRIALS, Found
from nutation.planning.corridors import search
from nutation.planning.execution import ErrorModel, draw
from nutation.planning.field_kernels import field_at
from nutation.planning.level_told import level_told
from nutation.planning.margin import executed
from nutation.planning.margin_fields import Fields
from nutation.planning.plan import Corridor
from nutation.planning.preferences import Preferences

# Corridors that are tried, the widest first: the narrower ones have less margin.
TRIED = 8
# A corridor is as wide as its narrowest part, so the widest ones are short. Those that go further into the last bone
# are looked for too, by so many mm more of the way in it.
FURTHER_MM = (0.0, 20.0, 40.0)
# The best few are centred in their bone over their own length, by steps of a shift (mm) and a tilt (degrees).
CENTRED = 4
STEPS = ((2.0, 2.5), (1.0, 1.2), (0.5, 0.6))
# Rounds of moves at one step; one that still moves after these goes on with the next, smaller step.
ROUNDS = 8
# Steps along an axis in which its way through the joint is counted.
AXIS_MM = 0.5
# Clearance beyond this adds nothing to an implant that is to lie in the joint: what counts is where it lies.
EASE_MM = 4.0


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
    """Single implants along the widest corridors, best first: of each, the size worth most that keeps its clearance.

    Where the way goes through, the shortest that reaches the end of the corridor. Empty where no corridor takes one.
    """
    ordered = sorted(sizes, key=lambda size: size.length_mm)
    proud = 0.0 if boundary.approach.near_joint_mm is not None else wanted.proud_mm
    draws, held_mm = draw(error, 1, simulations, seed), _held(pelvis, boundary)

    def judged(implant: Implant) -> Found:
        depth, _ = executed(bone, pelvis, (implant,), draws)
        share = float((depth[:, 0].max(axis=1) > wanted.grade_mm).mean())
        worth = held_mm(implant) - wanted.per_percent * 100 * share
        crossing = implant.pose.at(implant.size.length_mm / 2)
        return Found((implant,), crossing[None], worth, (share,), share <= wanted.limit)

    offered: list[Found] = []
    for corridor in _corridors(pelvis, boundary, ordered[0].diameter_mm):
        pose = Pose(corridor.pose.entry_mm - proud * corridor.pose.direction, corridor.pose.direction)
        fitting = [
            Implant(size, pose) for size in ordered
            if not boundary.through or size.length_mm >= corridor.length_mm + 2 * proud
        ]  # fmt: skip
        kept = [one for one in fitting if clearance(boundary, one).least_mm >= 0]
        offered += [judged(one) for one in (kept[:1] if boundary.through else kept)]
    offered.sort(key=_rank)
    if not boundary.through:
        offered += [judged(_centred(pelvis, boundary, one.implants[0], held_mm)) for one in offered[:CENTRED]]
    return tuple(_apart(sorted(offered, key=_rank)))


def _rank(one: Found) -> tuple[bool, float]:
    return (not one.within, -one.worth)


def _apart(found: list[Found]) -> Iterator[Found]:
    """Those that differ from every better one by more than the finest step."""
    kept: list[Found] = []
    for one in found:
        if all(one.apart_mm(other).max() > STEPS[-1][0] for other in kept):
            kept.append(one)
            yield one


def _centred(pelvis: Pelvis, boundary: Boundary, implant: Implant, held_mm: Callable[[Implant], float]) -> Implant:
    """The implant where its least clearance is largest nearby, at the same level and within the approach's cone.

    One that is to lie in the joint is centred there, as far as its clearance is kept.
    """
    approach = boundary.approach
    level, in_joint = level_told(pelvis, approach, implant), approach.near_joint_mm is not None
    nominal, least_cosine = approach.direction(boundary.side), math.cos(math.radians(approach.cone_deg))

    def value(one: Implant) -> float:
        kept_mm = clearance(boundary, one).least_mm
        return held_mm(one) + min(0.0, kept_mm - EASE_MM) if in_joint and kept_mm >= 0 else kept_mm

    best, most_mm = implant, value(implant)
    for shift_mm, tilt_deg in STEPS:
        for _ in range(ROUNDS):
            before = best
            for one in _moved(before, shift_mm, math.radians(tilt_deg)):
                if float(one.pose.direction @ nominal) < least_cosine or level_told(pelvis, approach, one) != level:
                    continue
                kept_mm = value(one)
                if kept_mm > most_mm + 1e-6:
                    best, most_mm = one, kept_mm
            if best is before:
                break
    return best


def _held(pelvis: Pelvis, boundary: Boundary) -> Callable[[Implant], float]:
    """How much of an implant's length (mm) counts: all of it, and of one that is to lie in the joint, what does.

    There each step along the axis counts the less, the further it is from the gap: at the implant's radius, where it
    lies in one bone alone, nothing.
    """
    if boundary.approach.near_joint_mm is None:
        return lambda implant: implant.size.length_mm
    import edt

    h = boundary.spacing_mm
    start = np.round((boundary.low_mm - pelvis.low_mm) / h).astype(int)
    window = tuple(slice(a, a + n) for a, n in zip(start, boundary.zones.shape, strict=True))
    elsewhere = np.ascontiguousarray(pelvis.labels[window] != GAP_OF[boundary.side])
    away: Any = cast("Any", edt).edt(elsewhere, anisotropy=(h,) * 3, parallel=2)

    def held_mm(implant: Implant) -> float:
        steps = np.arange(0.0, implant.size.length_mm, AXIS_MM)
        index = (implant.pose.entry_mm + steps[:, None] * implant.pose.direction - boundary.low_mm) / h
        off = [field_at(away, *point) for point in index]
        return float(np.maximum(0.0, 1.0 - 2 * np.array(off) / implant.size.diameter_mm).sum()) * AXIS_MM

    return held_mm


def _moved(implant: Implant, shift_mm: float, tilt: float) -> Iterator[Implant]:
    """Shifted across its axis, and tilted about its middle (radians), each way."""
    pose, half_mm = implant.pose, implant.size.length_mm / 2
    middle = pose.at(half_mm)
    for axis in across(pose.direction):
        for sign in (1.0, -1.0):
            yield replace(implant, pose=replace(pose, entry_mm=pose.entry_mm + sign * shift_mm * axis))
            turned = unit(pose.direction + sign * math.tan(tilt) * axis)
            yield replace(implant, pose=replace(pose, entry_mm=middle - half_mm * turned, direction=turned))


def _corridors(pelvis: Pelvis, boundary: Boundary, diameter_mm: float) -> Iterator[Corridor]:
    """The widest corridors of each level that the approach has, and of each way into the last bone."""
    approach = boundary.approach
    levels: list[Level | None] = [level for level in approach.levels if level in pelvis.levels.bands]
    ends_in_bone = not boundary.through and approach.near_joint_mm is None
    for further_mm in FURTHER_MM if ends_in_bone else FURTHER_MM[:1]:
        deep = replace(approach, least_depth_mm=approach.least_depth_mm + further_mm)
        there = replace(boundary, approach=deep)
        for level in levels or [None]:
            yield from search(
                pelvis, there, deep, level, min_diameter_mm=diameter_mm, through=boundary.through
            )[:TRIED]  # fmt: skip
