"""The provocation battery in those whose pain centralises, and in those whose pain does not.

Without those whose pain centralises the battery's specificity rose (0.78 to 0.87): a part of its false
positives is theirs. How many they are follows, so that the two parts make the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.evaluation.chance import Array


@dataclass(frozen=True, slots=True)
class Centralising:
    """Draws of what is assumed; see ``joint_states.Model``."""

    non_centraliser: Array
    centraliser: Array
    centralises_source: Array

    def at(self, keep: NDArray[np.intp]) -> Centralising:
        """The draws at some positions."""
        return Centralising(self.non_centraliser[keep], self.centraliser[keep], self.centralises_source[keep])


@dataclass(frozen=True, slots=True)
class Split:
    """P(battery positive) in others that centralise and that do not; P(centralises) in others and in source joints."""

    battery_central: Array
    battery_spared: Array
    central_other: Array
    central_source: Array


def split(battery_source: Array, battery_other: Array, assumed: Centralising) -> Split:
    """The battery's share in others taken apart, so that its parts give it back."""
    spared = assumed.non_centraliser * battery_other
    central = battery_other + assumed.centraliser * (battery_source - battery_other)
    among_others = (battery_other - spared) / (central - spared)
    # Beyond this, centralisation after a negative battery would speak for the joint.
    most = (1 - central) / (1 - battery_other)
    return Split(central, spared, among_others, among_others * most * assumed.centralises_source)
