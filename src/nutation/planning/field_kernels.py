"""The compiled loop that reads a field between its voxels."""

from __future__ import annotations

from typing import Any, cast

import numba as nb

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
