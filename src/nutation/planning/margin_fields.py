"""The forbidden boundary as the compiled loops read it: one stack of distance fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import GAP_OF, HIP_OF, LEFT_GAP, LEFT_HIP, SACRUM
from nutation.anatomy.space import Floats
from nutation.planning.boundary import Boundary
from nutation.planning.boundary_fields import depths, distance
from nutation.planning.boundary_zones import FORBIDDEN, IN_FAR_ILIUM, IN_ILIUM
from nutation.planning.margin_kernels import clearances as _clearances
from nutation.planning.plan import Structure


@dataclass(frozen=True, slots=True)
class Fields:
    """Signed distances in mm, float32 (structures, nx, ny, nz), positive on the implant's side; `least` their least.
    `search` is what a search keeps clear of: `least`, and where the input does not show what would be there.
    `skin` is the distance to the surface that is entered, negative before it.
    `bones` are the codes that an axis meets in their order when it does not miss the joint (0: none is asked for).

    A point p of the pelvic frame has index `(p - low_mm) / spacing_mm`.
    """

    names: tuple[Structure, ...]
    values: NDArray[np.float32]
    least: NDArray[np.float32]
    low_mm: Floats
    spacing_mm: float
    unknown: frozenset[Structure]
    search: NDArray[np.float32] | None = None
    bones: tuple[int, int, int] = (LEFT_HIP, LEFT_GAP, SACRUM)
    skin: NDArray[np.float32] | None = None

    def clearances(self, implants: tuple[Implant, ...]) -> Floats:
        """The clearance of each implant to each structure, (implants, structures) in mm."""
        entries, directions, lengths, radii = arrays(implants)
        found: Any = _clearances(self.values, self.low_mm, self.spacing_mm, entries, directions, lengths, radii)
        return found


def fields_of(boundary: Boundary) -> Fields:
    """The boundary's own arrays, not copied."""
    return Fields(
        boundary.names, boundary.values, boundary.least, boundary.low_mm, boundary.spacing_mm, boundary.unknown,
        boundary.search, _bones(boundary), boundary.skins[0],
    )  # fmt: skip


def bone_fields(boundary: Boundary) -> Fields:
    """Distances to bone's own surface, by structure: where a breach begins.

    The boundary's front of the sacrum has a margin for nerves and vessels in it, which a plan keeps; an implant in that
    margin is still in bone. Every forbidden voxel belongs to one structure and carries there its own depth, so those
    of the front are what no other structure claims.
    """
    if "anterior_sacrum" not in boundary.names:
        return fields_of(boundary)
    slot = boundary.names.index("anterior_sacrum")
    forbidden = boundary.zones == FORBIDDEN
    behind = depths(boundary.share)
    beyond = -distance((boundary.zones >= IN_ILIUM) & (boundary.zones <= IN_FAR_ILIUM), behind, boundary.spacing_mm)
    front = forbidden.copy()
    for other in range(len(boundary.names)):
        if other != slot:
            front &= boundary.values[other] != beyond
    values = boundary.values.copy()
    values[slot] = distance(front, behind, boundary.spacing_mm)
    values[slot][front] = beyond[front]
    return Fields(
        boundary.names, values, values.min(axis=0), boundary.low_mm, boundary.spacing_mm, boundary.unknown,
        boundary.search, _bones(boundary), boundary.skins[0],
    )  # fmt: skip


def _bones(boundary: Boundary) -> tuple[int, int, int]:
    """The codes of the first three parts that the approach crosses; where it stays in the joint, the gap alone."""
    side = boundary.side
    codes = {"ilium": HIP_OF[side], "joint": GAP_OF[side], "sacrum": SACRUM}
    parts = [codes[part] for part in boundary.approach.crosses[:3] if part in codes]
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else (0, GAP_OF[side], 0)


def arrays(implants: tuple[Implant, ...]) -> tuple[Floats, Floats, Floats, Floats]:
    """Entries (n, 3), directions (n, 3), lengths (n,) and radii (n,) of implants."""
    return (
        np.array([one.pose.entry_mm for one in implants], dtype=np.float64).reshape(-1, 3),
        np.array([one.pose.direction for one in implants], dtype=np.float64).reshape(-1, 3),
        np.array([one.size.length_mm for one in implants], dtype=np.float64),
        np.array([one.size.diameter_mm / 2 for one in implants], dtype=np.float64),
    )
