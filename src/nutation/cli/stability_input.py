"""What `nutation stability` is given: a pelvis, the plan that was made on it, and the constructs that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.implants import Construct
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.source import Orientation, Side, Source
from nutation.anatomy.space import Frame
from nutation.cli import plan_input
from nutation.cli.plan_input import Asked, Given
from nutation.cli.speaking import UsageError
from nutation.planning.document import digests, implants_of, read_plan
from nutation.planning.document_plan import on_these_bones
from nutation.record.errors import InputError

GRID_MM = 1.0
"""Edge of the pelvis's voxels, whatever the elements': joint, footprints and surfaces are found on them."""

BESIDE = "overlay_bones.nii.gz"
"""The bones that `nutation plan --out` leaves beside plan.json: they are found there without being named."""

MOST_ALTERNATIVES = 2
"""Alternatives of a plan that are compared with it: each costs as much as the plan itself."""

_SECTIONS = ("triangle", "circle", "square")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the options says where bones and constructs come from."""

    what: tuple[Path, ...]
    ct: Path | None
    labels: Path | None
    mapping: Path | None
    sacrum: Path | None
    left_hip: Path | None
    right_hip: Path | None
    side: str | None
    compare: tuple[Path, ...]
    fewer: bool


@dataclass(frozen=True, slots=True)
class Case:
    """The pelvis, the sides asked about, the constructs by name (with the plan's file behind each), what to warn of.

    `bones` names the file that the bones come from; `inputs` the SHA-256 of every file by name.
    """

    pelvis: Pelvis
    sides: tuple[Side, ...]
    constructs: Mapping[str, Construct]
    plans: Mapping[str, str]
    bones: str
    inputs: Mapping[str, str]
    warnings: tuple[str, ...]


def case_of(wanted: Wanted) -> Case:
    """Read everything. Raises InputError naming the file, and UsageError where the options do not fit together."""
    plan = next((path for path in wanted.what if path.suffix.lower() == ".json"), None)
    image = next((path for path in wanted.what if path is not plan), None)
    if len(wanted.what) > (image is not None) + (plan is not None):
        raise UsageError("name a plan (plan.json), a label map or CT, or a plan and one of them.")
    if wanted.labels is not None and wanted.ct is None:
        raise UsageError("--labels goes with --ct: give both, or name the label map without an option.")
    if not wanted.what and wanted.ct is None and wanted.sacrum is None:
        raise UsageError("name a plan (plan.json), or a label map, or give --sacrum, --left-hip and --right-hip.")
    if plan is None and (wanted.compare or wanted.fewer):
        raise UsageError("--compare and --fewer are held against a plan: name it first.")
    document = None if plan is None else _plan(plan, wanted.side)
    others = {path: _plan(path, None) for path in wanted.compare}
    for path, other in others.items():
        if document is not None and other["side"] != document["side"]:
            raise InputError(
                f"it is for the {other['side']} joint, and the plan is for the {document['side']} one.",
                file=str(path), place="side", mend="compare plans of one joint.",
            )  # fmt: skip
    asked = _asked(wanted, plan, image)
    given = plan_input.read(asked)
    warnings: list[str] = []
    for path, told in ((plan, document), *others.items()):
        if path is not None and told is not None:
            _same_patient(told, given.source, path)
    pelvis = _pelvis(given)
    for path, told in ((plan, document), *others.items()):
        if path is not None and told is not None:
            warnings += _check_bones(told, pelvis, given, path, of_plan=path == plan)
    if document is not None:
        pelvis = replace(pelvis, source=_source(document, pelvis.source))
    if document is not None and document.get("verdict") == "no_plan_within_limit":
        warnings.append(f"The plan keeps not its own limit, and is no plan to operate by: {document.get('reason')}")
    if asked.image is not None and asked.image.name == BESIDE:
        warnings.append(
            "The bones are those that the plan left beside it, on its own voxels; what it warned of in its image "
            "stands in the plan."
        )
    if given.ours:
        warnings.append("The bones are a first look of Nutation's own at the CT, and miss the sacrum by millimetres.")
    constructs, plans, also = _constructs(plan, document, others, wanted.fewer, pelvis.frame)
    side = document["side"] if document is not None else wanted.side
    files = [plan, *wanted.compare, asked.image, asked.labels, asked.sacrum, asked.left_hip, asked.right_hip]
    return Case(
        pelvis=pelvis,
        sides=(cast("Side", side),) if side is not None else ("left", "right"),
        constructs=constructs,
        plans=plans,
        bones=_bones_named(asked),
        inputs=digests(tuple(str(path) for path in files if path is not None)),
        warnings=(*warnings, *also),
    )


def _plan(path: Path, side: str | None) -> dict[str, Any]:
    document = read_plan(path)
    if not document["implants"]:
        raise InputError(
            "the plan has no implants.", file=str(path), place="implants",
            mend="plan again until there is a construct, or give the bones alone to ask about the intact joint.",
        )  # fmt: skip
    if side is not None and document["side"] != side:
        raise InputError(
            f"the plan is for the {document['side']} joint, and --side says {side}.", file=str(path), place="side",
            mend=f"leave out --side, or give a plan of the {side} joint.",
        )  # fmt: skip
    for number, one in enumerate(document["implants"]):
        if one.get("section", "circle") not in _SECTIONS:
            raise InputError(
                f"the section is {one['section']!r}.", file=str(path), place=f"implants[{number}].section",
                mend=f"write one of {', '.join(_SECTIONS)}.",
            )  # fmt: skip
    return document


def _asked(wanted: Wanted, plan: Path | None, image: Path | None) -> Asked:
    """Where the bones come from: as named, or those that lie beside the plan."""
    ct, labels = wanted.ct, wanted.labels
    surfaces = any((wanted.sacrum, wanted.left_hip, wanted.right_hip))
    if image is not None and ct is not None:
        if labels is not None:
            raise UsageError("--ct and --labels name CT and bones already: leave out the third image.")
        image, labels = ct, image
    elif ct is not None:
        image = ct
    if plan is not None and labels is None and not surfaces and (image is None or image == ct):
        beside = plan.parent / BESIDE
        if not beside.is_file():
            raise InputError(
                f"the bones are not beside the plan (there is no {BESIDE}).", file=str(plan),
                mend="give the label map that the plan was made on, or --sacrum, --left-hip and --right-hip.",
            )  # fmt: skip
        image, labels = (beside, None) if ct is None else (ct, beside)
    return plan_input.checked(
        Asked(image, labels, wanted.mapping, wanted.sacrum, wanted.left_hip, wanted.right_hip, None)
    )


def _bones_named(asked: Asked) -> str:
    named = asked.labels or asked.image or asked.sacrum
    return str(named) if named is not None else ""


def _pelvis(given: Given, spacing_mm: float | None = None) -> Pelvis:
    pelvis = build_pelvis(
        given.shapes, hu=given.image.volume if given.image is not None else None, spacing_mm=spacing_mm or GRID_MM
    )
    lacking = [side for side in ("left", "right") if side not in pelvis.joints]
    if lacking:
        raise InputError(
            f"the {' and the '.join(lacking)} sacroiliac joint is not shown.", place="joint",
            mend="give an image of the whole pelvis: the model needs both joints.",
        )  # fmt: skip
    return pelvis


def _check_bones(document: Mapping[str, Any], pelvis: Pelvis, given: Given, file: Path, *, of_plan: bool) -> list[str]:
    """Raises InputError where the plan was made on other bones; a warning where it does not say on which."""
    if not isinstance(document.get("pelvic_frame"), dict):
        return [f"{file.name} does not say on which bones it was made: that they are these was not checked."]
    if on_these_bones(document, pelvis):
        return []
    # A plan's frame was found on the plan's own voxels, which may have been coarser.
    coarse = float(document.get("voxel_mm", GRID_MM))
    if coarse != GRID_MM and on_these_bones(document, _pelvis(given, coarse)):
        return []
    if not of_plan:
        raise InputError(
            "it was made on other bones than the plan that it is compared with.", file=str(file),
            place="pelvic_frame", mend="compare plans of one pelvis, made on one image.",
        )  # fmt: skip
    raise InputError(
        "the bones given are not those that the plan was made on.", file=str(file), place="pelvic_frame",
        mend="give the label map (or the surfaces) of the plan, or plan anew.",
    )  # fmt: skip


def _same_patient(document: Mapping[str, Any], source: Source, file: Path) -> None:
    """Raises InputError where plan and image name two patients or two series."""
    told = (
        ("patient", _part(document, "patient").get("id"), source.patient_id),
        ("series", _part(document, "image").get("series_uid"), source.series_uid),
    )
    for what, of_plan, of_image in told:
        if of_plan and of_image and of_plan != of_image:
            raise InputError(
                f"the plan is of {what} {of_plan}, and the image is of {what} {of_image}.", file=str(file), place=what,
                mend="give the image that the plan was made on.",
            )  # fmt: skip


def _source(document: Mapping[str, Any], source: Source) -> Source:
    """Whose the bones are, as the plan says: its own bones lie in a map that names nobody."""
    patient, image = _part(document, "patient"), _part(document, "image")
    return replace(
        source,
        orientation=_orientation(document, source),
        patient_id=source.patient_id or str(patient.get("id") or ""),
        patient_name=source.patient_name or str(patient.get("name") or ""),
        birth_date=source.birth_date or _day(patient.get("birth_date")),
        sex=source.sex or str(patient.get("sex") or ""),
        image_date=source.image_date or _day(image.get("date")),
        modality=source.modality or str(image.get("modality") or ""),
        series_uid=source.series_uid or str(image.get("series_uid") or ""),
        study_uid=source.study_uid or str(image.get("study_uid") or ""),
        frame_uid=source.frame_uid or str(image.get("frame_uid") or ""),
        described=source.described or str(image.get("described") or ""),
    )


def _orientation(document: Mapping[str, Any], source: Source) -> Orientation:
    """Where left and right come from: an image's own headers first, then what the plan of the same bones knew."""
    of_plan = document.get("orientation")
    if source.orientation == "dicom" or of_plan not in ("dicom", "nifti", "unverified"):
        return source.orientation
    return of_plan


def _part(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A part of a plan document that a plan written by hand may lack."""
    found: Any = document.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _constructs(
    plan: Path | None, document: Mapping[str, Any] | None, others: Mapping[Path, Mapping[str, Any]], fewer: bool,
    frame: Frame,
) -> tuple[dict[str, Construct], dict[str, str], list[str]]:  # fmt: skip
    """The constructs by name, the plan first, the files behind them, and what was left out."""
    if plan is None or document is None:
        return {}, {}, []
    side, approach = cast("Side", document["side"]), str(document.get("approach", ""))
    whole = implants_of(document, frame)
    made = {"plan": Construct(side, approach, whole)}
    plans = {"plan": str(plan)}
    said: list[str] = []
    alternatives: Sequence[Any] = document.get("alternatives") or ()
    for number, listed in enumerate(alternatives[:MOST_ALTERNATIVES], 1):
        name = f"alternative {number}"
        made[name] = Construct(side, approach, implants_of({"implants": listed}, frame))
        plans[name] = str(plan)
    for path, other in others.items():
        name = _named(path, made)
        made[name] = Construct(side, str(other.get("approach", "")), implants_of(other, frame))
        plans[name] = str(path)
    if fewer and len(whole) == 1:
        said.append("--fewer: the plan has one implant, and without it the joint is the intact one.")
    elif fewer:
        for number in range(len(whole)):
            name = f"without implant {number + 1}"
            made[name] = Construct(side, approach, (*whole[:number], *whole[number + 1 :]))
            plans[name] = str(plan)
    return made, plans, said


def _named(path: Path, taken: Mapping[str, Any]) -> str:
    """A plan's name by its file; by its folder too where the file has the name that all plans have."""
    short = f"{path.resolve().parent.name}/{path.name}" if path.name == "plan.json" else path.name
    return short if short not in taken else str(path)
