"""A CT laid on axes along LPS, so that loops need no directions."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats, Volume


def upright(volume: Volume, wanted_mm: float = 2.0) -> tuple[NDArray[np.float32], Floats, Floats]:
    """Values on a grid along the LPS axes, its lowest point (3,) and spacing (3,).

    Grids that only exchange or turn round axes are re-ordered; others are sampled. About `wanted_mm` apart, or as
    coarse as they are: to lay bones on each other needs no more.
    """
    grid = volume.grid
    direction = grid.direction
    order = [int(np.argmax(np.abs(direction[axis]))) for axis in range(3)]
    straight = sorted(order) == [0, 1, 2] and all(
        abs(abs(direction[axis, order[axis]]) - 1) < _STRAIGHT for axis in range(3)
    )
    if straight:
        values = np.transpose(volume.values, order)
        flips = tuple(slice(None, None, -1) if direction[axis, order[axis]] < 0 else slice(None) for axis in range(3))
        values, spacing = values[flips], grid.spacing_mm[order]
        low = grid.corners().min(axis=0)
        step = np.maximum(1, np.round(wanted_mm / spacing).astype(int))
        return (
            np.ascontiguousarray(values[:: step[0], :: step[1], :: step[2]], dtype=np.float32), low, spacing * step,
        )  # fmt: skip
    from scipy import ndimage

    corners = grid.corners()
    low, high = corners.min(axis=0), corners.max(axis=0)
    spacing = np.full(3, wanted_mm)
    shape = tuple(int(n) for n in np.floor((high - low) / spacing) + 1)
    matrix = (grid.direction.T * spacing) / grid.spacing_mm[:, None]
    offset = grid.index(low[None])[0]
    found: Any = cast("Any", ndimage).affine_transform(
        volume.values.astype(np.float32), matrix, offset, output_shape=shape, order=1, mode="constant", cval=-1024.0
    )
    return np.asarray(found, dtype=np.float32), low, spacing


# Axes off by less than this (a tenth of a millimetre over 30 cm) lie along LPS.
_STRAIGHT = 1e-7
