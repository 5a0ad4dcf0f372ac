"""Where canal and foramina would be when the image does not show them: a bound on the search, never a clearance.

A label map or a closed surface often fills them in. A path through solid-looking bone may then run through a nerve, so
the search keeps away from tubes at the usual places beside and behind the proposed S1 and S2 bodies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.planning.boundary_zones import Region
from nutation.planning.plan import STRUCTURES, Structure

_Field = NDArray[np.float32]


def keep_away(
    pelvis: Pelvis, part: Region, unknown: frozenset[Structure], *, through: bool
) -> tuple[_Field | None, tuple[str, ...]]:
    """Distance in mm to the keep-outs of what is not seen (None where there are none), and each of them in words."""
    bands = pelvis.levels.bands
    if not unknown or "s1" not in bands or "s2" not in bands:
        if not unknown:
            return None, ()
        names = ", ".join(sorted(STRUCTURES[name] for name in unknown))
        return None, (f"{names}: not seen, and without levels the search cannot keep away from them",)
    usual = load().entry("unseen_openings")
    first, second = bands["s1"], bands["s2"]
    down = (second.centre_mm - first.centre_mm) / np.linalg.norm(second.centre_mm - first.centre_mm)
    back = np.array([0.0, 1.0, 0.0]) - down[1] * down
    back /= np.linalg.norm(back)
    spread = float(np.linalg.norm(second.centre_mm - first.centre_mm))
    told: list[str] = []
    found = np.full(part.zones.shape, np.inf, dtype=np.float32)
    if "canal" in unknown:
        middle = first.centre_mm + usual.number("canal_behind_mm") * back
        radius_mm = usual.number("canal_radius_mm")
        found = np.minimum(found, _from_line(part, middle, down) - np.float32(radius_mm))
        told.append(f"sacral canal not seen: searched outside a tube of {radius_mm:g} mm round its usual place")
        if not through:
            least_mm = usual.number("tip_from_midline_mm")
            across = (_places(part, 0) - np.float32(middle[0])) * part.lateral
            found = np.minimum(found, (across - np.float32(least_mm))[:, None, None])
            told.append(f"sacral canal not seen: searched no nearer to the midline than {least_mm:g} mm")
    for name, share in (("s1_foramen", 0.5), ("s2_foramen", 1.5)):
        if name not in unknown:
            continue
        radius_mm, beside_mm = usual.number("foramen_radius_mm"), usual.number("foramen_beside_mm")
        for across in (-1.0, 1.0):
            middle = first.centre_mm + share * spread * down + np.array([across * beside_mm, 0.0, 0.0])
            found = np.minimum(found, _from_line(part, middle, back) - np.float32(radius_mm))
        told.append(f"{STRUCTURES[name]} not seen: searched outside a tube of {radius_mm:g} mm round its usual place")
    return found, tuple(told)


def _from_line(part: Region, point_mm: Floats, direction: Floats) -> _Field:
    """Distance in mm of every voxel from a line, float32."""
    x, y, z = (_places(part, axis) - np.float32(point_mm[axis]) for axis in range(3))
    x, y, z = x[:, None, None], y[None, :, None], z[None, None, :]
    along = x * np.float32(direction[0]) + y * np.float32(direction[1]) + z * np.float32(direction[2])
    return np.sqrt(np.maximum(x * x + y * y + z * z - along * along, 0.0))


def _places(part: Region, axis: int) -> _Field:
    """Where the voxels lie along one axis, mm, float32."""
    count = part.zones.shape[axis]
    return np.asarray(part.low_mm[axis] + np.arange(count) * part.spacing_mm, dtype=np.float32)
