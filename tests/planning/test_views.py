"""The views of the phantom, whose notches, walls and foramina are known, and of pelvises that lack some of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import CANAL, FORAMINA, Levels, Openings
from nutation.anatomy.space import Floats, Frame, unit
from nutation.evidence import load
from nutation.planning.fluoroscopy import CArm, aimed
from nutation.planning.views import DOCUMENT, View, angles_of, missing_views, views_of, with_pixels
from nutation.planning.views_find import UP, beam_from, tilt_and_orbit_deg
from nutation.planning.views_landmarks import points_of, sacral_wall
from nutation.planning.views_pins import pin_seen
from planning.seen_pelvis import seen_pelvis, without

ARM = CArm(source_detector_mm=1000, source_object_mm=650, detector_mm=300, pixels=256)


@pytest.fixture(scope="module")
def views() -> dict[str, View]:
    return {view.id: view for view in views_of(seen_pelvis(), "left", "lateral", arm=ARM)}


def bar(entry: Any, direction: Any, length_mm: float = 45.0) -> Implant:
    return Implant(
        Size("x", "x", "triangle", 7.0, length_mm, pin_diameter_mm=3.2),
        Pose(np.array(entry, dtype=float), unit(np.array(direction, dtype=float))),
    )


def test_angles_of_a_beam() -> None:
    """No tilt, no orbit: front to back. Orbit 90: detector on the left. Tilt: detector towards the head."""
    assert beam_from(0, 0) == pytest.approx([0, 1, 0])
    assert beam_from(0, 90) == pytest.approx([1, 0, 0])
    assert beam_from(30, 0) == pytest.approx([0, np.cos(np.pi / 6), 0.5])
    for tilt, orbit in ((12.0, -40.0), (-55.0, 3.0), (5.0, 88.0)):
        assert tilt_and_orbit_deg(beam_from(tilt, orbit)) == pytest.approx((tilt, orbit))


def test_the_lateral_of_a_symmetric_pelvis_is_square_to_it(views: dict[str, View]) -> None:
    """Left and right are mirror images: the beam runs straight across, and nothing is left apart."""
    angles = views["lateral"].angles
    assert angles.pelvic_tilt_deg == pytest.approx(0, abs=0.5)
    assert angles.pelvic_orbit_deg == pytest.approx(90, abs=0.5)
    assert [one.apart_mm for one in views["lateral"].coincidences] == pytest.approx([0, 0], abs=0.5)


@pytest.mark.parametrize("turn_deg", [6.0, -4.0])
def test_the_lateral_follows_bones_that_lie_turned(turn_deg: float) -> None:
    """The frame turned by an angle about the upright axis: the bones' left lies at 90 degrees less or more in it.

    x of the bones in the turned frame is (cos t, -sin t, 0): an orbit of atan2(cos t, -sin t) = 90 + t degrees.
    """
    view = views_of(seen_pelvis(turn_deg=turn_deg), "left", "lateral", arm=ARM)[0]
    assert view.angles.pelvic_orbit_deg == pytest.approx(90 + turn_deg, abs=1.0)
    # Against the scanner's table the bones never moved.
    assert view.angles.as_scanned_orbit_deg == pytest.approx(90, abs=1.0)


def test_the_right_side_is_seen_from_the_right() -> None:
    view = views_of(seen_pelvis(), "right", "lateral", arm=ARM)[0]
    assert view.angles.pelvic_orbit_deg == pytest.approx(-90, abs=0.5)
    assert "patient's right" in view.seen_from


def test_the_inlet_brings_the_walls_of_s1_and_s2_into_one_line(views: dict[str, View]) -> None:
    """On the detector the most anterior (lowest) points of both walls share a row; six degrees on, they do not."""
    pelvis, camera = seen_pelvis(), views["inlet"].camera
    walls = [cast("Floats", sacral_wall(pelvis, band)) for band in pelvis.levels.bands.values()]

    def apart(view_camera: Any) -> float:
        rows = [view_camera.project(wall)[:, 1].max() for wall in walls]
        return float(rows[0] - rows[1])

    assert apart(camera) == pytest.approx(0, abs=0.05)
    tilt = views["inlet"].angles.pelvic_tilt_deg
    target = pelvis.levels.bands["s1"].centre_mm
    assert abs(apart(aimed(target, beam_from(tilt + 6, 0), UP, ARM))) > 0.5
    assert (
        apart(aimed(target, beam_from(tilt + 6, 0), UP, ARM)) * apart(aimed(target, beam_from(tilt - 6, 0), UP, ARM))
        < 0
    )


def test_the_inlet_lies_between_the_two_bodies_own(views: dict[str, View]) -> None:
    """Detector towards the feet, by an angle between S1's own wall's and S2's (a bent sacrum has two).

    The walls lie some 15 mm in front of the central ray, whose angle is told: atan(15 / 650), 1.3 degrees, beside it.
    """
    view = views["inlet"]
    own = sorted((view.numbers["s1_alone_deg"], view.numbers["s2_alone_deg"]))
    assert own[0] - 2 <= -view.angles.pelvic_tilt_deg <= own[1] + 2
    assert view.angles.pelvic_orbit_deg == 0


def test_the_outlet_lays_the_symphysis_on_s2(views: dict[str, View]) -> None:
    pelvis, camera = seen_pelvis(), views["outlet"].camera
    s2 = np.mean(
        [points_of(pelvis, pelvis.openings.labels == FORAMINA[f"s2_foramen_{side}"]).mean(axis=0)
         for side in ("left", "right")], axis=0,
    )  # fmt: skip
    both = camera.project(np.stack([pelvis.landmarks["pubis_top"], s2]))
    assert both[0] == pytest.approx(both[1], abs=0.5)
    assert views["outlet"].angles.pelvic_tilt_deg > 0
    assert views["outlet"].fallback == ""


def test_without_a_symphysis_the_outlet_stands_square_to_the_sacrum_and_says_so() -> None:
    """The phantom's S1 and S2 bodies lie along one straight axis, which leans forwards by the sacral slope."""
    pelvis = without(seen_pelvis(), "pubis", "pubis_top")
    view = next(v for v in views_of(pelvis, "left", "lateral", arm=ARM) if v.id == "outlet")
    assert "symphysis is not in the image" in view.fallback
    axis = pelvis.levels.bands["s1"].axis
    assert view.camera.beam @ axis == pytest.approx(0, abs=np.sin(np.deg2rad(6)))


def test_angles_are_ranges_and_follow_the_scanner() -> None:
    """A pelvis that lay tilted by 10 degrees in the scanner: against the table the beam differs by that, and the range
    to expect prone spans twice the evidence's figure about it.
    """
    pelvis = seen_pelvis()
    tilt = np.deg2rad(10)
    rotation = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    lying = replace(pelvis, frame=Frame(rotation, np.zeros(3)))
    angles = angles_of(beam_from(-25, 0), lying)
    assert angles.pelvic_tilt_deg == pytest.approx(-25)
    assert angles.as_scanned_tilt_deg == pytest.approx(-15)
    half = load().entry("prone_tilt_change").number("range_deg")
    assert (angles.on_table_tilt.low_deg, angles.on_table_tilt.high_deg) == pytest.approx((-15 - half, -15 + half))


def test_the_beam_s_angle_to_the_endplate() -> None:
    """A beam along the endplate sees it on edge (0), one along its normal full on (90)."""
    pelvis = seen_pelvis()
    normal = pelvis.directions["s1_endplate_normal"]
    assert angles_of(normal, pelvis).endplate_deg == pytest.approx(90)
    assert angles_of(np.array([0, normal[2], -normal[1]]), pelvis).endplate_deg == pytest.approx(0, abs=1e-6)
    assert angles_of(normal, replace(pelvis, directions={})).endplate_deg is None


def test_outlines_hold_what_they_outline(views: dict[str, View]) -> None:
    """Every voxel of a foramen falls inside its outline or within two pixels of it, and reaches its edges."""
    pelvis, view = seen_pelvis(), views["outlet"]
    for name, code in (("S1 foramen left", FORAMINA["s1_foramen_left"]), ("S2 foramen right", 5)):
        line = next(line for line in view.lines if line.name == name)
        pixels = view.camera.project(points_of(pelvis, pelvis.openings.labels == code))
        assert line.forbidden
        assert line.closed
        assert np.abs(line.pixels.min(axis=0) - pixels.min(axis=0)).max() < 4
        assert np.abs(line.pixels.max(axis=0) - pixels.max(axis=0)).max() < 4


def test_the_front_edge_lies_between_canal_and_pelvis(views: dict[str, View]) -> None:
    """Downwards on an inlet is forwards: the sacrum's front edge lies below the canal, lowest in the middle."""
    lines = {line.name: line for line in views["inlet"].lines}
    edge, canal = lines["sacrum's front edge at S1"].pixels, lines["sacral canal at S1"].pixels
    assert edge[:, 1].min() > canal[:, 1].min()
    middle = edge[np.abs(edge[:, 0] - canal[:, 0].mean()).argmin(), 1]
    assert middle > canal[:, 1].max()
    assert middle == pytest.approx(edge[:, 1].max(), abs=1.5)
    assert edge[0, 1] < middle - 2  # the alar slopes fall back
    assert edge[-1, 1] < middle - 2


def test_lines_to_coincide_do(views: dict[str, View]) -> None:
    lines = {line.name: line.pixels for line in views["inlet"].lines if not line.forbidden}
    first, second = lines["S1 body's anterior wall"], lines["S2 body's anterior wall"]
    assert first[:, 1].max() == pytest.approx(second[:, 1].max(), abs=1.0)
    crosses = {line.name: line.pixels for line in views["outlet"].lines if not line.forbidden}
    assert crosses["upper symphysis"].mean(axis=0) == pytest.approx(crosses["middle of S2"].mean(axis=0), abs=0.5)


def test_what_the_input_does_not_show_is_said_and_not_drawn() -> None:
    pelvis = seen_pelvis()
    blind = replace(pelvis, openings=Openings(pelvis.openings.labels, frozenset()))
    made = {view.id: view for view in views_of(blind, "left", "lateral", arm=ARM)}
    assert not [line for line in made["outlet"].lines if "foramen" in line.name]
    assert any("does not show the S1 and S2 foramina" in warning for warning in made["outlet"].warnings)
    assert any("does not show the sacral canal" in warning for warning in made["inlet"].warnings)


def test_an_unverified_side_is_said(views: dict[str, View]) -> None:
    assert any("Left and right are not known" in warning for warning in views["lateral"].warnings)
    sure = replace(seen_pelvis(), source=replace(seen_pelvis().source, orientation="dicom"))
    assert not views_of(sure, "left", "lateral", arm=ARM)[0].warnings


def test_a_pelvis_without_levels_has_no_inlet_of_its_own() -> None:
    """No levels and no direction of the frame: the view is left out and named, not guessed."""
    bare = replace(seen_pelvis(), levels=Levels({}), directions={})
    bare = without(bare, "s1_endplate_centre", "promontory")
    assert [view.id for view in views_of(bare, "left", "lateral", arm=ARM)] == ["lateral"]
    assert set(missing_views(bare, "left", "lateral")) == {"Inlet", "Outlet"}
    with_axis = replace(seen_pelvis(), levels=Levels({}), directions={"inlet": beam_from(-30, 0)})
    inlet = next(view for view in views_of(with_axis, "left", "lateral", arm=ARM) if view.id == "inlet")
    assert "levels were not found" in inlet.fallback
    assert inlet.angles.pelvic_tilt_deg == pytest.approx(-30)


def test_the_teardrop_looks_down_the_planned_implant() -> None:
    """The last implant's axis is the beam: its pin is a dot in the middle of the image's aim."""
    pelvis = seen_pelvis()
    screw = bar([20.0, 55.0, -20.0], [0.55, -0.75, -0.35], 80.0)
    made = {view.id: view for view in views_of(pelvis, "left", "s2ai", arm=ARM, implants=(screw,))}
    assert list(made) == ["teardrop", "iliac_oblique", "inlet", "outlet"]
    assert abs(made["teardrop"].camera.beam @ screw.pose.direction) == pytest.approx(1)
    assert made["teardrop"].camera.beam[1] > 0
    assert pin_seen(made["teardrop"], pelvis, screw, "S2").end_on
    assert abs(made["iliac_oblique"].camera.beam @ screw.pose.direction) < 1e-6
    assert not pin_seen(made["iliac_oblique"], pelvis, screw, "S2").end_on


def test_the_joint_line_looks_along_the_joint() -> None:
    pelvis = seen_pelvis()
    view = views_of(pelvis, "left", "posterior", arm=ARM)[0]
    joint = pelvis.joints["left"]
    low = joint.points_mm[:, 2] < np.median(joint.points_mm[:, 2])
    along = np.abs(joint.normals[low] @ view.camera.beam)
    across = np.abs(joint.normals[low] @ unit(np.cross(view.camera.beam, UP)))
    assert along.mean() < 0.4 * across.mean()


def test_a_pin_s_place_is_told_in_words(views: dict[str, View]) -> None:
    """An implant straight across at the S1 body's height: a dot from the side, its tip 20 mm left of the middle."""
    pelvis = seen_pelvis()
    height = pelvis.levels.bands["s1"].centre_mm
    straight = bar([65.0, height[1], height[2]], [-1, 0, 0])
    lateral = pin_seen(views["lateral"], pelvis, straight, "S1 upper")
    assert lateral.end_on
    assert lateral.words.startswith("a dot, its start")
    outlet = pin_seen(views["outlet"], pelvis, straight, "S1 upper")
    assert not outlet.end_on
    assert "20 mm to the patient's left of the midline" in outlet.words
    assert "above the S1 foramen left" in outlet.words
    assert "below the upper border of the sacrum" in outlet.words
    inlet = pin_seen(views["inlet"], pelvis, straight, "S1 upper")
    assert "behind the sacrum's front edge" in inlet.words
    assert "in front of the sacral canal" in inlet.words
    assert inlet.least_mm is not None
    assert inlet.least_mm > 0


def test_pins_move_apart_on_the_image_as_they_do_in_the_pelvis(views: dict[str, View]) -> None:
    """10 mm higher in the pelvis is 10 cos(tilt) mm higher on the outlet, at the magnification there."""
    pelvis, view = seen_pelvis(), views["outlet"]
    low = pin_seen(view, pelvis, bar([60, 20, -20], [-1, 0, 0]), "a")
    high = pin_seen(view, pelvis, bar([60, 20, -10], [-1, 0, 0]), "b")
    tilt = np.deg2rad(view.angles.pelvic_tilt_deg)
    scale = view.camera.magnification(np.array([60.0, 20, -15])) / view.camera.pixel_mm
    assert low.start[1] - high.start[1] == pytest.approx(10 * np.cos(tilt) * scale, rel=0.03)


def test_fewer_pixels_show_the_same(views: dict[str, View]) -> None:
    view = views["outlet"]
    coarse = with_pixels(view, 64)
    assert coarse.camera.columns == 64
    assert (coarse.lines[-1].pixels + 0.5) * 4 - 0.5 == pytest.approx(view.lines[-1].pixels)


def test_every_approach_has_its_views() -> None:
    """Each approach that can be planned names views, each view that is named is described, with its mark."""
    plain = cast("dict[str, Any]", load().document(DOCUMENT).plain)
    known = {entry.id.removeprefix("approach_") for entry in load().entries if entry.id.startswith("approach_")}
    assert known <= set(plain["approaches"])
    ids = [view["id"] for view in plain["views"]]
    assert len(ids) == len(set(ids))
    for approach in plain["approaches"].values():
        assert set(approach["views"]) <= set(ids)
    for view in plain["views"]:
        assert view["verified"] in ("verified", "secondary", "unverified")
        assert all(view[key] for key in ("title", "set_by", "off", "pin", "not_to_cross"))


def test_the_canal_s_voxels_are_where_the_labels_say() -> None:
    pelvis = seen_pelvis()
    canal = points_of(pelvis, pelvis.openings.labels == CANAL)
    assert canal[:, 0].mean() == pytest.approx(0, abs=1.0)
