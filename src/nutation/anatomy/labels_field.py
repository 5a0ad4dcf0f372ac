"""One labelled bone as a signed distance on its own voxels: sampled anywhere, between slices by interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats, Grid, Mask

# Voxels kept around a bone: enough that interpolation at its skin never meets the edge of the crop.
RIM = 2

# Points of a surface are averaged over cells of this edge: evens out the steps of voxels, and how dense points lie.
CELL_MM = 2.0

FAR_MM = -1000.0

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class BoneField:
    """Signed distance in mm to a bone's skin, positive inside, on the voxels around it."""

    distance_mm: NDArray[np.float32]
    grid: Grid


def part_of(grid: Grid, box: Box) -> Grid:
    """The grid of `values[box]`."""
    low = np.array([s.start for s in box], dtype=float)
    shape = (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)
    return Grid(shape, grid.spacing_mm, grid.points(low), grid.direction)


def box_around(mask_box: Box, shape: tuple[int, int, int], rim: int) -> Box:
    """A box widened by `rim` voxels, within the image."""
    low = [max(0, s.start - rim) for s in mask_box]
    high = [min(n, s.stop + rim) for s, n in zip(mask_box, shape, strict=True)]
    return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])


def bone_field(mask: Mask, grid: Grid) -> BoneField:
    """The signed distance of a mask (i, j, k) on its grid; its skin lies midway between voxels in and out of it."""
    import edt

    library: Any = edt
    spacing = tuple(float(s) for s in grid.spacing_mm)
    values = np.ascontiguousarray(mask)
    distance = library.sdf(values, anisotropy=spacing, black_border=False, parallel=0)
    return BoneField(np.asarray(distance, dtype=np.float32), grid)


def to_sitk(values: NDArray[Any], grid: Grid) -> Any:
    """A SimpleITK image of `values[i, j, k]`."""
    import SimpleITK

    sitk = cast("Any", SimpleITK)
    image = sitk.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    image.SetSpacing([float(x) for x in grid.spacing_mm])
    image.SetOrigin([float(x) for x in grid.origin_mm])
    image.SetDirection([float(x) for x in grid.direction.ravel()])
    return image


def resampled(image: Any, grid: Grid, outside: float) -> NDArray[np.float32]:
    """A SimpleITK image on another grid, linearly, `outside` where it does not reach; indexed [i, j, k]."""
    import SimpleITK

    sitk = cast("Any", SimpleITK)
    values = sitk.Resample(
        image,
        [int(n) for n in grid.shape],
        sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkLinear,
        [float(x) for x in grid.origin_mm],
        [float(x) for x in grid.spacing_mm],
        [float(x) for x in grid.direction.ravel()],
        outside,
        sitk.sitkFloat32,
    )
    return np.asarray(sitk.GetArrayFromImage(values), dtype=np.float32).transpose(2, 1, 0)


def reach(points: Floats, grid: Grid) -> Box | None:
    """The box of a grid's voxels that hold these LPS points, with one voxel to spare; None where it holds none."""
    index = grid.index(points)
    low = np.maximum(np.floor(index.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 2, np.array(grid.shape))
    if (high <= low).any():
        return None
    low_i, low_j, low_k = (int(n) for n in low)
    high_i, high_j, high_k = (int(n) for n in high)
    return slice(low_i, high_i), slice(low_j, high_j), slice(low_k, high_k)


def sample_fields(fields: dict[int, BoneField], grid: Grid) -> NDArray[np.uint8]:
    """Labels on any grid: at each voxel the bone that it lies deepest in, 0 outside all (shape-based interpolation)."""
    labels = np.zeros(grid.shape, dtype=np.uint8)
    depth = np.zeros(grid.shape, dtype=np.float32)
    for code, field in fields.items():
        box = reach(field.grid.corners(), grid)
        if box is None:
            continue
        here = resampled(to_sitk(field.distance_mm, field.grid), part_of(grid, box), FAR_MM)
        deeper = here > depth[box]
        depth[box][deeper] = here[deeper]
        labels[box][deeper] = code
    return labels


def surface_points(field: BoneField) -> Floats:
    """Points (n, 3) in LPS on a bone's skin, evenly spread.

    The middles of the faces between voxels in and out of the bone, averaged over cells fixed to the voxels, so that
    a turned image gives the same points on the bone.
    """
    inside = field.distance_mm > 0
    found: list[Floats] = []
    for axis in range(3):
        low = np.swapaxes(inside, 0, axis)[:-1]
        high = np.swapaxes(inside, 0, axis)[1:]
        index = np.argwhere(low != high).astype(float)
        index[:, 0] += 0.5
        index[:, [0, axis]] = index[:, [axis, 0]]
        found.append(index)
    points = np.concatenate(found)
    cell = np.maximum(CELL_MM / field.grid.spacing_mm, 1.0)
    return field.grid.points(thinned(points, cell))


def thinned(points: Floats, cell: Floats | float) -> Floats:
    """The mean of the points (n, 3) in each cell of an axis-parallel lattice."""
    lattice = np.floor(points / cell).astype(np.int64)
    lattice -= lattice.min(axis=0)
    size = lattice.max(axis=0) + 1
    key = (lattice[:, 0] * size[1] + lattice[:, 1]) * size[2] + lattice[:, 2]
    _, which, count = np.unique(key, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(which, weights=points[:, axis]) for axis in range(3)], axis=1)
    return np.asarray(sums / count[:, None], dtype=np.float64)
