"""How accurate the provocation battery is against the joint's true state, given how it did against blocks.

Published figures hold the battery against a block, and a block errs. Multiplying them with a block's own
result would count the referee twice. So for each draw the battery's true shares are solved for: those with
which, in a study population of some prevalence, judged by a single or a double block that errs as
``block_accuracy`` has it, the battery shows exactly the published likelihood ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.evaluation.block_accuracy import BlockAccuracy
from nutation.evaluation.centralising import Centralising, split
from nutation.evaluation.chance import Array
from nutation.evaluation.dependence import block_given_battery

ATTEMPTS = 6
"""Draws of what is not known about the referee, tried for each draw of the published figures."""
_ROUNDS = 7
_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class Referee:
    """The blocks that judged the battery: draws of one length.

    ``double`` is the share of studies that asked for two positive blocks, ``dorsal`` the share of source
    joints whose pain an intra-articular block does not reach, ``prevalence`` the studies' own.
    """

    sensitivity: Array
    false_positive: Array
    prevalence: Array
    dorsal: Array
    double: Array
    dependence: float
    centralising: Centralising


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Draws of what the publications leave open: see ``Referee`` and ``joint_states.Model``."""

    prevalence: Array
    dorsal: Array
    double: Array
    centralising: Centralising


@dataclass(frozen=True, slots=True)
class BatteryAccuracy:
    """Kept draws: P(battery positive) in joints that are the source and in others, with the published
    figures that each draw gives back, and the position of the block draw that it was solved with."""

    source: Array
    other: Array
    dorsal: Array
    centralising: Centralising
    apparent_sensitivity: Array
    apparent_false_positive: Array
    block: NDArray[np.intp]
    kept: float

    def __len__(self) -> int:
        return len(self.source)


def from_ratios(lr_positive: Array, lr_negative: Array) -> tuple[Array, Array]:
    """Sensitivity and false-positive share that have these likelihood ratios."""
    specificity = (lr_positive - 1) / (lr_positive - lr_negative)
    return lr_positive * (1 - specificity), 1 - specificity


def apparent(source: Array, other: Array, referee: Referee) -> tuple[Array, Array]:
    """(P(battery positive | referee positive), P(battery positive | referee negative)) in the study."""

    def judged(block: Array, correlation: Array) -> Array:
        again = (1 - correlation) * block + correlation
        return block * (1 - referee.double + referee.double * again)

    r, apart = referee, np.full_like(source, referee.dependence)
    parts = split(source, other, r.centralising)
    spared, central, central_source = parts.battery_spared, parts.central_other, parts.central_source
    hit_pos, hit_neg, hit_rest = block_given_battery(source, r.sensitivity, r.dependence)
    miss_pos, miss_neg, miss_rest = block_given_battery(spared, r.false_positive, r.dependence)
    missed = judged(r.false_positive, apart)
    aside = central_source * ((1 - r.dorsal) * judged(r.sensitivity, apart) + r.dorsal * missed)

    def in_source(hit: Array, miss: Array) -> Array:
        reached = (1 - r.dorsal) * judged(hit, hit_rest) + r.dorsal * judged(miss, miss_rest)
        return (1 - central_source) * reached + aside

    sick, well = r.prevalence, 1 - r.prevalence
    both = sick * source * in_source(hit_pos, miss_pos) + well * (
        (1 - central) * spared * judged(miss_pos, miss_rest) + central * parts.battery_central * missed
    )
    referee_only = sick * (1 - source) * in_source(hit_neg, miss_neg) + well * (
        (1 - central) * (1 - spared) * judged(miss_neg, miss_rest) + central * (1 - parts.battery_central) * missed
    )
    battery = sick * source + well * other
    return both / (both + referee_only), (battery - both) / (1 - both - referee_only)


def _solve(sensitivity: Array, false_positive: Array, referee: Referee) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Newton's method in the two shares; the third array says which draws were solved."""
    source: Array = np.minimum(sensitivity, 0.95)
    other: Array = np.maximum(0.9 * false_positive, 0.02)
    for _ in range(_ROUNDS):
        at = apparent(source, other, referee)
        by_source = apparent(source + _STEP, other, referee)
        by_other = apparent(source, other + _STEP, referee)
        a, b = (by_source[0] - at[0]) / _STEP, (by_other[0] - at[0]) / _STEP
        c, d = (by_source[1] - at[1]) / _STEP, (by_other[1] - at[1]) / _STEP
        determinant = a * d - b * c
        lack = (sensitivity - at[0], false_positive - at[1])
        source = _kept_within(source + (lack[0] * d - b * lack[1]) / determinant, 0.01, 0.999)
        other = _kept_within(other + (a * lack[1] - c * lack[0]) / determinant, 0.001, 0.98)
    shown = apparent(source, other, referee)
    exact = (np.abs(shown[0] - sensitivity) < 1e-4) & (np.abs(shown[1] - false_positive) < 1e-4)
    return source, other, exact & (source > other)


def _kept_within(values: Array, low: float, high: float) -> Array:
    return np.minimum(np.maximum(values, low), high)


def derive(sensitivity: Array, false_positive: Array, blocks: BlockAccuracy, unknowns: Unknowns) -> BatteryAccuracy:
    """Solve for the battery's true shares, one for each draw of the published ones where that is possible.

    ``unknowns`` holds ``ATTEMPTS`` draws for each of the published ones, attempt after attempt: the published
    figures lead, and what is not known about the referee gives way to them.
    """
    n = len(sensitivity)
    chosen = np.full(n, -1, dtype=np.intp)
    source, other = np.zeros(n), np.zeros(n)
    for attempts in (range(1), range(1, ATTEMPTS)):  # most are solved at once; the others get all the rest
        left = np.flatnonzero(chosen < 0)
        at = np.concatenate([left + attempt * n for attempt in attempts])
        with np.errstate(all="ignore"):
            solved = _solve(sensitivity[at % n], false_positive[at % n], _referee(blocks, unknowns, at))
        done, first = np.unique(at[solved[2]] % n, return_index=True)
        chosen[done] = at[solved[2]][first]
        source[done], other[done] = solved[0][solved[2]][first], solved[1][solved[2]][first]
    some = chosen >= 0
    chosen = chosen[some]
    return BatteryAccuracy(
        source=source[some],
        other=other[some],
        dorsal=unknowns.dorsal[chosen],
        centralising=unknowns.centralising.at(chosen),
        apparent_sensitivity=sensitivity[some],
        apparent_false_positive=false_positive[some],
        block=chosen % len(blocks),
        kept=float(some.mean()),
    )


def _referee(blocks: BlockAccuracy, unknowns: Unknowns, at: NDArray[np.intp]) -> Referee:
    """The referee's draws at some positions among the attempts."""
    block = at % len(blocks)
    return Referee(
        blocks.sensitivity[block],
        blocks.false_positive[block],
        unknowns.prevalence[at],
        unknowns.dorsal[at],
        unknowns.double[at],
        blocks.dependence,
        unknowns.centralising.at(at),
    )
