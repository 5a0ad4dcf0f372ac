"""The lines that a fluoroscopic view is read by: bone's edges and openings, projected from three dimensions.

A line that no pin may cross is `forbidden`. Each is computed from the bone itself, as the innermost edge at the level
where implants run: the outline that the eye follows on the image can lie further out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import CANAL, SACRUM, Level, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask
from nutation.planning.fluoroscopy import Attenuation, Camera, shadow
from nutation.planning.plan import STRUCTURES, Structure
from nutation.planning.views_landmarks import (
    alar_line,
    closed_mask,
    crop_of,
    foramen_codes,
    front_of,
    midline_x,
    notch_roof,
    opening,
    points_of,
    sacral_wall,
    solid_of,
    voxels_of,
    whole,
)

_COARSE_PIXELS = 256  # outlines of openings are traced at half the picture's grain, to a third of a millimetre
_LEVEL_SHARE = 0.6  # the middle part of a level's height, in which implants run
_HALF_BODY_MM = 12.0  # half of a body's width, inside the foramina
_BODY_DEPTH_MM = 12.0  # behind a body's middle: to its hind wall, short of the joint processes
_CROSS_MM = 9.0
_HALF_SACRUM_MM = 40.0  # where no joint is known: within the sacrum at its narrowest
_MEDIAN = 5  # neighbours over which an edge is smoothed: takes voxel stairs off, keeps bends


@dataclass(frozen=True, slots=True)
class Line:
    """A line on the image: pixels (n, 2) as (column, row), what it is in words, and the structure that it bounds."""

    name: str
    pixels: Floats
    structure: Structure | None
    forbidden: bool
    closed: bool = False


def alar_lines(pelvis: Pelvis, side: Side, camera: Camera) -> list[Line]:
    """Lateral: the alar lines of both sides, to be brought together."""
    other: Side = "right" if side == "left" else "left"
    lines: list[Line] = []
    for which in (side, other):
        edge = alar_line(pelvis, which)
        if edge is not None:
            lines.append(Line(f"alar line {which} (iliac cortical density)", camera.project(edge), None, False))
    return lines


def notch_lines(pelvis: Pelvis, sides: tuple[Side, ...], camera: Camera, *, forbidden: bool = False) -> list[Line]:
    """The roofs of the greater sciatic notches."""
    lines: list[Line] = []
    for side in sides:
        roof = notch_roof(pelvis, side)
        if roof is not None:
            name = f"greater sciatic notch {side}"
            lines.append(Line(name, camera.project(roof), "notch" if forbidden else None, forbidden))
    return lines


def ala_front(pelvis: Pelvis, side: Side, camera: Camera) -> list[Line]:
    """Lateral: the front of the sacral ala on the operated side, innermost between the joint and the foramina."""
    solid = _through_ala(pelvis, side)
    if solid is None:
        return []
    mask, x = solid
    heights = np.flatnonzero(mask.any(axis=0))[::-1]
    front = _smooth(mask[:, heights].argmax(axis=0) - 0.5)
    points = np.stack([np.full(len(heights), 0.0), front, heights], axis=1) * pelvis.spacing_mm + pelvis.low_mm
    points[:, 0] = x
    return [Line("ala's front edge", camera.project(points), "anterior_sacrum", True)]


def _through_ala(pelvis: Pelvis, side: Side) -> tuple[Mask, float] | None:
    """Where bone runs all the way through the ala sideways, [y, z], and the middle of that way (x, mm)."""
    joint = pelvis.joints.get(side)
    if joint is None or not len(joint.points_mm):
        return None
    middle, sign = midline_x(pelvis), (1.0 if side == "left" else -1.0)
    outer = float(np.median(np.abs(joint.points_mm[:, 0] - middle)))
    inner = 0.5 * outer
    foramen = opening(pelvis, foramen_codes("s1")[side])
    if foramen is not None:
        inner = min(float(np.abs(points_of(pelvis, foramen)[:, 0] - middle).max()) + pelvis.spacing_mm, 0.8 * outer)
    ends = sorted((middle + sign * inner, middle + sign * outer))
    first, last = whole((np.array(ends) - pelvis.low_mm[0]) / pelvis.spacing_mm)
    mask = closed_mask(np.asarray(solid_of(pelvis, side)[first : last + 1].all(axis=0), dtype=np.bool_))
    return (mask, float(np.mean(ends))) if mask.any() else None


def body_front(pelvis: Pelvis, camera: Camera, levels: tuple[Level, ...] = ("s1", "s2")) -> list[Line]:
    """Lateral: the anterior walls of the sacral bodies in the midline."""
    walls = [sacral_wall(pelvis, pelvis.levels.bands[name]) for name in levels if name in pelvis.levels.bands]
    found = [wall for wall in walls if wall is not None]
    if not found:
        return []
    wall = np.concatenate(found)
    return [Line("bodies' anterior wall", camera.project(wall), "anterior_sacrum", True)]


def sacrum_front(pelvis: Pelvis, camera: Camera, level: Level) -> list[Line]:
    """Inlet: the front of the sacrum from joint to joint at one level, innermost over the height where implants run."""
    band = pelvis.levels.bands.get(level)
    if band is None:
        return []
    half = _LEVEL_SHARE * (band.upper_mm - band.lower_mm) / 2
    middle = (band.upper_mm + band.lower_mm) / 2
    along = np.arange(middle - half, middle + half + 0.1, pelvis.spacing_mm)
    points = front_of(pelvis, band, _from_joint_to_joint(pelvis), along)
    rows = camera.project(points.reshape(-1, 3))[:, 1].reshape(points.shape[:2])
    there = ~np.isnan(rows).all(axis=0)
    inner = np.where(np.isnan(rows), np.inf, rows)[:, there].argmin(axis=0)
    line = points[:, there][inner, np.arange(len(inner))]
    if len(line) < 3:
        return []
    line[:, 1], line[:, 2] = _smooth(line[:, 1]), _smooth(line[:, 2])
    return [Line(f"sacrum's front edge at {level.upper()}", camera.project(line), "anterior_sacrum", True)]


def body_edges(pelvis: Pelvis, camera: Camera) -> list[Line]:
    """Inlet: the anterior walls of the S1 and S2 bodies as edges, to be brought into one line."""
    found: list[Line] = []
    middle = midline_x(pelvis)
    across = np.arange(middle - _HALF_BODY_MM, middle + _HALF_BODY_MM + 0.1, pelvis.spacing_mm)
    for level, band in pelvis.levels.bands.items():
        points = front_of(pelvis, band, across, np.arange(band.lower_mm, band.upper_mm, pelvis.spacing_mm))
        rows = camera.project(points.reshape(-1, 3))[:, 1].reshape(points.shape[:2])
        there = ~np.isnan(rows).all(axis=0)
        outer = np.where(np.isnan(rows), -np.inf, rows)[:, there].argmax(axis=0)
        edge = points[:, there][outer, np.arange(len(outer))]
        if len(edge) >= 3:
            edge[:, 1], edge[:, 2] = _smooth(edge[:, 1]), _smooth(edge[:, 2])
            found.append(Line(f"{level.upper()} body's anterior wall", camera.project(edge), None, False))
    return found


def cross(name: str, point_mm: Floats, camera: Camera) -> Line:
    """A point to be brought onto another, as a small cross."""
    arm = _CROSS_MM / 2
    ends = np.array([[-arm, 0.0], [arm, 0.0], [0.0, 0.0], [0.0, -arm], [0.0, arm]])
    points = point_mm + ends[:, :1] * camera.across + ends[:, 1:] * camera.down
    return Line(name, camera.project(points), None, False)


def _from_joint_to_joint(pelvis: Pelvis) -> Floats:
    middle = midline_x(pelvis)
    reach = [abs(float(joint.centre_mm[0]) - middle) for joint in pelvis.joints.values()]
    half = min(reach) if reach else _HALF_SACRUM_MM
    return np.arange(middle - half, middle + half + 0.1, pelvis.spacing_mm)


def top_of_sacrum(pelvis: Pelvis, camera: Camera) -> list[Line]:
    """Outlet: the upper border of the sacrum, endplate and alae, as it appears."""
    sacrum, low = crop_of(pelvis, SACRUM)
    points = np.argwhere(sacrum) * pelvis.spacing_mm + low
    ends = _from_joint_to_joint(pelvis)
    points = points[(points[:, 0] >= ends[0]) & (points[:, 0] <= ends[-1])]
    band = pelvis.levels.bands.get("s1")
    if band is not None:
        # The joint processes stand higher, but behind: no implant runs there, and their tips are no border of it.
        back = np.array([0.0, band.axis[2], -band.axis[1]])
        points = points[(points - band.centre_mm) @ back <= _BODY_DEPTH_MM]
    if not len(points):
        return []
    columns = voxels_of(pelvis, points)[:, 0]
    order = np.lexsort((camera.project(points)[:, 1], columns))
    line = points[order][_changes(columns[order])]
    line[:, 1], line[:, 2] = _smooth(line[:, 1]), _smooth(line[:, 2])
    return [Line("upper border of the sacrum (S1 endplate and alae)", camera.project(line), "endplate", True)]


def openings(pelvis: Pelvis, camera: Camera, levels: tuple[Level, ...], sides: tuple[Side, ...]) -> list[Line]:
    """The outlines of foramina as they appear."""
    lines: list[Line] = []
    for level in levels:
        for side, code in foramen_codes(level).items():
            structure: Structure = "s1_foramen" if level == "s1" else "s2_foramen"
            mask = opening(pelvis, code) if side in sides else None
            if mask is not None:
                lines += outline(pelvis, mask, camera, f"{STRUCTURES[structure]} {side}", structure)
    return lines


def canal(pelvis: Pelvis, camera: Camera, level: Level = "s1") -> list[Line]:
    """The sacral canal's outline at one level as it appears."""
    mask = opening(pelvis, CANAL)
    band = pelvis.levels.bands.get(level)
    if mask is None:
        return []
    if band is not None:
        index = np.argwhere(mask)
        points = index * pelvis.spacing_mm + pelvis.low_mm
        along = (points - band.centre_mm) @ band.axis
        index = index[(along >= band.lower_mm) & (along <= band.upper_mm)]
        mask = np.zeros_like(mask)
        mask[tuple(index.T)] = True
        if not mask.any():
            return []
    return outline(pelvis, mask, camera, f"{STRUCTURES['canal']} at {level.upper()}", "canal")


def outline(pelvis: Pelvis, mask: Mask, camera: Camera, name: str, structure: Structure) -> list[Line]:
    """The edge of a set of voxels as it appears: where rays begin to meet it."""
    from skimage import measure

    index = np.argwhere(mask)
    low, high = index.min(axis=0), index.max(axis=0) + 1
    block = np.pad(mask[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))], 1)
    values = np.ascontiguousarray(block.astype(np.float32))
    start = pelvis.low_mm + (low - 1) * pelvis.spacing_mm
    coarse = camera.coarser(_COARSE_PIXELS)
    depth = shadow(Attenuation(values, start, pelvis.spacing_mm, "labels", ""), coarse)
    found = cast("list[Floats]", cast("Any", measure).find_contours(depth, 0.5 * pelvis.spacing_mm))
    times = camera.columns / _COARSE_PIXELS
    lines: list[Line] = []
    for contour in sorted(found, key=len, reverse=True)[:1]:
        pixels = (contour[:, ::-1] + 0.5) * times - 0.5
        lines.append(Line(name, pixels, structure, True, True))
    return lines


def _changes(sorted_keys: NDArray[np.int64]) -> Mask:
    """Where a new key begins."""
    return np.concatenate([np.array([True]), np.diff(sorted_keys) != 0])


def _smooth(values: Floats) -> Floats:
    if len(values) < _MEDIAN:
        return values.astype(float)
    half = _MEDIAN // 2
    padded = np.pad(values.astype(float), half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN)
    medians = np.pad(np.median(windows, axis=1), half, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(medians, _MEDIAN).mean(axis=1)
