"""Shares of cells: a ball keeps its volume, a plate its shell, at every size of cell and every turn."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nutation.anatomy.pelvis import LEFT_GAP, METAL, SACRUM, Pelvis
from nutation.record.errors import InputError
from nutation.stability.fill import BoneFill, bone_mask, fill_bone, reliable_mm
from stability.blocks_made import ball, box, made_pelvis, turned

CENTRE = (0.3, -0.2, 0.4)


def filled(pelvis: Pelvis, spacing_mm: float, shell_mm: float = 1.0, plate_mm: float = 1.0) -> BoneFill:
    return fill_bone(pelvis, SACRUM, spacing_mm, shell_mm=shell_mm, plate_mm=plate_mm)


@cache
def sphere() -> Pelvis:
    return made_pelvis({SACRUM: ball(CENTRE, 20.0)}, (-25, -25, -25), (25, 25, 25))


@pytest.mark.parametrize("spacing_mm", [1.0, 1.5, 2.0, 3.0])
def test_a_ball_keeps_its_volume_and_its_middle(spacing_mm: float) -> None:
    fill = filled(sphere(), spacing_mm)
    assert fill.volume_mm3 == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.01)
    places = (np.argwhere(fill.filled > 0) + 0.5 + fill.first) * spacing_mm
    middle = fill.filled[fill.filled > 0] @ places / fill.filled.sum()
    assert middle == pytest.approx(CENTRE, abs=0.05)


@pytest.mark.parametrize("spacing_mm", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("shell_mm", [0.3, 1.0, 1.8])
def test_a_balls_shell_is_as_thick_as_asked_for(spacing_mm: float, shell_mm: float) -> None:
    fill = filled(sphere(), spacing_mm, shell_mm, shell_mm)
    truth = 4 / 3 * np.pi * (20**3 - (20 - shell_mm) ** 3)
    assert fill.shell.sum() * spacing_mm**3 == pytest.approx(truth, rel=0.04)
    assert (fill.shell <= fill.filled + 1e-6).all()


@pytest.mark.parametrize("degrees", [0.0, 30.0])
@pytest.mark.parametrize("spacing_mm", [1.0, 2.0])
def test_a_plate_has_a_shell_on_both_faces_and_a_core(degrees: float, spacing_mm: float) -> None:
    # 12 mm thick; in its middle, 2 mm of 12 are shell, and none of it lies in the middle 6 mm.
    plate = turned(box((-30, -6, -20), (30, 6, 20)), degrees)
    fill = filled(made_pelvis({SACRUM: plate}, (-38, -38, -24), (38, 38, 24)), spacing_mm)
    places = (np.stack(np.indices(fill.filled.shape), -1) + 0.5 + fill.first) * spacing_mm
    angle = np.radians(degrees)
    along = places @ np.array([np.cos(angle), np.sin(angle), 0.0])
    across = np.abs(places @ np.array([-np.sin(angle), np.cos(angle), 0.0]))
    inner = (np.abs(along) < 15) & (np.abs(places[..., 2]) < 10)
    share = fill.shell[inner].sum() / fill.filled[inner].sum()
    assert share == pytest.approx(2 / 12, rel=0.05)
    core = inner & (across < 3.0)
    assert fill.shell[core].max() < 0.01
    assert fill.filled[core].min() > 0.999


@pytest.mark.parametrize(("voxels", "least", "most"), [(1, 0.45, 1.05), (2, 1.8, 2.1), (3, 2.9, 3.1)])
def test_a_thin_plate_stays(voxels: int, least: float, most: float) -> None:
    # The smoothing alone would take a plate of one voxel away: its middle would fall below one half.
    plate = box((-10, -10, -0.5), (10, 10, voxels - 0.5))
    fill = filled(made_pelvis({SACRUM: plate}, (-14, -14, -8), (14, 14, 8)), 1.0)
    columns = fill.filled[8:-8, 8:-8].sum(axis=2)
    assert columns.min() > least
    assert columns.max() < most


def test_next_to_the_joint_the_shell_is_the_end_plate() -> None:
    # The same block with and without joint at one face: that face's shell is 0.25 mm in place of 1.
    block = box((-10, -10, -10), (10.5, 10.5, 10.5))
    alone = made_pelvis({SACRUM: block}, (-14, -14, -14), (14, 14, 14))
    joint = made_pelvis({SACRUM: block, LEFT_GAP: box((10.5, -10, -10), (12.5, 10.5, 10.5))}, (-14,) * 3, (14,) * 3)
    less = filled(alone, 1.0).shell.sum() - filled(joint, 1.0, plate_mm=0.25).shell.sum()
    assert less == pytest.approx(0.75 * 20.0 * 20.0, rel=0.1)


def test_metal_that_bone_encloses_counts_as_bone_and_metal_outside_does_not() -> None:
    bones = {SACRUM: box((-10, -10, -10), (10, 10, 10)), METAL: box((-2.5, -2.5, -20), (2.5, 2.5, 3.5))}
    mask, start, metal = bone_mask(made_pelvis(bones, (-14, -14, -24), (14, 14, 14)), SACRUM)
    # The screw's 5 x 5 voxels inside the block, 13 deep; outside, nothing bridges it.
    assert metal == pytest.approx(5 * 5 * 13, rel=0.1)
    low = -24 + start[2] + np.argwhere(mask.any(axis=(0, 1)))[0, 0]
    assert low >= -10


def test_a_bone_that_is_not_there_and_a_shell_too_thick_are_told() -> None:
    with pytest.raises(InputError, match="not in the image"):
        fill_bone(sphere(), 2, 2.0, shell_mm=1.0, plate_mm=1.0)
    with pytest.raises(InputError, match="shell of 3 mm"):
        filled(sphere(), 2.0, 3.0)
    assert reliable_mm(1.0) > 2.0
