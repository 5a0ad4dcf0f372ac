"""What in the sacrum's shape speaks against the count of its levels: signs of a transitional vertebra, as measures.

None of these decides anything. Each says what was measured, so that the person who confirms the levels knows where to
look; a spine counted from above is the only proof.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.levels_shape import STRIP_MM, Bodies, width_mm
from nutation.anatomy.openings_box import BOX_MM, SacralBox
from nutation.anatomy.openings_masks import grown, steps
from nutation.anatomy.openings_measure import Foramen
from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask
from nutation.record.errors import InputError

GAP_SHARE = 0.35
"""Share of a body's depth that has to be open between S1 and S2 before it is named: a third of a disc is a disc."""

GAP_REACH_MM = 8.0
"""How far above and below the middle of S1's foramina a remaining disc is looked for."""

LEAST_DEPTH = 8
"""A line shorter than this (voxels) lies not across a body."""

SQUARE = 0.9
"""Depth of S1 above over below, from which its shape is named. A sacral body is deeper above than below; the ratio is
good to a tenth."""

LATERAL_MM = 30.0
"""From this far beside the midline, in front of the canal, L5 is its transverse process and the sacrum its ala: bodies
are narrower."""

CONTACT_MM2 = 60.0
"""Least area on which L5's transverse process meets ala or hip bone before it is named."""

USUAL_OF_WIDTH = 0.31
"""Where S1's foramina usually are: the mean of the atlas (`levels.BELOW_OF_WIDTH`)."""

RANGES = {1: (0.24, 0.39), 2: (0.42, 0.68)}
"""Where S1's and S2's foramina are expected, below the promontory in shares of the sacrum's width: the range of the 15
atlas pelvises and a tenth on either side."""


CUT_OF_WIDTH = 0.185
"""S1's foramina nearer to the promontory than this share of the sacrum's width, three fifths of the usual one: what
lies above them is no whole S1, but what is left of one that is cut off or not labelled."""


def check_whole(box: SacralBox, foramina: Mapping[tuple[int, Side], Foramen]) -> None:
    """Raises InputError where the body above the first foramina is too low for S1: every level would be one too low."""
    below = [each.below_mm for (number, _), each in foramina.items() if number == 1]
    if below and float(np.mean(below)) < CUT_OF_WIDTH * width_mm(box):
        raise InputError(
            f"the uppermost foramina lie {max(0.0, float(np.mean(below))):.0f} mm below the upper end of the sacrum, "
            f"where about {USUAL_OF_WIDTH * width_mm(box):.0f} mm belong: S1 is cut off or not labelled.",
            place="upper end of the sacrum",
            mend="give a map of the whole sacrum; S1 must carry its label up to the endplate below L5.",
        )


def shape_doubts(
    labels: NDArray[np.uint8],
    box: SacralBox,
    bodies: Bodies,
    foramina: Mapping[tuple[int, Side], Foramen],
    spacing_mm: float,
    low_mm: Floats,
) -> tuple[str, ...]:
    """Reasons to doubt the levels, in words, from the labels and what was read from them."""
    said: list[str] = []
    for level in (1, 2):
        below = [each.below_mm for (number, _), each in foramina.items() if number == level]
        if below:
            said += _about_place(box, level, float(np.mean(below)))
        if below and level == 1:
            said += _about_s1(box, bodies, float(np.mean(below)))
    said += _about_l5(labels, box, bodies, spacing_mm, low_mm)
    return tuple(said)


def _about_place(box: SacralBox, level: int, below_mm: float) -> list[str]:
    share = below_mm / width_mm(box)
    low, high = RANGES[level]
    if low <= share <= high:
        return []
    place = f"{below_mm:.0f} mm below the promontory, {share:.2f} of the sacrum's width"
    return [f"the S{level} foramina lie {place} (expected {low:.2f} to {high:.2f})"]


def _about_s1(box: SacralBox, bodies: Bodies, below_mm: float) -> list[str]:
    said: list[str] = []
    height = round(box.top - below_mm / BOX_MM)
    ratio = squareness(bodies, height)
    if ratio is not None and ratio < SQUARE:
        said.append(f"S1 is deeper below than above ({1 / ratio:.2f} times), unlike a sacral body")
    open_share = disc_share(box, bodies, height)
    if open_share > GAP_SHARE:
        said.append(f"between S1 and S2 a gap like a disc's is open over {100 * open_share:.0f} % of their depth")
    return said


def squareness(bodies: Bodies, height: int) -> float | None:
    """Depth of S1 at its endplate over its depth at the border to S2 (a height index); None where not known."""
    near = slice(max(height - 2, 0), height + 3)
    depth = bodies.back[near] - bodies.front[near]
    known = depth[~np.isnan(depth)]
    if not len(known) or bodies.plate_mm <= 0:
        return None
    return bodies.plate_mm / (float(np.median(known)) * BOX_MM)


def disc_share(box: SacralBox, bodies: Bodies, height: int) -> float:
    """The largest share of a body's depth that is open on one line across it, near a height index."""
    reach = int(GAP_REACH_MM / BOX_MM)
    front = _straight_wall(bodies.front, height, reach)
    if front is None:
        return 0.0
    back = _straight_wall(bodies.back, height, reach)
    half = bodies.middle(height) - front[0]
    middle, side = round(box.middle), int(STRIP_MM / BOX_MM)
    open_here: Mask = box.bone[middle - side : middle + side + 1].mean(axis=0) < 0.5
    best = 0.0
    for tilt in (-0.4, -0.2, 0.0, 0.2, 0.4):
        for offset in range(-reach, reach + 1):
            first = front[0] + front[1] * offset
            last = first + 2 * half if back is None else back[0] + back[1] * offset
            depths = steps(last - 1, first + 2)
            line: Floats = height + offset + tilt * (depths - (first + last) / 2)
            heights = np.round(line).astype(np.int64)
            if len(depths) >= LEAST_DEPTH and np.all((heights >= 0) & (heights < open_here.shape[1])):
                best = max(best, float(open_here[np.round(depths).astype(np.int64), heights].mean()))
    return best


def _straight_wall(wall: Floats, height: int, reach: int) -> tuple[float, float] | None:
    """A wall's depth at a height and its slope, from above and below a gap that may open it; None where not known."""
    offsets = steps(2 * reach + 1, -2 * reach)
    offsets = offsets[np.abs(offsets) >= reach]
    at = (height + offsets).astype(np.int64)
    within = (at >= 0) & (at < len(wall))
    values = wall[at[within]]
    known = ~np.isnan(values)
    if known.sum() < reach:
        return None
    run, depth = offsets[within][known], values[known]
    slope = float(((run - run.mean()) * depth).sum() / ((run - run.mean()) ** 2).sum())
    return float(depth.mean() - slope * run.mean()), slope


def _about_l5(
    labels: NDArray[np.uint8], box: SacralBox, bodies: Bodies, spacing_mm: float, low_mm: Floats
) -> list[str]:
    if not (labels == L5).any():
        return []
    touched = grown(labels == L5) & np.isin(labels, (SACRUM, LEFT_HIP, RIGHT_HIP))
    voxels = np.argwhere(touched)
    if not len(voxels):
        return []
    index = box.index(low_mm + voxels * spacing_mm)
    side = (index[:, 0] - box.middle) * BOX_MM
    ventral = index[:, 1] < bodies.endplate[0] + bodies.plate_mm / 2 / BOX_MM
    said: list[str] = []
    for name, sign in (("left", 1), ("right", -1)):
        area = float(np.count_nonzero(ventral & (sign * side > LATERAL_MM))) * spacing_mm**2
        if area > CONTACT_MM2:
            said.append(f"L5 meets the ala or the hip bone on the {name} (over {area:.0f} mm²)")
    return said
