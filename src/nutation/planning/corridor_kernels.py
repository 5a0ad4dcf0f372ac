"""Compiled loops of the corridor search.

A distance changes by no more than the way gone (it is 1-Lipschitz). So the least distance along an axis is found by
steps as long as what is in hand above the least so far, and an axis is given up where it falls below the bound.

Distances come as a stack of fields, of which some are `counted`; the least of each one's trilinear value is taken.
Between two structures that is exact, where the trilinear value of their least would be too low by half a voxel.

A *line* is given by its entry (on the surface) and direction, in voxels of the boundary's crop. The way it must go is
`stages`: zones in their order, and the least way in the last of them.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numba as nb
import numpy as np

from nutation.planning.boundary_zones import ENTRY, EXIT, FORBIDDEN
from nutation.planning.field_kernels import field_at

njit = cast("Any", nb.njit)(cache=True, nogil=True)

SKIN_SHARE = 0.5
"""An axis may be as near to the surface that it crosses as this share of its way behind it: 60° off the upright. If
nearer, it runs along under the surface, which then is a wall like any other."""
SKIN_VOXELS = 2.0
"""The way behind a surface counts from so far in: where it is crossed is known to about a voxel."""
LEAST_STEP = 0.5
"""Least step along an axis in voxels: between two such points a trilinear field falls by a quarter voxel at most."""
ZONE_STEP = 0.75
"""Step in voxels by which zones are read: a joint of one voxel is not stepped over."""
NO_WAY = -1.0
WIDENINGS = 6
RING = 32
"""Points round a cylinder: between two of them a wall of 8 mm radius bulges by 0.04 mm."""


@njit
def least_of(fields: Any, counted: Any, x: float, y: float, z: float) -> float:
    """The least of the counted fields (n, nx, ny, nz) at a fractional index."""
    least = np.inf
    for s in range(counted.shape[0]):
        least = min(least, field_at(fields[counted[s]], x, y, z))
    return least


@njit
def zone_at(zones: Any, x: float, y: float, z: float) -> int:
    """The zone of the voxel that holds a fractional index; forbidden beyond the grid."""
    i, j, k = int(np.floor(x + 0.5)), int(np.floor(y + 0.5)), int(np.floor(z + 0.5))
    if i < 0 or j < 0 or k < 0 or i >= zones.shape[0] or j >= zones.shape[1] or k >= zones.shape[2]:
        return FORBIDDEN
    return zones[i, j, k]


@njit
def way_along(zones: Any, e: Any, d: Any, stages: Any, least: float, longest: float) -> float:
    """How far (voxels) the line goes until it has been in every stage in turn and `least` in the last, or `NO_WAY`.

    The way into the last stage counts from where that is met; with the other side's table ahead (`EXIT`) it ends there.
    """
    stage = -1
    inside = 0.0
    t = 0.0
    last = stages.shape[0] - 1
    while t <= longest:
        zone = zone_at(zones, e[0] + t * d[0], e[1] + t * d[1], e[2] + t * d[2])
        if zone == FORBIDDEN:
            return NO_WAY
        if zone == EXIT:
            return t if stage == last and inside >= least else NO_WAY
        if zone != ENTRY:
            if stage < last and zone == stages[stage + 1]:
                stage += 1
            elif stage < 0 or (zone != stages[stage] and not (stage > 0 and zone == stages[stage - 1])):
                return NO_WAY
            if stage == last:
                inside += ZONE_STEP
                if inside >= least and not _goes_through(stages):
                    return t
        elif stage > 0:
            return NO_WAY
        t += ZONE_STEP
    return NO_WAY


@njit
def _goes_through(stages: Any) -> bool:
    return stages.shape[0] == 5


@njit
def _behind(way: float, spacing: float) -> float:
    """The distance (mm) from a surface below which a line runs along under it, so far (voxels) behind its crossing."""
    return (way - SKIN_VOXELS) * spacing * SKIN_SHARE


@njit
def least_along(
    fields: Any, counted: Any, skins: Any, e: Any, d: Any, end: float, bound: float, spacing: float
) -> float:
    """The least distance (mm) along the line from its entry to `end` (voxels); below `bound` the first that is.

    `skins` (0 to 2, nx, ny, nz): distances to the surface that it enters and to the one that it leaves at `end`.
    """
    least = np.inf
    t = 0.0
    while True:  # ends: each step is at least LEAST_STEP
        x, y, z = e[0] + t * d[0], e[1] + t * d[1], e[2] + t * d[2]
        value = least_of(fields, counted, x, y, z)
        step = np.inf
        for s in range(skins.shape[0]):
            behind = _behind(t if s == 0 else end - t, spacing)
            skin = field_at(skins[s], x, y, z)
            if behind > 0.0 and skin < behind:
                value = min(value, skin)
            else:
                # Neither can it come to count before so far, nor, once it counts, be less than the least.
                step = min(step, max((skin - behind) / (1.0 + SKIN_SHARE), skin - least))
        if value < least:
            least = value
            if value < bound:
                return value
        if t >= end:
            return least
        t = min(end, t + max(LEAST_STEP, min(value - least, step) / spacing))


@njit
def reach_along(
    fields: Any,
    counted: Any,
    skins: Any,
    zones: Any,
    e: Any,
    d: Any,
    start: float,
    radius: float,
    longest: float,
    h: float,
) -> float:
    """How far from its entry (voxels) the line goes on beyond `start` in bone with at least `radius` (mm) free."""
    t = start
    while t < longest:
        x, y, z = e[0] + t * d[0], e[1] + t * d[1], e[2] + t * d[2]
        value = min(least_of(fields, counted, x, y, z), field_at(skins[0], x, y, z))
        zone = zone_at(zones, x, y, z)
        if value < radius or zone in (FORBIDDEN, ENTRY, EXIT):
            break
        t += max(LEAST_STEP, (value - radius) / h * 0.5)
    return max(start, min(t - LEAST_STEP, longest))


@njit
def widened(
    fields: Any, counted: Any, skins: Any, zones: Any, e: Any, d: Any, end: float, radius: float, h: float,
    first: Any, second: Any,
) -> float:  # fmt: skip
    """The radius (mm) of the free cylinder about the line's way, from one a little too narrow.

    Midway between walls a trilinear distance is too low by up to three quarters of a voxel, at a wall it is right. So
    the distance is read on the cylinder's own wall, which is moved out by what is left, a few times. `first` and
    `second` (3,) span the plane across the line.
    """
    for _ in range(WIDENINGS):
        least = np.inf
        for m in range(RING):
            a = radius / h * math.cos(2.0 * math.pi * m / RING)
            b = radius / h * math.sin(2.0 * math.pi * m / RING)
            x = e[0] + a * first[0] + b * second[0]
            y = e[1] + a * first[1] + b * second[1]
            z = e[2] + a * first[2] + b * second[2]
            least = min(least, wall_along(fields, counted, zones, x, y, z, d, end))
            least = min(least, skin_along(skins[0], zones, ENTRY, x, y, z, d, end, h))
            if skins.shape[0] > 1:
                x, y, z = x + end * d[0], y + end * d[1], z + end * d[2]
                least = min(least, skin_along(skins[1], zones, EXIT, x, y, z, -d, end, h))
        radius += least
        if abs(least) < 0.01:
            break
    return radius


@njit
def wall_along(fields: Any, counted: Any, zones: Any, x: float, y: float, z: float, d: Any, end: float) -> float:
    """The least distance (mm) to the structures along a line on an implant's wall, without what stands out of bone."""
    least = np.inf
    t = 0.0
    while t <= end:
        u, v, w = x + t * d[0], y + t * d[1], z + t * d[2]
        if zone_at(zones, u, v, w) not in (ENTRY, EXIT):
            least = min(least, least_of(fields, counted, u, v, w))
        t += ZONE_STEP
    return least


@njit
def skin_along(
    skin: Any, zones: Any, outside: int, x: float, y: float, z: float, d: Any, end: float, h: float
) -> float:
    """The least distance (mm) to the surface that a line on the wall crosses, where it runs along under it.

    Before it has crossed (`outside`) nothing counts; behind, what is nearer than `SKIN_SHARE` of the way since.
    """
    least = np.inf
    crossed = -1.0
    t = 0.0
    while t <= end:
        u, v, w = x + t * d[0], y + t * d[1], z + t * d[2]
        if crossed < 0.0 and zone_at(zones, u, v, w) != outside:
            crossed = t
        if crossed >= 0.0:
            near = field_at(skin, u, v, w)
            behind = _behind(t - crossed, h)
            if behind > 0.0 and near < behind:
                least = min(least, near)
        t += ZONE_STEP
    return least


@njit
def joint_along(zones: Any, e: Any, d: Any, end: float, joint: int) -> float:
    """Where (voxels) the line meets the joint; `end` where it does not."""
    t = 0.0
    while t < end:
        if zone_at(zones, e[0] + t * d[0], e[1] + t * d[1], e[2] + t * d[2]) == joint:
            return t
        t += ZONE_STEP
    return end


@njit
def free_radius(
    fields: Any, counted: Any, skins: Any, zones: Any, e: Any, d: Any, stages: Any, limits: Any, band: Any,
    spacing: float, bound: float,
) -> float:  # fmt: skip
    """Free radius (mm) of the line's way, `NO_WAY` where it does not go it, or below `bound`, or beside the level.

    `limits`: least way in the last stage and longest way, voxels. `band`: see `in_band`.
    """
    end = way_along(zones, e, d, stages, limits[0], limits[1])
    if end < 0.0 or not in_band(e, d, end, band):
        return NO_WAY
    least = least_along(fields, counted, skins, e, d, end, bound, spacing)
    return least if least >= bound else NO_WAY


@njit
def in_band(e: Any, d: Any, end: float, band: Any) -> bool:
    """Whether the line passes the level, in voxels.

    `band`: 0 no level / 1 judged where the line crosses the midline / 2 at the end of its way / 3 at its entry; the
    midline's index along x; the band's point (3) and axis (3); lowest and highest along the axis.
    """
    if band[0] == 0.0:
        return True
    t = 0.0 if band[0] == 3.0 else end
    if band[0] == 1.0:
        if abs(d[0]) < 1e-6:
            return False
        t = (band[1] - e[0]) / d[0]
    along = 0.0
    for c in range(3):
        along += (e[c] + t * d[c] - band[2 + c]) * band[5 + c]
    return band[8] <= along <= band[9]


@njit
def search_all(
    fields: Any, counted: Any, skins: Any, zones: Any, entries: Any, directions: Any, stages: Any, limits: Any,
    band: Any, spacing: float, bound: float, found: Any, first: int, last: int,
) -> None:  # fmt: skip
    """`found` (entries, directions) gets the free radius of entries `first` to `last` with every direction (m, 3)."""
    for n in range(first, last):
        for m in range(directions.shape[0]):
            found[n, m] = free_radius(
                fields, counted, skins, zones, entries[n], directions[m], stages, limits, band, spacing, bound
            )


@njit
def enter(zones: Any, start: Any, d: Any, longest: float, entered: Any) -> bool:
    """The first point on the line from `start` (outside) that lies in bone and comes from `ENTRY`; False if none."""
    t = 0.0
    before = False
    while t <= longest:
        x, y, z = start[0] + t * d[0], start[1] + t * d[1], start[2] + t * d[2]
        zone = zone_at(zones, x, y, z)
        if zone == ENTRY:
            before = True
        elif zone != FORBIDDEN:
            if before:
                entered[0], entered[1], entered[2] = x, y, z
            return before
        elif before:
            return False
        t += 0.25
    return False


@njit
def enter_all(zones: Any, starts: Any, d: Any, longest: float, entered: Any, hit: Any) -> None:
    """`enter` for many starts (n, 3) along one direction."""
    for n in range(starts.shape[0]):
        hit[n] = enter(zones, starts[n], d, longest, entered[n])


@njit
def refine(
    fields: Any, counted: Any, skins: Any, zones: Any, start: Any, nominal: Any, across: Any, stages: Any, limits: Any,
    band: Any, spacing: float, steps: Any, bound: float, back: float, best: Any,
) -> float:  # fmt: skip
    """Climbs from a line to a widest one nearby: pattern search over a shift and a turn along the `across` axes.

    `start` (2, 3): a point on the line where it turns (voxels) and its direction. `steps`: first and last step of the
    shift (voxels), first and last of the turn (radians). `best` (2, 3) gets entry and direction; returns the radius.
    """
    at = np.zeros(4)
    value = _tried(
        fields, counted, skins, zones, start, nominal, across, at, stages, limits, band, spacing, bound, back, best
    )
    shift, turn = steps[0], steps[2]
    trial, chosen = np.zeros(4), np.zeros(4)
    line = np.empty((2, 3))
    while shift >= steps[1] or turn >= steps[3]:
        better = value
        for code in range(81):
            if code == 40:
                continue
            rest = code
            for c in range(4):
                step = shift if c < 2 else turn
                trial[c] = at[c] + (rest % 3 - 1) * step
                rest //= 3
            # A trial has to beat the best by more than rounding, or mirrored pelvises could part ways.
            tried = _tried(
                fields, counted, skins, zones, start, nominal, across, trial, stages, limits, band, spacing,
                max(better, bound), back, line,
            )  # fmt: skip
            if tried > better + 1e-6:
                better = tried
                for c in range(4):
                    chosen[c] = trial[c]
                for c in range(3):
                    best[0, c], best[1, c] = line[0, c], line[1, c]
        if better > value:
            value = better
            for c in range(4):
                at[c] = chosen[c]
        else:
            shift *= 0.5
            turn *= 0.5
    return value


@njit
def _tried(
    fields: Any, counted: Any, skins: Any, zones: Any, start: Any, nominal: Any, across: Any, at: Any, stages: Any,
    limits: Any, band: Any, spacing: float, bound: float, back: float, line: Any,
) -> float:  # fmt: skip
    # Written out by coordinates: array expressions would take the compiler seconds.
    d, outside = line[1], np.empty(3)
    norm = 0.0
    for c in range(3):
        d[c] = start[1, c] + at[2] * across[0, c] + at[3] * across[1, c]
        norm += d[c] * d[c]
    cosine = 0.0
    for c in range(3):
        d[c] /= math.sqrt(norm)
        cosine += d[c] * nominal[c]
        outside[c] = start[0, c] + at[0] * across[0, c] + at[1] * across[1, c] - back * d[c]
    if cosine < nominal[3] or not enter(zones, outside, d, 2.0 * back, line[0]):
        return NO_WAY
    return free_radius(fields, counted, skins, zones, line[0], d, stages, limits, band, spacing, bound)
