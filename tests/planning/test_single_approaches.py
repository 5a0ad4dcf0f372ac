"""The approaches with one implant, each asked for a plan on the phantom: where it enters, which way, at what level."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nutation.anatomy.pelvis import LEFT_GAP, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.solids import surface_points
from nutation.planning.boundary_structures import midline_mm
from nutation.planning.make import PlanMade, make_plan
from nutation.planning.margin_kernels import codes_along
from nutation.planning.plan import PlannedImplant
from planning.construct_world import pelvis_of_phantom

VOXEL_MM = 2.0
FEW = 800
ACROSS_DEG = 20.0
"""Published ideal S2-alar-iliac paths: 31.3° down, 42.4° out; their frame was not seen, so a cone about them."""


@cache
def made(approach: str, error: str) -> PlanMade:
    return make_plan(pelvis_of_phantom(VOXEL_MM), "left", approach=approach, error=error, simulations=FEW)


def only(approach: str, error: str) -> PlannedImplant:
    (one,) = made(approach, error).plan.implants
    return one


def codes(one: PlannedImplant) -> np.ndarray:
    """The labels along the axis, every half millimetre."""
    pelvis, implant = pelvis_of_phantom(VOXEL_MM), one.implant
    return codes_along(
        pelvis.labels, pelvis.low_mm, pelvis.spacing_mm, implant.pose.entry_mm, implant.pose.direction,
        implant.size.length_mm, 0.5,
    )  # fmt: skip


@pytest.mark.parametrize("error", ["fluoroscopy", "robot"])
def test_a_graft_lies_in_the_joint_from_behind(error: str) -> None:
    """12 mm wide in a gap of 2.6 mm: its axis lies in the gap, and so it is pressed into both bones."""
    plan = made("posterior", error).plan
    assert (plan.verdict, plan.reason) == ("planned", "")
    one = only("posterior", error)
    assert one.clearance.least_mm >= 0
    assert one.implant.pose.direction[1] < -0.6, "from behind forwards"
    assert one.implant.pose.direction[0] > 0, "and outwards, as a left joint runs"
    pelvis = pelvis_of_phantom(VOXEL_MM)
    assert np.linalg.norm(pelvis.joints["left"].points_mm - one.implant.tip_mm, axis=1).min() < 4
    assert (codes(one) == LEFT_GAP).mean() > 0.6
    surface = np.round(pelvis.index(surface_points(one.implant, 1.0))).astype(int)
    held = pelvis.labels[tuple(surface.T)]
    assert (held == SACRUM).mean() > 0.15, "bone on both sides"
    assert (held == LEFT_HIP).mean() > 0.15


def test_an_s2_alar_iliac_screw_starts_in_s2_and_ends_in_the_ilium() -> None:
    one = only("s2ai", "robot")
    assert made("s2ai", "robot").plan.verdict == "planned"
    assert one.level == "s2", "told by where it starts: its tip lies beside S1 or lower, in the ilium"
    pelvis = pelvis_of_phantom(VOXEL_MM)
    bones = [code for code in codes(one) if code in (SACRUM, LEFT_GAP, LEFT_HIP)]
    order = [code for i, code in enumerate(bones) if i == 0 or code != bones[i - 1]]
    assert order[:3] == [SACRUM, LEFT_GAP, LEFT_HIP]
    assert SACRUM not in order[1:]
    assert one.purchase.sacrum_mm > 15, "not beside the joint"
    assert one.purchase.ilium_mm >= 25
    entry = one.implant.pose.entry_mm
    assert 5 < entry[0] - midline_mm(pelvis) < 35, "lateral to the S2 body, medial to the joint"
    assert entry[1] > pelvis.levels.bands["s2"].centre_mm[1], "from behind"
    nominal = made("s2ai", "robot").boundary.approach.direction("left")  # pyright: ignore[reportOptionalMemberAccess]
    angle = np.degrees(np.arccos(one.implant.pose.direction @ nominal))
    assert angle <= ACROSS_DEG + 0.1
    assert one.clearance.least_mm >= 0


@pytest.mark.slow
def test_the_far_side_is_crossed_and_no_breach() -> None:
    """With a robot's error it is planned; with fluoroscopy 150 mm of screw leave the limit, at sacrum or ilium."""
    one = only("transsacral", "robot")
    assert made("transsacral", "robot").plan.verdict == "planned"
    assert one.clearance.least_mm > 0
    assert "far_side" not in one.clearance.by_structure_mm
    assert "far_side" not in one.margin.by_structure
    along = codes(one)
    assert {LEFT_HIP, SACRUM, RIGHT_HIP} <= set(along.tolist())
    assert along[-1] == 0, "its tip stands out of the far table"
    assert one.level in ("s1", "s2")
    by_hand = made("transsacral", "fluoroscopy").plan
    assert by_hand.verdict == "no_plan_within_limit"
    assert "simulated executions" in by_hand.reason
    assert "far side" not in by_hand.reason
