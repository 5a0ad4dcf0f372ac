"""Signs of a dysmorphic upper sacrum as measures, never as a class.

Published rates of dysmorphism run from 14 to 52 % by definition, and two readers agree poorly on the signs. What
decides is whether an implant fits, which the corridors measure; these figures say why it does or does not. A sign that
the input does not show is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.levels_doubts import disc_share, squareness
from nutation.anatomy.levels_shape import Bodies, bodies_of
from nutation.anatomy.openings_box import BOX_MM, SacralBox, sacral_box
from nutation.anatomy.openings_masks import steps
from nutation.anatomy.openings_measure import Foramen, measure_foramina
from nutation.anatomy.pelvis import HIP_OF, Openings
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats

ALA_FROM_MM, ALA_TO_MM = 26.0, 44.0
"""Stretch beside the midline over which the ala's upper edge is read: outside the body, inside the joint."""

LEAST_COLUMNS = 10
"""Fewest columns of the ala from which a slope is given."""

Unit = Literal["deg", "mm", "ratio", "share"]


@dataclass(frozen=True, slots=True)
class Sign:
    """One measure: its name, its side (None: of the whole sacrum), the value with its unit, what it is in words."""

    name: str
    side: Side | None
    value: float
    unit: Unit
    meaning: str


def measure_signs(
    labels: NDArray[np.uint8],
    openings: Openings,
    spacing_mm: float,
    low_mm: Floats,
    landmarks: Mapping[str, Floats],
) -> tuple[Sign, ...]:
    """The signs that labels (i, j, k) in the pelvic frame show; voxel (0, 0, 0) is centred at `low_mm` (3,).

    alar_slope (degrees by which the ala's upper edge falls away sideways from the plane across the sacral axis),
    s1_height and s2_height (mm of bone over the S1 foramen, and between it and S2's, beside the body),
    s1_foramen_width, s1_foramen_height and s1_foramen_shape (width over height of its narrowest section), s1_shape
    (depth of S1 above over below) and s1_s2_gap (share of the depth that is open between S1 and S2).
    """
    box = sacral_box(labels, spacing_mm, low_mm)
    if box is None:
        return ()
    bodies = bodies_of(box, openings, spacing_mm, low_mm, landmarks.get("s1_endplate_centre"))
    foramina = measure_foramina(openings, box, spacing_mm, low_mm)
    signs: list[Sign] = []
    for side in HIP_OF:
        slope = alar_slope_deg(box, bodies, side)
        if slope is not None:
            signs.append(Sign("alar_slope", side, slope, "deg", "fall of the ala's upper edge towards the side"))
        signs += _of_foramina(box, foramina, side)
    first = [each.below_mm for (number, _), each in foramina.items() if number == 1]
    if first:
        height = round(box.top - float(np.mean(first)) / BOX_MM)
        ratio = squareness(bodies, height)
        if ratio is not None:
            signs.append(Sign("s1_shape", None, ratio, "ratio", "depth of S1's body above over below"))
        share = disc_share(box, bodies, height)
        signs.append(Sign("s1_s2_gap", None, share, "share", "share of the bodies' depth open between S1 and S2"))
    return tuple(signs)


def alar_slope_deg(box: SacralBox, bodies: Bodies, side: Side) -> float | None:
    """Degrees by which the ala's upper edge falls towards the side, against the plane across the sacral axis.

    The edge is read in front of the bodies' middle, where an iliosacral implant passes; None where there is no ala.
    """
    sign = 1.0 if side == "left" else -1.0
    front, middle = bodies.front[round(float(bodies.endplate[1])) - 5], bodies.middle(float(bodies.endplate[1]))
    if np.isnan(front):
        return None
    window = slice(max(round(float(front)), 0), max(round(middle), round(float(front)) + 3))
    offsets: list[float] = []
    tops: list[float] = []
    for off in steps(ALA_TO_MM / BOX_MM, ALA_FROM_MM / BOX_MM):
        at = round(box.middle + sign * float(off))
        if not 0 <= at < box.bone.shape[0]:
            continue
        filled = np.flatnonzero(box.bone[at, window].any(axis=0))
        if len(filled):
            offsets.append(float(off))
            tops.append(float(filled[-1]))
    if len(tops) < LEAST_COLUMNS:
        return None
    run, height = np.array(offsets), np.array(tops)
    slope = float(((run - run.mean()) * height).sum() / ((run - run.mean()) ** 2).sum())
    return -float(np.degrees(np.arctan(slope)))


def _of_foramina(box: SacralBox, foramina: Mapping[tuple[int, Side], Foramen], side: Side) -> list[Sign]:
    first, second = foramina.get((1, side)), foramina.get((2, side))
    if first is None:
        return []
    shape = first.width_mm / first.height_mm
    signs = [
        Sign("s1_foramen_width", side, first.width_mm, "mm", "width of the S1 foramen's narrowest section"),
        Sign("s1_foramen_height", side, first.height_mm, "mm", "height of the S1 foramen's narrowest section"),
        Sign("s1_foramen_shape", side, shape, "ratio", "width over height of that section"),
    ]
    over = _bone_over(box, first)
    if over is not None:
        signs.append(Sign("s1_height", side, over, "mm", "bone over the S1 foramen, beside the body"))
    if second is not None and second.roof_mm > first.floor_mm:
        between = second.roof_mm - first.floor_mm
        signs.append(Sign("s2_height", side, between, "mm", "bone between the S1 and S2 foramina, beside the body"))
    return signs


def _bone_over(box: SacralBox, foramen: Foramen) -> float | None:
    """Bone (mm, along the sacral axis) from the foramen's roof up to the ala, at the tunnel's middle."""
    side, depth, height = (round(float(at)) for at in box.index(foramen.centre_mm[None])[0])
    filled = np.flatnonzero(box.bone[side, depth, height:])
    if not len(filled):
        return None
    top = height + int(filled[-1]) + 0.5
    return float((top - (box.top - foramen.roof_mm / BOX_MM)) * BOX_MM)
