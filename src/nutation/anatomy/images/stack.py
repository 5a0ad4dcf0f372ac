"""Slices put in order: evenly spaced along one line, none missing, none doubled, or an error that says which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.images.slices import Slice
from nutation.anatomy.space import Floats
from nutation.record.errors import InputError

# Directions of one series agree to this (length of the difference of unit vectors), pixel sizes to this share.
SAME_DIRECTION = 1e-3
SAME_SIZE = 1e-3

# Slices nearer than this share of the usual step lie at one place.
SAME_PLACE = 0.02

# A step longer than this many usual ones has a slice missing from it.
MISSING = 1.5

# How far a slice may lie from an even spacing, as a share of it: positions are rounded in headers (steps of 0.625 mm
# are written as 0.6 and 0.7); from a quarter of a step on, bone would be displaced by as much.
UNEVEN_WARNING = 0.17
UNEVEN_ERROR = 0.25

# Sideways drift, in pixels over the whole stack, below which slices count as standing square on their line.
SQUARE = 0.5

# Gantries tilt by up to 30°; slices further askew than this are displaced, not tilted.
STEEPEST_DEG = 31.0

# Slices of one tilted gantry follow one straight line to within this many pixels.
STRAIGHT = 1.0

# An angle between the slices and the axial plane that deserves a word.
OBLIQUE_DEG = 5.0


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices in ascending order along `normal`, `step_mm` apart.

    `drift_px` (n, 2) is how far each slice lies sideways from the first along i and j, in pixels: all zero unless the
    gantry was tilted.
    """

    slices: tuple[Slice, ...]
    step_mm: float
    drift_px: Floats
    warnings: tuple[str, ...]


def stacked(planes: Sequence[Slice], same: Callable[[Slice, Slice], bool], folder: str) -> Stack:
    """Order the slices of one series.

    `same` says whether two slices at one place hold the same pixels. Raises `InputError` for slices of several sizes or
    orientations, different slices at one place, missing slices, uneven spacing, or a single slice.
    """
    _alike(planes, folder)
    normal = planes[0].normal
    ordered = sorted(planes, key=lambda plane: (float(plane.position_mm @ normal), str(plane.path), plane.frame))
    ordered, doubled = _without_doubles(ordered, same, folder)
    if len(ordered) < 2:
        raise InputError(
            "holds a single slice, not a volume.", file=folder, mend="give the folder of the whole CT series."
        )
    heights = np.array([float(plane.position_mm @ normal) for plane in ordered])
    warnings = [*doubled, *_evenly(heights, folder), *_askew(normal)]
    step = float(heights[-1] - heights[0]) / (len(ordered) - 1)
    drift, tilted = _drift(ordered, heights, folder)
    thickness = ordered[0].thickness_mm
    # A tenth above the thickness: scanners round both numbers.
    if thickness is not None and step > 1.1 * thickness:
        warnings.append(
            f"The slices are {thickness:g} mm thick but {step:.2f} mm apart: bone between them was not imaged."
        )
    return Stack(tuple(ordered), step, drift, (*warnings, *tilted))


def _alike(planes: Sequence[Slice], folder: str) -> None:
    first = planes[0]
    sizes = Counter((plane.columns, plane.rows) for plane in planes)
    if len(sizes) > 1:
        told = ", ".join(f"{n} of {x} × {y}" for (x, y), n in sizes.most_common(4))
        raise InputError(
            f"one series holds slices of several sizes in pixels: {told}.",
            file=folder,
            place="Rows, Columns",
            mend=_ONE,
        )
    for plane in planes:
        turned = max(
            float(np.linalg.norm(plane.along_row - first.along_row)),
            float(np.linalg.norm(plane.along_column - first.along_column)),
        )
        if turned > SAME_DIRECTION:
            raise InputError(
                f"one series holds slices of several orientations, for instance {first.path.name} and "
                f"{plane.path.name}.",
                file=folder,
                place="ImageOrientationPatient",
                mend=_ONE,
            )
        if not np.allclose(plane.pixel_mm, first.pixel_mm, rtol=SAME_SIZE, atol=0):
            raise InputError(
                f"one series holds slices of several pixel sizes, for instance {_edges(first)} in {first.path.name} "
                f"and {_edges(plane)} in {plane.path.name}.",
                file=folder,
                place="PixelSpacing",
                mend=_ONE,
            )


_ONE = "export the axial series alone, one reconstruction of one scan."


def _edges(plane: Slice) -> str:
    return f"{plane.pixel_mm[0]:g} × {plane.pixel_mm[1]:g} mm"


def _without_doubles(
    ordered: Sequence[Slice], same: Callable[[Slice, Slice], bool], folder: str
) -> tuple[list[Slice], tuple[str, ...]]:
    heights = np.array([float(plane.position_mm @ ordered[0].normal) for plane in ordered])
    steps = np.diff(heights)
    apart = steps[steps > 1e-3]
    if apart.size == 0:
        if len(ordered) > 1 and not all(same(ordered[0], plane) for plane in ordered[1:]):
            raise InputError(
                f"all {len(ordered)} images lie at one place: a series over time, not a volume.",
                file=folder,
                mend="give the series that covers the whole pelvis.",
            )
        return [ordered[0]], ()
    near = SAME_PLACE * float(np.median(apart))
    kept: list[Slice] = [ordered[0]]
    dropped: list[str] = []
    different: list[str] = []
    for plane, height, step in zip(ordered[1:], heights[1:], steps, strict=True):
        if step > near:
            kept.append(plane)
        elif same(kept[-1], plane):
            dropped.append(f"{height:.1f}")
        else:
            different.append(f"{height:.1f} ({kept[-1].path.name}, {plane.path.name})")
    if different:
        raise InputError(
            f"{len(different)} positions hold two different slices, at {_few(different)} mm along the stack: two "
            "reconstructions or two phases in one series.",
            file=folder,
            place="ImagePositionPatient",
            mend=_ONE,
        )
    slices = "1 slice is" if len(dropped) == 1 else f"{len(dropped)} slices are"
    told = f"{slices} there twice and read once, at {_few(dropped)} mm along the stack."
    return kept, (told,) if dropped else ()


def _evenly(heights: Floats, folder: str) -> tuple[str, ...]:
    steps = np.diff(heights)
    usual = float(np.median(steps))
    gaps = np.flatnonzero(steps > MISSING * usual)
    if gaps.size and gaps.size <= len(steps) / 4:
        lost = [
            f"{heights[gap] + part * usual:.1f}"
            for gap in gaps
            for part in range(1, max(2, round(float(steps[gap]) / usual)))
        ]
        raise InputError(
            f"{len(lost)} slices are missing, at {_few(lost)} mm along the stack; the others are {usual:.2f} mm apart.",
            file=folder,
            place="ImagePositionPatient",
            mend="copy the whole series again; what is not in it cannot be planned on.",
        )
    step = float(heights[-1] - heights[0]) / (len(heights) - 1)
    off = float(np.abs(heights - heights[0] - step * np.arange(len(heights))).max()) / step
    if off > UNEVEN_ERROR or bool(gaps.size):
        raise InputError(
            f"the slices are not evenly spaced: from {steps.min():.2f} to {steps.max():.2f} mm apart.",
            file=folder,
            place="ImagePositionPatient",
            mend="export one reconstruction with even spacing.",
        )
    if off > UNEVEN_WARNING:
        return (f"The slices are not quite evenly spaced ({steps.min():.2f} to {steps.max():.2f} mm); read as even.",)
    return ()


def _askew(normal: Floats) -> tuple[str, ...]:
    angle = float(np.degrees(np.arccos(min(1.0, abs(float(normal[2]))))))
    if angle <= OBLIQUE_DEG:
        return ()
    plane = max(range(3), key=lambda axis: abs(float(normal[axis])))
    word = ("sagittal", "coronal", "axial")[plane]
    return (f"The slices are not axial but nearest to {word}, {angle:.0f}° from the axial plane.",)


def _drift(ordered: Sequence[Slice], heights: Floats, folder: str) -> tuple[Floats, tuple[str, ...]]:
    """Sideways displacement of each slice in pixels (n, 2), with a warning where the gantry was tilted."""
    first = ordered[0]
    moved = np.array([plane.position_mm - first.position_mm for plane in ordered])
    drift_mm = np.stack([moved @ first.along_row, moved @ first.along_column], axis=1)
    drift = drift_mm / np.array(first.pixel_mm)
    if float(np.abs(drift).max()) <= SQUARE:
        return np.zeros_like(drift), ()
    part = (heights - heights[0]) / (heights[-1] - heights[0])
    slant = float(np.degrees(np.arctan2(np.linalg.norm(drift_mm[-1]), heights[-1] - heights[0])))
    if float(np.abs(drift - np.outer(part, drift[-1])).max()) > STRAIGHT or slant > STEEPEST_DEG:
        raise InputError(
            f"the slices are displaced sideways against each other by up to {np.abs(drift_mm).max():.0f} mm.",
            file=folder,
            place="ImagePositionPatient",
            mend=_ONE,
        )
    how = f"shifting each in its own plane (up to {np.abs(drift_mm).max():.0f} mm, linear interpolation)"
    return drift, (f"The gantry was tilted by {slant:.1f}°: the slices were straightened by {how}.",)


def _few(places: Sequence[str]) -> str:
    shown = ", ".join(places[:5])
    return f"{shown} and {len(places) - 5} more" if len(places) > 5 else shown
