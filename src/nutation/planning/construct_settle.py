"""Compiled loops that settle a set of implants where it is worth most, by the smooth worth of `construct_seat`.

Moves follow Hooke and Jeeves: one implant after the other by a step each way, and to the next length; then all once
more the way that they went, so that a valley that lies across the axes is no end. Steps shrink where nothing gains.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numba as nb
import numpy as np

from nutation.planning.construct_seat import CROSS, FAR_MM, HINGE, SEAT, START, WORTH, across, away, hinge, seat
from nutation.planning.construct_sets import NONE, apart

njit = cast("Any", nb.njit)(cache=True, nogil=True, fastmath=True)

# Rounds of moves at one step size; a search that still moves after these goes on with the next, smaller step.
ROUNDS = 60
# A gain below these is none: of one move, and of a round.
GAIN, ROUND_GAIN = 1e-4, 1e-3
# What each mm costs that two surfaces come nearer than half a hinge above the least bone between them.
TOUCHING = 20.0
# Moves of one implant: along two axes across it and tilted on them, either way; longer; shorter.
MOVES, LONGER = 10, 8


@njit
def beside_others(
    i: int, c: Any, d: Any, length: float, this: Any, targets: Any, directions: Any, lengths: Any, seats: Any,
    place: Any,
) -> float:  # fmt: skip
    """What implant i, so placed, costs by its position and beside the others.

    `place`: radius, origin and sacral axis, the positions' bands (n, 2) on it and usual crossings (n, 3), prices. Those
    are: edge wanted, price per mm near the edge, price per mm off the level, least bone between surfaces, preferred
    spacing, its price, price of the angle between two per rad², least way between tips along the axis, its price,
    prices of the angle off the usual direction per rad² and of the way off the usual crossing per mm².
    """
    radius, origin, axis, bands, usual, prices = place
    tip, off = 0.0, 0.0
    for a in range(3):
        tip += (c[a] + (this[START] + length) * d[a] - origin[a]) * axis[a]
        off += (c[a] + this[CROSS] * d[a] - usual[i, a]) ** 2
    cost = prices[2] * (hinge(bands[i, 0] - tip) + hinge(tip - bands[i, 1])) + prices[10] * away(math.sqrt(off), FAR_MM)
    entry = c + this[START] * d
    for j in range(targets.shape[0]):
        if j == i or seats[j, WORTH] <= NONE:
            continue
        there = targets[j] + seats[j, START] * directions[j]
        surfaces = apart(entry, d, length, there, directions[j], lengths[j]) - 2.0 * radius
        if surfaces < prices[3]:
            return -NONE
        cost += TOUCHING * hinge(prices[3] + 0.5 * HINGE - surfaces)
        square, height, cosine = 0.0, 0.0, 0.0
        for a in range(3):
            x = c[a] + this[CROSS] * d[a] - targets[j, a] - seats[j, CROSS] * directions[j, a]
            square += x * x
            height += axis[a] * (entry[a] + length * d[a] - there[a] - lengths[j] * directions[j, a])
            cosine += d[a] * directions[j, a]
        angle = math.acos(min(1.0, max(-1.0, cosine)))
        cost += prices[5] * hinge(prices[4] - math.sqrt(square)) + prices[6] * angle * angle
        cost += prices[8] * hinge(prices[7] - (height if i < j else -height))
    return cost


@njit
def total(targets: Any, directions: Any, lengths: Any, seats: Any, place: Any) -> float:
    """What the set is worth together; NONE where one of them cannot be placed so."""
    value = 0.0
    for i in range(targets.shape[0]):
        if seats[i, WORTH] <= NONE:
            return NONE
        # each pair once, with those before it
        value += seats[i, WORTH] - beside_others(
            i, targets[i], directions[i], lengths[i], seats[i], targets[:i], directions[:i], lengths[:i], seats[:i],
            place,
        )  # fmt: skip
    return max(NONE, value)


@njit
def seats_of(world: Any, targets: Any, directions: Any, lengths: Any, seats: Any) -> None:
    """`construct_seat.seat` for each line (n) with its length; `seats` (n, SEAT)."""
    for i in range(targets.shape[0]):
        seat(world, targets[i], directions[i], lengths[i], seats[i])


@njit
def settle(
    world: Any, place: Any, shelf: Any, steps: Any, targets: Any, directions: Any, lengths: Any, seats: Any
) -> float:
    """Move a set of implants (targets, directions (n, 3), lengths (n,), seats (n, SEAT), changed in place) until
    nothing gains; gives what it is worth together. `shelf` holds the lengths there are, `steps` (m, 2) mm and radians.
    """
    n = targets.shape[0]
    seats_of(world, targets, directions, lengths, seats)
    for i in range(n):
        _centred(targets[i], directions[i], seats[i])
    went, new, c, d = np.zeros((n, 4)), np.empty(SEAT), np.empty(3), np.empty(3)
    old_c, old_d, old_s, old_l = targets.copy(), directions.copy(), seats.copy(), lengths.copy()
    now = total(targets, directions, lengths, seats, place)
    for m in range(steps.shape[0]):
        for _ in range(ROUNDS):
            before = now
            went[:] = 0.0
            for i in range(n):
                _explore(i, world, place, shelf, steps[m], targets, directions, lengths, seats, went[i])
            now = total(targets, directions, lengths, seats, place)
            if now < before + ROUND_GAIN:
                break
            old_c[:], old_d[:], old_s[:], old_l[:] = targets, directions, seats, lengths
            for i in range(n):
                _moved(targets[i], directions[i], went[i], steps[m], c, d)
                seat(world, c, d, lengths[i], new)
                _put(i, c, d, lengths[i], new, targets, directions, lengths, seats)
            further = total(targets, directions, lengths, seats, place)
            if further > now:
                now = further
            else:
                targets[:], directions[:], seats[:], lengths[:] = old_c, old_d, old_s, old_l
    return now


@njit
def _explore(
    i: int, world: Any, place: Any, shelf: Any, step: Any, targets: Any, directions: Any, lengths: Any, seats: Any,
    went: Any,
) -> None:  # fmt: skip
    """Try each move of implant i, keep what gains; `went` (4,) gets the moves kept."""
    new, c, d, move = np.empty(SEAT), np.empty(3), np.empty(3), np.empty(4)
    value = _value(i, targets[i], directions[i], lengths[i], seats[i], targets, directions, lengths, seats, place)
    for which in range(MOVES):
        move[:] = 0.0
        length = lengths[i]
        if which < LONGER:
            move[which // 2] = 1.0 if which % 2 == 0 else -1.0
        else:
            length = _next(shelf, length, 1 if which == LONGER else -1)
            if length == lengths[i]:
                continue
        _moved(targets[i], directions[i], move, step, c, d)
        seat(world, c, d, length, new)
        other = _value(i, c, d, length, new, targets, directions, lengths, seats, place)
        if other > value + GAIN:
            value = other
            went += move
            _put(i, c, d, length, new, targets, directions, lengths, seats)


@njit
def _value(
    i: int, c: Any, d: Any, length: float, this: Any, targets: Any, directions: Any, lengths: Any, seats: Any,
    place: Any,
) -> float:  # fmt: skip
    """What implant i, so placed, is worth beside the others."""
    if this[WORTH] <= NONE:
        return NONE
    cost = beside_others(i, c, d, length, this, targets, directions, lengths, seats, place)
    return max(NONE, this[WORTH] - cost)


@njit
def _next(shelf: Any, length: float, by: int) -> float:
    for k in range(shelf.shape[0]):
        if abs(shelf[k] - length) < 1e-6:
            return shelf[min(max(k + by, 0), shelf.shape[0] - 1)]
    return length


@njit
def _moved(c: Any, d: Any, move: Any, step: Any, new_c: Any, new_d: Any) -> None:
    """A line moved by `move` (4,) in steps of mm and radians."""
    u, v = np.empty(3), np.empty(3)
    across(d, u, v)
    size = 0.0
    for a in range(3):
        new_c[a] = c[a] + step[0] * (move[0] * u[a] + move[1] * v[a])
        new_d[a] = d[a] + step[1] * (move[2] * u[a] + move[3] * v[a])
        size += new_d[a] * new_d[a]
    size = math.sqrt(size)
    for a in range(3):
        new_d[a] /= size


@njit
def _put(
    i: int, c: Any, d: Any, length: float, this: Any, targets: Any, directions: Any, lengths: Any, seats: Any
) -> None:
    for a in range(3):
        targets[i, a], directions[i, a] = c[a], d[a]
    for a in range(SEAT):
        seats[i, a] = this[a]
    lengths[i] = length
    _centred(targets[i], directions[i], seats[i])


@njit
def _centred(c: Any, d: Any, this: Any) -> None:
    """Lets a line's target be where it crosses the joint: there shifting and tilting it are most independent."""
    if this[WORTH] <= NONE:
        return
    for a in range(3):
        c[a] += this[CROSS] * d[a]
    this[START] -= this[CROSS]
    this[CROSS] = 0.0
