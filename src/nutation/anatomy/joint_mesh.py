"""The surface midway between two bones, as points with the gap and the share of area at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.joint_surfaces import Surface
from nutation.anatomy.openings_masks import whole_cells
from nutation.anatomy.space import Floats, Mask, unit

FACING = -0.35
"""Largest cosine between the bones' outward directions at a point where they face each other: 110 degrees. Stricter, a
joint would lose its rim, where smoothing rounds the bones, the more so the coarser the voxels."""

EVEN_MM = 3.0
"""Radius over which gap and normal are evened out along the mid-surface, nearer points counting more. Wider, and the
steps that voxels leave in a gently curved face would go, but so would a real joint's waves: on the atlas's surfaces
the scatter of the gap was 0.2 mm with 3 mm, and 0.4 mm with 6 mm."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Points (n, 3) midway between two surfaces, the area (n,) that each stands for, gap (n,), normals (n, 3).

    Normals point from the first surface to the second.
    """

    points_mm: Floats
    areas_mm2: Floats
    gap_mm: Floats
    normals: Floats


def middle_patch(
    first: Surface, second: Surface, band: Mask, spacing_mm: float, low_mm: Floats, widest_mm: float
) -> Patch | None:
    """The largest piece of the mid-surface on which the bones face each other less than `widest_mm` apart.

    `band` (i, j, k) holds the voxels in which it is looked for, voxel (0, 0, 0) centred at `low_mm` (3,). None where
    there is no such place.
    """
    mesh = _middle_mesh(first, second, band, spacing_mm, low_mm)
    if mesh is None:
        return None
    points, triangles = mesh
    points, to_first, to_second, out_first, out_second = _settled(points, first, second)
    facing = np.einsum("nc,nc->n", out_first, out_second) < FACING
    across = out_first - out_second
    gap, normals = _evened(points, to_first + to_second, across, facing)
    kept = _largest(triangles, facing & (gap < widest_mm))
    if not kept.any():
        return None
    return Patch(points[kept], _areas(points, triangles)[kept], gap[kept], normals[kept])


def _middle_mesh(
    first: Surface, second: Surface, band: Mask, spacing_mm: float, low_mm: Floats
) -> tuple[Floats, NDArray[np.int64]] | None:
    """Points (n, 3) and triangles (m, 3) where the two distances are equal, to a voxel's interpolation."""
    from skimage import measure

    where = np.argwhere(band)
    cells = whole_cells(band)
    if not cells.any():
        return None
    placed = low_mm + where * spacing_mm
    field = np.zeros(band.shape, dtype=np.float32)
    field[band] = first.distance(placed)[0] - second.distance(placed)[0]
    if not field[band].min() < 0 < field[band].max():
        return None
    try:
        made = cast("Any", measure).marching_cubes(field, 0.0, mask=cells)
    except (ValueError, RuntimeError):  # no cell of the band is crossed
        return None
    return low_mm + np.asarray(made[0], dtype=np.float64) * spacing_mm, np.asarray(made[1], dtype=np.int64)


def _settled(points: Floats, first: Surface, second: Surface) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Points moved to where both distances are equal; both distances and outward directions there."""
    to_first, out_first = first.distance(points)
    to_second, out_second = second.distance(points)
    across = unit(out_first - out_second + 1e-12)
    points = points + across * np.clip((to_second - to_first) / 2, -1.0, 1.0)[:, None]
    to_first, out_first = first.distance(points)
    to_second, out_second = second.distance(points)
    return points, to_first, to_second, out_first, out_second


def _evened(points: Floats, gap: Floats, across: Floats, use: Mask) -> tuple[Floats, Floats]:
    """Gap (n,) and unit normals (n, 3) averaged over each point's neighbourhood, among the points to be used."""
    from scipy import sparse, spatial

    tree = cast("Any", spatial).cKDTree(points[use])
    near = tree.sparse_distance_matrix(tree, EVEN_MM, output_type="coo_matrix")
    weights = cast("Any", sparse).csr_matrix(
        (np.maximum(1 - (near.data / EVEN_MM) ** 2, 0), (near.row, near.col)), shape=(int(use.sum()),) * 2
    )
    total = np.asarray(weights.sum(axis=1)).reshape(-1, 1)
    even_gap = np.full(len(points), np.inf)
    even_gap[use] = (np.asarray(weights @ gap[use][:, None]) / total)[:, 0]
    normals = across.copy()
    normals[use] = np.asarray(weights @ across[use]) / total
    return even_gap, unit(normals + 1e-12)


def _areas(points: Floats, triangles: NDArray[np.int64]) -> Floats:
    """The area (n,) that each point stands for: a third of each of its triangles."""
    first, second, third = (points[triangles[:, n]] for n in range(3))
    sizes = np.linalg.norm(np.cross(second - first, third - first), axis=1) / 6
    summed = np.bincount(triangles.ravel(), weights=np.repeat(sizes, 3), minlength=len(points))
    return np.asarray(summed, dtype=np.float64)


def _largest(triangles: NDArray[np.int64], kept: Mask) -> Mask:
    """Of the kept points (n,), those of the largest piece that triangles join."""
    from scipy import sparse
    from scipy.sparse import csgraph

    whole = triangles[kept[triangles].all(axis=1)]
    count = len(kept)
    ends = np.concatenate([whole[:, [0, 1]], whole[:, [1, 2]]])
    links = cast("Any", sparse).coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    joined = cast("Any", csgraph).connected_components(links, directed=False)
    piece = np.asarray(joined[1], dtype=np.int64)
    sizes = np.bincount(piece[kept], minlength=int(piece.max()) + 1)
    if not sizes.any():
        return np.zeros(count, dtype=np.bool_)
    return kept & (piece == int(sizes.argmax()))
