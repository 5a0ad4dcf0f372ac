"""Corridors: straight channels of bone wide enough for an implant, found everywhere and not only at the best place.

A corridor's width is that of the free cylinder about its axis, over the way that the approach
asks for: from the surface that is entered, across the joint, so far into the last bone. The skin of bone at the entry
(and at the exit of a way through) does not count: there the implant is meant to cross it. Its length is how far the
axis goes on in bone at that width.

The search is global: every entry on a lattice with every direction in the approach's cone; then each local maximum is
climbed below a voxel. Nothing is drawn at random.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Pose, across
from nutation.anatomy.pelvis import Level, Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.approaches import Approach, approach_of
from nutation.planning.boundary import Boundary
from nutation.planning.boundary_threads import shared_out
from nutation.planning.boundary_zones import IN_JOINT
from nutation.planning.corridor_kernels import (
    NO_WAY,
    free_radius,
    in_band,
    joint_along,
    least_along,
    reach_along,
    refine,
    search_all,
    way_along,
    widened,
)
from nutation.planning.corridor_lattice import Lattice, lattice, peaks
from nutation.planning.corridor_way import Way, band_of, way_of
from nutation.planning.field_kernels import field_at
from nutation.planning.plan import Corridor, Structure

SLACK_MM = 1.5
"""How much narrower a lattice line may be than the peak it leads to: about what half a step at either end costs."""
SLACK_VOXELS = 0.5
"""And by how much the scan, which reads one field for all structures, may read too low between two of them."""
MOST_PEAKS = 96
"""Peaks that are climbed, the widest ones; a bound on time, well above what a pelvis has."""
FIRST_SHIFT_MM, LAST_SHIFT_MM = 1.0, 0.1
FIRST_TURN_DEG, LAST_TURN_DEG = 1.2, 0.1
"""Steps of the climb: from half of the lattice's to half of what is asked for (0.2 mm, 0.2°)."""
APART_MM, APART_DEG = 5.0, 5.0
"""Two lines nearer than both are one corridor."""
SADDLE_MM = 0.1
"""Two peaks are two only where the line midway between them is narrower than the lower one by this."""
_Fields = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]
"""A stack of distance fields, which of them count, and the skins that are crossed."""

OUTSIDE_MM = 15.0
"""How far outside the surface a line begins to look for its entry."""


def search(
    pelvis: Pelvis,
    boundary: Boundary,
    approach: Approach | str,
    level: Level | None,
    *,
    min_diameter_mm: float,
    through: bool = False,
) -> tuple[Corridor, ...]:
    """All corridors at least so wide, widest first; empty where there is none.

    With a level only those whose axis passes its band: at the midline where the corridor goes through, else at the end
    of its way. Raises ValueError where the boundary was made for another approach or way, or the level was not
    proposed.
    """
    asked = approach_of(approach) if isinstance(approach, str) else approach
    if asked.id != boundary.approach.id or (through and not boundary.through):
        raise ValueError("the boundary was made for another approach; make it with the same one and the same way")
    way = way_of(pelvis, boundary, level)
    lines = lattice(boundary)
    bound_mm = max(0.5, min_diameter_mm / 2 - SLACK_MM - SLACK_VOXELS * boundary.spacing_mm)
    exact = _counted(boundary)
    found = scanned(boundary, way, lines, bound_mm)
    climbed = [_climbed(boundary, exact, way, lines, *peak, bound_mm) for peak in peaks(lines, found, MOST_PEAKS)]
    wide = [(line, _widened(boundary, exact, way, line, radius_mm)) for line, radius_mm in climbed if radius_mm > 0]
    wide = sorted((line for line in wide if 2 * line[1] >= min_diameter_mm), key=lambda line: -line[1])
    kept: list[tuple[Floats, float]] = []
    for line in wide:
        if all(_two(boundary, exact, way, line, other) for other in kept):
            kept.append(line)
    return tuple(_corridor(pelvis, boundary, exact, way, line, radius_mm, level) for line, radius_mm in kept)


def scanned(boundary: Boundary, way: Way, lines: Lattice, bound_mm: float) -> Floats:
    """The free radius in mm of every entry with every direction, (entries, directions); below the bound -1."""
    found = np.full((len(lines.entries), len(lines.directions)), NO_WAY)
    if found.size:
        shared_out(
            len(lines.entries),
            lambda first, last: search_all(
                boundary.search[None], np.zeros(1, dtype=np.int64), boundary.skins, boundary.zones, lines.entries,
                lines.directions, way.stages, way.limits, way.band, boundary.spacing_mm, bound_mm, found, first, last,
            ),
        )  # fmt: skip
    return found


def _counted(boundary: Boundary) -> _Fields:
    """The fields that a corridor is measured in: all structures, and what is not seen."""
    values = boundary.values
    if boundary.unseen is not None:
        values = np.concatenate([values, boundary.unseen[None]])
    return values, np.arange(len(values), dtype=np.int64), boundary.skins


def _climbed(
    boundary: Boundary, exact: _Fields, way: Way, lines: Lattice, entry: int, direction: int, bound_mm: float
) -> tuple[Floats, float]:
    """The widest line near a lattice line: entry and direction (2, 3) in voxels, and its free radius in mm."""
    h = boundary.spacing_mm
    e, d = lines.entries[entry], lines.directions[direction]
    # It turns about the joint, or the middle of a way through: there shift and turn are most independent.
    end: Any = way_along(boundary.zones, e, d, way.stages, way.limits[0], way.limits[1])
    turn: Any = end / 2 if boundary.through else joint_along(boundary.zones, e, d, end, IN_JOINT)
    start = np.array([e + turn * d, d])
    steps = np.array([FIRST_SHIFT_MM / h, LAST_SHIFT_MM / h, math.radians(FIRST_TURN_DEG), math.radians(LAST_TURN_DEG)])
    best = np.zeros((2, 3))
    radius: Any = refine(
        *exact, boundary.zones, start, way.cone, lines.across, way.stages, way.limits, way.band, h, steps,
        max(0.0, bound_mm - SLACK_MM), turn + OUTSIDE_MM / h, best,
    )  # fmt: skip
    return best, float(radius)


def _widened(boundary: Boundary, exact: _Fields, way: Way, line: Floats, radius_mm: float) -> float:
    """The radius in mm of the free cylinder about a line whose axis has `radius_mm` free by the fields."""
    e, d = line
    end: Any = way_along(boundary.zones, e, d, way.stages, way.limits[0], way.limits[1])
    found: Any = widened(*exact, boundary.zones, e, d, end, radius_mm, boundary.spacing_mm, *across(d))
    return max(radius_mm, float(found))


def _two(boundary: Boundary, exact: _Fields, way: Way, one: tuple[Floats, float], other: tuple[Floats, float]) -> bool:
    """Whether two lines are two corridors: apart, and with something narrower between them."""
    angle = math.degrees(math.acos(min(1.0, float(one[0][1] @ other[0][1]))))
    if angle <= APART_DEG and float(np.linalg.norm(one[0][0] - other[0][0])) * boundary.spacing_mm <= APART_MM:
        return False
    middle = (one[0] + other[0]) / 2
    d = middle[1] / np.linalg.norm(middle[1])
    between: Any = free_radius(
        *exact, boundary.zones, middle[0], d, way.stages, way.limits, way.band, boundary.spacing_mm, 0.0
    )
    return bool(between < min(one[1], other[1]) - SADDLE_MM)


def _corridor(
    pelvis: Pelvis, boundary: Boundary, exact: _Fields, way: Way, line: Floats, radius_mm: float, level: Level | None
) -> Corridor:
    h = boundary.spacing_mm
    e, d = line
    end: Any = way_along(boundary.zones, e, d, way.stages, way.limits[0], way.limits[1])
    before = _to_surface(boundary, e, d, -1.0)
    if boundary.through:
        length = end + _to_surface(boundary, e + end * d, d, 1.0)
    else:
        least: Any = least_along(*exact, e, d, end, -math.inf, h)
        length: Any = reach_along(*exact, boundary.zones, e, d, end, least - 1e-3, way.limits[1], h)
    pose = Pose(boundary.low_mm + (e + before * d) * h, d.copy())
    found = level or _level(pelvis, boundary, e, d, end)
    return Corridor(
        found, pose, float(length - before) * h, 2 * radius_mm, _nearest(boundary, e, d, end), boundary.through
    )


def _to_surface(boundary: Boundary, point: Floats, d: Floats, outwards: float) -> float:
    """The way in voxels along the line from a point at the skin to the surface itself, where half of it is bone."""
    ways = np.arange(-1.5, 1.51, 0.1)
    shares = np.array([field_at(boundary.share, *(point + t * d)) for t in ways])
    inside = shares >= 0.5
    # From the air inwards the first change; `outwards` says on which end the air is.
    order = range(len(ways) - 1) if outwards < 0 else range(len(ways) - 2, -1, -1)
    for n in order:
        if inside[n] != inside[n + 1]:
            part = (0.5 - shares[n]) / (shares[n + 1] - shares[n])
            return float(ways[n] + part * (ways[n + 1] - ways[n]))
    return 0.0


def _level(pelvis: Pelvis, boundary: Boundary, e: Floats, d: Floats, end: float) -> Level | None:
    return next((name for name in pelvis.levels.bands if in_band(e, d, end, band_of(pelvis, boundary, name))), None)


def _nearest(boundary: Boundary, e: Floats, d: Floats, end: float) -> Structure:
    """The structure that the axis comes nearest to."""
    h = boundary.spacing_mm
    least: dict[Structure, float] = {}
    for slot, name in enumerate(boundary.names):
        least[name] = least_along(boundary.values, np.array([slot]), boundary.skins[:0], e, d, end, -math.inf, h)
    nothing = np.zeros(0, dtype=np.int64)
    skin = least_along(boundary.values, nothing, boundary.skins, e, d, end, -math.inf, h)
    wall = boundary.entered
    least[wall] = min(skin, least.get(wall, math.inf))
    return min(least, key=lambda name: least[name])
