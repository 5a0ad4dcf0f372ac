"""The lines that the search looks at: entries on a lattice across the nominal direction, directions in the cone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nutation.anatomy.implants import across
from nutation.anatomy.space import Floats
from nutation.planning.boundary import Boundary
from nutation.planning.boundary_zones import IN_JOINT
from nutation.planning.corridor_kernels import enter_all

ENTRY_STEP_MM = 2.0
TURN_STEP_DEG = 2.5
"""A quarter of a usual corridor's width; the turn that moves a tip by as much over 45 mm. The climb does the rest."""
THROUGH_TURN_STEP_DEG = 1.5
"""The same over a way of 150 mm that turns about its middle."""
BESIDE_MM = 25.0
"""Way from entry to joint, about: an oblique line enters this times the cone's tangent beside the joint's shadow."""
PEAK_REACH = 2
"""Lattice steps over which a peak is the highest, in entry and direction."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Entries (n, 3) in voxels, on the surface, and directions (m, 3), with their places on the lattice.

    `entry_place` (n, 2) and `direction_place` (m, 2) count from 0; `across` (2, 3) are the lattice's own axes.
    """

    entries: Floats
    directions: Floats
    entry_place: NDArray[np.int64]
    direction_place: NDArray[np.int64]
    across: Floats


def lattice(boundary: Boundary) -> Lattice:
    """The lattice over the joint's shadow along the nominal direction, and the cone round it."""
    nominal = boundary.approach.direction(boundary.side)
    axes = np.array(across(nominal))
    if boundary.side == "right":
        axes[1] = -axes[1]  # the mirror image of the left side's
    entries, entry_place = _entries(boundary, nominal, axes)
    directions, direction_place = _directions(boundary, nominal, axes)
    return Lattice(entries, directions, entry_place, direction_place, axes)


def _directions(boundary: Boundary, nominal: Floats, axes: Floats) -> tuple[Floats, NDArray[np.int64]]:
    step = math.radians(THROUGH_TURN_STEP_DEG if boundary.through else TURN_STEP_DEG)
    reach = math.radians(boundary.approach.cone_deg)
    count = math.floor(reach / step)
    turns = np.arange(-count, count + 1)
    place = np.stack(np.meshgrid(turns, turns, indexing="ij"), axis=-1).reshape(-1, 2)
    angle = np.linalg.norm(place, axis=1) * step
    place, angle = place[angle <= reach + 1e-9], angle[angle <= reach + 1e-9]
    # Equal angles from the middle outwards, so that the cone is covered evenly.
    aside = np.where(angle > 0, np.sin(angle) / np.maximum(angle, 1e-12), 1.0)[:, None] * (place * step)
    return np.cos(angle)[:, None] * nominal + aside @ axes, place + count


def _entries(boundary: Boundary, nominal: Floats, axes: Floats) -> tuple[Floats, NDArray[np.int64]]:
    h = boundary.spacing_mm
    joint = boundary.low_mm + np.argwhere(boundary.zones == IN_JOINT) * h
    if not len(joint):
        return np.zeros((0, 3)), np.zeros((0, 2), dtype=np.int64)
    beside_mm = BESIDE_MM * math.tan(math.radians(boundary.approach.cone_deg))
    flat = joint @ axes.T
    # Places are counted from the frame's origin, so that a mirrored pelvis has the mirrored lattice.
    first = np.floor((flat.min(axis=0) - beside_mm) / ENTRY_STEP_MM).astype(int)
    last = np.ceil((flat.max(axis=0) + beside_mm) / ENTRY_STEP_MM).astype(int)
    place = first + np.indices((int(last[0] - first[0] + 1), int(last[1] - first[1] + 1))).reshape(2, -1).T
    corners = np.array(np.meshgrid(*[[0, n - 1] for n in boundary.zones.shape], indexing="ij")).reshape(3, -1).T
    along = (boundary.low_mm + corners * h) @ nominal
    starts = place * ENTRY_STEP_MM @ axes + along.min() * nominal
    found = np.empty_like(starts)
    hit = np.zeros(len(starts), dtype=np.bool_)
    enter_all(
        boundary.zones, (starts - boundary.low_mm) / h, nominal, float(np.ptp(along)) / h, found, hit
    )  # fmt: skip
    return found[hit], (place - first)[hit]


def peaks(lines: Lattice, found: NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """Entry and direction of the lattice's local maxima, highest first, `most` at the most."""
    if not found.size or found.max() <= 0:
        return []
    counts = (*(lines.entry_place.max(axis=0) + 1), *(lines.direction_place.max(axis=0) + 1))
    grid = np.full(counts, -1.0, dtype=np.float32)
    e, d = lines.entry_place, lines.direction_place
    grid[e[:, None, 0], e[:, None, 1], d[None, :, 0], d[None, :, 1]] = found
    highest: Any = cast("Any", ndimage).maximum_filter(grid, size=2 * PEAK_REACH + 1, mode="constant", cval=-1.0)
    at_entry = highest[e[:, None, 0], e[:, None, 1], d[None, :, 0], d[None, :, 1]]
    where = np.argwhere((found > 0) & (found.astype(np.float32) >= at_entry))
    order = np.argsort(-found[where[:, 0], where[:, 1]], kind="stable")[:most]
    return [(int(n), int(m)) for n, m in where[order]]
