"""Which construct holds this joint better, and whether that survives the sweep: the default answer.

Two constructs are compared setting by setting, since what is not known of a patient's ligaments and cartilage is the
same for both (docs/decisions/0011). The range of their difference is widened by what the mesh itself leaves open; where
it holds zero the two are not distinguishable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nutation.anatomy.space import Floats

MOTIONS = ("flexion_extension", "lateral_bending", "axial_rotation")
"""The three motions that are compared, in the order of every array of three."""

MESH_SHARE = 0.05
"""The share of a joint's motion by which two meshes may differ (goal of convergence from 2 to 1 mm elements): a smaller
difference between two constructs is none."""

Verdict = Literal["holds_better", "holds_less", "not_distinguishable"]


@dataclass(frozen=True, slots=True)
class Held:
    """One construct's motions by setting: rom_deg (settings, 3), and reduction_pct (settings, 3) against intact."""

    name: str
    rom_deg: Floats
    reduction_pct: Floats

    @property
    def range_pct(self) -> Floats:
        """The least and the largest reduction over the sweep, (3, 2): a sensitivity range, no confidence interval."""
        return np.stack([self.reduction_pct.min(axis=0), self.reduction_pct.max(axis=0)], axis=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two constructs: verdict of the first against the second by motion, and for the mean of the three.

    difference_pct (4, 2): least and largest difference over the sweep in points of reduction (first less second), the
    three motions and their mean, before the mesh's own doubt.
    """

    first: str
    second: str
    by_motion: Mapping[str, Verdict]
    overall: Verdict
    difference_pct: Floats


def held(name: str, rom_deg: Floats, intact_deg: Floats) -> Held:
    """A construct beside the intact joint, both (settings, 3)."""
    return Held(name, rom_deg, 100.0 * (1.0 - rom_deg / intact_deg))


def pair(first: Held, second: Held) -> Pair:
    """The first construct against the second, over the same settings."""
    each = first.reduction_pct - second.reduction_pct
    # The mesh's doubt is a share of each construct's own motion; both are parts of the same intact motion.
    doubts = MESH_SHARE * np.maximum(100.0 - first.reduction_pct, 100.0 - second.reduction_pct)
    every = np.concatenate([each, each.mean(axis=1, keepdims=True)], axis=1)
    doubt = np.concatenate([doubts, doubts.mean(axis=1, keepdims=True)], axis=1)
    verdicts: list[Verdict] = [_verdict(every[:, n], doubt[:, n]) for n in range(4)]
    by_motion: dict[str, Verdict] = dict(zip(MOTIONS, verdicts, strict=False))
    return Pair(
        first.name,
        second.name,
        by_motion,
        verdicts[3],
        np.stack([every.min(axis=0), every.max(axis=0)], axis=1),
    )


def verdict(first_pct: Floats, second_pct: Floats) -> Verdict:
    """The first construct against the second in one measure: reductions (settings,) in percent of intact, each."""
    return _verdict(first_pct - second_pct, MESH_SHARE * np.maximum(100.0 - first_pct, 100.0 - second_pct))


def ranking(constructs: Sequence[Held]) -> tuple[tuple[str, ...], ...]:
    """Groups of constructs from the one that holds the joint best: within a group none is told apart from the first.

    By the mean reduction of the three motions in the base setting (the first).
    """
    left = sorted(constructs, key=lambda one: -float(one.reduction_pct[0].mean()))
    groups: list[tuple[str, ...]] = []
    while left:
        best = left[0]
        alike = [one for one in left if one is best or pair(best, one).overall == "not_distinguishable"]
        groups.append(tuple(one.name for one in alike))
        left = [one for one in left if one not in alike]
    return tuple(groups)


def _verdict(difference: Floats, doubt: Floats) -> Verdict:
    if bool(np.all(difference > doubt)):
        return "holds_better"
    if bool(np.all(difference < -doubt)):
        return "holds_less"
    return "not_distinguishable"
