"""The phantom as a pelvis, from its truth: levels, openings and frame are exact, the gap is cut as for any input."""

from __future__ import annotations

from functools import cache

import numpy as np

from nutation.anatomy.joint import cut_gap, joint_of
from nutation.anatomy.pelvis import CANAL, FORAMINA, Openings, Pelvis
from nutation.anatomy.phantom import Phantom, phantom
from nutation.anatomy.source import Side
from nutation.anatomy.space import Grid

SEEN = frozenset({"canal", *FORAMINA})
assert CANAL


@cache
def the_phantom() -> Phantom:
    return phantom()


@cache
def pelvis_of_phantom(spacing_mm: float = 1.0, *, hu: bool = False) -> Pelvis:
    """The default phantom at this voxel size; with `hu` its CT on the same grid."""
    made = the_phantom()
    grid: Grid = made.grid(spacing_mm)
    cut = cut_gap(made.shapes.sampled(grid), spacing_mm)
    low = grid.origin_mm
    sides: tuple[Side, Side] = ("left", "right")
    joints = {
        side: joint_of(side, cut.labels, spacing_mm, low, cut.synthesised[side], cut.fused_share[side])
        for side in sides
    }
    truth = made.truth
    volume = made.ct(spacing_mm).values if hu else None
    return Pelvis(
        truth.frame, grid, cut.labels, None if volume is None else np.asarray(volume, np.float32),
        Openings(made.openings(grid), SEEN), truth.levels, joints, truth.landmarks, truth.directions,
        truth.angles_deg, made.shapes.source,
    )  # fmt: skip
