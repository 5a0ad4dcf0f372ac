"""A plan as a document (plan.json): LPS millimetres of the input's frame, and reading it back."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from nutation.anatomy.implants import Implant, Material, Pose, Section, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.plain import (
    MM_DECIMALS,
    tell_frame,
    tell_image,
    tell_implant,
    tell_patient,
    tell_point,
    tell_vector,
)
from nutation.anatomy.space import Frame
from nutation.evidence import load
from nutation.planning.plan import STRUCTURES, Breach, Clearance, Corridor, Margin, Plan, PlannedImplant
from nutation.record.errors import InputError

FORMAT = "nutation-plan/1"
INTENDED_USE = (
    "For clinicians who plan a fusion of this joint: a proposal to be checked against the image. Side and levels are "
    "for a person to establish. Shares of simulated executions compare plans of one pelvis; they are no patient's "
    "risk. Not for patients. Research mode."
)
# Decimals of shares that are kept, as fine as millimetres against what is planned for.
_SHARE = 5


def tell_plan(
    plan: Plan, pelvis: Pelvis, *, seed: int | None = None, files: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The plan as plain data, ready for JSON. `files` gives the SHA-256 of inputs by name; without it those of the
    source's files that can be read are taken."""
    from nutation import __version__

    held, source, frame = load(), pelvis.source, pelvis.frame
    return {
        "format": FORMAT,
        "side": plan.side,
        "approach": plan.approach,
        "implants": [_implant(one, frame) for one in plan.implants],
        "spacing_mm": [_mm(gap) for gap in plan.spacing_mm],
        "corridors": {
            level: None if (found := plan.corridors.get(level)) is None else _corridor(found, frame)
            for level in ("s1", "s2")
        },
        "orientation": source.orientation,
        "verdict": plan.verdict,
        "warnings": list(plan.warnings),
        "reason": plan.reason,
        "limit": plan.limit,
        "error": plan.error,
        "basis": list(plan.basis),
        "numbers": {name: round(value, _SHARE) for name, value in plan.numbers.items()},
        "alternatives": [
            [tell_implant(implant, frame) for implant in construct.implants] for construct in plan.alternatives
        ],
        "intended_use": INTENDED_USE,
        "patient": tell_patient(source),
        "image": tell_image(source),
        "inputs": dict(files) if files is not None else digests(source.files),
        "pelvic_frame": tell_frame(frame),
        "voxel_mm": pelvis.spacing_mm,
        "levels": {
            level: {
                "proposed": True,
                "centre_mm": tell_point(frame.to_lps(band.centre_mm)),
                "axis": tell_vector(frame.vectors_to_lps(band.axis)),
                "lower_mm": _mm(band.lower_mm),
                "upper_mm": _mm(band.upper_mm),
                "basis": band.basis,
            }
            for level, band in pelvis.levels.bands.items()
        },
        "joint": _joint(plan, pelvis),
        "versions": {
            "nutation": __version__, "evidence": held.version, "evidence_digest": held.digest, "seed": seed,
        },
    }  # fmt: skip


def digests(files: tuple[str, ...]) -> dict[str, str]:
    """SHA-256 of the files that can be read here, by name; a folder counts by its files in order."""
    found: dict[str, str] = {}
    for name in files:
        path = Path(name)
        parts = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        digest, read = hashlib.sha256(), False
        for part in parts:
            if part.is_file():
                with part.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
                read = True
        if read:
            found[path.name] = _of_one(path) if path.is_file() else digest.hexdigest()
    return found


def _of_one(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_plan(path: Path) -> dict[str, Any]:
    """A plan document from a file, checked as far as it is used. Raises InputError naming the place and the mend."""
    mend = "give the plan.json that `nutation plan` has written."
    try:
        plain: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file.", file=str(path), mend=mend) from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"it is no JSON document ({error}).", file=str(path), mend=mend) from None
    if not isinstance(plain, dict) or "implants" not in plain:
        raise InputError("it is no plan: it has no implants.", file=str(path), mend=mend)
    document = cast("dict[str, Any]", plain)
    if document.get("format", FORMAT) != FORMAT:
        raise InputError(
            f"its format is {document['format']!r}; this version reads {FORMAT}.", file=str(path), place="format",
            mend="plan again with this version, or read it with the version that wrote it.",
        )  # fmt: skip
    if document.get("side") not in ("left", "right"):
        raise InputError(f"its side is {document.get('side')!r}.", file=str(path), place="side", mend=mend)
    listed = document["implants"]
    if not isinstance(listed, list):
        raise InputError("its implants are no list.", file=str(path), place="implants", mend=mend)
    for i, one in enumerate(cast("list[Any]", listed)):
        _check_implant(one, str(path), f"implants[{i}]")
    return document


def implants_of(document: Mapping[str, Any], frame: Frame | None = None) -> tuple[Implant, ...]:
    """The implants of a plan document: in LPS, or in a frame where one is given (the pelvis's, to move them)."""
    return tuple(_read(one, frame) for one in document["implants"])


def _read(one: Mapping[str, Any], frame: Frame | None) -> Implant:
    entry, tip = np.array(one["entry_mm"], dtype=np.float64), np.array(one["tip_mm"], dtype=np.float64)
    given: Any = one.get("direction")
    direction = np.array(given, dtype=np.float64) if given is not None else tip - entry
    if frame is not None:
        entry, direction = frame.from_lps(entry), frame.vectors_from_lps(direction)
    size = Size(
        str(one["catalogue"]), str(one.get("system", "")), cast("Section", one.get("section", "circle")),
        float(one["diameter_mm"]), float(one["length_mm"]), bool(one.get("cannulated", True)),
        one.get("pin_diameter_mm"), cast("Material", one.get("material", "titanium")),
    )  # fmt: skip
    return Implant(size, Pose(entry, direction / np.linalg.norm(direction), float(one.get("roll_deg", 0.0))))


def _check_implant(one: Any, file: str, place: str) -> None:
    mend = "give the plan.json that `nutation plan` has written."
    if not isinstance(one, dict):
        raise InputError("this is no implant.", file=file, place=place, mend=mend)
    given = cast("dict[str, Any]", one)
    for name in ("catalogue", "entry_mm", "tip_mm", "length_mm", "diameter_mm"):
        if name not in given:
            raise InputError(f"the implant has no {name}.", file=file, place=place, mend=mend)
    for name in ("entry_mm", "tip_mm"):
        point: Any = given[name]
        numbers = cast("list[Any]", point) if isinstance(point, list) else []
        if len(numbers) != 3 or not all(map(_finite, numbers)):
            raise InputError(f"{name} is no point.", file=file, place=f"{place}.{name}", mend="give three numbers.")
    for name in ("length_mm", "diameter_mm"):
        if not (_finite(given[name]) and given[name] > 0):
            raise InputError(f"{name} is no length.", file=file, place=f"{place}.{name}", mend="give millimetres.")
    apart = float(np.linalg.norm(np.array(given["tip_mm"]) - np.array(given["entry_mm"])))
    if abs(apart - given["length_mm"]) > _ROUNDED_MM:
        raise InputError(
            f"entry and tip lie {apart:.2f} mm apart, but the implant is {given['length_mm']:g} mm long.", file=file,
            place=place, mend=mend,
        )  # fmt: skip


# What rounding may take from a length, with room for hand-written documents.
_ROUNDED_MM = 0.1


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _implant(one: PlannedImplant, frame: Frame) -> dict[str, Any]:
    held, overall = one.purchase, one.margin.overall
    return {
        **tell_implant(one.implant, frame),
        "clearance_mm": _mm(one.clearance.least_mm),
        "nearest": one.clearance.nearest,
        "purchase_mm": {"ilium": _mm(held.ilium_mm), "sacrum": _mm(held.sacrum_mm)},
        "breach_probability": {
            "any": _share(overall.any), "over_2mm": _share(overall.over_2mm), "over_4mm": _share(overall.over_4mm),
        },
        "position": one.position,
        "level": one.level,
        "clearance_by_structure_mm": _by_structure(one.clearance),
        "mean_hu": None if held.mean_hu is None else {bone: round(hu, 1) for bone, hu in held.mean_hu.items()},
        "crossing_mm": None if held.crossing_mm is None else tell_point(frame.to_lps(held.crossing_mm)),
        "crossing_angle_deg": None if held.crossing_angle_deg is None else round(held.crossing_angle_deg, 2),
        "envelope_mm": _mm(one.envelope_mm),
        "margin": _margin(one.margin),
        "warnings": list(one.warnings),
    }  # fmt: skip


def _by_structure(clearance: Clearance) -> dict[str, float | str]:
    told: dict[str, float | str] = {name: _mm(value) for name, value in clearance.by_structure_mm.items()}
    told |= {name: "unknown" for name in STRUCTURES if name in clearance.unknown}
    return {name: told[name] for name in STRUCTURES if name in told}


def _margin(margin: Margin) -> dict[str, Any]:
    by_structure: dict[str, Any] = {name: _breach(found) for name, found in margin.by_structure.items()}
    by_structure |= {name: "unknown" for name in STRUCTURES if name in margin.unknown}
    return {
        "overall": _breach(margin.overall),
        "by_structure": {name: by_structure[name] for name in STRUCTURES if name in by_structure},
        "joint_missed": _share(margin.joint_missed),
        "simulations": margin.simulations,
    }


def _breach(found: Breach) -> dict[str, float]:
    return {
        "any": _share(found.any), "over_2mm": _share(found.over_2mm), "over_4mm": _share(found.over_4mm),
        "se_any": _share(found.se_any), "se_over_2mm": _share(found.se_over_2mm),
        "se_over_4mm": _share(found.se_over_4mm),
    }  # fmt: skip


def _corridor(found: Corridor, frame: Frame) -> dict[str, Any]:
    return {
        "entry_mm": tell_point(frame.to_lps(found.pose.entry_mm)),
        "end_mm": tell_point(frame.to_lps(found.pose.at(found.length_mm))),
        "direction": tell_vector(frame.vectors_to_lps(found.pose.direction)),
        "length_mm": _mm(found.length_mm),
        "diameter_mm": _mm(found.diameter_mm),
        "nearest": found.nearest,
        "through": found.through,
    }


def _joint(plan: Plan, pelvis: Pelvis) -> dict[str, Any] | None:
    joint = pelvis.joints.get(plan.side)
    if joint is None:
        return None
    return {
        "centre_mm": tell_point(pelvis.frame.to_lps(joint.centre_mm)),
        "normal": tell_vector(pelvis.frame.vectors_to_lps(joint.normal)),
        "area_mm2": round(joint.area_mm2, 1),
        "median_gap_mm": None if joint.synthesised or not len(joint.gap_mm) else _mm(float(np.median(joint.gap_mm))),
        "gap_synthesised": bool(joint.synthesised),
        "fused_share": None if joint.synthesised else _share(joint.fused_share),
    }


def _mm(value: float) -> float:
    return round(float(value), MM_DECIMALS)


def _share(value: float) -> float:
    return round(float(value), _SHARE)
