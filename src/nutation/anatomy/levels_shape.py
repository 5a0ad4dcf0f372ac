"""The bodies of the upper sacrum in its straight box: walls, upper endplate, width, length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nutation.anatomy.openings_box import BOX_MM, SacralBox
from nutation.anatomy.openings_masks import evened, steps
from nutation.anatomy.pelvis import CANAL, Openings
from nutation.anatomy.space import Floats, Mask

STRIP_MM = 6.0
"""Half of the midline strip in which the bodies are read: within the canal's width."""

PLATE_FROM_MM, PLATE_SURE_MM = 3.0, 12.0
"""Stretch behind the promontory that surely is endplate: past its rounded lip, short of any body's back."""

LEAVES_MM = 3.0
"""The endplate ends where the profile leaves its line by this much."""


TAPER = 0.16
"""Share of the endplate's depth that bodies lose per endplate depth downwards: the mean of the 15 atlas pelvises."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """The bodies in the midline, by height index of the box (arrays (n,), nan where not known).

    `front` and `back` are depth indices of a body's walls; `back` is the canal's front wall and known only where the
    canal is shown. `endplate` (2,) is the endplate's centre (depth, height), `plate_mm` its depth from front to back.
    """

    front: Floats
    back: Floats
    endplate: Floats
    plate_mm: float

    def middle(self, height: float) -> float:
        """Depth index of the body's middle at a height index: halfway to the canal, else half an endplate behind."""
        at = int(np.clip(round(height), 0, len(self.front) - 1))
        near = slice(max(at - 3, 0), at + 4)
        front = (
            float(np.nanmedian(self.front[near])) if (~np.isnan(self.front[near])).any() else float(self.endplate[0])
        )
        back = self.back[near]
        if (~np.isnan(back)).any():
            return (front + float(np.nanmedian(back))) / 2
        down = max(float(self.endplate[1]) - height, 0.0) * BOX_MM
        depth = self.plate_mm * (1 - TAPER * min(down / max(self.plate_mm, 1.0), 2.0))
        return front + depth / BOX_MM / 2


def bodies_of(
    box: SacralBox, openings: Openings, spacing_mm: float, low_mm: Floats, endplate_mm: Floats | None
) -> Bodies:
    """Read the bodies; `endplate_mm` (3,) is the endplate's centre in the pelvic frame where it is already known."""
    middle = round(box.middle)
    half = int(STRIP_MM / BOX_MM)
    strip = box.bone[max(middle - half, 0) : middle + half + 1]
    slab = np.asarray(strip.mean(axis=0) >= 0.5, dtype=np.bool_)
    front = np.where(slab.any(axis=0), slab.argmax(axis=0), np.nan)
    back = _canal_front(box, openings, spacing_mm, low_mm)
    centre, plate = _endplate(box, slab)
    if endplate_mm is not None:
        centre = box.index(endplate_mm[None])[0][1:]
    return Bodies(np.asarray(front, dtype=np.float64), back, centre, plate)


def _canal_front(box: SacralBox, openings: Openings, spacing_mm: float, low_mm: Floats) -> Floats:
    """Depth index of the canal's front wall in the midline strip at each height index; nan where not shown."""
    wall = np.full(box.bone.shape[2], np.nan)
    voxels = np.argwhere(openings.labels == CANAL)
    if not len(voxels):
        return wall
    index = box.index(low_mm + voxels * spacing_mm)
    index = index[np.abs(index[:, 0] - box.middle) * BOX_MM <= STRIP_MM / 2]
    heights = np.round(index[:, 2]).astype(int)
    for height in np.unique(heights):
        if 0 <= height < len(wall):
            # bone ends half a voxel before the first open one
            wall[height] = np.quantile(index[heights == height, 1], 0.1) - 0.5 * spacing_mm / BOX_MM
    known = ~np.isnan(wall)
    wall[known] = evened(wall[known], 5)
    return wall


def _endplate(box: SacralBox, slab: Mask) -> tuple[Floats, float]:
    """Centre (depth, height) of the endplate's line behind the promontory, and its length in mm."""
    start = box.index(box.promontory_mm[None])[0]
    depths = steps(slab.shape[0], max(round(start[1]), 0)).astype(np.int64)
    columns = slab[depths]
    filled = columns.any(axis=1)
    tops = np.where(filled, columns.shape[1] - 1 - columns[:, ::-1].argmax(axis=1), np.nan)
    run: Floats = (depths - start[1]) * BOX_MM
    fit = filled & (run >= PLATE_FROM_MM) & (run <= PLATE_SURE_MM)
    if fit.sum() < 5:
        return np.array([start[1], start[2]]), 0.0
    last = PLATE_SURE_MM
    slope, offset = _robust_line(run[fit], tops[fit])
    for at, top in zip(run, tops, strict=True):
        if at <= last:
            continue
        if not abs(top - (slope * at + offset)) * BOX_MM <= LEAVES_MM:
            break
        last = float(at)
        fit = filled & (run >= PLATE_FROM_MM) & (run <= last)
        slope, offset = _robust_line(run[fit], tops[fit])
    centre = np.array([start[1] + last / 2 / BOX_MM, slope * last / 2 + offset])
    return centre, last * float(np.sqrt(1 + (slope * BOX_MM) ** 2))


def _robust_line(run: Floats, tops: Floats) -> tuple[float, float]:
    """Slope and offset of the line that most of the points lie along."""
    first, second = np.triu_indices(len(run), k=4)
    slope = float(np.median((tops[second] - tops[first]) / (run[second] - run[first])))
    return slope, float(np.median(tops - slope * run))


def width_mm(box: SacralBox) -> float:
    """The sacrum's greatest width, side to side."""
    sides = np.flatnonzero(box.bone.any(axis=(1, 2)))
    return float(sides[-1] - sides[0] + 1) * BOX_MM


def length_below_mm(box: SacralBox, below_mm: float) -> float:
    """How far the bone in the midline goes on below a level that lies so far below the promontory, straight or bent."""
    middle = round(box.middle)
    strip = np.argwhere(box.bone[middle - 3 : middle + 4].any(axis=0))
    start = box.top - below_mm / BOX_MM
    lower = strip[strip[:, 1] < start]
    if not len(lower):
        return 0.0
    # a sacrum that bends goes on sideways in the box: what it spans counts
    return float(max(start - lower[:, 1].min(), np.ptp(lower[:, 0]) / 2)) * BOX_MM
