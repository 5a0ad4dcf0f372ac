"""How far an implant can be moved or tilted before its clearance is lost: the free envelope."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nutation.anatomy.implants import Implant, across
from nutation.anatomy.space import Floats
from nutation.planning.margin_fields import Fields
from nutation.planning.margin_kernels import cylinder_clearance

# Directions that are tried round the axis, and how far: beyond these nothing that is planned for comes.
AROUND, FARTHEST_MM, FARTHEST_DEG = 12, 15.0, 20.0
# Found to within this part of the farthest: a tenth of a millimetre, of a degree.
HALVINGS = 8


@dataclass(frozen=True, slots=True)
class Envelope:
    """The least, over all directions, that takes the clearance: shifted across the axis, tilted about the entry,
    pushed deeper. A value at the farthest that is tried means at least so much."""

    shift_mm: float
    tilt_deg: float
    deeper_mm: float


def envelope(fields: Fields, implant: Implant) -> Envelope:
    """The free envelope of one implant; nothing where it already lies beyond the boundary."""
    e, d = implant.pose.entry_mm, implant.pose.direction
    first, second = across(d)
    turns = 2 * math.pi * np.arange(AROUND) / AROUND
    sideways = [math.cos(turn) * first + math.sin(turn) * second for turn in turns]

    def free(entry: Floats, direction: Floats) -> bool:
        found: Any = cylinder_clearance(
            fields.least, fields.low_mm, fields.spacing_mm, entry, direction, implant.size.length_mm,
            implant.size.diameter_mm / 2, 0.0,
        )  # fmt: skip
        return bool(found >= 0)

    if not free(e, d):
        return Envelope(0.0, 0.0, 0.0)

    def along(shift: Floats) -> Callable[[float], bool]:
        return lambda amount: free(e + amount * shift, d)

    def towards(side: Floats) -> Callable[[float], bool]:
        return lambda amount: free(e, math.cos(math.radians(amount)) * d + math.sin(math.radians(amount)) * side)

    return Envelope(
        min(_reach(along(side), FARTHEST_MM) for side in sideways),
        min(_reach(towards(side), FARTHEST_DEG) for side in sideways),
        _reach(along(d), FARTHEST_MM),
    )


def _reach(free: Callable[[float], bool], farthest: float) -> float:
    """The largest amount up to which it stays free, found from coarse steps and halving."""
    step, low = farthest / 8, 0.0
    while low + step <= farthest and free(low + step):
        low += step
    if low + step > farthest:
        return farthest
    high = low + step
    for _ in range(HALVINGS - 3):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if free(middle) else (low, middle)
    return low
