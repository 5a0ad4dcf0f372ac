"""Where things are: grids of voxels, rigid frames. Points are LPS millimetres, (n, 3), unless a name says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frame:
    """A right-handed frame of axes in LPS space.

    `rotation` (3, 3) holds the frame's axes in its columns, `origin_mm` (3,) its origin, both in LPS:
    `lps = rotation @ local + origin`.
    """

    rotation: Floats
    origin_mm: Floats

    def to_lps(self, points: Floats) -> Floats:
        """Points (n, 3) or (3,) of the frame, in LPS."""
        return points @ self.rotation.T + self.origin_mm

    def from_lps(self, points: Floats) -> Floats:
        """LPS points (n, 3) or (3,), in the frame."""
        return (points - self.origin_mm) @ self.rotation

    def vectors_to_lps(self, vectors: Floats) -> Floats:
        """Directions (n, 3) or (3,) of the frame, in LPS."""
        return vectors @ self.rotation.T

    def vectors_from_lps(self, vectors: Floats) -> Floats:
        """LPS directions (n, 3) or (3,), in the frame."""
        return vectors @ self.rotation


LPS = Frame(np.eye(3), np.zeros(3))


@dataclass(frozen=True, slots=True)
class Grid:
    """Voxel centres: `lps = direction @ (index * spacing) + origin`, index (i, j, k) as in `values[i, j, k]`.

    `direction` (3, 3) holds the LPS direction of each index axis in its columns.
    """

    shape: tuple[int, int, int]
    spacing_mm: Floats
    origin_mm: Floats
    direction: Floats

    @property
    def frame(self) -> Frame:
        """The frame whose axes are the grid's and whose origin is the centre of voxel (0, 0, 0)."""
        return Frame(self.direction, self.origin_mm)

    def points(self, index: Floats) -> Floats:
        """LPS points of (fractional) indices (n, 3)."""
        return self.frame.to_lps(index * self.spacing_mm)

    def index(self, points: Floats) -> Floats:
        """Fractional indices of LPS points (n, 3)."""
        return self.frame.from_lps(points) / self.spacing_mm

    def corners(self) -> Floats:
        """The eight outermost voxel centres in LPS, (8, 3)."""
        ends = np.array(np.meshgrid(*[[0, n - 1] for n in self.shape], indexing="ij"), dtype=float)
        return self.points(ends.reshape(3, -1).T)


@dataclass(frozen=True, slots=True)
class Volume:
    """Values on a grid, `values[i, j, k]`: labels (uint8) or attenuation in HU (float32)."""

    values: NDArray[Any]
    grid: Grid


def unit(vector: Floats) -> Floats:
    """The vector (3,) or vectors (n, 3) scaled to length one."""
    length: Floats = np.asarray(np.linalg.norm(vector, axis=-1, keepdims=True), dtype=np.float64)
    return np.asarray(vector / length, dtype=np.float64)
