"""Margin against held motion: which constructs stand on the front, and which one is chosen, with its reasons.

Only differences count that are none of chance and survive: a share that differs by more than the simulation errs, a
motion that is less in every setting of the sweep by more than the mesh leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nutation.planning.search_candidates import Candidate
from nutation.stability.ordering import Held, Verdict, pair

SHARE_ERRORS = 2.0
"""Shares that differ by less than so many Monte Carlo errors of their difference are one."""


@dataclass(frozen=True, slots=True)
class Point:
    """One construct on the trade-off curve.

    `reduction_pct`: the mean of the three motions in the base setting, `low_pct` and `high_pct` its range over the
    sweep; `place` its place by that mean, 1 holds best. `front`: no other keeps more margin without holding less, and
    none holds better without less margin. `untold`: those that cannot be told apart from it by how they hold.
    """

    candidate: Candidate
    reduction_pct: float
    low_pct: float
    high_pct: float
    place: int
    front: bool
    untold: tuple[str, ...]

    @property
    def name(self) -> str:
        """The construct's name."""
        return self.candidate.name


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen construct, why, and what the choice leaves: sentences, the deciding ones first."""

    name: str
    reasons: tuple[str, ...]


def curve(candidates: Sequence[Candidate], held: Mapping[str, Held]) -> tuple[Point, ...]:
    """The constructs from the smallest share of breaching executions to the largest."""
    means = {name: one.reduction_pct.mean(axis=1) for name, one in held.items()}
    order = sorted(means, key=lambda name: -float(means[name][0]))
    verdicts = told_apart(candidates, held)
    points = [
        Point(
            candidate=one,
            reduction_pct=float(means[one.name][0]),
            low_pct=float(means[one.name].min()),
            high_pct=float(means[one.name].max()),
            place=order.index(one.name) + 1,
            front=_on_front(one, candidates, verdicts),
            untold=tuple(
                other.name for other in candidates
                if other is not one and verdicts[other.name, one.name] == "not_distinguishable"
            ),
        )
        for one in candidates
    ]  # fmt: skip
    return tuple(sorted(points, key=lambda point: (point.candidate.worst_share, -point.reduction_pct)))


def told_apart(candidates: Sequence[Candidate], held: Mapping[str, Held]) -> dict[tuple[str, str], Verdict]:
    """By a pair of names the verdict of the first against the second, over the mean of the three motions."""
    return {
        (one.name, other.name): pair(held[one.name], held[other.name]).overall
        for one in candidates for other in candidates if one is not other
    }  # fmt: skip


def chosen(candidates: Sequence[Candidate], held: Mapping[str, Held]) -> Choice:
    """Of those that keep the limit: what holds as well as any in the whole sweep, with the least metal."""
    verdicts = told_apart(candidates, held)
    best = max(candidates, key=lambda one: float(held[one.name].reduction_pct[0].mean()))
    same = [one for one in candidates if one is best or verdicts[best.name, one.name] == "not_distinguishable"]
    least = min(same, key=lambda one: (len(one.construct.implants), one.length_mm, one.worst_share))
    if len(candidates) == 1:
        return Choice(least.name, (f"It is the only construct that keeps the limit: {metal(least)}.",))
    if len(same) == 1:
        first = f"It holds the joint better than every other in every setting of the sweep, with {metal(least)}."
    else:
        others = ", ".join(f"“{one.name}”" for one in same if one is not least)
        first = (
            f"How it holds the joint cannot be told apart from {others}, and no other holds better in every setting "
            f"of the sweep. Of these it has the fewest, and then the shortest implants: {metal(least)}."
        )
    return Choice(least.name, (first, *_left(candidates, same, least, verdicts)))


def metal(one: Candidate) -> str:
    """Its implants in words: ``2 implants, 95 mm together``."""
    count = len(one.construct.implants)
    return f"{count} implant{'s' if count > 1 else ''}, {one.length_mm:g} mm{' together' if count > 1 else ''}"


def _left(
    candidates: Sequence[Candidate],
    same: Sequence[Candidate],
    least: Candidate,
    verdicts: Mapping[tuple[str, str], Verdict],
) -> list[str]:
    """What the choice gives up in margin, told only where it does: among its equals, and among all."""
    said: list[str] = []
    wider = [one for one in same if one is not least and _more_margin(one, least)]
    if wider:
        most = min(wider, key=lambda one: one.worst_share)
        said.append(f"“{most.name}” holds as well with more margin ({_shares(most, least)}) and more metal.")
    rest = [
        one for one in candidates
        if one not in same and _more_margin(one, least) and _on_front(one, candidates, verdicts)
    ]  # fmt: skip
    rest.sort(key=lambda one: -one.worst_share)
    for one, much in zip((rest[0], rest[-1]) if len(rest) > 1 else rest, ("more", "the most"), strict=False):
        less = verdicts[one.name, least.name] == "holds_less"
        how = "holds less in every setting" if less else "cannot be told apart from this, but holds less than the best"
        said.append(f"“{one.name}” has {much} margin ({_shares(one, least)}); it {how}.")
    return said


def _shares(one: Candidate, other: Candidate) -> str:
    first, second = (100 * each.worst_share for each in (one, other))
    return f"{first:.1f} % of simulated executions over the grade, against {second:.1f} %"


def _on_front(one: Candidate, candidates: Sequence[Candidate], verdicts: Mapping[tuple[str, str], Verdict]) -> bool:
    return not any(_beats(other, one, verdicts) for other in candidates if other is not one)


def _beats(one: Candidate, other: Candidate, verdicts: Mapping[tuple[str, str], Verdict]) -> bool:
    """Whether nothing speaks for the other: it is worse in one of the two, and better in none."""
    verdict = verdicts[one.name, other.name]
    if _more_margin(one, other):
        return verdict != "holds_less"
    return verdict == "holds_better" and not _more_margin(other, one)


def _more_margin(one: Candidate, other: Candidate) -> bool:
    doubt = SHARE_ERRORS * math.hypot(one.share_error, other.share_error)
    return other.worst_share - one.worst_share > doubt
