"""Where two bones' surfaces lie between voxels, and how far a point is from them: below the voxel's grain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.openings_masks import sampled, softened
from nutation.anatomy.space import Floats, Mask, unit

SMOOTH_MM, SMOOTH_VOXELS = 1.0, 0.75
"""Least width (standard deviation) of the smoothing that turns a mask's steps into a slope whose middle is the surface,
in millimetres and in voxels. The steps of a slanted plane average out; a surface of 20 mm radius moves by less than
0.05 mm at 1 mm, and coarse voxels do not eat the bones' edges."""

NEIGHBOURS = 6
"""Surface points averaged into one foot: enough to even out the steps left, near enough to follow the joint's waves."""


@dataclass(frozen=True, slots=True)
class Surface:
    """A bone's surface as points (n, 3) in millimetres with outward normals (n, 3)."""

    points_mm: Floats
    normals: Floats
    tree: Any

    def distance(self, points_mm: Floats) -> tuple[Floats, Floats]:
        """Signed distance (n,) of points (n, 3), positive outside the bone, and the outward direction (n, 3) there.

        Each neighbour's tangent plane gives a distance; nearer neighbours count for more.
        """
        found = self.tree.query(points_mm, k=NEIGHBOURS)
        away, near = np.asarray(found[0], dtype=np.float64), np.asarray(found[1], dtype=np.int64)
        # a neighbour's weight falls with how much further it lies than the nearest one, on the scale of their spacing
        weight = np.exp(-((away - away[:, :1]) ** 2) / (0.25 + 0.5 * away[:, :1]))
        weight /= weight.sum(axis=1, keepdims=True)
        offset = points_mm[:, None, :] - self.points_mm[near]
        plane = np.einsum("nkc,nkc->nk", offset, self.normals[near])
        outward = unit(np.einsum("nk,nkc->nc", weight, self.normals[near]))
        return np.einsum("nk,nk->n", weight, plane), outward


def surface_of(mask: Mask, spacing_mm: float, low_mm: Floats) -> Surface | None:
    """The surface of a mask (i, j, k) whose voxel (0, 0, 0) has its centre at `low_mm` (3,); None for an empty mask.

    The mask is taken to go on beyond the array's rim, so that a crop does not close it.
    """
    from scipy import spatial
    from skimage import measure

    soft = softened(mask, max(SMOOTH_MM / spacing_mm, SMOOTH_VOXELS))
    if not (soft.min() < 0.5 < soft.max()):
        return None
    made = cast("Any", measure).marching_cubes(soft, 0.5)
    points = np.asarray(made[0], dtype=np.float64)
    parts = [np.asarray(np.gradient(soft, axis=axis), dtype=np.float32) for axis in range(3)]
    slopes = np.stack([sampled(part, points.T) for part in parts], axis=1)
    lengths = np.linalg.norm(slopes, axis=1)
    keep = lengths > 1e-6
    normals = -slopes[keep] / lengths[keep, None]
    placed = low_mm + points[keep] * spacing_mm
    return Surface(placed, normals, cast("Any", spatial).cKDTree(placed))
