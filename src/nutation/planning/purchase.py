"""What an implant holds on to: its axis in ilium and sacrum, the bone's attenuation, where it crosses the joint."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, cast

import numpy as np

from nutation.anatomy.implants import Implant, across
from nutation.anatomy.pelvis import GAP_OF, HIP_OF, SACRUM, Joint, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.planning.margin_kernels import codes_along
from nutation.planning.plan import Purchase

# Lengths are counted in steps of a fifth of a millimetre: below what is printed.
STEP_MM = 0.2
# Attenuation is taken on the axis and on two rings inside the section, at this many directions.
RING = 6


def purchase(pelvis: Pelvis, side: Side, implant: Implant) -> Purchase:
    """Lengths of the axis in the side's ilium and in the sacrum, mean HU in each, crossing point and angle.

    The crossing is the middle of the first run of joint between ilium and sacrum; None where the axis does not cross
    it. Its angle is that between the axis and the joint's normal there (0: square to the joint).
    """
    length = implant.size.length_mm
    codes = along(pelvis, implant.pose.entry_mm, implant.pose.direction, length)
    step = length / len(codes)
    in_ilium, in_sacrum = codes == HIP_OF[side], codes == SACRUM
    depth = crossing_depth(codes, side)
    crossing = None if depth is None else implant.pose.at((depth + 0.5) * step)
    angle = None if crossing is None else crossing_angle_deg(pelvis.joints[side], crossing, implant.pose.direction)
    return Purchase(
        float(in_ilium.sum() * step),
        float(in_sacrum.sum() * step),
        None if pelvis.hu is None else _mean_hu(pelvis, implant, in_ilium, in_sacrum),
        crossing,
        angle,
    )


def along(pelvis: Pelvis, entry_mm: Floats, direction: Floats, length_mm: float) -> Any:
    """The labels (uint8) at equal steps of about `STEP_MM` along an axis."""
    return codes_along(pelvis.labels, pelvis.low_mm, pelvis.spacing_mm, entry_mm, direction, length_mm, STEP_MM)


def crossing_depth(codes: Any, side: Side) -> float | None:
    """The step (fractional) at which the axis is in the middle of the joint: the first run of joint that has one bone
    before it and the other after it; None where there is none."""
    hip, gap = HIP_OF[side], GAP_OF[side]
    changes = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(codes))), len(codes)]
    before, start = 0, None
    for first, _ in pairwise(changes):
        code = int(codes[first])
        if code in (hip, SACRUM):
            if start is not None and before not in (0, code):
                return 0.5 * (start + first) - 0.5
            before, start = code, None
        elif code == gap and before and start is None:
            start = first
    return None


def crossing_angle_deg(joint: Joint, point_mm: Floats, direction: Floats) -> float:
    """The angle between a direction and the joint's normal near a point: that of the mean of its nearest normals."""
    count = min(len(joint.points_mm), _NORMALS)
    distances = np.linalg.norm(joint.points_mm - point_mm, axis=1)
    nearest = np.argpartition(distances, count - 1)[:count]
    normal = joint.normals[nearest].mean(axis=0)
    size = float(np.linalg.norm(normal))
    cosine = abs(float(np.dot(normal, direction))) / size if size > 0 else 0.0
    return math.degrees(math.acos(min(1.0, cosine)))


# Normals that are averaged where an implant crosses: a patch about as wide as an implant at one point a square mm.
_NORMALS = 40


def _mean_hu(pelvis: Pelvis, implant: Implant, in_ilium: Any, in_sacrum: Any) -> dict[str, float]:
    """Mean attenuation within the implant's circle, by bone; a bone that the axis does not cross is left out."""
    from scipy import ndimage

    length, count = implant.size.length_mm, len(in_ilium)
    depths = (np.arange(count) + 0.5) * (length / count)
    first, second = across(implant.pose.direction)
    radius = implant.size.diameter_mm / 2
    angles = np.arange(RING) * (2 * math.pi / RING)
    around = [np.zeros(3)] + [
        share * radius * (math.cos(angle) * first + math.sin(angle) * second)
        for share in (0.5, 0.9)
        for angle in angles
    ]
    axis = implant.pose.entry_mm + depths[:, None] * implant.pose.direction
    points = (axis[:, None, :] + np.array(around)[None, :, :]).reshape(-1, 3)
    values = cast("Any", ndimage).map_coordinates(pelvis.hu, pelvis.index(points).T, order=1, mode="nearest")
    mean = np.asarray(values, dtype=np.float64).reshape(count, -1).mean(axis=1)
    return {name: float(mean[mask].mean()) for name, mask in (("ilium", in_ilium), ("sacrum", in_sacrum)) if mask.any()}
