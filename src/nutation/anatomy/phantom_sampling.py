"""The phantom on a grid: signed distances near each bone, labels, openings, attenuation with partial volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy import phantom_kernels as kernels
from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom_kernels import Model
from nutation.anatomy.phantom_shape import PhantomShape
from nutation.anatomy.solids import distance_mm, mesh
from nutation.anatomy.space import LPS, Floats, Frame, Grid

LEFT_FEMUR, RIGHT_FEMUR = 11, 12
"""Codes of the femora where they are asked for: above those of the pelvis, which never sees them."""

_KERNEL_OF: Mapping[int, int] = {
    SACRUM: kernels.SACRUM_AT,
    LEFT_HIP: kernels.LEFT_AT,
    RIGHT_HIP: kernels.RIGHT_AT,
    L5: kernels.L5_AT,
    LEFT_FEMUR: kernels.FEMUR_AT,
    RIGHT_FEMUR: kernels.FEMUR_AT,
}
_BOXES: Mapping[int, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    SACRUM: ((-66, -45, -140), (66, 85, 45)),
    LEFT_HIP: ((0, -80, -190), (148, 72, 46)),
    RIGHT_HIP: ((-148, -80, -190), (0, 72, 46)),
    L5: ((-56, -50, -10), (56, 85, 85)),
    LEFT_FEMUR: ((55, -55, -280), (150, 12, -75)),
    RIGHT_FEMUR: ((-150, -55, -280), (-55, 12, -75)),
}
"""Where each bone lies in the design frame at scale 1, with room to spare."""

_FINEST_MM = 1.0
"""A sample's edge in a CT, at most: what a sample holds of a bone follows from its distance to the surface, which is
right within a sample as long as it is smaller than the bone's walls are curved."""

# The body round the bones, in the design frame: half axes of a rounded box, its middle, the fat under the skin.
_BODY = (168.0, 98.0)
_BODY_Y = -6.0
_BODY_POWER = 2.6
_FAT_MM = 16.0

# Metal is blurred over this many millimetres at its edge, as a reconstruction would.
_METAL_EDGE_MM = 1.0


@dataclass(frozen=True, slots=True)
class Sampled:
    """A bone's distances on the part of a grid that holds it: `distance[...]` belongs at `block` of the grid."""

    block: tuple[slice, slice, slice]
    distance: NDArray[np.float32]


def codes_of(shape: PhantomShape) -> tuple[int, ...]:
    """The pelvis's bones that this phantom has, in the order in which one may hide the next."""
    return (SACRUM, LEFT_HIP, RIGHT_HIP, L5) if shape.l5 else (SACRUM, LEFT_HIP, RIGHT_HIP)


def box(code: int, scale: float) -> tuple[Floats, Floats]:
    """Lowest and highest coordinates of a bone's box in the design frame."""
    low, high = _BOXES[code]
    return np.array(low, dtype=np.float64) * scale, np.array(high, dtype=np.float64) * scale


def near_bone(code: int, model: Model, scale: float, pose: Frame, grid: Grid, limit_mm: float) -> Sampled | None:
    """Signed distances to one bone, held to ±limit; None where the grid misses the bone's box."""
    part = _covered(code, scale, pose, grid)
    if part is None:
        return None
    out = np.empty(part.shape, dtype=np.float32)
    kernels.clipped_distance(out, _KERNEL_OF[code], part.step, part.origin, scale, limit_mm, model)
    return Sampled(part.block, out)


def surface(code: int, model: Model, scale: float, step_mm: float) -> tuple[Floats, NDArray[np.int64]]:
    """A bone's closed surface in the design frame: vertices (n, 3), triangles (m, 3) with outward normals."""
    from skimage import measure as untyped

    low, high = box(code, scale)
    # Off the whole millimetres of the drawing, so that no node lies on the surface and makes a triangle of no area.
    low = low - 0.3719 * step_mm
    n = np.ceil((high - low) / step_mm).astype(int) + 1
    grid = Grid((int(n[0]), int(n[1]), int(n[2])), np.full(3, step_mm), low, np.eye(3))
    found = near_bone(code, model, scale, LPS, grid, 4 * step_mm)
    assert found is not None, "the grid is the bone's own"
    closed = np.pad(found.distance, 1, constant_values=4 * step_mm)
    vertices, faces, *_ = cast("Any", untyped).marching_cubes(closed, 0.0, gradient_direction="descent")
    return grid.points(np.asarray(vertices, dtype=np.float64) - 1), np.asarray(faces, dtype=np.int64)


def labelled(codes: tuple[int, ...], model: Model, scale: float, pose: Frame, grid: Grid) -> NDArray[np.uint8]:
    """The bones on a grid; where two meet, the first of `codes` has the voxel."""
    out = np.zeros(grid.shape, dtype=np.uint8)
    for code in codes:
        found = near_bone(code, model, scale, pose, grid, float(grid.spacing_mm.max()))
        if found is not None:
            part = out[found.block]
            part[(found.distance < 0) & (part == 0)] = code
    return out


def attenuation(shape: PhantomShape, model: Model, pose: Frame, grid: Grid) -> NDArray[np.float32]:
    """HU on a grid, without noise: soft tissue in a skin, bone with cortex, metal; each voxel the mean of its parts."""
    parts = np.maximum(np.ceil(grid.spacing_mm / _FINEST_MM - 1e-6), 1).astype(int)
    fine_shape = (grid.shape[0] * int(parts[0]), grid.shape[1] * int(parts[1]), grid.shape[2] * int(parts[2]))
    spacing = grid.spacing_mm / parts
    origin = grid.points((0.5 / parts - 0.5).astype(np.float64))
    fine = Grid(fine_shape, spacing, origin, grid.direction)
    hu = _tissue(shape, pose, fine)
    size = float(spacing.mean())
    inner = {SACRUM: shape.sacrum_hu, L5: shape.sacrum_hu}
    bones = (*codes_of(shape), *((LEFT_FEMUR, RIGHT_FEMUR) if shape.femora else ()))
    for code in bones:
        found = near_bone(code, model, shape.scale, pose, fine, shape.cortex_mm + size)
        if found is None:
            continue
        part = hu[found.block]
        share = np.clip(0.5 - found.distance / size, 0, 1)
        core = np.clip(0.5 - (found.distance + shape.cortex_mm) / size, 0, 1)
        part += (share - core) * shape.cortical_hu + core * inner.get(code, shape.hip_hu) - share * part
    for implant in shape.metal:
        _put_metal(implant, shape.metal_hu, pose, fine, hu)
    coarse = hu.reshape(grid.shape[0], parts[0], grid.shape[1], parts[1], grid.shape[2], parts[2])
    return np.asarray(coarse.mean(axis=(1, 3, 5)), dtype=np.float32)


def opening_rows(model: Model, scale: float, pose: Frame, grid: Grid) -> NDArray[np.int8]:
    """Which opening each voxel lies in: -1 none, 0 the canal, 1 + row a foramen (rows as in `Model.foramina`)."""
    out = np.full(grid.shape, -1, dtype=np.int8)
    part = _covered(SACRUM, scale, pose, grid)
    if part is not None:
        kernels.fill_openings(out[part.block], part.step, part.origin, scale, model)
    return out


@dataclass(frozen=True, slots=True)
class _Covered:
    """The part of a grid that a bone's box covers: its block, and its steps and first voxel in the design frame."""

    block: tuple[slice, slice, slice]
    shape: tuple[int, int, int]
    step: Floats
    origin: Floats


def _covered(code: int, scale: float, pose: Frame, grid: Grid) -> _Covered | None:
    low, high = box(code, scale)
    corners = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), dtype=np.float64).reshape(3, -1).T
    index = grid.index(pose.to_lps(corners))
    first = np.clip(np.floor(index.min(axis=0)), 0, grid.shape).astype(int)
    last = np.clip(np.ceil(index.max(axis=0)) + 1, 0, grid.shape).astype(int)
    if np.any(first >= last):
        return None
    size = last - first
    return _Covered(
        block=(_part(first, last, 0), _part(first, last, 1), _part(first, last, 2)),
        shape=(int(size[0]), int(size[1]), int(size[2])),
        step=np.ascontiguousarray(pose.rotation.T @ grid.direction * grid.spacing_mm),
        origin=pose.from_lps(grid.points(first.astype(np.float64))),
    )


def _part(first: NDArray[np.int64], last: NDArray[np.int64], axis: int) -> slice:
    return slice(int(first[axis]), int(last[axis]))


def _tissue(shape: PhantomShape, pose: Frame, grid: Grid) -> NDArray[np.float32]:
    """Air, fat under the skin, soft tissue: the same at every height."""
    step = pose.rotation.T @ grid.direction * grid.spacing_mm
    origin = pose.from_lps(grid.origin_mm)
    along = [np.arange(n) for n in grid.shape]
    x, y = (
        (
            origin[row]
            + step[row, 0] * along[0][:, None, None]
            + step[row, 1] * along[1][None, :, None]
            + step[row, 2] * along[2][None, None, :]
        ).astype(np.float32)
        / np.float32(shape.scale)
        for row in (0, 1)
    )
    out = np.full(grid.shape, shape.air_hu, dtype=np.float32)
    for less, value in ((0.0, shape.fat_hu), (_FAT_MM, shape.soft_hu)):
        within = np.abs(x / (_BODY[0] - less)) ** _BODY_POWER + np.abs((y - _BODY_Y) / (_BODY[1] - less)) ** _BODY_POWER
        out[within < 1] = value
    return out


def _put_metal(implant: Implant, metal_hu: float, pose: Frame, grid: Grid, hu: NDArray[np.float32]) -> None:
    index = grid.index(pose.to_lps(mesh(implant)[0]))
    first = np.clip(np.floor(index.min(axis=0)) - 2, 0, grid.shape).astype(int)
    last = np.clip(np.ceil(index.max(axis=0)) + 3, 0, grid.shape).astype(int)
    if np.any(first >= last):
        return
    block = (_part(first, last, 0), _part(first, last, 1), _part(first, last, 2))
    part = hu[block]
    at = np.indices(part.shape).reshape(3, -1).T + first
    share = np.clip(
        0.5 - distance_mm(implant, pose.from_lps(grid.points(at.astype(np.float64)))) / _METAL_EDGE_MM, 0, 1
    )
    part += share.reshape(part.shape).astype(np.float32) * (metal_hu - part)
