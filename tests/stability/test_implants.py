"""How bone holds implants: by as much as it has, whatever the cubes and wherever they lie."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import SACRUM
from nutation.stability.beams import beam_of
from nutation.stability.implants import Bed
from nutation.stability.materials import bone_figures
from nutation.stability.mesh_build import build_mesh
from stability.blocks_made import box, made_pelvis, turned

TILT_DEG, THICK_MM, BED_MM = 20.0, 24.0, 3.0


def bed_of(spacing_mm: float, shift_mm: float = 0.0) -> Bed:
    """A tilted plate of bone, 24 mm thick, its place on the grid shifted."""
    half = THICK_MM / 2
    plate = turned(box((shift_mm - half, -16, -16), (shift_mm + half, 16, 16)), TILT_DEG)
    pelvis = made_pelvis({SACRUM: plate}, (-25.5, -25.5, -25.5), (25.5, 25.5, 25.5))
    return Bed(pelvis, build_mesh(pelvis, spacing_mm, bones=(SACRUM,)).mesh)


@pytest.mark.parametrize("spacing_mm", [4.0, 2.0, 1.0])
def test_a_plate_holds_an_implant_by_the_stiffness_it_has(spacing_mm: float) -> None:
    # Per millimetre of the section's edge: two shells and the core between, each as long as the implant lies in it.
    figures = bone_figures()
    stiff = 2 * figures.shell_mm * figures.cortical_mpa + (THICK_MM - 2 * figures.shell_mm) * figures.trabecular_mpa
    wanted = 3 * 3.5 * math.sqrt(3) * stiff / math.cos(math.radians(TILT_DEG))
    size = Size("made", "made", "triangle", 7.0, 40.0, cannulated=False)
    beam = beam_of(Implant(size, Pose(np.array([-20.0, 0.3, 0.4]), np.array([1.0, 0.0, 0.0]))), 110_000.0, 0.3)
    shares: list[float] = []
    for shift in (0.0, 0.5, 1.0, 1.5):
        bed = bed_of(spacing_mm, shift)
        held = bed.held(SACRUM, beam.points_mm) * beam.areas_mm2
        shares.append(float((held * bed.modulus_mpa(SACRUM, beam.points_mm, BED_MM)).sum()) / wanted)
    # Half of each shell lies beyond the surface in a mean over 3 mm, and counts only as far as the bone holds.
    assert 0.75 < np.mean(shares) < 1.1, shares
    assert min(shares) > 0.7, shares
    assert max(shares) < 1.15, shares


def test_within_the_core_the_modulus_is_the_core_s() -> None:
    points = np.array([[0.0, 0.0, 0.0], [3.0, 5.0, -4.0]])
    for spacing in (4.0, 2.0, 1.5):
        found = bed_of(spacing).modulus_mpa(SACRUM, points, BED_MM)
        assert found == pytest.approx(bone_figures().trabecular_mpa, rel=0.02)
