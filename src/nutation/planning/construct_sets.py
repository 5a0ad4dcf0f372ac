"""Compiled loops over sets of implants: how near two of them come, which two or three go together."""

from __future__ import annotations

import math
from typing import Any, cast

import numba as nb
import numpy as np

njit = cast("Any", nb.njit)(cache=True, nogil=True, fastmath=True)

NONE = -1e9
"""What is worth less than anything: no implant fits."""


@njit
def apart(e1: Any, d1: Any, l1: float, e2: Any, d2: Any, l2: float) -> float:
    """The least distance between two axes of lengths l1, l2 (segments)."""
    b = d1[0] * d2[0] + d1[1] * d2[1] + d1[2] * d2[2]
    rx, ry, rz = e1[0] - e2[0], e1[1] - e2[1], e1[2] - e2[2]
    c = d1[0] * rx + d1[1] * ry + d1[2] * rz
    f = d2[0] * rx + d2[1] * ry + d2[2] * rz
    denominator = 1.0 - b * b
    s = 0.0
    if denominator > 1e-9:
        s = min(max((b * f - c) / denominator, 0.0), l1)
    t = b * s + f
    if t < 0.0:
        t = 0.0
        s = min(max(-c, 0.0), l1)
    elif t > l2:
        t = l2
        s = min(max(b * l2 - c, 0.0), l1)
    x, y, z = rx + s * d1[0] - t * d2[0], ry + s * d1[1] - t * d2[1], rz + s * d1[2] - t * d2[2]
    return math.sqrt(x * x + y * y + z * z)


@njit
def beside(d1: Any, d2: Any, crossings: float, height: float, prices: Any) -> float:
    """What two implants cost beside each other: short of the preferred spacing where they cross the joint, by the angle
    between them, and where the tip of the upper one is not so far above (`height`) the lower one's as it shall be.

    `prices` as `construct_settle.beside_others` has them.
    """
    angle = math.acos(min(1.0, abs(d1[0] * d2[0] + d1[1] * d2[1] + d1[2] * d2[2])))
    return (
        prices[5] * max(0.0, prices[4] - crossings)
        + prices[6] * angle * angle
        + prices[8] * max(0.0, prices[7] - height)
    )


@njit
def pairs(entries: Any, directions: Any, lengths: Any, crossings: Any, heights: Any, radius: float, prices: Any) -> Any:
    """What it costs to take two of n implants together, (n, n), those from cranial to caudal; more than anything where
    their surfaces come too near. `heights` (n,) of their tips along the sacral axis."""
    n = entries.shape[0]
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            surfaces = apart(entries[i], directions[i], lengths[i], entries[j], directions[j], lengths[j]) - 2 * radius
            x = crossings[i, 0] - crossings[j, 0]
            y = crossings[i, 1] - crossings[j, 1]
            z = crossings[i, 2] - crossings[j, 2]
            cost = beside(directions[i], directions[j], math.sqrt(x * x + y * y + z * z), heights[i] - heights[j],
                          prices)  # fmt: skip
            if surfaces < prices[3]:
                cost = 1e6
            out[i, j] = cost
            out[j, i] = cost
    return out


@njit
def combine(worth: Any, cost: Any, slot: Any, count: int, keep: int) -> Any:
    """The best sets of one, two or three (rows of indices, from cranial to caudal; -1 where fewer exist).

    `worth` (n,) in cranial to caudal order, `cost` (n, n); `slot` (n, count) is the price of each in each position.
    Sets that share two implants with a better one are left out, so that those kept differ.
    """
    n = worth.shape[0]
    best = np.full((keep, 3), -1, np.int64)
    value = np.full(keep, NONE)
    for _ in range(keep):
        top = NONE
        bi, bj, bk = -1, -1, -1
        for i in range(n):
            if count == 1:
                one = worth[i] - slot[i, 0]
                if one > top and _differs(best, i, -1, -1, 1):
                    top, bi, bj, bk = one, i, -1, -1
                continue
            for j in range(i + 1, n):
                if cost[i, j] >= 1e5:
                    continue
                two = worth[i] + worth[j] - cost[i, j] - slot[i, 0] - slot[j, 1]
                if count == 2:
                    if two > top and _differs(best, i, j, -1, 1):
                        top, bi, bj, bk = two, i, j, -1
                    continue
                for k in range(j + 1, n):
                    if cost[j, k] >= 1e5 or cost[i, k] >= 1e5:
                        continue
                    three = two + worth[k] - cost[j, k] - cost[i, k] - slot[k, 2]
                    if three > top and _differs(best, i, j, k, 2):
                        top, bi, bj, bk = three, i, j, k
        if bi < 0:
            break
        for r in range(keep):
            if best[r, 0] < 0:
                best[r, 0], best[r, 1], best[r, 2] = bi, bj, bk
                value[r] = top
                break
    return best


@njit
def _differs(best: Any, i: int, j: int, k: int, shared: int) -> bool:
    for r in range(best.shape[0]):
        if best[r, 0] < 0:
            return True
        same = 0
        for c in range(3):
            b = best[r, c]
            if b >= 0 and b in (i, j, k):
                same += 1
        if same >= shared:
            return False
    return True
