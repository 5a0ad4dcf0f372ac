"""From what was asked to the plan with everything said of it: read, build, plan, draw, tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.source import Side
from nutation.cli import plan_input, plan_record
from nutation.cli.output import progress
from nutation.cli.plan_command import Options
from nutation.cli.plan_files import Answer
from nutation.cli.plan_input import Asked, Given
from nutation.cli.plan_sizes import sizes_named
from nutation.planning.approaches import approach_of
from nutation.planning.boundary import Boundary
from nutation.planning.document import digests, tell_plan
from nutation.planning.execution import error_model
from nutation.planning.exports.dicom_head import headers
from nutation.planning.make import make_plan
from nutation.planning.pictures import plan_pictures
from nutation.planning.plan import Plan
from nutation.planning.views import missing_views, views_of
from nutation.report import plan_told, plan_views
from nutation.report.confirmation import Confirmation
from nutation.report.plan_told import Plain


def answered(asked: Asked, options: Options, levels: frozenset[str], on: date) -> Answer:
    """The whole answer. Raises InputError where the input gives none."""
    side = cast(Side, options.side)
    approach_of(options.approach)
    sizes, cautions = (None, ()) if options.implants is None else sizes_named(options.implants, options.approach)
    error = error_model(named(options.error))
    with progress("Reading the image …", options.quiet):
        given = plan_input.read(asked)
    case = case_of(given, options, side, on)
    given = case.given
    with progress("Building the pelvis …", options.quiet):
        hu = given.image.volume if given.image is not None else None
        pelvis = build_pelvis(given.shapes, hu=hu, spacing_mm=options.resolution)
    with progress("Planning …", options.quiet):
        made = make_plan(
            pelvis, side, approach=options.approach, sizes=sizes, error=error, limit=options.limit,
            count=options.count, seed=options.seed,
        )  # fmt: skip
    plan = replace(made.plan, warnings=tuple(dict.fromkeys((*made.plan.warnings, *cautions))))
    return finished(plan, made.boundary, pelvis, case, options, levels, on)


@dataclass(frozen=True, slots=True)
class Case:
    """What belongs to a plan beside its bones: whose it is, the record and what it warns of, the DICOM headers."""

    given: Given
    record: Plain | None
    warnings: Sequence[str]
    slices: tuple[Any, ...]


def asked_of(image: Path | None, options: Options) -> Asked:
    """Where the bones come from, as the options name it."""
    return Asked(
        image, options.labels, options.mapping, options.sacrum, options.left_hip, options.right_hip, options.series,
        options.first_look,
    )  # fmt: skip


def case_of(given: Given, options: Options, side: Side, on: date) -> Case:
    """The record held against the image, and the image without its patient where that was asked for."""
    record, warnings = _record(given, options, side, on)
    slices = _headers(given, options)
    return Case(_of_nobody(given, slices) if options.deidentify else given, record, warnings, slices)


def finished(
    plan: Plan, boundary: Boundary | None, pelvis: Pelvis, case: Case, options: Options, levels: frozenset[str],
    on: date, *, beside: Plain | None = None,
) -> Answer:  # fmt: skip
    """A plan told, drawn where files are to be written, and put together; `beside` goes into plan.json."""
    side, given, record = plan.side, case.given, case.record
    plan = replace(plan, warnings=tuple(dict.fromkeys((*plan.warnings, *case.warnings))))
    confirmed = _confirmed(options, levels, on)
    implants = tuple(planned.implant for planned in plan.implants)
    views = views_of(pelvis, side, plan.approach, implants=implants)
    spoken = plan_views.told(views)
    told = plan_told.told(
        plan, pelvis, made_on=on, confirmed=confirmed, record=record, views=spoken, seed=options.seed,
        rough_bones=given.ours,
    )  # fmt: skip
    files = digests((*given.source.files, *_outlines(options)))
    document = {
        **_document(tell_plan(plan, pelvis, seed=options.seed, files=files), told, record, on),
        "first_look": given.ours,
        **(beside or {}),
    }
    pictures: tuple[plan_told.Picture, ...] = ()
    if options.out is not None:
        with progress("Drawing …", options.quiet):
            drawn = plan_pictures(plan, pelvis, boundary, views=views)
            pictures = plan_told.pictures_of(drawn, plan)
    return Answer(
        plan=plan, pelvis=pelvis, given=given, document=document, told=told, pictures=pictures, views=spoken,
        views_missing=missing_views(pelvis, side, plan.approach), confirmed=confirmed, record=record,
        slices=case.slices, paper=options.paper,
    )  # fmt: skip


def _outlines(options: Options) -> tuple[str, ...]:
    """Files beside the image that the bones came from; none of a de-identified one, whose digest would tell it."""
    return () if options.deidentify or options.labels is None else (str(options.labels),)


def named(error: str) -> str | Path:
    """An error model as the option names it: a file where there is one, else a name."""
    return Path(error) if Path(error).is_file() else error


def _record(given: Given, options: Options, side: Side, on: date) -> tuple[Plain | None, Sequence[str]]:
    if options.record is None:
        return None, ()
    with progress("Reading the record …", options.quiet):
        return plan_record.read(options.record, given.source, side, on)


def _confirmed(options: Options, levels: frozenset[str], on: date) -> Confirmation | None:
    if options.confirm_side is None or options.confirmed_by is None:
        return None
    return Confirmation(cast(Side, options.confirm_side), levels, options.confirmed_by.strip(), on)


def _headers(given: Given, options: Options) -> tuple[Any, ...]:
    """The headers that DICOM files refer to; without the patient where that was asked for."""
    if given.image is None or (options.out is None and not options.deidentify):
        return ()
    found = headers(given.image.slices)
    if not options.deidentify:
        return found
    from nutation.anatomy.deidentify import Run, deidentified

    run = Run()
    return tuple(deidentified(head, run=run) for head in found)


def _of_nobody(given: Given, slices: Sequence[Any]) -> Given:
    """The same bones with nothing told of patient, day and series but the pseudonym that the DICOM files carry."""
    bare = replace(
        given.source, files=(), patient_id=str(slices[0].PatientID) if slices else "", patient_name="", birth_date=None,
        sex="", image_date=None, series_uid="", study_uid="", frame_uid="", described="",
    )  # fmt: skip
    return replace(given, shapes=cast(Any, replace)(given.shapes, source=bare), how="bones of a de-identified image")


def _document(document: dict[str, Any], told: Plain, record: Plain | None, on: date) -> dict[str, Any]:
    """plan.json with what the command line adds: the day, the record beside it, what a sheet still needs."""
    return {
        **document,
        "warnings": told["warnings"],
        "as_of": on.isoformat(),
        "record": record,
        "operation_sheet": told["sheet"],
    }
