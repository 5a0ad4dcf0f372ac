"""Constructs that differ in one thing, as the published comparisons had them: number, spacing, direction, length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nutation.anatomy.implants import Construct, Implant, Pose, Size
from nutation.anatomy.pelvis import HIP_OF, SACRUM, Joint, Pelvis
from nutation.anatomy.solids import distance_mm, surface_points
from nutation.anatomy.space import Floats, unit

WIDE_MM, NARROW_MM = 22.0, 13.0
"""The two spacings of the published experiment (evidence: spacing_freeman)."""


def triangular(length_mm: float) -> Size:
    """The 7 mm triangular implant in one length."""
    return Size(f"ifuse-7x{length_mm:g}", "iFuse", "triangle", 7.0, length_mm)


def spaced(plan: Construct, joint: Joint, spacing_mm: float, count: int = 3, length_mm: float = 40.0) -> Construct:
    """Parallel implants through the joint, this far apart along the line on which the plan's implants cross it.

    All have the plan's mean direction and half of their length beyond the joint.
    """
    way = unit(np.mean([one.pose.direction for one in plan.implants], axis=0))
    crossings = np.array([_crossing(one, joint) for one in plan.implants])
    along = crossings[-1] - crossings[0]
    along = unit(along - float(along @ way) * way)
    middle = crossings.mean(axis=0)
    places = (np.arange(count) - (count - 1) / 2) * spacing_mm
    return _through([middle + place * along for place in places], way, joint, plan, length_mm)


def moved_back(plan: Construct, joint: Joint, back_mm: float) -> Construct:
    """The plan's implants with all crossings moved backwards along the joint: in line behind its articular part, as the
    published posterior (inline) placement had them."""
    way = unit(np.mean([one.pose.direction for one in plan.implants], axis=0))
    back = np.array([0.0, 1.0, 0.0])
    back = unit(back - float(back @ way) * way)
    made: list[Implant] = []
    for one in plan.implants:
        before = float((_crossing(one, joint) - one.pose.entry_mm) @ one.pose.direction)
        crossing = _onto(_crossing(one, joint) + back_mm * back, one.pose.direction, joint)
        made.append(Implant(one.size, Pose(crossing - before * one.pose.direction, one.pose.direction)))
    return Construct(plan.side, "inline", tuple(made))


def ended(plan: Construct, pelvis: Pelvis, share: float) -> Construct:
    """The plan with its superior implant ending this share of the way from the joint to the midline: 1 is mid-sacrum,
    a half is mid-ala."""
    first = plan.implants[0]
    joint = pelvis.joints[plan.side]
    crossing = _crossing(first, joint)
    reach = abs(crossing[0]) / abs(first.pose.direction[0])
    before = float((crossing - first.pose.entry_mm) @ first.pose.direction)
    size = triangular(round(before + share * reach, 1))
    return replace(plan, implants=(Implant(size, first.pose), *plan.implants[1:]))


def only(plan: Construct, *numbers: int) -> Construct:
    """Some of the plan's implants."""
    return replace(plan, implants=tuple(plan.implants[number] for number in numbers))


def outside_mm3(pelvis: Pelvis, construct: Construct) -> float:
    """The volume of implants beyond the joint's bones and gap, entries left out: nonsense constructs show here."""
    total = 0.0
    for one in construct.implants:
        points = surface_points(one, 1.0)
        inner = points[(points - one.pose.entry_mm) @ one.pose.direction > 8.0]
        index = np.round(pelvis.index(inner)).astype(int)
        labels = pelvis.labels[tuple(index.T)]
        total += float(np.isin(labels, (SACRUM, HIP_OF[construct.side])).mean() < 0.7)
    return total


def apart_mm(construct: Construct) -> Floats:
    """The least distance between neighbours' surfaces."""
    pairs = zip(construct.implants, construct.implants[1:], strict=False)
    return np.array([distance_mm(one, surface_points(other, 1.0)).min() for one, other in pairs])


def _through(crossings: list[Floats], way: Floats, joint: Joint, plan: Construct, length_mm: float) -> Construct:
    made = [
        Implant(triangular(length_mm), Pose(crossing - length_mm / 2 * way, way))
        for crossing in (_onto(one, way, joint) for one in crossings)
    ]
    return Construct(plan.side, plan.approach, tuple(made))


def _onto(point: Floats, way: Floats, joint: Joint) -> Floats:
    """The point moved along a direction onto the joint's surface."""
    offset = joint.points_mm - point
    beside = np.linalg.norm(offset - (offset @ way)[:, None] * way, axis=1)
    return np.asarray(point + float(offset[int(beside.argmin())] @ way) * way, dtype=np.float64)


def _crossing(one: Implant, joint: Joint) -> Floats:
    depths = np.linspace(0.0, one.size.length_mm, 200)
    axis = one.pose.entry_mm + depths[:, None] * one.pose.direction
    away = np.linalg.norm(axis[:, None] - joint.points_mm[None], axis=2).min(axis=1)
    return np.asarray(axis[int(away.argmin())], dtype=np.float64)
