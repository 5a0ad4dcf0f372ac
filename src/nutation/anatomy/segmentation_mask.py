"""Where a CT shows bone: a threshold, and a closing that fills cancellous bone behind a thin cortex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nutation.anatomy.labels_field import resampled, to_sitk
from nutation.anatomy.space import Floats, Grid, Mask, Volume

# The two parameters that were tuned (docs/decisions/0010): see there before a change.
BONE_HU = 130.0
REACH_MM = 8.0

# Brighter than any bone: metal and its nearest streaks are no evidence of where bone ends.
METAL_HU = 2500.0

# Work is done on cubes of this edge: the least that a closing of some millimetres needs, and few enough voxels.
WORK_MM = 2.0

# Pieces of bright matter below this volume are calcified vessels, contrast or the table's edge.
PIECE_ML = 20.0

_scipy = cast("Any", ndimage)


@dataclass(frozen=True, slots=True)
class Seen:
    """A CT on cubes along LPS: HU, what is bright bone, and bone filled by closing."""

    hu: NDArray[np.float32]
    bright: Mask
    filled: Mask
    grid: Grid


def cubes(volume: Volume, edge_mm: float = WORK_MM) -> Volume:
    """The CT on cubes along the LPS axes; air where it does not reach."""
    corners = volume.grid.corners()
    low, high = corners.min(axis=0), corners.max(axis=0)
    n = np.maximum(np.floor((high - low) / edge_mm).astype(int) + 1, 1)
    grid = Grid((int(n[0]), int(n[1]), int(n[2])), np.full(3, edge_mm), low, np.eye(3))
    return Volume(resampled(to_sitk(volume.values, volume.grid), grid, -1024.0), grid)


def bright_bone(hu: NDArray[np.float32], edge_mm: float) -> Mask:
    """Voxels as bright as bone, in pieces large enough."""
    bright = hu > BONE_HU
    # Faces, edges and corners join: a thin cortex runs obliquely through voxels.
    pieces, _ = cast("tuple[Any, int]", _scipy.label(bright, structure=np.ones((3, 3, 3))))
    size = np.bincount(pieces.ravel()) * edge_mm**3 / 1000.0
    size[0] = 0.0
    return np.asarray(size[pieces] >= PIECE_ML)


def seen(volume: Volume) -> Seen:
    """Bone in a CT on its cubes."""
    edge = float(volume.grid.spacing_mm[0])
    bright = bright_bone(volume.values, edge)
    return Seen(volume.values, bright, filled(bright, edge), volume.grid)


def filled(bright: Mask, edge_mm: float) -> Mask:
    """All that a ball of the reach, coming from outside the body, cannot sweep."""
    distance = away(bright, edge_mm)
    free, _ = cast("tuple[Any, int]", _scipy.label(np.pad(distance > REACH_MM, 1, constant_values=True)))
    core = free[1:-1, 1:-1, 1:-1] == free[0, 0, 0]
    if not core.any():
        return bright
    return bright | ~(away(core, edge_mm) <= REACH_MM)


def away(mask: Mask, edge_mm: float) -> NDArray[np.float32]:
    """Distance of each voxel to the mask in mm; far where it is empty."""
    if not mask.any():
        return np.full(mask.shape, 1000.0, dtype=np.float32)
    import edt

    library: Any = edt
    return np.asarray(library.edt(~mask, anisotropy=(edge_mm,) * 3), dtype=np.float32)


def sample(values: NDArray[Any], index: Floats, outside: float) -> Floats:
    """Values at fractional indices (n, 3), linearly; `outside` beyond the edge."""
    found: Any = _scipy.map_coordinates(values, index.T, order=1, mode="constant", cval=outside)
    return np.asarray(found, dtype=np.float64)
