"""``nutation plan move PLAN IMAGE --implant N``: a surgeon's own edit, checked by the code that made the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.source import Side, Source
from nutation.cli import plan_input, plan_making
from nutation.cli.output import console, day, print_json, progress
from nutation.cli.plan_command import Options, confirmed_levels
from nutation.cli.plan_files import write
from nutation.cli.speaking import UsageError
from nutation.planning.approaches import approach_of
from nutation.planning.boundary import forbidden_boundary
from nutation.planning.catalogue import packaged_catalogue, read_catalogue
from nutation.planning.document import read_plan
from nutation.planning.document_plan import on_these_bones, plan_of
from nutation.planning.edit import Edit, edited_pose, edited_size, read_edit
from nutation.planning.execution import error_model
from nutation.planning.margin_limit import limit_of
from nutation.planning.move import bench_of
from nutation.record.errors import InputError
from nutation.report import plan_change


def run(file: Path, image: Path | None, options: Options) -> None:
    """Move one implant of the plan, and say what that changes; with ``--out`` the edited plan's own files."""
    edit = read_edit(options.shift, options.tilt, options.length)
    asked = plan_input.checked(plan_making.asked_of(image, options))
    document = read_plan(file)
    index = _index(options.implant, document)
    side = cast(Side, document["side"])
    if options.side not in (None, side):
        raise UsageError(f"the plan is for the {side} joint, and --side says {options.side}.")
    on = day(options.as_of, "--as-of")
    levels = confirmed_levels(options)
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
    plan = plan_of(document, pelvis)
    table = bench_of(pelvis, boundary, error, options.limit)
    before = plan.implants[index]
    pose = edited_pose(before.implant.pose, edit, side)
    with progress("Checking …", options.quiet):
        # Both places under the same simulated errors, so that what differs is the edit.
        there = table.move(plan, index, before.implant.pose, seed=options.seed)
        edited = table.moved(plan, index, pose, _size(before.implant.size, edit, options), seed=options.seed)
    told = plan_change.told(there, edited, index, edit, pelvis)
    answer = plan_making.finished(
        edited, boundary, pelvis, case, options, levels, on,
        beside={"edit": plan_change.plain(there, edited, index, edit)},
    )  # fmt: skip
    paths, notes = ([], []) if options.out is None else write(answer, options.out)
    if options.json:
        print_json(answer.document)
    elif not options.quiet:
        page = console()
        plan_change.render(told, page)
        for line in (*(f"Written: {path}" for path in paths), *notes):
            page.print(line, soft_wrap=True, markup=False)


def _index(number: int | None, document: dict[str, Any]) -> int:
    count = len(document["implants"])
    if number is None:
        raise UsageError(f"name the implant with --implant, 1 to {count} from cranial to caudal.")
    if not 1 <= number <= count:
        raise InputError(f"the plan has no implant {number}.", mend=f"name one of 1 to {count}.")
    return number - 1


def _size(size: Any, edit: Edit, options: Options) -> Any:
    own = options.implants is not None and Path(options.implants).is_file()
    return edited_size(size, edit, read_catalogue(Path(str(options.implants))) if own else packaged_catalogue())


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
