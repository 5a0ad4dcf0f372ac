"""The finite-element mesh: bodies of trilinear cubes on one grid of the pelvic frame, and what couples them.

Each bone is a body with nodes of its own. Two bodies may have cubes in the same place, since a cube counts by the share
of it that its bone fills; what holds bodies together (joint, symphysis, implants, supports) is a sparse matrix beside
the cubes, never a shared node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats

CORNERS = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)], dtype=np.int32)
"""The corners of a cube in the order of `VoxelMesh.elements`, (8, 3) of 0 and 1: x changes fastest."""


@dataclass(frozen=True, slots=True)
class VoxelMesh:
    """Bodies of cubes with edge `spacing_mm`; the grid node (0, 0, 0) lies at `low_mm` (3,) of the pelvic frame.

    nodes (n, 3) int32: grid positions; node_body (n,) uint8: the bone's code. A grid position holds at most one node a
    body. Nodes and elements are in order of their x position (then whatever), so that a range of either is a slab.
    elements (m, 8) int32: node numbers in the order of `CORNERS`; cells (m, 3) int32: position of each lowest corner.
    element_body (m,) uint8. modulus_mpa (m,): the cube's Young modulus, already weighed by the share that bone fills.
    poisson: one ratio for all cubes.
    """

    spacing_mm: float
    low_mm: Floats
    nodes: NDArray[np.int32]
    node_body: NDArray[np.uint8]
    elements: NDArray[np.int32]
    cells: NDArray[np.int32]
    element_body: NDArray[np.uint8]
    modulus_mpa: Floats
    poisson: float

    @property
    def unknowns(self) -> int:
        """Three displacements a node."""
        return 3 * len(self.nodes)

    @property
    def places_mm(self) -> Floats:
        """Where the nodes lie in the pelvic frame, (n, 3)."""
        return self.low_mm + self.nodes * self.spacing_mm


@dataclass(frozen=True, slots=True)
class Couplings:
    """A symmetric positive semi-definite matrix added to the stiffness of the cubes.

    `matrix` is a scipy CSR matrix, square, of `3 * (nodes + extra)` unknowns: node by node, x, y, z. The last
    `3 * extra` unknowns belong to no cube (stations of implants as beams: a translation and a scaled rotation each).
    Units N/mm.
    """

    matrix: Any
    extra: int
