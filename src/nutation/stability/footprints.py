"""The ligaments of the sacroiliac joint as pairs of footprints on the bones, found from the bones' shape.

Each ligament joins the mean displacement of one footprint to that of the other. A site that the image does not show
leaves its ligament out, by name: nothing is invented. Where a sacrum is cut off below S3, `stand_ins` lets the lowest
shown part of its lateral border carry what is attached below; the ligament then says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from nutation.anatomy.pelvis import HIP_OF, L5, SACRUM, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.stability import footprints_sites as sites
from nutation.stability.footprints_sacrum import sacral_measure
from nutation.stability.footprints_surface import BoneSurface, bone_surface, weighted_centre

LigamentName = Literal[
    "anterior_sacroiliac",
    "interosseous",
    "short_posterior",
    "long_posterior",
    "sacrospinous",
    "sacrotuberous",
    "iliolumbar",
]

LIGAMENTS: Mapping[LigamentName, str] = {
    "anterior_sacroiliac": "anterior sacroiliac",
    "interosseous": "interosseous",
    "short_posterior": "short posterior",
    "long_posterior": "long posterior",
    "sacrospinous": "sacrospinous",
    "sacrotuberous": "sacrotuberous",
    "iliolumbar": "iliolumbar",
}
"""The ligaments by name, in words."""

LEAST_MM2 = 25.0
"""A footprint smaller than this was not found: a few voxels that happen to fit."""

LEAST_WEIGHT = 0.02
"""Points that weigh less than this carry nothing and are left out."""

_Find = Callable[[sites.Bones, BoneSurface], sites.Site]


@dataclass(frozen=True, slots=True)
class Footprint:
    """One attachment: surface points (n, 3) in the pelvic frame, and the area (n,) in mm² that each carries."""

    bone: int
    points_mm: Floats
    weights_mm2: Floats
    site: str

    @property
    def area_mm2(self) -> float:
        """The area that the ligament holds on to."""
        return float(self.weights_mm2.sum())

    @property
    def centre_mm(self) -> Floats:
        """The mean place (3,): the ligament acts on the mean displacement with the same weights."""
        return weighted_centre(self.points_mm, self.weights_mm2)


@dataclass(frozen=True, slots=True)
class Ligament:
    """One ligament of one side: its footprint on the sacrum (or L5) and that on the hip bone.

    `doubts` says where length or size is unlikely; `stand_in`, if not empty, what a footprint stands in for.
    """

    name: LigamentName
    side: Side
    origin: Footprint
    insertion: Footprint
    doubts: tuple[str, ...] = ()
    stand_in: str = ""

    @property
    def length_mm(self) -> float:
        """From centre to centre."""
        return float(np.linalg.norm(self.insertion.centre_mm - self.origin.centre_mm))

    @property
    def direction(self) -> Floats:
        """The unit vector (3,) from the origin to the insertion."""
        return (self.insertion.centre_mm - self.origin.centre_mm) / self.length_mm


@dataclass(frozen=True, slots=True)
class Ligaments:
    """One side's ligaments, and those that are missing with the site that the image does not show."""

    side: Side
    found: Mapping[LigamentName, Ligament]
    missing: Mapping[LigamentName, str]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be said of them, in words."""
        told = [
            f"The {LIGAMENTS[name]} ligament of the {self.side} side is left out: {why}."
            for name, why in self.missing.items()
        ]
        for name, ligament in self.found.items():
            if ligament.stand_in:
                told.append(
                    f"The {LIGAMENTS[name]} ligament of the {self.side} side is attached to {ligament.stand_in}."
                )
            told.extend(f"The {LIGAMENTS[name]} ligament of the {self.side} side: {one}." for one in ligament.doubts)
        return tuple(told)


def find_ligaments(pelvis: Pelvis, side: Side, *, stand_ins: bool = False) -> Ligaments:
    """The ligaments of one side with their footprints on the bones of the pelvis (pelvic frame, mm).

    With `stand_ins`, a sacrum that is cut off below S3 carries the sacrospinous and the sacrotuberous ligament at the
    lowest part of its lateral border; without, they are missing. Raises nothing: what is not found is in `missing`.
    """
    measure = sacral_measure(pelvis)
    sacrum, hip = bone_surface(pelvis, SACRUM), bone_surface(pelvis, HIP_OF[side])
    if measure is None or sacrum is None or hip is None:
        why = "the levels of the sacrum were not found" if measure is None else "the image does not show the bones"
        return Ligaments(side, {}, dict.fromkeys(LIGAMENTS, why))
    bones = sites.Bones(pelvis, side, sacrum, hip, pelvis.joints[side], measure, bone_surface(pelvis, L5))
    found: dict[LigamentName, Ligament] = {}
    missing: dict[LigamentName, str] = {}
    for name, (bone, origin, insertion) in _plan(stand_ins).items():
        made = _ligament(bones, name, bone, origin, insertion)
        if isinstance(made, Ligament):
            found[name] = made
        else:
            missing[name] = made
    return Ligaments(side, found, missing)


def _plan(stand_ins: bool) -> dict[LigamentName, tuple[str, _Find, _Find]]:
    """Of each ligament the bone of its origin, and how both of its sites are found."""
    return {
        "anterior_sacroiliac": ("sacrum", sites.anterior_strip, sites.anterior_strip),
        "interosseous": ("sacrum", sites.interosseous_field, sites.interosseous_field),
        "short_posterior": ("sacrum", sites.dorsal_crest, sites.iliac_crest_edge),
        "long_posterior": ("sacrum", sites.third_tubercle, sites.posterior_spine),
        "sacrospinous": ("sacrum", partial(sites.lower_border, stand_ins=stand_ins), sites.ischial_spine),
        "sacrotuberous": ("sacrum", partial(sites.tubercle_border, stand_ins=stand_ins), sites.tuberosity),
        "iliolumbar": ("L5", sites.transverse_process, sites.iliac_near_l5),
    }


def _ligament(bones: sites.Bones, name: LigamentName, bone: str, origin: _Find, insertion: _Find) -> Ligament | str:
    """The ligament, or why there is none."""
    ends: list[Footprint] = []
    stand_in = ""
    for surface, find, what in ((bones.of(bone), origin, "origin"), (bones.hip, insertion, "insertion")):
        if surface is None:
            return f"the image does not show {bone}"
        site = find(bones, surface)
        if site.missing:
            return f"the image does not show {site.missing}"
        kept = site.weights > LEAST_WEIGHT
        weights = site.weights[kept] * surface.areas_mm2[kept]
        if float(weights.sum()) < LEAST_MM2:
            return f"its {what} was not found on the bone"
        named = find.func if isinstance(find, partial) else find
        ends.append(Footprint(surface.code, surface.points_mm[kept], weights, named.__name__))
        stand_in = stand_in or site.stand_in
    made = Ligament(name, bones.side, ends[0], ends[1], stand_in=stand_in)
    return Ligament(name, bones.side, ends[0], ends[1], _doubts(made), stand_in)


def _doubts(ligament: Ligament) -> tuple[str, ...]:
    """What does not fit the lengths that the evidence gives."""
    if ligament.stand_in:
        return ()
    entry = load().entry("ligament_lengths")
    low, high = entry.number(f"{ligament.name}.low_mm"), entry.number(f"{ligament.name}.high_mm")
    if low <= ligament.length_mm <= high:
        return ()
    return (f"its length of {ligament.length_mm:.0f} mm lies outside {low:.0f} to {high:.0f} mm",)
