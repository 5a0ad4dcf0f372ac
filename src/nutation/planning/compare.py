"""Planned against placed: the implants of a post-operative CT beside those of a plan, and the clinic's own error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nutation.anatomy.images import Image
from nutation.anatomy.implants import Implant, Pose
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.space import Floats, Frame
from nutation.evidence import Evidence, load
from nutation.planning.boundary import Boundary
from nutation.planning.clearance import clearance
from nutation.planning.compare_metal import Rod, find_rods
from nutation.planning.compare_register import IDENTITY, Registration, register
from nutation.planning.document import implants_of
from nutation.planning.execution_records import ExecutionRecord
from nutation.planning.plan import Clearance
from nutation.record.errors import InputError

# A length that differs by more than half a catalogue's step is another size (or a piece of the implant unseen).
OTHER_SIZE_MM = 2.6


@dataclass(frozen=True, slots=True)
class Placed:
    """One implant as placed, in the plan's LPS millimetres, beside its plan.

    `entry_error_mm` and the like are magnitudes; `entry_off_mm` (3,) and `tip_off_mm` (3,) placed less planned in LPS.
    `depth_error_mm` is along the planned axis, positive deeper. `clearance` needs the plan's pelvis, else None.
    """

    index: int
    catalogue: str
    planned: Implant
    placed: Implant
    entry_error_mm: float
    tip_error_mm: float
    angle_error_deg: float
    depth_error_mm: float
    entry_off_mm: Floats
    tip_off_mm: Floats
    measured_length_mm: float
    clearance: Clearance | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was placed against what was planned for one joint; `missing` are planned implants that were not found."""

    implants: tuple[Placed, ...]
    missing: tuple[str, ...]
    registration: Registration
    warnings: tuple[str, ...]
    operation: str

    def records(self) -> tuple[ExecutionRecord, ...]:
        """One record an implant, as the clinic's error file keeps them."""
        return tuple(
            ExecutionRecord(
                self.operation, f"{one.index + 1} {one.catalogue}", one.entry_error_mm, one.tip_error_mm,
                one.angle_error_deg, one.depth_error_mm,
            )
            for one in self.implants
        )  # fmt: skip


def compare(
    document: Mapping[str, Any],
    image: Image,
    shapes: BoneShapes | None,
    *,
    pelvis: Pelvis | None = None,
    boundary: Boundary | None = None,
    evidence: Evidence | None = None,
) -> Comparison:
    """The implants of a post-operative CT against a plan document (`document.read_plan`).

    `shapes` are the plan's bones: they are laid on the CT's, unless both images share a frame of reference. With the
    plan's `pelvis` and `boundary` each placed implant gets its clearance. Raises InputError where patients differ, the
    bones do not match, or no metal is found where implants were planned.
    """
    held = evidence or load()
    metal = held.entry("metal_on_ct")
    metal_hu, bone_hu = metal.number("metal_hu"), metal.number("bone_hu")
    warnings = [*image.warnings, *_identity(document, image)]
    planned = implants_of(document)
    if not planned:
        raise InputError("the plan has no implants to compare with.", mend="give the plan that was carried out.")
    found = _registered(document, image, shapes, bone_hu, metal_hu, held)
    near = [(found.frame.to_lps(one.pose.entry_mm), found.frame.to_lps(one.tip_mm)) for one in planned]
    rods, amount = find_rods(image.volume, near, metal_hu, bone_hu)
    if not any(rods):
        raise InputError(
            "no implant was found in the post-operative CT.", file=_named(image),
            mend=f"give a CT made after the operation; metal counts from {metal_hu:g} HU, {amount:.0f} mm³ were seen.",
        )  # fmt: skip
    placed: list[Placed] = []
    missing: list[str] = []
    for i, (one, rod) in enumerate(zip(planned, rods, strict=True)):
        if rod is None:
            missing.append(f"{i + 1} {one.size.id}")
        else:
            placed.append(_compared(i, one, rod, found.frame, pelvis, boundary))
    if missing:
        warnings.append(f"Not found in the CT: {', '.join(missing)}.")
    operation = str(document.get("patient", {}).get("id", "")) + " " + str(document.get("side", ""))
    when = image.source.image_date
    named = f"{operation.strip()} {when.isoformat() if when else ''}".strip()
    return Comparison(tuple(placed), tuple(missing), found, tuple(dict.fromkeys(warnings)), named)


def tell_comparison(found: Comparison) -> dict[str, Any]:
    """The comparison as plain data, LPS millimetres of the plan's image."""
    return {
        "operation": found.operation,
        "implants": [_told(one) for one in found.implants],
        "missing": list(found.missing),
        "registration": {
            "how": found.registration.how,
            "residual_mm": round(found.registration.residual_mm, 3),
            "overlap": round(found.registration.overlap, 3),
        },
        "warnings": list(found.warnings),
    }


def _told(one: Placed) -> dict[str, Any]:
    def point(at: Floats) -> list[float]:
        return [round(float(x), 2) for x in at]

    return {
        "implant": one.index + 1,
        "catalogue": one.catalogue,
        "planned": {"entry_mm": point(one.planned.pose.entry_mm), "tip_mm": point(one.planned.tip_mm)},
        "placed": {"entry_mm": point(one.placed.pose.entry_mm), "tip_mm": point(one.placed.tip_mm)},
        "entry_error_mm": round(one.entry_error_mm, 2),
        "tip_error_mm": round(one.tip_error_mm, 2),
        "angle_error_deg": round(one.angle_error_deg, 2),
        "depth_error_mm": round(one.depth_error_mm, 2),
        "measured_length_mm": round(one.measured_length_mm, 1),
        "clearance_mm": None if one.clearance is None else round(one.clearance.least_mm, 2),
        "nearest": None if one.clearance is None else one.clearance.nearest,
        "clearance_by_structure_mm": None
        if one.clearance is None
        else {
            **{name: round(mm, 2) for name, mm in one.clearance.by_structure_mm.items()},
            **dict.fromkeys(sorted(one.clearance.unknown), "unknown"),
        },
        "warnings": list(one.warnings),
    }


def _compared(
    index: int, planned: Implant, rod: Rod, frame: Frame, pelvis: Pelvis | None, boundary: Boundary | None
) -> Placed:
    """One rod beside its plan; the rod is brought into the plan's frame."""
    first, last = frame.from_lps(rod.first_mm), frame.from_lps(rod.last_mm)
    axis = planned.pose.direction
    entry, tip = (first, last) if float((last - first) @ axis) > 0 else (last, first)
    length = float(np.linalg.norm(tip - entry))
    direction = (tip - entry) / length
    warnings: list[str] = []
    if abs(length - planned.size.length_mm) > OTHER_SIZE_MM:
        warnings.append(
            f"It measures {length:.0f} mm, {planned.size.length_mm:g} mm were planned: another size was placed, or "
            "part of it is not seen. The tip's error contains the difference."
        )
    seen = replace(planned.size, length_mm=length)
    placed = Implant(seen, Pose(entry, direction, planned.pose.roll_deg))
    kept = None
    if pelvis is not None and boundary is not None:
        local = Pose(pelvis.frame.from_lps(entry), pelvis.frame.vectors_from_lps(direction), planned.pose.roll_deg)
        kept = clearance(boundary, Implant(seen, local))
    entry_off, tip_off = entry - planned.pose.entry_mm, tip - planned.tip_mm
    return Placed(
        index, planned.size.id, planned, placed, float(np.linalg.norm(entry_off)), float(np.linalg.norm(tip_off)),
        math.degrees(math.acos(min(1.0, float(direction @ axis)))), float(tip_off @ axis), entry_off, tip_off, length,
        kept, tuple(warnings),
    )  # fmt: skip


def _registered(
    document: Mapping[str, Any], image: Image, shapes: BoneShapes | None, bone_hu: float, metal_hu: float,
    held: Evidence,
) -> Registration:  # fmt: skip
    frame_uid = str(document.get("image", {}).get("frame_uid", ""))
    if frame_uid and frame_uid == image.source.frame_uid:
        return IDENTITY
    if shapes is None:
        raise InputError(
            "the post-operative CT has another frame of reference than the plan's image, and no bones match the two.",
            file=_named(image), mend="give the labels or meshes that the plan was made from.",
        )  # fmt: skip
    codes = [code for code in (SACRUM, LEFT_HIP, RIGHT_HIP) if code in shapes.codes()]
    surface = np.concatenate([shapes.surface(code) for code in codes])
    found = register(surface, image.volume, bone_hu, metal_hu, voxel_mm=shapes.finest_mm)
    accept = held.entry("compare_acceptance")
    if found.residual_mm > accept.number("residual_mm") or found.overlap < accept.number("overlap"):
        raise InputError(
            f"the plan's bones do not fit the post-operative CT: {found.overlap:.0%} of their surface is matched, with "
            f"a median distance of {found.residual_mm:.1f} mm.", file=_named(image),
            mend=f"check that both are of one patient and show the pelvis (asked for: {accept.number('overlap'):.0%}, "
            f"{accept.number('residual_mm'):g} mm).",
        )  # fmt: skip
    return found


def _identity(document: Mapping[str, Any], image: Image) -> list[str]:
    """Whether plan and image are of one patient, as far as both say. Raises InputError where they differ."""
    told: Mapping[str, Any] = document.get("patient", {})
    source = image.source
    born = source.birth_date.isoformat() if source.birth_date else ""
    for what, mine, other in (
        ("patient id", str(told.get("id") or ""), source.patient_id),
        ("birth date", str(told.get("birth_date") or ""), born),
    ):
        if mine and other and mine != other:
            raise InputError(
                f"the plan and the post-operative CT are not of one patient: the {what}s differ.", file=_named(image),
                mend="give the CT of the patient whom the plan is of.",
            )  # fmt: skip
    if not (told.get("id") and source.patient_id):
        return ["Plan or CT names no patient: a person has to check that they are of one."]
    planned_on = str(document.get("image", {}).get("date") or "")
    if planned_on and source.image_date and source.image_date.isoformat() < planned_on:
        return ["The post-operative CT is older than the image that the plan was made on."]
    return []


def _named(image: Image) -> str:
    return image.source.files[0] if image.source.files else ""
