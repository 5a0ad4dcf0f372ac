"""Where a construct is looked for: bones in order, points of the joint to cross, directions, levels to end in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.implants import across
from nutation.anatomy.pelvis import GAP_OF, HIP_OF, SACRUM, Joint, Level, Levels, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, unit
from nutation.evidence import load
from nutation.planning.approaches import Approach

# Targets are taken from the joint one every this many mm, directions one every this many degrees: half the width of
# the smallest implant, and what moves the tip of a long one by as much. Both are refined afterwards.
TARGETS_MM, DIRECTIONS_DEG = 3.0, 4.0


# The joint's middle is followed along its height in such steps, from one to the other of these shares of its points;
# the points within so much of a height say where its middle lies there.
FOLLOWED_MM, WITHIN, AROUND_MM = 0.25, (0.05, 0.95), 6.0
# A place that lies beyond the joint weighs so much more than one off the levels' middle.
NO_REACH = 100.0


@dataclass(frozen=True, slots=True)
class Way:
    """The lines that are searched: through `targets` (m, 3) of the joint, along `directions` (k, 3).

    `first`, `gap`, `second` are the codes that follow each other on the way in; `normal` (3,) the joint's mean normal,
    `usual` (3,) the approach's own direction, `usual_places` (positions, 3) where implants usually cross the joint,
    `joint` (n, 3) the joint's points with their distance `edge_mm` (n,) to its edge. `bands` gives for each position,
    from cranial to caudal, the part of the sacral `axis` (from `origin`) that its tip shall lie in, (positions, 2).
    """

    first: int
    gap: int
    second: int
    targets: Floats
    directions: Floats
    normal: Floats
    usual: Floats
    usual_places: Floats
    joint: Floats
    edge_mm: Floats
    origin: Floats
    axis: Floats
    bands: Floats
    positions: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def way_across(pelvis: Pelvis, side: Side, approach: Approach, count: int) -> Way:
    """Lines across the joint as the approach has them: into the side's ilium first, or into the sacrum first."""
    joint = pelvis.joints[side]
    edge = edge_distances(joint)
    # the right side is searched as the left one's mirror image, so that a symmetrical pelvis gets one answer
    mirror = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
    codes = {"ilium": HIP_OF[side], "joint": GAP_OF[side], "sacrum": SACRUM}
    first, gap, second = (codes[part] for part in approach.crosses)
    origin, axis, bands, warnings = level_bands(pelvis.levels, approach.levels, count)
    return Way(
        first,
        gap,
        second,
        thinned_along(joint.points_mm * mirror, TARGETS_MM) * mirror,
        cone(approach.direction("left"), approach.cone_deg, DIRECTIONS_DEG) * mirror,
        unit(joint.normal),
        approach.direction(side),
        usual_places(joint, origin, axis, bands, load().entry("implant_spacing").number("preferred_mm")),
        joint.points_mm,
        edge,
        origin,
        axis,
        bands,
        POSITIONS[count],
        warnings,
    )


POSITIONS: dict[int, tuple[str, ...]] = {
    1: ("only",),
    2: ("superior", "inferior"),
    3: ("superior", "middle", "inferior"),
}


def cone(direction: Floats, half_deg: float, step_deg: float) -> Floats:
    """Unit vectors (k, 3) evenly within an angle of a direction: a spiral of equal areas."""
    area = 2 * math.pi * (1 - math.cos(math.radians(half_deg)))
    count = max(1, math.ceil(area / math.radians(step_deg) ** 2))
    cosines = 1 - (np.arange(count) + 0.5) / count * (1 - math.cos(math.radians(half_deg)))
    turns = np.arange(count) * math.pi * (3 - math.sqrt(5))
    sines = np.sqrt(1 - cosines**2)
    axis = unit(direction)
    first, second = across(axis)
    return cosines[:, None] * axis + sines[:, None] * (np.cos(turns)[:, None] * first + np.sin(turns)[:, None] * second)


# Says which way an axis points; along no axis of the body, nor across one, so that no joint's axes turn round on it.
_SKEW = np.array([0.8, 0.5, 0.33])


def thinned_along(points: Floats, step_mm: float) -> Floats:
    """As `thinned`, in the points' own principal axes: how they lie in the frame moves the cubes no more than them."""
    middle = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    axes = axes * np.where(axes @ _SKEW < 0, -1.0, 1.0)[:, None]
    return thinned((points - middle) @ axes.T, step_mm) @ axes + middle


def thinned(points: Floats, step_mm: float) -> Floats:
    """One point of each cube of an edge of `step_mm`: the one nearest to the mean of its cube's."""
    cells = np.floor(points / step_mm).astype(np.int64)
    _, owner = np.unique(cells, axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    sums = np.zeros((int(owner.max()) + 1, 3))
    np.add.at(sums, owner, points)
    means = sums / np.bincount(owner)[:, None]
    off = np.linalg.norm(points - means[owner], axis=1)
    order = np.lexsort((off, owner))
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    return points[order[starts]]


def edge_distances(joint: Joint) -> Floats:
    """The distance (n,) of each point of the joint to its edge, in the plane that the joint lies nearest to.

    The surface is laid flat on that plane at 1 mm and closed over its own sampling; its bend shortens distances there
    by no more than a few percent.
    """
    import edt
    from scipy import ndimage

    points = joint.points_mm
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ axes[:2].T
    low = flat.min(axis=0) - 4
    shape = tuple(int(n) for n in np.ceil(flat.max(axis=0) - low) + 5)
    index = np.asarray(np.round(flat - low), dtype=np.int64)
    covered = np.zeros(shape, np.bool_)
    covered[index[:, 0], index[:, 1]] = True
    covered = cast("Any", ndimage).binary_closing(covered, iterations=2)
    covered = cast("Any", ndimage).binary_fill_holes(covered)
    distances: Any = cast("Any", edt).edt(np.ascontiguousarray(covered))
    return np.asarray(distances[index[:, 0], index[:, 1]], dtype=np.float64)


def usual_places(joint: Joint, origin: Floats, axis: Floats, bands: Floats, spacing_mm: float) -> Floats:
    """Where the implants of these positions usually cross the joint, (positions, 3): midway between its front and back
    edges, `spacing_mm` from one to the next, as near to the height of the bands' middle as the joint's ends allow."""
    height = (joint.points_mm - origin) @ axis
    lowest, highest = (float(np.quantile(height, share)) for share in WITHIN)
    heights = np.linspace(lowest, highest, max(2, round((highest - lowest) / FOLLOWED_MM)))
    weight = np.maximum(1e-9, 1 - ((height[None] - heights[:, None]) / AROUND_MM) ** 2)
    line = np.asarray(weight @ joint.points_mm / weight.sum(axis=1, keepdims=True), dtype=np.float64)
    reach = spacing_mm * (len(bands) - 1) / 2
    ends = np.linalg.norm(line[[0, -1], None] - line[None], axis=2)
    short = np.maximum(0.0, reach - ends).sum(axis=0)
    centre = int(np.argmin(NO_REACH * short + np.abs(heights - float(np.mean(bands)))))
    off = np.linalg.norm(line - line[centre], axis=1) * np.sign(np.arange(len(line)) - centre)
    wanted = reach - spacing_mm * np.arange(len(bands))
    return _along(np.asarray(wanted, dtype=np.float64), np.asarray(off, dtype=np.float64), line)


def _along(wanted: Floats, at: Floats, line: Floats) -> Floats:
    """Points (m, 3) of a line given by points (n, 3) at growing `at` (n,), for the values wanted (m,)."""
    parts: list[Floats] = [np.asarray(np.interp(wanted, at, line[:, part]), dtype=np.float64) for part in range(3)]
    return np.stack(parts, axis=1)


def level_bands(
    levels: Levels, wanted: tuple[Level, ...], count: int
) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    """Origin, axis and the bands of the positions: superior in S1, inferior in S2, the middle one between them.

    One implant ends in the levels that the approach names. Without both levels the bands are open, and the warning
    says so.
    """
    s1, s2 = levels.bands.get("s1"), levels.bands.get("s2")
    if s1 is None or s2 is None:
        opened = np.array([[-1e6, 1e6]] * count)
        return np.zeros(3), np.array([0.0, 0.0, 1.0]), opened, (
            "S1 and S2 were not both found: no position was held to a level.",
        )  # fmt: skip
    axis = unit(s1.centre_mm - s2.centre_mm)
    down = float(np.dot(s2.centre_mm - s1.centre_mm, axis))
    upper = (s1.lower_mm, s1.upper_mm)
    lower = (down + s2.lower_mm, down + s2.upper_mm)
    if count == 3:
        bands = [upper, (down, 0.0), lower]
    elif count == 2:
        bands = [upper, (lower[0], s1.lower_mm)]
    else:
        bands = [(lower[0] if "s2" in wanted else upper[0], upper[1] if "s1" in wanted else lower[1])]
    return s1.centre_mm, axis, np.array(bands), ()


def level_of(levels: Levels, point: Floats) -> Level | None:
    """The level in whose band a point lies; None between and beyond them."""
    for name, band in levels.bands.items():
        if band.lower_mm <= float(np.dot(point - band.centre_mm, band.axis)) <= band.upper_mm:
            return name
    return None
