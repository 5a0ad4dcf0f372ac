"""The design search: of the constructs that keep their margin, which holds the joint as well with the least metal.

Margins come first: what exceeds the limit is no candidate, however still it would hold the joint. Of the rest only such
differences in motion count as survive the whole sweep; among constructs that cannot be told apart from the best, the
one with fewer and then with shorter implants is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from nutation.anatomy.implants import Construct, Implant, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.planning.approaches import approach_of
from nutation.planning.catalogue import Catalogue, packaged_catalogue
from nutation.planning.clearance import clearance
from nutation.planning.execution import draw
from nutation.planning.make import PlanMade, make_plan
from nutation.planning.margin import SIMULATIONS, executed
from nutation.planning.purchase import purchase
from nutation.record.errors import InputError
from nutation.stability.model import Model
from nutation.stability.ordering import pair
from nutation.stability.study import ConstructAnswer, Study, study

MOST_ALTERNATIVES = 1
"""Alternatives of each plan that are asked: further ones are alike, and each costs six solutions."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One construct: the largest share of simulated executions in which one of its implants exceeds the limit's grade,
    the least clearance in mm, the implants' length together."""

    name: str
    construct: Construct
    worst_share: float
    clearance_mm: float

    @property
    def length_mm(self) -> float:
        """The implants' lengths together."""
        return sum(one.size.length_mm for one in self.construct.implants)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the trade-off curve: margin against stillness, with the sweep's range of the mean reduction (%).

    `efficient`: no other candidate has both the smaller share and, in the base setting, the larger reduction.
    """

    name: str
    implants: int
    length_mm: float
    worst_share: float
    reduction_pct: float
    low_pct: float
    high_pct: float
    efficient: bool


@dataclass(frozen=True, slots=True)
class Design:
    """What the search found: the chosen construct with the reason, all candidates, those refused, the mechanics."""

    chosen: str
    reason: str
    candidates: tuple[Candidate, ...]
    refused: tuple[Candidate, ...]
    curve: tuple[Point, ...]
    study: Study


def design(
    pelvis: Pelvis,
    made: PlanMade,
    model: Model,
    *,
    catalogue: Catalogue | None = None,
    sizes: tuple[Size, ...] | None = None,
    seed: int = 0,
    simulations: int = SIMULATIONS,
    told: Callable[[str], None] | None = None,
) -> Design:
    """The search around one plan (made on this pelvis) with a finite-element model of the same pelvis.

    Candidates are the plan, constructs of fewer implants planned anew with the same options, their alternatives, and
    each of these with shorter implants. Raises InputError where none keeps the limit.
    """
    shelf = catalogue or packaged_catalogue()
    used = sizes or shelf.for_approach(made.plan.approach)
    every = [
        _judged(made, pelvis, name, construct, seed, simulations)
        for name, construct in _constructs(pelvis, made, shelf, used, seed).items()
    ]
    kept = [one for one in every if one.worst_share <= made.limit.share and one.clearance_mm >= 0]
    if not kept:
        raise InputError(
            "no construct keeps the limit, so that there is nothing to choose from.", place="limit",
            mend="look at the plan's reason; a wider limit is a decision of the surgeon.",
        )  # fmt: skip
    found = study(model, made.plan.side, {one.name: one.construct for one in kept}, told=told)
    chosen, reason = _chosen(kept, found.constructs)
    return Design(
        chosen=chosen,
        reason=reason,
        candidates=tuple(kept),
        refused=tuple(one for one in every if one not in kept),
        curve=curve(kept, found.constructs),
        study=found,
    )


def curve(candidates: Sequence[Candidate], answers: Sequence[ConstructAnswer]) -> tuple[Point, ...]:
    """The trade-off of margin and stillness, from the smallest share that breaches to the largest."""
    means = {one.name: one.held.reduction_pct.mean(axis=1) for one in answers}
    first = {name: float(values[0]) for name, values in means.items()}
    points = [
        Point(
            one.name, len(one.construct.implants), one.length_mm, one.worst_share, first[one.name],
            float(means[one.name].min()), float(means[one.name].max()),
            not any(
                other.worst_share <= one.worst_share and first[other.name] >= first[one.name]
                and (other.worst_share, -first[other.name]) != (one.worst_share, -first[one.name])
                for other in candidates
            ),
        )
        for one in candidates
    ]  # fmt: skip
    return tuple(sorted(points, key=lambda point: (point.worst_share, -point.reduction_pct)))


def _chosen(candidates: Sequence[Candidate], answers: Sequence[ConstructAnswer]) -> tuple[str, str]:
    """The construct that holds as well as any with the least metal, and why."""
    held = {one.name: one.held for one in answers}
    best = max(answers, key=lambda one: float(one.held.reduction_pct[0].mean())).name
    alike = [
        one for one in candidates
        if one.name == best or pair(held[best], held[one.name]).overall == "not_distinguishable"
    ]  # fmt: skip
    least = min(alike, key=lambda one: (len(one.construct.implants), one.length_mm, one.worst_share))
    count = len(least.construct.implants)
    metal = f"{count} implant{'s' if count > 1 else ''} of {least.length_mm:g} mm together"
    if least.name == best and len(alike) == 1:
        return best, f"it holds the joint better than every other in every setting of the sweep; {metal}."
    names = ", ".join(one.name for one in alike)
    return least.name, (
        f"these cannot be told apart by how they hold the joint: {names}. Of them it has the fewest and then the "
        f"shortest implants; {metal}."
    )


def _judged(made: PlanMade, pelvis: Pelvis, name: str, construct: Construct, seed: int, simulations: int) -> Candidate:
    """The construct under the plan's own error and boundary."""
    assert made.boundary is not None
    assert made.bone is not None
    draws = draw(made.error, len(construct.implants), simulations, seed)
    depth, _ = executed(made.bone, pelvis, construct.implants, draws)
    share = float((depth.max(axis=2) > made.limit.grade_mm).mean(axis=0).max())
    least = min(clearance(made.boundary, one).least_mm for one in construct.implants)
    return Candidate(name, construct, share, least)


def _constructs(
    pelvis: Pelvis, made: PlanMade, shelf: Catalogue, sizes: tuple[Size, ...], seed: int
) -> Mapping[str, Construct]:
    """The constructs to judge, by name. Raises InputError for a plan without implants."""
    plan = made.plan
    if not plan.implants or made.boundary is None or made.bone is None:
        raise InputError(f"the plan has no implants: {plan.reason}.", mend="plan by another approach or limit.")
    found: dict[str, Construct] = {
        "plan": Construct(plan.side, plan.approach, tuple(one.implant for one in plan.implants))
    }
    for number, other in enumerate(plan.alternatives[:MOST_ALTERNATIVES], start=1):
        found[f"alternative {number}"] = other
    for count in range(len(plan.implants) - 1, 0, -1):
        fewer = make_plan(
            pelvis, plan.side, approach=plan.approach, sizes=sizes, error=made.error, limit=made.limit.share,
            count=count, seed=seed, catalogue=shelf,
        )  # fmt: skip
        if fewer.plan.implants:
            word = f"{count} implant{'s' if count > 1 else ''}"
            implants = tuple(one.implant for one in fewer.plan.implants)
            found[word] = Construct(plan.side, plan.approach, implants)
    for name, construct in tuple(found.items()):
        shorter = _shorter(construct, sizes, pelvis, approach_of(plan.approach).least_depth_mm)
        if shorter is not None:
            found[f"{name}, shorter"] = shorter
    return found


def _shorter(construct: Construct, sizes: tuple[Size, ...], pelvis: Pelvis, least_depth_mm: float) -> Construct | None:
    """Every implant in the next shorter size with the same entry, where that still reaches as deep into the sacrum as
    the approach asks; None where no implant can be shorter."""
    changed: list[Implant] = []
    for implant in construct.implants:
        lengths = [size for size in sizes if size.length_mm < implant.size.length_mm]
        shorter = Implant(max(lengths, key=lambda size: size.length_mm), implant.pose) if lengths else implant
        deep = purchase(pelvis, construct.side, shorter).sacrum_mm >= least_depth_mm
        changed.append(shorter if deep else implant)
    return None if tuple(changed) == construct.implants else replace(construct, implants=tuple(changed))
