"""The generated pelvis laid on a CT's bone: place, tilt and size by search, then affinely, then smoothly deformed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, spatial

from nutation.anatomy.frame_symmetry import spread
from nutation.anatomy.labels_field import BoneField, Box, bone_field, box_around, part_of, reach, surface_points
from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import phantom
from nutation.anatomy.phantom_sampling import LEFT_FEMUR, RIGHT_FEMUR, labelled
from nutation.anatomy.segmentation_mask import Seen, away, sample
from nutation.anatomy.space import Floats, Grid, Mask

BONES = (SACRUM, LEFT_HIP, RIGHT_HIP)
NEIGHBOURS = (L5, LEFT_FEMUR, RIGHT_FEMUR)

# The pelvis's model on voxels of this edge: its shape is a guess anyway.
MODEL_MM = 2.0

# The first search: steps of place, what tilts and sizes are tried, points per try, and where distances are cut off so
# that a part which has no counterpart (a cut ischium) does not outweigh the rest.
STEP_MM = 14.0
TILTS_DEG = (-20.0, 0.0, 20.0)
SIZES = (0.88, 1.0, 1.12)
TRIED = 350
CUT_MM = 25.0
STARTS = 6

# Points in the fits, and the distance from which a pair counts less.
FITTED = 3000
DEFORMED = 7000
SOFT_MM = 3.0

# The deformation: how far it is smooth (coarse to fine) and how far a counterpart is looked for, in mm.
SMOOTH_MM = (40.0, 30.0, 25.0, 20.0, 16.0, 13.0)
LOOKED_MM = 14.0

# Room around the model laid affinely, for what the deformation may reach.
ROOM_MM = 24.0

# Two surfaces are counterparts where their outward directions lie within about 50 degrees.
ALIKE = 0.65

# The deformation is worked out on a lattice of this many voxels and interpolated between.
COARSE = 3


@dataclass(frozen=True, slots=True)
class Prior:
    """The model fitted: signed distance in mm (positive inside) by code, on the CT's cubes within `box`; how it met.

    `met` is the share of a bone's points within 6 mm of bone in the CT, of those that lie in the picture; `joints_in`
    the share of the points at the sacroiliac joints that lie in it.
    """

    box: Box
    depth_mm: dict[int, NDArray[np.float32]]
    met: dict[int, float]
    joints_in: dict[int, float]


@dataclass(frozen=True, slots=True)
class _Model:
    fields: dict[int, BoneField]
    points: dict[int, Floats]
    normals: dict[int, Floats]


@lru_cache(maxsize=1)
def _model() -> _Model:
    made = phantom()
    grid = made.grid(MODEL_MM)
    codes = (*BONES, *NEIGHBOURS)
    labels = labelled(codes, made.model, made.shape.scale, made.pose, grid)
    fields = {code: bone_field(labels == code, grid) for code in codes}
    points = {code: spread(surface_points(fields[code]), DEFORMED) for code in BONES}
    normals = {code: _outward(fields[code].distance_mm, grid, points[code]) for code in BONES}
    return _Model(fields, points, normals)


def _outward(depth: NDArray[np.float32], grid: Grid, points: Floats) -> Floats:
    """Unit vectors (n, 3) out of the bone, from its signed distance three millimetres around."""
    index = grid.index(points)
    found = np.empty_like(points)
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1.5
        found[:, axis] = sample(depth, index - step, 0.0) - sample(depth, index + step, 0.0)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)


def fitted(seen: Seen) -> Prior:
    """The model on this CT. It finds the best place there is, also where there is no pelvis: look at how well."""
    model = _model()
    skin = _skin(seen.filled)
    distance = away(skin, float(seen.grid.spacing_mm[0]))
    everything = np.concatenate([model.points[code] for code in BONES])
    middle = everything.mean(axis=0)
    whole = _affine(seen, distance, spread(everything, FITTED) - middle)
    box = reach(_put(whole, everything - middle), seen.grid)
    if box is None:
        return Prior(
            (slice(0, 0), slice(0, 0), slice(0, 0)),
            {},
            dict.fromkeys(BONES, 0.0),
            dict.fromkeys((LEFT_HIP, RIGHT_HIP), 0.0),
        )
    box = box_around(box, seen.grid.shape, int(ROOM_MM / seen.grid.spacing_mm[0]))
    full = seen.grid
    seen = Seen(seen.hu[box], seen.bright[box], seen.filled[box], part_of(full, box))
    distance, skin = np.ascontiguousarray(distance[box]), skin[box]
    target = seen.grid.points(np.argwhere(skin).astype(float))
    outward = _outward(_signed(seen.filled, seen.grid), seen.grid, target)
    tree = cast("Any", spatial).cKDTree(target)
    moved: dict[int, Floats] = {}
    depth: dict[int, NDArray[np.float32]] = {}
    fields: dict[int, tuple[Floats, Floats]] = {}
    for code in BONES:
        start = _put(whole, model.points[code] - middle)
        normals = model.normals[code] @ np.linalg.inv(whole[:, :3])
        moved[code] = _deformed(start, normals, tree, target, outward, seen.grid)
        fields[code] = (moved[code], moved[code] - start)
    # A neighbour goes where the bone goes that it is jointed to.
    borne_by = {L5: SACRUM, LEFT_FEMUR: LEFT_HIP, RIGHT_FEMUR: RIGHT_HIP}
    for code in (*BONES, *NEIGHBOURS):
        depth[code] = _depth(model.fields[code], whole, middle, *fields[borne_by.get(code, code)], seen.grid)
    met = {code: _met(moved[code], distance, seen.grid) for code in BONES}
    joints = {code: _joint_in(moved[SACRUM], moved[code], full) for code in (LEFT_HIP, RIGHT_HIP)}
    return Prior(box, depth, met, joints)


def _skin(mask: Mask) -> Mask:
    from scipy import ndimage

    return mask & ~np.asarray(cast("Any", ndimage).binary_erosion(mask, border_value=1))


def _signed(mask: Mask, grid: Grid) -> NDArray[np.float32]:
    return bone_field(mask, grid).distance_mm


def _put(affine: Floats, points: Floats) -> Floats:
    return points @ affine[:, :3].T + affine[:, 3]


def _affine(seen: Seen, distance: NDArray[np.float32], points: Floats) -> Floats:
    """The affine map (3, 4) that lays the model's points on the CT's bone."""
    found: list[tuple[float, Floats]] = []
    for start in _starts(seen, distance, spread(points, TRIED)):
        fit = _refined(seen.grid, distance, spread(points, 900), start, similar=True)
        found.append((_cost(seen.grid, distance, points, fit), fit))
    best = min(found, key=lambda pair: pair[0])[1]
    return _refined(seen.grid, distance, points, best, similar=False)


def _starts(seen: Seen, distance: NDArray[np.float32], points: Floats) -> list[Floats]:
    """Places, tilts and sizes that fit best among all tried, no two next to each other."""
    bone = seen.grid.points(np.argwhere(seen.bright).astype(float))
    low, high = bone.min(axis=0), bone.max(axis=0)
    steps = [np.arange(a, b + STEP_MM, STEP_MM) for a, b in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    near = np.minimum(distance, CUT_MM)
    padded = np.pad(near, 1, constant_values=CUT_MM)
    top = np.array(padded.shape) - 1
    tried: list[tuple[float, Floats]] = []
    for tilt in TILTS_DEG:
        for size in SIZES:
            linear = _turned(np.array([np.radians(tilt), 0.0, 0.0])) * size
            shape = points @ linear.T
            index = np.rint(seen.grid.index(shape)).astype(np.int32)
            shift = np.rint(places / seen.grid.spacing_mm).astype(np.int32)
            cost = np.zeros(len(places))
            for point in index:
                at = np.clip(shift + point + 1, 0, top)
                cost += padded[at[:, 0], at[:, 1], at[:, 2]]
            best = np.argsort(cost)[:STARTS]
            tried.extend((float(cost[which]), np.column_stack([linear, places[which]])) for which in best)
    tried.sort(key=lambda pair: pair[0])
    kept: list[Floats] = []
    for _, affine in tried:
        if all(float(np.linalg.norm(affine[:, 3] - other[:, 3])) > STEP_MM * 1.5 for other in kept):
            kept.append(affine)
        if len(kept) == STARTS:
            break
    return kept


def _turned(vector: Floats) -> Floats:
    return np.asarray(cast("Any", spatial).transform.Rotation.from_rotvec(vector).as_matrix(), dtype=np.float64)


def _distances(grid: Grid, distance: NDArray[np.float32], points: Floats) -> Floats:
    """Distance to bone of points; half of the cut beyond the picture, where nothing is known."""
    return np.minimum(sample(distance, grid.index(points), CUT_MM / 2), CUT_MM)


def _cost(grid: Grid, distance: NDArray[np.float32], points: Floats, affine: Floats) -> float:
    return float(_distances(grid, distance, _put(affine, points)).mean())


def _refined(grid: Grid, distance: NDArray[np.float32], points: Floats, start: Floats, *, similar: bool) -> Floats:
    """The map nearby with the least distances, large ones weighing less; similar: turned, moved and three sizes."""

    def made(x: Floats) -> Floats:
        if similar:
            linear = _turned(x[:3] / 100.0) @ start[:, :3] @ np.diag(np.exp(x[6:9] / 100.0))
            return np.column_stack([linear, start[:, 3] + x[3:6]])
        return np.column_stack([start[:, :3] + x[:9].reshape(3, 3) / 100.0, start[:, 3] + x[9:12]])

    def residual(x: Floats) -> Floats:
        return _distances(grid, distance, _put(made(x), points))

    solver = cast("Any", optimize).least_squares
    result = solver(residual, np.zeros(9 if similar else 12), loss="soft_l1", f_scale=SOFT_MM, max_nfev=25)
    return made(np.asarray(result.x, dtype=np.float64))


def _deformed(start: Floats, normals: Floats, tree: Any, target: Floats, outward: Floats, grid: Grid) -> Floats:
    """Points moved to their counterparts on the CT's bone, smoothly: step by step, each less smooth."""
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    points = start.copy()
    nodes = spread(start, 500)
    top = np.array(grid.shape) - 2
    for smooth in SMOOTH_MM:
        away_mm, which = tree.query(points, k=12, distance_upper_bound=LOOKED_MM)
        which = np.minimum(which, len(target) - 1)
        alike = np.einsum("nkd,nd->nk", outward[which], normals) > ALIKE
        away_mm = np.where(alike, away_mm, np.inf)
        best = np.argmin(away_mm, axis=1)
        rows = np.arange(len(points))
        index = grid.index(points)
        # Where the picture ends, its bone has a face that is no surface.
        known = np.isfinite(away_mm[rows, best]) & ((index > 1) & (index < top)).all(axis=1)
        pull = np.where(known[:, None], target[which[rows, best]] - points, 0.0)
        # Each node's mean of what is pulled around it, by a Gaussian; the points get theirs from the nodes.
        at_nodes = _smoothed(start[known], pull[known], nodes, smooth)
        points = points + _smoothed(nodes, at_nodes, start, max(smooth / 2, 8.0))
    return points


def _smoothed(at: Floats, values: Floats, asked: Floats, width_mm: float) -> Floats:
    """Gaussian means of vectors (n, 3) given at points, at the asked points; zero where nothing is known near."""
    out = np.zeros_like(asked)
    if not len(at):
        return out
    for first in range(0, len(asked), 1000):
        part = asked[first : first + 1000]
        square = (part**2).sum(axis=1)[:, None] + (at**2).sum(axis=1)[None] - 2 * part @ at.T
        weight = np.exp(-0.5 * np.maximum(square, 0.0) / width_mm**2)
        total = weight.sum(axis=1, keepdims=True)
        out[first : first + 1000] = (weight @ values) / np.maximum(total, 1e-3)
    return out


def _depth(
    field: BoneField, affine: Floats, middle: Floats, moved: Floats, shift: Floats, grid: Grid
) -> NDArray[np.float32]:
    """The model's signed distance of a bone at the CT's cubes, back through deformation and affine map."""
    from scipy import ndimage

    coarse = [np.arange(0, n + COARSE, COARSE) for n in grid.shape]
    lattice = np.stack(np.meshgrid(*coarse, indexing="ij"), axis=-1)
    points = grid.points(lattice.reshape(-1, 3).astype(float))
    chosen = np.sort(np.random.default_rng(0).permutation(len(moved))[:2500])
    distance, which = cast("Any", spatial).cKDTree(moved[chosen]).query(points, k=8)
    weight = np.exp(-0.5 * ((distance - distance[:, :1]) / 6.0) ** 2)
    back = (shift[chosen][which] * weight[..., None]).sum(axis=1) / weight.sum(axis=1, keepdims=True)
    inverse = np.linalg.inv(affine[:, :3])
    source = (points - back - affine[:, 3]) @ inverse.T + middle
    index = field.grid.index(source).reshape(*lattice.shape)
    resized = cast("Any", ndimage)
    full = np.stack(np.meshgrid(*[np.arange(n) / COARSE for n in grid.shape], indexing="ij"))
    at = [resized.map_coordinates(index[..., axis], full, order=1) for axis in range(3)]
    found = resized.map_coordinates(field.distance_mm, at, order=1, mode="constant", cval=-100.0)
    return np.asarray(found, dtype=np.float32)


def _within(points: Floats, grid: Grid) -> Mask:
    index = grid.index(points)
    return np.asarray(((index >= 0) & (index <= np.array(grid.shape) - 1)).all(axis=1), dtype=np.bool_)


def _met(points: Floats, distance: NDArray[np.float32], grid: Grid) -> float:
    inside = points[_within(points, grid)]
    return float(np.mean(sample(distance, grid.index(inside), 100.0) < 6.0)) if len(inside) else 0.0


def _joint_in(sacrum: Floats, hip: Floats, grid: Grid) -> float:
    away_mm, _ = cast("Any", spatial).cKDTree(sacrum).query(hip)
    joint = hip[away_mm < 8.0]
    return float(np.mean(_within(joint, grid))) if len(joint) else 0.0
