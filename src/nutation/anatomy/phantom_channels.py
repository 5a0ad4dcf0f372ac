"""The phantom's transverse channels, hip to hip: the widest straight ones, from its own formulas.

The bones and the joint's space between them are sampled at half a millimetre, their common surface is drawn through the
samples, and the axis is moved until no surface point can be further away: a linear programme over small moves, again
and again. The outer tables, which an implant is meant to cross, do not bound it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy import phantom_kernels as kernels
from nutation.anatomy.pelvis import LEFT_HIP, SACRUM, Level
from nutation.anatomy.phantom_kernels import Model
from nutation.anatomy.phantom_sampling import near_bone
from nutation.anatomy.phantom_shape import PhantomShape
from nutation.anatomy.phantom_tables import STEP_MM
from nutation.anatomy.phantom_truth import Truth
from nutation.anatomy.space import LPS, Floats, Grid, unit

_LOW = (-1.0, -14.0, -78.0)
_SHAPE = (175, 150, 200)
_STEP_MM = 0.5
"""The left half of what the channels run through, in the design frame; half a millimetre puts the surface within
hundredths of one, the formulas being smooth."""

_ON_TABLE_MM = 0.6
"""Surface points no further than this from the outer table's own height field are the table."""
_OVERLAP_MM = 0.4
"""The joint's space is let reach this far into the bones, so that no seam between them counts as a surface."""
_ROUND_MM = 16.0
"""Surface points beyond this distance of the axis can never bound a channel."""
_FINEST_MOVE_MM = 1e-3
"""Where the search for the axis ends."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The widest straight channel of one level: from the left outer table at `entry_mm` along `direction`.

    `diameter_mm` is the free diameter, `nearest_mm` (3,) the surface point that bounds it.
    """

    level: Level
    entry_mm: Floats
    direction: Floats
    length_mm: float
    diameter_mm: float
    nearest_mm: Floats


def channels(shape: PhantomShape, model: Model, truth: Truth) -> Mapping[str, Channel]:
    """The widest channel within the band of each level, in the pelvic frame."""
    left = _bounding_points(model)
    points = np.concatenate([left, left * np.array([-1.0, 1.0, 1.0])])
    found = [_widest(level, points, shape, model, truth) for level in truth.levels.bands]
    return {channel.level: channel for channel in found}


def _bounding_points(model: Model) -> Floats:
    """The forbidden surface's points (n, 3) on the left, scale 1."""
    from skimage import measure as untyped

    grid = Grid(_SHAPE, np.full(3, _STEP_MM), np.array(_LOW), np.eye(3))
    solid = np.full(_SHAPE, 1.5, dtype=np.float32)
    for code in (SACRUM, LEFT_HIP):
        found = near_bone(code, model, 1.0, LPS, grid, 1.5)
        if found is not None:
            solid[found.block] = np.minimum(solid[found.block], found.distance)
    solid = np.minimum(solid, _joint_space(grid, model))
    vertices = np.asarray(cast("Any", untyped).marching_cubes(solid, 0.0)[0], dtype=np.float64)
    points = grid.points(vertices)
    outer, slope = (_looked_up(model.wing[layer], model.wing_low, points[:, 1:]) for layer in (0, 1))
    return points[(points[:, 0] - outer) / slope < -_ON_TABLE_MM]


def _joint_space(grid: Grid, model: Model) -> Any:
    """Signed distance to the space between the auricular surfaces, on the whole grid."""
    y, z = (grid.origin_mm[axis] + _STEP_MM * np.arange(_SHAPE[axis]) for axis in (1, 2))
    own = np.asarray(kernels.locals_of(np.stack([np.repeat(y, len(z)), np.tile(z, len(y))], axis=1), model))
    mid, slope, edge, half = (
        _looked_up(layer, model.joint_low, own).reshape(len(y), len(z)) for layer in (*model.joint, model.half_gap[0])
    )
    x = (grid.origin_mm[0] + _STEP_MM * np.arange(_SHAPE[0]))[:, None, None]
    across = (np.abs(x - mid) - half) / slope - _OVERLAP_MM
    return np.maximum(across, edge).astype(np.float32)


def _looked_up(table: Floats, low: tuple[float, float], at: Floats) -> Floats:
    from scipy import ndimage as untyped

    index = (at - np.array(low)).T / STEP_MM
    return np.asarray(cast("Any", untyped).map_coordinates(table, index, order=1, mode="nearest"), dtype=np.float64)


def _widest(level: Level, points: Floats, shape: PhantomShape, model: Model, truth: Truth) -> Channel:
    through, free = _straight_across(level, points, shape, model, truth)
    axis = np.array([through[0], through[1], 0.0, 0.0])
    near = points[np.hypot(points[:, 1] - axis[0], points[:, 2] - axis[1]) < _ROUND_MM]
    reach = 1.0
    while reach > _FINEST_MOVE_MM:
        moved = _moved(axis, near, reach)
        better = float(_off_axis(moved, near)[0].min())
        if better > free + 1e-5:
            axis, free = moved, better
        else:
            reach /= 2
    direction = -unit(np.array([1.0, axis[2], axis[3]]))
    distance, _, _ = _off_axis(axis, near)
    nearest = near[np.argmin(distance)]
    entry, last = (_at_table(axis, model, sign) for sign in (1.0, -1.0))
    return Channel(
        level,
        entry * shape.scale,
        direction,
        float(np.linalg.norm(last - entry)) * shape.scale,
        2 * free * shape.scale,
        nearest * shape.scale,
    )


def _straight_across(
    level: Level, points: Floats, shape: PhantomShape, model: Model, truth: Truth
) -> tuple[Floats, float]:
    """The best axis along x: (y, z) and its free radius, to a millimetre."""
    from scipy import spatial as untyped

    band = truth.levels.bands[level]
    y, z = np.meshgrid(np.arange(-14, 60, 1.0), np.arange(-78, 12, 1.0), indexing="ij")
    at = np.stack([np.zeros(y.size), y.ravel(), z.ravel()], axis=1)
    height = (at * shape.scale - band.centre_mm) @ band.axis
    within = (height > band.lower_mm) & (height < band.upper_mm)
    at = at[within]
    at = at[np.asarray(kernels.distances(at, kernels.SACRUM_AT, model)) < 0]
    free = np.asarray(cast("Any", untyped).cKDTree(points[:, 1:]).query(at[:, 1:])[0], dtype=np.float64)
    best = int(np.argmax(free))
    return at[best, 1:], float(free[best])


def _off_axis(axis: Floats, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Distance of points from the axis (y, z, dy/dx, dz/dx), unit vectors away from it (n, 3), and how far along."""
    start, direction = np.array([0.0, axis[0], axis[1]]), unit(np.array([1.0, axis[2], axis[3]]))
    along = (points - start) @ direction
    away = points - start - along[:, None] * direction
    distance = np.linalg.norm(away, axis=1)
    return distance, away / distance[:, None], along


def _moved(axis: Floats, points: Floats, reach_mm: float) -> Floats:
    """The move of the axis, by at most `reach_mm` at its middle and ends, that frees it most to first order."""
    from scipy import optimize as untyped

    distance, away, along = _off_axis(axis, points)
    close = distance < distance.min() + 4 * reach_mm + 0.1
    distance, away, along = distance[close], away[close], along[close]
    change = -np.stack([away[:, 1], away[:, 2], along * away[:, 1], along * away[:, 2]], axis=1)
    # Maximise t with t <= distance + change . move.
    limits = np.concatenate([-change, np.ones((len(change), 1))], axis=1)
    lean = reach_mm / 60.0
    bounds = [(-reach_mm, reach_mm)] * 2 + [(-lean, lean)] * 2 + [(None, None)]
    solved = cast("Any", untyped).linprog([0, 0, 0, 0, -1], A_ub=limits, b_ub=distance, bounds=bounds)
    return axis + np.asarray(solved.x[:4], dtype=np.float64)


def _at_table(axis: Floats, model: Model, sign: float) -> Floats:
    """Where the axis leaves the hip of that side for good, to a hundredth of a millimetre."""
    x = sign * np.arange(110.0, 40.0, -0.01)
    points = np.stack([x, axis[0] + axis[2] * x, axis[1] + axis[3] * x], axis=1)
    which = kernels.LEFT_AT if sign > 0 else kernels.RIGHT_AT
    return points[np.argmax(np.asarray(kernels.distances(points, which, model)) < 0)]
