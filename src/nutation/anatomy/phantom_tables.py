"""The phantom's surfaces as height fields on fine grids: drawn through a few points, looked up by the kernels.

Three maps make the shapes that capsules cannot. The *wing* map over (y, z) of the design frame holds the outer table
of the ilium (x), its thickness and the distance to its outline. The *sacral* map over (|x|, s) holds the front and
the back of the sacrum, the *joint* map over (a, s) the joint's mid-surface (x) and half its gap. s runs down the
sacrum from the S1 endplate, a forwards across it (see `phantom_kernels.local`). All points are invented: placed by
eye until the projections looked like a pelvis. Origin: the middle of the S1 endplate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import interpolate as untyped_interpolate
from scipy import spatial as untyped_spatial

from nutation.anatomy.phantom_shape import PhantomShape
from nutation.anatomy.space import Floats, Mask

interpolate, spatial = cast("Any", untyped_interpolate), cast("Any", untyped_spatial)

Point = tuple[float, float, float]

STEP_MM = 1.0
"""Spacing of the maps: between nodes the smooth fields bend by less than 0.01 mm."""

WING_LOW = (-90.0, -130.0)
WING_SIZE = (180, 200)
SACRUM_LOW = (-2.0, -50.0)
SACRUM_SIZE = (92, 210)
JOINT_LOW = (-60.0, -50.0)
JOINT_SIZE = (112, 160)

# Outline of the wing and of the body of the ilium, (y, z): from the ASIS over the crest to the PSIS, round the greater
# sciatic notch, through the body and up the front.
_OUTLINE = [
    (-65, -37), (-67, -30), (-64, -17), (-56, 0), (-42, 19), (-22, 33), (0, 38), (20, 34), (36, 22), (49, 6), (60, -11),
    (64, -22), (64, -32), (62, -43), (59, -53), (52, -60), (42, -63), (30, -66), (20, -71), (14, -79), (14, -89),
    (18, -99), (5, -108), (-20, -112), (-42, -102), (-54, -84), (-60, -70), (-60, -62), (-55, -53), (-58, -44),
]  # fmt: skip

# Outer table: (y, z) -> x.
_OUTER: list[Point] = [
    (-68, -32, 122), (-60, -8, 132), (-45, 15, 139), (-22, 34, 138), (0, 38, 128), (20, 34, 112), (36, 22, 94),
    (50, 5, 72), (62, -18, 52), (62, -32, 47), (52, -48, 51), (40, -57, 58), (31, -63, 63), (31, -35, 68),
    (17, -13, 74), (25, 5, 86), (5, 10, 106), (-15, 10, 122), (-25, -15, 114), (-45, -20, 118), (0, -20, 96),
    (-10, -45, 97), (12, -45, 82), (25, -50, 71), (-40, -45, 109), (-23, -72, 100), (-58, -65, 102), (20, -85, 70),
    (5, -80, 86), (-50, -90, 98), (-20, -100, 100),
]  # fmt: skip

# Thickness of the wing away from the joint and the hip: (y, z) -> mm.
_THICK: list[Point] = [
    (-66, -33, 13), (-60, -8, 11), (-45, 15, 14), (-22, 34, 10), (0, 38, 9), (20, 34, 9), (36, 22, 11), (50, 5, 14),
    (62, -18, 15), (60, -32, 13), (52, -48, 11), (-25, -5, 5), (-45, -20, 8), (-5, 5, 5), (0, -15, 9), (-20, 15, 6),
    (-58, -63, 16), (-40, -45, 15), (-10, -45, 18), (15, 0, 12), (25, -55, 16), (10, -70, 24), (-23, -70, 30),
    (-50, -90, 26), (0, -95, 28), (20, -85, 14), (22, 12, 10), (15, 22, 7), (-15, 24, 7), (35, -10, 20), (45, -30, 18),
]  # fmt: skip

# Front of the sacrum: (|x|, s) -> a. The joint's front edge stands a little before the ala.
_FRONT: list[Point] = [
    (0, -40, 15), (30, -40, 4), (60, -40, 6), (0, 0, 16), (14, 0, 14.5), (24, 0, 8), (36, 0, 5), (50, 0, 7), (62, 0, 8),
    (0, 14, 14.5), (14, 14, 13), (24, 14, 9), (36, 14, 7), (50, 14, 9), (62, 14, 9), (0, 30, 14), (14, 30, 12.5),
    (24, 30, 9), (36, 30, 7.5), (50, 30, 10), (0, 47, 10.5), (14, 47, 9.5), (24, 47, 7.5), (36, 47, 6.5), (48, 47, 7.5),
    (0, 57, 10), (0, 70, 7), (14, 70, 6), (26, 70, 4.5), (40, 70, 3), (0, 90, 5), (16, 90, 4), (28, 90, 2),
    (0, 110, 3.5), (16, 110, 2), (0, 140, 3), (20, 140, 1),
]  # fmt: skip

_DRAWN_DEPTH_MM = 32.0
"""The endplate's depth for which the front was drawn; another depth moves it."""

# Back of the sacrum: (|x|, s) -> a. Median crest, sacral groove, lateral crest, the rough field behind the joint.
_BACK: list[Point] = [
    (0, -40, -36), (30, -40, -26), (60, -40, -30), (0, 4, -37), (8, 4, -34), (20, 4, -27), (32, 4, -25), (45, 4, -29),
    (0, 18, -40), (8, 18, -33), (20, 18, -27), (32, 18, -26), (45, 18, -28), (0, 28, -34), (0, 40, -37), (8, 47, -27),
    (20, 44, -22), (32, 47, -24), (42, 47, -22), (0, 54, -28), (0, 64, -28), (10, 70, -18.5), (20, 70, -16),
    (30, 70, -17), (40, 70, -15), (0, 84, -19), (10, 90, -11.5), (20, 90, -10.5), (30, 90, -9), (0, 104, -9),
    (10, 107, -6), (20, 107, -5.5), (0, 140, -5), (20, 140, -4),
]  # fmt: skip

# The auricular surface, two limbs that meet at the front: capsules in (a, s).
_CRANIAL = ((-6.5, 24.5), (-3.5, 37.0), 12.8)
_CAUDAL = ((-3.5, 37.0), (-9.0, 61.0), 11.0)
_EDGE_MM = 1.0
"""How far beyond the auricular surface its gap still holds, so that the edge itself is not already opening."""
_OPENING = 0.7
"""How fast half the gap opens beyond the edge, mm per mm."""
_WIDEST_HALF_MM = 5.0
"""Half the widest gap: the space of the interosseous ligament."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Maps on grids of `STEP_MM`, each (layers, n, m).

    `wing`: outer x, its slope factor, thickness, distance to the outline. `sacrum`: front a, back a. `joint`: mid x,
    its slope factor, distance to the auricular surface's edge (negative on it). `half_gap`: along x, (2, n, m), left
    then right.
    """

    wing: Floats
    sacrum: Floats
    joint: Floats
    half_gap: Floats


def tables(shape: PhantomShape) -> Tables:
    """The maps of this phantom."""
    joint = _joint(shape)
    return Tables(_wing(), _sacrum(shape), joint, _half_gaps(shape, joint))


def nodes(low: tuple[float, float], size: tuple[int, int]) -> Floats:
    """The map's nodes as (n * m, 2)."""
    first, second = (low[axis] + STEP_MM * np.arange(size[axis], dtype=np.float64) for axis in range(2))
    return np.stack([np.repeat(first, size[1]), np.tile(second, size[0])], axis=1)


def _through(points: list[Point], at: Floats, smoothing: float) -> Floats:
    known = np.array(points, dtype=np.float64)
    found = interpolate.RBFInterpolator(known[:, :2], known[:, 2], kernel="thin_plate_spline", smoothing=smoothing)(at)
    return np.asarray(found, dtype=np.float64)


def _slope_factor(field: Floats) -> Floats:
    along, across = np.gradient(field, STEP_MM)
    return np.asarray(np.sqrt(1 + along**2 + across**2), dtype=np.float64)


def _wing() -> Floats:
    at = nodes(WING_LOW, WING_SIZE)
    outer = _through(_OUTER, at, 3.0).reshape(WING_SIZE)
    thick = np.clip(_through(_THICK, at, 3.0), 4.0, 34.0).reshape(WING_SIZE)
    closed = np.array([*_OUTLINE, _OUTLINE[0]], dtype=np.float64).T
    spline = interpolate.splprep([closed[0], closed[1]], s=20.0, per=1)[0]
    outline = np.stack(interpolate.splev(np.linspace(0, 1, 700, endpoint=False), spline), axis=1).astype(np.float64)
    return np.stack([outer, _slope_factor(outer), thick, _outline_distance(outline, at).reshape(WING_SIZE)])


def _outline_distance(outline: Floats, at: Floats) -> Floats:
    after = np.roll(outline, -1, axis=0)
    distance = np.asarray(spatial.cKDTree(outline).query(at)[0], dtype=np.float64)
    crossings = np.zeros(len(at), dtype=np.int64)
    for (y0, z0), (y1, z1) in zip(outline, after, strict=True):
        rising = (at[:, 1] < z0) != (at[:, 1] < z1)
        if z0 != z1:
            crossings += rising & (at[:, 0] < y0 + (at[:, 1] - z0) / (z1 - z0) * (y1 - y0))
    return np.where(crossings % 2 == 1, -distance, distance)


def _sacrum(shape: PhantomShape) -> Floats:
    at = nodes(SACRUM_LOW, SACRUM_SIZE)
    deeper = (shape.endplate_depth_mm - _DRAWN_DEPTH_MM) / 2
    mirrored = [[*points, *[(-x, s, a) for x, s, a in points if x > 0]] for points in (_FRONT, _BACK)]
    front = _through(mirrored[0], at, 0.5).reshape(SACRUM_SIZE)
    back = _through(mirrored[1], at, 0.5).reshape(SACRUM_SIZE)
    return np.stack([front + deeper, back])


def _joint(shape: PhantomShape) -> Floats:
    at = nodes(JOINT_LOW, JOINT_SIZE)
    a, s = at[:, 0], at[:, 1]
    # Further apart in front than behind, more so at the top; closer together downwards; one shallow wave.
    opening = math.tan(math.radians(shape.joint_angle_deg)) * np.clip(1.15 - 0.009 * (s - 15), 0.45, 1.15)
    wave = shape.joint_wave_mm * np.sin((s - 34) / 11.0) * np.cos((a + 6) / 14.0)
    mid = 49.5 - 0.27 * (s - 20) - 0.0009 * (s - 20) ** 2 * (s > 20) + opening * np.clip(a + 6, -40, 20) + wave
    limbs = [_limb(at, *limb, shape.joint_size) for limb in (_CRANIAL, _CAUDAL)]
    edge = np.minimum(limbs[0], limbs[1]).reshape(JOINT_SIZE)
    mid = np.asarray(mid, dtype=np.float64).reshape(JOINT_SIZE)
    along_a, along_s = np.gradient(mid, STEP_MM)
    factor = np.sqrt(1 + along_a**2 + (along_s / _metric(shape.curve_radius_mm, shape.straight_mm)) ** 2)
    return np.stack([mid, factor, edge])


def _metric(radius_mm: float, straight_mm: float) -> Floats:
    """What a step in s is worth at each node of the joint's map: less in front of the curve's line, more behind."""
    at = nodes(JOINT_LOW, JOINT_SIZE)
    worth = np.where(at[:, 1] > straight_mm, np.maximum((radius_mm - at[:, 0]) / radius_mm, 0.2), 1.0)
    return np.asarray(worth, dtype=np.float64).reshape(JOINT_SIZE)


def _limb(at: Floats, start: tuple[float, float], end: tuple[float, float], radius: float, size: float) -> Floats:
    first, along = np.array(start), np.array(end) - np.array(start)
    share = np.clip((at - first) @ along / (along @ along), 0, 1)
    away = np.linalg.norm(at - first - share[:, None] * along, axis=1)
    return np.asarray(away - radius * size, dtype=np.float64)


def _half_gaps(shape: PhantomShape, joint: Floats) -> Floats:
    beyond = np.maximum(joint[2] - _EDGE_MM, 0)
    half = shape.gap_mm / 2 + np.minimum(_OPENING * beyond, _WIDEST_HALF_MM)
    along_x = half * joint[1]
    both = [np.where(_bridged(shape, joint, share), 0.0, along_x) for share in (shape.fused_left, shape.fused_right)]
    return np.stack(both)


def _bridged(shape: PhantomShape, joint: Floats, share: float) -> Mask:
    """The nodes that bone bridges: the lowest part of the auricular surface that holds this share of its area."""
    area = joint[1] * (joint[2] < 0) * _metric(shape.curve_radius_mm, shape.straight_mm)
    if share <= 0:
        return np.zeros(JOINT_SIZE, dtype=np.bool_)
    below = np.cumsum(area.sum(axis=0)[::-1])[::-1]
    rows = below <= share * below[0]
    return np.asarray((joint[2] < _EDGE_MM) & rows[None, :], dtype=np.bool_)
