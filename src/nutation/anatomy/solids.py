"""The shapes of implants: surface points, inside or not, closed meshes, the share of each voxel that metal fills.

An implant is a prism: its section, swept along the direction from the entry to the tip. `Size.diameter_mm` is the
circle *around* the section, so a triangle's or square's corners lie on that circle. At no roll the triangle points
along the first vector of `implants.across(direction)` (upwards, for an implant that lies across) and the square has
two sides across it; roll turns the section right-handed about the direction.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant, Pose, Section, Size, across
from nutation.anatomy.space import Floats, Mask

CIRCLE_SIDES = 96
"""Sides of the polygon that a mesh draws for a circle: its area is 0.07 % short, far below a voxel's grain."""

FINE_MM = 0.25
"""Coarsest step at which a voxel on the boundary is looked up; each look-up counts by its distance, not yes or no, so
that flat faces come out exact and only corners err, by about a third of the step squared per length."""

_CORNER_ANGLES: dict[Section, tuple[float, ...]] = {
    "triangle": (0.0, 2 * math.pi / 3, 4 * math.pi / 3),
    "square": (math.pi / 4, 3 * math.pi / 4, 5 * math.pi / 4, 7 * math.pi / 4),
}


def axes(pose: Pose) -> Floats:
    """The implant's own axes as rows, (3, 3), right-handed: the section's two, with the roll, and the direction."""
    first, second = across(pose.direction)
    roll = math.radians(pose.roll_deg)
    return np.array(
        [
            math.cos(roll) * first + math.sin(roll) * second,
            math.cos(roll) * second - math.sin(roll) * first,
            pose.direction,
        ]
    )


def section_area_mm2(size: Size) -> float:
    """The area of the section."""
    radius = size.diameter_mm / 2
    if size.section == "circle":
        return math.pi * radius**2
    corners = len(_CORNER_ANGLES[size.section])
    return corners / 2 * radius**2 * math.sin(2 * math.pi / corners)


def volume_mm3(size: Size) -> float:
    """The volume of the solid prism; a cannulation is not taken off."""
    return section_area_mm2(size) * size.length_mm


def section_outline(size: Size, n: int) -> Floats:
    """`n` points (n, 2) around the section's edge in its own plane, counter-clockwise, a polygon's corners among them.

    Raises ValueError where `n` is smaller than the number of corners.
    """
    radius = size.diameter_mm / 2
    if size.section == "circle":
        angles = np.arange(n) * (2 * math.pi / n)
        return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    corners = _corners(size)
    if n < len(corners):
        raise ValueError(f"{n} points cannot go round a {size.section}")
    shares = [n // len(corners) + (side < n % len(corners)) for side in range(len(corners))]
    sides = [
        corners[side] + np.arange(count)[:, None] / count * (corners[(side + 1) % len(corners)] - corners[side])
        for side, count in enumerate(shares)
    ]
    return np.concatenate(sides)


def surface_points(implant: Implant, step_mm: float) -> Floats:
    """Points (n, 3) on the whole surface, both ends included, no two neighbours further apart than `step_mm`."""
    size = implant.size
    ring = section_outline(size, max(6, math.ceil(_perimeter_mm(size) / step_mm) + 4))
    depths = np.linspace(0.0, size.length_mm, max(2, math.ceil(size.length_mm / step_mm) + 1))
    wall = np.concatenate([np.tile(ring, (len(depths), 1)), np.repeat(depths, len(ring))[:, None]], axis=1)
    # Rings that shrink towards the middle fill an end evenly enough, and keep its corners.
    shrinking = np.arange(0, 1, min(1.0, 2 * step_mm / size.diameter_mm))
    cap = np.concatenate([[[0.0, 0.0]], *[ring * scale for scale in shrinking if scale > 0]])
    ends = [np.concatenate([cap, np.full((len(cap), 1), depth)], axis=1) for depth in (0.0, size.length_mm)]
    return _placed(implant, np.concatenate([wall, *ends]))


def inside(implant: Implant, points: Floats) -> Mask:
    """Which of the points (n, 3) lie in the implant or on its surface, (n,)."""
    return distance_mm(implant, points) <= 0


def distance_mm(implant: Implant, points: Floats) -> Floats:
    """Signed distance of points (n, 3) to the nearest face's plane (or cylinder), (n,): negative inside.

    Exact inside and where a face is nearest; beyond an edge or corner it is less than the distance.
    """
    size = implant.size
    local = (points - implant.pose.entry_mm) @ axes(implant.pose).T
    if size.section == "circle":
        across_mm = np.hypot(local[:, 0], local[:, 1]) - size.diameter_mm / 2
    else:
        corners = np.array(_CORNER_ANGLES[size.section])
        middle = corners + math.pi / len(corners)
        normals = np.stack([np.cos(middle), np.sin(middle)], axis=1)
        apothem = size.diameter_mm / 2 * math.cos(math.pi / len(corners))
        across_mm = (local[:, :2] @ normals.T).max(axis=1) - apothem
    along_mm = np.maximum(-local[:, 2], local[:, 2] - size.length_mm)
    return np.maximum(across_mm, along_mm)


def mesh(implant: Implant) -> tuple[Floats, NDArray[np.int64]]:
    """A closed surface, normals outwards: vertices (n, 3) and triangles (m, 3) of their numbers."""
    size = implant.size
    ring = section_outline(size, CIRCLE_SIDES) if size.section == "circle" else _corners(size)
    n = len(ring)
    local = np.concatenate(
        [
            np.concatenate([ring, np.zeros((n, 1))], axis=1),
            np.concatenate([ring, np.full((n, 1), size.length_mm)], axis=1),
            [[0.0, 0.0, 0.0], [0.0, 0.0, size.length_mm]],
        ]
    )
    here = np.arange(n)
    after = (here + 1) % n
    faces = np.concatenate(
        [
            np.stack([here, after, after + n], axis=1),
            np.stack([here, after + n, here + n], axis=1),
            np.stack([after, here, np.full(n, 2 * n)], axis=1),
            np.stack([here + n, after + n, np.full(n, 2 * n + 1)], axis=1),
        ]
    )
    return _placed(implant, local), faces.astype(np.int64)


def voxel_fraction(
    implant: Implant, low_mm: Floats, spacing_mm: float, shape: tuple[int, int, int]
) -> NDArray[np.float32]:
    """The share of each voxel that the implant fills, float32 (`shape`), 0 outside and 1 wholly inside.

    The voxel (i, j, k) is the cube of edge `spacing_mm` around `low_mm + (i, j, k) * spacing_mm`, in the implant's
    frame. Where the implant lies wholly on the grid the sum times the voxel's volume is `volume_mm3` within 1 %.
    """
    share = np.zeros(shape, dtype=np.float32)
    surface, _ = mesh(implant)
    first = np.maximum(np.floor((surface.min(axis=0) - low_mm) / spacing_mm).astype(int), 0)
    last = np.minimum(np.ceil((surface.max(axis=0) - low_mm) / spacing_mm).astype(int) + 1, shape)
    if np.any(first >= last):
        return share
    size = last - first
    centres = low_mm + (np.indices((int(size[0]), int(size[1]), int(size[2]))).reshape(3, -1).T + first) * spacing_mm
    distance = distance_mm(implant, centres)
    reach = spacing_mm * math.sqrt(3) / 2
    filled = (distance < -reach).astype(np.float64)
    edge = np.flatnonzero(np.abs(distance) <= reach)
    each_way = max(2, math.ceil(spacing_mm / FINE_MM))
    fine = spacing_mm / each_way
    offsets = (np.arange(each_way) + 0.5) * fine - spacing_mm / 2
    offsets = np.stack(np.meshgrid(offsets, offsets, offsets, indexing="ij"), axis=-1).reshape(-1, 3)
    total = np.zeros(len(edge))
    for offset in offsets:
        total += np.clip(0.5 - distance_mm(implant, centres[edge] + offset) / fine, 0.0, 1.0)
    filled[edge] = total / len(offsets)
    block = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    share[block] = filled.reshape(size)
    return share


def _corners(size: Size) -> Floats:
    angles = np.array(_CORNER_ANGLES[size.section])
    return size.diameter_mm / 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _perimeter_mm(size: Size) -> float:
    if size.section == "circle":
        return math.pi * size.diameter_mm
    corners = len(_CORNER_ANGLES[size.section])
    return corners * size.diameter_mm * math.sin(math.pi / corners)


def _placed(implant: Implant, local: Floats) -> Floats:
    return local @ axes(implant.pose) + implant.pose.entry_mm
