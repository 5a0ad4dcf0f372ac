"""The region round one joint, cut out of the pelvis: where an axis may run, and where bone may be entered.

Each voxel gets a zone. Bone of the way (`ILIUM`, `JOINT`, `SACRUM` …) may hold an implant. `ENTRY` is what lies before
the surface that may be entered: background from which the nominal direction meets that bone first. Beyond the bone's
rim the direction meets nothing, so the rim (crest, edge of the notch) keeps its boundary. `EXIT` is the same on the
other side where an implant goes through. All else is `FORBIDDEN`.

An implant that lies in the joint is wider than the gap: it is pressed into a bed that is prepared in both bones. Its
axis keeps near the gap (`near_joint_mm`), and so wide a strip of both bones' backs (`bed_mm`), open to behind, is
entered with the gap. Pockets between the bones, too wide to be labelled as gap, hold ligament and are joint to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numba as nb
import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import GAP_OF, HIP_OF, SACRUM, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask
from nutation.planning.approaches import Approach, Part
from nutation.planning.boundary_threads import shared_out

NOTHING = -1
"""What a ray meets that leaves the region."""
FORBIDDEN, IN_ILIUM, IN_JOINT, IN_SACRUM, IN_FAR_JOINT, IN_FAR_ILIUM, ENTRY, EXIT = range(8)

ZONE_OF: dict[Part, int] = {
    "ilium": IN_ILIUM,
    "joint": IN_JOINT,
    "sacrum": IN_SACRUM,
    "far_joint": IN_FAR_JOINT,
    "far_ilium": IN_FAR_ILIUM,
}

OTHER: dict[Side, Side] = {"left": "right", "right": "left"}

_AIR_MM = 12.0
"""Air kept round the bone in the region: more than an implant stands out, and enough to tell how deep a breach is."""
_ALONG_MM = 25.0
"""How far the ilium is kept beyond the sacrum: an oblique path enters there, and its rim bounds one that does."""

njit = cast("Any", nb.njit)


@dataclass(frozen=True, slots=True)
class Region:
    """Zones (uint8), labels and opening codes on one crop of the pelvis's grid; `low_mm` (3,) is its voxel (0, 0, 0).

    `lateral` is +1 where x grows outwards from the operated joint (left), else -1.
    """

    zones: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    openings: NDArray[np.uint8]
    low_mm: Floats
    spacing_mm: float
    lateral: int

    @property
    def bone(self) -> Mask:
        """The voxels that may hold an implant."""
        return (self.zones >= IN_ILIUM) & (self.zones <= IN_FAR_ILIUM)

    @property
    def forbidden(self) -> Mask:
        """The voxels that may not."""
        return self.zones == FORBIDDEN


def region(pelvis: Pelvis, side: Side, approach: Approach, *, through: bool) -> Region:
    """The zones round one joint. Raises ValueError where the pelvis lacks the sacrum or the side's ilium."""
    window = _window(pelvis, side, approach, through)
    labels = np.ascontiguousarray(pelvis.labels[window])
    openings = np.ascontiguousarray(pelvis.openings.labels[window])
    bones = {HIP_OF[side]: IN_ILIUM, GAP_OF[side]: IN_JOINT, SACRUM: IN_SACRUM}
    if through:
        bones |= {GAP_OF[OTHER[side]]: IN_FAR_JOINT, HIP_OF[OTHER[side]]: IN_FAR_ILIUM}
    zone_of = np.zeros(256, dtype=np.uint8)
    for code, zone in bones.items():
        zone_of[code] = zone
    zones = zone_of[labels]
    zones[openings > 0] = FORBIDDEN
    # What no ray may look through: bone, metal, openings. Their own code says what a ray met.
    met = zones.copy()
    met[(zones == FORBIDDEN) & ((labels > 0) | (openings > 0))] = 255
    direction = approach.direction(side)
    if approach.near_joint_mm is not None:
        bed = _near_joint(zones, approach.bed_mm / pelvis.spacing_mm)
        zones[_near_joint(zones, approach.near_joint_mm / pelvis.spacing_mm)] = IN_JOINT
        met[bed] = IN_JOINT
    seen = _seen(met, direction, ZONE_OF[approach.enters])
    if approach.near_joint_mm is not None:
        zones[seen & _seen(met, -direction, IN_JOINT)] = IN_JOINT
        seen &= _seen(met, -direction, NOTHING)
    zones[seen] = ENTRY
    if through:
        back = -direction * np.array([1.0, -1.0, -1.0])  # the nominal direction, mirrored to the other side
        zones[_seen(met, back, IN_FAR_ILIUM)] = EXIT
    low_mm = pelvis.low_mm + np.array([part.start for part in window]) * pelvis.spacing_mm
    return Region(zones, labels, openings, low_mm, pelvis.spacing_mm, 1 if side == "left" else -1)


def _window(pelvis: Pelvis, side: Side, approach: Approach, through: bool) -> tuple[slice, slice, slice]:
    """The sacrum and joint with some air, the ilium beside them, and what the approach's way needs beyond."""
    labels = pelvis.labels
    hip = HIP_OF[side]
    core = _bounds(np.isin(labels, [SACRUM, GAP_OF[side]]))
    if core is None or not (labels == hip).any():
        raise ValueError(f"the pelvis lacks the sacrum or the {side} hip")
    low, high = core
    air, along = (round(length / pelvis.spacing_mm) for length in (_AIR_MM, _ALONG_MM))
    low, high = low - np.array([air, along, along]), high + np.array([air, along, along])
    if approach.enters != "ilium":
        ahead = approach.direction(side) * approach.longest_mm / pelvis.spacing_mm
        low = np.minimum(low, low + ahead * [0, 1, 1])
        high = np.maximum(high, high + ahead * [0, 1, 1])
    low, high = np.maximum(low, 0), np.minimum(high, np.array(labels.shape)).astype(int)
    low = low.astype(int)
    hips = [hip, HIP_OF[OTHER[side]]] if through else [hip]
    beside = _bounds(np.isin(labels[:, low[1] : high[1], low[2] : high[2]], hips))
    if beside is not None:
        low[0] = min(low[0], max(0, beside[0][0] - air))
        high[0] = max(high[0], min(labels.shape[0], beside[1][0] + air))
    return (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])), slice(int(low[2]), int(high[2])))


def _bounds(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Lowest index and highest index + 1 of a mask, by axis; None where it is empty."""
    ends: list[tuple[int, int]] = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        filled = np.flatnonzero(mask.any(axis=others))
        if not len(filled):
            return None
        ends.append((int(filled[0]), int(filled[-1]) + 1))
    return np.array([a for a, _ in ends]), np.array([b for _, b in ends])


def _near_joint(zones: NDArray[np.uint8], reach: float) -> Mask:
    """Bone within `reach` voxels of the gap."""
    import edt

    away: Any = cast("Any", edt).edt(np.ascontiguousarray(zones != IN_JOINT), parallel=2)
    return np.asarray(away <= reach) & (zones >= IN_ILIUM) & (zones <= IN_SACRUM)


def _seen(met: NDArray[np.uint8], direction: Floats, wanted: int) -> Mask:
    found = np.zeros(met.shape, dtype=np.bool_)
    step = direction / np.abs(direction).max()
    shared_out(met.shape[0], lambda first, last: _look(met, step, wanted, found, first, last))
    return found


@njit(cache=True, nogil=True)
def _look(met: Any, step: Any, wanted: int, found: Any, first: int, last: int) -> None:
    """In planes `first` to `last` marks the background from which, going by `step`, `wanted` (or `NOTHING`) is met."""
    nx, ny, nz = met.shape
    for i in range(first, last):
        for j in range(ny):
            for k in range(nz):
                if met[i, j, k] != 0:
                    continue
                x, y, z = float(i), float(j), float(k)
                while True:
                    x += step[0]
                    y += step[1]
                    z += step[2]
                    a, b, c = round(x), round(y), round(z)
                    if a < 0 or b < 0 or c < 0 or a >= nx or b >= ny or c >= nz:
                        found[i, j, k] = wanted == NOTHING
                        break
                    if met[a, b, c] != 0:
                        found[i, j, k] = met[a, b, c] == wanted
                        break
