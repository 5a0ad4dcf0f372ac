"""The forbidden boundary: signed distance to every structure that an implant must not reach, round one joint.

What may hold an implant is ilium, joint gap and sacrum (and the other side's where it goes through). Everything else is
forbidden but the side from which bone is entered, and that on which a way through comes out (`boundary_zones`).
Canal and foramina always belong to the boundary; where the input does not show them, clearance to them is unknown, and
only the search is kept away from where they would be (`boundary_unseen`). Nerves and vessels are not seen: a margin
under the front of the ala is forbidden too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask
from nutation.evidence import load
from nutation.planning.approaches import Approach, approach_of
from nutation.planning.boundary_fields import bone_share, depths, distance
from nutation.planning.boundary_structures import NAMES, NONE, name_structures, unseen
from nutation.planning.boundary_unseen import keep_away
from nutation.planning.boundary_zones import ENTRY, EXIT, region
from nutation.planning.plan import Structure


@dataclass(frozen=True, slots=True)
class Boundary:
    """Signed distances in mm on a crop of the pelvis's grid; point p has index `(p - low_mm) / spacing_mm`.

    `values` float32 (structures, nx, ny, nz), in the order of `names`: positive on the implant's side, negative beyond
    the surface by how far. `least` is their least; `search` what corridors are looked for in: the same with the
    keep-outs of `restrictions` (`unseen` holds these alone).
    `skins` float32 (1 or 2, nx, ny, nz): the same distance to the surface that is entered, and to the far table where
    an implant goes through it; near its ends it may cross them. `zones` uint8 as in `boundary_zones`; `share` the bone
    round each voxel, one half on the surface. Structures in neither `names` nor `unknown` are not there (no metal).
    """

    side: Side
    approach: Approach
    through: bool
    names: tuple[Structure, ...]
    values: NDArray[np.float32]
    least: NDArray[np.float32]
    search: NDArray[np.float32]
    skins: NDArray[np.float32]
    zones: NDArray[np.uint8]
    share: NDArray[np.float32]
    low_mm: Floats
    spacing_mm: float
    unknown: frozenset[Structure]
    restrictions: tuple[str, ...]
    unseen: NDArray[np.float32] | None = None

    @property
    def lateral(self) -> int:
        """+1 where x grows outwards from the joint, else -1."""
        return 1 if self.side == "left" else -1

    @property
    def entered(self) -> Structure:
        """The structure that the surface is which may be entered, where an implant breaks out of it again."""
        return "ilium_wall" if self.approach.enters == "ilium" else "posterior_sacrum"

    def field(self, structure: Structure) -> NDArray[np.float32]:
        """The signed distance (nx, ny, nz) to one structure. Raises KeyError where it is unknown or not there."""
        if structure not in self.names:
            raise KeyError(structure)
        return self.values[self.names.index(structure)]


def forbidden_boundary(
    pelvis: Pelvis, side: Side, approach: Approach | str, *, through: bool = False, ala_margin_mm: float | None = None
) -> Boundary:
    """The boundary round one joint for one approach; `through` also opens the way into the other side's ilium.

    `ala_margin_mm` is how far under the front of the ala nothing is placed (None: the evidence's; 0: bone's surface).

    Raises ValueError where the pelvis has no sacrum or no hip on that side, InputError for an unknown approach.
    """
    asked = approach_of(approach) if isinstance(approach, str) else approach
    through = through or asked.through
    part = region(pelvis, side, asked, through=through)
    ala = load().entry("ala_keep_out")
    unknown = unseen(pelvis, side, through=through)
    named, before_ala = name_structures(pelvis, part, ala.number("from_midline_mm"), unknown)
    named[part.zones == EXIT] = NONE  # there it is meant to come out: no breach, whatever it is called
    bone = part.bone
    share = bone_share(bone)
    behind = depths(share)
    beyond = -distance(bone, behind, part.spacing_mm)
    margin_mm = ala.number("margin_mm") if ala_margin_mm is None else ala_margin_mm
    present = [position for position in range(len(NAMES)) if (named == position).any()]
    names: tuple[Structure, ...] = tuple(NAMES[position] for position in present)
    values = np.empty((len(present), *named.shape), dtype=np.float32)
    for slot, position in enumerate(present):
        seeds = named == position
        if NAMES[position] == "anterior_sacrum" and margin_mm > 0 and before_ala.any():
            field = distance(seeds & ~before_ala, behind, part.spacing_mm, bone)
            field[seeds] = beyond[seeds]
            field = np.minimum(
                field, _signed(before_ala, behind, beyond, bone, part.spacing_mm) - np.float32(margin_mm)
            )
        else:
            field = _signed(seeds, behind, beyond, bone, part.spacing_mm)
        values[slot] = field
    skins = [_signed(part.zones == ENTRY, behind, beyond, bone, part.spacing_mm)]
    if through:
        skins.append(_signed(part.zones == EXIT, behind, beyond, bone, part.spacing_mm))
    least = values.min(axis=0)
    search = least
    away, restrictions = keep_away(pelvis, part, unknown, through=through)
    if away is not None:
        search = np.minimum(search, away)
    return Boundary(
        side, asked, through, names, values, least, search, np.stack(skins), part.zones, share, part.low_mm,
        part.spacing_mm, unknown, restrictions, away,
    )  # fmt: skip


def _signed(
    seeds: Mask, behind: NDArray[np.float32], beyond: NDArray[np.float32], bone: Mask, spacing_mm: float
) -> NDArray[np.float32]:
    field = distance(seeds, behind, spacing_mm, bone)
    field[seeds] = beyond[seeds]
    return field
