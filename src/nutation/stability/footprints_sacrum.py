"""The sacrum's own measure: how far down it a point lies, level by level, and where its lateral border runs.

Below S2 nothing counts the segments in an image of bones, so S3 to S5 are laid out as shares of the length of S1 and
S2 together (evidence: `sacral_lengths`). Lengths run along the sacrum's middle line, which is bent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nutation.anatomy.pelvis import SACRUM, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask, unit
from nutation.evidence import load
from nutation.stability.footprints_surface import BoneSurface, nearest

STEP_MM = 4.0
"""Distance between the points of the middle line: a slice holds enough voxels of a 3 mm grid."""

DEGREE, FINE_MM = 3, 1.0
"""The middle line is a curve of this degree through the slices' middles, drawn so finely: a sacrum bends once, and
single slices are uneven."""

SMALLER, ABOVE_MM = 0.45, 8.0
"""The sacrum is shown down to where its section has this share of what it has so far above: a corner that an oblique
cut leaves is no sacrum, and the tapering end of a whole one loses a few millimetres."""

NARROWER = 0.75
"""A place of the lateral border this much nearer the middle than the one above it is a corner of the cut."""

SLICE_MM = 2.5
"""Half the thickness of the slice from which a place of the border is read."""

OUTERMOST_MM = 5.0
"""What lies within this of the outermost point of a slice counts for its border, the further out the more: no single
voxel sets it."""

SIGN: dict[Side, float] = {"left": 1.0, "right": -1.0}
"""Which way x runs outwards."""


@dataclass(frozen=True, slots=True)
class SacralMeasure:
    """The middle line of the sacrum with the heights of its levels.

    `line_mm` (k, 3) runs from the S1 endplate downwards in the median plane, `down_mm` (k,) is how far down each point
    lies: 0 at the border of S2 and S3, negative above. `up` (3,) is the axis of S1 and S2, `front` (3,) at right angles
    to it, towards the pelvic cavity. `upper_mm` is the length of S1 and S2, `s2_mm` that of S2. `levels_mm` holds the
    lowest place of S3, S4 and S5; `reach_mm` how far down the
    image shows bone.
    """

    line_mm: Floats
    down_mm: Floats
    up: Floats
    front: Floats
    upper_mm: float
    s2_mm: float
    levels_mm: tuple[float, float, float]
    reach_mm: float

    def down(self, points_mm: Floats) -> Floats:
        """How far down the sacrum points (n, 3) lie, (n,): along the middle line, beyond its ends along tangents."""
        _, which = nearest(self.line_mm, points_mm)
        inner = np.clip(which, 1, len(self.line_mm) - 2)
        tangent = unit(self.line_mm[inner + 1] - self.line_mm[inner - 1])
        along = np.einsum("nc,nc->n", points_mm - self.line_mm[which], tangent)
        return np.asarray(self.down_mm[which] + along, dtype=np.float64)


def sacral_measure(pelvis: Pelvis) -> SacralMeasure | None:
    """The measure of this sacrum; None where its levels were not found."""
    bands = pelvis.levels.bands
    if "s1" not in bands or "s2" not in bands:
        return None
    first, second = bands["s1"], bands["s2"]
    up = unit(first.axis + second.axis)
    up = unit(np.array([0.0, up[1], up[2]]))
    border = second.centre_mm + second.axis * second.lower_mm
    top = first.centre_mm + first.axis * first.upper_mm
    line = _middle_line(pelvis, top, border, up)
    if line is None:
        return None
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    zero = steps[int(nearest(line, border[None])[1][0])]
    upper = float((first.upper_mm - first.lower_mm) + (second.upper_mm - second.lower_mm))
    shares = load().entry("sacral_lengths")
    third, fourth, fifth = (upper * shares.number(name) for name in ("s3", "s4", "s5"))
    down = steps - zero
    return SacralMeasure(
        line_mm=line,
        down_mm=down,
        up=up,
        front=np.array([0.0, -up[2], up[1]]),
        upper_mm=upper,
        s2_mm=float(second.upper_mm - second.lower_mm),
        levels_mm=(third, third + fourth, third + fourth + fifth),
        reach_mm=float(down[-1]),
    )


def _middle_line(pelvis: Pelvis, top: Floats, border: Floats, up: Floats) -> Floats | None:
    """Points (k, 3) in the median plane down the middle of the sacrum, `FINE_MM` apart along the axis; the last where
    the image ends it."""
    index = np.argwhere(pelvis.labels == SACRUM)
    points = pelvis.low_mm + index * pelvis.spacing_mm
    below = (top - points) @ up
    end = _end(below)
    if float((top - border) @ up) > end or end < 5 * STEP_MM:
        return None
    places = np.arange(STEP_MM / 2, end, STEP_MM)
    middles = np.array([points[np.abs(below - at) < STEP_MM / 2].mean(axis=0) for at in places])
    fine = np.append(np.arange(0.0, end, FINE_MM), end)
    bent = [np.polyval(np.polyfit(places, middles[:, axis], DEGREE), fine) for axis in (1, 2)]
    return np.asarray(np.stack([np.zeros(len(fine)), *bent], axis=1), dtype=np.float64)


def _end(below: Floats) -> float:
    """How far below the top voxels (n,) show a sacrum."""
    places = np.arange(ABOVE_MM, float(below.max()) + 1.0)
    ordered = np.sort(below)
    sections = _count(ordered, places) / np.maximum(_count(ordered, places - ABOVE_MM), 1)
    enough = np.flatnonzero(sections >= SMALLER)
    return float(places[enough[-1]]) if len(enough) else 0.0


def _count(ordered: Floats, places: Floats) -> Floats:
    """How many of the ordered values lie in the slice around each place."""
    half = STEP_MM / 2
    inside = np.searchsorted(ordered, places + half) - np.searchsorted(ordered, places - half)
    return np.asarray(inside, dtype=np.float64)


def lateral_border(surface: BoneSurface, measure: SacralMeasure, side: Side, low: float, high: float) -> Floats:
    """Places (k, 3) of the sacrum's outermost edge on one side, between two places down it (mm), STEP_MM apart."""
    down = measure.down(surface.points_mm)
    outward = surface.points_mm[:, 0] * SIGN[side]
    found: list[Floats] = []
    for at in np.arange(low, high + 1e-9, STEP_MM / 2):
        here = np.abs(down - at) < SLICE_MM
        if not here.any():
            continue
        widest = float(outward[here].max())
        if found and widest < NARROWER * found[-1][0] * SIGN[side]:
            break
        found.append(outermost(surface, here, outward))
    return np.array(found).reshape(-1, 3)


def outermost(surface: BoneSurface, of: Mask, outward: Floats) -> Floats:
    """The place (3,) where the surface points chosen by `of` reach furthest outwards (their `outward`, (n,))."""
    share = surface.areas_mm2[of] * np.clip(outward[of] - float(outward[of].max()) + OUTERMOST_MM, 0.0, None)
    return np.asarray(share @ surface.points_mm[of] / share.sum(), dtype=np.float64)


def half_width(surface: BoneSurface, measure: SacralMeasure, side: Side, down_mm: Floats) -> Floats:
    """Half the sacrum's width (n,) on one side at places down it (n,)."""
    down = measure.down(surface.points_mm)
    outward = surface.points_mm[:, 0] * SIGN[side]
    places = np.arange(float(down.min()), float(down.max()) + STEP_MM, STEP_MM)
    widths = np.array([outward[np.abs(down - at) < STEP_MM].max(initial=0.0) for at in places])
    return np.asarray(np.interp(down_mm, places, widths), dtype=np.float64)
