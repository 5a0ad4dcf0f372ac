"""Bones found in a CT where nobody has labelled them: by TotalSegmentator where installed, else without learning.

What `segment` finds is a proposal: see docs/decisions/0010 for what it was measured on, and how little that is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.hips import body_axes, largest_part
from nutation.anatomy.images import Image
from nutation.anatomy.labels import LabelShapes
from nutation.anatomy.labels_field import RIM, BoneField, Box, bone_field, box_around, part_of
from nutation.anatomy.pelvis import BONE_NAMES, L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.plausible import Named, check_arrangement, check_cut, check_size
from nutation.anatomy.segmentation_mask import METAL_HU, REACH_MM, Seen, cubes, seen
from nutation.anatomy.segmentation_prior import BONES, Prior, fitted
from nutation.anatomy.segmentation_total import by_totalsegmentator, installed
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.space import Floats, Grid, Mask
from nutation.record.errors import InputError

# Dice on the one CT that it was measured on (docs/decisions/0010): told with every result.
MEASURED = {SACRUM: 0.68, LEFT_HIP: 0.87, RIGHT_HIP: 0.86}
WRONG_BY_MM = 9.5  # the sacrum's surface, in the worst twentieth

# The model's surface has to meet bone over this share, and be that much brighter within than without: elsewhere
# something else was fitted.
MET = {SACRUM: 0.6, LEFT_HIP: 0.75, RIGHT_HIP: 0.75}
BRIGHTER_HU = 60.0

# Volumes in ml between which a bone of an adult lies, a cut one too, and how far two hips may differ.
VOLUMES_ML = {SACRUM: (70.0, 500.0), LEFT_HIP: (120.0, 900.0), RIGHT_HIP: (120.0, 900.0)}
HIPS_ALIKE = 0.65

# Of the joints' surfaces as the model has them, at least this share has to lie within the picture.
JOINT_IN = 0.97

# Where the model is surer than this of a bone, that bone's growth starts.
SEED_MM = 2.0

MEND = "give a label map with --labels (TotalSegmentator's ids are known), or a CT of the whole pelvis."


def bones_of(image: Image) -> BoneShapes:
    """The bones of a CT, by the best means there is: TotalSegmentator, else `segment`. Raises `InputError`."""
    return by_totalsegmentator(image) if installed() else segment(image)


def segment(image: Image) -> BoneShapes:
    """Sacrum and both hips (L5 where found) of a CT of the whole pelvis, without learning.

    Raises `InputError` where no pelvis is found in the CT, or a joint is not wholly in it.
    """
    file = ", ".join(image.source.files) or "the CT"
    # A pelvis needs room; a thinner stack holds none, whatever is in it.
    extent = np.ptp(image.volume.grid.corners(), axis=0)
    if extent.min() < 60.0 or np.sort(extent)[1] < 180.0:
        size = " by ".join(f"{x:.0f}" for x in extent)
        raise InputError(f"no pelvis fits into this picture of {size} mm.", file=file, mend=MEND)
    found = seen(cubes(image.volume))
    if float(found.bright.sum()) * float(np.prod(found.grid.spacing_mm)) / 1000.0 < VOLUMES_ML[LEFT_HIP][0]:
        raise InputError("there is too little bone in the picture for a pelvis.", file=file, mend=MEND)
    prior = fitted(found)
    _check_fit(found, prior, file)
    labels = _grown(found, prior)
    return _shapes(labels, found.grid, image, file)


def _check_fit(found: Seen, prior: Prior, file: str) -> None:
    """Raises where the model met no pelvis, or where it reaches out of the picture at a joint."""
    hu = found.hu[prior.box]
    for code in BONES:
        if prior.met[code] < MET[code]:
            raise _none(code, file)
        depth = prior.depth_mm[code]
        inner, outer = hu[(depth > 0) & (depth < 4.0)], hu[(depth < -6.0) & (depth > -10.0)]
        if not len(inner) or not len(outer) or float(np.median(inner) - np.median(outer)) < BRIGHTER_HU:
            raise _none(code, file)
    for code, side in ((LEFT_HIP, "left"), (RIGHT_HIP, "right")):
        if prior.joints_in[code] < JOINT_IN:
            raise InputError(
                f"the picture does not hold the whole {side} sacroiliac joint.",
                file=file,
                place=f"{side} sacroiliac joint",
                mend="a plan needs both joints whole: give a scan that covers the sacrum and both iliac bones.",
            )


def _none(code: int, file: str) -> InputError:
    return InputError(
        f"no {BONE_NAMES[code]} was found in this CT: it shows no pelvis, or one that a generated pelvis does not fit.",
        file=file,
        mend=MEND,
    )


def _grown(found: Seen, prior: Prior) -> NDArray[np.uint8]:
    """Labels on the CT's cubes: bone near the model, given to the model's bones by growth from their insides.

    Growth meets where attenuation changes most: at the plates along a joint.
    """
    from scipy import ndimage
    from skimage import segmentation as untyped

    hu, mask = found.hu[prior.box], found.filled[prior.box]
    codes = list(prior.depth_mm)
    depths = np.stack([prior.depth_mm[code] for code in codes])
    zone = mask & (depths.max(axis=0) > -REACH_MM) & (hu < METAL_HU)
    seeds = np.zeros(hu.shape, dtype=np.int32)
    for which, code in enumerate(codes):
        others = np.delete(depths, which, axis=0).max(axis=0)
        seeds[(depths[which] > SEED_MM) & (others < -SEED_MM) & zone] = code
    change = cast("Any", ndimage).gaussian_gradient_magnitude(np.clip(hu, -200.0, METAL_HU), 0.7)
    grown: Any = cast("Any", untyped).watershed(change, seeds, mask=zone)
    labels = np.zeros(found.grid.shape, dtype=np.uint8)
    part = labels[prior.box]
    for code in (*BONES, L5):
        bone = np.asarray(grown == code)
        if bone.any():
            part[largest_part(bone)[0]] = code
    return labels


def _shapes(labels: NDArray[np.uint8], grid: Grid, image: Image, file: str) -> LabelShapes:
    """The labels as bones, held against what a pelvis is."""
    volumes = {code: float((labels == code).sum()) * float(np.prod(grid.spacing_mm)) / 1000.0 for code in BONES}
    for code in BONES:
        low, high = VOLUMES_ML[code]
        if not low <= volumes[code] <= high:
            raise _none(code, file)
    if min(volumes[LEFT_HIP], volumes[RIGHT_HIP]) < HIPS_ALIKE * max(volumes[LEFT_HIP], volumes[RIGHT_HIP]):
        raise InputError(
            f"the two hips found measure {volumes[LEFT_HIP]:.0f} ml (left) and {volumes[RIGHT_HIP]:.0f} ml (right): "
            "one is cut off, or was not found whole.",
            file=file,
            mend=MEND,
        )
    fields: dict[int, BoneField] = {}
    cut: dict[int, Floats] = {}
    ends = _edges(image, grid)
    for code in (*BONES, L5):
        mask = labels == code
        if not mask.any():
            continue
        box = box_around(_box(mask), grid.shape, RIM)
        fields[code] = bone_field(np.ascontiguousarray(mask[box]), part_of(grid, box))
        border = grid.points(np.argwhere(mask & ends).astype(float))
        if len(border):
            cut[code] = border
    shapes = LabelShapes(image.source, fields, cut, _touching(labels))
    points: dict[int, Floats] = {code: shapes.surface(code) for code in fields}
    named = Named(dict.fromkeys(fields, file), True)
    check_size(points, named)
    both = np.concatenate([points[LEFT_HIP], points[RIGHT_HIP]])
    check_arrangement(points, body_axes(both, points[SACRUM]), named)
    warnings = check_cut(points, cut, named)
    told = replace(image.source, warnings=(*image.source.warnings, *image.warnings, _proposal(), *warnings))
    return replace(shapes, source=replace(told, warnings=tuple(dict.fromkeys(told.warnings))))


def _proposal() -> str:
    hips = min(MEASURED[LEFT_HIP], MEASURED[RIGHT_HIP])
    return (
        "The bones were found in the CT without learning: a first look, too coarse to operate by. Labels are required "
        "for a plan that is to be used (--labels, or TotalSegmentator by the extra nutation[segment]). On the one CT "
        f"measured, which it was tuned to, Dice was {MEASURED[SACRUM]:.2f} for the sacrum and {hips:.2f} for the hips, "
        f"and a twentieth of the sacrum's surface lay more than {WRONG_BY_MM:.0f} mm off."
    )


def _edges(image: Image, grid: Grid) -> Mask:
    """The cubes at the edge of the picture as it was taken: within a voxel of it."""
    index = image.volume.grid.index(grid.points(np.argwhere(np.ones(grid.shape, dtype=bool)).astype(float)))
    top = np.array(image.volume.grid.shape) - 1
    step = grid.spacing_mm[0] / image.spacing_mm
    return ((index < step) | (index > top - step)).any(axis=1).reshape(grid.shape)


def _box(mask: Mask) -> Box:
    at = np.argwhere(mask)
    low, high = at.min(axis=0).tolist(), (at.max(axis=0) + 1).tolist()
    return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])


def _touching(labels: NDArray[np.uint8]) -> frozenset[tuple[int, int]]:
    """Pairs of codes, the smaller first, whose cubes have a common face."""
    found: set[tuple[int, int]] = set()
    for axis in range(3):
        here, there = np.swapaxes(labels, 0, axis)[:-1], np.swapaxes(labels, 0, axis)[1:]
        met = (here != there) & (here > 0) & (there > 0)
        for a, b in np.unique(np.stack([here[met], there[met]], axis=1), axis=0).tolist():
            found.add((min(a, b), max(a, b)))
    return frozenset(found)
