"""How bone holds implants: by as much as it has, whatever the cubes and wherever they lie."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Material, Pose, Size
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM, Joint
from nutation.stability.beams import beam_of
from nutation.stability.implants import Bed, Grip, elastic, place
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


def three_blocks() -> tuple[Bed, Joint]:
    """Ilium, sacrum and ilium as blocks with gaps of 2 mm, and the left joint's mid-surface."""
    pelvis = made_pelvis(
        {
            LEFT_HIP: box((31, -12, -12), (51, 12, 12)), SACRUM: box((-29, -12, -12), (29, 12, 12)),
            RIGHT_HIP: box((-51, -12, -12), (-31, 12, 12)),
        },
        (-53.0, -14.0, -14.0), (53.0, 14.0, 14.0),
    )  # fmt: skip
    sheet = np.array([[30.0, y, z] for y in (-8.0, 0.0, 8.0) for z in (-8.0, 0.0, 8.0)])
    lateral = np.tile([1.0, 0.0, 0.0], (len(sheet), 1))
    gaps = np.full(len(sheet), 2.0)
    joint = Joint("left", sheet, lateral, gaps, 576.0, sheet.mean(axis=0), lateral[0], synthesised=False, fused_share=0)
    return Bed(pelvis, build_mesh(pelvis, 2.0).mesh), joint


def along_the_sacrum(length_mm: float, material: Material = "titanium") -> Implant:
    size = Size("made", "made", "circle", 8.0, length_mm, cannulated=False, material=material)
    return Implant(size, Pose(np.array([50.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0])))


def test_an_implant_through_the_whole_sacrum_is_held_by_both_hips() -> None:
    """One of 99 mm lies 18 mm deep in the other ilium; one of 45 mm ends in the sacrum and knows one hip alone."""
    bed, joint = three_blocks()
    grip = Grip(1.0, 0.5)
    (held,) = place(bed, "left", joint, [along_the_sacrum(99.0)], grip, elastic()).held_mm2
    around = math.pi * 8.0
    assert set(held) == {LEFT_HIP, SACRUM, RIGHT_HIP}
    assert held[RIGHT_HIP] == pytest.approx(18.0 * around + math.pi * 16.0, rel=0.1)  # the mantle, and the inner end
    assert held[SACRUM] == pytest.approx(58.0 * around, rel=0.05)
    (short,) = place(bed, "left", joint, [along_the_sacrum(45.0)], grip, elastic()).held_mm2
    assert set(short) == {LEFT_HIP, SACRUM}


def test_a_graft_is_as_stiff_as_cortical_bone() -> None:
    bed, joint = three_blocks()
    moduli: dict[Material, float] = {"titanium": 110_000.0, "bone": bone_figures().cortical_mpa}
    for material, modulus in moduli.items():
        placed = place(bed, "left", joint, [along_the_sacrum(45.0, material)], Grip(1.0, 0.5), elastic())
        assert placed.beams[0].modulus_mpa == modulus
