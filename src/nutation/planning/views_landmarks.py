"""What a fluoroscopic view is set by, read from this pelvis: notches, alar lines, anterior sacral wall, foramina.

All points are in the pelvic frame, millimetres. What a pelvis does not show comes back as None, never as a guess.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import CANAL, FORAMINA, GAP_OF, HIP_OF, SACRUM, Level, LevelBand, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask, unit
from nutation.planning.fluoroscopy_filters import depth_inside, filled, pieces, sampled

_MIDLINE_MM = 6.0  # half of the strip over which the sacral wall is averaged: finer than a voxel, inside the body
_ALONG_NOTCH_MM = 30.0  # the notch's roof, which both sides show; further back the posterior spines differ
_NOTCH_STEP_MM = 2.0
_SAME_WALL_MM = 10.0  # more than a wall's own slope over the height of a body's middle part
_COLUMN_MM = 15.0  # above and below the notch's apex: where the anterior inferior spine stands out
_SEARCH_MM = 60.0  # before and behind a body's middle: the whole sacrum, not the next bend of it
_EDGE_SHARES = np.linspace(0.1, 0.9, 9)  # the joint's edge between its two ends, which are the least certain


def points_of(pelvis: Pelvis, mask: Mask) -> Floats:
    """The centres (n, 3) of the voxels of a mask."""
    return np.argwhere(mask) * pelvis.spacing_mm + pelvis.low_mm


def whole(values: Floats) -> NDArray[np.int64]:
    """Rounded to whole numbers."""
    return np.asarray(np.rint(values), dtype=np.int64)


def voxels_of(pelvis: Pelvis, points_mm: Floats) -> NDArray[np.int64]:
    """The voxels (n, 3) in which points (n, 3) lie."""
    return whole(pelvis.index(points_mm))


def midline_x(pelvis: Pelvis) -> float:
    """Where the sacrum's middle lies across the pelvis: between its left and right edge at the S1 level."""
    mask, low = crop_of(pelvis, SACRUM)
    band = pelvis.levels.bands.get("s1")
    near = np.ones(mask.shape[1:], dtype=np.bool_)
    if band is not None:
        away = low - band.centre_mm
        y, z = np.indices(mask.shape[1:], dtype=np.float64) * pelvis.spacing_mm
        along = (away[1] + y) * band.axis[1] + (away[2] + z) * band.axis[2]
        near = np.abs(along) < (band.upper_mm - band.lower_mm) / 2
    filled_x = np.flatnonzero(mask[:, near].any(axis=1))
    if not len(filled_x):
        filled_x = np.flatnonzero(mask.any(axis=(1, 2)))
    ends = (filled_x[0], filled_x[-1]) if len(filled_x) else (0, 0)
    return float(low[0] + (ends[0] + ends[1]) / 2 * pelvis.spacing_mm)


def crop_of(pelvis: Pelvis, *codes: int) -> tuple[Mask, Floats]:
    """The voxels of these codes in the smallest box that holds them, and the centre of the box's first voxel."""
    mask = pelvis.labels == codes[0]
    for code in codes[1:]:
        mask = mask | (pelvis.labels == code)
    first = np.zeros(3)
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        there = np.flatnonzero(mask.any(axis=others))
        if not len(there):
            return np.zeros((1, 1, 1), dtype=np.bool_), pelvis.low_mm
        first[axis] = there[0]
        kept = [slice(None)] * 3
        kept[axis] = slice(int(there[0]), int(there[-1]) + 1)
        mask = mask[tuple(kept)]
    return np.asarray(mask, dtype=np.bool_), pelvis.low_mm + first * pelvis.spacing_mm


def front_of(pelvis: Pelvis, band: LevelBand, across_mm: Floats, along_mm: Floats) -> Floats:
    """The sacrum's front surface at one level: points (len(along), len(across), 3), nan where there is none.

    Rays run backwards, square to the level's axis, at x = `across_mm` and at `along_mm` on the axis; the surface is
    where they enter bone, between voxels by linear interpolation.
    """
    mask, low = crop_of(pelvis, SACRUM)
    axis = unit(np.array([0.0, band.axis[1], band.axis[2]]))
    back = np.array([0.0, axis[2], -axis[1]])
    step = pelvis.spacing_mm / 2
    depths = np.arange(-_SEARCH_MM, _SEARCH_MM, step)
    starts = band.centre_mm + along_mm[:, None, None] * axis + np.zeros((1, len(across_mm), 1))
    starts[:, :, 0] = across_mm
    rays = starts[:, :, None, :] + depths[:, None] * back
    index = (rays.reshape(-1, 3) - low) / pelvis.spacing_mm
    values = sampled(mask.astype(np.float32), index, 1, 0.0).reshape(rays.shape[:3])
    bony = values >= 0.5
    first = bony.argmax(axis=2)
    hit = bony.any(axis=2) & (first > 0)
    here = np.take_along_axis(values, first[..., None], axis=2)[..., 0]
    before = np.take_along_axis(values, np.maximum(first - 1, 0)[..., None], axis=2)[..., 0]
    share = np.where(hit, (here - 0.5) / np.maximum(here - before, 1e-6), 0.0)
    depth = depths[first] - share * step
    points = starts + depth[..., None] * back
    # A surface far behind the front one at the same x is another: the hind part of the sacrum, seen above the ala.
    foremost = np.where(hit, depth, np.inf).min(axis=0)
    points[~hit | (depth > foremost + _SAME_WALL_MM)] = np.nan
    return points


def sacral_wall(pelvis: Pelvis, band: LevelBand) -> Floats | None:
    """The anterior wall of one sacral body in the midline, points (n, 3) from above downwards.

    Averaged over the strip beside the midline, so that it is finer than a voxel; None where there is no wall.
    """
    middle = midline_x(pelvis)
    across = np.arange(middle - _MIDLINE_MM, middle + _MIDLINE_MM + 0.1, pelvis.spacing_mm)
    along = np.arange(band.upper_mm, band.lower_mm, -pelvis.spacing_mm)
    points = front_of(pelvis, band, across, along)
    there = ~np.isnan(points[..., 0])
    rows = there.mean(axis=1) >= 0.5
    if rows.sum() < 4:
        return None
    wall = np.nanmean(points[rows], axis=1)
    wall[:, 0] = middle
    if band.level == "s1":
        # Above the most anterior point lies the endplate's rim, not the wall.
        wall = wall[int(wall[: len(wall) // 2, 1].argmin()) :]
    return wall


def alar_line(pelvis: Pelvis, side: Side) -> Floats | None:
    """The joint's anterior edge (n, 3) from above downwards: on a lateral view the iliac cortical density.

    Given at fixed shares of its length, so that left and right correspond.
    """
    joint = pelvis.joints.get(side)
    if joint is None or len(joint.points_mm) < 20:
        return None
    points = joint.points_mm
    bins = whole((points[:, 2] - points[:, 2].min()) / 2.0)
    edge = np.array([points[bins == b][points[bins == b][:, 1].argmin()] for b in np.unique(bins)])[::-1]
    return resampled(edge, _EDGE_SHARES)


def resampled(line: Floats, shares: Floats) -> Floats:
    """Points at these shares of a line's length."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    reach = np.concatenate([[0.0], np.cumsum(steps)])
    at = shares * reach[-1]
    columns: list[Floats] = [np.interp(at, reach, line[:, axis]) for axis in range(3)]
    return np.stack(columns, axis=1)


def notch_roof(pelvis: Pelvis, side: Side) -> Floats | None:
    """The greater sciatic notch seen from the side, from its apex upwards and backwards, (n, 3) at even steps.

    It is the deepest bay in the hind border of the hip bone's outline; None where the outline has no such bay.
    """
    from skimage import measure, morphology

    hip = pelvis.bone(HIP_OF[side], GAP_OF[side])
    if not hip.any():
        return None
    outline: Mask = np.pad(filled(np.asarray(hip.any(axis=0), dtype=np.bool_)), 2)
    hull: Mask = np.asarray(cast("Any", morphology).convex_hull_image(outline), dtype=np.bool_)
    bay = _hind_bay(outline, hull)
    if bay is None:
        return None
    depth = np.where(bay, depth_inside(hull), 0)
    apex = np.array(np.unravel_index(int(depth.argmax()), depth.shape), dtype=float)
    contours = cast("list[Floats]", cast("Any", measure).find_contours(outline.astype(float), 0.5))
    contour = max(contours, key=len)
    start = int(np.linalg.norm(contour - apex, axis=1).argmin())
    ring = np.roll(contour[:-1] if np.allclose(contour[0], contour[-1]) else contour, -start, axis=0)
    length = round(_ALONG_NOTCH_MM / pelvis.spacing_mm * 1.5)
    ways = (ring[:length], np.concatenate([ring[:1], ring[::-1][:length]]))
    roof = max(ways, key=lambda way: float(way[: length // 2, 1].mean()))
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(roof, axis=0), axis=1))]) * pelvis.spacing_mm
    at = np.arange(0.0, min(_ALONG_NOTCH_MM, steps[-1]), _NOTCH_STEP_MM)
    flat = np.stack([np.interp(at, steps, roof[:, axis]) for axis in range(2)], axis=1) - 2
    return _lifted(pelvis, hip, flat)


def _hind_bay(outline: Mask, hull: Mask) -> Mask | None:
    """The largest bay of an outline [y, z] that opens backwards."""
    numbered, count = pieces(hull & ~outline)
    best: Mask | None = None
    for number in range(1, count + 1):
        bay = numbered == number
        where = np.argwhere(bay)
        rows = slice(int(where[:, 1].min()), int(where[:, 1].max()) + 1)
        bone = np.argwhere(outline[:, rows])[:, 0].mean()
        if where[:, 0].mean() > bone and (best is None or bay.sum() > best.sum()):
            best = bay
    return best


def _lifted(pelvis: Pelvis, hip: Mask, flat: Floats) -> Floats:
    """Points [y, z] of an outline, back in space: at the middle of the bone that makes the outline there."""
    spacing, low = pelvis.spacing_mm, pelvis.low_mm
    lifted: list[Floats] = []
    for y, z in flat:
        j, k = round(y), round(z)
        around = hip[:, max(0, j - 2) : j + 3, max(0, k - 2) : k + 3].any(axis=(1, 2))
        x = np.flatnonzero(around).mean() if around.any() else np.nan
        lifted.append(np.array([x, y, z]) * spacing + low)
    points = np.array(lifted)
    return points[~np.isnan(points[:, 0])]


def foramen_codes(level: Level) -> dict[Side, int]:
    """The codes of one level's foramina in `Openings.labels`."""
    return {"left": FORAMINA[f"{level}_foramen_left"], "right": FORAMINA[f"{level}_foramen_right"]}


def opening(pelvis: Pelvis, code: int) -> Mask | None:
    """The voxels of the canal or of a foramen; None where the input does not show it."""
    names = {number: name for name, number in FORAMINA.items()} | {CANAL: "canal"}
    if names[code] not in pelvis.openings.seen:
        return None
    mask = pelvis.openings.labels == code
    return mask if mask.any() else None


def s2_height_mm(pelvis: Pelvis) -> tuple[Floats, str] | None:
    """The point (3,) on which the symphysis is to fall in the outlet view, and what it was read from."""
    band = pelvis.levels.bands.get("s2")
    found = [m for code in foramen_codes("s2").values() if (m := opening(pelvis, code)) is not None]
    if len(found) == 2:
        middle = np.mean([points_of(pelvis, mask).mean(axis=0) for mask in found], axis=0)
        return np.asarray(middle, dtype=np.float64), "the middle between the S2 foramina"
    if band is not None:
        return band.centre_mm, "the middle of the S2 body"
    return None


def hip_normal(pelvis: Pelvis, side: Side) -> Floats:
    """The direction (3,) in which the ilium above the notch is thinnest: across its wing, outwards."""
    mask, low = crop_of(pelvis, HIP_OF[side])
    ilium = np.argwhere(mask) * pelvis.spacing_mm + low
    high = ilium[ilium[:, 2] > np.median(ilium[:, 2])]
    axes = np.linalg.svd(high - high.mean(axis=0), full_matrices=False)[2]
    outward = 1.0 if side == "left" else -1.0
    return axes[2] * np.sign(axes[2][0]) * outward


def column_front(pelvis: Pelvis, side: Side, apex: Floats) -> Floats:
    """The front end (3,) of the bone above the hip joint: the most anterior point about as high as the notch."""
    mask, low = crop_of(pelvis, HIP_OF[side])
    hip = np.argwhere(mask) * pelvis.spacing_mm + low
    level = hip[np.abs(hip[:, 2] - apex[2]) <= _COLUMN_MM]
    front = level[level[:, 1] <= level[:, 1].min() + pelvis.spacing_mm]
    return np.asarray(front.mean(axis=0), dtype=np.float64)


def solid_of(pelvis: Pelvis, side: Side) -> Mask:
    """Bone that an implant of this side may run in: sacrum, this side's gap and hip."""
    return pelvis.bone(SACRUM, GAP_OF[side], HIP_OF[side])


def closed_mask(flags: NDArray[np.bool_]) -> Mask:
    """The largest connected piece of a mask."""
    numbered, count = pieces(flags)
    if count == 0:
        return flags
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    return numbered == int(sizes.argmax())
