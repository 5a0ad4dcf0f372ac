"""A few of SciPy's voxel filters behind typed faces (the library's own types say too little to check against)."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nutation.anatomy.space import Floats, Mask

_NDIMAGE = cast("Any", ndimage)


def grown(mask: Mask, layers: int = 1) -> Mask:
    """The mask with this many layers of voxels added."""
    return np.asarray(_NDIMAGE.binary_dilation(mask, iterations=layers), dtype=np.bool_)


def shrunk(mask: Mask, layers: int = 1) -> Mask:
    """The mask with this many layers of voxels taken off."""
    return np.asarray(_NDIMAGE.binary_erosion(mask, iterations=layers), dtype=np.bool_)


def filled(mask: Mask) -> Mask:
    """The mask with its holes filled."""
    return np.asarray(_NDIMAGE.binary_fill_holes(mask), dtype=np.bool_)


def blurred(values: NDArray[Any], voxels: float) -> NDArray[np.float32]:
    """The values under a Gaussian of this standard deviation."""
    return np.asarray(_NDIMAGE.gaussian_filter(values.astype(np.float32), voxels), dtype=np.float32)


def pieces(mask: Mask) -> tuple[NDArray[np.int32], int]:
    """Connected pieces numbered from one, and how many there are."""
    numbered, count = _NDIMAGE.label(mask)
    return np.asarray(numbered, dtype=np.int32), int(count)


def depth_inside(mask: NDArray[Any]) -> Floats:
    """Each voxel's distance to the nearest voxel outside the mask, in voxels."""
    return np.asarray(_NDIMAGE.distance_transform_edt(mask), dtype=np.float64)


def sampled(values: NDArray[Any], index: Floats, order: int, outside: float) -> Floats:
    """Values at fractional indices (n, dimensions): order 0 the nearest, 1 linear."""
    found = _NDIMAGE.map_coordinates(values, index.T, order=order, mode="constant", cval=outside, prefilter=False)
    return np.asarray(found, dtype=np.float64)
