"""The design search: of the constructs that keep their margin, which holds the joint as well with the least metal.

Margins come first: what exceeds the limit is no candidate, however still it would hold the joint. Of the rest only such
differences in motion count as survive the whole sweep; among constructs that cannot be told apart from the best, the
one with fewer and then with shorter implants is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from nutation.anatomy.implants import Construct, Size
from nutation.planning.margin import SIMULATIONS
from nutation.planning.margin_limit import Limit
from nutation.planning.move import Bench
from nutation.planning.plan import STRUCTURES
from nutation.planning.search_candidates import Candidate, candidates
from nutation.planning.search_front import Choice, Point, chosen, curve
from nutation.record.errors import InputError
from nutation.stability.model import Model
from nutation.stability.settings import settings
from nutation.stability.study import Study, study

MOST = 14
"""Constructs that are solved where the caller does not say: as many as are found around a plan of three implants, with
three weights of margin for each number of implants. One takes six solutions, some 8 seconds on two cores with cubes of
4 mm, so that a search takes minutes."""

Told = Callable[[str, int, int], None]
"""Called with what is being done, how many solutions are made, and how many there will be (0: not known yet)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A construct that was judged and not solved, and why."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True, slots=True)
class Design:
    """What the search found. The study has the chosen construct first; `curve` runs from the most margin to the least.

    full: whether it stopped at the most that may be solved, so that others
    may be left. seconds_finding: what finding and judging the constructs took.
    """

    choice: Choice
    curve: tuple[Point, ...]
    refused: tuple[Refused, ...]
    full: bool
    study: Study
    seconds_finding: float

    @property
    def chosen(self) -> Point:
        """The chosen construct."""
        return next(point for point in self.curve if point.name == self.choice.name)


def design(
    bench: Bench,
    start: Construct,
    model: Model,
    sizes: tuple[Size, ...],
    *,
    alternatives: tuple[Construct, ...] = (),
    most: int = MOST,
    moment_nm: float | None = None,
    follower_n: float | None = None,
    seed: int = 0,
    simulations: int = SIMULATIONS,
    told: Told | None = None,
) -> Design:
    """The search around one plan's construct (`start`), with a finite-element model of the same pelvis.

    `sizes` share a section and a diameter. At most `most` constructs within the limit are solved. Raises InputError
    where none keeps the limit, saying how near the nearest comes.
    """
    say = told or _nothing
    started = time.perf_counter()
    kept: list[Candidate] = []
    refused: list[Refused] = []
    found = candidates(bench, start, sizes, alternatives=alternatives, seed=seed, simulations=simulations)
    for number, one in enumerate(found, start=1):
        say(f"constructs judged: {number}", 0, 0)
        reason = over(one, bench.limit) or _unheld(model, one)
        if reason:
            refused.append(Refused(one, reason))
        else:
            kept.append(one)
        if len(kept) == most:
            break
    if not kept:
        raise _nothing_within(bench, refused)
    finding = time.perf_counter() - started
    asked = _Steps(say, _solutions(len(kept)))
    answered = study(
        model, start.side, {one.name: one.construct for one in kept}, moment_nm=moment_nm, follower_n=follower_n,
        told=asked,
    )  # fmt: skip
    held = {one.name: one.held for one in answered.constructs}
    choice = chosen(kept, held)
    ordered = sorted(answered.constructs, key=lambda one: one.name != choice.name)
    return Design(
        choice=choice,
        curve=curve(kept, held),
        refused=tuple(refused),
        full=len(kept) == most,
        study=replace(answered, constructs=tuple(ordered)),
        seconds_finding=finding,
    )


def _solutions(constructs: int) -> int:
    """How many solutions a study of so many constructs takes: settings that need none of their own share one."""
    every = settings()
    return len({one.solution[:2] for one in every}) + constructs * len({one.solution for one in every})


class _Steps:
    """Counts what the study says before each of its solutions."""

    def __init__(self, say: Told, total: int) -> None:
        self._say, self._total, self._done = say, total, 0

    def __call__(self, text: str) -> None:
        self._say(text, self._done, self._total)
        self._done += 1


def over(one: Candidate, limit: Limit) -> str:
    """Why a construct does not keep the limit or its clearance; empty where it does."""
    if one.clearance_mm < 0:
        return f"it lies {-one.clearance_mm:.1f} mm beyond the {STRUCTURES[one.nearest]}"
    if one.worst_share > limit.share:
        share = 100 * one.worst_share
        return f"in {share:.1f} % of simulated executions an implant breaches by over {limit.grade_mm:g} mm"
    return ""


def _unheld(model: Model, one: Candidate) -> str:
    """Why the model cannot hold a construct; empty where it can."""
    try:
        model.place(one.construct)
    except InputError as error:
        return f"the model cannot hold it: {error.problem}"
    return ""


def _nothing_within(bench: Bench, refused: list[Refused]) -> InputError:
    nearest = min(refused, key=lambda one: (one.candidate.clearance_mm < 0, one.candidate.worst_share))
    return InputError(
        f"no plan within the limit: of {len(refused)} constructs none keeps it. The limit is "
        f"{bench.limit.in_words}. The nearest is “{nearest.candidate.name}”: {nearest.reason}.",
        place="limit",
        mend="plan by another approach, with shorter or thinner implants, or with a more exact way to place them; a "
        "wider limit is the surgeon's decision.",
    )  # fmt: skip


def _nothing(_text: str, _done: int, _of: int) -> None:
    return None
