"""What the search asks of a line, as the compiled loops read it: zones in their order, lengths, level, cone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import Level, Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.approaches import Part
from nutation.planning.boundary import Boundary
from nutation.planning.boundary_structures import midline_mm
from nutation.planning.boundary_zones import ZONE_OF

NO_LEVEL, AT_MIDLINE, AT_END, AT_ENTRY = 0.0, 1.0, 2.0, 3.0


@dataclass(frozen=True, slots=True)
class Way:
    """All lengths in voxels of the boundary's crop.

    `stages`: zones in the order of the way. `limits` (2,): least way in the last stage, longest way. `band` (10,): as
    `corridor_kernels.in_band` reads it. `cone` (4,): nominal direction and the cosine of the cone's half angle.
    """

    stages: NDArray[np.int64]
    limits: Floats
    band: Floats
    cone: Floats


def way_of(pelvis: Pelvis, boundary: Boundary, level: Level | None) -> Way:
    """The way that a boundary's approach asks for. Raises ValueError where the level was not proposed."""
    approach, h = boundary.approach, boundary.spacing_mm
    parts: tuple[Part, ...] = approach.crosses
    if boundary.through and not approach.through:
        parts = ("ilium", "joint", "sacrum", "far_joint", "far_ilium")
    stages = np.array([ZONE_OF[part] for part in parts], dtype=np.int64)
    longest_mm = float(np.linalg.norm(boundary.zones.shape)) * h if boundary.through else approach.longest_mm
    nominal = approach.direction(boundary.side)
    cone = np.array([*nominal, math.cos(math.radians(approach.cone_deg))])
    limits = np.array([approach.least_depth_mm / h, longest_mm / h])
    return Way(stages, limits, band_of(pelvis, boundary, level), cone)


def band_of(pelvis: Pelvis, boundary: Boundary, level: Level | None) -> Floats:
    """The level's band in voxels, (10,); a band that holds everything for None."""
    band = np.zeros(10)  # NO_LEVEL
    if level is None:
        return band
    if level not in pelvis.levels.bands:
        raise ValueError(f"the level {level} was not proposed for this pelvis")
    found, h = pelvis.levels.bands[level], boundary.spacing_mm
    if boundary.through:
        band[0] = AT_MIDLINE
    else:  # where its way through the sacrum ends, or begins
        band[0] = AT_ENTRY if boundary.approach.enters == "sacrum" else AT_END
    band[1] = (midline_mm(pelvis) - boundary.low_mm[0]) / h
    band[2:5] = (found.centre_mm - boundary.low_mm) / h
    band[5:8] = found.axis
    band[8:] = found.lower_mm / h, found.upper_mm / h
    return band
