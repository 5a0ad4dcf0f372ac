"""Which implants, where: lines through the joint are scored, kept where they differ, combined, settled, simulated.

A construct is chosen for what is left of it when it is carried out with the error; then for purchase and spacing. The
choice must not hang on how the image was sampled: constructs come to rest on a smooth worth (`construct_seat`), and
what they rest on is combined anew, so that the best is found from many starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nutation.anatomy.implants import Implant, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.construct_kernels import OVER_LIMIT
from nutation.planning.construct_search import COARSE, FINE, Search, Settled
from nutation.planning.construct_way import Way
from nutation.planning.execution import ErrorModel, draw
from nutation.planning.margin import executed
from nutation.planning.margin_fields import Fields
from nutation.planning.preferences import Preferences

# Sets that are settled at first, and sets of what these come to that are settled anew, so often: many, since several
# lead to one construct and the best need not come from the best of them. Of all, the best few are settled finely.
STARTS, ANEW, TIMES, FINALISTS = 32, 16, 2, 8
# What is settled finely is combined once more.
ONCE_MORE = 4
# Two constructs are one where no end of an implant differs by more: a surgeon places no implant more exactly.
SAME_MM = 4.0
# Executions simulated to choose among constructs where the caller does not say: a share of 0.2 then errs by 0.01. A
# plan chooses with as many as it reports, and the same ones, so that both say the same.
TRIALS = 1500


@dataclass(frozen=True, slots=True)
class Found:
    """One construct that the search offers: implants from cranial to caudal and what they are worth together, in mm
    of purchase, with its Monte Carlo error; `over_grade` (n,) the simulated share that breaches by more than the
    limit's grade."""

    implants: tuple[Implant, ...]
    crossings_mm: Floats
    worth: float
    over_grade: tuple[float, ...]
    within: bool
    worth_error: float = 0.0

    def apart_mm(self, other: Found) -> Floats:
        """How far each implant's farther end lies from that of the other's same implant, (n,)."""
        ends = [(one.pose.entry_mm, one.tip_mm) for one in self.implants]
        others = [(one.pose.entry_mm, one.tip_mm) for one in other.implants]
        return np.linalg.norm(np.array(ends) - np.array(others), axis=2).max(axis=1)


def choose(
    fields: Fields,
    pelvis: Pelvis,
    way: Way,
    sizes: tuple[Size, ...],
    error: ErrorModel,
    wanted: Preferences,
    *,
    seed: int = 0,
    simulations: int = TRIALS,
    judge: Callable[[Implant], float] | None = None,
) -> tuple[Found, ...]:
    """The constructs that the search offers, best first; empty where no line takes the shortest implant.

    `sizes` share a section and a diameter and differ in length. Every offered construct keeps its implants apart;
    whether it keeps the limit under the error, and its clearance by the `judge` (from an implant's true surface, where
    the search takes the cylinder around it), says `within`.
    """
    search = Search(fields, pelvis, way, sizes, error, wanted)
    lines = search.pool()
    if not len(lines):
        return ()
    draws = draw(error, len(way.positions), simulations, seed)

    def told(settled: list[Settled]) -> list[Found]:
        out: list[Found] = []
        for one in _differing(settled, search, wanted):
            out.append(_simulated(fields, pelvis, _found(search, one, wanted), draws, wanted, judge))
            if len(out) >= FINALISTS and any(found.within for found in out):
                break
        return out

    coarse = search.settled(search.sets_of_lines(lines, STARTS), COARSE)
    for _ in range(TIMES):
        coarse += search.settled(search.sets_anew(coarse, ANEW), COARSE)
    kept = _differing(coarse, search, wanted)[:FINALISTS]
    fine = search.settled([one.lines for one in kept], FINE)
    fine += search.settled(search.sets_anew(fine, ONCE_MORE), FINE)
    if fine:
        # Lengths come in steps: where the next one is worth as much, it is an answer of its own.
        best = max(fine, key=lambda one: one.worth)
        short = _no_longer(search, best, wanted.longer_better_mm)
        around = search.settled(search.other_lengths(short), FINE, keep_lengths=True)
        # It counts for as much as the best, whose place it takes.
        fine = [replace(short, worth=max(one.worth for one in (best, *around))), *fine, *around]
    offered = told(fine)
    if judge is not None and not any(one.within for one in offered):
        # Small moves may have lost what the judge asks for: sets of what has it, as it is.
        good = [one.only(np.array([judge(each) >= 0 for each in search.implants(one)])) for one in coarse]
        offered += told(search.settled(search.sets_anew(good, ANEW), None))
    return tuple(sorted(offered, key=lambda one: (not one.within, -one.worth)))


def _no_longer(search: Search, best: Settled, longer_better_mm: float) -> Settled:
    """The construct with its implants, one after the other, so short that longer ones are clearly better no more."""
    for i in range(len(best.lines)):
        least = best.worth - longer_better_mm
        while (lines := search.resized(best, i, -1)) is not None:
            shorter = search.settled([lines], FINE, keep_lengths=True)
            if not shorter or shorter[0].worth < least:
                break
            best = shorter[0]
    return best


def _differing(settled: list[Settled], search: Search, wanted: Preferences) -> list[Settled]:
    """Those that differ, the best first."""
    kept: list[tuple[Found, Settled]] = []
    for one in sorted(settled, key=lambda one: -one.worth):
        found = _found(search, one, wanted)
        if all(found.apart_mm(other).max() > SAME_MM for other, _ in kept):
            kept.append((found, one))
    return [one for _, one in kept]


def _found(search: Search, one: Settled, wanted: Preferences) -> Found:
    """A settled set as implants, from cranial to caudal."""
    risks = tuple(float(share) for share in one.risks)
    return Found(search.implants(one), one.lines.targets, one.worth, risks, max(risks) <= wanted.limit)


def _simulated(
    fields: Fields, pelvis: Pelvis, found: Found, draws: Any, wanted: Preferences,
    judge: Callable[[Implant], float] | None = None,
) -> Found:  # fmt: skip
    """The construct with the simulated shares in place of the smooth ones: whether it keeps the limit and, by the
    judge, its clearance; its worth stays the smooth one, with the error that its shares' simulation has."""
    depth, _ = executed(fields, pelvis, found.implants, draws)
    shares = (depth.max(axis=2) > wanted.grade_mm).mean(axis=0)
    slopes = wanted.per_percent * 100 * (1 + OVER_LIMIT * (shares > wanted.limit))
    within = bool((shares <= wanted.limit).all()) and (judge is None or min(map(judge, found.implants)) >= 0)
    return replace(
        found, over_grade=tuple(float(one) for one in shares), within=within,
        worth_error=float(np.sqrt((slopes**2 * shares * (1 - shares) / len(depth)).sum())),
    )  # fmt: skip
