"""How accurate one block is, so that two published series come out as they were printed.

A block is positive in a share ``sensitivity`` of joints that are the source and ``false_positive`` of
joints that are not. Two blocks of one joint agree more often than chance alone would have it: ``dependence``
is the correlation of their results within each of the two groups. In a series of prevalence p then

    P(first positive)        = p S + (1 - p) F
    P(first and second)      = p (S² + r S (1 - S)) + (1 - p) (F² + r F (1 - F))

with S, F, r for the three. One series printed how many had a first positive and how many of these a second
(9 of 19 not confirmed, of 54): that fixes F and its prevalence once S and r are given. The other printed the
second share alone (34 of 271 not confirmed): that fixes its prevalence. So each draw takes S from its wide
prior and both series from their own sampling error, solves the rest, and is kept if every share is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nutation.evaluation.chance import Array, counted, stream


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of a published series of controlled blocks; ``patients`` is None where it was not printed."""

    first_positive: int
    confirmed: int
    patients: int | None


@dataclass(frozen=True, slots=True)
class BlockAccuracy:
    """Kept draws, all of one length: shares of 1. ``kept`` is the share of draws in which all were possible."""

    sensitivity: Array
    false_positive: Array
    prevalence_whole: Array
    prevalence_positives: Array
    unconfirmed_whole: Array
    unconfirmed_positives: Array
    dependence: float
    kept: float

    def __len__(self) -> int:
        return len(self.sensitivity)


def both_positive(block: Array, dependence: float) -> Array:
    """P(two blocks positive) within one group, each positive with ``block``."""
    return block * (block + dependence * (1 - block))


def unconfirmed(prevalence: Array, sensitivity: Array, false_positive: Array, dependence: float) -> Array:
    """Share of first positives that a second block does not confirm, in a series of that prevalence."""
    first = prevalence * sensitivity + (1 - prevalence) * false_positive
    both = prevalence * both_positive(sensitivity, dependence) + (1 - prevalence) * both_positive(
        false_positive, dependence
    )
    return 1 - both / first


def solve(
    sensitivity: Array, dependence: float, first: Array, both: Array, confirmed_share: Array
) -> tuple[Array, Array, Array]:
    """False-positive share and the two series' prevalences that give the shares back exactly.

    ``first`` and ``both`` are P(first positive) and P(first and second positive) in the whole series,
    ``confirmed_share`` P(second | first) in the series of positives. Impossible figures come out outside 0 to 1.
    """
    own = 1 - dependence
    false_positive = (first * (own * sensitivity + dependence) - both) / ((sensitivity - first) * own)
    whole = (first - false_positive) / (sensitivity - false_positive)
    sick, well = both_positive(sensitivity, dependence), both_positive(false_positive, dependence)
    positives = (confirmed_share * false_positive - well) / (
        sick - well - confirmed_share * (sensitivity - false_positive)
    )
    return false_positive, whole, positives


def calibrate(
    sensitivity_low: float, sensitivity_high: float, whole: Series, positives: Series, dependence: float, *,
    seed: int, draws: int,
) -> BlockAccuracy:  # fmt: skip
    """Draws of a block's accuracy under the prior ``sensitivity_low`` to ``sensitivity_high`` (uniform)."""
    assert whole.patients is not None
    sensitivity = stream(seed, "block sensitivity").uniform(sensitivity_low, sensitivity_high, draws)
    cells = (whole.confirmed, whole.first_positive - whole.confirmed, whole.patients - whole.first_positive)
    shares = stream(seed, "whole series").dirichlet([count + 0.5 for count in cells], draws)
    both, first = shares[:, 0], shares[:, 0] + shares[:, 1]
    confirmed = counted(stream(seed, "series of positives"), positives.confirmed, positives.first_positive, draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        false_positive, in_whole, in_positives = solve(sensitivity, dependence, first, both, confirmed)
    possible = (false_positive > 0) & (false_positive < first) & (in_whole > 0) & (in_whole < 1)
    possible &= (in_positives > 0) & (in_positives < 1)
    return BlockAccuracy(
        sensitivity=sensitivity[possible],
        false_positive=false_positive[possible],
        prevalence_whole=in_whole[possible],
        prevalence_positives=in_positives[possible],
        unconfirmed_whole=(1 - both / first)[possible],
        unconfirmed_positives=(1 - confirmed)[possible],
        dependence=dependence,
        kept=float(possible.mean()),
    )
