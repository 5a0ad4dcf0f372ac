"""Compiled loops of the construct's search: lines through the joint, their lengths, and how good each is.

A line runs through a target near the joint. Along it bones follow each other: the bone it enters (`first`), the
joint's gap, the bone it ends in (`second`). How likely an execution breaches is foreseen without simulating: at depth
t the axis lies off by a normal error of standard deviation sqrt(sp² + (t sa)²), so that clearance c to a structure is
lost by more than g with about Phi(-(c + g) / sigma); the worst depth of each structure counts, structures add up.
The chosen constructs are simulated afterwards; this only steers.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numba as nb
import numpy as np

from nutation.planning.construct_sets import NONE
from nutation.planning.field_kernels import field_at
from nutation.planning.margin_kernels import end_clearance

njit = cast("Any", nb.njit)(cache=True, nogil=True, fastmath=True)
njit_parallel = cast("Any", nb.njit)(cache=True, nogil=True, fastmath=True, parallel=True)

# How far a line is followed outwards and inwards of its target: more than a pelvis's ilium is thick, than an implant
# is long.
OUT_MM, IN_MM = 90.0, 110.0
# A gap in the bone's label shorter than this is a vessel channel or noise, not the end of the bone.
HOLE_MM = 2.5
# Bone this far outside the entry would stand in the way of pin and drill.
BEFORE_MM = 30.0
# Least run of the first bone that counts as entering it.
LEAST_RUN_MM = 2.0
# The flat end as the risk sees it: its middle, less this part of the radius.
END_SHARE = 0.85

# A share of executions over the limit weighs so much more, so that a construct within the limit is preferred.
OVER_LIMIT = 3.0

# places in a line's result
UTILITY, LENGTH, ENTRY, CROSSING, PURCHASE, CLEARANCE, RISK, ANGLE = range(8)
RESULT = 8


@njit
def layout(labels: Any, low: Any, h: float, c: Any, d: Any, first: int, gap: int, second: int) -> Any:
    """Where along `c + t d` the first bone is entered and the joint crossed: (found, entry t, crossing t)."""
    nx, ny, nz = labels.shape
    step = 0.5 * h
    count = int((OUT_MM + 25.0) / step)
    entry, last_first, gap_start = 0.0, -1e9, 0.0
    in_gap = False
    last_bone_before = -1e9
    best_entry, best_cross, best_off = 0.0, 0.0, 1e9
    for m in range(count):
        t = m * step - OUT_MM
        i = round((c[0] + t * d[0] - low[0]) / h)
        j = round((c[1] + t * d[1] - low[1]) / h)
        k = round((c[2] + t * d[2] - low[2]) / h)
        code = 0
        if 0 <= i < nx and 0 <= j < ny and 0 <= k < nz:
            code = labels[i, j, k]
        if code == first:
            if t - last_first > HOLE_MM:
                last_bone_before = last_first
                entry = t
            last_first = t
            in_gap = False
        elif code == gap:
            if not in_gap and t - last_first <= HOLE_MM:
                in_gap = True
                gap_start = t
        elif code == second:
            if in_gap:
                ok = gap_start - entry >= LEAST_RUN_MM and entry - last_bone_before > BEFORE_MM
                cross = 0.5 * (gap_start + t - step)
                if ok and abs(cross) < best_off:
                    best_off, best_entry, best_cross = abs(cross), entry, cross
                in_gap = False
            last_bone_before = t
            last_first = -1e9
        elif code != 0:
            last_bone_before = t
            last_first = -1e9
            in_gap = False
    if best_off >= 12.0:
        return False, best_entry, best_cross
    # Between two voxels the surface is where half is bone: an entry rounded to voxels would jump from line to line.
    for m in range(21):
        t = best_entry + (0.1 * m - 1.0) * h
        if share_of(labels, first, (c[0] + t * d[0] - low[0]) / h, (c[1] + t * d[1] - low[1]) / h,
                    (c[2] + t * d[2] - low[2]) / h) >= 0.5:  # fmt: skip
            return True, t, best_cross
    return True, best_entry, best_cross


@njit
def share_of(labels: Any, code: int, x: float, y: float, z: float) -> float:
    """How much of a code there is at fractional indices, trilinear; 0 at the grid's edge and beyond."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    if i < 0 or j < 0 or k < 0 or i + 1 >= labels.shape[0] or j + 1 >= labels.shape[1] or k + 1 >= labels.shape[2]:
        return 0.0
    total = 0.0
    for a in range(2):
        for b in range(2):
            for e in range(2):
                if labels[i + a, j + b, k + e] == code:
                    total += abs(1 - a - (x - i)) * abs(1 - b - (y - j)) * abs(1 - e - (z - k))
    return total


@njit
def phi(z: float) -> float:
    """The standard normal distribution below z."""
    return 0.5 * math.erfc(-z * 0.7071067811865476)


@njit
def line(
    labels: Any, hu: Any, hu_ref: float, low: Any, h: float, first: int, gap: int, second: int,
    fields: Any, bound: Any, flow: Any, fh: float, c: Any, d: Any, normal: Any, lengths: Any, radius: float,
    choice: Any, state: Any, out: Any,
) -> None:  # fmt: skip
    """The best length on one line; `out` (RESULT) gets what it is worth, UTILITY `NONE` where no length fits.

    `choice`: proud_mm, sigma_p, sigma_a (rad), grade_mm, price, limit, least_second_mm, oblique_from (rad),
    oblique_price (per rad²), density low, density high, least clearance, scale of purchase in mm. `bound` is the field
    in which the clearance must not fall below that least; `state` (structures,) keeps the least (clearance + grade) /
    sigma so far.
    """
    out[UTILITY] = NONE
    found, entry, crossing = layout(labels, low, h, c, d, first, gap, second)
    if not found:
        return
    start = entry - choice[0]
    entry_mm = np.empty(3)
    nx, ny, nz = labels.shape
    count = fields.shape[0]
    for s in range(count):
        state[s] = 1e9
    step = 0.75 * h
    purchase, weighted = 0.0, 0.0
    t = 0.0
    least = 1e9
    cosine = min(1.0, abs(d[0] * normal[0] + d[1] * normal[1] + d[2] * normal[2]))
    angle = math.acos(cosine)
    oblique = max(0.0, angle - choice[7]) ** 2 * choice[8]
    for n in range(lengths.shape[0]):
        length = lengths[n]
        # the shaft: spheres of the full radius as far as the flat end allows
        while t <= length - radius:
            x = c[0] + (start + t) * d[0]
            y = c[1] + (start + t) * d[1]
            z = c[2] + (start + t) * d[2]
            least = min(least, field_at(bound, (x - flow[0]) / fh, (y - flow[1]) / fh, (z - flow[2]) / fh) - radius)
            if least < choice[11]:
                return
            sigma = math.sqrt(choice[1] * choice[1] + (t * choice[2]) ** 2)
            for s in range(count):
                value = field_at(fields[s], (x - flow[0]) / fh, (y - flow[1]) / fh, (z - flow[2]) / fh) - radius
                state[s] = min(state[s], (value + choice[3]) / sigma)
            t += step
        # what it holds in the second bone, to its tip
        purchase, weighted = 0.0, 0.0
        u = crossing - start
        while u < length:
            i = round((c[0] + (start + u) * d[0] - low[0]) / h)
            j = round((c[1] + (start + u) * d[1] - low[1]) / h)
            k = round((c[2] + (start + u) * d[2] - low[2]) / h)
            if 0 <= i < nx and 0 <= j < ny and 0 <= k < nz and labels[i, j, k] == second:
                part = min(step, length - u)
                purchase += part
                factor = 1.0
                if hu_ref > 0.0:
                    factor = min(max(hu[i, j, k] / hu_ref, choice[9]), choice[10])
                weighted += part * factor
            u += step
        if purchase < choice[6]:
            continue
        x = c[0] + (start + length) * d[0]
        y = c[1] + (start + length) * d[1]
        z = c[2] + (start + length) * d[2]
        sigma = math.sqrt(choice[1] * choice[1] + (length * choice[2]) ** 2)
        end = field_at(bound, (x - flow[0]) / fh, (y - flow[1]) / fh, (z - flow[2]) / fh) - END_SHARE * radius
        if end < choice[11]:
            continue
        end_least = min(least, end)
        risk = 0.0
        for s in range(count):
            value = field_at(fields[s], (x - flow[0]) / fh, (y - flow[1]) / fh, (z - flow[2]) / fh) - END_SHARE * radius
            risk += phi(-min(state[s], (value + choice[3]) / sigma))
        risk = min(1.0, risk)
        worth = (
            choice[12] * (1.0 - math.exp(-weighted / choice[12]))
            - choice[4] * 100.0 * (risk + OVER_LIMIT * max(0.0, risk - choice[5]))
            - oblique
        )
        if worth > out[UTILITY]:
            for a in range(3):
                entry_mm[a] = c[a] + start * d[a]
            if end_clearance(bound, flow, fh, entry_mm, d, length, radius, choice[11] + 1e-3) < choice[11]:
                continue
            out[UTILITY], out[LENGTH], out[ENTRY] = worth, length, start
            out[CROSSING], out[PURCHASE], out[CLEARANCE] = crossing, purchase, end_least
            out[RISK], out[ANGLE] = risk, angle


@njit_parallel
def pool(
    labels: Any, hu: Any, hu_ref: float, low: Any, h: float, first: int, gap: int, second: int,
    fields: Any, bound: Any, flow: Any, fh: float, targets: Any,
    normals: Any, directions: Any, lengths: Any, radius: float,
    choice: Any,
) -> Any:  # fmt: skip
    """`line` for every target (m, 3) and direction (k, 3): (m, k, RESULT)."""
    m, k = targets.shape[0], directions.shape[0]
    out = np.empty((m, k, RESULT))
    for a in nb.prange(m):
        state = np.empty(fields.shape[0])
        for b in range(k):
            line(
                labels, hu, hu_ref, low, h, first, gap, second, fields, bound, flow, fh, targets[a], directions[b],
                normals[a], lengths, radius, choice, state, out[a, b],
            )  # fmt: skip
    return out
