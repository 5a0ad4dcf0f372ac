"""Bones from three surfaces: `read_meshes` gives them as `MeshShapes`, checked to be one pelvis.

A surface says nothing of left and right but its place: the orientation stays `unverified`, and a person confirms the
side. Which of the two hips is named left is held against the bones' own shape (see `nutation.anatomy.hips`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.hips import named_axes
from nutation.anatomy.labels_field import Box
from nutation.anatomy.mesh_read import Surface, read_surface
from nutation.anatomy.mesh_voxels import voxels
from nutation.anatomy.pelvis import BONE_NAMES, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.plausible import Named, check_arrangement, check_sides, check_size
from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Grid, Mask
from nutation.record.errors import InputError

# Points spread over each surface: about one to 4 mm² of a hip.
SPREAD = 12000

# The check of the inside: voxels of this edge must hold the volume that the surface encloses, up to this share.
CHECK_MM = 1.5
VOLUMES_AGREE = 0.03

# Bones of one pelvis interpenetrate by slips of segmentation at most: this share of the smaller bone.
OVERLAP = 0.05


@dataclass(frozen=True, slots=True)
class MeshShapes:
    """The bones of three surfaces (implements `nutation.anatomy.shapes.BoneShapes`)."""

    source: Source
    surfaces: Mapping[int, Surface]
    pairs: frozenset[tuple[int, int]]
    _points: dict[int, Floats] = field(default_factory=dict[int, Floats], repr=False)

    @property
    def finest_mm(self) -> float:
        """The longest of the surfaces' mean edges."""
        return max(surface.edge_mm for surface in self.surfaces.values())

    def codes(self) -> frozenset[int]:
        """Sacrum and hips."""
        return frozenset(self.surfaces)

    def surface(self, code: int) -> Floats:
        """Points (n, 3) spread over the surface, in the files' coordinates."""
        if code not in self._points:
            self._points[code] = _spread(self.surfaces[code])
        return self._points[code]

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest coordinates over all bones."""
        points = np.concatenate([surface.vertices for surface in self.surfaces.values()])
        return points.min(axis=0), points.max(axis=0)

    def sampled(self, grid: Grid) -> NDArray[np.uint8]:
        """The bones on any grid; where two surfaces interpenetrate, the bone in which a voxel lies deeper."""
        labels = np.zeros(grid.shape, dtype=np.uint8)
        cut = _cut(self.surfaces, grid)
        for code, (mask, box) in cut.items():
            labels[box][mask & (labels[box] == 0)] = code
        for one, other in combinations(sorted(cut), 2):
            _settle(labels, one, cut[one], other, cut[other])
        return labels

    def touching(self) -> frozenset[tuple[int, int]]:
        """Pairs of codes whose surfaces interpenetrate."""
        return self.pairs


def read_meshes(sacrum: Path, left_hip: Path, right_hip: Path) -> MeshShapes:
    """The bones of three surfaces (.vtp, .vtk, .stl, .ply, .obj) in one coordinate system, in millimetres.

    Raises `InputError` where a surface is open, or where the three cannot be one pelvis as named.
    """
    surfaces = {
        code: read_surface(path, BONE_NAMES[code])
        for code, path in ((SACRUM, sacrum), (LEFT_HIP, left_hip), (RIGHT_HIP, right_hip))
    }
    named = Named({code: surface.file for code, surface in surfaces.items()}, oriented=False)
    warnings = [text for surface in surfaces.values() for text in surface.warnings]
    files = tuple(surfaces[code].file for code in (SACRUM, LEFT_HIP, RIGHT_HIP))
    shapes = MeshShapes(Source(files, "unverified", described="three surface meshes"), surfaces, frozenset())
    points = {code: shapes.surface(code) for code in surfaces}
    check_size(points, named)
    axes = named_axes(points)
    check_arrangement(points, axes, named)
    warnings += check_sides(points, axes, named)
    pairs = _check_inside(surfaces, shapes.bounds(), named)
    return replace(shapes, source=replace(shapes.source, warnings=tuple(warnings)), pairs=pairs)


def _spread(surface: Surface) -> Floats:
    """Points spread over a surface by area, the same ones on the bone wherever it lies."""
    corners = surface.corners
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    total = np.asarray(np.cumsum(area), dtype=np.float64)
    rng = np.random.default_rng(0)
    at = (np.arange(SPREAD) + 0.5) / SPREAD * total[-1]
    face = np.asarray(np.searchsorted(total, at), dtype=np.intp).clip(max=len(total) - 1)
    first, second = rng.random(SPREAD), rng.random(SPREAD)
    root = np.asarray(np.sqrt(first), dtype=np.float64)
    weights = np.stack([1 - root, root * (1 - second), root * second], axis=1)
    return np.einsum("ij,ijk->ik", weights, corners[face])


def _cut(surfaces: Mapping[int, Surface], grid: Grid) -> dict[int, tuple[Mask, Box]]:
    found = {code: voxels(surface.vertices, surface.faces, grid) for code, surface in surfaces.items()}
    return {code: cut for code, cut in found.items() if cut is not None}


def _common(one: tuple[Mask, Box], other: tuple[Mask, Box]) -> tuple[Box, Mask] | None:
    """The box that two bones share, and the voxels there that lie in both."""
    low = [max(a.start, b.start) for a, b in zip(one[1], other[1], strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(one[1], other[1], strict=True)]
    if any(h <= at for at, h in zip(low, high, strict=True)):
        return None
    box: Box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    return box, _view(one, box) & _view(other, box)


def _view(cut: tuple[Mask, Box], box: Box) -> Mask:
    """A bone's voxels within a box that lies in its own."""
    mask, own = cut
    return mask[tuple(slice(b.start - o.start, b.stop - o.start) for b, o in zip(box, own, strict=True))]


def _settle(labels: NDArray[np.uint8], one: int, first: tuple[Mask, Box], other: int, second: tuple[Mask, Box]) -> None:
    """Give the voxels of both bones to that in which they lie deeper."""
    import edt

    common = _common(first, second)
    if common is None or not common[1].any():
        return
    box, both = common
    library = cast("Any", edt)
    depth = [library.edt(np.ascontiguousarray(_view(cut, box)), parallel=0) for cut in (first, second)]
    labels[box][both] = np.where(depth[1][both] > depth[0][both], other, one)


def _check_inside(
    surfaces: Mapping[int, Surface], bounds: tuple[Floats, Floats], named: Named
) -> frozenset[tuple[int, int]]:
    """The volume by voxels against that by surface; returns the pairs that interpenetrate, by little."""
    low, high = bounds
    size = np.ceil((high - low) / CHECK_MM).astype(int) + 3
    shape = (int(size[0]), int(size[1]), int(size[2]))
    cut = _cut(surfaces, Grid(shape, np.full(3, CHECK_MM), low - CHECK_MM, np.eye(3)))
    millilitre = CHECK_MM**3 / 1000.0
    for code, (mask, _) in cut.items():
        by_voxels, by_surface = float(mask.sum()) * millilitre, surfaces[code].volume_ml
        if abs(by_voxels - by_surface) > VOLUMES_AGREE * by_surface:
            raise InputError(
                f"cut into voxels it holds {by_voxels:.0f} ml, but its surface encloses {by_surface:.0f} ml: the "
                "surface crosses itself or is open, so its inside is not defined.",
                file=named.of(code),
                mend="repair the surface (3D Slicer, MeshLab), or give the label map that it was made from.",
            )
    pairs: set[tuple[int, int]] = set()
    for one, other in combinations(sorted(cut), 2):
        common = _common(cut[one], cut[other])
        shared = 0 if common is None else int(common[1].sum())
        if shared > OVERLAP * min(cut[one][0].sum(), cut[other][0].sum()):
            raise InputError(
                f"the {BONE_NAMES[one]} and the {BONE_NAMES[other]} overlap by {shared * millilitre:.0f} ml.",
                file=named.of(one, other),
                mend="give bones of one patient in one coordinate system.",
            )
        if shared:
            pairs.add((one, other))
    return frozenset(pairs)
