"""Purchase: lengths, crossing and angle on slabs whose answer is arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import LEFT_GAP, LEFT_HIP, RIGHT_HIP, SACRUM, Joint, Levels, Openings, Pelvis
from nutation.anatomy.source import Source
from nutation.anatomy.space import Frame, Grid
from nutation.planning.purchase import crossing_depth, purchase

SIZE = Size("t", "test", "circle", 7.0, 50.0)


def slabs(h: float = 0.5) -> Pelvis:
    """Along x: ilium from 10 to 40, joint from 7 to 10, sacrum from -40 to 7; 600 HU in ilium, 200 in sacrum."""
    shape = (int(100 / h) + 1, int(40 / h) + 1, int(40 / h) + 1)
    low = np.array([-50.0, -20.0, -20.0])
    x = low[0] + h * np.arange(shape[0])
    code = np.where((x > 10) & (x <= 40), LEFT_HIP, np.where((x > 7) & (x <= 10), LEFT_GAP, SACRUM))
    code[(x > 40) | (x < -40)] = 0
    labels = np.broadcast_to(code[:, None, None], shape).astype(np.uint8).copy()
    hu = np.where(labels == LEFT_HIP, 600, np.where(labels == SACRUM, 200, 0)).astype(np.float32)
    y, z = np.meshgrid(np.arange(-15, 16.0), np.arange(-15, 16.0), indexing="ij")
    points = np.stack([np.full(y.size, 8.5), y.ravel(), z.ravel()], axis=1)
    normals = np.tile([1.0, 0.0, 0.0], (len(points), 1))
    joint = Joint("left", points, normals, np.full(len(points), 3.0), 900.0, points.mean(0), normals[0], False, 0.0)
    return Pelvis(
        Frame(np.eye(3), np.zeros(3)), Grid(shape, np.full(3, h), low, np.eye(3)), labels, hu,
        Openings(np.zeros_like(labels), frozenset()), Levels({}), {"left": joint}, {}, {}, {}, Source((), "unverified"),
    )  # fmt: skip


def test_straight_across() -> None:
    """From x = 43 inwards 50 mm: 3 mm stand out, 30 in ilium, 3 in the joint, 14 in sacrum; crossing at 8.5, square."""
    found = purchase(slabs(), "left", Implant(SIZE, Pose(np.array([43.0, 0, 0]), np.array([-1.0, 0, 0]))))
    assert found.ilium_mm == pytest.approx(30, abs=0.5)
    assert found.sacrum_mm == pytest.approx(14, abs=0.5)
    assert found.crossing_mm is not None
    assert found.crossing_mm[0] == pytest.approx(8.5, abs=0.4)
    assert found.crossing_angle_deg == pytest.approx(0, abs=0.1)
    assert found.mean_hu is not None
    assert found.mean_hu["ilium"] == pytest.approx(600, rel=0.05)
    assert found.mean_hu["sacrum"] == pytest.approx(200, rel=0.05)


def test_oblique_by_thirty_degrees() -> None:
    """Every length along the axis grows by 1 / cos 30°; the angle to the joint's normal is 30°."""
    direction = np.array([-math.cos(math.radians(30)), 0, math.sin(math.radians(30))])
    start = np.array([8.5, 0, 0]) - 40 * direction
    found = purchase(slabs(), "left", Implant(SIZE, Pose(start, direction)))
    assert found.crossing_angle_deg == pytest.approx(30, abs=0.5)
    assert found.ilium_mm == pytest.approx(30 / math.cos(math.radians(30)), abs=0.6)


def test_without_ct_and_without_crossing() -> None:
    """An axis that stays in the ilium holds nothing in the sacrum and crosses nothing."""
    pelvis = slabs()
    outside = Implant(Size("t", "test", "circle", 7.0, 30.0), Pose(np.array([25.0, -15, 0]), np.array([0.0, 1, 0])))
    found = purchase(pelvis, "left", outside)
    assert (found.sacrum_mm, found.crossing_mm, found.crossing_angle_deg) == (0.0, None, None)


@pytest.mark.parametrize(
    ("codes", "depth"),
    [
        ([LEFT_HIP] * 4 + [LEFT_GAP] * 2 + [SACRUM] * 3, 4.5),
        ([SACRUM] * 3 + [LEFT_GAP] * 2 + [LEFT_HIP] * 3, 3.5),  # from the sacrum outwards, as S2-alar-iliac
        ([LEFT_HIP] * 4 + [0] * 2 + [SACRUM] * 3, None),  # ligaments, not the joint
        ([LEFT_HIP] * 2 + [LEFT_GAP] * 2 + [LEFT_HIP] * 2, None),  # in and out again
        ([RIGHT_HIP] * 2 + [LEFT_GAP] * 2 + [SACRUM] * 2, None),
        ([LEFT_GAP] * 3 + [SACRUM] * 3, None),
    ],
)
def test_crossing_is_joint_between_both_bones(codes: list[int], depth: float | None) -> None:
    assert crossing_depth(np.array(codes, np.uint8), "left") == depth
