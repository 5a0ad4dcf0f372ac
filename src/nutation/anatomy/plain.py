"""Source, pelvic frame and implants as plain data: what every document about a pelvis says in the same shape."""

from __future__ import annotations

from datetime import date
from typing import Any

from nutation.anatomy.implants import Implant
from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Frame

MM_DECIMALS = 3
"""Decimals of millimetres that a document keeps: a hundredth of what is planned for, so that reading back loses
nothing."""


def tell_patient(source: Source) -> dict[str, Any]:
    """Of whom the image is, as far as it says so."""
    return {
        "id": source.patient_id,
        "name": source.patient_name,
        "birth_date": _day(source.birth_date),
        "sex": source.sex,
    }


def tell_image(source: Source) -> dict[str, Any]:
    """The image: when, what, which series."""
    return {
        "date": _day(source.image_date),
        "modality": source.modality,
        "series_uid": source.series_uid,
        "study_uid": source.study_uid,
        "frame_uid": source.frame_uid,
        "slice_spacing_mm": source.slice_spacing_mm,
        "described": source.described,
    }


def tell_frame(frame: Frame) -> dict[str, Any]:
    """The pelvic frame in LPS: its origin in millimetres and its axes as unit vectors."""
    return {
        "origin_mm": tell_point(frame.origin_mm),
        "axes": {name: tell_vector(frame.rotation[:, i]) for i, name in enumerate(("left", "posterior", "cranial"))},
    }


def tell_implant(implant: Implant, frame: Frame) -> dict[str, Any]:
    """Size and pose of an implant of a frame, in LPS millimetres."""
    size, pose = implant.size, implant.pose
    return {
        "catalogue": size.id,
        "entry_mm": tell_point(frame.to_lps(pose.entry_mm)),
        "tip_mm": tell_point(frame.to_lps(implant.tip_mm)),
        "length_mm": size.length_mm,
        "diameter_mm": size.diameter_mm,
        "direction": tell_vector(frame.vectors_to_lps(pose.direction)),
        "roll_deg": pose.roll_deg,
        "system": size.system,
        "section": size.section,
        "cannulated": size.cannulated,
        "pin_diameter_mm": size.pin_diameter_mm,
        "material": size.material,
    }


def tell_point(point: Floats) -> list[float]:
    """A point (3,) in millimetres."""
    return [round(float(x), MM_DECIMALS) for x in point]


def tell_vector(vector: Floats) -> list[float]:
    """A unit vector (3,)."""
    return [round(float(x), 6) for x in vector]


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
