"""``nutation plan IMAGE --side SIDE``: bones from an image, implants in them, and what the surgeon will see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nutation.cli.output import console, day, print_json, progress
from nutation.cli.speaking import UsageError
from nutation.record.errors import InputError

_EXTRA = ("scipy", "numba", "edt", "skimage", "SimpleITK", "vtk", "matplotlib", "trimesh", "pydicom", "highdicom")
"""What the extra `plan` brings, by the names that Python imports."""
_PAPERS = ("a4", "us-letter")
_LEVELS = re.compile(r"S[1-5]")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one call, as typed."""

    side: str | None
    labels: Path | None
    mapping: Path | None
    sacrum: Path | None
    left_hip: Path | None
    right_hip: Path | None
    series: str | None
    first_look: bool
    approach: str
    implants: str | None
    error: str
    limit: float | None
    count: int | None
    resolution: float
    record: Path | None
    as_of: str | None
    confirm_side: str | None
    confirm_levels: str | None
    confirmed_by: str | None
    deidentify: bool
    append: Path | None
    placed: Path | None
    seed: int
    paper: str
    implant: int | None
    shift: str | None
    tilt: str | None
    length: float | None
    json: bool
    out: Path | None
    quiet: bool


def run(what: tuple[str, ...], options: Options) -> None:
    """Plan, or one of the words: `compare PLAN POSTOP_CT`, `move PLAN IMAGE`, `phantom DIR`."""
    # One word alone may be an image of that name; several are never images, whatever lies in the folder.
    first, count = next(iter(what), ""), len(what)
    word = first if count > 1 or not Path(first).exists() else ""
    if word == "compare":
        if len(what) != 3:
            raise UsageError("write: nutation plan compare PLAN POSTOP_CT.")
        _sound(options, sided=False)
        _with_extra()
        from nutation.cli import plan_compare

        plan_compare.run(Path(what[1]), Path(what[2]), options)
        return
    if word == "move":
        if len(what) not in (2, 3):
            raise UsageError("write: nutation plan move PLAN IMAGE --implant N, with --shift, --tilt or --length.")
        _sound(options, sided=False)
        _with_extra()
        from nutation.cli import plan_move

        plan_move.run(Path(what[1]), Path(what[2]) if len(what) == 3 else None, options)
        return
    if word == "bench":
        if len(what) not in (2, 3):
            raise UsageError("write: nutation plan bench PLAN IMAGE.")
        _sound(options, sided=False)
        _with_extra()
        from nutation.cli import plan_bench

        plan_bench.run(Path(what[1]), Path(what[2]) if len(what) == 3 else None, options)
        return
    if any(part is not None for part in (options.implant, options.shift, options.tilt, options.length)):
        raise UsageError("--implant, --shift, --tilt and --length are for: nutation plan move PLAN IMAGE.")
    if word == "phantom":
        if len(what) != 2:
            raise UsageError("write: nutation plan phantom DIR.")
        _sound(options, sided=False)
        _with_extra()
        if options.placed is not None:
            from nutation.cli import plan_phantom_placed

            plan_phantom_placed.run(Path(what[1]), options.placed, options)
            return
        from nutation.cli import plan_phantom

        plan_phantom.run(Path(what[1]), options)
        return
    if options.placed is not None:
        raise UsageError("--placed is for: nutation plan phantom DIR.")
    if len(what) > 1:
        raise UsageError(
            "name one image; or write: plan compare PLAN POSTOP_CT, plan move PLAN IMAGE, plan phantom DIR."
        )
    _plan(Path(what[0]) if what else None, _sound(options))


def _with_extra() -> None:
    """Raises InputError where the libraries of the extra are not there."""
    lacking = [name for name in _EXTRA if find_spec(name) is None]
    if lacking:
        raise InputError(
            f"the libraries for planning are not installed ({', '.join(lacking)}).",
            mend="pip install 'nutation[plan]'",
        )


def _sound(options: Options, *, sided: bool = True) -> Options:
    """The options, if they can be meant together. Raises UsageError."""
    if (sided or options.side is not None) and options.side not in ("left", "right"):
        raise UsageError(f"--side is {options.side!r}; write left or right." if options.side else "name --side.")
    if options.confirm_side not in (None, "left", "right"):
        raise UsageError(f"--confirm-side is {options.confirm_side!r}; write left or right.")
    confirming = [options.confirm_side, options.confirm_levels, options.confirmed_by]
    if any(confirming) and not all(confirming):
        raise UsageError("a confirmation is --confirm-side, --confirm-levels and --confirmed-by together.")
    if options.confirmed_by is not None and not options.confirmed_by.strip():
        raise UsageError("--confirmed-by is empty; write the name of the person.")
    if options.deidentify and (options.record is not None or any(confirming)):
        raise UsageError("--deidentify takes the patient out; it cannot go with --record or a confirmation.")
    if options.limit is not None and not 0 < options.limit < 1:
        raise UsageError(f"--limit is {options.limit:g}; write a share between 0 and 1, such as 0.1 for 10 %.")
    if options.count is not None and not 1 <= options.count <= 4:
        raise UsageError(f"--count is {options.count}; write 1 to 4 implants.")
    if not 0.4 <= options.resolution <= 3:
        raise UsageError(f"--resolution is {options.resolution:g}; write 0.4 to 3 mm.")
    if options.paper not in _PAPERS:
        raise UsageError(f"--paper is {options.paper!r}; write one of {', '.join(_PAPERS)}.")
    return options


def confirmed_levels(options: Options) -> frozenset[str]:
    """The levels that a person looked at; none without a confirmation. Raises UsageError."""
    text = options.confirm_levels
    if not text:
        return frozenset()
    found = [part.strip().upper() for part in text.replace(";", ",").split(",") if part.strip()]
    wrong = [part for part in found if not _LEVELS.fullmatch(part)]
    if wrong or not found:
        raise UsageError(f"--confirm-levels is {text!r}; write levels such as S1,S2.")
    return frozenset(found)


def _plan(image: Path | None, options: Options) -> None:
    levels = confirmed_levels(options)
    on = day(options.as_of, "--as-of")
    _with_extra()
    from nutation.cli import plan_input, plan_making

    asked = plan_input.checked(plan_making.asked_of(image, options))
    from nutation.report import plan_terminal

    answer = plan_making.answered(asked, options, levels, on)
    paths: list[Path] = []
    notes: list[str] = []
    if options.out is not None:
        from nutation.cli import plan_files

        with progress("Writing the documents …", options.quiet):
            paths, notes = plan_files.write(answer, options.out)
    if options.json:
        print_json(answer.document)
    elif not options.quiet:
        page = console()
        plan_terminal.render(answer.told, page)
        for path in paths:
            page.print(f"Written: {path}", soft_wrap=True, markup=False)
        for note in notes:
            page.print(note, soft_wrap=True, markup=False)
