"""Bones as they were given, before the pelvis's frame is known: from a label map or from surfaces, behind one face."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Grid


class BoneShapes(Protocol):
    """The bones of one input. Codes are those of `nutation.anatomy.pelvis` (sacrum 1, hips 2 and 3, L5 4)."""

    @property
    def source(self) -> Source:
        """Where they come from."""
        ...

    @property
    def finest_mm(self) -> float:
        """The spacing below which sampling adds nothing: the largest voxel edge of a map, the edge length of a mesh."""
        ...

    def codes(self) -> frozenset[int]:
        """The bones that the input has."""
        ...

    def surface(self, code: int) -> Floats:
        """Points (n, 3) on the bone's surface in LPS, evenly enough spread to fit frames to."""
        ...

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest LPS coordinates (3,), (3,) over all bones."""
        ...

    def sampled(self, grid: Grid) -> NDArray[np.uint8]:
        """The bones on any grid (rotated grids too), labelled; between slices by interpolated signed distance."""
        ...

    def touching(self) -> frozenset[tuple[int, int]]:
        """Pairs of codes whose bones touch or overlap in the input (no gap between them)."""
        ...
