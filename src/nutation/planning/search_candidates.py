"""The constructs that a design search asks: of one, two or three implants, and with margin weighed less or more.

They are found one after the other, the likeliest answers first, so that a search that may ask few asks the right ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from nutation.anatomy.implants import Construct, Implant, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.planning.approaches import Approach
from nutation.planning.clearance import clearance
from nutation.planning.construct import SAME_MM, Found, choose
from nutation.planning.construct_corridor import along_corridors
from nutation.planning.construct_way import way_across
from nutation.planning.execution import Draws, draw
from nutation.planning.margin import SIMULATIONS, breach, executed
from nutation.planning.move import Bench
from nutation.planning.plan import Structure
from nutation.planning.preferences import Preferences, preferences
from nutation.planning.purchase import purchase

WEIGHTS: Mapping[str, float] = {"": 1.0, "more margin": 4.0, "more purchase": 0.25}
"""How much margin weighs against purchase, as multiples of a plan's own weight. Four times is what a plan takes where
nothing keeps the limit (`make.MARGIN_FIRST`), a quarter is as far the other way: on an atlas pelvis the three spread
the largest share of three implants from 4 to 13 %."""

ORDER = ((-1, ""), (0, "more margin"), (-2, ""), (0, "more purchase"), (1, ""), (-1, "more margin"),
         (-1, "more purchase"), (-2, "more margin"), (-2, "more purchase"), (1, "more margin"), (2, ""),
         (0, ""))  # fmt: skip
"""What is looked for, in this order: by how many implants more than the plan has, and how margin weighs. The last is
the plan itself, unless it was edited by hand."""

MOST_ALTERNATIVES = 1
"""Alternatives of the plan that are asked: further ones are alike."""

MOST_ALONG = 4
"""Single implants along corridors that are asked, where the approach has but one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One construct under the error with which it is carried out.

    shares (implants,): of each implant, the share of simulated executions in which it breaches by more than the limit's
    grade; `share_error` the Monte Carlo error of the largest. clearance_mm: the least, and `nearest` to what.
    """

    name: str
    construct: Construct
    shares: tuple[float, ...]
    share_error: float
    clearance_mm: float
    nearest: Structure

    @property
    def worst_share(self) -> float:
        """The largest share of its implants: what the limit is about."""
        return max(self.shares)

    @property
    def length_mm(self) -> float:
        """The implants' lengths together."""
        return sum(one.size.length_mm for one in self.construct.implants)


def candidates(
    bench: Bench,
    start: Construct,
    sizes: tuple[Size, ...],
    *,
    alternatives: tuple[Construct, ...] = (),
    seed: int = 0,
    simulations: int = SIMULATIONS,
) -> Iterator[Candidate]:
    """The plan's construct (`start`), then others by the same approach, each found when it is asked for.

    None is one that came before: at least one end of an implant lies elsewhere by more than a surgeon's hand tells.
    `sizes` share a section and a diameter. All are judged under the same simulated errors.
    """
    judge = _Judge(bench, seed, simulations)
    before: list[Construct] = []
    for name, construct in _found(bench, start, sizes, alternatives, seed, simulations):
        if all(not alike(construct, other) for other in before):
            before.append(construct)
            yield judge.judged(name, construct)


def alike(one: Construct, other: Construct) -> bool:
    """Whether two constructs are one to a surgeon, who places no implant more exactly."""
    if len(one.implants) != len(other.implants):
        return False
    ends = np.array([[(each.pose.entry_mm, each.tip_mm) for each in both.implants] for both in (one, other)])
    return bool(np.linalg.norm(ends[0] - ends[1], axis=-1).max() <= SAME_MM)


def shorter(construct: Construct, sizes: tuple[Size, ...], pelvis: Pelvis, approach: Approach) -> Construct | None:
    """Every implant in the next shorter size with the same entry, where that still reaches as deep into the last bone
    as the approach asks; None where no implant can be shorter, or where each has to reach through or lies in the joint.
    """
    last = approach.crosses[-1]
    if last not in ("sacrum", "ilium"):
        return None
    changed: list[Implant] = []
    for implant in construct.implants:
        lengths = [size for size in sizes if size.length_mm < implant.size.length_mm]
        less = replace(implant, size=max(lengths, key=lambda size: size.length_mm)) if lengths else implant
        held = purchase(pelvis, construct.side, less)
        deep = (held.sacrum_mm if last == "sacrum" else held.ilium_mm) >= approach.least_depth_mm
        changed.append(less if deep else implant)
    return None if tuple(changed) == construct.implants else replace(construct, implants=tuple(changed))


class _Judge:
    """Judges constructs under the same errors; the errors of each number of implants are drawn once."""

    def __init__(self, bench: Bench, seed: int, simulations: int) -> None:
        self._bench, self._seed, self._simulations = bench, seed, simulations
        self._drawn: dict[int, Draws] = {}

    def judged(self, name: str, construct: Construct) -> Candidate:
        bench, count = self._bench, len(construct.implants)
        if count not in self._drawn:
            self._drawn[count] = draw(bench.error, count, self._simulations, self._seed)
        depth, _ = executed(bench.bone, bench.pelvis, construct.implants, self._drawn[count])
        grade = bench.limit.grade_mm
        each = [breach(depth[:, j].max(axis=1), (0.0, grade, grade)) for j in range(count)]
        worst = max(each, key=lambda one: one.over_2mm)
        kept = min((clearance(bench.boundary, one) for one in construct.implants), key=lambda one: one.least_mm)
        return Candidate(
            name, construct, tuple(one.over_2mm for one in each), worst.se_over_2mm, kept.least_mm, kept.nearest
        )


def _found(
    bench: Bench,
    start: Construct,
    sizes: tuple[Size, ...],
    alternatives: tuple[Construct, ...],
    seed: int,
    simulations: int,
) -> Iterator[tuple[str, Construct]]:
    """Constructs by name, whether or not they were found before."""
    approach = bench.boundary.approach
    yield "plan", start
    usual = {"plan": start}
    wanted = preferences(bench.evidence, bench.limit.share, approach.least_depth_mm)
    if approach.implants == 1:
        offered = along_corridors(
            bench.boundary, bench.bone, bench.pelvis, sizes, bench.error, wanted, seed=seed, simulations=simulations
        )
        for number, found in enumerate(offered[:MOST_ALONG], start=1):
            yield f"corridor {number}", replace(start, implants=found.implants)
    else:
        for more, word in ORDER:
            count = len(start.implants) + more
            if not 1 <= count <= approach.implants:
                continue
            found = _best(bench, approach, count, sizes, WEIGHTS[word], wanted, seed, simulations)
            if found is not None:
                name = f"{count} implant{'s' if count > 1 else ''}"
                construct = replace(start, implants=found.implants)
                yield (f"{name}, {word}" if word else name), construct
                if not word and more < 0:
                    usual[name] = construct
    for name, construct in usual.items():
        less = shorter(construct, sizes, bench.pelvis, approach)
        if less is not None:
            yield f"{name}, shorter", less
    for number, other in enumerate(alternatives[:MOST_ALTERNATIVES], start=1):
        yield f"alternative {number}", other


def _best(
    bench: Bench,
    approach: Approach,
    count: int,
    sizes: tuple[Size, ...],
    weight: float,
    wanted: Preferences,
    seed: int,
    simulations: int,
) -> Found | None:
    """The construct of so many implants that is worth most where margin weighs so much."""
    weighed = replace(wanted, per_percent=weight * wanted.per_percent)
    lines = way_across(bench.pelvis, bench.boundary.side, approach, count)
    offered = choose(
        bench.bone, bench.pelvis, lines, sizes, bench.error, weighed, seed=seed, simulations=simulations,
        judge=lambda implant: clearance(bench.boundary, implant).least_mm,
    )  # fmt: skip
    return offered[0] if offered else None
