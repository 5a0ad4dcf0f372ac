"""The sacrum's own lines, read in its median section: promontory, upper endplate of S1, anterior wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.frame_symmetry import Nearest
from nutation.anatomy.pelvis import L5, SACRUM
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.space import Floats, Frame, Grid

# The section is the mean over a slab this thick on either side of the median plane: the crest and small pits drop out.
SLAB_MM = 6.0
STEP_MM = 1.0

# The corner between the two lines is the section's foremost point, seen from a little above: both the endplate (rising
# backwards by up to 70°) and the anterior wall fall away from it.
SEEN_FROM_DEG = 20.0

# Angles tried for the two lines, from straight back towards up, and the corner that they may make with each other.
ENDPLATE_DEG, WALL_DEG, CORNER_DEG = (-10.0, 85.0), (-125.0, 10.0), (40.0, 130.0)

# How far from the corner the two lines are read, how far beside it they may pass (its edge is rounded), and how far
# off a line bone may lie to count for it.
ENDPLATE_MM, WALL_MM = (4.0, 26.0), (4.0, 42.0)
BESIDE_MM = 10.0
OFF_LINE_MM = 1.5

# Share of its reach over which a line has to be bone.
FILLED = 0.5

# The endplate ends where the section leaves its line by this much.
LEAVES_MM = 3.0

# Half the width over which the endplate's plane is fitted.
ENDPLATE_HALF_MM = 15.0

# What lies within this of the nearest distance between sacrum and L5 faces it; an endplate is no deeper than this.
FACING_MM, DEEPEST_MM = 4.0, 40.0

# An endplate shorter or steeper than this is more likely a slip of the labels than one of a pelvis.
SHORT_MM, STEEP_DEG = 16.0, 68.0


@dataclass(frozen=True, slots=True)
class SacralLines:
    """In the pelvic frame: promontory (3,), centre of the endplate (3,) and its normal (3,), depth front to back.

    `wall` (3,) points down along the anterior wall of S1 and S2. `sure` is False where the endplate is unlikely one.
    """

    promontory: Floats
    endplate_centre: Floats
    endplate_normal: Floats
    endplate_depth_mm: float
    wall: Floats
    sure: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the median section, relative to the corner: its angle from straight back towards up, and offset."""

    angle: float
    offset_mm: float

    @property
    def along(self) -> Floats:
        return np.array([np.cos(self.angle), np.sin(self.angle)])

    @property
    def across(self) -> Floats:
        return np.array([-np.sin(self.angle), np.cos(self.angle)])


def sacral_lines(shapes: BoneShapes, frame: Frame) -> SacralLines | None:
    """Read the lines from the bones; None where the section does not show them (a sacrum cut off above).

    Where the section shows no likely endplate (coarse labels), it is where the sacrum faces L5, if the input has L5.
    """
    points = frame.from_lps(shapes.surface(SACRUM))
    outline = _outline(shapes, frame, points)
    if outline is None:
        return None
    found = _by_section(points, outline)
    if (found is None or not found.sure) and L5 in shapes.codes():
        found = _by_l5(points, outline, frame.from_lps(shapes.surface(L5))) or found
    return found


def _by_section(points: Floats, outline: Floats) -> SacralLines | None:
    seen = np.radians(SEEN_FROM_DEG)
    corner = outline[np.argmax(outline @ np.array([-np.cos(seen), np.sin(seen)]))]
    away = outline - corner
    found = _two_lines(away)
    if found is None:
        return None
    plate, wall = found
    # Where the two lines meet, brought back onto the bone's rounded edge.
    meet = np.linalg.solve(np.stack([plate.across, wall.across]), np.array([plate.offset_mm, wall.offset_mm]))
    edge = away[np.argmin(np.linalg.norm(away - meet, axis=1))]
    depth = _depth(away - meet, plate)
    fitted = _endplate(points, corner + meet, plate, depth)
    if fitted is None:
        return None
    centre, normal = fitted
    sure = depth >= SHORT_MM and abs(_slope_deg(normal)) <= STEEP_DEG
    return SacralLines(np.array([0.0, *(corner + edge)]), centre, normal, depth, np.array([0.0, *wall.along]), sure)


def _by_l5(points: Floats, outline: Floats, l5: Floats) -> SacralLines | None:
    """The endplate as the plane through what faces L5, its front edge as promontory."""
    gap, _ = Nearest(l5).of(points)
    facing = points[(np.abs(points[:, 0]) < ENDPLATE_HALF_MM) & (gap < gap.min() + FACING_MM)]
    if len(facing) < 12:
        return None
    # The facets face L5 too, further back.
    facing = facing[facing[:, 1] < facing[:, 1].min() + DEEPEST_MM]
    middle = facing.mean(axis=0)
    _, _, axes = np.linalg.svd(facing - middle)
    normal = np.asarray(axes[2] * np.sign(axes[2, 2]), dtype=np.float64)
    along = np.array([normal[2], -normal[1]]) / float(np.hypot(normal[1], normal[2]))
    run = (facing[:, 1:] - middle[1:]) @ along
    low, high = (float(x) for x in np.quantile(run, [0.02, 0.98]))
    edge = middle[1:] + along * low
    corner = outline[np.argmin(np.linalg.norm(outline - edge, axis=1))]
    walls = _candidates(outline - corner, WALL_DEG, WALL_MM)
    if not walls or abs(_slope_deg(normal)) > STEEP_DEG:
        return None
    wall = _refined(outline - corner, max(walls, key=lambda filled: filled[0])[1], WALL_MM)
    centre = np.array([0.0, *(middle[1:] + along * (low + high) / 2.0)])
    return SacralLines(np.array([0.0, *corner]), centre, normal, high - low, np.array([0.0, *wall.along]), False)


def _slope_deg(normal: Floats) -> float:
    return float(np.degrees(np.arctan2(-normal[1], normal[2])))


def _outline(shapes: BoneShapes, frame: Frame, points: Floats) -> Floats | None:
    """Points (n, 2) of the median section's outline, (y, z) in the pelvic frame."""
    low = points.min(axis=0) - 3.0
    high = points.max(axis=0) + 3.0
    low[0], high[0] = -SLAB_MM, SLAB_MM
    size = np.ceil((high - low) / STEP_MM).astype(int) + 1
    grid = Grid(
        (int(size[0]), int(size[1]), int(size[2])), np.full(3, STEP_MM), frame.to_lps(low), np.asarray(frame.rotation)
    )
    section = (shapes.sampled(grid) == SACRUM).mean(axis=0)
    contours = _contours(section)
    if not contours:
        return None
    longest = max(contours, key=len)
    return longest * STEP_MM + low[1:]


def _contours(section: NDArray[Any]) -> list[Floats]:
    from skimage import measure

    return [np.asarray(c, dtype=np.float64) for c in cast("Any", measure).find_contours(section, 0.5)]


def _two_lines(away: Floats) -> tuple[_Line, _Line] | None:
    """The endplate and the anterior wall: the two lines near the corner that most of the outline runs along."""
    plates = _candidates(away, ENDPLATE_DEG, ENDPLATE_MM)
    walls = _candidates(away, WALL_DEG, WALL_MM)
    best: tuple[float, _Line, _Line] | None = None
    for filled, plate in plates:
        for also, wall in walls:
            between = np.degrees(plate.angle - wall.angle)
            if CORNER_DEG[0] <= between <= CORNER_DEG[1] and (best is None or filled + also > best[0]):
                best = (filled + also, plate, wall)
    if best is None:
        return None
    return _refined(away, best[1], ENDPLATE_MM), _refined(away, best[2], WALL_MM)


def _candidates(away: Floats, degrees: tuple[float, float], reach: tuple[float, float]) -> list[tuple[float, _Line]]:
    """For each angle the offset at which the line is bone over most of its reach, with that share."""
    offsets = np.arange(-BESIDE_MM, BESIDE_MM + 0.5)
    found: list[tuple[float, _Line]] = []
    for degree in np.arange(degrees[0], degrees[1] + 0.5):
        line = _Line(float(np.radians(degree)), 0.0)
        run, off = away @ line.along, away @ line.across
        near = (run >= reach[0]) & (run < reach[1])
        place = np.floor(run[near] - reach[0]).astype(int)
        for offset in offsets:
            filled = len(np.unique(place[np.abs(off[near] - offset) < OFF_LINE_MM])) / (reach[1] - reach[0])
            if filled >= FILLED:
                found.append((filled, _Line(line.angle, float(offset))))
    return found


def _refined(away: Floats, line: _Line, reach: tuple[float, float]) -> _Line:
    """Least squares through what lies along the line."""
    for _ in range(3):
        run, off = away @ line.along, away @ line.across - line.offset_mm
        kept = (np.abs(off) < OFF_LINE_MM) & (run >= reach[0]) & (run < reach[1])
        if kept.sum() < 3:
            break
        slope, height = (float(x) for x in np.polyfit(run[kept], off[kept], 1))
        turn = float(np.arctan(slope))
        line = _Line(line.angle + turn, (line.offset_mm + height) * float(np.cos(turn)))
    return line


def _depth(away: Floats, plate: _Line) -> float:
    """How far the outline keeps to the endplate's line, from where it meets the anterior wall, backwards."""
    run, off = away @ plate.along, np.abs(away @ plate.across)
    # From the middle of the line: the corner before it is rounded.
    start = sum(ENDPLATE_MM) / 2.0
    last = start
    for at in np.arange(start, 60.0):
        if not bool(((np.abs(run - at) < 1.0) & (off < LEAVES_MM)).any()):
            break
        last = float(at)
    return last


def _endplate(points: Floats, meet: Floats, plate: _Line, depth: float) -> tuple[Floats, Floats] | None:
    """The endplate's centre and upward normal, from the bone's points around the line that the section shows."""
    run, off = (points[:, 1:] - meet) @ plate.along, (points[:, 1:] - meet) @ plate.across
    chosen = (np.abs(points[:, 0]) < ENDPLATE_HALF_MM) & (run > 3.0) & (run < depth - 2.0) & (np.abs(off) < LEAVES_MM)
    found = points[chosen]
    if len(found) < 12:
        return None
    middle = found.mean(axis=0)
    _, _, axes = np.linalg.svd(found - middle)
    normal = np.asarray(axes[2] * np.sign(axes[2] @ np.array([0.0, *plate.across])), dtype=np.float64)
    centre = np.array([0.0, *(meet + plate.along * depth / 2.0)])
    return centre - normal * ((centre - middle) @ normal), normal
