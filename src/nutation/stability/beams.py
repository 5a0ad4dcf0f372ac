"""Implants as beams: exact in bending, stretch and twist whatever the voxels, with the surface that bone holds.

A 7 mm implant is three or four voxels across. Voxels of titanium would bend wrongly and would weld the joint around
it; a beam has the section's own stiffness. Each station along the axis carries a translation and a rotation; the
rotation is stored times `ARM_MM`, so that both are millimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nutation.anatomy.implants import Implant, Size
from nutation.anatomy.solids import axes, section_area_mm2, section_outline
from nutation.anatomy.space import Floats

STATION_MM = 2.5
"""Distance between stations: far shorter than the length over which such a beam bends in bone (about 15 mm)."""

RING = 24
"""Surface points around the section at each depth: a multiple of 3 and 4, so that all sides have as many."""

SLICE_MM = 1.25
"""Distance along the axis between rings of surface points."""

ARM_MM = 4.0
"""Length by which rotations are scaled: about an implant's radius, so that both kinds of unknown are of like size."""

SHEAR_SHARE = {"circle": 6 / 7, "square": 5 / 6, "triangle": 5 / 6}
"""Timoshenko's shear coefficients of solid sections (the triangle's is near the rectangle's; shear is a few hundredths
of an implant's bending)."""


@dataclass(frozen=True, slots=True)
class Section:
    """Area (mm²), second moment (mm⁴, the same about every axis across), torsion constant (mm⁴), shear coefficient."""

    area_mm2: float
    bending_mm4: float
    torsion_mm4: float
    shear_share: float


def section_of(size: Size) -> Section:
    """The section of one size; a cannulation of known width is taken off.

    Circle, square and equilateral triangle have one second moment about all axes. Torsion constants are Saint-Venant's:
    πr⁴/2, 0.1406 a⁴, √3 s⁴/80.
    """
    radius = size.diameter_mm / 2
    if size.section == "circle":
        bending, torsion = math.pi * radius**4 / 4, math.pi * radius**4 / 2
    elif size.section == "square":
        side = radius * math.sqrt(2)
        bending, torsion = side**4 / 12, 0.1406 * side**4
    else:
        side = radius * math.sqrt(3)
        bending, torsion = math.sqrt(3) * side**4 / 96, math.sqrt(3) * side**4 / 80
    hole = size.pin_diameter_mm / 2 if size.cannulated and size.pin_diameter_mm else 0.0
    return Section(
        area_mm2=section_area_mm2(size) - math.pi * hole**2,
        bending_mm4=bending - math.pi * hole**4 / 4,
        torsion_mm4=torsion - math.pi * hole**4 / 2,
        shear_share=SHEAR_SHARE[size.section],
    )


@dataclass(frozen=True, slots=True)
class Beam:
    """One implant as a beam of a material (Young modulus in MPa, Poisson's ratio).

    `depths_mm` (n,) are the stations' depths along the axis; their unknowns are translation and scaled rotation,
    (6 n,), in the pelvic frame. `points_mm` (p, 3) lie on the mantle and on the inner end, each for `areas_mm2` (p,).
    """

    implant: Implant
    modulus_mpa: float
    poisson: float
    depths_mm: Floats
    points_mm: Floats
    areas_mm2: Floats

    def stiffness(self) -> Floats:
        """The beam's own stiffness in N/mm, (6 n, 6 n)."""
        total = np.zeros((6 * len(self.depths_mm),) * 2)
        for first in range(len(self.depths_mm) - 1):
            here = slice(6 * first, 6 * first + 12)
            total[here, here] += self._element(first)
        return total

    def follow(self) -> Floats:
        """How the surface points move with the stations, (p, 3, 6 n): sections stay plane between two stations."""
        depth = (self.points_mm - self.implant.pose.entry_mm) @ self.implant.pose.direction
        depth = np.clip(depth, self.depths_mm[0], self.depths_mm[-1])
        first = np.clip(np.searchsorted(self.depths_mm, depth, side="right") - 1, 0, len(self.depths_mm) - 2)
        share = (depth - self.depths_mm[first]) / (self.depths_mm[first + 1] - self.depths_mm[first])
        moved = np.zeros((len(depth), 3, 6 * len(self.depths_mm)))
        each = np.arange(len(depth))
        on_axis = self.implant.pose.entry_mm + depth[:, None] * self.implant.pose.direction
        turned = -cross_matrix(self.points_mm - on_axis) / ARM_MM
        for station, weight in ((first, 1.0 - share), (first + 1, share)):
            for axis in range(3):
                moved[each, axis, 6 * station + axis] += weight
            for row in range(3):
                for axis in range(3):
                    moved[each, row, 6 * station + 3 + axis] += weight * turned[:, row, axis]
        return moved

    def carried(self, depth_mm: float, unknowns: Floats) -> Floats:
        """What crosses a section, of the stations' unknowns (6 n, r): force (N) and moment (N·mm) about the axis's
        point at that depth that the part beyond puts on the part before, (6, r)."""
        last = int(np.clip(np.searchsorted(self.depths_mm, depth_mm), 1, len(self.depths_mm) - 1))
        ends = self._element(last - 1) @ unknowns[6 * last - 6 : 6 * last + 6]
        force, moment = ends[6:9], ends[9:12] * ARM_MM
        arm = (self.depths_mm[last] - depth_mm) * self.implant.pose.direction
        return np.concatenate([force, moment + np.cross(arm, force, axisb=0, axisc=0)])

    def _element(self, first: int) -> Floats:
        length = float(self.depths_mm[first + 1] - self.depths_mm[first])
        local = _element(section_of(self.implant.size), self.modulus_mpa, self.poisson, length)
        turn = np.kron(np.eye(4), axes(self.implant.pose))
        scale = np.tile(np.repeat([1.0, 1.0 / ARM_MM], 3), 2)
        return np.asarray((turn.T @ local @ turn) * scale[:, None] * scale, dtype=np.float64)


def beam_of(implant: Implant, modulus_mpa: float, poisson: float) -> Beam:
    """The implant as a beam, with stations evenly spread from the outer end to the tip."""
    size, pose = implant.size, implant.pose
    stations = max(2, math.ceil(size.length_mm / STATION_MM) + 1)
    slices = math.ceil(size.length_mm / SLICE_MM)
    step = size.length_mm / slices
    outline = section_outline(size, RING)
    # Points in the middle of their piece of edge: at corners alone a triangle's surface would lie too far out.
    ring = (outline + np.roll(outline, -1, axis=0)) / 2
    pieces = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    depths = (np.arange(slices) + 0.5) * step
    mantle = np.concatenate([np.tile(ring, (slices, 1)), np.repeat(depths, RING)[:, None]], axis=1)
    end = np.concatenate([ring * (2 / 3), np.full((RING, 1), size.length_mm)], axis=1)
    local = np.concatenate([mantle, end])
    areas = np.concatenate([np.tile(pieces * step, slices), np.full(RING, section_area_mm2(size) / RING)])
    return Beam(
        implant=implant,
        modulus_mpa=modulus_mpa,
        poisson=poisson,
        depths_mm=np.linspace(0.0, size.length_mm, stations),
        points_mm=np.asarray(pose.entry_mm + local @ axes(pose), dtype=np.float64),
        areas_mm2=areas,
    )


def cross_matrix(arms: Floats) -> Floats:
    """Matrices (n, 3, 3) with `matrix @ v = arm x v` for arms (n, 3)."""
    out = np.zeros((len(arms), 3, 3))
    x, y, z = arms.T
    out[:, 0, 1], out[:, 0, 2] = -z, y
    out[:, 1, 0], out[:, 1, 2] = z, -x
    out[:, 2, 0], out[:, 2, 1] = -y, x
    return out


def _element(section: Section, modulus: float, poisson: float, length: float) -> Floats:
    """Timoshenko's element in its own axes (two across, then along), (12, 12): both ends' translation and rotation."""
    shear = modulus / (2 * (1 + poisson))
    out = np.zeros((12, 12))
    for at, stiff in ((2, modulus * section.area_mm2 / length), (5, shear * section.torsion_mm4 / length)):
        out[np.ix_([at, at + 6], [at, at + 6])] = stiff * np.array([[1.0, -1.0], [-1.0, 1.0]])
    bending = modulus * section.bending_mm4
    soft = 12 * bending / (section.shear_share * shear * section.area_mm2 * length**2)
    plane = np.array(
        [
            [12.0, 6 * length, -12.0, 6 * length],
            [6 * length, (4 + soft) * length**2, -6 * length, (2 - soft) * length**2],
            [-12.0, -6 * length, 12.0, -6 * length],
            [6 * length, (2 - soft) * length**2, -6 * length, (4 + soft) * length**2],
        ]
    ) * (bending / (length**3 * (1 + soft)))
    # A turn about the second axis tips the axis along towards the first; one about the first tips it off the second.
    for across, turn, sign in ((0, 4, 1.0), (1, 3, -1.0)):
        signs = np.array([1.0, sign, 1.0, sign])
        out[np.ix_([across, turn, across + 6, turn + 6], [across, turn, across + 6, turn + 6])] = (
            plane * signs[:, None] * signs
        )
    return out
