"""The sacral level that an implant is told to be at: where it lies in the sacrum, not wherever its tip comes to lie."""

from __future__ import annotations

import numpy as np

from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import SACRUM, Level, Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.approaches import Approach
from nutation.planning.boundary_structures import midline_mm
from nutation.planning.construct_way import level_of
from nutation.planning.purchase import along


def level_told(pelvis: Pelvis, approach: Approach, implant: Implant) -> Level | None:
    """The level in whose band the implant lies in the sacrum; None between and beyond the bands.

    Told where it enters the sacrum when it starts there (its tip lies in the ilium), at the midline when it goes
    through to the other side, else at its tip.
    """
    return level_of(pelvis.levels, _where(pelvis, approach, implant))


def _where(pelvis: Pelvis, approach: Approach, implant: Implant) -> Floats:
    pose, length_mm = implant.pose, implant.size.length_mm
    if approach.enters == "sacrum":
        codes = along(pelvis, pose.entry_mm, pose.direction, length_mm)
        within = np.flatnonzero(codes == SACRUM)
        return pose.at(float(within[0]) * length_mm / len(codes)) if len(within) else pose.entry_mm
    if approach.through and abs(float(pose.direction[0])) > _ALONG_X:
        depth_mm = (midline_mm(pelvis) - float(pose.entry_mm[0])) / float(pose.direction[0])
        return pose.at(min(max(depth_mm, 0.0), length_mm))
    return implant.tip_mm


_ALONG_X = 1e-6
"""An axis with less than this along x never meets the midline."""
