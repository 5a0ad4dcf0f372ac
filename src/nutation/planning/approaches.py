"""Approaches: where an implant goes in, which way, through which bones, and where it ends. All of it is data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import numpy as np

from nutation.anatomy.pelvis import Level
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import Entry, load
from nutation.planning.plan import STRUCTURES, Structure
from nutation.record.errors import InputError

Part = Literal["ilium", "joint", "sacrum", "far_joint", "far_ilium"]
"""What an axis passes through: the operated side's ilium, the joint's gap, the sacrum, the other side's."""

_PREFIX = "approach_"


@dataclass(frozen=True, slots=True)
class Approach:
    """One way to the joint.

    `inwards` (3,) is the nominal direction from entry to tip on a *left* joint; `cone_deg` how far from it a direction
    is looked for; `enters` the part whose outer surface may be entered; `crosses` the parts in their order and
    `least_depth_mm` the least way of the axis in the last; `near_joint_mm` how far beside the gap an axis may run where
    the implant lies in the joint (None: it crosses), `bed_mm` how far beside it the bones may be entered with it.
    `structures` are those that a plan by this approach speaks of.
    """

    id: str
    label: str
    inwards: Floats
    cone_deg: float
    enters: Part
    crosses: tuple[Part, ...]
    tip: tuple[str, ...]
    least_depth_mm: float
    longest_mm: float
    near_joint_mm: float | None
    bed_mm: float
    structures: tuple[Structure, ...]
    implants: int
    levels: tuple[Level, ...]
    kinds: tuple[str, ...]
    evidence: Entry

    @property
    def through(self) -> bool:
        """Whether it ends in the other side's ilium."""
        return "far_ilium" in self.crosses

    def direction(self, side: Side) -> Floats:
        """The nominal direction inwards on this side, (3,), unit length, pelvic frame."""
        return self.inwards if side == "left" else self.inwards * np.array([-1.0, 1.0, 1.0])


@cache
def approaches() -> Mapping[str, Approach]:
    """The packaged approaches by their id."""
    found = (_approach(entry) for entry in load().entries if entry.id.startswith(_PREFIX))
    return {one.id: one for one in found}


def approach_of(name: str) -> Approach:
    """The approach of that id. Raises InputError that lists those there are."""
    known = approaches()
    if name not in known:
        raise InputError(f"there is no approach {name!r}.", mend=f"use one of {', '.join(known)}.")
    return known[name]


def _approach(entry: Entry) -> Approach:
    value = cast("dict[str, Any]", entry.value)
    structures = tuple(str(name) for name in value["structures"])
    unknown = [name for name in structures if name not in STRUCTURES]
    if unknown:
        raise InputError(
            f"{unknown[0]!r} is no structure.", file="evidence/data/approaches.yaml", place=f"entry {entry.id}",
            mend=f"use names of {', '.join(STRUCTURES)}.",
        )  # fmt: skip
    near = value.get("near_joint_mm")
    return Approach(
        id=str(value["id"]),
        label=entry.label,
        inwards=_inwards(value),
        cone_deg=float(value["cone_deg"]),
        enters=cast("Part", value["enters"]),
        crosses=cast("tuple[Part, ...]", tuple(value["crosses"])),
        tip=tuple(value["tip"]),
        least_depth_mm=float(value["least_depth_mm"]),
        longest_mm=float(value["longest_mm"]),
        near_joint_mm=None if near is None else float(near),
        bed_mm=0.0 if near is None else float(value["bed_mm"]),
        structures=cast("tuple[Structure, ...]", structures),
        implants=int(value["implants"]),
        levels=cast("tuple[Level, ...]", tuple(value["levels"])),
        kinds=tuple(value["kinds"]),
        evidence=entry,
    )


def _inwards(value: Mapping[str, Any]) -> Floats:
    """Of a left joint: x is lateral, y posterior, z cranial."""
    if "direction" in value:
        parts = value["direction"]
        vector = np.array([-float(parts["medial"]), -float(parts["anterior"]), float(parts["cranial"])])
    else:
        # Angles as published for a path forwards: outwards in the transverse plane, downwards in the sagittal one.
        outwards = math.tan(math.radians(float(value["transverse_deg"])))
        downwards = math.tan(math.radians(float(value["sagittal_deg"])))
        vector = np.array([outwards, -1.0, -downwards])
    return vector / np.linalg.norm(vector)
