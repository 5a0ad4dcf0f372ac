"""S1 and S2 proposed: from the foramina where the input shows them, else estimated from the sacrum's shape.

A level's band reaches from one border of its body to the next: S1 from the endplate to the middle of S1's foramina,
which open between the bodies of S1 and S2; S2 on to the middle of S2's. A wrong count (a transitional vertebra, a
foramen that the map fills in) shifts every level by one, so whatever speaks against the count is said (`levels_doubts`)
and a person confirms the levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.levels_doubts import check_whole, shape_doubts
from nutation.anatomy.levels_shape import Bodies, bodies_of, length_below_mm, width_mm
from nutation.anatomy.openings_box import BOX_MM, SacralBox, sacral_box
from nutation.anatomy.openings_measure import Foramen, doubts, measure_foramina
from nutation.anatomy.pelvis import Level, LevelBand, Levels, Openings
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, unit

BELOW_OF_WIDTH = (0.31, 0.54)
"""How far S1's and S2's foramina lie below the promontory, as shares of the sacrum's width: the means of the 15
pelvises of the atlas that this was made with (from 0.27 to 0.35 and from 0.46 to 0.62)."""

UNSURE_OF_WIDTH = (0.05, 0.09)
"""Two standard deviations of those shares: how far an estimated border may be off."""

BELOW_S2_MM = 32.0
"""A sacrum that ends less far below S2's foramina ends within S3 or S4: nothing can be counted from below."""

SHOWN, ESTIMATED = "foramina shown", "estimated from shape; foramina not shown"


@dataclass(frozen=True, slots=True)
class _Border:
    """The border below a level: how far below the promontory, with what it was read from."""

    below_mm: float
    shown: bool


def propose_levels(
    labels: NDArray[np.uint8],
    openings: Openings,
    spacing_mm: float,
    low_mm: Floats,
    landmarks: Mapping[str, Floats],
) -> Levels:
    """Bands of S1 and S2 in the pelvic frame, with their basis and every doubt about them in words.

    `labels` (i, j, k) has its voxel (0, 0, 0) at `low_mm` (3,). Of `landmarks`, `s1_endplate_centre` (3,) is used where
    it is given. No bands, and a warning, where the labels show too little of a sacrum. Raises InputError where what
    lies above the uppermost foramina is too low to be S1.
    """
    box = sacral_box(labels, spacing_mm, low_mm)
    if box is None:
        return Levels({}, ("S1 and S2 were not found: the labels show too little of a sacrum.",))
    foramina = measure_foramina(openings, box, spacing_mm, low_mm)
    check_whole(box, foramina)
    bodies = bodies_of(box, openings, spacing_mm, low_mm, landmarks.get("s1_endplate_centre"))
    width = width_mm(box)
    upper, lower = _borders(foramina, width)
    top = float(bodies.endplate[1])
    corners = [
        _middle(box, bodies, height) for height in (box.top - border.below_mm / BOX_MM for border in (upper, lower))
    ]
    plate = box.points(np.array([[box.middle, *bodies.endplate]]))[0]
    warnings: list[str] = []
    if not (top > box.top - upper.below_mm / BOX_MM and upper.below_mm < lower.below_mm):
        return Levels({}, ("S1 and S2 were not found: endplate and foramina are not in order from above.",))
    bands: dict[Level, LevelBand] = {
        "s1": _band("s1", plate, corners[0], upper.shown),
        "s2": _band("s2", corners[0], corners[1], upper.shown and lower.shown),
    }
    if not (upper.shown and lower.shown):
        off = " and ".join(f"{share * width:.0f}" for share in UNSURE_OF_WIDTH)
        which = "S1 and S2 are" if not upper.shown else "the lower border of S2 is"
        warnings.append(f"{which} {ESTIMATED}: the lower borders of S1 and S2 may be off by {off} mm.")
    reasons = (*doubts(foramina), *shape_doubts(labels, box, bodies, foramina, spacing_mm, low_mm))
    warnings += [f"Levels in doubt: {reason}." for reason in reasons]
    if length_below_mm(box, lower.below_mm) < BELOW_S2_MM:
        warnings.append("The sacrum is cut off below S2 in this input: its levels cannot be counted from below.")
    return Levels(bands, tuple(warnings))


def _borders(foramina: Mapping[tuple[int, Side], Foramen], width: float) -> tuple[_Border, _Border]:
    """The lower borders of S1 and of S2."""
    below = [[each.below_mm for (number, _), each in foramina.items() if number == level] for level in (1, 2)]
    first, second = (float(np.mean(found)) if found else None for found in below)
    shares = BELOW_OF_WIDTH
    if first is None and second is None:
        return _Border(shares[0] * width, False), _Border(shares[1] * width, False)
    if first is None and second is not None:
        return _Border(second * shares[0] / shares[1], False), _Border(second, True)
    assert first is not None
    if second is None:
        return _Border(first, True), _Border(first + (shares[1] - shares[0]) * width, False)
    return _Border(first, True), _Border(second, True)


def _middle(box: SacralBox, bodies: Bodies, height: float) -> Floats:
    """The middle of the bodies at a height index, (3,) in the pelvic frame."""
    index = np.array([[box.middle, bodies.middle(height), height]])
    return box.points(index)[0]


def _band(level: Level, above: Floats, below: Floats, shown: bool) -> LevelBand:
    """The band between the middles of two borders."""
    half = float(np.linalg.norm(above - below)) / 2
    between = {"s1": "between the S1 endplate and the S1 foramina", "s2": "between the S1 and the S2 foramina"}[level]
    basis = f"{between} ({SHOWN})" if shown else ESTIMATED
    return LevelBand(level, (above + below) / 2, unit(above - below), -half, half, basis)
