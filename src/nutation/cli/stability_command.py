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

SUPPORTS = ("ischia", "acetabula", "acetabulum_left", "acetabulum_right", "ilium_left", "ilium_right")
"""Where the pelvis can be held, as `stability.loads.Support` has it; named here so that a wrong one is told at once."""

FINEST_MM, COARSEST_MM = 0.5, 4.0
"""Edges of the elements that make a model, as `stability.memory` has them."""


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
    support: str
    moment: float | None
    follower: float | None
    quick: bool
    json: bool
    out: Path | None
    quiet: bool


def run(what: tuple[Path, ...], options: Options) -> None:
    """Answer for a plan, or for the intact joints of a label map."""
    _sound(what, options)
    lacking = [name for name in _EXTRA if find_spec(name) is None]
    if lacking:
        raise InputError(
            f"the libraries for mechanics are not installed ({', '.join(lacking)}).",
            mend="pip install 'nutation[plan]'",
        )
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
    if options.support not in SUPPORTS:
        raise UsageError(f"--support is {options.support!r}; write one of {', '.join(SUPPORTS)}.")
    if not FINEST_MM <= options.resolution <= COARSEST_MM:
        raise UsageError(f"--resolution is {options.resolution:g}; write {FINEST_MM:g} to {COARSEST_MM:g} mm.")
    if options.moment is not None and not options.moment > 0:
        raise UsageError(f"--moment is {options.moment:g}; write newton-metres above 0.")
    if options.follower is not None and not options.follower >= 0:
        raise UsageError(f"--follower is {options.follower:g}; write newtons, 0 for none.")
