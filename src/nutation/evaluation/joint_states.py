"""The latent-class model of one joint: its state, and what each state makes the findings likely to be.

States: the source, reached by an intra-articular block; the source, with pain from the dorsal ligaments that
such a block does not reach; not the source. Findings: centralisation, the provocation battery, and any number
of intra-articular blocks. What is not known is summed over, so it leaves the probability where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nutation.evaluation.centralising import Centralising, Split, split
from nutation.evaluation.chance import Array
from nutation.evaluation.dependence import block_given_battery, sequence
from nutation.evaluation.known import Findings


def positive_counts(weights: tuple[float, ...]) -> list[float]:
    """P(so many of the blocks are positive), from none to all, each with its own chance."""
    chances = [1.0]
    for weight in weights:
        chances = [
            (chances[k] if k < len(chances) else 0.0) * (1 - weight) + (chances[k - 1] * weight if k else 0.0)
            for k in range(len(chances) + 1)
        ]
    return chances


@dataclass(frozen=True, slots=True)
class Model:
    """Draws of every parameter, one length; shares of 1.

    ``battery_source`` and ``battery_other``: P(battery positive) in source joints and others. In others that
    do not centralise it is ``non_centraliser`` times as large; in those that do it lies between that of all
    others (``centraliser`` 0) and that of source joints (1, where the battery says nothing). Source joints
    centralise ``centralises_source`` times as often as could be without centralisation ever speaking for them.
    """

    block_sensitivity: Array
    block_false_positive: Array
    battery_source: Array
    battery_other: Array
    dorsal: Array
    centralising: Centralising
    dependence: float

    @property
    def split(self) -> Split:
        """The battery and centralisation, part by part."""
        return split(self.battery_source, self.battery_other, self.centralising)

    def likelihoods(self, findings: Findings) -> tuple[Array, Array, Array]:
        """P(findings | state) for (source within reach, source in the dorsal ligaments, not the source).

        Where the pain centralises the battery shares no errors with the blocks.
        """
        reached, dorsal, other = (np.zeros_like(self.dorsal) for _ in range(3))
        for centralises in (True, False) if findings.centralises is None else (findings.centralises,):
            hit, miss = self._given_battery(centralises)
            for battery in (True, False) if findings.battery is None else (findings.battery,):
                source, not_source = self._examined(battery, centralises)
                shown = self._blocks(hit[0] if battery else hit[1], hit[2], findings)
                shown_other = self._blocks(miss[0] if battery else miss[1], miss[2], findings)
                reached += source * shown
                dorsal += source * shown_other  # the block misses: it answers as where the joint is not the source
                other += not_source * shown_other
        return reached, dorsal, other

    def _given_battery(self, centralises: bool) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
        """The blocks in source joints and in others: P(positive | battery positive), (| negative), correlation."""
        hit, miss = self.block_sensitivity, self.block_false_positive
        if centralises:
            apart = np.full_like(self.dorsal, self.dependence)
            return (hit, hit, apart), (miss, miss, apart)
        spared = self.split.battery_spared
        return (
            block_given_battery(self.battery_source, hit, self.dependence),
            block_given_battery(spared, miss, self.dependence),
        )

    def _blocks(self, mean: Array, correlation: Array, findings: Findings) -> Array:
        """P(the blocks' results), over every way in which blocks of doubtful result can have come out."""
        total = np.zeros_like(mean)
        for positives, weight in enumerate(positive_counts(findings.blocks)):
            if weight > 0:
                total += weight * sequence(mean, correlation, positives, len(findings.blocks) - positives)
        return total

    def _examined(self, battery: bool, centralises: bool) -> tuple[Array, Array]:
        """P(battery's result and centralisation | source), and the same of other joints."""
        parts = self.split
        among_others = parts.central_other if centralises else 1 - parts.central_other
        among_source = parts.central_source if centralises else 1 - parts.central_source
        in_source = self.battery_source if battery else 1 - self.battery_source
        positive = parts.battery_central if centralises else parts.battery_spared
        return among_source * in_source, among_others * (positive if battery else 1 - positive)

    def posterior(self, prior: Array, findings: Findings) -> Array:
        """P(source | findings), draw by draw, from P(source)."""
        reached, dorsal, other = self.likelihoods(findings)
        source = prior * ((1 - self.dorsal) * reached + self.dorsal * dorsal)
        return source / (source + (1 - prior) * other)

    def chance(self, prior: Array, findings: Findings) -> Array:
        """P(findings), draw by draw."""
        reached, dorsal, other = self.likelihoods(findings)
        return prior * ((1 - self.dorsal) * reached + self.dorsal * dorsal) + (1 - prior) * other
