"""The sacroiliac joint between the bones: its gap as voxels, its mid-surface with the true gap at every point.

The joint is where sacrum and ilium face each other with less than `JOINT_MM` between them. That takes in the
auricular surface and what of the ligaments' region behind it lies as close; the area is therefore one of a stated
definition, and stands beside published auricular areas, which differ by a factor of two by theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.joint_mesh import middle_patch
from nutation.anatomy.joint_surfaces import surface_of
from nutation.anatomy.openings_masks import EVERY_WAY, Part, away_mm, grown, part_of, pieces
from nutation.anatomy.pelvis import BACKGROUND, GAP_OF, HIP_OF, SACRUM, Joint
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask, unit
from nutation.record.errors import InputError

JOINT_MM = 4.0
"""The widest gap at which the mid-surface still counts as joint: the cartilage of both sides is about 2.6 mm thick
where it was measured, and half as much again may be slack. Wider, the bones face each other across ligaments."""

BETWEEN_MM = 5.0
"""The widest gap whose voxels are labelled: past the joint's own, so that its rim is not cut by a voxel's whim."""

OPPOSED = -0.3
"""Largest cosine between the directions to the two bones at which a voxel lies between them, not at their rim."""

CUT_MM = 2.0
"""Width of the gap that is cut where bones touch: two voxels of a millimetre map. It stands for no measurement."""

TOUCHING_SHARE = 0.1
"""From which share in contact the joint's gap is called synthesised: below it, touches are few and far between."""

SMALL_SHARE = 0.02
"""Pieces of gap smaller than this share of the largest are no joint: corners where the bones happen to be near."""


@dataclass(frozen=True, slots=True)
class CutGap:
    """Labels in which the joints are voxels of their own, and by side whether and how far the bones touched.

    `fused_share` is the share of the joint's area on which the bones touch in the input; a map that lets bones touch
    everywhere and a fused joint look alike here, so the caller, who knows the input, tells them apart.
    """

    labels: NDArray[np.uint8]
    synthesised: Mapping[Side, bool]
    fused_share: Mapping[Side, float]


def cut_gap(labels: NDArray[np.uint8], spacing_mm: float) -> CutGap:
    """The joints' gaps as `LEFT_GAP` and `RIGHT_GAP` on a copy of the labels (i, j, k); bones no longer touch.

    Gap is the background between facing sacrum and ilium up to `BETWEEN_MM` wide. Where the bones touch, even at a
    voxel's corner, contact voxels become gap: bone of both sides where two voxels make no more than `CUT_MM`, else of
    the sacrum alone, whose cartilage is the thicker. A side without a hip, or out of reach of it, is left as it is,
    with neither gap nor contact.
    """
    out = labels.copy()
    synthesised: dict[Side, bool] = {}
    shares: dict[Side, float] = {}
    for side in HIP_OF:
        synthesised[side], shares[side] = False, 0.0
        crop = _crop(labels, HIP_OF[side], spacing_mm)
        if crop is None:
            continue
        shares[side] = _cut_side(out[crop], HIP_OF[side], GAP_OF[side], spacing_mm)
        synthesised[side] = shares[side] >= TOUCHING_SHARE
    return CutGap(out, synthesised, shares)


def joint_of(
    side: Side,
    labels: NDArray[np.uint8],
    spacing_mm: float,
    low_mm: Floats,
    synthesised: bool,
    fused_share: float,
    *,
    uncut: NDArray[np.uint8] | None = None,
) -> Joint:
    """One joint of labels with cut gaps (i, j, k), voxel (0, 0, 0) centred at `low_mm` (3,) of the pelvic frame.

    Surfaces lie between voxels where the smoothed masks pass one half; the gap at a point midway is the sum of its
    distances to both. `area_mm2` is the mid-surface's on which the bones face each other with a gap below
    `JOINT_MM`, largest piece. Raises InputError where sacrum and hip bone do not come near each other.
    """
    gap = labels == GAP_OF[side]
    where = np.argwhere(gap)
    if not len(where):
        raise _no_joint(side)
    reach = int(np.ceil(BETWEEN_MM / spacing_mm)) + 4
    low = np.maximum(where.min(axis=0) - reach, 0)
    high = np.minimum(where.max(axis=0) + reach + 1, labels.shape)
    crop = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    start = np.asarray(low_mm + low * spacing_mm, dtype=np.float64)
    bones = labels[crop] if uncut is None else uncut[crop]
    first = surface_of(bones == SACRUM, spacing_mm, start)
    second = surface_of(bones == HIP_OF[side], spacing_mm, start)
    band = grown(gap[crop], 2, EVERY_WAY)
    patch = None
    if first is not None and second is not None:
        patch = middle_patch(first, second, band, spacing_mm, start, JOINT_MM)
    if patch is None:
        raise _no_joint(side)
    area = float(patch.areas_mm2.sum())
    weights = patch.areas_mm2[:, None] / area
    return Joint(
        side=side,
        points_mm=patch.points_mm,
        normals=patch.normals,
        gap_mm=patch.gap_mm,
        area_mm2=area,
        centre_mm=(weights * patch.points_mm).sum(axis=0),
        normal=unit((weights * patch.normals).sum(axis=0)),
        synthesised=synthesised,
        fused_share=fused_share,
        areas_mm2=patch.areas_mm2,
    )


def _no_joint(side: Side) -> InputError:
    return InputError(
        f"the {side} sacroiliac joint is not in the input: sacrum and {side} hip bone nowhere face each other",
        place=f"{side} joint",
        mend="give an image or surfaces that show both bones around the joint",
    )


def _crop(labels: NDArray[np.uint8], hip: int, spacing_mm: float) -> Part | None:
    """The part of the grid that both bones come near; None where one of them is missing or they lie apart."""
    first, second = part_of(labels, SACRUM), part_of(labels, hip)
    if first is None or second is None:
        return None
    reach = int(np.ceil(BETWEEN_MM / spacing_mm)) + 2
    parts: list[slice] = []
    for a, b, length in zip(first, second, labels.shape, strict=True):
        low, high = max(a.start, b.start) - reach, min(a.stop, b.stop) + reach
        if low >= high:
            return None
        parts.append(slice(max(low, 0), min(high, length)))
    return parts[0], parts[1], parts[2]


def _cut_side(out: NDArray[np.uint8], hip: int, code: int, spacing_mm: float) -> float:
    """Writes one side's gap into its part of the labels; gives the share of the joint on which the bones touch."""
    sacrum, ilium = out == SACRUM, out == hip
    between = _between(out, sacrum, ilium, spacing_mm)
    touching = _faces(sacrum, ilium)
    facing = _faces(sacrum, between)
    layers = max(round(CUT_MM / spacing_mm), 1)
    cut = _layer(sacrum, ilium, (layers + 1) // 2) | _layer(ilium, sacrum, layers // 2)
    # voxels that meet in an edge or a corner would still share a node of any mesh made of them
    cut |= (sacrum & ~cut) & grown(ilium & ~cut, 1, EVERY_WAY)
    out[between | cut] = code
    out[_enclosed(out, code)] = code
    return touching / (touching + facing) if touching + facing else 0.0


def _between(labels: NDArray[np.uint8], sacrum: Mask, ilium: Mask, spacing_mm: float) -> Mask:
    """Background voxels that lie between the two bones."""
    to_sacrum, to_ilium = away_mm(sacrum, spacing_mm), away_mm(ilium, spacing_mm)
    # distances run to voxel centres: half a voxel on each side is bone
    near = (labels == BACKGROUND) & (to_sacrum + to_ilium - spacing_mm < BETWEEN_MM)
    cosine, lengths = np.zeros(np.count_nonzero(near)), np.ones(np.count_nonzero(near))
    parts = [[np.gradient(field, axis=axis)[near] for axis in range(3)] for field in (to_sacrum, to_ilium)]
    for first, second in zip(*parts, strict=True):
        cosine += first * second
    for part in parts:
        lengths *= np.sqrt(sum((each**2 for each in part), start=np.zeros(len(lengths))))
    found = near.copy()
    found[near] = cosine < OPPOSED * lengths
    numbers, _ = pieces(found, EVERY_WAY)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= max(SMALL_SHARE * sizes.max(), 1))[numbers], dtype=np.bool_)


def _enclosed(labels: NDArray[np.uint8], code: int) -> Mask:
    """Background that the gap and the two bones shut in, and that lies on the gap: pockets of a coarse map's joint."""
    numbers, count = pieces(labels == BACKGROUND)
    keep = np.zeros(count + 1, dtype=np.bool_)
    keep[np.unique(numbers[grown(labels == code)])] = True
    for axis in range(3):
        ends = np.moveaxis(numbers, axis, 0)[[0, -1]]
        keep[np.unique(ends)] = False
    keep[0] = False
    return keep[numbers]


def _faces(first: Mask, second: Mask) -> int:
    """In how many voxel faces the two masks meet."""
    count = 0
    for axis in range(3):
        a, b = np.moveaxis(first, axis, 0), np.moveaxis(second, axis, 0)
        count += int(np.count_nonzero(a[:-1] & b[1:]) + np.count_nonzero(b[:-1] & a[1:]))
    return count


def _layer(bone: Mask, other: Mask, depth: int) -> Mask:
    """Voxels of a bone that touch the other through a face, and the bone within `depth` voxels of the contact."""
    if depth == 0:
        return np.zeros(bone.shape, dtype=np.bool_)
    contact = bone & grown(other)
    if depth > 1:
        contact = bone & grown(contact, depth - 1)
    return contact
