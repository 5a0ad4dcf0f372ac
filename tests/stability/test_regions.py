"""Regions for loads and supports: against the phantom's own geometry, on real bones, and missing where cut off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nutation.anatomy.pelvis import HIP_OF, SACRUM
from nutation.anatomy.phantom import phantom
from nutation.anatomy.space import Floats
from nutation.stability.regions import NEAR_JOINT_MM, OUTER_MM, find_regions, near_joint, outer_ilium
from stability.pelvises_made import SIDES, atlas_pelvis, phantom_pelvis, without_below

NAMES = {
    "s1_endplate", "socket_left", "socket_right", "roof_left", "roof_right", "tuberosity_left", "tuberosity_right",
}  # fmt: skip


def true_hip_centre() -> Floats:
    """The phantom's left hip centre in the frame of the pelvis built from it."""
    made = phantom()
    inner = made.model.hip_centre * made.shape.scale
    return phantom_pelvis().frame.from_lps(made.pose.to_lps(inner))


def test_every_region_is_found_on_the_phantom() -> None:
    regions = find_regions(phantom_pelvis())
    assert set(regions.surfaces) == NAMES
    assert not regions.missing
    for region in regions.surfaces.values():
        assert region.points_mm.shape == region.normals.shape == (len(region.weights_mm2), 3)


def test_the_hip_centre_is_the_phantoms_own() -> None:
    # A socket that is a sphere by its making: its centre comes out to a small part of a 2 mm voxel.
    sockets = find_regions(phantom_pelvis()).sockets
    truth = true_hip_centre()
    assert sockets["left"].centre_mm == pytest.approx(truth, abs=0.6)
    assert sockets["right"].centre_mm == pytest.approx(truth * [-1, 1, 1], abs=0.6)


def test_the_roof_lies_above_the_centre_and_belongs_to_the_socket() -> None:
    socket = find_regions(phantom_pelvis()).sockets["left"]
    assert socket.roof.centre_mm[2] > socket.centre_mm[2] + 0.5 * socket.radius_mm
    assert socket.roof.area_mm2 < socket.bearing.area_mm2
    away = np.linalg.norm(socket.bearing.points_mm - socket.centre_mm, axis=1)
    assert np.abs(away - socket.radius_mm).max() < 3.1


def test_the_endplate_lies_in_its_plane_and_looks_up() -> None:
    pelvis = phantom_pelvis()
    plate = find_regions(pelvis).surfaces["s1_endplate"]
    normal = pelvis.directions["s1_endplate_normal"]
    assert plate.bone == SACRUM
    assert float(plate.weights_mm2 @ (plate.normals @ normal) / plate.area_mm2) > 0.9
    assert np.linalg.norm(plate.centre_mm - pelvis.landmarks["s1_endplate_centre"]) < 5.0
    # An ellipse of the phantom's own axes, less a rim that smoothing rounds.
    shape = phantom().shape
    ellipse = np.pi * shape.endplate_width_mm * shape.endplate_depth_mm / 4
    assert 0.7 * ellipse < plate.area_mm2 < 1.15 * ellipse


def test_bone_near_the_joint_and_the_outer_ilium_are_apart() -> None:
    pelvis = phantom_pelvis()
    near, outer = near_joint(pelvis, "left"), outer_ilium(pelvis, "left")
    assert set(near) == {SACRUM, HIP_OF["left"]}
    assert NEAR_JOINT_MM < OUTER_MM
    for code, mask in near.items():
        assert (pelvis.labels[mask] == code).all()
        assert mask.sum() * pelvis.spacing_mm**3 > 5000
    assert not (near[HIP_OF["left"]] & outer).any()
    assert (pelvis.labels[outer] == HIP_OF["left"]).all()


def test_a_cut_ischium_has_no_tuberosity() -> None:
    cut = without_below(phantom_pelvis(), HIP_OF["right"], -120.0)
    regions = find_regions(cut)
    assert set(regions.missing) == {"tuberosity_right"}
    assert "right" in regions.warnings[0]


def test_a_hip_cut_above_its_socket_has_none() -> None:
    regions = find_regions(without_below(phantom_pelvis(), HIP_OF["left"], -55.0))
    assert {"socket_left", "tuberosity_left"} <= set(regions.missing)
    assert "socket_right" in regions.surfaces


def test_without_an_endplate_there_is_none() -> None:
    pelvis = phantom_pelvis()
    marks = {name: place for name, place in pelvis.landmarks.items() if name != "s1_endplate_centre"}
    assert "s1_endplate" in find_regions(replace(pelvis, landmarks=marks)).missing


@pytest.mark.parametrize("case", ["3", "17"])
def test_real_bones_have_every_region(data_dir: Path, case: str) -> None:
    regions = find_regions(atlas_pelvis(data_dir, case))
    assert not regions.missing
    left, right = (regions.sockets[side] for side in SIDES)
    assert left.radius_mm == pytest.approx(right.radius_mm, rel=0.1)
    assert left.centre_mm * [-1, 1, 1] == pytest.approx(right.centre_mm, abs=8.0)
