"""``nutation stability PLAN|LABELS``: which construct holds this joint better, and whether that survives the sweep."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from nutation.cli.output import console, print_json
from nutation.cli.speaking import UsageError
from nutation.record.errors import InputError

_EXTRA = ("scipy", "numba", "edt", "skimage", "SimpleITK", "vtk", "matplotlib", "trimesh", "pydicom")
"""What the extra `plan` brings, by the names that Python imports."""

ONE_ILIUM = "one-ilium"
"""The hip bone of the joint asked about is fixed: `ilium_left` or `ilium_right`, by that joint's side."""

SUPPORTS = ("ischia", "acetabula", ONE_ILIUM, "acetabulum_left", "acetabulum_right", "ilium_left", "ilium_right")
"""Where the pelvis can be held, as `stability.loads.Support` has it; named here so that a wrong one is told at once."""

STUDY_MM = 2.0
"""Edge of the elements of a study where none is named."""

FINEST_MM, COARSEST_MM = 0.5, 4.0
"""Edges of the elements that make a model, as `stability.memory` has them."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """The options of a design search, as typed: error, limit and how many constructs are solved."""

    error: str | None
    limit: float | None
    constructs: int | None


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one call, as typed."""

    ct: Path | None
    labels: Path | None
    mapping: Path | None
    sacrum: Path | None
    left_hip: Path | None
    right_hip: Path | None
    side: str | None
    compare: tuple[Path, ...]
    fewer: bool
    resolution: float
    support: str | None
    moment: float | None
    follower: float | None
    quick: bool
    json: bool
    out: Path | None
    quiet: bool
    stance: bool = False
    search: SearchOptions | None = None


def resolution_mm(named: float | None, *, search: bool) -> float:
    """The edge of the elements: as named, else 2 mm, and 4 mm in a search (see `stability_search.RESOLUTION_MM`)."""
    from nutation.cli.stability_search import RESOLUTION_MM

    return (RESOLUTION_MM if search else STUDY_MM) if named is None else named


def search_options(
    error: str | None, limit: float | None, constructs: int | None, *, search: bool
) -> SearchOptions | None:
    """The search that is asked for, or none. Raises UsageError for its options without it."""
    if search:
        return SearchOptions(error, limit, constructs)
    for given, name in ((error, "--error"), (limit, "--limit"), (constructs, "--constructs")):
        if given is not None:
            raise UsageError(f"{name} belongs to --search.")
    return None


def run(what: tuple[Path, ...], options: Options) -> None:
    """Answer for a plan, or for the intact joints of a label map."""
    _sound(what, options)
    lacking = [name for name in _EXTRA if find_spec(name) is None]
    if lacking:
        raise InputError(
            f"the libraries for mechanics are not installed ({', '.join(lacking)}).",
            mend="pip install 'nutation[plan]'",
        )
    if options.search is not None:
        from nutation.cli import stability_search

        stability_search.run(what, options, options.search)
        return
    from nutation.cli import stability_making
    from nutation.report import stability_terminal

    answer = stability_making.answered(what, options)
    paths: list[Path] = []
    if options.out is not None:
        from nutation.cli import stability_files

        paths = stability_files.write(answer, options.out)
    if options.json:
        print_json(answer.document)
    elif not options.quiet:
        page = console()
        stability_terminal.render(answer.told, page)
        for path in paths:
            page.print(f"Written: {path}", soft_wrap=True, markup=False)


def _sound(what: tuple[Path, ...], options: Options) -> None:
    """Raises UsageError where the options cannot be meant together."""
    if len(what) > 2:
        raise UsageError("name at most a plan (plan.json) and the bones that it was made on.")
    if options.side not in (None, "left", "right"):
        raise UsageError(f"--side is {options.side!r}; write left or right.")
    if options.support is not None and options.support not in SUPPORTS:
        raise UsageError(f"--support is {options.support!r}; write one of {', '.join(SUPPORTS)}.")
    if not FINEST_MM <= options.resolution <= COARSEST_MM:
        raise UsageError(f"--resolution is {options.resolution:g}; write {FINEST_MM:g} to {COARSEST_MM:g} mm.")
    plan = any(path.suffix.lower() == ".json" for path in what)
    if options.support == ONE_ILIUM and options.side is None and not plan:
        raise UsageError(f"--support {ONE_ILIUM} fixes the hip bone of one joint: name it by --side left or right.")
    _published(options)


def _published(options: Options) -> None:
    """Raises UsageError for moments and follower loads other than those at which the joint's motion was published."""
    if options.moment is None and options.follower is None:
        return
    from nutation.evidence import load

    moments, follower = load().entry("published_moments"), load().entry("follower_load").number()
    sizes = [moments.number(name) for name in ("low_nm", "middle_nm", "high_nm")]
    for name, given, known, unit in (
        ("moment", options.moment, sizes, "Nm"),
        ("follower", options.follower, [0.0, follower], "N"),
    ):
        if given is not None and given not in known:
            may = ", ".join(f"{size:g}" for size in known[:-1])
            raise UsageError(
                f"--{name} is {given:g}; write {may} or {known[-1]:g} ({unit}): the joint's motion was published there."
            )
