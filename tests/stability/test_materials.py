"""Moduli: the named relation by hand, shares side by side, values that make no sense."""

from __future__ import annotations

import numpy as np
import pytest

from nutation.anatomy.pelvis import SACRUM
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.materials import (
    RESOLVED_MM,
    UNCALIBRATED,
    attenuated,
    bone_figures,
    mixed_modulus,
    modulus_of_hu,
    smeared,
)
from nutation.stability.mesh_build import build_mesh
from stability.blocks_made import box, made_pelvis

BLOCK = box((-11.5, -11.5, -11.5), (11.5, 11.5, 11.5))
LOW, HIGH = (-16, -16, -16), (16, 16, 16)


def block_of_hu(values: float) -> np.ndarray:
    return np.full((33, 33, 33), values, dtype=np.float32)


def test_the_relation_by_hand() -> None:
    # HU 1500: hydroxyapatite 1.2, ash (1.2 + 0.09) / 1.14 = 1.13158, modulus 10200 x 1.28047 = 13060.8.
    # HU 0 and -200: ash 0.0789, below 0.486: the floor. HU 570: ash 0.4789, floor; HU 590: ash 0.4930: 2479.
    found = modulus_of_hu(np.array([1500, 0, -200, 570, 590], np.float32))
    assert found == pytest.approx([13060.8, 2398, 2398, 2398, 2479], rel=1e-3)


def test_what_is_as_dense_as_metal_is_no_denser_than_2000_hu() -> None:
    assert modulus_of_hu(np.array([3071], np.float32))[0] == modulus_of_hu(np.array([2000], np.float32))[0]


def test_a_whole_bone_of_negative_density_is_refused() -> None:
    pelvis = made_pelvis({SACRUM: BLOCK}, LOW, HIGH, hu=block_of_hu(-300.0))
    with pytest.raises(InputError, match="sacrum has a median of -300 HU"):
        attenuated(pelvis, (SACRUM,))


def test_much_negative_density_is_told_and_the_ct_is_called_uncalibrated() -> None:
    values = block_of_hu(300.0)
    values[:, :, :14] = -100.0
    found = attenuated(made_pelvis({SACRUM: BLOCK}, LOW, HIGH, hu=values), (SACRUM,))
    assert found is not None
    assert UNCALIBRATED in found.warnings[0]
    assert "39%" in found.warnings[1]
    assert "negative densities" in found.warnings[1]


def test_values_that_are_no_numbers_are_refused() -> None:
    values = block_of_hu(300.0)
    values[5, 5, 5] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        attenuated(made_pelvis({SACRUM: BLOCK}, LOW, HIGH, hu=values), (SACRUM,))


def test_an_even_ct_gives_an_even_bone() -> None:
    built = build_mesh(made_pelvis({SACRUM: BLOCK}, LOW, HIGH, hu=block_of_hu(1500.0)), 2.0, bones=(SACRUM,))
    assert len(built.filled) == 12**3
    # the block's edges and corners are rounded, so their cubes hold a little less than 3/4 x 3/4 (x 3/4)
    assert built.mesh.modulus_mpa == pytest.approx(13060.8 * built.filled, rel=1e-3)
    assert (built.filled > 0.999).sum() == 10**3
    assert built.modulus_from == UNCALIBRATED


def test_shell_and_core_lie_side_by_side() -> None:
    figures = bone_figures()
    filled, shell = np.array([1.0, 1.0, 0.5], np.float32), np.array([0.0, 0.25, 0.5], np.float32)
    expected = [100.0, 0.25 * 17000 + 0.75 * 100, 0.5 * 17000]
    assert mixed_modulus(filled, shell, figures) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("spacing_mm", [0.5, 1.0, 1.5])
def test_evening_out_keeps_the_shell_and_leaves_air_empty(spacing_mm: float) -> None:
    # A slab 20 mm thick in air, its shell in the outermost cells: the sum stays, and the shell's middle lies as deep
    # as before; evened out over 2 mm, less the cell's own width, its variance grows by (4 - h^2) / 12.
    cells = round(20 / spacing_mm)
    filled = np.zeros((12, 12, cells + 8), np.float32)
    filled[:, :, 4:-4] = 1.0
    shell = np.zeros_like(filled)
    shell[:, :, cells // 2 + 4] = 1.0
    out = smeared(filled, shell, spacing_mm)
    line = out[6, 6].astype(np.float64)
    where = np.arange(len(line)) * spacing_mm
    middle = line @ where / line.sum()
    assert line.sum() == pytest.approx(1.0, rel=5e-4)
    assert middle == pytest.approx((cells // 2 + 4) * spacing_mm, abs=1e-3)
    assert line @ (where - middle) ** 2 == pytest.approx((RESOLVED_MM**2 - spacing_mm**2) / 12, rel=1e-3)
    rim = np.zeros_like(filled)
    rim[:, :, 4] = 1.0
    handed = smeared(filled, rim, spacing_mm)
    assert handed.sum() == pytest.approx(rim.sum(), rel=5e-4)
    assert handed[:, :, :4].max() == 0.0


def test_cells_as_coarse_as_the_resolution_are_left_alone() -> None:
    shell = np.ones((2, 2, 2), np.float32)
    assert smeared(shell, shell, RESOLVED_MM) is shell


def test_the_figures_are_the_published_ones_with_their_marks() -> None:
    evidence = load()
    for name, path, value, mark in (
        ("bone_moduli", "cortical_mpa", 17000, "verified"),
        ("bone_moduli", "trabecular_mpa", 100, "verified"),
        ("cortex_thickness", "", 1.0, "unverified"),
        ("endplate_thickness", "sacral_mm", 0.23, "verified"),
        ("endplate_thickness", "iliac_mm", 0.36, "verified"),
        ("modulus_from_density", "floor_mpa", 2398, "verified"),
        ("density_from_hu", "g_per_cm3_per_hu", 0.0008, "unverified"),
        ("titanium", "modulus_mpa", 110000, "verified"),
        ("si_cartilage", "modulus_mpa", 10, "verified"),
        ("si_cartilage_thickness", "sacral_mm", 1.81, "verified"),
        ("symphysis", "modulus_mpa", 5, "verified"),
        ("intact_pooled", "flexion_extension_deg", 1.88, "verified"),
        ("reduction_lindsey_2018", "lateral_bending_pct", 42, "verified"),
    ):
        entry = evidence.entry(name)
        assert (entry.number(path), entry.mark_of(path)) == (value, mark), name
