"""Where on an implant its smallest clearance is: the place that a picture points at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import spatial

from nutation.anatomy.pelvis import CANAL, FORAMINA, SACRUM, Pelvis
from nutation.anatomy.solids import surface_points
from nutation.anatomy.space import Floats, Mask
from nutation.planning.boundary import Boundary
from nutation.planning.fluoroscopy_filters import sampled
from nutation.planning.plan import PlannedImplant, Structure
from nutation.planning.views_landmarks import points_of

_STEP_MM = 1.0
_FAR_MM = 1000.0
_AGREE_MM = 2.0  # a place that is further from the plan's own number than two voxels is not its place
_CODES: dict[Structure, tuple[int, ...]] = {
    "canal": (CANAL,),
    "s1_foramen": (FORAMINA["s1_foramen_left"], FORAMINA["s1_foramen_right"]),
    "s2_foramen": (FORAMINA["s2_foramen_left"], FORAMINA["s2_foramen_right"]),
    "lower_foramina": (FORAMINA["lower_foramina"],),
}


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest structure: the plan's own clearance to it, and the two points between which it is smallest."""

    structure: Structure
    clearance_mm: float
    depth_mm: float
    on_implant_mm: Floats
    on_structure_mm: Floats
    away: Floats


def nearest_of(planned: PlannedImplant, pelvis: Pelvis, boundary: Boundary | None) -> Nearest | None:
    """Where the smallest known clearance lies; None where nothing is known or the place cannot be told.

    The number is the plan's own. The place is read from the boundary's distance field where there is one, else (a
    plan that was stored without it) found on the structure's voxels.
    """
    if not planned.clearance.by_structure_mm:
        return None
    structure = planned.clearance.nearest
    surface = surface_points(planned.implant, _STEP_MM)
    if boundary is not None and structure in boundary.names:
        on_implant, on_structure = _by_field(boundary, structure, surface)
    else:
        there = _points(structure, pelvis)
        if not len(there):
            return None
        tree = cast("Any", spatial).cKDTree(there)
        apart, number = tree.query(surface)
        best = int(np.argmin(apart))
        on_implant, on_structure = surface[best], there[int(number[best])]
    way = on_structure - on_implant
    size = float(np.linalg.norm(way))
    if abs(size - abs(planned.clearance.least_mm)) > _AGREE_MM:
        return None
    implant = planned.implant
    depth = float(np.clip((on_implant - implant.pose.entry_mm) @ implant.pose.direction, 0, implant.size.length_mm))
    away = way / size if size > 0 else np.zeros(3)
    return Nearest(structure, planned.clearance.least_mm, depth, on_implant, on_structure, away)


def _by_field(boundary: Boundary, structure: Structure, surface: Floats) -> tuple[Floats, Floats]:
    field = boundary.field(structure)
    index = (surface - boundary.low_mm) / boundary.spacing_mm
    values = sampled(field, index, 1, _FAR_MM)
    best = int(values.argmin())
    steps = np.eye(3)
    uphill = np.array(
        [sampled(field, (index[best] + s)[None], 1, _FAR_MM)[0] - sampled(field, (index[best] - s)[None], 1, _FAR_MM)[0]
         for s in steps]
    )  # fmt: skip
    size = float(np.linalg.norm(uphill)) or 1.0
    return surface[best], surface[best] - uphill / size * float(values[best])


def _points(structure: Structure, pelvis: Pelvis) -> Floats:
    if structure in _CODES:
        mask: Mask = np.isin(pelvis.openings.labels, _CODES[structure])
        return points_of(pelvis, mask)
    return np.empty((0, 3)) if structure not in ("anterior_sacrum", "posterior_sacrum") else _wall(structure, pelvis)


def _wall(structure: Structure, pelvis: Pelvis) -> Floats:
    """The first sacral voxel from the front (or from behind) in every column."""
    sacrum = pelvis.bone(SACRUM)
    order = sacrum if structure == "anterior_sacrum" else sacrum[:, ::-1]
    columns = np.argwhere(order.any(axis=1))
    depth = order.argmax(axis=1)[columns[:, 0], columns[:, 1]]
    if structure == "posterior_sacrum":
        depth = sacrum.shape[1] - 1 - depth
    index = np.stack([columns[:, 0], depth, columns[:, 1]], axis=1).astype(float)
    return index * pelvis.spacing_mm + pelvis.low_mm
