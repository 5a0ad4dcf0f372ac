"""Compiled loops: the clearance of cylinders in distance fields, poses with errors, bones along an axis.

Fields are float32 (structures, nx, ny, nz): signed distance in mm to each structure, positive on the implant's side,
sampled trilinearly. An implant is the flat-ended cylinder around its section.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numba as nb
import numpy as np

from nutation.planning.field_kernels import field_at

# The distance changes by no more than the way gone, so that a march may step by what it has in hand; this is the least
# step, as a part of the voxel, so that it ends.
LEAST_STEP = 0.75
# Points on the rim of the inner end; with 8 the rim is missed by at most 8 % of the radius.
RIM = 8

njit = cast("Any", nb.njit)(cache=True, nogil=True, fastmath=True)


@njit
def cylinder_clearance(
    field: Any, low: Any, h: float, e: Any, d: Any, length: float, radius: float, enough: float
) -> float:
    """The least distance from a cylinder's surface to the structure; the march stops below `enough`."""
    least = 1e9
    t = 0.0
    end = max(0.0, length - radius)
    step = LEAST_STEP * h
    while True:
        value = (
            field_at(
                field, (e[0] + t * d[0] - low[0]) / h, (e[1] + t * d[1] - low[1]) / h, (e[2] + t * d[2] - low[2]) / h
            )
            - radius
        )
        if value < least:
            least = value
            if least < enough:
                return least
        if t >= end:
            break
        t = min(end, t + max(step, value - least))
    return min(least, end_clearance(field, low, h, e, d, length, radius, least))


@njit
def end_clearance(field: Any, low: Any, h: float, e: Any, d: Any, length: float, radius: float, enough: float) -> float:
    """The least distance from the rim of a cylinder's flat end, and from a ring half a radius before it; looked at only
    where it may be less than `enough`."""
    least = enough
    ux, uy, uz = 0.0, 0.0, 1.0
    if abs(d[2]) > 0.9:
        uy, uz = 1.0, 0.0
    dot = ux * d[0] + uy * d[1] + uz * d[2]
    ux, uy, uz = ux - dot * d[0], uy - dot * d[1], uz - dot * d[2]
    norm = math.sqrt(ux * ux + uy * uy + uz * uz)
    ux, uy, uz = ux / norm, uy / norm, uz / norm
    vx, vy, vz = d[1] * uz - d[2] * uy, d[2] * ux - d[0] * uz, d[0] * uy - d[1] * ux
    for ring in range(2):
        t = length - 0.5 * radius * ring
        cx, cy, cz = e[0] + t * d[0], e[1] + t * d[1], e[2] + t * d[2]
        if field_at(field, (cx - low[0]) / h, (cy - low[1]) / h, (cz - low[2]) / h) - radius > least:
            continue
        for m in range(RIM):
            a, b = radius * math.cos(2 * math.pi * m / RIM), radius * math.sin(2 * math.pi * m / RIM)
            value = field_at(
                field,
                (cx + a * ux + b * vx - low[0]) / h,
                (cy + a * uy + b * vy - low[1]) / h,
                (cz + a * uz + b * vz - low[2]) / h,
            )
            least = min(least, value)
    return least


@njit
def clearances(fields: Any, low: Any, h: float, entries: Any, directions: Any, lengths: Any, radii: Any) -> Any:
    """Clearance of each cylinder (n) to each structure: (n, structures)."""
    n, count = entries.shape[0], fields.shape[0]
    out = np.empty((n, count))
    for i in range(n):
        for s in range(count):
            out[i, s] = cylinder_clearance(fields[s], low, h, entries[i], directions[i], lengths[i], radii[i], -1e9)
    return out


@njit
def reaches(labels: Any, low: Any, h: float, e: Any, d: Any, length: float, bones: Any) -> bool:
    """Whether the axis runs from the first of three codes through the second (the joint's gap) into the third.

    The last bone after the first with no gap between them is not the joint: there the ligaments lie. A first and third
    code of 0 ask for nothing but the gap.
    """
    nx, ny, nz = labels.shape
    step = 0.5 * h
    seen_first = bones[0] == 0
    seen_gap = False
    for m in range(int(length / step) + 1):
        t = m * step
        i = round((e[0] + t * d[0] - low[0]) / h)
        j = round((e[1] + t * d[1] - low[1]) / h)
        k = round((e[2] + t * d[2] - low[2]) / h)
        if 0 <= i < nx and 0 <= j < ny and 0 <= k < nz:
            code = labels[i, j, k]
            if code == bones[1] and code > 0:
                if bones[2] == 0:
                    return True
                seen_gap = seen_gap or seen_first
            elif code == bones[0]:
                seen_first = True
                seen_gap = False
            elif code == bones[2] and seen_gap:
                return True
    return False


@njit
def simulate(
    fields: Any, least: Any, low: Any, h: float, entries: Any, directions: Any, lengths: Any, radii: Any,
    first: Any, second: Any, displacement: Any, tilt: Any, about_tip: bool,
    labels: Any, labels_low: Any, labels_h: float, bones: Any, depth: Any, missed: Any,
) -> None:  # fmt: skip
    """Place every implant with every error: `depth` (simulations, implants, structures) gets the breach in mm (0 for
    none), `missed` (simulations, implants) whether the joint is missed.

    `least` is the least of the fields; `first`, `second` (implants, 3) the axes that tilts are drawn on.
    """
    sims, count = displacement.shape[0], entries.shape[0]
    structures = fields.shape[0]
    e, d = np.empty(3), np.empty(3)
    for i in range(sims):
        for j in range(count):
            a, b = math.tan(tilt[i, j, 0]), math.tan(tilt[i, j, 1])
            norm = 0.0
            for c in range(3):
                d[c] = directions[j, c] + a * first[j, c] + b * second[j, c]
                norm += d[c] * d[c]
            norm = math.sqrt(norm)
            for c in range(3):
                d[c] /= norm
                e[c] = entries[j, c] + displacement[i, j, c]
                if about_tip:
                    e[c] += lengths[j] * (directions[j, c] - d[c])
            worst = cylinder_clearance(least, low, h, e, d, lengths[j], radii[j], 0.0)
            for s in range(structures):
                depth[i, j, s] = 0.0
            if worst < 0.0:
                for s in range(structures):
                    value = cylinder_clearance(fields[s], low, h, e, d, lengths[j], radii[j], -1e9)
                    if value < 0.0:
                        depth[i, j, s] = -value
            missed[i, j] = not reaches(labels, labels_low, labels_h, e, d, lengths[j], bones)


@njit
def codes_along(labels: Any, low: Any, h: float, e: Any, d: Any, length: float, step: float) -> Any:
    """The labels (uint8) at the middles of equal steps along an axis; background outside the grid."""
    nx, ny, nz = labels.shape
    count = max(1, round(length / step))
    out = np.zeros(count, np.uint8)
    for m in range(count):
        t = (m + 0.5) * length / count
        i = round((e[0] + t * d[0] - low[0]) / h)
        j = round((e[1] + t * d[1] - low[1]) / h)
        k = round((e[2] + t * d[2] - low[2]) / h)
        if 0 <= i < nx and 0 <= j < ny and 0 <= k < nz:
            out[m] = labels[i, j, k]
    return out
