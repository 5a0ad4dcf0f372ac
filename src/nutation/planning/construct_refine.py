"""Compiled loops that improve a set of implants: better lines of the pool, then small moves, alone and together.

A set found on one grid of lines must not differ from that found on another, so moves run along several directions at
once (a valley that lies across two of them is else taken for its floor), and steps shrink only where nothing moves.
"""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import Any, cast

import numba as nb
import numpy as np

from nutation.planning.construct_kernels import CROSSING, ENTRY, LENGTH, RESULT, UTILITY, edge_short, line, off_level
from nutation.planning.construct_sets import NONE, apart, beside

njit = cast("Any", nb.njit)(cache=True, nogil=True, fastmath=True)

_AXES = np.eye(4)
MOVES = np.array(
    [sign * _AXES[axis] for axis in range(4) for sign in (1.0, -1.0)]
    + [
        (one * _AXES[a] + other * _AXES[b]) / math.sqrt(2)
        for a, b in combinations(range(4), 2)
        for one, other in product((1.0, -1.0), repeat=2)
    ]
)
"""Moves (m, 4) of one implant in steps: shifted along two axes across it, tilted along them; and each two at once."""

# Sweeps over all moves at one step size; a search that still moves after these goes on with the next, smaller step.
_SWEEPS = 20
# Of the moves, so many are tried with all implants together: those along one axis.
_TOGETHER = 8
# Passes over the pool; each lets every implant take a better line beside the others.
_PASSES = 6


@njit
def refine(
    labels: Any, hu: Any, hu_ref: float, low: Any, h: float, first: int, gap: int, second: int,
    fields: Any, bound: Any, flow: Any, fh: float, targets: Any, directions: Any, pool_targets: Any,
    pool_directions: Any, normal: Any, lengths: Any, radius: float,
    choice: Any, joint: Any, edge: Any, origin: Any, axis: Any, bands: Any, prices: Any, steps: Any, moves: Any,
) -> Any:  # fmt: skip
    """Improve a set of implants (targets, directions (n, 3), changed in place) until nothing moves.

    `bands` (n, 2) along the sacral `axis` from `origin`; `prices`: edge wanted, price per mm near the edge, price per
    mm off the level, least bone between surfaces, preferred spacing, its price, price of the angle between two per
    rad², least way between tips along the axis, its price; `steps` (m, 2) in mm and radians. Gives their results
    (n, RESULT).
    """
    n = targets.shape[0]
    state = np.empty(fields.shape[0])
    results = np.empty((n, RESULT))
    for i in range(n):
        line(
            labels, hu, hu_ref, low, h, first, gap, second, fields, bound, flow, fh, targets[i], directions[i], normal,
            lengths, radius, choice, state, results[i],
        )  # fmt: skip
        _centred(targets[i], directions[i], results[i])
    trial = np.empty(RESULT)
    c, d = np.empty(3), np.empty(3)
    exchanged = np.empty((pool_targets.shape[0], RESULT))
    for p in range(pool_targets.shape[0]):
        line(
            labels, hu, hu_ref, low, h, first, gap, second, fields, bound, flow, fh, pool_targets[p],
            pool_directions[p], normal, lengths, radius, choice, state, exchanged[p],
        )  # fmt: skip
    for _ in range(_PASSES):
        moved = False
        for i in range(n):
            value = _value(i, targets[i], directions[i], results[i], targets, directions, results, radius, joint,
                           edge, origin, axis, bands, prices)  # fmt: skip
            for p in range(pool_targets.shape[0]):
                other = _value(i, pool_targets[p], pool_directions[p], exchanged[p], targets, directions, results,
                               radius, joint, edge, origin, axis, bands, prices)  # fmt: skip
                if other > value + 1e-6:
                    value, moved = other, True
                    _take(i, pool_targets[p], pool_directions[p], exchanged[p], targets, directions, results)
        if not moved:
            break
    new_c, new_d, new_results = np.empty((n, 3)), np.empty((n, 3)), np.empty((n, RESULT))
    for m in range(steps.shape[0]):
        for _ in range(_SWEEPS):
            moved = False
            for i in range(n):
                value = _value(i, targets[i], directions[i], results[i], targets, directions, results, radius, joint,
                               edge, origin, axis, bands, prices)  # fmt: skip
                for move in range(moves.shape[0]):
                    _shifted(targets[i], directions[i], moves[move], steps[m], c, d)
                    line(
                        labels, hu, hu_ref, low, h, first, gap, second, fields, bound, flow, fh, c, d, normal, lengths,
                        radius, choice, state, trial,
                    )  # fmt: skip
                    other = _value(i, c, d, trial, targets, directions, results, radius, joint, edge, origin, axis,
                                   bands, prices)  # fmt: skip
                    if other > value + 1e-6:
                        value, moved = other, True
                        _take(i, c, d, trial, targets, directions, results)
            total = total_worth(targets, directions, results, radius, joint, edge, origin, axis, bands, prices)
            for move in range(_TOGETHER):
                for i in range(n):
                    _shifted(targets[i], directions[i], moves[move], steps[m], new_c[i], new_d[i])
                    line(
                        labels, hu, hu_ref, low, h, first, gap, second, fields, bound, flow, fh, new_c[i], new_d[i],
                        normal, lengths, radius, choice, state, new_results[i],
                    )  # fmt: skip
                other = total_worth(new_c, new_d, new_results, radius, joint, edge, origin, axis, bands, prices)
                if other > total + 1e-6:
                    total, moved = other, True
                    for i in range(n):
                        _take(i, new_c[i], new_d[i], new_results[i], targets, directions, results)
            if not moved:
                break
    return results


@njit
def _shifted(c: Any, d: Any, move: Any, step: Any, new_c: Any, new_d: Any) -> None:
    """A line moved by `move` (4,) in steps of mm and radians."""
    u, v = _across(d)
    for x in range(3):
        new_c[x] = c[x] + step[0] * (move[0] * u[x] + move[1] * v[x])
        new_d[x] = d[x] + step[1] * (move[2] * u[x] + move[3] * v[x])
    size = math.sqrt(new_d[0] * new_d[0] + new_d[1] * new_d[1] + new_d[2] * new_d[2])
    for x in range(3):
        new_d[x] /= size


@njit
def _take(i: int, c: Any, d: Any, result: Any, targets: Any, directions: Any, results: Any) -> None:
    for x in range(3):
        targets[i, x], directions[i, x] = c[x], d[x]
    for x in range(RESULT):
        results[i, x] = result[x]
    _centred(targets[i], directions[i], results[i])


@njit
def _centred(c: Any, d: Any, result: Any) -> None:
    """Lets a line's target be where it crosses the joint: there shifting and tilting it are most independent."""
    if result[UTILITY] <= NONE:
        return
    for x in range(3):
        c[x] += result[CROSSING] * d[x]
    result[ENTRY] -= result[CROSSING]
    result[CROSSING] = 0.0


@njit
def _across(d: Any) -> Any:
    u = np.zeros(3)
    u[2 if abs(d[2]) < 0.9 else 1] = 1.0
    dot = u[0] * d[0] + u[1] * d[1] + u[2] * d[2]
    u -= dot * d
    u /= math.sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2])
    v = np.array([d[1] * u[2] - d[2] * u[1], d[2] * u[0] - d[0] * u[2], d[0] * u[1] - d[1] * u[0]])
    return u, v


@njit
def _own(i: int, c: Any, d: Any, result: Any, joint: Any, edge: Any, origin: Any, axis: Any, bands: Any,
         prices: Any) -> float:  # fmt: skip
    """What implant i, so placed, is worth alone."""
    if result[UTILITY] <= NONE:
        return NONE
    value = result[UTILITY] - prices[1] * edge_short(c + result[CROSSING] * d, joint, edge, prices[0])
    tip = c + (result[ENTRY] + result[LENGTH]) * d
    return value - prices[2] * off_level(tip, origin, axis, bands[i, 0], bands[i, 1])


@njit
def _pair(i: int, c: Any, d: Any, result: Any, j: int, c2: Any, d2: Any, result2: Any, radius: float, axis: Any,
          prices: Any) -> float:  # fmt: skip
    """What implant i costs beside implant j."""
    entry, there = c + result[ENTRY] * d, c2 + result2[ENTRY] * d2
    surfaces = apart(entry, d, result[LENGTH], there, d2, result2[LENGTH]) - 2 * radius
    if surfaces < prices[3]:
        return -NONE
    x = c + result[CROSSING] * d - c2 - result2[CROSSING] * d2
    height = 0.0
    for a in range(3):
        height += axis[a] * (entry[a] + result[LENGTH] * d[a] - there[a] - result2[LENGTH] * d2[a])
    return beside(d, d2, math.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]), height if i < j else -height, prices)


@njit
def _value(
    i: int, c: Any, d: Any, result: Any, targets: Any, directions: Any, results: Any, radius: float, joint: Any,
    edge: Any, origin: Any, axis: Any, bands: Any, prices: Any,
) -> float:  # fmt: skip
    """What implant i, so placed, is worth beside the others."""
    if result[UTILITY] <= NONE:
        return NONE
    value = 0.0
    for j in range(targets.shape[0]):
        if j != i and results[j, UTILITY] > NONE:
            value -= _pair(i, c, d, result, j, targets[j], directions[j], results[j], radius, axis, prices)
            if value <= NONE:
                return NONE
    return value + _own(i, c, d, result, joint, edge, origin, axis, bands, prices)


@njit
def total_worth(
    targets: Any, directions: Any, results: Any, radius: float, joint: Any, edge: Any, origin: Any, axis: Any,
    bands: Any, prices: Any,
) -> float:  # fmt: skip
    """What the set is worth together."""
    total = 0.0
    for i in range(targets.shape[0]):
        own = _own(i, targets[i], directions[i], results[i], joint, edge, origin, axis, bands, prices)
        if own <= NONE:
            return NONE
        total += own
        for j in range(i):
            total -= _pair(i, targets[i], directions[i], results[i], j, targets[j], directions[j], results[j], radius,
                           axis, prices)  # fmt: skip
    return max(total, NONE)
