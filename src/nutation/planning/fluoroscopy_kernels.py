"""The loops of the virtual fluoroscope: attenuation along rays through voxels, path lengths through solids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from numpy.typing import NDArray

_PARALLEL: dict[str, Any] = {"cache": True, "parallel": True, "nogil": True}


def _compiled(function: Any, **options: Any) -> Any:
    """Numba's decorator behind a typed face: the library comes without types."""
    decorate: Any = njit(**options)
    return decorate(function)


def _line_integrals(
    values: NDArray[np.float32],
    low: NDArray[np.float64],
    spacing: float,
    source: NDArray[np.float64],
    corner: NDArray[np.float64],
    along_row: NDArray[np.float64],
    along_column: NDArray[np.float64],
    rows: int,
    columns: int,
    step: float,
) -> NDArray[np.float32]:
    nx, ny, nz = values.shape
    out = np.zeros((rows, columns), np.float32)
    for r in prange(rows):  # pyright: ignore[reportUnknownVariableType, reportGeneralTypeIssues]
        for c in range(columns):
            # The ray in voxel coordinates: position a + t * d, t from 0 at the source to 1 at the pixel.
            ax = (source[0] - low[0]) / spacing
            ay = (source[1] - low[1]) / spacing
            az = (source[2] - low[2]) / spacing
            dx = (corner[0] + c * along_row[0] + r * along_column[0] - source[0]) / spacing
            dy = (corner[1] + c * along_row[1] + r * along_column[1] - source[1]) / spacing
            dz = (corner[2] + c * along_row[2] + r * along_column[2] - source[2]) / spacing
            t0, t1 = 0.0, 1.0
            for a, d, n in ((ax, dx, nx), (ay, dy, ny), (az, dz, nz)):
                if abs(d) < 1e-12:
                    if a < 0.0 or a > n - 1.0:
                        t1 = -1.0
                else:
                    u, v = -a / d, (n - 1.0 - a) / d
                    t0, t1 = max(t0, min(u, v)), min(t1, max(u, v))
            if t1 <= t0:
                continue
            length = np.sqrt(dx * dx + dy * dy + dz * dz)
            count = int(np.ceil((t1 - t0) * length / step))
            h = (t1 - t0) / count
            total = 0.0
            for s in range(count):
                t = t0 + (s + 0.5) * h
                x, y, z = ax + t * dx, ay + t * dy, az + t * dz
                i = min(max(int(x), 0), nx - 2)
                j = min(max(int(y), 0), ny - 2)
                k = min(max(int(z), 0), nz - 2)
                fx, fy, fz = x - i, y - j, z - k
                gz = 1.0 - fz
                c00 = values[i, j, k] * gz + values[i, j, k + 1] * fz
                c01 = values[i, j + 1, k] * gz + values[i, j + 1, k + 1] * fz
                c10 = values[i + 1, j, k] * gz + values[i + 1, j, k + 1] * fz
                c11 = values[i + 1, j + 1, k] * gz + values[i + 1, j + 1, k + 1] * fz
                total += (c00 * (1.0 - fy) + c01 * fy) * (1.0 - fx) + (c10 * (1.0 - fy) + c11 * fy) * fx
            out[r, c] = total * h * length * spacing
    return out


def _path_lengths(
    normals: NDArray[np.float64],
    offsets: NDArray[np.float64],
    base: NDArray[np.float64],
    axis: NDArray[np.float64],
    radius: float,
    source: NDArray[np.float64],
    corner: NDArray[np.float64],
    along_row: NDArray[np.float64],
    along_column: NDArray[np.float64],
    rows: int,
    columns: int,
) -> NDArray[np.float32]:
    out = np.zeros((rows, columns), np.float32)
    ox, oy, oz = source[0] - base[0], source[1] - base[1], source[2] - base[2]
    oa = ox * axis[0] + oy * axis[1] + oz * axis[2]
    for r in prange(rows):  # pyright: ignore[reportUnknownVariableType, reportGeneralTypeIssues]
        for c in range(columns):
            dx = corner[0] + c * along_row[0] + r * along_column[0] - source[0]
            dy = corner[1] + c * along_row[1] + r * along_column[1] - source[1]
            dz = corner[2] + c * along_row[2] + r * along_column[2] - source[2]
            t0, t1 = 0.0, 1.0
            for p in range(len(offsets)):
                side = offsets[p] - (ox * normals[p, 0] + oy * normals[p, 1] + oz * normals[p, 2])
                speed = dx * normals[p, 0] + dy * normals[p, 1] + dz * normals[p, 2]
                if speed > 1e-12:
                    t1 = min(t1, side / speed)
                elif speed < -1e-12:
                    t0 = max(t0, side / speed)
                elif side < 0.0:
                    t1 = -1.0
            if radius > 0.0 and t1 > t0:
                da = dx * axis[0] + dy * axis[1] + dz * axis[2]
                qa = dx * dx + dy * dy + dz * dz - da * da
                qb = ox * dx + oy * dy + oz * dz - oa * da
                qc = ox * ox + oy * oy + oz * oz - oa * oa - radius * radius
                if qa < 1e-12:
                    if qc > 0.0:
                        t1 = -1.0
                else:
                    root = qb * qb - qa * qc
                    if root <= 0.0:
                        t1 = -1.0
                    else:
                        root = np.sqrt(root)
                        t0, t1 = max(t0, (-qb - root) / qa), min(t1, (-qb + root) / qa)
            if t1 > t0:
                out[r, c] = (t1 - t0) * np.sqrt(dx * dx + dy * dy + dz * dz)
    return out


line_integrals = _compiled(_line_integrals, **_PARALLEL)
"""Line integrals (rows, columns) of trilinear `values` from source to pixels; `step` in voxels.

`low` (3,) is the centre of voxel (0, 0, 0), `corner` (3,) the centre of pixel (0, 0), `along_row` the way from a pixel
to its right-hand neighbour, `along_column` to the one below; all in millimetres. Outside the array is nothing: pad it
with zeros where its own border is not empty.
"""

path_lengths = _compiled(_path_lengths, **_PARALLEL)
"""Millimetres (rows, columns) that each ray runs inside a convex solid.

The solid is `normals @ (x - base) <= offsets`, and within `radius` of the line through `base` along `axis` where
`radius` is above zero.
"""
