"""``nutation plan move PLAN IMAGE --implant N``: a surgeon's own edit, checked by the code that made the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nutation.cli import plan_making
from nutation.cli.output import console, day, print_json, progress
from nutation.cli.plan_command import Options, confirmed_levels
from nutation.cli.plan_files import write
from nutation.cli.plan_reopen import reopen
from nutation.cli.speaking import UsageError
from nutation.planning.catalogue import packaged_catalogue, read_catalogue
from nutation.planning.document import read_plan
from nutation.planning.edit import Edit, edited_pose, edited_size, read_edit
from nutation.record.errors import InputError
from nutation.report import plan_change


def run(file: Path, image: Path | None, options: Options) -> None:
    """Move one implant of the plan, and say what that changes; with ``--out`` the edited plan's own files."""
    edit = read_edit(options.shift, options.tilt, options.length)
    index = index_of(options.implant, read_plan(file))
    on = day(options.as_of, "--as-of")
    levels = confirmed_levels(options)
    opened = reopen(file, image, options, on)
    pelvis, plan = opened.pelvis, opened.plan
    before = plan.implants[index]
    pose = edited_pose(before.implant.pose, edit, plan.side)
    with progress("Checking …", options.quiet):
        # Both places under the same simulated errors, so that what differs is the edit.
        there = opened.bench.move(plan, index, before.implant.pose, seed=options.seed)
        size = size_of(before.implant.size, edit, options)
        edited = opened.bench.moved(plan, index, pose, size, seed=options.seed)
    told = plan_change.told(there, edited, index, edit, pelvis)
    answer = plan_making.finished(
        edited, opened.bench.boundary, pelvis, opened.case, options, levels, on,
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


def index_of(number: int | None, document: dict[str, Any]) -> int:
    """The implant that a person counts from 1, as an index. Raises UsageError, InputError."""
    count = len(document["implants"])
    if number is None:
        raise UsageError(f"name the implant with --implant, 1 to {count} from cranial to caudal.")
    if not 1 <= number <= count:
        raise InputError(f"the plan has no implant {number}.", mend=f"name one of 1 to {count}.")
    return number - 1


def size_of(size: Any, edit: Edit, options: Options) -> Any:
    """The size that an edit asks for, out of the catalogue of the plan. Raises InputError."""
    own = options.implants is not None and Path(options.implants).is_file()
    return edited_size(size, edit, read_catalogue(Path(str(options.implants))) if own else packaged_catalogue())
