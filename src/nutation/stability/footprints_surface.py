"""Bone surfaces as points that each stand for an area, with smooth weights: footprints and regions are cut of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.openings_masks import part_of, sampled, softened
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats

SMOOTH_MM = 1.6
"""Width (standard deviation) of the smoothing before the surface is drawn. The same in millimetres at every grid, so
that normals and places hardly follow the voxels; a rim of 3 mm radius still stands."""

SMOOTH_VOXELS = 0.8
"""Least width in voxels: below it a mask's steps show as normals along the axes."""

POINTS_MM = 2.0
"""Surface points lie about so far apart, or a voxel where that is more: the smoothing leaves nothing finer to see, and
searches among points cost with their square."""

EDGE_VOXELS = 4
"""Voxels around the bone, so that the smoothed surface closes."""


def weighted_centre(points_mm: Floats, weights_mm2: Floats) -> Floats:
    """The mean place (3,) of points (n, 3), each by its area (n,): what acts on the mean displacement acts there."""
    return np.asarray(weights_mm2 @ points_mm / weights_mm2.sum(), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class BoneSurface:
    """A bone's surface: points (n, 3), outward normals (n, 3), the area (n,) that each point stands for."""

    code: int
    points_mm: Floats
    normals: Floats
    areas_mm2: Floats

    def nearest(self, points_mm: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """For points (m, 3) the distance (m,) to the nearest surface point, and which it is (m,)."""
        return nearest(self.points_mm, points_mm)


def bone_surface(pelvis: Pelvis, code: int) -> BoneSurface | None:
    """The surface of one bone of the pelvis in its frame; None where the labels do not hold it."""
    part = part_of(pelvis.labels, code)
    if part is None:
        return None
    spacing = pelvis.spacing_mm
    mask = np.pad(pelvis.labels[part] == code, EDGE_VOXELS)
    low = pelvis.low_mm + (np.array([one.start for one in part]) - EDGE_VOXELS) * spacing
    return surface_of_mask(mask, code, spacing, np.asarray(low, dtype=np.float64))


def surface_of_mask(mask: NDArray[np.bool_], code: int, spacing_mm: float, low_mm: Floats) -> BoneSurface | None:
    """The surface of a mask (i, j, k) whose voxel (0, 0, 0) has its centre at `low_mm` (3,)."""
    from skimage import measure

    soft = softened(mask, max(SMOOTH_MM / spacing_mm, SMOOTH_VOXELS))
    if not soft.min() < 0.5 < soft.max():
        return None
    apart = max(int(POINTS_MM / spacing_mm), 1)
    made = cast("Any", measure).marching_cubes(soft, 0.5, step_size=apart)
    index = np.asarray(made[0], dtype=np.float64)
    triangles = np.asarray(made[1], dtype=np.int64)
    # One gradient at a time: three at once would need three times the volume's memory.
    parts = [sampled(np.gradient(soft, axis=axis), index.T) for axis in range(3)]
    slopes = -np.stack(parts, axis=1)
    normals = slopes / np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-9)
    points = low_mm + index * spacing_mm
    return BoneSurface(code, points, normals, _areas(points, triangles))


def _areas(points: Floats, triangles: NDArray[np.int64]) -> Floats:
    first, second, third = (points[triangles[:, corner]] for corner in range(3))
    sizes = np.linalg.norm(np.cross(second - first, third - first), axis=1) / 6.0
    summed = np.bincount(triangles.ravel(), weights=np.repeat(sizes, 3), minlength=len(points))
    return np.asarray(summed, dtype=np.float64)


def nearest(of: Floats, points: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """For points (m, 3) the distance (m,) to the nearest of the points `of` (n, 3), and which it is (m,)."""
    from scipy import spatial

    distance, which = cast("Any", spatial).cKDTree(of).query(points)
    return np.asarray(distance, dtype=np.float64), np.asarray(which, dtype=np.intp)


def fading(distance_mm: Floats, radius_mm: float) -> Floats:
    """Weights (n,) from 1 at no distance to 0 at the radius: without a sharp edge a centre does not follow voxels."""
    return np.asarray(np.clip(1.0 - (distance_mm / radius_mm) ** 2, 0.0, 1.0), dtype=np.float64)


def rising(values: Floats, low: float, high: float) -> Floats:
    """Weights (n,) from 0 at `low` to 1 at `high`; the other way round where `high` lies below `low`."""
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0), dtype=np.float64)


def between(values: Floats, low: float, high: float, edge: float) -> Floats:
    """Weights (n,): 1 between `low` and `high`, fading over half of `edge` on either side of both."""
    return rising(values, low - edge / 2, low + edge / 2) * rising(values, high + edge / 2, high - edge / 2)
