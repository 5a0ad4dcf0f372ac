"""The phantom's bones as signed distances at a point, compiled: smooth unions and cuts of a few simple solids.

Distances are negative inside, near enough to millimetres at the surface and smaller than true far from it. Points are
in the design frame: origin in the middle of the S1 endplate, x left, y backwards, z upwards, the anterior pelvic plane
upright. Everything that is mirrored is drawn for the left.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, cast

import numpy as np
from numba import njit as _njit

from nutation.anatomy.space import Floats

njit = cast("Any", _njit)

FAR = 1e3
SACRUM_AT, LEFT_AT, RIGHT_AT, L5_AT, FEMUR_AT = 0, 1, 2, 3, 4
BONES = 5

STEEPEST = 1.8
"""No surface is nearer than its told distance over this (sampled in a test): what lets whole blocks be skipped."""


REACH_MM = 4.0
"""How far around the auricular surface the ilium reaches in to it."""

LARGEST = 16
"""Edge, in voxels, of the cubes that are tried first; a power of two."""


class Model(NamedTuple):
    """What the kernels read. Maps as `phantom_tables.Tables` has them; rods are (n, 8): two ends and their radii."""

    wing: Floats
    sacrum: Floats
    joint: Floats
    half_gap: Floats
    wing_low: tuple[float, float]
    sacrum_low: tuple[float, float]
    joint_low: tuple[float, float]
    sine: float
    cosine: float
    straight: float
    radius: float
    half_width: float
    half_depth: float
    alar_step: float
    alar_slope: float
    foramina: Floats
    """(n, 5): s, x at a = 0, dx/da, half height, half width."""
    hip_rods: Floats
    sacral_rods: Floats
    l5_rods: Floats
    femur_rods: Floats
    hip_centre: Floats
    hip_opening: Floats
    head_radius: float
    l5_centre: Floats
    l5_up: Floats
    has_l5: bool
    has_femora: bool
    transitional: bool


@njit(cache=True, nogil=True, inline="always")
def _smin(p: float, q: float, k: float) -> float:
    h = max(k - abs(p - q), 0.0) / k
    return min(p, q) - h * h * k * 0.25


@njit(cache=True, nogil=True, inline="always")
def _smax(p: float, q: float, k: float) -> float:
    h = max(k - abs(p - q), 0.0) / k
    return max(p, q) + h * h * k * 0.25


@njit(cache=True, nogil=True)
def _look(table: Any, low0: float, low1: float, u: float, v: float) -> float:
    """Bilinear; beyond the map its edge holds."""
    p = min(max(u - low0, 0.0), table.shape[0] - 1.001)
    q = min(max(v - low1, 0.0), table.shape[1] - 1.001)
    i, j = int(p), int(q)
    p -= i
    q -= j
    return (table[i, j] * (1 - q) + table[i, j + 1] * q) * (1 - p) + (
        table[i + 1, j] * (1 - q) + table[i + 1, j + 1] * q
    ) * p


@njit(cache=True, nogil=True)
def _rod(x: float, y: float, z: float, rod: Any) -> float:
    dx, dy, dz = rod[3] - rod[0], rod[4] - rod[1], rod[5] - rod[2]
    px, py, pz = x - rod[0], y - rod[1], z - rod[2]
    t = (px * dx + py * dy + pz * dz) / max(dx * dx + dy * dy + dz * dz, 1e-9)
    t = min(max(t, 0.0), 1.0)
    return math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2 + (pz - t * dz) ** 2) - rod[6] - t * (rod[7] - rod[6])


@njit(cache=True, nogil=True)
def local(y: float, z: float, m: Any) -> tuple[float, float, float]:
    """(a, s, what a step in s is worth): forwards across the sacrum and down it, straight first, then on an arc."""
    s = y * m.sine - z * m.cosine
    a = -y * m.cosine - z * m.sine
    if s <= m.straight:
        return a, s, 1.0
    u, v = s - m.straight, m.radius - a
    rho = math.hypot(u, v)
    return m.radius - rho, m.straight + m.radius * math.atan2(u, v), max(rho / m.radius, 0.2)


@njit(cache=True, nogil=True)
def locals_of(points: Any, m: Any) -> Any:
    """(a, s) of points (n, 2) given as (y, z)."""
    out = np.empty((points.shape[0], 2))
    for row in range(points.shape[0]):
        a, s, _ = local(points[row, 0], points[row, 1], m)
        out[row, 0], out[row, 1] = a, s
    return out


@njit(cache=True, nogil=True)
def canal_middle(s: float) -> float:
    """Where the canal's middle lies (a) at this height (s)."""
    return -23.0 + 16.5 * min(max(s / 95.0, -0.3), 1.0)


@njit(cache=True, nogil=True)
def canal(x: float, a: float, s: float, m: Any) -> float:
    """Signed distance to the sacral canal: an ellipse that narrows downwards and opens at the hiatus."""
    t = min(max(s / 95.0, -0.3), 1.0)
    centre = canal_middle(s)
    half_depth = 7.0 - 4.0 * max(t, 0.0)
    half_width = 14.0 - 9.0 * t
    p, q = x / half_width, (a - centre) / half_depth
    r = math.sqrt(p * p + q * q)
    grow = math.sqrt((p / half_width) ** 2 + (q / half_depth) ** 2) / max(r, 1e-6)
    return max((r - 1.0) / max(grow, 1e-6), -half_depth, s - 97.0)


@njit(cache=True, nogil=True)
def foramen(x: float, a: float, s: float, metric: float, row: Any) -> float:
    """Signed distance to one foramen's tunnel, back to front, wider in front, and its way to the canal."""
    ahead = min(max((a + 6.0) / 12.0, 0.0), 1.0)
    flare = 1.0 + 0.18 * ahead * ahead * (3 - 2 * ahead)
    half_height, half_width = row[3] * flare, row[4] * flare
    dx, ds = abs(x) - (row[1] + row[2] * a), (s - row[0]) * metric
    p, q = dx / half_width, ds / half_height
    r = math.sqrt(p * p + q * q)
    grow = math.sqrt((p / half_width) ** 2 + (q / half_height) ** 2) / max(r, 1e-6)
    tunnel = max((r - 1.0) / max(grow, 1e-6), -half_width)
    centre = canal_middle(row[0])
    beside = max(abs(x) - row[1] - row[2] * centre, 0.0)
    link = math.sqrt(beside * beside + (a - centre) ** 2 + ds * ds) - 0.55 * row[3]
    return min(tunnel, link)


@njit(cache=True, nogil=True)
def openings(x: float, y: float, z: float, m: Any) -> tuple[float, float, int]:
    """Signed distances to the canal and to the nearest foramen, and which foramen (row) that is."""
    a, s, metric = local(y, z, m)
    best, which = FAR, -1
    for row in range(m.foramina.shape[0]):
        d = foramen(x, a, s, metric, m.foramina[row])
        if d < best:
            best, which = d, row
    return canal(x, a, s, m), best, which


@njit(cache=True, nogil=True)
def filled_sacrum(x: float, y: float, z: float, side: int, m: Any) -> float:
    """The sacrum with canal and foramina filled in."""
    outside = max(max(-45.0 - y, y - 85.0), max(-150.0 - z, z - 45.0))
    outside = max(outside, abs(x) - 68.0)
    if outside > 8.0:
        return outside
    a, s, metric = local(y, z, m)
    ax = abs(x)
    front = (a - _look(m.sacrum[0], m.sacrum_low[0], m.sacrum_low[1], ax, s)) * 0.97
    back = (_look(m.sacrum[1], m.sacrum_low[0], m.sacrum_low[1], ax, s) - a) * 0.93
    beyond = max(ax - m.half_width, 0.0)
    top = min(m.alar_step, beyond) + m.alar_slope * beyond + min(max((-m.half_depth - a) * 0.5, 0.0), 7.0)
    cap = (top - s) / math.sqrt(1 + m.alar_slope * m.alar_slope * (1.0 if beyond > 0 else 0.0))
    mid = _look(m.joint[0], m.joint_low[0], m.joint_low[1], a, s)
    slope = _look(m.joint[1], m.joint_low[0], m.joint_low[1], a, s)
    half = _look(m.half_gap[side], m.joint_low[0], m.joint_low[1], a, s)
    wall = (ax - mid + half) / slope
    # Below the joint the sacrum narrows to its tip.
    taper = 35.0 - 0.56 * max(s - 70.0, 0.0) + 0.0016 * max(s - 70.0, 0.0) ** 2
    narrow = (ax - max(taper, 6.0)) * 0.85 if s > 66.0 else -FAR
    d = _smax(_smax(front, back, 4.0), cap, 4.0)
    d = _smax(_smax(d, narrow, 4.0), wall, 3.0)
    d = _smax(d, (s - 108.0) * metric, 4.0)
    for row in range(m.sacral_rods.shape[0]):
        d = _smin(d, _rod(ax, a, s, m.sacral_rods[row]), 3.0)
    if m.transitional:
        p, q = ax / m.half_width, (a + 0.5) / (m.half_depth - 0.5)
        body = max((math.sqrt(p * p + q * q) - 1.0) * m.half_depth, abs(s + 14.0) - 15.5)
        d = _smin(d, body, 3.0)
    return d


@njit(cache=True, nogil=True)
def sacrum(x: float, y: float, z: float, m: Any) -> float:
    """The sacrum with its canal and foramina."""
    d = filled_sacrum(x, y, z, 0 if x > 0 else 1, m)
    if d > 8.0:
        return d
    inner, hole, _ = openings(x, y, z, m)
    return max(d, max(-inner, -hole))


@njit(cache=True, nogil=True)
def hip(x: float, y: float, z: float, side: int, m: Any) -> float:
    """One hip bone; x counts towards its own side, `side` 0 left or 1 right picks the joint's gap."""
    outside = max(max(-85.0 - y, y - 75.0), max(-198.0 - z, z - 50.0))
    outside = max(outside, max(-2.0 - x, x - 155.0))
    if outside > 8.0:
        return outside
    d = FAR
    if z > -130.0:
        outer = _look(m.wing[0], m.wing_low[0], m.wing_low[1], y, z)
        slope = _look(m.wing[1], m.wing_low[0], m.wing_low[1], y, z)
        thick = _look(m.wing[2], m.wing_low[0], m.wing_low[1], y, z)
        outline = _look(m.wing[3], m.wing_low[0], m.wing_low[1], y, z)
        inner = (outer - thick - x) / slope
        if y > -45.0:
            # Around the joint the ilium reaches in as far as the gap lets it, on a foot that widens outwards.
            a, s, _ = local(y, z, m)
            near = _look(m.joint[2], m.joint_low[0], m.joint_low[1], a, s)
            mid = _look(m.joint[0], m.joint_low[0], m.joint_low[1], a, s)
            inner = _smin(inner, 0.94 * (near - REACH_MM - 0.35 * max(x - mid, 0.0)), 12.0)
        d = _smax(_smax((x - outer) / slope, inner, 3.0), outline, 7.0)
    # The socket: a thick bowl round the head, cut off at its rim.
    cx, cy, cz = x - m.hip_centre[0], y - m.hip_centre[1], z - m.hip_centre[2]
    ball = math.sqrt(cx * cx + cy * cy + cz * cz)
    depth = cx * m.hip_opening[0] + cy * m.hip_opening[1] + cz * m.hip_opening[2]
    d = _smin(d, _smax(ball - m.head_radius - 9.5, depth - 5.0, 5.0), 9.0)
    for row in range(m.hip_rods.shape[0]):
        d = _smin(d, _rod(x, y, z, m.hip_rods[row]), 7.0)
    d = _smax(d, m.head_radius + 3.0 - ball, 2.0)
    if depth > 0.0:
        # Nothing before the rim stands in the head's way.
        d = _smax(d, m.head_radius + 3.0 - math.sqrt(max(ball * ball - depth * depth, 0.0)), 2.0)
    d = _smax(d, 2.3 - x, 2.0)
    if y > -45.0 and z > -100.0:
        a, s, _ = local(y, z, m)
        mid = _look(m.joint[0], m.joint_low[0], m.joint_low[1], a, s)
        slope = _look(m.joint[1], m.joint_low[0], m.joint_low[1], a, s)
        half = _look(m.half_gap[side], m.joint_low[0], m.joint_low[1], a, s)
        d = _smax(d, (mid + half - x) / slope, 3.0)
    return d


@njit(cache=True, nogil=True)
def fifth_lumbar(x: float, y: float, z: float, m: Any) -> float:
    """The lowest lumbar vertebra, on its own tilted axis."""
    py, pz = y - m.l5_centre[1], z - m.l5_centre[2]
    up = py * m.l5_up[1] + pz * m.l5_up[2]
    ahead = -py * m.l5_up[2] + pz * m.l5_up[1]
    if abs(up) > 60.0 or abs(ahead + 15.0) > 80.0 or abs(x) > 70.0:
        return 12.0
    waist = 1.0 - 0.10 * (1.0 - min((up / 13.5) ** 2, 1.0))
    p, q = x / (m.half_width * waist), ahead / ((m.half_depth + 1.0) * waist)
    d = _smax((math.sqrt(p * p + q * q) - 1.0) * (m.half_depth + 1.0) * waist, abs(up) - 13.5, 3.0)
    for row in range(m.l5_rods.shape[0]):
        d = _smin(d, _rod(abs(x), ahead, up, m.l5_rods[row]), 3.0)
    p, q = x / 12.0, (ahead + m.half_depth + 9.0) / 8.0
    return max(d, (1.0 - math.sqrt(p * p + q * q)) * 8.0)


@njit(cache=True, nogil=True)
def femur(x: float, y: float, z: float, m: Any) -> float:
    """One proximal femur; x counts towards its own side."""
    if z > -60.0:
        return z + 62.0 if z > -58.0 else 8.0
    cx, cy, cz = x - m.hip_centre[0], y - m.hip_centre[1], z - m.hip_centre[2]
    d = math.sqrt(cx * cx + cy * cy + cz * cz) - m.head_radius
    for row in range(m.femur_rods.shape[0]):
        d = _smin(d, _rod(x, y, z, m.femur_rods[row]), 4.0)
    return d


@njit(cache=True, nogil=True)
def bone(which: int, x: float, y: float, z: float, m: Any) -> float:
    """Signed distance to one of the bones (`SACRUM_AT` …)."""
    if which == 0:
        return sacrum(x, y, z, m)
    if which == 1:
        return hip(x, y, z, 0, m)
    if which == 2:
        return hip(-x, y, z, 1, m)
    if which == 3:
        return fifth_lumbar(x, y, z, m) if m.has_l5 else FAR
    return femur(abs(x), y, z, m) if m.has_femora else FAR


@njit(cache=True, nogil=True)
def distances(points: Any, which: int, m: Any) -> Any:
    """Signed distances (n,) of points (n, 3) to one bone."""
    out = np.empty(points.shape[0])
    for row in range(points.shape[0]):
        out[row] = bone(which, points[row, 0], points[row, 1], points[row, 2], m)
    return out


@njit(cache=True, nogil=True)
def fill_openings(out: Any, step: Any, origin: Any, scale: float, m: Any) -> None:
    """Write into `out` (i, j, k) which opening each voxel lies in: -1 none, 0 the canal, 1 + row a foramen."""
    n0, n1, n2 = out.shape
    for i in range(n0):
        for j in range(n1):
            for k in range(n2):
                x = (origin[0] + step[0, 0] * i + step[0, 1] * j + step[0, 2] * k) / scale
                y = (origin[1] + step[1, 0] * i + step[1, 1] * j + step[1, 2] * k) / scale
                z = (origin[2] + step[2, 0] * i + step[2, 1] * j + step[2, 2] * k) / scale
                if filled_sacrum(x, y, z, 0 if x > 0 else 1, m) > 0.0:
                    continue
                inner, hole, which = openings(x, y, z, m)
                if inner < 0.0:
                    out[i, j, k] = 0
                elif hole < 0.0:
                    out[i, j, k] = 1 + which


@njit(cache=True, nogil=True)
def clipped_distance(out: Any, which: int, step: Any, origin: Any, scale: float, limit: float, m: Any) -> None:
    """Fill `out` (i, j, k) with a bone's signed distance in millimetres, held to between -limit and limit.

    `step` (3, 3) moves one index in the design frame, `origin` is voxel (0, 0, 0) there; both at the phantom's scale.
    Cubes of voxels that lie whole beyond the limit are filled from their middle: only the surface's own are looked at.
    """
    half = 0.0
    for axis in range(3):
        half += 0.25 * (step[0, axis] ** 2 + step[1, axis] ** 2 + step[2, axis] ** 2)
    half = math.sqrt(half)
    n0, n1, n2 = out.shape
    todo = np.empty((64, 4), dtype=np.int64)
    for bi in range(0, n0, LARGEST):
        for bj in range(0, n1, LARGEST):
            for bk in range(0, n2, LARGEST):
                todo[0, 0], todo[0, 1], todo[0, 2], todo[0, 3] = bi, bj, bk, LARGEST
                waiting = 1
                while waiting > 0:
                    waiting -= 1
                    i0, j0, k0, size = todo[waiting, 0], todo[waiting, 1], todo[waiting, 2], todo[waiting, 3]
                    if i0 >= n0 or j0 >= n1 or k0 >= n2:
                        continue
                    ci, cj, ck = i0 + 0.5 * (size - 1), j0 + 0.5 * (size - 1), k0 + 0.5 * (size - 1)
                    x = (origin[0] + step[0, 0] * ci + step[0, 1] * cj + step[0, 2] * ck) / scale
                    y = (origin[1] + step[1, 0] * ci + step[1, 1] * cj + step[1, 2] * ck) / scale
                    z = (origin[2] + step[2, 0] * ci + step[2, 1] * cj + step[2, 2] * ck) / scale
                    d = bone(which, x, y, z, m) * scale
                    if size == 1 or abs(d) > limit + STEEPEST * half * size:
                        d = min(max(d, -limit), limit)
                        for i in range(i0, min(i0 + size, n0)):
                            for j in range(j0, min(j0 + size, n1)):
                                for k in range(k0, min(k0 + size, n2)):
                                    out[i, j, k] = d
                        continue
                    part = size // 2
                    for corner in range(8):
                        todo[waiting, 0] = i0 + part * (corner & 1)
                        todo[waiting, 1] = j0 + part * ((corner >> 1) & 1)
                        todo[waiting, 2] = k0 + part * (corner >> 2)
                        todo[waiting, 3] = part
                        waiting += 1
