"""Compiled loops that say what an implant of a construct is worth where it lies, smoothly.

Where a construct comes to rest must hang on the bone and not on the voxels that it was drawn with: another sampling of
the same image must give the same plan. So what an implant risks is the mean over executions drawn once, the same for
all constructs; a breach counts by its depth and not as yes or no; where bone is entered and the joint crossed is read
between voxels; and prices set in gradually.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numba as nb
import numpy as np

from nutation.planning.construct_kernels import OVER_LIMIT, layout, share_of
from nutation.planning.construct_sets import NONE
from nutation.planning.field_kernels import field_at
from nutation.planning.margin_kernels import LEAST_STEP, end_clearance

njit = cast("Any", nb.njit)(cache=True, nogil=True, fastmath=True)

# A breach of the grade counts half, one this much less deep not at all, one this much deeper wholly: a share then
# changes by little where the bone's surface is found elsewhere by a fraction of a voxel.
SOFT_MM = 1.5
# Prices that set in at a limit do so over this way around it (mm; percentage points for the limit of the share).
HINGE = 2.0
# Within so much of a crossing the joint's points say together how near its edge is.
EDGE_MM = 4.0
# Clearance costs from so much above what must be kept (mm), so much for each mm² below; from as far below nothing fits.
HAND_MM, HAND_PRICE = 1.0, 10.0
# Steps along the axis by which bone is measured, how far from its coarse place the entry is looked for, and the half
# width in steps of the window in which the gap's middle is found.
ALONG_MM, ENTRY_MM, GAP_STEPS = 0.5, 3.0, 12

# So far off what is usual an implant is where it is for a reason of its bone: further costs in proportion only.
FAR_MM, FAR_RAD = 10.0, math.radians(10.0)

# places in a seat
WORTH, START, CROSS, RISK = range(4)
SEAT = 4


@njit
def hinge(x: float) -> float:
    """max(0, x), rounded off over HINGE around 0."""
    if x <= -0.5 * HINGE:
        return 0.0
    if x >= 0.5 * HINGE:
        return x
    return (x + 0.5 * HINGE) ** 2 / (2.0 * HINGE)


@njit
def at(field: Any, low: Any, h: float, c: Any, d: Any, t: float) -> float:
    """A field (nx, ny, nz) at `c + t d`."""
    return field_at(field, (c[0] + t * d[0] - low[0]) / h, (c[1] + t * d[1] - low[1]) / h,
                    (c[2] + t * d[2] - low[2]) / h)  # fmt: skip


@njit
def share_at(labels: Any, code: int, low: Any, h: float, c: Any, d: Any, t: float) -> float:
    """How much of a code there is at `c + t d`, trilinear."""
    return share_of(labels, code, (c[0] + t * d[0] - low[0]) / h, (c[1] + t * d[1] - low[1]) / h,
                    (c[2] + t * d[2] - low[2]) / h)  # fmt: skip


@njit
def risk_of(field: Any, low: Any, h: float, e: Any, d: Any, length: float, radius: float, draws: Any, about_tip: bool,
            grade: float) -> float:  # fmt: skip
    """The share of executions that breach by more than the grade, softly counted. `draws` (n, 5): displacements in mm
    along the frame's axes, tangents of the tilts on the axes across `d`."""
    u, v, way, start = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    across(d, u, v)
    total = 0.0
    nothing, wholly = SOFT_MM - grade, -SOFT_MM - grade
    end = max(0.0, length - radius)
    for n in range(draws.shape[0]):
        size = 0.0
        for a in range(3):
            way[a] = d[a] + draws[n, 3] * u[a] + draws[n, 4] * v[a]
            size += way[a] * way[a]
        size = math.sqrt(size)
        for a in range(3):
            way[a] /= size
            start[a] = e[a] + draws[n, a]
            if about_tip:
                start[a] += length * (d[a] - way[a])
        least, t = nothing, 0.0
        while True:
            value = at(field, low, h, start, way, t) - radius
            if value < least:
                least = value
                if least <= wholly:
                    break
            if t >= end:
                least = end_clearance(field, low, h, start, way, length, radius, least)
                break
            t = min(end, t + max(LEAST_STEP * h, value - least))
        x = min(1.0, max(-1.0, (-least - grade) / SOFT_MM))
        total += 0.5 + 0.75 * x - 0.25 * x * x * x
    return total / draws.shape[0]


@njit
def away(far: float, bend: float) -> float:
    """How far off what is usual, squared; from `bend` on it grows in proportion only."""
    return far * far / (1.0 + far / bend)


@njit
def seat(world: Any, c: Any, d: Any, length: float, out: Any) -> None:
    """What an implant of this length is worth on the line `c + t d`, alone and in no position: `out` (SEAT) gets its
    worth (`NONE` where it does not fit), where along the line it starts and crosses the joint, its risk.

    `world`: labels, attenuation with the bone's median, their low corner and spacing, the codes of first bone, gap and
    second; distances to any breach, to what the search keeps clear of and to the surface entered, with their low corner
    and spacing; radius, the joint's normal, the usual direction, `choice` as `construct_kernels.line` has it, the
    joint's points with their distance to its edge, `prices` as `construct_settle.beside_others`, executions and whether
    they turn about the tip.
    """
    labels, hu, hu_ref, low, h, first, gap, second, breach, bound, skin, flow, fh = world[:13]
    radius, normal, usual, choice, joint, edge, prices, draws, about_tip = world[13:]
    out[WORTH] = NONE
    found, entry, crossing = layout(labels, low, h, c, d, first, gap, second)
    if not found:
        return
    crossing = _crossed(labels, gap, low, h, c, d, crossing)
    start = _entered(skin, flow, fh, c, d, entry) - choice[0]
    held, weighted = 0.0, 0.0
    t = crossing + 0.5 * ALONG_MM
    while t < start + length + 0.5 * ALONG_MM:
        share = share_at(labels, second, low, h, c, d, t) * min(ALONG_MM, start + length + 0.5 * ALONG_MM - t)
        factor = 1.0
        if hu_ref > 0.0:
            factor = min(max(at(hu, low, h, c, d, t) / hu_ref, choice[9]), choice[10])
        held += share
        weighted += share * factor
        t += ALONG_MM
    if held < choice[6]:
        return
    e, x = np.empty(3), np.empty(3)
    for a in range(3):
        e[a], x[a] = c[a] + start * d[a], c[a] + crossing * d[a]
    free = _free(bound, flow, fh, e, d, length, radius, choice[11] - HAND_MM)
    if free < choice[11] - HAND_MM:
        return
    risk = risk_of(breach, flow, fh, e, d, length, radius, draws, about_tip, choice[3])
    angle = math.acos(min(1.0, abs(d[0] * normal[0] + d[1] * normal[1] + d[2] * normal[2])))
    aside = math.acos(min(1.0, max(-1.0, d[0] * usual[0] + d[1] * usual[1] + d[2] * usual[2])))
    out[WORTH] = (
        choice[12] * (1.0 - math.exp(-weighted / choice[12]))
        - choice[4] * (100.0 * risk + OVER_LIMIT * hinge(100.0 * (risk - choice[5])))
        - max(0.0, angle - choice[7]) ** 2 * choice[8]
        - prices[9] * away(aside, FAR_RAD)
        - prices[1] * hinge(prices[0] - _edge_near(x, joint, edge))
        - HAND_PRICE * max(0.0, choice[11] + HAND_MM - free) ** 2
    )
    out[START], out[CROSS], out[RISK] = start, crossing, risk


@njit
def _free(bound: Any, low: Any, h: float, e: Any, d: Any, length: float, radius: float, enough: float) -> float:
    """The clearance of the nominal cylinder; any value below `enough` where it is less."""
    least, t, end = 1e9, 0.0, max(0.0, length - radius)
    while True:
        value = at(bound, low, h, e, d, t) - radius
        least = min(least, value)
        if least < enough:
            return least
        if t >= end:
            return end_clearance(bound, low, h, e, d, length, radius, least)
        t = min(end, t + max(LEAST_STEP * h, value - least))


@njit
def _entered(skin: Any, low: Any, h: float, c: Any, d: Any, coarse: float) -> float:
    """Where the line passes the surface that is entered, nearest to its coarse place; that place where it does not."""
    best, away = coarse, 1e9
    t = coarse - ENTRY_MM
    before = at(skin, low, h, c, d, t)
    while t < coarse + ENTRY_MM:
        t += ALONG_MM
        here = at(skin, low, h, c, d, t)
        if before < 0.0 <= here:
            passed = t - ALONG_MM * here / (here - before)
            if abs(passed - coarse) < away:
                best, away = passed, abs(passed - coarse)
        before = here
    return best


@njit
def _crossed(labels: Any, gap: int, low: Any, h: float, c: Any, d: Any, coarse: float) -> float:
    """The middle of the joint's gap along the line, each place by how much gap there is round it."""
    total, moment = 0.0, 0.0
    for n in range(-GAP_STEPS, GAP_STEPS + 1):
        t = coarse + n * ALONG_MM
        share = share_at(labels, gap, low, h, c, d, t) * (1.0 - (n / (GAP_STEPS + 1.0)) ** 2)
        total += share
        moment += share * t
    return moment / total if total > 0.0 else coarse


@njit
def _edge_near(point: Any, joint: Any, edge: Any) -> float:
    """The distance to the joint's edge, of the joint's points round a crossing; of the nearest where there are none."""
    total, mean, nearest, found = 0.0, 0.0, 1e18, 0
    for m in range(joint.shape[0]):
        x, y, z = joint[m, 0] - point[0], joint[m, 1] - point[1], joint[m, 2] - point[2]
        square = x * x + y * y + z * z
        if square < nearest:
            nearest, found = square, m
        if square < EDGE_MM * EDGE_MM:
            weight = (1.0 - square / (EDGE_MM * EDGE_MM)) ** 2
            total += weight
            mean += weight * edge[m]
    return mean / total if total > 1e-3 else edge[found]


@njit
def across(d: Any, u: Any, v: Any) -> None:
    """Two unit vectors across `d`, as `anatomy.implants.across`: upwards, and across both."""
    u[0], u[1], u[2] = 0.0, 0.0, 0.0
    u[2 if abs(d[2]) < 0.9 else 1] = 1.0
    dot = u[0] * d[0] + u[1] * d[1] + u[2] * d[2]
    size = 0.0
    for a in range(3):
        u[a] -= dot * d[a]
        size += u[a] * u[a]
    size = math.sqrt(size)
    for a in range(3):
        u[a] /= size
    v[0], v[1], v[2] = d[1] * u[2] - d[2] * u[1], d[2] * u[0] - d[0] * u[2], d[0] * u[1] - d[1] * u[0]
