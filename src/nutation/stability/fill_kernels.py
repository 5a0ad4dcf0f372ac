"""Compiled loops that cut a bone's distance field into the cells of the finite-element grid."""

from __future__ import annotations

from typing import Any, cast

import numba as nb
import numpy as np

njit = cast("Any", nb.njit)(cache=True, nogil=True)


@njit
def field_at(field: Any, x: float, y: float, z: float) -> float:
    """The field (nx, ny, nz) at fractional indices, trilinear; outside it the nearest edge's value."""
    nx, ny, nz = field.shape
    x = min(max(x, 0.0), nx - 1.001)
    y = min(max(y, 0.0), ny - 1.001)
    z = min(max(z, 0.0), nz - 1.001)
    i, j, k = int(x), int(y), int(z)
    a, b, c = x - i, y - j, z - k
    low = (field[i, j, k] * (1 - c) + field[i, j, k + 1] * c) * (1 - b) + (
        field[i, j + 1, k] * (1 - c) + field[i, j + 1, k + 1] * c
    ) * b
    high = (field[i + 1, j, k] * (1 - c) + field[i + 1, j, k + 1] * c) * (1 - b) + (
        field[i + 1, j + 1, k] * (1 - c) + field[i + 1, j + 1, k + 1] * c
    ) * b
    return low * (1 - a) + high * a


@njit
def _extremes(field: Any, low: Any, high: Any) -> tuple[float, float]:
    """The least and the greatest of the field's values among the voxels around a box of fractional indices."""
    least, most = 1e9, -1e9
    nx, ny, nz = field.shape
    i0, j0, k0 = max(int(low[0]), 0), max(int(low[1]), 0), max(int(low[2]), 0)
    i1, j1, k1 = min(int(high[0]) + 1, nx - 1), min(int(high[1]) + 1, ny - 1), min(int(high[2]) + 1, nz - 1)
    for i in range(i0, i1 + 1):
        for j in range(j0, j1 + 1):
            for k in range(k0, k1 + 1):
                value = field[i, j, k]
                least = min(least, value)
                most = max(most, value)
    return least, most


@njit
def _share(distance: float, width: float) -> float:
    """The share of a cube of this width that lies within a plane surface at this signed distance of its centre."""
    return min(max(0.5 - distance / width, 0.0), 1.0)


@njit
def _nearest(values: Any, x: float, y: float, z: float) -> float:
    """The value of the voxel nearest to fractional indices."""
    nx, ny, nz = values.shape
    i = min(max(int(x + 0.5), 0), nx - 1)
    j = min(max(int(y + 0.5), 0), ny - 1)
    k = min(max(int(z + 0.5), 0), nz - 1)
    return values[i, j, k]


@njit
def filled_cells(
    field: Any, start: Any, ratio: float, spacing_mm: float, parts: int, thickness: Any, modulus: Any, shape: Any
) -> tuple[Any, Any, Any]:
    """Per cell (nx, ny, nz) the share that bone fills, the share that is shell, and the mean of share times modulus.

    `field` (float32) is the signed distance in mm on the bone's voxels, negative inside; cell (0, 0, 0) begins at the
    fractional voxel index `start` (3,) and is `ratio` voxels wide. Each cell is cut into `parts`³ cubes, and each of
    them by the plane that the field is around its middle. `thickness` (float32) is the shell's in mm at each voxel.
    `modulus` (float32) in MPa at each voxel, or an array of size 0: then the last result is zero.
    """
    nx, ny, nz = shape[0], shape[1], shape[2]
    filled = np.zeros((nx, ny, nz), np.float32)
    shell = np.zeros((nx, ny, nz), np.float32)
    stiff = np.zeros((nx, ny, nz), np.float32)
    with_modulus = modulus.size > 0
    step = ratio / parts
    width = step * spacing_mm
    core = -(thickness.max() + width)
    low, high = np.empty(3), np.empty(3)
    for i in range(nx):
        for j in range(ny):
            for k in range(nz):
                low[0], low[1], low[2] = start[0] + i * ratio, start[1] + j * ratio, start[2] + k * ratio
                for axis in range(3):
                    high[axis] = low[axis] + ratio
                least, most = _extremes(field, low, high)
                if least >= width:
                    continue
                if most <= core and not with_modulus:
                    filled[i, j, k] = 1.0
                    continue
                inside, skin, total = 0.0, 0.0, 0.0
                for a in range(parts):
                    x = low[0] + (a + 0.5) * step
                    for b in range(parts):
                        y = low[1] + (b + 0.5) * step
                        for c in range(parts):
                            z = low[2] + (c + 0.5) * step
                            distance = field_at(field, x, y, z)
                            part = _share(distance, width)
                            if part == 0.0:
                                continue
                            inside += part
                            skin += part - _share(distance + _nearest(thickness, x, y, z), width)
                            if with_modulus:
                                total += part * field_at(modulus, x, y, z)
                count = parts**3
                filled[i, j, k] = inside / count
                shell[i, j, k] = skin / count
                stiff[i, j, k] = total / count
    return filled, shell, stiff
