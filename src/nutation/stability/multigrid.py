"""Coarse levels of the bones' cubes, body by body.

Coarse nodes lie at every second place of the grid, and each bone has its own: where two bones come within a coarse cube
of each other, a node shared by both would weld them, and the joint's motion, which decides convergence, would be seen
only by the finest level. A coarse cube's stiffness is the sum of its children's (Galerkin), so empty parts count as
empty. What couples the bones is not in here: see `coupled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats
from nutation.stability import multigrid_kernels as kernels
from nutation.stability.element import cube_stiffness, factors
from nutation.stability.mesh import CORNERS, VoxelMesh

COARSEST_NODES = 300
"""Coarsening ends below this: a dense inverse of 900 unknowns is read in less time than one more level would take."""

MOST_SLABS = 64
"""Parts that threads share out: enough for 16 threads, few enough that a part's work outweighs its handing out."""

LEAST_PART = 256
"""Rows below which a part is not worth handing to a thread."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse matrix by rows, of 3×3 blocks (k, 9) or of one number an entry (k,)."""

    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    blocks: Any

    @property
    def parts(self) -> tuple[Any, Any, Any]:
        """As the kernels take it."""
        return self.starts, self.columns, self.blocks


@dataclass(frozen=True, slots=True)
class Coarse:
    """One coarse level: how many nodes, its rows and their own blocks (nodes, 9), and its ties to the finer level."""

    nodes: int
    rows: Rows
    diagonal: Floats
    down: Rows
    """Finer nodes from coarse ones (interpolation)."""
    up: Rows
    """Coarse nodes from finer ones (its transpose)."""


@dataclass(frozen=True, slots=True)
class Bones:
    """The cubes ready for products, and their coarse levels; the same for all couplings of one mesh."""

    nodes: int
    elements: NDArray[np.int32]
    strength: Floats
    strength_single: Any
    factors: Floats
    slabs: NDArray[np.int64]
    diagonal: Floats
    levels: list[Coarse]


def parts_of(rows: int) -> NDArray[np.int64]:
    """Where rows are cut into parts for threads; depends on their number alone."""
    count = max(1, min(MOST_SLABS, rows // LEAST_PART))
    return np.linspace(0, rows, count + 1).astype(np.int64)


def bones(mesh: VoxelMesh) -> Bones:
    """Prepare a mesh. Raises ValueError where it breaks the contract of `VoxelMesh`."""
    count = len(mesh.nodes)
    if count == 0 or len(mesh.elements) == 0:
        raise ValueError("a mesh without cubes")
    strength = np.ascontiguousarray(mesh.modulus_mpa * mesh.spacing_mm, dtype=np.float64)
    unit = cube_stiffness(mesh.poisson)
    own = np.array([unit[3 * k : 3 * k + 3, 3 * k : 3 * k + 3].ravel() for k in range(8)])
    elements = np.ascontiguousarray(mesh.elements, dtype=np.int32)
    diagonal = np.zeros((count, 9))
    kernels.cube_diagonal(elements, strength, own, diagonal)
    if diagonal[:, 0].min() <= 0.0:
        raise ValueError("a node without a cube that has stiffness")
    return Bones(
        count, elements, strength, strength.astype(np.float32), factors(mesh.poisson), slabs(mesh), diagonal,
        _levels(mesh, strength, unit),
    )  # fmt: skip


def slabs(mesh: VoxelMesh) -> NDArray[np.int64]:
    """Cut a mesh along x into parts of about as many cubes each, (slabs, 6): see `solver_kernels.cubes_product`."""
    element_x, node_x = mesh.cells[:, 0], mesh.nodes[:, 0]
    if np.any(np.diff(element_x) < 0) or np.any(np.diff(node_x) < 0):
        raise ValueError("nodes and cubes have to be in order of x")
    planes = np.unique(element_x)
    ends = np.searchsorted(element_x, planes, side="right")
    wanted = max(1, min(MOST_SLABS, len(element_x) // LEAST_PART))
    cuts = np.searchsorted(ends, np.linspace(0, len(element_x), wanted + 1)[1:-1], side="left")
    first = np.unique(np.concatenate([[0], cuts + 1]))
    edges = [*planes[first[first < len(planes)]].tolist(), int(planes[-1]) + 1]
    made = np.zeros((len(edges) - 1, 6), dtype=np.int64)
    last = len(made) - 1
    for s, (low, high) in enumerate(pairwise(edges)):
        # nodes of the planes low and high belong to two slabs: the even one begins them, the odd one finishes them
        inner, outer = (low + 1, high - 1), (low, high)
        begun, done = (outer, inner) if s % 2 == 0 else (inner, outer)
        own_low, own_high = s == 0, s == last
        begun = (low if own_low else begun[0], high if own_high else begun[1])
        done = (low if own_low else done[0], high if own_high else done[1])
        made[s, 2:4] = np.searchsorted(element_x, [low, high])
        made[s, 0:2] = np.searchsorted(node_x, [begun[0], begun[1] + 1])
        made[s, 4:6] = np.searchsorted(node_x, [done[0], done[1] + 1])
    return made


def _levels(mesh: VoxelMesh, strength: Floats, unit: Floats) -> list[Coarse]:
    codes, node_body = np.unique(mesh.node_body, return_inverse=True)
    body = np.searchsorted(codes, mesh.element_body)
    nodes, cells = mesh.nodes, mesh.cells
    weights = interpolation()
    stiffness: Any = None
    levels: list[Coarse] = []
    while not levels or levels[-1].nodes > COARSEST_NODES:
        finer = len(nodes)
        cells, body, children = _parents_of_cells(cells, body, len(codes))
        table, coarse_nodes, coarse_body, elements = _nodes_of_cells(cells, body, len(codes))
        coarser = np.empty((len(cells), 24, 24), dtype=np.float32)
        if stiffness is None:
            through = np.array([_seen(unit, weights[child]) for child in range(8)])
            kernels.coarse_from_cubes(children, strength, through, coarser)
        else:
            kernels.coarse_from_coarse(children, stiffness, weights.astype(np.float32), coarser)
        stiffness = coarser
        rows, diagonal = _assembled(elements, stiffness, len(coarse_nodes))
        down, up = _between(nodes, node_body, table, len(coarse_nodes))
        levels.append(Coarse(len(coarse_nodes), rows, diagonal, down, up))
        nodes, node_body = coarse_nodes, coarse_body
        if len(nodes) > 0.9 * finer:
            break
    return levels


def interpolation() -> Floats:
    """Trilinear weights (8 children, 8 corners of the child, 8 corners of the parent)."""
    place = 0.5 * (CORNERS[:, None, :] + CORNERS[None, :, :])
    share = np.where(CORNERS[None, None, :, :] == 1, place[:, :, None, :], 1.0 - place[:, :, None, :])
    return np.prod(share, axis=-1)


def _seen(unit: Floats, weights: Floats) -> Floats:
    through = np.kron(weights, np.eye(3))
    return through.T @ unit @ through


def _parents_of_cells(cells: Any, body: Any, bodies: int) -> tuple[Any, Any, Any]:
    """Coarse cells (m, 3), their bodies, and their children (m, 8)."""
    half = cells >> 1
    shape = (*(half.max(axis=0) + 1), bodies)
    flat = np.ravel_multi_index((*half.T, body), shape)
    there = np.zeros(int(np.prod(shape)), dtype=bool)
    there[flat] = True
    found = np.flatnonzero(there)
    number = np.empty(len(there), dtype=np.int32)
    number[found] = np.arange(len(found), dtype=np.int32)
    children = np.full((len(found), 8), -1, dtype=np.int32)
    odd = cells & 1
    children[number[flat], odd[:, 0] + 2 * odd[:, 1] + 4 * odd[:, 2]] = np.arange(len(cells), dtype=np.int32)
    x, y, z, which = np.unravel_index(found, shape)
    return np.stack([x, y, z], axis=1).astype(np.int32), which, children


def _nodes_of_cells(cells: Any, body: Any, bodies: int) -> tuple[Any, Any, Any, Any]:
    """Numbers of nodes (x, y, z, body), -1 where there is none; nodes (n, 3), their bodies, elements (m, 8)."""
    shape = (*(cells.max(axis=0) + 2), bodies)
    corners = cells[:, None, :] + CORNERS[None, :, :]
    flat = np.ravel_multi_index(
        (*np.moveaxis(corners, -1, 0), np.broadcast_to(body[:, None], corners.shape[:2])), shape
    )
    there = np.zeros(int(np.prod(shape)), dtype=bool)
    there[flat] = True
    found = np.flatnonzero(there)
    table = np.full(len(there), -1, dtype=np.int32)
    table[found] = np.arange(len(found), dtype=np.int32)
    x, y, z, which = np.unravel_index(found, shape)
    nodes = np.stack([x, y, z], axis=1).astype(np.int32)
    return table.reshape(shape), nodes, which, table[flat]


def _assembled(elements: Any, stiffness: Any, count: int) -> tuple[Rows, Floats]:
    masks = np.zeros(count, dtype=np.uint32)
    kernels.neighbours(elements, CORNERS, masks)
    starts = np.zeros(count + 1, dtype=np.int32)
    kernels.row_starts(masks, starts)
    columns = np.zeros(starts[-1], dtype=np.int32)
    blocks = np.zeros((len(columns), 9), dtype=np.float32)
    kernels.gather(elements, CORNERS, stiffness, masks, starts, columns, blocks)
    rows = Rows(starts, columns, blocks)
    return rows, own_blocks(rows, count)


def own_blocks(rows: Rows, count: int) -> Floats:
    """The diagonal's blocks (count, 9), zero where a row has none."""
    where = np.repeat(np.arange(len(rows.starts) - 1), np.diff(rows.starts))
    own = np.flatnonzero((where == rows.columns) & (where < count))
    made = np.zeros((count, 9))
    made[where[own]] = rows.blocks[own]
    return made


def _between(nodes: Any, body: Any, table: Any, count: int) -> tuple[Rows, Rows]:
    odd = (nodes & 1).sum(axis=1)
    entries = int((1 << odd).sum())
    starts = np.zeros(len(nodes) + 1, dtype=np.int32)
    columns, weights = np.zeros(entries, dtype=np.int32), np.zeros(entries, dtype=np.float32)
    kernels.parents(nodes, body, table, starts, columns, weights)
    turned = np.zeros(count + 1, dtype=np.int32), np.zeros_like(columns), np.zeros_like(weights)
    kernels.transposed(starts, columns, weights, *turned)
    return Rows(starts, columns, weights), Rows(*turned)
