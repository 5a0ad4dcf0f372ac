"""Which joint a label map cuts off: boxes whose answer is known by hand, and the real map cropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nutation.anatomy.images import Coverage, coverage, coverage_faults
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.space import Grid, Volume

MM = 2.0


def made(
    x: tuple[float, float] = (-150, 150),
    y: tuple[float, float] = (-80, 90),
    z: tuple[float, float] = (-130, 130),
    flips: tuple[int, int, int] = (1, 1, 1),
) -> Volume:
    """A pelvis of boxes in a field of given bounds (LPS mm): sacrum |x| < 50, y 0 to 60, z -60 to 60; hips beside it,
    2 mm apart, to |x| = 70 at the joints' height, reaching forward to y = -70 and down to z = -120."""
    ends = [(low, high) if flip > 0 else (high, low) for (low, high), flip in zip((x, y, z), flips, strict=True)]
    axes = [np.arange(a, b, MM if b > a else -MM) for a, b in ends]
    px, py, pz = np.meshgrid(*axes, indexing="ij")
    labels = np.zeros(px.shape, np.uint8)
    labels[(np.abs(px) < 50) & (py > 0) & (py < 60) & (np.abs(pz) < 60)] = SACRUM
    hip = (np.abs(px) > 52) & (np.abs(px) < 70) & (py > -70) & (py < 60) & (np.abs(pz) < 120)
    labels[hip & (px > 0)] = LEFT_HIP
    labels[hip & (px < 0)] = RIGHT_HIP
    origin = np.array([axis[0] for axis in axes])
    shape = (labels.shape[0], labels.shape[1], labels.shape[2])
    return Volume(labels, Grid(shape, np.full(3, MM), origin, np.diag(np.array(flips, dtype=float))))


FLIPS = [(1, 1, 1), (-1, -1, 1), (-1, 1, -1)]


@pytest.mark.parametrize("flips", FLIPS)
def test_a_whole_pelvis_has_no_fault(flips: tuple[int, int, int]) -> None:
    assert coverage(made(flips=flips)) == Coverage(frozenset(), frozenset(), (), ())


@pytest.mark.parametrize("flips", FLIPS)
def test_a_field_that_ends_within_one_joint_cuts_that_side(flips: tuple[int, int, int]) -> None:
    found = coverage(made(x=(-150, 56), flips=flips))
    assert found.cut_sides == {"left"}
    assert "left joint is cut off at the image's left border" in found.faults[0]


def test_a_field_that_ends_before_one_hip_names_the_hip() -> None:
    found = coverage(made(x=(-40, 150)))
    assert (found.missing, found.cut_sides) == ({RIGHT_HIP}, {"right"})
    assert found.faults == ("There is no right hip in the image.",)


def test_no_pelvis_at_all() -> None:
    volume = made()
    found = coverage(Volume(np.zeros_like(volume.values), volume.grid))
    assert found.cut_sides == {"left", "right"}
    assert len(coverage_faults(Volume(np.zeros_like(volume.values), volume.grid))) == 3


def test_the_outer_wall_beside_a_joint_is_needed_too() -> None:
    found = coverage(made(x=(-66, 150)))
    assert found.cut_sides == {"right"}
    assert any("wall of the right hip" in fault or "right joint is cut" in fault for fault in found.faults)


def test_the_joints_upper_and_lower_ends() -> None:
    upper, lower = coverage(made(z=(-130, 40))), coverage(made(z=(-40, 130)))
    assert upper.cut_sides == lower.cut_sides == {"left", "right"}
    assert any("S1" in fault for fault in upper.faults)
    assert all("lower border" in fault for fault in lower.faults)


def test_ischia_below_the_image_are_noted_and_stop_nothing() -> None:
    found = coverage(made(z=(-100, 130)))
    assert found.cut_sides == frozenset()
    assert found.faults == ()
    assert len(found.notes) == 2


def test_the_front_of_the_iliac_wings_is_far_from_the_joint() -> None:
    # Joints lie at y 0 to 60; a field from y = -68 cuts the wings' front, further away than implants enter.
    found = coverage(made(y=(-68, 90)))
    assert found.cut_sides == frozenset()
    assert all("front border" in note for note in found.notes)


@pytest.fixture(scope="module")
def real(data_dir: Path) -> Volume:
    import SimpleITK

    image: Any = SimpleITK.ReadImage(str(data_dir / "ct" / "pelvis_3mm_labels.nii.gz"))
    values = SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    grid = Grid(values.shape, np.array(image.GetSpacing()), np.array(image.GetOrigin()), direction)
    return Volume(values, grid)


def cropped(volume: Volume, low: tuple[int, int, int], high: tuple[int, int, int]) -> Volume:
    values = volume.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    grid = volume.grid
    origin = grid.points(np.array([low], dtype=float))[0]
    return Volume(values, Grid(values.shape, grid.spacing_mm, origin, grid.direction))


def test_the_real_map_is_whole_but_for_the_ischia(real: Volume) -> None:
    found = coverage(real)
    assert found.cut_sides == frozenset()
    assert sorted(note.split(" ends")[0] for note in found.notes) == ["The left hip", "The right hip"]


def test_the_real_map_cropped_to_one_side(real: Volume) -> None:
    # The file's first axis runs from left to right.
    shape = real.values.shape
    left_half = coverage(cropped(real, (0, 0, 0), (60, shape[1], shape[2])))
    right_half = coverage(cropped(real, (60, 0, 0), shape))
    assert "right" in left_half.cut_sides
    assert "left" not in left_half.cut_sides
    assert "left" in right_half.cut_sides
