"""The construct on the phantom: levels, spacing, clearances and lengths that follow from what is asked for."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from nutation.anatomy.pelvis import Joint
from nutation.evidence import load
from nutation.planning.approaches import approach_of
from nutation.planning.boundary import Boundary, forbidden_boundary
from nutation.planning.catalogue import packaged_catalogue
from nutation.planning.clearance import clearance
from nutation.planning.construct import Found, choose, preferences
from nutation.planning.construct_sets import apart
from nutation.planning.construct_way import cone, edge_distances, level_of, thinned, way_across
from nutation.planning.execution import ErrorModel, error_model
from nutation.planning.margin_fields import Fields, bone_fields
from nutation.planning.purchase import purchase
from planning.construct_world import pelvis_of_phantom

COARSE_MM = 2.0


@pytest.fixture(scope="module")
def boundary() -> Boundary:
    return forbidden_boundary(pelvis_of_phantom(COARSE_MM), "left", "lateral")


@pytest.fixture(scope="module")
def bone(boundary: Boundary) -> Fields:
    return bone_fields(boundary)


def chosen(bone: Fields, error: ErrorModel, count: int = 3, limit: float = 0.23) -> tuple[Found, ...]:
    pelvis, lateral = pelvis_of_phantom(COARSE_MM), approach_of("lateral")
    way = way_across(pelvis, "left", lateral, count)
    sizes = packaged_catalogue().for_approach("lateral")
    return choose(bone, pelvis, way, sizes, error, preferences(load(), limit, lateral.least_depth_mm), seed=1)


@pytest.fixture(scope="module")
def lateral(bone: Fields) -> tuple[Found, ...]:
    return chosen(bone, error_model("fluoroscopy"))


def test_three_implants_from_cranial_to_caudal_within_the_limit(lateral: tuple[Found, ...]) -> None:
    best = lateral[0]
    assert best.within
    assert len(best.implants) == 3
    assert max(best.over_grade) <= 0.23
    pelvis = pelvis_of_phantom(COARSE_MM)
    assert level_of(pelvis.levels, best.implants[0].tip_mm) == "s1", "the superior one ends in S1"
    heights = (best.crossings_mm - pelvis.levels.bands["s1"].centre_mm) @ pelvis.levels.bands["s1"].axis
    assert list(heights) == sorted(heights, reverse=True)


def test_no_offered_construct_breaches_as_planned_and_implants_keep_apart(
    lateral: tuple[Found, ...], boundary: Boundary
) -> None:
    least = load().entry("implant_gap").number("between_surfaces_mm")
    for found in lateral:
        for one in found.implants:
            assert clearance(boundary, one).least_mm >= 0
        for one, other in combinations(found.implants, 2):
            axes = apart(
                one.pose.entry_mm, one.pose.direction, one.size.length_mm,
                other.pose.entry_mm, other.pose.direction, other.size.length_mm,
            )  # fmt: skip
            assert axes - one.size.diameter_mm >= least - 1e-6


def test_every_implant_crosses_the_joint_inside_its_edge_and_holds_in_the_sacrum(lateral: tuple[Found, ...]) -> None:
    pelvis = pelvis_of_phantom(COARSE_MM)
    joint = pelvis.joints["left"]
    edge = edge_distances(joint)
    for one in lateral[0].implants:
        held = purchase(pelvis, "left", one)
        assert held.crossing_mm is not None
        nearest = int(np.argmin(np.linalg.norm(joint.points_mm - held.crossing_mm, axis=1)))
        assert edge[nearest] >= one.size.diameter_mm / 2
        assert held.sacrum_mm >= approach_of("lateral").least_depth_mm - 1
        assert held.ilium_mm > 5


def test_a_larger_error_buys_clearance_with_purchase(bone: Fields, lateral: tuple[Found, ...]) -> None:
    """Chosen for margin: under the robot's error the same pelvis takes longer implants than under fluoroscopy's, and
    each choice is worth more than the other under its own error."""
    pelvis = pelvis_of_phantom(COARSE_MM)
    robot = chosen(bone, error_model("robot"))[0]
    held = [sum(purchase(pelvis, "left", one).sacrum_mm for one in found.implants) for found in (robot, lateral[0])]
    assert held[0] > held[1]
    assert max(robot.over_grade) < max(lateral[0].over_grade) + 0.02


def test_the_same_seed_gives_the_same_construct(bone: Fields, lateral: tuple[Found, ...]) -> None:
    again = chosen(bone, error_model("fluoroscopy"))[0]
    for one, other in zip(again.implants, lateral[0].implants, strict=True):
        assert one.size == other.size
        assert np.array_equal(one.pose.entry_mm, other.pose.entry_mm)


def test_two_implants_are_an_option(bone: Fields) -> None:
    best = chosen(bone, error_model("fluoroscopy"), count=2)[0]
    assert len(best.implants) == 2


def test_foreseen_risk_is_near_the_simulated(bone: Fields, lateral: tuple[Found, ...]) -> None:
    """What steers the search is no substitute for simulation, but it must not lie: within 0.08 of it."""
    from nutation.planning.construct import TRIALS, _simulated  # pyright: ignore[reportPrivateUsage]
    from nutation.planning.execution import draw

    wanted = preferences(load(), 0.23, 10.0)
    drawn = draw(error_model("fluoroscopy"), 3, TRIALS, 9)
    again = _simulated(bone, pelvis_of_phantom(COARSE_MM), lateral[0], drawn, wanted)
    assert np.abs(np.array(again.over_grade) - np.array(lateral[0].over_grade)).max() < 0.03


def test_cone_covers_its_angle_evenly() -> None:
    axis = np.array([0.0, 0.6, 0.8])
    directions = cone(axis, 30, 4)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    angles = np.degrees(np.arccos(directions @ axis))
    assert angles.max() <= 30
    # equal areas: half of them lie within the cone of half the area, cos a = (1 + cos 30°) / 2
    half = np.degrees(np.arccos((1 + np.cos(np.radians(30))) / 2))
    assert (angles < half).mean() == pytest.approx(0.5, abs=0.02)


def test_edge_of_a_flat_disc_is_its_radius_less_the_way_out() -> None:
    y, z = np.meshgrid(np.arange(-20, 21.0), np.arange(-20, 21.0), indexing="ij")
    inside = y**2 + z**2 <= 20**2
    points = np.stack([np.zeros(inside.sum()), y[inside], z[inside]], axis=1)
    normals = np.tile([1.0, 0, 0], (len(points), 1))
    joint = Joint("left", points, normals, np.ones(len(points)), 1256.0, np.zeros(3), normals[0], False, 0.0)
    edge = edge_distances(joint)
    radius = np.hypot(points[:, 1], points[:, 2])
    assert np.abs(edge - (20.5 - radius)).max() < 1.5
    assert len(thinned(points, 3.0)) == pytest.approx(np.pi * 400 / 9, rel=0.15)
