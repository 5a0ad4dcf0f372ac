"""A surgeon's own edit: the same checks as the plan's, verdict and spacing anew, what is wrong in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Pose
from nutation.planning.catalogue import packaged_catalogue
from nutation.planning.clearance import clearance
from nutation.planning.make import PlanMade, make_plan
from nutation.planning.move import Bench, bench, bench_of
from nutation.planning.purchase import purchase
from nutation.record.errors import InputError
from planning.construct_world import pelvis_of_phantom

COARSE_MM = 2.0


@pytest.fixture(scope="module")
def made() -> PlanMade:
    return make_plan(pelvis_of_phantom(COARSE_MM), "left", simulations=1000)


@pytest.fixture(scope="module")
def table(made: PlanMade) -> Bench:
    return bench(made, pelvis_of_phantom(COARSE_MM))


def test_unmoved_is_what_the_plan_says(made: PlanMade, table: Bench) -> None:
    planned = made.plan.implants[0]
    again = table.move(made.plan, 0, planned.implant.pose, simulations=1000)
    assert again.clearance == planned.clearance
    assert again.purchase.sacrum_mm == planned.purchase.sacrum_mm
    assert again.envelope_mm == planned.envelope_mm
    assert again.margin.overall.over_2mm == pytest.approx(planned.margin.overall.over_2mm, abs=0.06)
    assert again.warnings == planned.warnings


def test_moved_forwards_loses_clearance_in_front(made: PlanMade, table: Bench) -> None:
    """Moved 6 mm to the front, the clearance to the sacrum's front falls by about as much, and the margin with it."""
    before = made.plan.implants[0]
    pose = before.implant.pose
    after = table.move(made.plan, 0, Pose(pose.entry_mm + np.array([0.0, -6.0, 0.0]), pose.direction))
    lost = before.clearance.by_structure_mm["anterior_sacrum"] - after.clearance.by_structure_mm["anterior_sacrum"]
    assert 2.5 < lost < 6.5
    assert after.margin.overall.any > before.margin.overall.any
    pelvis = pelvis_of_phantom(COARSE_MM)
    expected = Implant(before.implant.size, Pose(pose.entry_mm + np.array([0.0, -6.0, 0.0]), pose.direction))
    assert after.clearance == clearance(table.boundary, expected), "the code that made the plan judges the edit"
    assert after.purchase.ilium_mm == purchase(pelvis, "left", expected).ilium_mm


def test_beyond_the_boundary_is_no_plan_and_says_where(made: PlanMade, table: Bench) -> None:
    pose = made.plan.implants[0].implant.pose
    plan = table.moved(made.plan, 0, Pose(pose.entry_mm + np.array([0.0, -20.0, 0.0]), pose.direction))
    assert plan.verdict == "no_plan_within_limit"
    assert "beyond the" in plan.reason
    assert plan.implants[0].envelope_mm == 0
    assert not any(name.startswith("construct_") for name in plan.numbers), "those were the construct's before"
    assert plan.implants[1:] == made.plan.implants[1:]


def test_two_implants_in_one_place_meet(made: PlanMade, table: Bench) -> None:
    plan = table.moved(made.plan, 0, made.plan.implants[1].implant.pose)
    assert plan.verdict == "no_plan_within_limit"
    assert "middle implant" in plan.reason
    assert plan.spacing_mm[0] == pytest.approx(0, abs=0.5)


def test_another_length_and_a_miss_of_the_joint(made: PlanMade, table: Bench) -> None:
    short = packaged_catalogue().size("ifuse-7x30")
    pose = made.plan.implants[0].implant.pose
    assert table.move(made.plan, 0, pose, short).implant.size.length_mm == 30
    out = table.move(made.plan, 0, Pose(pose.entry_mm - 25 * pose.direction, pose.direction), short)
    assert out.purchase.crossing_mm is None
    assert any("does not cross the joint" in said for said in out.warnings)
    assert out.margin.joint_missed > 0.95


def test_a_direction_is_scaled_and_nonsense_refused(made: PlanMade, table: Bench) -> None:
    pose = made.plan.implants[0].implant.pose
    moved = table.move(made.plan, 0, Pose(pose.entry_mm, 5 * pose.direction))
    assert np.linalg.norm(moved.implant.pose.direction) == pytest.approx(1)
    for bad in (Pose(pose.entry_mm, np.zeros(3)), Pose(np.array([np.nan, 0, 0]), pose.direction)):
        with pytest.raises(InputError, match="no point or direction"):
            table.move(made.plan, 0, bad)


def test_a_bench_from_its_parts_judges_alike(made: PlanMade, table: Bench) -> None:
    assert made.boundary is not None
    other = bench_of(pelvis_of_phantom(COARSE_MM), made.boundary, made.error)
    pose = made.plan.implants[2].implant.pose
    assert other.move(made.plan, 2, pose).margin == table.move(made.plan, 2, pose).margin
    with pytest.raises(InputError, match="nothing to move"):
        bench(replace(made, boundary=None), pelvis_of_phantom(COARSE_MM))
