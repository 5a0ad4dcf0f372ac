"""Load cases: signs, superposition, balance, supports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nutation.anatomy.pelvis import HIP_OF
from nutation.record.errors import InputError
from nutation.stability.loads import (
    DIRECTIONS,
    MOMENT_AXIS,
    UNIT_LOADS,
    compression_cases,
    load_axes,
    missing_support,
    moment_cases,
    spread_wrench,
    unit_coefficients,
)
from nutation.stability.regions import find_regions
from nutation.stability.stance import stance_cases
from stability.pelvises_made import phantom_pelvis, without_below


def test_the_endplates_axes_are_right_handed_and_its_own() -> None:
    pelvis = phantom_pelvis()
    axes = load_axes(pelvis)
    assert axes.rotation.T @ axes.rotation == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes.rotation) == pytest.approx(1.0)
    assert axes.rotation[0, 0] > 0.99, "x to the left"
    assert axes.rotation[1, 1] > 0, "y backwards"
    assert axes.rotation[:, 2] == pytest.approx(pelvis.directions["s1_endplate_normal"])


@pytest.mark.parametrize(
    ("direction", "at", "moves"),
    [
        # A small turn about the endplate's centre moves a place at r by turn x r. In the endplate's axes (left, back,
        # up): the promontory lies in front, (0, -1, 0); flexion takes it down, extension up.
        ("flexion", (0, -1, 0), (0, 0, -1)),
        ("extension", (0, -1, 0), (0, 0, 1)),
        # What lies above leans to the side of the bend.
        ("bending_left", (0, 0, 1), (1, 0, 0)),
        ("bending_right", (0, 0, 1), (-1, 0, 0)),
        # The front turns to the side of the rotation.
        ("rotation_left", (0, -1, 0), (1, 0, 0)),
        ("rotation_right", (0, -1, 0), (-1, 0, 0)),
    ],
)
def test_signs(direction: str, at: tuple[int, ...], moves: tuple[int, ...]) -> None:
    case = next(one for one in moment_cases(moments_nm=[10], followers_n=[0]) if one.direction == direction)
    assert np.cross(case.coefficients[3:], at) / 10_000 == pytest.approx(np.array(moves))


def test_moments_come_at_every_published_size_with_and_without_follower() -> None:
    cases = moment_cases()
    assert len(cases) == 6 * 3 * 2
    assert len({case.id for case in cases}) == len(cases)
    assert {case.direction for case in cases} == set(MOMENT_AXIS)
    matrix = unit_coefficients(cases)
    assert matrix.shape == (36, len(UNIT_LOADS))
    assert set(np.abs(matrix[:, 3:]).max(axis=1)) == {7500.0, 10_000.0, 12_500.0}
    assert set(matrix[:, 2]) == {0.0, -400.0}, "the follower load presses down along the normal"
    assert not matrix[:, :2].any()


def test_compression_is_upright_and_bends_the_tilted_sacrum_forwards() -> None:
    axes = load_axes(phantom_pelvis())
    low, high = compression_cases(axes)
    force, moment = axes.in_frame(low.coefficients)
    assert force == pytest.approx([0, 0, -600])
    assert moment == pytest.approx([0, 0, 0], abs=1e-9)
    assert high.coefficients == pytest.approx(low.coefficients * 10 / 6)
    assert low.coefficients[1] < 0, "along a plate that slopes forwards, weight pushes forwards"


def test_every_direction_has_words() -> None:
    pelvis = phantom_pelvis()
    axes = load_axes(pelvis)
    cases = (*moment_cases(), *compression_cases(axes), *stance_cases(find_regions(pelvis)))
    assert {case.direction for case in cases} == set(DIRECTIONS)
    assert all(case.label.startswith(DIRECTIONS[case.direction]) for case in cases)


def test_a_support_that_is_cut_off_says_so() -> None:
    regions = find_regions(without_below(phantom_pelvis(), HIP_OF["right"], -120.0))
    assert "tuberosity right" in missing_support("ischia", regions)
    assert missing_support("acetabula", regions) == ""
    assert missing_support("ilium_left", regions) == ""


def test_without_an_endplate_nothing_can_be_loaded() -> None:
    with pytest.raises(InputError, match="endplate of S1"):
        load_axes(replace(phantom_pelvis(), landmarks={}))


def test_a_spread_wrench_sums_to_itself() -> None:
    plate = find_regions(phantom_pelvis()).surfaces["s1_endplate"]
    axes = load_axes(phantom_pelvis())
    rng = np.random.default_rng(5)
    force, moment = rng.normal(size=3) * 100, rng.normal(size=3) * 5000
    forces = spread_wrench(plate.points_mm, plate.weights_mm2, axes.origin_mm, force, moment)
    assert forces.sum(axis=0) == pytest.approx(force)
    assert np.cross(plate.points_mm - axes.origin_mm, forces).sum(axis=0) == pytest.approx(moment)


def test_points_on_a_line_carry_no_moment() -> None:
    line = np.outer(np.arange(5.0), [1.0, 2.0, 0.0])
    with pytest.raises(InputError, match="line"):
        spread_wrench(line, np.ones(5), np.zeros(3), np.zeros(3), np.array([1.0, 0, 0]))
