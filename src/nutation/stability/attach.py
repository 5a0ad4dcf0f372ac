"""Points in or near a bone as weights of its nodes: how joint, supports, loads, ligaments and implants take hold.

A point moves with the linear part of the nearest cube's field: the mean of its eight corners and their mean gradient.
That is exact for every rigid and every evenly strained motion, also at a point a little outside the cube, so that a
surface below the voxel needs no node of its own; forces on points keep their sum and moment. Points further off, such
as the middle of a joint, are carried on a rigid arm (`attach_arm`): to carry the strain on, too, would press the
outermost cube with a multiple of the force and soften the joint with every refinement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import BONE_NAMES
from nutation.anatomy.space import Floats
from nutation.record.errors import InputError
from nutation.stability.mesh import CORNERS, VoxelMesh

FARTHEST_MM = 8.0
"""A point further from the bone than this, beyond the cube's own half diagonal, belongs to no cube: a joint's middle
lies up to 2 mm off the bone, and coarse cubes may leave out a thin rim around a surface point."""


@dataclass(frozen=True, slots=True)
class Attached:
    """Weights (points, nodes of the mesh) as a CSR matrix, and how far (points,) each lies from its cube's middle."""

    weights: Any
    away_mm: Floats


def attach(mesh: VoxelMesh, body: int, points_mm: Floats, *, farthest_mm: float = FARTHEST_MM) -> Attached:
    """How points (n, 3) of the pelvic frame move with one body: `weights @ displacements (nodes, 3)`.

    Raises InputError where the mesh lacks the body, or a point lies further off it than `farthest_mm`.
    """
    cells, offset, away = _nearest(mesh, body, points_mm, farthest_mm)
    return Attached(_linear(mesh, cells, offset), away)


def attach_arm(mesh: VoxelMesh, body: int, points_mm: Floats, *, farthest_mm: float = FARTHEST_MM) -> Any:
    """How points (n, 3) off a body move with it, as a CSR matrix (3 points, 3 nodes).

    Inside a cube as by `attach`. Outside, the nearest place of the cube moves so, and an arm r from it to the point
    turns with the cube's face: by -grad(u · r), at right angles to r, as a shell's normal does. Exact for rigid
    motions. Raises as `attach` does.
    """
    from scipy import sparse

    cells, offset, _ = _nearest(mesh, body, points_mm, farthest_mm)
    inner = np.clip(offset, -0.5, 0.5)
    arm = offset - inner
    length = np.linalg.norm(arm, axis=1, keepdims=True)
    way = arm / np.maximum(length, 1e-12)
    signs = 2.0 * CORNERS - 1.0
    value = 0.125 + 0.25 * inner @ signs.T
    slope = 0.25 * (signs[None] - np.einsum("pa,ca,pb->pcb", way, signs, way))
    # blocks (points, corners, 3 of the point, 3 of the node)
    blocks = value[:, :, None, None] * np.eye(3) - slope[:, :, :, None] * arm[:, None, None, :]
    count = len(cells)
    columns = (3 * mesh.elements[cells].astype(np.int64)[:, :, None] + np.arange(3)).reshape(count, 1, 24)
    data = blocks.transpose(0, 2, 1, 3).reshape(count, 3, 24)
    start = np.arange(0, 72 * count + 1, 24)
    shape = (3 * count, 3 * len(mesh.nodes))
    return cast("Any", sparse).csr_matrix(
        (data.ravel(), np.broadcast_to(columns, data.shape).ravel(), start), shape=shape
    )


def _nearest(
    mesh: VoxelMesh, body: int, points_mm: Floats, farthest_mm: float
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """The body's cube nearest to each point, where the point lies from its middle in edges, and how far off in mm."""
    from scipy import spatial

    name = BONE_NAMES.get(body, str(body))
    mine = np.flatnonzero(mesh.element_body == body)
    if not len(mine):
        raise InputError(f"the {name} is not in the model", place=name)
    h = mesh.spacing_mm
    points = np.asarray(points_mm, dtype=np.float64).reshape(-1, 3)
    # middles in units of the cube, from the lowest node: whole numbers and a half
    middles = mesh.cells[mine] + 0.5
    tree: Any = cast("Any", spatial).cKDTree(middles)
    placed = (points - mesh.low_mm) / h
    found = tree.query(placed)
    away = np.asarray(found[0], dtype=np.float64) * h
    most = farthest_mm + h * np.sqrt(3.0) / 2
    if len(away) and float(away.max()) > most:
        far = int(away.argmax())
        place = ", ".join(f"{value:.0f}" for value in points[far])
        raise InputError(
            f"a point at ({place}) mm lies {away[far]:.0f} mm from the {name}, which is to carry it",
            place=name,
            mend="give a point on the bone; one in the air holds nothing",
        )
    which = np.asarray(found[1], dtype=np.int64)
    return mine[which], placed - middles[which], away


def attach_cells(mesh: VoxelMesh, cells: NDArray[np.intp]) -> Any:
    """The means of whole cubes as weights (cubes, nodes), CSR."""
    return _linear(mesh, cells, np.zeros((len(cells), 3)))


def threefold(weights: Any) -> Any:
    """Weights (points, nodes) as a CSR matrix (3 points, 3 nodes) on unknowns in the order x, y, z of each."""
    from scipy import sparse

    return cast("Any", sparse).kron(weights, np.eye(3), format="csr")


def along(weights: Any, directions: Floats) -> Any:
    """Weights (points, nodes) as a CSR matrix (points, 3 nodes): each point's displacement along its direction (3,)."""
    return picked(threefold(weights), directions)


def picked(threefold_weights: Any, directions: Floats) -> Any:
    """Of a CSR matrix (3 points, 3 nodes) the rows (points, 3 nodes) along each point's own direction (points, 3)."""
    from scipy import sparse

    count = len(directions)
    start, columns = np.arange(0, 3 * count + 1, 3), np.arange(3 * count)
    rows = cast("Any", sparse).csr_matrix((directions.ravel(), columns, start), shape=(count, 3 * count))
    return (rows @ threefold_weights).tocsr()


def _linear(mesh: VoxelMesh, cells: NDArray[np.intp], offset: Floats) -> Any:
    """Weights at offsets (n, 3) from the middles of cubes (n,), in edges of the cube."""
    from scipy import sparse

    signs = 2.0 * CORNERS - 1.0
    data = 0.125 + 0.25 * offset @ signs.T
    shape = (len(cells), len(mesh.nodes))
    start = np.arange(0, 8 * len(cells) + 1, 8)
    return cast("Any", sparse).csr_matrix((data.ravel(), mesh.elements[cells].ravel(), start), shape=shape)
