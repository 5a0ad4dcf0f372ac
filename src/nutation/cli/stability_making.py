"""From what was asked to the answer with everything said of it: read, mesh, solve, tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nutation.anatomy.source import Side
from nutation.cli.stability_command import Options
from nutation.cli.stability_input import Case, Wanted, case_of
from nutation.cli.stability_support import held_at
from nutation.record.errors import InputError
from nutation.report import stability_told
from nutation.stability.document import peak_memory_mb, tell_study
from nutation.stability.kept import KeptModel
from nutation.stability.loads import Support
from nutation.stability.model import Parts, parts_of
from nutation.stability.settings import settings
from nutation.stability.study import Study, study

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that the files are made of: one study a side, the document of all, the words of all."""

    case: Case
    model: KeptModel
    studies: tuple[Study, ...]
    document: Plain
    told: Plain


def answered(what: tuple[Path, ...], options: Options) -> Answer:
    """The whole answer. Raises InputError where the input gives none."""
    with telling(options.quiet) as say:
        say("reading the bones …")
        case = case_of(_wanted(what, options))
        say("meshing the bones …")
        support, said = held_at(case.pelvis, case.sides[0], options.support)
        case = replace(case, warnings=(*case.warnings, *said))
        model = KeptModel(_parts(case, options, support))
        _check_implants(case, model)
        if options.stance:
            with _whose(case.bones):
                model.standing()
        swept = settings()[:1] if options.quick else None
        with _whose(case.bones):
            studies = tuple(
                study(
                    model,
                    side,
                    case.constructs,
                    moment_nm=options.moment,
                    follower_n=options.follower,
                    swept=swept,
                    stance=options.stance,
                    told=_of(side, case, say),
                )
                for side in case.sides
            )
    document = _document(case, studies, support)
    return Answer(case, model, studies, document, stability_told.told(document))


@contextmanager
def telling(quiet: bool) -> Generator[Callable[[str], None]]:
    """A way to say what is being done, on standard error: one line that changes on a terminal, lines in a pipe."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status("") as status:
            yield status.update
    else:
        yield lambda text: print(text, file=sys.stderr, flush=True)


def _wanted(what: tuple[Path, ...], options: Options) -> Wanted:
    return Wanted(
        what, options.ct, options.labels, options.mapping, options.sacrum, options.left_hip, options.right_hip,
        options.side, options.compare, options.fewer,
    )  # fmt: skip


def _parts(case: Case, options: Options, support: Support) -> Parts:
    with _whose(case.bones):
        return parts_of(case.pelvis, spacing_mm=options.resolution, support=support)


def _check_implants(case: Case, model: KeptModel) -> None:
    """Every implant is placed before anything is solved. Raises InputError naming the plan, the construct, the implant.

    Solutions take minutes: an implant in air has to be told before the first of them.
    """
    for name, construct in case.constructs.items():
        with _whose(case.plans[name], name):
            model.place(construct)


@contextmanager
def _whose(file: str, place: str = "") -> Generator[None]:
    """An error within is told with the file that it comes from, and as sentences."""
    try:
        yield
    except InputError as error:
        where = ", ".join(part for part in (place, error.place) if part)
        problem, mend = (f"{text.rstrip('.')}." if text else "" for text in (error.problem, error.mend))
        raise InputError(problem, file=error.file or file, place=where, mend=mend) from None


def _of(side: Side, case: Case, say: Callable[[str], None]) -> Callable[[str], None]:
    return (lambda text: say(f"{side} joint, {text}")) if len(case.sides) > 1 else say


def _document(case: Case, studies: tuple[Study, ...], support: Support) -> Plain:
    """The document of the first side; where both were asked about, that of the other beside it."""
    peak = peak_memory_mb()
    told = [
        tell_study(
            one, case.pelvis, support=support, plans=case.plans, files=case.inputs,
            peak_mb=peak, warnings=case.warnings,
        )
        for one in studies
    ]  # fmt: skip
    return {**told[0], "other_joint": told[1] if len(told) > 1 else None}
