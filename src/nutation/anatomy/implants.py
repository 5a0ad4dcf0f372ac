"""Implants as shapes: size, pose, surface and solid. Poses are in the pelvic frame, millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, unit

Section = Literal["triangle", "circle", "square"]
Material = Literal["titanium", "bone"]


@dataclass(frozen=True, slots=True)
class Size:
    """One size of a catalogue: `diameter_mm` is the circle around the section, across which clearance is judged.

    `pin_diameter_mm` is the guide pin's, None where the source does not give one; `material` bone is a graft.
    """

    id: str
    system: str
    section: Section
    diameter_mm: float
    length_mm: float
    cannulated: bool = True
    pin_diameter_mm: float | None = None
    material: Material = "titanium"


@dataclass(frozen=True, slots=True)
class Pose:
    """Where an implant lies: `entry_mm` (3,) is the middle of its outer end, `direction` (3,) the unit vector inwards.

    `roll_deg` turns the section about the axis.
    """

    entry_mm: Floats
    direction: Floats
    roll_deg: float = 0.0

    def at(self, depth_mm: float) -> Floats:
        """The point (3,) of the axis at this depth."""
        return self.entry_mm + depth_mm * self.direction


@dataclass(frozen=True, slots=True)
class Implant:
    """One size in one pose."""

    size: Size
    pose: Pose

    @property
    def tip_mm(self) -> Floats:
        """The inner end of the axis, (3,)."""
        return self.pose.at(self.size.length_mm)


@dataclass(frozen=True, slots=True)
class Construct:
    """The implants of one joint, from cranial to caudal."""

    side: Side
    approach: str
    implants: tuple[Implant, ...]


def across(direction: Floats) -> tuple[Floats, Floats]:
    """Two unit vectors that span the plane across a direction: the first as near to the frame's z axis as can be."""
    up = np.array([0.0, 0.0, 1.0]) if abs(direction[2]) < 0.95 else np.array([0.0, 1.0, 0.0])
    first = unit(up - float(np.dot(up, direction)) * direction)
    second: Floats = np.cross(direction, first)
    return first, second
