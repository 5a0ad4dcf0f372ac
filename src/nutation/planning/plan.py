"""A plan as values: implants with their purchase, clearance and margin, and how they were chosen.

Points and directions are in the pelvic frame (`nutation.anatomy.pelvis`); the document turns them into LPS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nutation.anatomy.implants import Construct, Implant, Pose
from nutation.anatomy.pelvis import Level
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats

Structure = Literal[
    "s1_foramen",
    "s2_foramen",
    "lower_foramina",
    "canal",
    "anterior_sacrum",
    "posterior_sacrum",
    "endplate",
    "notch",
    "ilium_wall",
    "far_side",
    "metal",
]
"""A part of the forbidden boundary: what an implant that leaves bone there would meet."""

STRUCTURES: Mapping[Structure, str] = {
    "s1_foramen": "S1 foramen",
    "s2_foramen": "S2 foramen",
    "lower_foramina": "foramina below S2",
    "canal": "sacral canal",
    "anterior_sacrum": "anterior wall of the sacrum",
    "posterior_sacrum": "posterior wall of the sacrum",
    "endplate": "S1 endplate and disc",
    "notch": "greater sciatic notch",
    "ilium_wall": "inner or outer wall of the ilium",
    "far_side": "far side",
    "metal": "existing metal",
}


@dataclass(frozen=True, slots=True)
class Clearance:
    """Distance from the implant's surface to each part of the forbidden boundary; negative where it lies beyond.

    A structure that the input does not show is in `unknown`, never in `by_structure_mm`.
    """

    by_structure_mm: Mapping[Structure, float]
    unknown: frozenset[Structure]

    @property
    def least_mm(self) -> float:
        """The smallest known clearance."""
        return min(self.by_structure_mm.values())

    @property
    def nearest(self) -> Structure:
        """The structure that it is nearest to, among the known."""
        return min(self.by_structure_mm, key=lambda name: self.by_structure_mm[name])


@dataclass(frozen=True, slots=True)
class Corridor:
    """A straight channel of bone: the widest free circle (`diameter_mm`) that runs along `pose` for `length_mm`."""

    level: Level | None
    pose: Pose
    length_mm: float
    diameter_mm: float
    nearest: Structure
    through: bool


@dataclass(frozen=True, slots=True)
class Purchase:
    """Length of the axis in each bone, the share of the joint crossed, attenuation where there is a CT."""

    ilium_mm: float
    sacrum_mm: float
    mean_hu: Mapping[str, float] | None
    crossing_mm: Floats | None
    crossing_angle_deg: float | None


@dataclass(frozen=True, slots=True)
class Breach:
    """Share of simulated executions that breach, by how much: any, over 2 mm, over 4 mm; `se` the Monte Carlo error."""

    any: float
    over_2mm: float
    over_4mm: float
    se_any: float
    se_over_2mm: float
    se_over_4mm: float


@dataclass(frozen=True, slots=True)
class Margin:
    """What is left of a plan when it is carried out with the error: overall, by structure, joint missed."""

    overall: Breach
    by_structure: Mapping[Structure, Breach]
    unknown: frozenset[Structure]
    joint_missed: float
    simulations: int


@dataclass(frozen=True, slots=True)
class PlannedImplant:
    """One implant of a plan with everything said of it."""

    position: str
    level: Level | None
    implant: Implant
    clearance: Clearance
    purchase: Purchase
    margin: Margin
    envelope_mm: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to *how should it be done?* for one joint.

    `limit` names the margin that a plan must keep and where it comes from; with `no_plan_within_limit` the implants are
    those of the best construct found (maybe none), shown for the reason, not to be carried out.
    """

    side: Side
    approach: str
    verdict: Literal["planned", "no_plan_within_limit"]
    reason: str
    implants: tuple[PlannedImplant, ...]
    spacing_mm: tuple[float, ...]
    corridors: Mapping[str, Corridor]
    error: str
    limit: str
    basis: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    alternatives: tuple[Construct, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
