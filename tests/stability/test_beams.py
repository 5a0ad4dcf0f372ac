"""Implants as beams: against the formulas of bending, stretch and twist, and against rigid motion."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Pose, Section, Size
from nutation.anatomy.solids import section_area_mm2
from nutation.anatomy.space import Floats, unit
from nutation.stability.beams import ARM_MM, Beam, beam_of, cross_matrix, section_of

E, NU = 110_000.0, 0.3
DIRECTION = unit(np.array([0.6, -0.3, 0.5]))


def made(section: Section = "triangle", diameter_mm: float = 7.0, length_mm: float = 50.0, roll: float = 20.0) -> Beam:
    size = Size("made", "made", section, diameter_mm, length_mm, cannulated=False)
    return beam_of(Implant(size, Pose(np.array([3.0, -2.0, 7.0]), DIRECTION, roll)), E, NU)


def clamped(beam: Beam, force: Floats, moment: Floats) -> Floats:
    """Unknowns (6 n, 1) with the outer end held and a force and a moment on the tip."""
    stiffness = beam.stiffness()
    load = np.zeros(len(stiffness))
    load[-6:-3], load[-3:] = force, moment / ARM_MM
    found = np.zeros(len(stiffness))
    found[6:] = np.linalg.solve(stiffness[6:, 6:], load[6:])
    return found[:, None]


@pytest.mark.parametrize("section", ["triangle", "circle", "square"])
def test_a_section_is_what_fine_squares_sum_to(section: Section) -> None:
    size = Size("made", "made", section, 7.0, 50.0, cannulated=False)
    step = 0.005
    along = np.arange(-4.0, 4.0, step) + step / 2
    x, y = np.meshgrid(along, along, indexing="ij")
    if section == "circle":
        filled = x**2 + y**2 < 3.5**2
    else:
        corners, first = (3, 0.0) if section == "triangle" else (4, math.pi / 4)
        faces = first + math.pi / corners + np.arange(corners) * 2 * math.pi / corners
        reach = 3.5 * math.cos(math.pi / corners)
        filled = np.all([x * math.cos(a) + y * math.sin(a) < reach for a in faces], axis=0)
    found = section_of(size)
    assert found.area_mm2 == pytest.approx(filled.sum() * step**2, rel=2e-3)
    assert found.bending_mm4 == pytest.approx((y[filled] ** 2).sum() * step**2, rel=4e-3)
    assert found.bending_mm4 == pytest.approx((x[filled] ** 2).sum() * step**2, rel=4e-3)


def test_a_cannulation_of_known_width_is_taken_off() -> None:
    solid = section_of(Size("a", "a", "circle", 10.0, 50.0, cannulated=False))
    hollow = section_of(Size("a", "a", "circle", 10.0, 50.0, cannulated=True, pin_diameter_mm=4.0))
    assert hollow.bending_mm4 == pytest.approx(solid.bending_mm4 * (1 - 0.4**4))
    assert hollow.area_mm2 == pytest.approx(solid.area_mm2 * (1 - 0.4**2))


@pytest.mark.parametrize("section", ["triangle", "circle", "square"])
def test_a_cantilever_bends_as_timoshenko_says(section: Section) -> None:
    beam = made(section)
    held = section_of(beam.implant.size)
    across = unit(np.cross(DIRECTION, [1.0, 2.0, 3.0]))
    moved = clamped(beam, 100.0 * across, np.zeros(3))[:, 0]
    shear = E / (2 * (1 + NU))
    wanted = 100.0 * (50.0**3 / (3 * E * held.bending_mm4) + 50.0 / (held.shear_share * shear * held.area_mm2))
    assert moved[-6:-3] @ across == pytest.approx(wanted, rel=1e-6)
    turned = np.cross(DIRECTION, across) * 100.0 * 50.0**2 / (2 * E * held.bending_mm4)
    assert moved[-3:] / ARM_MM == pytest.approx(turned, rel=1e-6, abs=1e-12)


def test_it_stretches_and_twists_as_a_rod() -> None:
    beam = made()
    held = section_of(beam.implant.size)
    pulled = clamped(beam, 100.0 * DIRECTION, np.zeros(3))[:, 0]
    assert pulled[-6:-3] == pytest.approx(DIRECTION * 100.0 * 50.0 / (E * held.area_mm2), rel=1e-6)
    twisted = clamped(beam, np.zeros(3), 500.0 * DIRECTION)[:, 0]
    shear = E / (2 * (1 + NU))
    assert twisted[-3:] / ARM_MM == pytest.approx(DIRECTION * 500.0 * 50.0 / (shear * held.torsion_mm4), rel=1e-6)


def test_what_crosses_a_section_is_what_the_tip_bears() -> None:
    beam = made()
    force, moment = np.array([30.0, -80.0, 50.0]), np.array([200.0, 100.0, -300.0])
    moved = clamped(beam, force, moment)
    for depth in (0.7, 17.3, 48.0):
        arm = (50.0 - depth) * DIRECTION
        wanted = np.concatenate([force, moment + np.cross(arm, force)])
        assert beam.carried(depth, moved)[:, 0] == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_a_rigid_motion_strains_nothing_and_takes_the_surface_along() -> None:
    beam = made()
    shift, turn = np.array([0.3, -0.2, 0.1]), np.array([0.01, 0.02, -0.015])
    stations = beam.implant.pose.entry_mm + beam.depths_mm[:, None] * DIRECTION
    unknowns = np.concatenate([shift + np.cross(turn, stations), np.tile(turn * ARM_MM, (len(stations), 1))], axis=1)
    assert np.abs(beam.stiffness() @ unknowns.ravel()).max() < 1e-6 * np.abs(beam.stiffness()).max()
    moved = beam.follow() @ unknowns.ravel()
    assert moved == pytest.approx(shift + np.cross(turn, beam.points_mm), abs=1e-9)


def test_the_surface_has_the_prism_s_area() -> None:
    beam = made()
    side = 3.5 * math.sqrt(3)
    assert beam.areas_mm2.sum() == pytest.approx(3 * side * 50.0 + section_area_mm2(beam.implant.size), rel=1e-6)


def test_cross_matrix_is_the_cross_product() -> None:
    arm, other = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.7, -1.1])
    assert cross_matrix(arm[None])[0] @ other == pytest.approx(np.cross(arm, other))
