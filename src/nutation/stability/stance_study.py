"""Standing and walking, intact and with every construct, in every setting: how far the joint turns, who holds better.

Compression of S1 is asked of the model as it is held for the motions; legs push the standing model (`stance`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.implants import Construct
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.stability.asked import INTACT, Asked, Moved, moved_in
from nutation.stability.ligament_stiffness import base_stiffness
from nutation.stability.loads import DIRECTIONS, Direction, LoadCase, compression_cases
from nutation.stability.ordering import Verdict, verdict
from nutation.stability.response import Response
from nutation.stability.settings import Setting
from nutation.stability.stance import BEARING, PUBLISHED_AS, published_turn_deg, stance_cases


@dataclass(frozen=True, slots=True)
class Stood:
    """The joint under one load, intact or with a construct.

    turned_deg (settings,): the size of its rotation; reduction_pct (settings,): how much less that is than intact (zero
    for the intact joint itself); base: the motion in the base setting.
    """

    name: str
    turned_deg: Floats
    reduction_pct: Floats
    base: Moved

    @property
    def range_pct(self) -> Floats:
        """The least and the largest reduction over the sweep, (2,): a sensitivity range, no confidence interval."""
        return np.array([self.reduction_pct.min(), self.reduction_pct.max()])


@dataclass(frozen=True, slots=True)
class StancePair:
    """Two constructs under one load: the first against the second, and the least and largest difference (2,) of their
    reductions over the sweep in points, before the mesh's own doubt."""

    first: str
    second: str
    verdict: Verdict
    difference_pct: Floats


@dataclass(frozen=True, slots=True)
class StanceCase:
    """One load of standing. `withheld` says why degrees and percent are not to be used; empty where they are."""

    case: LoadCase
    intact: Stood
    constructs: tuple[Stood, ...]
    pairs: tuple[StancePair, ...]
    withheld: str


def stances(
    asked: Asked, standing: Asked, side: Side, constructs: Mapping[str, Construct], every: Sequence[Setting]
) -> tuple[StanceCase, ...]:
    """All loads of standing on one joint, in settings of which the first is the base.

    `asked`: the model as the motions have it; `standing`: its standing model. Raises InputError as they do.
    """
    pressed, pushed = compression_cases(asked.parts.axes), stance_cases(standing.parts.regions)
    withheld = _withheld(standing, pushed, every[0])
    found: list[StanceCase] = []
    for one, cases in ((asked, pressed), (standing, pushed)):
        intact = _stood(one, INTACT, None, cases, side, every)
        each = [_stood(one, name, construct, cases, side, every) for name, construct in constructs.items()]
        for number, case in enumerate(cases):
            whole, held = intact[number], [stood[number] for stood in each]
            made = tuple(_against(stood, whole) for stood in held)
            pairs = tuple(_pair(a, b) for n, a in enumerate(made) for b in made[n + 1 :])
            found.append(StanceCase(case, whole, made, pairs, withheld.get(case.direction, "")))
    return tuple(found)


def _stood(
    asked: Asked,
    name: str,
    construct: Construct | None,
    cases: Sequence[LoadCase],
    side: Side,
    every: Sequence[Setting],
) -> list[Stood]:
    """One construct under each of the cases, its reduction still zero."""
    moved = [_moved(asked.response(name, construct, one), asked, cases, side, one) for one in every]
    return [
        Stood(name, np.array([_size(at[n].rotation_deg) for at in moved]), np.zeros(len(every)), moved[0][n])
        for n in range(len(cases))
    ]


def _against(stood: Stood, intact: Stood) -> Stood:
    return Stood(stood.name, stood.turned_deg, 100.0 * (1.0 - stood.turned_deg / intact.turned_deg), stood.base)


def _pair(first: Stood, second: Stood) -> StancePair:
    each = first.reduction_pct - second.reduction_pct
    told = verdict(first.reduction_pct, second.reduction_pct)
    return StancePair(first.name, second.name, told, np.array([each.min(), each.max()]))


def _moved(
    response: Response, asked: Asked, cases: Sequence[LoadCase], side: Side, setting: Setting
) -> tuple[Moved, ...]:
    return moved_in(response, cases, base_stiffness(asked.parts.ligaments), side, setting, asked.parts.axes)


def _withheld(standing: Asked, cases: Sequence[LoadCase], base: Setting) -> dict[Direction, str]:
    """By load why its figures are withheld: the intact joint of a leg that bears turns beyond the published range."""
    response = standing.response(INTACT, None, base)
    sides: tuple[Side, ...] = ("left", "right")
    moved = {side: _moved(response, standing, cases, side, base) for side in sides}
    at: dict[Direction, int] = {case.direction: number for number, case in enumerate(cases)}
    told: dict[Direction, str] = {}
    for direction in at:
        seen: Direction = PUBLISHED_AS.get(direction, direction)
        low, high = published_turn_deg(seen)
        turned = {side: _size(moved[side][at[seen]].rotation_deg) for side in BEARING[seen]}
        out = [side for side, size in turned.items() if not low <= size <= high]
        if not out:
            continue
        sizes = ", ".join(f"{side} joint {turned[side]:.2f}°" for side in out)
        unseen = f"no motion of the joint in walking was published, and under {DIRECTIONS[seen]} "
        told[direction] = (
            f"{unseen if seen != direction else ''}the intact joint of this model turns outside the published range "
            f"({sizes}; published models {low:g} to {high:g}°): degrees and percent of this load are withheld."
        )
    return told


def _size(vector: Floats) -> float:
    return float(np.linalg.norm(vector))
