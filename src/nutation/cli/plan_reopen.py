"""A plan opened again on its bones: read, checked to be of them, and ready for an implant to be moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.source import Side, Source
from nutation.cli import plan_input, plan_making
from nutation.cli.output import progress
from nutation.cli.plan_command import Options
from nutation.cli.plan_making import Case
from nutation.cli.speaking import UsageError
from nutation.planning.approaches import approach_of
from nutation.planning.boundary import forbidden_boundary
from nutation.planning.document import read_plan
from nutation.planning.document_plan import on_these_bones, plan_of
from nutation.planning.execution import error_model
from nutation.planning.margin_limit import limit_of
from nutation.planning.move import Bench, bench_of
from nutation.planning.plan import Plan
from nutation.record.errors import InputError


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan on its bones, and the bench on which implants are moved."""

    plan: Plan
    pelvis: Pelvis
    bench: Bench
    case: Case


def reopen(file: Path, image: Path | None, options: Options, on: date) -> Opened:
    """Open a plan on the image and outlines that it was made of, by the error and limit that it had.

    Raises InputError where they are others, UsageError where the options do not fit together.
    """
    asked = plan_input.checked(plan_making.asked_of(image, options))
    document = read_plan(file)
    side = cast(Side, document["side"])
    if options.side not in (None, side):
        raise UsageError(f"the plan is for the {side} joint, and --side says {options.side}.")
    error, limit = error_model(plan_making.named(options.error)), limit_of(options.limit)
    _alike(document, "error", error.in_words, "--error", file)
    _alike(document, "limit", limit.in_words, "--limit", file)
    with progress("Reading the image …", options.quiet):
        given = plan_input.read(asked)
    if not options.deidentify:
        _same_patient(document, given.source, file)
    case = plan_making.case_of(given, options, side, on)
    with progress("Building the pelvis …", options.quiet):
        hu = given.image.volume if given.image is not None else None
        pelvis = build_pelvis(case.given.shapes, hu=hu, spacing_mm=float(document["voxel_mm"]))
        if not on_these_bones(document, pelvis):
            raise InputError(
                "the bones given are not those that the plan was made on.", file=str(file),
                mend="give the image and the labels (or surfaces) of the plan, or plan anew.",
            )  # fmt: skip
        boundary = forbidden_boundary(pelvis, side, approach_of(str(document["approach"])))
    return Opened(plan_of(document, pelvis), pelvis, bench_of(pelvis, boundary, error, options.limit), case)


def _alike(document: dict[str, Any], what: str, now: str, option: str, file: Path) -> None:
    """An edit is judged as the plan was: by the same error and the same limit."""
    if document.get(what) != now:
        raise InputError(
            f"the plan's {what} was: {document.get(what)}. The edit would be judged by: {now}.", file=str(file),
            place=what, mend=f"give {option} as the plan had it, or plan anew.",
        )  # fmt: skip


def _same_patient(document: dict[str, Any], source: Source, file: Path) -> None:
    """Raises InputError where plan and image name two patients or two series."""
    told = (
        ("patient", document.get("patient", {}).get("id"), source.patient_id),
        ("series", document.get("image", {}).get("series_uid"), source.series_uid),
    )
    for what, of_plan, of_image in told:
        if of_plan and of_image and of_plan != of_image:
            raise InputError(
                f"the plan is of {what} {of_plan}, and the image is of {what} {of_image}.", file=str(file), place=what,
                mend="give the image that the plan was made on.",
            )  # fmt: skip
