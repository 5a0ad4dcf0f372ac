"""Which structure an implant would meet where it leaves bone: a name for every forbidden voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import CANAL, FORAMINA, L5, METAL, Pelvis
from nutation.anatomy.space import Floats, Mask, unit
from nutation.planning.boundary_shape import Faces, around, name_places
from nutation.planning.boundary_zones import (
    ENTRY,
    EXIT,
    FORBIDDEN,
    IN_FAR_ILIUM,
    IN_FAR_JOINT,
    IN_ILIUM,
    IN_JOINT,
    IN_SACRUM,
    Region,
)
from nutation.planning.plan import STRUCTURES, Structure

NAMES: tuple[Structure, ...] = tuple(STRUCTURES)
NONE = 255
"""What is no part of the boundary: bone of the way, and the side from which it is entered."""

ENDPLATE_COS = 0.6
"""Outward normals within 53° of the endplate's are the endplate; the walls stand across it, at about 90°."""
TOP_SHARE = 0.5
"""A face that looks upwards counts as front by this share: the ala's top up to one that leans back by 27°."""
PLATE_BELOW_MM = 3.0
"""An endplate lies no further below its centre than this, along its normal."""
HALF_DEPTH_SHARE = 0.7
"""The S1 body is about seven tenths as deep as it is wide; what lies further back is arch, not ala."""

_OPENING_OF: dict[int, Structure] = {
    CANAL: "canal",
    FORAMINA["s1_foramen_left"]: "s1_foramen",
    FORAMINA["s1_foramen_right"]: "s1_foramen",
    FORAMINA["s2_foramen_left"]: "s2_foramen",
    FORAMINA["s2_foramen_right"]: "s2_foramen",
    FORAMINA["lower_foramina"]: "lower_foramina",
}
_SEEN_AS: dict[str, Structure] = {
    "canal": "canal",
    "s1_foramen_left": "s1_foramen",
    "s1_foramen_right": "s1_foramen",
    "s2_foramen_left": "s2_foramen",
    "s2_foramen_right": "s2_foramen",
    "lower_foramina": "lower_foramina",
}

_Names = NDArray[np.uint8]


def unseen(pelvis: Pelvis, side: str, *, through: bool) -> frozenset[Structure]:
    """Openings that the input does not show on the way: clearance to them is unknown."""
    other = "right" if side == "left" else "left"
    return frozenset(
        structure
        for name, structure in _SEEN_AS.items()
        if name not in pelvis.openings.seen and (through or not name.endswith(other))
    )


def name_structures(
    pelvis: Pelvis, part: Region, beside_mm: float, unknown: frozenset[Structure] = frozenset()
) -> tuple[_Names, Mask]:
    """The structure of each voxel (position in `NAMES`, or `NONE`), and which of them bound the ala from the front.

    What is labelled names itself. The rest is named by the bone that it is nearest to: by the ilium the notch (below
    its rim, seen from the side) or its walls; by the sacrum the endplate, the front or the back, by the way the bones
    together face there (`boundary_shape`: read at a few millimetres, so that voxels of another size name it alike).
    The ala begins `beside_mm` from the midline. An opening of an `unknown` structure (the other side's) is forbidden as
    part of the sacrum's wall: the distance to it is not the distance to the structure.
    """
    names = np.full(part.zones.shape, NONE, dtype=np.uint8)
    in_front_of_ala = np.zeros(names.shape, dtype=np.bool_)
    open_ = part.zones == FORBIDDEN
    # What lies open in the bone, or is metal in it, does not change which way the bone faces.
    sacrum = (part.zones == IN_SACRUM) | (part.openings > 0) | (part.labels == METAL)
    joint = (part.zones == IN_JOINT) | (part.zones == IN_FAR_JOINT)
    ilium = (part.zones == IN_ILIUM) | (part.zones == IN_FAR_ILIUM)
    lying = around(sacrum, joint, ilium, part.low_mm, part.spacing_mm)
    name_places(
        open_, lying, part.low_mm, part.spacing_mm, _sacral_faces(pelvis, beside_mm),
        (_position("ilium_wall"), _position("notch"), _position("anterior_sacrum"), _position("posterior_sacrum"),
         _position("endplate")), names, in_front_of_ala,
    )  # fmt: skip

    for code, structure in _OPENING_OF.items():
        if structure not in unknown:
            names[part.openings == code] = NAMES.index(structure)
    in_front_of_ala &= part.openings == 0
    other_bone = open_ & (part.openings == 0) & (part.labels > 0)
    names[other_bone] = NAMES.index("far_side")
    names[other_bone & (part.labels == L5)] = NAMES.index("endplate")
    names[other_bone & (part.labels == METAL)] = NAMES.index("metal")
    names[part.zones == EXIT] = NAMES.index("far_side")
    names[part.zones == ENTRY] = NONE
    return names, in_front_of_ala & ~other_bone


def _position(name: Structure) -> int:
    return NAMES.index(name)


def sacral_axes(pelvis: Pelvis) -> tuple[Floats, Floats, Floats | None]:
    """The endplate's normal (3,) upwards, the direction (3,) forwards across it, the endplate's centre if it is known.

    Without landmarks the frame's own axes stand in.
    """
    up = pelvis.directions.get("s1_endplate_normal")
    if up is None:
        up = pelvis.directions.get("sacral_axis", np.array([0.0, 0.0, 1.0]))
    up = np.asarray(unit(up * np.array([0.0, 1.0, 1.0])))
    return up, np.array([0.0, -up[2], up[1]]), pelvis.landmarks.get("s1_endplate_centre")


def midline_mm(pelvis: Pelvis) -> float:
    """Where the sacrum's midline lies along x: by the proposed levels, else by the sacrum's landmarks, else 0."""
    centres = [float(band.centre_mm[0]) for band in pelvis.levels.bands.values()]
    if not centres:
        centres = [float(pelvis.landmarks[n][0]) for n in ("s1_endplate_centre", "promontory") if n in pelvis.landmarks]
    return float(np.mean(centres)) if centres else 0.0


def _sacral_faces(pelvis: Pelvis, beside_mm: float) -> Faces:
    """What tells endplate, front and back of this sacrum apart."""
    up, forwards, centre = sacral_axes(pelvis)
    plate, arch = -np.inf, -np.inf
    if centre is not None:
        plate = float(centre @ up) - PLATE_BELOW_MM
        arch = float(centre @ forwards) - HALF_DEPTH_SHARE * beside_mm
    return Faces(up, forwards, plate, arch, ENDPLATE_COS, TOP_SHARE, midline_mm(pelvis), beside_mm)
