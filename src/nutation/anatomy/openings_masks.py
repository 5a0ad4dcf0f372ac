"""What is done to masks of voxels here, with types: pieces, neighbours, distances, parts, resampling."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as _untyped

from nutation.anatomy.space import Floats, Mask

_ndimage = cast("Any", _untyped)

Part = tuple[slice, slice, slice]

EVERY_WAY: Mask = np.ones((3, 3, 3), dtype=np.bool_)
"""A voxel with all 26 around it."""


def pieces(mask: Mask, ways: Mask | None = None) -> tuple[NDArray[np.int32], int]:
    """The mask's connected pieces, numbered from 1, and how many; joined through faces unless `ways` says otherwise."""
    found = _ndimage.label(mask, structure=ways)
    return np.asarray(found[0], dtype=np.int32), int(found[1])


def largest_piece(mask: Mask, ways: Mask | None = None) -> Mask:
    """The mask's largest connected piece; an empty mask stays empty."""
    numbers, count = pieces(mask, ways)
    if count == 0:
        return mask.copy()
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    return np.asarray(numbers == int(sizes.argmax()), dtype=np.bool_)


def grown(mask: Mask, times: int = 1, ways: Mask | None = None) -> Mask:
    """The mask with its neighbours, `times` over."""
    return np.asarray(_ndimage.binary_dilation(mask, structure=ways, iterations=times), dtype=np.bool_)


def part_of(values: NDArray[np.uint8], code: int) -> Part | None:
    """The smallest part of the grid that holds all voxels of a code; None where there is none."""
    found = cast("list[Part | None]", _ndimage.find_objects(values, max_label=code))
    return found[code - 1]


def nearest(mask: Mask) -> tuple[Floats, NDArray[np.int32]]:
    """For every voxel how far the mask is (in voxels), and the index (3, …) of its nearest voxel."""
    away, index = _ndimage.distance_transform_edt(~mask, return_indices=True)
    return np.asarray(away, dtype=np.float64), np.asarray(index, dtype=np.int32)


def away_mm(mask: Mask, spacing_mm: float) -> NDArray[np.float32]:
    """Distance of every voxel to the nearest of the mask, centre to centre."""
    import edt

    transform = cast("Any", edt).edt
    found = transform(np.ascontiguousarray(~mask), anisotropy=(spacing_mm,) * 3, black_border=False, parallel=1)
    return np.asarray(found, dtype=np.float32)


def straightened(mask: Mask, matrix: Floats, offset: Floats, shape: tuple[int, ...]) -> Mask:
    """The mask at the indices `matrix @ i + offset` of a new grid, where it is more than half bone."""
    soft = _ndimage.affine_transform(mask.astype(np.float32), matrix, offset=offset, output_shape=shape, order=1)
    return np.asarray(soft, dtype=np.float32) >= 0.5


def looked_up(values: NDArray[np.uint8], index: Floats) -> NDArray[np.uint8]:
    """The values of the voxels nearest to indices (3, n); 0 outside."""
    return np.asarray(_ndimage.map_coordinates(values, index, order=0, mode="constant"), dtype=np.uint8)


def widened(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes spread by one voxel into what has none."""
    wide = np.asarray(_ndimage.grey_dilation(values, size=(3, 3, 3)), dtype=np.uint8)
    return np.where(values > 0, values, wide).astype(np.uint8)


def evened(values: Floats, count: int) -> Floats:
    """Running median over `count` values (n,)."""
    return np.asarray(_ndimage.median_filter(values, size=count, mode="nearest"), dtype=np.float64)


def softened(mask: Mask, voxels: float) -> NDArray[np.float32]:
    """The mask smoothed by a Gaussian of that standard deviation; it goes on beyond the rim as it ends there."""
    return np.asarray(_ndimage.gaussian_filter(mask.astype(np.float32), voxels, mode="nearest"), dtype=np.float32)


def sampled(values: NDArray[Any], index: Floats) -> Floats:
    """Values between voxels at indices (3, n), linear."""
    return np.asarray(_ndimage.map_coordinates(values, index, order=1, mode="nearest"), dtype=np.float64)


def whole_cells(mask: Mask) -> Mask:
    """Voxels whose cube of eight corners, towards higher indices, lies in the mask."""
    eroded = _ndimage.binary_erosion(mask, structure=np.ones((2, 2, 2)), origin=-1)
    return np.asarray(eroded, dtype=np.bool_)


def steps(stop: float, start: float = 0.0) -> Floats:
    """The numbers from `start` up to before `stop`, one apart."""
    return np.asarray(np.arange(start, stop, dtype=np.float64), dtype=np.float64)
