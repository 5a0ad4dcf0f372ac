"""The phantom's sacrum as voxels of its own pelvic frame, or of a tilted one, with its true openings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.phantom import Phantom, phantom
from nutation.anatomy.phantom_shape import PhantomShape
from nutation.anatomy.space import Floats, Frame, Grid

LOW, HIGH = np.array([-75.0, -45.0, -105.0]), np.array([75.0, 75.0, 50.0])
"""The part of the phantom around sacrum and joints, in its pelvic frame."""


@dataclass(frozen=True)
class Made:
    """Labels and true openings on a grid in a frame that is the pelvic one, tilted about the left axis."""

    phantom: Phantom
    labels: NDArray[np.uint8]
    openings: NDArray[np.uint8]
    spacing_mm: float
    low_mm: Floats
    frame: Frame


@cache
def made(spacing_mm: float = 1.0, tilt_deg: float = 0.0, shape: PhantomShape | None = None) -> Made:
    """The phantom's sacrum and joints; points of the pelvic frame are `frame.to_lps` of points of the grid's frame."""
    part = phantom(shape)
    tilt = radians(tilt_deg)
    turn = np.array([[1, 0, 0], [0, cos(tilt), -sin(tilt)], [0, sin(tilt), cos(tilt)]])
    middle = (LOW + HIGH) / 2
    frame = Frame(turn, middle - turn @ middle)
    count = np.ceil((HIGH - LOW) / spacing_mm).astype(int)
    grid = Grid((int(count[0]), int(count[1]), int(count[2])), np.full(3, spacing_mm), frame.to_lps(LOW), turn)
    return Made(part, part.shapes.sampled(grid), part.openings(grid), spacing_mm, LOW, frame)
