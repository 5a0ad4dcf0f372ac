"""The foramina measured: where they lie, how wide they are, whether they are where foramina should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.openings_box import BOX_MM, SacralBox
from nutation.anatomy.openings_masks import part_of
from nutation.anatomy.openings_tunnels import PAIR_MM
from nutation.anatomy.pelvis import FORAMINA, HIP_OF, Openings
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats

THROAT_LAYERS = 3
"""Layers over which the narrowest section is averaged: one alone is narrow or wide by a voxel's whim."""

THROAT_SHARES = (0.2, 0.6)
"""Where along the tunnel, from its front mouth, the narrowest section is looked for."""

QUARTERS = 0.404
"""Share of an ellipse's diameter between the quarters of its area: what lies astray in a section does not count."""

LEAST_STEP_MM = 12.0
"""Two levels' foramina closer than this are rather two parts of one foramen."""


@dataclass(frozen=True, slots=True)
class Foramen:
    """One foramen as measured, in the pelvic frame.

    `number` counts from above (1 is S1's); `centre_mm` (3,) is the middle of its tunnel beside the canal, `below_mm`
    how far that lies below the promontory along the sacral axis. Its narrowest section, across the line from back to
    front, has `throat_mm2`, and `width_mm` (side to side) and `height_mm` as an ellipse of the same spread has;
    `roof_mm` and `floor_mm` say how far below the promontory that ellipse begins and ends. `length_mm` is the tunnel's
    reach from back to front.
    """

    side: Side
    number: int
    name: str
    centre_mm: Floats
    below_mm: float
    roof_mm: float
    floor_mm: float
    throat_mm2: float
    width_mm: float
    height_mm: float
    length_mm: float


def measure_foramina(
    openings: Openings, box: SacralBox, spacing_mm: float, low_mm: Floats
) -> Mapping[tuple[int, Side], Foramen]:
    """S1 and S2 foramina of openings on a grid in the pelvic frame, by number and side."""
    found: dict[tuple[int, Side], Foramen] = {}
    for number in (1, 2):
        for side in HIP_OF:
            name = f"s{number}_foramen_{side}"
            code = FORAMINA[name]
            part = part_of(openings.labels, code)
            if name in openings.seen and part is not None:
                low = np.array([each.start for each in part])
                voxels = low + np.argwhere(openings.labels[part] == code)
                index = box.index(low_mm + voxels * spacing_mm)
                found[number, side] = _measured(index, box, spacing_mm, side, number, name)
    return found


def _measured(index: Floats, box: SacralBox, spacing_mm: float, side: Side, number: int, name: str) -> Foramen:
    step = max(spacing_mm, BOX_MM) / BOX_MM
    layer = np.floor((index[:, 1] - index[:, 1].min()) / step).astype(np.int64)
    layers = int(layer.max()) + 1
    area = np.bincount(layer, minlength=layers) * spacing_mm**3 / (step * BOX_MM)
    # the mouth runs out to nothing, and behind the canal the way divides: the throat is looked for between the two
    ahead, behind = (round(share * layers) for share in THROAT_SHARES)
    starts = range(ahead, max(behind - THROAT_LAYERS, ahead) + 1)
    start = min(starts, key=lambda at: float(area[at : at + THROAT_LAYERS].sum()))
    sections = [index[layer == at] for at in range(start, min(start + THROAT_LAYERS, layers))]
    sections = [each for each in sections if len(each) >= 3]
    middle = np.mean([np.median(each, axis=0) for each in sections], axis=0)
    quarters = np.mean([np.diff(np.quantile(each, [0.25, 0.75], axis=0), axis=0)[0] for each in sections], axis=0)
    width, height = (float(quarters[axis]) * BOX_MM / QUARTERS for axis in (0, 2))
    below = float(box.top - middle[2]) * BOX_MM
    centre = index.mean(axis=0)
    return Foramen(
        side=side,
        number=number,
        name=name,
        centre_mm=box.points(centre[None])[0],
        below_mm=float(box.top - centre[2]) * BOX_MM,
        roof_mm=below - height / 2,
        floor_mm=below + height / 2,
        throat_mm2=float(np.mean(area[start : start + THROAT_LAYERS])),
        width_mm=width,
        height_mm=height,
        length_mm=layers * step * BOX_MM,
    )


def doubts(foramina: Mapping[tuple[int, Side], Foramen]) -> tuple[str, ...]:
    """What speaks against the foramina's names, in words: not paired, not in order, one level not shown."""
    said: list[str] = []
    for number in (1, 2):
        left, right = foramina.get((number, "left")), foramina.get((number, "right"))
        if (left is None) != (right is None):
            shown = "left" if left is not None else "right"
            said.append(f"the S{number} foramen is shown on the {shown} only")
        elif left is not None and right is not None and abs(left.below_mm - right.below_mm) > PAIR_MM:
            apart = abs(left.below_mm - right.below_mm)
            said.append(f"the S{number} foramina lie at different heights left and right ({apart:.0f} mm)")
    for side in HIP_OF:
        upper, lower = foramina.get((1, side)), foramina.get((2, side))
        if upper is not None and lower is not None and lower.below_mm - upper.below_mm < LEAST_STEP_MM:
            step = lower.below_mm - upper.below_mm
            said.append(f"the {side} S1 and S2 foramina are only {step:.0f} mm apart along the sacral axis")
    if any(number == 2 for number, _ in foramina) and not any(number == 1 for number, _ in foramina):
        said.append("the uppermost foramina shown lie as low as S2's; S1's are not shown")
    return tuple(said)
