"""Which structure an implant would meet where it leaves bone: a name for every forbidden voxel."""

from __future__ import annotations

from typing import Any, cast

import edt
import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import CANAL, FORAMINA, L5, METAL, Pelvis
from nutation.anatomy.space import Floats, Mask, unit
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
    its rim, seen from the side) or its walls; by the sacrum the endplate, the front or the back, by the way the bone's
    surface faces. The ala begins `beside_mm` from the midline. An opening of an `unknown` structure (the other side's)
    is forbidden as part of the sacrum's wall: the distance to it is not the distance to the structure.
    """
    names = np.full(part.zones.shape, NONE, dtype=np.uint8)
    open_ = part.zones == FORBIDDEN
    sacrum = part.zones == IN_SACRUM
    ilium = part.zones == IN_ILIUM
    joint = part.zones == IN_JOINT
    far = (part.zones == IN_FAR_ILIUM) | (part.zones == IN_FAR_JOINT)
    from_sacrum = _away(sacrum | joint | (part.zones == IN_FAR_JOINT))
    from_ilium = _away(ilium | (part.zones == IN_FAR_ILIUM)) if (ilium.any() or far.any()) else from_sacrum + 1

    by_ilium = open_ & (from_ilium < from_sacrum)
    names[by_ilium] = NAMES.index("ilium_wall")
    names[by_ilium & _below_rim(ilium | (part.zones == IN_FAR_ILIUM))] = NAMES.index("notch")

    by_sacrum = open_ & ~by_ilium
    front, endplate, ala = _sacral_faces(pelvis, part, from_sacrum, by_sacrum, beside_mm)
    names[by_sacrum] = np.where(front, NAMES.index("anterior_sacrum"), NAMES.index("posterior_sacrum"))
    where = np.flatnonzero(by_sacrum)
    names.ravel()[where[endplate]] = NAMES.index("endplate")
    in_front_of_ala = np.zeros(names.shape, dtype=np.bool_)
    in_front_of_ala.ravel()[where[ala & front & ~endplate]] = True

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


def _sacral_faces(
    pelvis: Pelvis, part: Region, from_sacrum: NDArray[np.float32], asked: Mask, beside_mm: float
) -> tuple[Mask, Mask, Mask]:
    """Of the asked voxels (n): faces the front, faces the endplate, lies beside the body."""
    up, forwards, centre = sacral_axes(pelvis)
    # The distance grows straight away from the bone, so its gradient is the outward normal of the nearest surface.
    slopes = [np.asarray(slope)[asked] for slope in np.gradient(from_sacrum)]
    length = np.sqrt(sum(slope**2 for slope in slopes)) + 1e-6
    ahead = sum(slope * part_ for slope, part_ in zip(slopes, forwards, strict=True)) / length
    above = sum(slope * part_ for slope, part_ in zip(slopes, up, strict=True)) / length
    index = np.argwhere(asked)
    points = part.low_mm + index * part.spacing_mm
    beside = np.abs(points[:, 0] - midline_mm(pelvis)) > beside_mm
    # The ala's top belongs to its front, the tops of arch and articular processes, behind the body, to the back.
    tilted = np.full(len(points), TOP_SHARE)
    endplate = (above > ENDPLATE_COS) & ~beside
    if centre is not None:
        endplate &= (points - centre) @ up > -2 * part.spacing_mm
        tilted[(points - centre) @ forwards < -HALF_DEPTH_SHARE * beside_mm] = 0.0
    return ahead + tilted * np.maximum(above, 0.0) > 0, endplate, beside


def _away(mask: Mask) -> NDArray[np.float32]:
    found: Any = cast("Any", edt).edt(np.ascontiguousarray(~mask), parallel=2)
    return np.asarray(found, dtype=np.float32)


def _below_rim(ilium: Mask) -> Mask:
    """Seen from the side, what lies below the ilium's edge and not on it: the notch under the joint."""
    shadow = ilium.any(axis=0)
    bone_above = np.flip(np.maximum.accumulate(np.flip(shadow, axis=1), axis=1), axis=1)
    return np.broadcast_to((bone_above & ~shadow)[None], ilium.shape)
