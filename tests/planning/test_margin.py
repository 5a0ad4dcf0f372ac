"""Margin under execution error against cases that have an answer on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import LEFT_GAP, LEFT_HIP, SACRUM
from nutation.planning.execution import Draws, ErrorModel, draw
from nutation.planning.margin import breach, executed_in, together
from nutation.planning.margin_fields import Fields
from nutation.planning.margin_kernels import cylinder_clearance

H = 1.0
LOW = np.array([-80.0, -40.0, -40.0])
SHAPE = (160, 80, 80)
LENGTH, RADIUS = 50.0, 3.5
SIZE = Size("t", "test", "circle", 2 * RADIUS, LENGTH)
# inwards along -x from x = 30: ilium down to 10, joint to 6, then sacrum
POSE = Pose(np.array([30.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0]))


def grid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(LOW[a] + H * np.arange(n) for a, n in enumerate(SHAPE))  # type: ignore[return-value]


def half_spaces(**planes: float) -> Fields:
    """A floor at z = -`floor` and a wall at x = -`wall`: distances to both are exact on the grid."""
    x, _, z = np.meshgrid(*grid(), indexing="ij")
    made = {"canal": z + planes["floor"], "far_side": x + planes["wall"]}
    values = np.stack([made[name] for name in made]).astype(np.float32)
    return Fields(tuple(made), values, values.min(axis=0), LOW, H, frozenset({"s1_foramen"}))  # type: ignore[arg-type]


def labels() -> np.ndarray:
    x = np.meshgrid(*grid(), indexing="ij")[0]
    return np.where(x > 10, LEFT_HIP, np.where(x > 6, LEFT_GAP, SACRUM)).astype(np.uint8)


def model(position: float, angle: float, **more: object) -> ErrorModel:
    return ErrorModel("test", position, angle, 0.5, None, "none", "unverified", **more)  # type: ignore[arg-type]


def depths(fields: Fields, error: ErrorModel, n: int = 20000, implants: int = 1) -> tuple[np.ndarray, np.ndarray]:
    placed = tuple(Implant(SIZE, POSE) for _ in range(implants))
    return executed_in(fields, labels(), LOW, H, placed, draw(error, implants, n, 7))


def within(share: float, expected: float, n: int) -> bool:
    """Within four Monte Carlo errors of the answer."""
    return abs(share - expected) < 4 * math.sqrt(max(expected * (1 - expected), 1e-4) / n) + 1e-3


def test_displacement_over_a_floor_is_the_normal_distribution() -> None:
    """A cylinder 3 mm above the floor, moved by a normal displacement of 2 mm an axis and not tilted: its depth below
    the floor exceeds g where the vertical part is below -(3 + g)."""
    fields = half_spaces(floor=RADIUS + 3.0, wall=200.0)
    depth, _ = depths(fields, model(2.0, 0.0))
    for grade in (0.0, 2.0, 4.0):
        assert within(float((depth[:, 0, 0] > grade).mean()), float(norm.cdf(-(3.0 + grade) / 2.0)), 20000)


def test_axial_displacement_towards_a_wall() -> None:
    """The flat tip lies 4 mm before a wall square to the axis: only the displacement along the axis counts, and the
    whole 4 mm of it (a rounded end would lose its radius)."""
    fields = half_spaces(floor=200.0, wall=LENGTH - 30.0 + 4.0)
    depth, _ = depths(fields, model(3.0, 0.0))
    for grade in (0.0, 2.0, 4.0):
        assert within(float((depth[:, 0, 1] > grade).mean()), float(norm.cdf(-(4.0 + grade) / 3.0)), 20000)


def test_tilt_about_the_entry() -> None:
    """Tilted by a (normal, 4°) in the vertical plane, the lower rim of the tip lies at h - L sin a - r cos a with
    h = r + 3; it breaches beyond the angle where that is 0. The other tilt only turns it level."""
    fields = half_spaces(floor=RADIUS + 3.0, wall=200.0)
    depth, _ = depths(fields, model(0.0, 4.0))
    angles = np.linspace(0, 0.5, 50001)
    for grade in (0.0, 2.0):
        low = RADIUS + 3.0 - LENGTH * np.sin(angles) - RADIUS * np.cos(angles)
        needed = math.degrees(float(angles[np.argmax(low < -grade)]))
        assert within(float((depth[:, 0, 0] > grade).mean()), float(norm.cdf(-needed / 4.0)), 20000)


def test_tilt_about_the_tip_moves_the_entry() -> None:
    fields = half_spaces(floor=200.0, wall=LENGTH - 30.0 + 1.0)
    depth, _ = depths(fields, model(0.0, 4.0, pivot="tip"), n=2000)
    # the tip's middle stays 1 mm before the wall; its rim advances by r sin a, which reaches 1 mm at 16.6°
    assert float((depth[:, 0, 1] > 0).mean()) < 0.005


def test_shared_error_leaves_one_implant_alone_and_joins_several() -> None:
    """The marginal of one implant does not depend on the shared part. Nothing shared: two implants together breach
    with 1 - (1 - p)²; everything shared: with p."""
    fields = half_spaces(floor=RADIUS + 3.0, wall=200.0)
    p = float(norm.cdf(-1.5))
    for share, expected in ((0.0, 1 - (1 - p) ** 2), (1.0, p)):
        error = ErrorModel("test", 2.0, 0.0, share, None, "none", "unverified")
        depth, missed = depths(fields, error, implants=2)
        assert within(float((depth[:, 1, 0] > 0).mean()), p, 20000)
        assert within(together(depth, missed)["any"], expected, 20000)


def test_bias_is_shared_and_of_fixed_size() -> None:
    error = model(0.0, 0.0, position_bias_mm=4.0, angle_bias_deg=3.0)
    drawn = draw(error, 3, 500, 1)
    assert np.allclose(np.linalg.norm(drawn.displacement_mm, axis=2), 4.0)
    assert np.allclose(np.rad2deg(np.linalg.norm(drawn.tilt_rad, axis=2)), 3.0)
    assert np.allclose(drawn.displacement_mm[:, 0], drawn.displacement_mm[:, 2])


def test_joint_missed_where_the_axis_does_not_reach_the_sacrum() -> None:
    """Moved outwards by more than 26 mm (30 - 50 = -20 is the tip; the sacrum begins at 6) it ends in the joint."""
    moved = np.zeros((3, 1, 3))
    moved[:, 0, 0] = [0.0, 25.0, 27.0]
    fields = half_spaces(floor=30.0, wall=200.0)
    _, missed = executed_in(
        fields, labels(), LOW, H, (Implant(SIZE, POSE),), Draws(moved, np.zeros((3, 1, 2)), "entry")
    )
    assert missed[:, 0].tolist() == [False, False, True]


def test_without_error_the_depth_is_the_clearance() -> None:
    fields = half_spaces(floor=RADIUS + 3.0, wall=LENGTH - 30.0 + 4.0)
    assert fields.clearances((Implant(SIZE, POSE),))[0] == pytest.approx([3.0, 4.0], abs=1e-3)
    assert cylinder_clearance(
        fields.values[0], LOW, H, POSE.entry_mm, POSE.direction, LENGTH, 8.5, -1e9
    ) == pytest.approx(-2)


def test_same_seed_same_margin() -> None:
    fields = half_spaces(floor=RADIUS + 3.0, wall=200.0)
    one, other = depths(fields, model(2.0, 2.0), n=500)[0], depths(fields, model(2.0, 2.0), n=500)[0]
    assert np.array_equal(one, other)


def test_breach_counts_deeper_than_each_grade_with_its_error() -> None:
    found = breach(np.array([0.0, 0.0, 1.0, 2.0, 3.0, 5.0, 0.0, 0.0]))
    assert (found.any, found.over_2mm, found.over_4mm) == (0.5, 0.25, 0.125)
    assert found.se_over_2mm == pytest.approx(math.sqrt(0.25 * 0.75 / 8))
