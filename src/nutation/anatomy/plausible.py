"""Whether bones as given can be one pelvis: their size, how they lie to each other, their sides, what is cut off.

Each check raises `InputError` where a plan on this input would look right and be wrong, and warns where a person should
look. The bounds are wide on purpose: they catch other units, other bones and other patients, not small patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.frame_symmetry import Nearest, spread
from nutation.anatomy.hips import BodyAxes
from nutation.anatomy.pelvis import BONE_NAMES, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.record.errors import InputError

# Between the middles of the two hips: about 150 mm in adults; half and double bound what can be a pelvis in mm.
HIPS_APART_MM = (70.0, 280.0)
USUAL_APART_MM = 150.0

# Longest extent of a hip and of a sacrum (which may hold S1 to S3 only), in mm.
HIP_LONG_MM = (90.0, 330.0)
SACRUM_LONG_MM = (60.0, 220.0)

# As many points of a bone are enough to say how near it comes to another.
FEW = 4000

# A hip that comes nowhere nearer to the sacrum than this is of another frame, or the joint is not in the picture.
JOINT_WIDE_MM = 15.0

# The sacrum's middle may lie this share of the hips' distance off their midplane.
OFF_MIDDLE = 0.2

# Bone this near to the other bone is at the joint; where the picture ends there, the joint is cut.
AT_JOINT_MM = 8.0

# Points of a bone inside the other beyond this share: the bones are of two frames.
WITHIN_OTHER = 0.15


@dataclass(frozen=True, slots=True)
class Named:
    """How an input is named to its user: the file of each bone, and whether its header claims an orientation."""

    files: Mapping[int, str]
    oriented: bool

    def of(self, *codes: int) -> str:
        """The file or files of these bones."""
        return ", ".join(dict.fromkeys(self.files[code] for code in codes if code in self.files))


def check_size(points: Mapping[int, Floats], named: Named) -> None:
    """The bones' extents must be those of a pelvis in millimetres; otherwise says which unit it looks like."""
    apart = float(np.linalg.norm(points[LEFT_HIP].mean(axis=0) - points[RIGHT_HIP].mean(axis=0)))
    longest = {code: _longest(points[code]) for code in (SACRUM, LEFT_HIP, RIGHT_HIP)}
    if not HIPS_APART_MM[0] <= apart <= HIPS_APART_MM[1]:
        unit, factor = _unit(apart / USUAL_APART_MM)
        told = f" That fits a pelvis in {unit}." if unit else ""
        raise InputError(
            f"the middles of the two hips lie {apart:.3g} mm apart, where about {USUAL_APART_MM:.0f} mm belong.{told}",
            file=named.of(LEFT_HIP, RIGHT_HIP),
            mend=f"give millimetres: multiply by {factor:g}." if unit else "check the labels and the units.",
        )
    for code, (low, high) in {
        SACRUM: SACRUM_LONG_MM,
        LEFT_HIP: HIP_LONG_MM,
        RIGHT_HIP: HIP_LONG_MM,
    }.items():
        if not low <= longest[code] <= high:
            raise InputError(
                f"the {BONE_NAMES[code]} is {longest[code]:.0f} mm long, where {low:.0f} to {high:.0f} mm belong.",
                file=named.of(code),
                mend=f"check that this is the whole {BONE_NAMES[code]} of an adult pelvis, in millimetres.",
            )


def _longest(points: Floats) -> float:
    """The extent along the bone's own longest axis, without the outermost hundredth."""
    middle = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(middle.T @ middle)
    low, high = np.quantile(middle @ axes[:, 2], [0.005, 0.995])
    return float(high - low)


def _unit(ratio: float) -> tuple[str, float]:
    """The unit that this ratio to the usual size speaks for, and the factor to millimetres; empty where none."""
    for name, factor in (("metres", 1000.0), ("centimetres", 10.0), ("inches", 25.4), ("micrometres", 0.001)):
        if 0.6 < ratio * factor < 1.6:
            return name, factor
    return "", 1.0


def check_sides(points: Mapping[int, Floats], axes: BodyAxes, named: Named) -> tuple[str, ...]:
    """Left and right, as named, against the bones' own shape and against the header; returns warnings."""
    across = points[LEFT_HIP].mean(axis=0) - points[RIGHT_HIP].mean(axis=0)
    warnings: list[str] = []
    if axes.told and named.oriented:
        check_header(axes, named.of(SACRUM))
    if axes.told and across @ axes.rotation[:, 0] < 0:
        raise InputError(
            "by the bones' own shape (pubis in front, sacrum behind, iliac wings above) the bone named left hip is "
            "the right one and the bone named right hip is the left one."
            + ("" if named.oriented else " Either the two are exchanged, or the surfaces are mirrored."),
            file=named.of(LEFT_HIP, RIGHT_HIP),
            place="left and right hip",
            mend="exchange the two; if they were right in the picture they come from, that was mirrored on the way.",
        )
    if not axes.told:
        warnings.append(
            "Left and right could not be checked against the shape of the bones: too little of the pelvis is in the "
            "picture (the pubic bones are missing)."
        )
        if named.oriented and across[0] < 0:
            raise InputError(
                "the bone named left hip lies on the patient's right by the file's own header.",
                file=named.of(LEFT_HIP, RIGHT_HIP),
                place="left and right hip",
                mend="exchange the two labels, or export the map again with its CT's header.",
            )
    elif not named.oriented and np.diag(axes.rotation).min() < 0.5:
        warnings.append(
            "By the shape of the bones the coordinates are not those of DICOM (x to the left, y backwards, z upwards): "
            "the plan is in the input's own coordinates."
        )
    return tuple(warnings)


def check_header(axes: BodyAxes, file: str) -> None:
    """The header's left, back and head (LPS) against the bones' own: none may point the other way."""
    if not axes.told:
        return
    agreement = np.diag(axes.rotation)
    wrong = [
        text
        for text, value in zip(
            ("left is right", "the back is in front", "the head end is at the feet"), agreement, strict=True
        )
        if value < 0
    ]
    if wrong:
        raise InputError(
            f"the header contradicts the bones: {', '.join(wrong)}. The image was flipped or turned without its "
            "header (or the header without its image).",
            file=file,
            place="orientation of the image",
            mend="export it again from the DICOM series, with orientation kept.",
        )


def check_arrangement(points: Mapping[int, Floats], axes: BodyAxes, named: Named) -> None:
    """The sacrum lies between the hips and beside each of them; otherwise the bones are not of one pelvis."""
    along = axes.plane.normal
    left, right, middle = (float(points[c].mean(axis=0) @ along) for c in (LEFT_HIP, RIGHT_HIP, SACRUM))
    off = abs(middle - (left + right) / 2.0) / max(abs(left - right), 1e-9)
    if off > OFF_MIDDLE:
        raise InputError(
            f"the sacrum lies {off * abs(left - right):.0f} mm off the middle between the hips.",
            file=named.of(SACRUM, LEFT_HIP, RIGHT_HIP),
            place="position of the sacrum",
            mend="give bones of one patient in one coordinate system.",
        )
    sacrum = Nearest(points[SACRUM])
    for code, side in ((LEFT_HIP, "left"), (RIGHT_HIP, "right")):
        gap = float(np.quantile(sacrum.of(spread(points[code], FEW))[0], 0.005))
        if gap > JOINT_WIDE_MM:
            raise InputError(
                f"the {side} hip comes no nearer to the sacrum than {gap:.0f} mm: the {side} sacroiliac joint is not "
                "in the picture, or the bones are not of one coordinate system.",
                file=named.of(SACRUM, code),
                place=f"{side} sacroiliac joint",
                mend="give bones of one patient in one coordinate system, with both joints whole.",
            )


def check_cut(points: Mapping[int, Floats], border: Mapping[int, Floats], named: Named) -> tuple[str, ...]:
    """Where the picture ends within bone: an error at a joint, a warning elsewhere."""
    warnings: list[str] = []
    sides: tuple[tuple[int, Side], ...] = ((LEFT_HIP, "left"), (RIGHT_HIP, "right"))
    for code, side in sides:
        for one, other in ((code, SACRUM), (SACRUM, code)):
            ends = border.get(one)
            if ends is None or not len(ends):
                continue
            if bool((Nearest(points[other]).of(ends)[0] < AT_JOINT_MM).any()):
                raise InputError(
                    f"the picture ends within the {side} sacroiliac joint.",
                    file=named.of(one),
                    place=f"{side} sacroiliac joint",
                    mend="a plan needs both joints whole: give a scan that covers the sacrum and both iliac bones.",
                )
    for code, ends in border.items():
        if len(ends) and code in (SACRUM, LEFT_HIP, RIGHT_HIP):
            warnings.append(f"The {BONE_NAMES[code]} is cut off by the edge of the picture.")
    return tuple(warnings)
