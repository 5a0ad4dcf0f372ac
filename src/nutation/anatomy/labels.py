"""Bones from a label map: `read_labels` gives them as `LabelShapes`, checked, or says what is wrong with the map.

What is found out: ids that do not say their bone, bones that are missing, cut at a joint, or of no possible size; left
and right exchanged in the labels; a map flipped or turned against its header; a map of another frame than its CT. What
no map can tell is a picture mirrored left to right together with its names: see `nutation.anatomy.hips`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.frame_symmetry import mirror_plane
from nutation.anatomy.hips import body_axes, largest_part, named_axes, split_hips
from nutation.anatomy.labels_field import (
    RIM,
    BoneField,
    Box,
    bone_field,
    box_around,
    part_of,
    sample_fields,
    surface_points,
)
from nutation.anatomy.labels_ids import BoneIds, bone_ids
from nutation.anatomy.labels_match import Pictured, check_on_image
from nutation.anatomy.labels_read import LabelMap, read_label_map
from nutation.anatomy.pelvis import BONE_NAMES, L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.plausible import Named, check_arrangement, check_cut, check_header, check_sides, check_size
from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Grid, Mask
from nutation.record.errors import InputError

# Share of a label outside its largest part from which a person should look: a fragment, or a slip of the labelling.
FRAGMENTS_TOLD = 0.03


@dataclass(frozen=True, slots=True)
class LabelShapes:
    """The bones of a label map (implements `nutation.anatomy.shapes.BoneShapes`).

    `border` has, for each bone that the picture's edge cuts, points (n, 3) on the cut in LPS.
    """

    source: Source
    fields: Mapping[int, BoneField]
    border: Mapping[int, Floats]
    pairs: frozenset[tuple[int, int]]
    _surfaces: dict[int, Floats] = field(default_factory=dict[int, Floats], repr=False)

    @property
    def finest_mm(self) -> float:
        """The largest edge of the map's voxels."""
        return max(float(f.grid.spacing_mm.max()) for f in self.fields.values())

    def codes(self) -> frozenset[int]:
        """The bones that the map has."""
        return frozenset(self.fields)

    def surface(self, code: int) -> Floats:
        """Points (n, 3) on the bone's surface in LPS, evenly spread (about 2 mm, or a voxel)."""
        if code not in self._surfaces:
            self._surfaces[code] = surface_points(self.fields[code])
        return self._surfaces[code]

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest LPS coordinates over all bones."""
        points = np.concatenate([self.surface(code) for code in sorted(self.fields)])
        return points.min(axis=0), points.max(axis=0)

    def sampled(self, grid: Grid) -> NDArray[np.uint8]:
        """The bones on any grid, by linear interpolation of their signed distances; the deeper bone wins."""
        return sample_fields(dict(self.fields), grid)

    def touching(self) -> frozenset[tuple[int, int]]:
        """Pairs of codes, the smaller first, whose voxels touch in the map."""
        return self.pairs


def read_labels(path: Path, *, mapping: Path | None = None, image: Pictured | None = None) -> LabelShapes:
    """The bones of a label map (NIfTI, NRRD), with ids as TotalSegmentator has them or as `mapping` says.

    `image` is the CT that the map was made on: identity and orientation come from it, and the bones are held against
    it. Raises `InputError` where a plan on this map would be wrong.
    """
    given = read_label_map(path)
    ids = bone_ids(_volumes_ml(given), given.names, mapping, given.file)
    warnings = list(given.warnings)
    masks, cut = _masks(given, ids, warnings)
    fields = {code: bone_field(mask, part_of(given.grid, box)) for code, (mask, box) in masks.items()}
    pairs = _pairs(masks, given.grid.shape)
    source = _source(given, image, ids)
    shapes = LabelShapes(source, fields, cut, pairs)
    points = {code: shapes.surface(code) for code in fields}
    named = Named(dict.fromkeys(fields, given.file), given.oriented)
    check_size(points, named)
    axes = named_axes(points)
    check_arrangement(points, axes, named)
    warnings += check_sides(points, axes, named)
    warnings += check_cut(points, cut, named)
    if image is not None:
        bones = {code: f for code, f in fields.items() if code != L5}
        warnings += check_on_image(bones, image, given.file)
    told = replace(source, warnings=(*source.warnings, *warnings))
    return replace(shapes, source=told)


def _source(given: LabelMap, image: Pictured | None, ids: BoneIds) -> Source:
    if image is not None:
        return replace(image.source, files=(*image.source.files, given.file))
    return Source(files=(given.file,), orientation="unverified", described=f"label map, {ids.basis}")


def _volumes_ml(given: LabelMap) -> dict[int, float]:
    """The volume of each id above 0."""
    counts: dict[int, int] = {}
    for part in given.values.transpose(2, 1, 0):
        if part.min() >= 0 and part.max() < 1 << 16:
            found = np.bincount(part.ravel())
            kept = np.flatnonzero(found)
            pairs = zip(kept.tolist(), found[kept].tolist(), strict=True)
        else:
            values, sizes = np.unique(part, return_counts=True)
            pairs = zip(values.tolist(), sizes.tolist(), strict=True)
        for value, count in pairs:
            counts[int(value)] = counts.get(int(value), 0) + int(count)
    voxel_ml = float(np.prod(given.grid.spacing_mm)) / 1000.0
    return {value: count * voxel_ml for value, count in counts.items() if value > 0}


def _masks(given: LabelMap, ids: BoneIds, warnings: list[str]) -> tuple[dict[int, tuple[Mask, Box]], dict[int, Floats]]:
    """Each bone as a mask with its box in the map, one part each, hips told apart; and where the edge cuts them."""
    masks: dict[int, tuple[Mask, Box]] = {}
    masks[SACRUM] = _one_part(given, ids.sacrum, SACRUM, warnings)
    if ids.hips:
        masks |= _both_hips(given, ids.hips, masks[SACRUM], warnings)
    else:
        masks[LEFT_HIP] = _one_part(given, ids.left_hip, LEFT_HIP, warnings)
        masks[RIGHT_HIP] = _one_part(given, ids.right_hip, RIGHT_HIP, warnings)
    if ids.l5:
        masks[L5] = _cropped(given, ids.l5, "L5")
    cut = {code: _on_border(mask, box, given.grid) for code, (mask, box) in masks.items()}
    return masks, {code: ends for code, ends in cut.items() if len(ends)}


def _cropped(given: LabelMap, ids: tuple[int, ...], name: str) -> tuple[Mask, Box]:
    """The voxels of these ids in their box with a rim around."""
    mask = given.values == ids[0]
    for value in ids[1:]:
        mask |= given.values == value
    box = _box(mask)
    if box is None:
        raise InputError(
            f"has no voxel of the {name} (labels {', '.join(str(i) for i in ids)}).",
            file=given.file,
            mend="check the mapping, or the map.",
        )
    box = box_around(box, given.grid.shape, RIM)
    return np.ascontiguousarray(mask[box]), box


def _box(mask: Mask) -> Box | None:
    found: list[slice] = []
    for axis in range(3):
        others: Any = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        if not len(hit):
            return None
        found.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return found[0], found[1], found[2]


def _one_part(given: LabelMap, ids: tuple[int, ...], code: int, warnings: list[str]) -> tuple[Mask, Box]:
    mask, box = _cropped(given, ids, BONE_NAMES[code])
    return _kept(mask, code, warnings), box


def _kept(mask: Mask, code: int, warnings: list[str]) -> Mask:
    """The largest part; what is left out is told where it is much."""
    part, rest = largest_part(mask)
    if rest > FRAGMENTS_TOLD:
        warnings.append(f"{rest:.0%} of the {BONE_NAMES[code]} lies in separate parts and is left out.")
    return part


def _both_hips(
    given: LabelMap, ids: tuple[int, ...], sacrum: tuple[Mask, Box], warnings: list[str]
) -> dict[int, tuple[Mask, Box]]:
    """Hips of one label apart, and named by the bones' own shape; by the header where the shape does not tell."""
    mask, box = _cropped(given, ids, "hips")
    grid = part_of(given.grid, box)
    hip_points = surface_points(bone_field(mask, grid))
    sacrum_points = surface_points(bone_field(sacrum[0], part_of(given.grid, sacrum[1])))
    plane = mirror_plane(np.concatenate([hip_points, sacrum_points]))
    axes = body_axes(hip_points, sacrum_points, plane)
    if not axes.told and not given.oriented:
        raise InputError(
            "both hips are one label, the header gives no orientation, and too little of the pelvis is seen to tell "
            "left from right.",
            file=given.file,
            place="left and right hip",
            mend="give the left and the right hip a label each.",
        )
    if given.oriented:
        check_header(axes, given.file)
    left = axes.rotation[:, 0] if axes.told else np.array([1.0, 0.0, 0.0])
    towards, away, joined = split_hips(mask, grid, plane)
    if joined:
        warnings.append("Both hips hung together in one label and were cut apart along the plane of symmetry.")
    first, second = (LEFT_HIP, RIGHT_HIP) if plane.normal @ left > 0 else (RIGHT_HIP, LEFT_HIP)
    found: dict[int, tuple[Mask, Box]] = {}
    for code, half in ((first, towards), (second, away)):
        inner = _box(half)
        if inner is None:
            raise InputError(
                f"the label of the hips holds no {BONE_NAMES[code]}.",
                file=given.file,
                mend="give a map with both hips.",
            )
        inner = box_around(inner, grid.shape, RIM)
        low = tuple(s.start for s in box)
        outer = tuple(slice(s.start + at, s.stop + at) for s, at in zip(inner, low, strict=True))
        found[code] = (_kept(np.ascontiguousarray(half[inner]), code, warnings), (outer[0], outer[1], outer[2]))
    return found


def _on_border(mask: Mask, box: Box, grid: Grid) -> Floats:
    """The bone's voxels in the outermost layers of the map, as LPS points (n, 3)."""
    low = np.array([s.start for s in box])
    found: list[Floats] = []
    for axis in range(3):
        for edge in (0, grid.shape[axis] - 1):
            at = edge - int(low[axis])
            if 0 <= at < mask.shape[axis]:
                layer = np.argwhere(np.take(mask, at, axis=axis)).astype(float)
                found.append(np.insert(layer, axis, at, axis=1))
    index = np.concatenate(found) if found else np.empty((0, 3))
    return grid.points(index + low)


def _pairs(masks: Mapping[int, tuple[Mask, Box]], shape: tuple[int, int, int]) -> frozenset[tuple[int, int]]:
    """Which bones have voxels with a common face."""
    low = np.min([[s.start for s in box] for _, box in masks.values()], axis=0)
    high = np.max([[s.stop for s in box] for _, box in masks.values()], axis=0)
    codes = np.zeros(tuple(int(n) for n in high - low), dtype=np.uint8)
    for code, (mask, box) in masks.items():
        view = codes[tuple(slice(s.start - int(at), s.stop - int(at)) for s, at in zip(box, low, strict=True))]
        view[mask] = code
    found: set[tuple[int, int]] = set()
    for axis in range(3):
        here, there = np.swapaxes(codes, 0, axis)[:-1], np.swapaxes(codes, 0, axis)[1:]
        met = (here != there) & (here > 0) & (there > 0)
        for a, b in np.unique(np.stack([here[met], there[met]], axis=1), axis=0).tolist():
            found.add((min(a, b), max(a, b)))
    return frozenset(found)
