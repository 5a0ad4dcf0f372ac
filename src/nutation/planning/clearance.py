"""Clearance: how far an implant's surface is from each part of the forbidden boundary."""

from __future__ import annotations

import numpy as np

from nutation.anatomy.implants import Implant
from nutation.anatomy.solids import surface_points
from nutation.planning.boundary import Boundary
from nutation.planning.clearance_kernels import least_at
from nutation.planning.plan import Clearance, Structure

STEP_MM = 0.75
"""Between the points that are looked at: a sharper corner between them would be missed by a tenth of a millimetre."""


def clearance(boundary: Boundary, implant: Implant) -> Clearance:
    """The clearance of one implant, from its true surface.

    What stands out before the surface that may be entered is not judged; an implant that breaks out of that surface
    again further in is. Negative: beyond the surface, by so much.
    """
    h, pose = boundary.spacing_mm, implant.pose
    points = surface_points(implant, STEP_MM)
    index = np.ascontiguousarray((points - boundary.low_mm) / h)
    depths = (points - pose.entry_mm) @ pose.direction / h
    found = np.empty(len(boundary.names) + 1)
    least_at(boundary.values, boundary.skins[0], index, h, pose.direction, depths, found)
    told: dict[Structure, float] = {
        name: float(mm) for name, mm in zip(boundary.names, found[:-1], strict=True) if np.isfinite(mm)
    }
    if np.isfinite(found[-1]):
        told[boundary.entered] = min(float(found[-1]), told.get(boundary.entered, np.inf))
    return Clearance(told, boundary.unknown)
