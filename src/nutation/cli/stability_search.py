"""``nutation stability PLAN --search``: margins first, then what holds this joint, then the least metal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nutation.cli.output import console, folder, json_text, print_json, written
from nutation.cli.speaking import UsageError
from nutation.record.errors import InputError

if TYPE_CHECKING:
    from nutation.cli.stability_command import Options, SearchOptions

RESOLUTION_MM = 4.0
"""Edge of the elements where none is named. With these the motion was validated (docs/explanation/stability.md); on an
atlas pelvis the mean reduction of nine constructs came out at most 1.8 points from that with 2 mm, in the same order,
at a sixth of the time."""

MOST = 40
"""More constructs than the search has."""

Say = Callable[[str, int, int], None]
Plain = dict[str, Any]


def run(what: tuple[Path, ...], options: Options, asked: SearchOptions) -> None:
    """Search around a plan, and tell, print or write what was found."""
    plan = _plan(what, options, asked)
    document, told = _answered(plan, what, options, asked)
    paths = [] if options.out is None else _write(document, told, options.out)
    if options.json:
        print_json(document)
    elif not options.quiet:
        from nutation.report import search_terminal

        page = console()
        search_terminal.render(told, page)
        for path in paths:
            page.print(f"Written: {path}", soft_wrap=True, markup=False)


def _plan(what: tuple[Path, ...], options: Options, asked: SearchOptions) -> Path:
    """The plan that is named. Raises UsageError where there is none, or where options do not go with a search."""
    plan = next((path for path in what if path.suffix.lower() == ".json"), None)
    if plan is None:
        raise UsageError("--search begins at a plan: name it first (plan.json), with its bones beside it.")
    for given, name in ((options.compare, "--compare"), (options.fewer, "--fewer")):
        if given:
            raise UsageError(f"{name} does not go with --search, which finds its own constructs: leave one out.")
    if options.quick:
        raise UsageError("--quick does not go with --search: without the sweep nothing can be told apart.")
    if options.stance:
        raise UsageError("--stance does not go with --search: ask `nutation stability` about the chosen construct.")
    if asked.constructs is not None and not 1 <= asked.constructs <= MOST:
        raise UsageError(f"--constructs is {asked.constructs}; write 1 to {MOST}.")
    return plan


def _answered(plan: Path, what: tuple[Path, ...], options: Options, asked: SearchOptions) -> tuple[Plain, Plain]:
    """The document and its words. Raises InputError where the input gives none."""
    from nutation.cli.stability_input import Wanted, case_of
    from nutation.cli.stability_search_input import start_of
    from nutation.cli.stability_support import held_at
    from nutation.planning.document import read_plan
    from nutation.planning.margin import SIMULATIONS
    from nutation.planning.search import MOST as USUAL
    from nutation.planning.search import design
    from nutation.planning.search_document import tell_design
    from nutation.planning.search_model import SearchModel
    from nutation.report import search_told
    from nutation.stability.document import peak_memory_mb, tell_study
    from nutation.stability.model import parts_of

    with _telling(options.quiet) as say:
        say("reading the bones", 0, 0)
        case = case_of(
            Wanted(
                what, options.ct, options.labels, options.mapping, options.sacrum, options.left_hip,
                options.right_hip, options.side, (), fewer=False,
            )
        )  # fmt: skip
        side, construct = case.sides[0], case.constructs["plan"]
        support, said = held_at(case.pelvis, side, options.support)
        others = tuple(one for name, one in case.constructs.items() if name != "plan")
        with _whose(str(plan)):
            start = start_of(read_plan(plan), plan, construct, case.pelvis, asked.error, asked.limit)
        say("meshing the bones", 0, 0)
        with _whose(case.bones):
            model = SearchModel(parts_of(case.pelvis, spacing_mm=options.resolution, support=support))
        with _whose(str(plan)):
            model.place(construct)
            found = design(
                start.bench, construct, model, start.sizes, alternatives=others, most=asked.constructs or USUAL,
                moment_nm=options.moment, follower_n=options.follower, seed=start.seed, told=say,
            )  # fmt: skip
    warnings = (*case.warnings, *said, *start.warnings, *start.other_margin(found))
    document = tell_study(
        found.study, case.pelvis, support=support, plans=case.plans, files=case.inputs, peak_mb=peak_memory_mb(),
        warnings=warnings,
    )  # fmt: skip
    document["search"] = tell_design(
        found, case.pelvis.frame, start.bench.limit, start.bench.error.in_words, simulations=SIMULATIONS,
        seed=start.seed,
    )  # fmt: skip
    return document, search_told.told(document)


def _write(document: Plain, told: Plain, into: Path) -> list[Path]:
    """Makes all files before it writes the first, and gives their paths."""
    from nutation.report import search_figure, search_html, stability_figures

    curve = search_figure.curve(document, told)
    made: dict[str, bytes | str] = {
        "search.json": json_text(document),
        "search.html": search_html.render(told, curve, stability_figures.motion_figure(document)),
        "search.svg": curve.svg,
        "search.png": curve.png,
    }
    for name in made:
        if (into / name).is_dir():
            raise InputError(
                "is a folder, and a file is to be written.", file=str(into / name), mend="name another --out."
            )
    folder(into)
    return [written(into / name, content) for name, content in made.items()]


@contextmanager
def _telling(quiet: bool) -> Generator[Say]:
    """A way to say how far the search is, on standard error: a bar on a terminal, a line a construct in a pipe."""
    if quiet:
        yield lambda _text, _done, _of: None
        return
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def say(text: str, done: int, of: int) -> None:
            bar.update(task, description=text, completed=done, total=of or None)

        yield say


class _Lines:
    """Says each step once: what is solved is told by its construct, not by its setting."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, text: str, done: int, of: int) -> None:
        step = text.split(":")[0]
        if step == self._last:
            return
        self._last = step
        told = f"{step}, {done} of {of} solved …" if of else f"{step} …"
        print(told, file=sys.stderr, flush=True)


@contextmanager
def _whose(file: str) -> Generator[None]:
    """An error within is told with the file that it comes from, and as sentences."""
    try:
        yield
    except InputError as error:
        problem, mend = (f"{text.rstrip('.')}." if text else "" for text in (error.problem, error.mend))
        raise InputError(problem, file=error.file or file, place=error.place, mend=mend) from None
