"""Implants as solids: volumes by formula, closed meshes, points on the surface, the same answers in every pose."""

from __future__ import annotations

import math

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from nutation.anatomy.implants import Implant, Pose, Section, Size
from nutation.anatomy.solids import (
    axes,
    inside,
    mesh,
    section_outline,
    surface_points,
    volume_mm3,
    voxel_fraction,
)

SECTIONS: tuple[Section, ...] = ("triangle", "circle", "square")


def size_of(section: Section, diameter_mm: float = 8.0, length_mm: float = 50.0) -> Size:
    return Size(f"{section}-{diameter_mm:g}x{length_mm:g}", "test", section, diameter_mm, length_mm)


def pose_of(entry: tuple[float, float, float], direction: tuple[float, float, float], roll_deg: float) -> Pose:
    along = np.array(direction)
    return Pose(np.array(entry), along / np.linalg.norm(along), roll_deg)


POSES = [
    pose_of((0, 0, 0), (0, 0, 1), 0),
    pose_of((60, -3, 12), (-1, 0, 0), 0),
    pose_of((10.3, 20.7, -5.1), (-0.9, 0.2, 0.35), 37),
]
SLANTED = POSES[2]


def test_volumes_by_formula() -> None:
    """In a circle of radius R: pi R^2; an equilateral triangle 3 sqrt(3)/4 R^2; a square 2 R^2. R 4 mm, length 50."""
    assert volume_mm3(size_of("circle")) == pytest.approx(math.pi * 16 * 50)
    assert volume_mm3(size_of("triangle")) == pytest.approx(3 * math.sqrt(3) / 4 * 16 * 50)
    assert volume_mm3(size_of("square")) == pytest.approx(2 * 16 * 50)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("pose", POSES)
def test_mesh_is_closed_outward_and_of_the_volume(section: Section, pose: Pose) -> None:
    implant = Implant(size_of(section), pose)
    vertices, faces = mesh(implant)
    surface = trimesh.Trimesh(vertices, faces, process=False)
    assert surface.is_watertight
    assert surface.is_winding_consistent
    # A positive volume means that the normals point outwards. The circle is drawn as a polygon: 0.1 % short.
    assert surface.volume == pytest.approx(volume_mm3(implant.size), rel=1e-3)
    np.testing.assert_allclose(surface.bounds[0], vertices.min(axis=0))


@pytest.mark.parametrize("section", SECTIONS)
def test_surface_points_lie_on_the_surface_and_leave_no_hole(section: Section) -> None:
    implant = Implant(size_of(section), SLANTED)
    points = surface_points(implant, 0.8)
    surface = trimesh.Trimesh(*mesh(implant), process=False)
    # Shrunk about its middle the surface is inside, grown it is not.
    middle = implant.pose.at(25.0)
    assert inside(implant, middle + 0.999 * (points - middle)).all()
    assert not inside(implant, middle + 1.001 * (points - middle)).any()
    # Every spot of the surface is within one step of a point.
    spots = trimesh.sample.sample_surface_even(surface, 2000, seed=1)[0]
    nearest = np.array([np.linalg.norm(points - spot, axis=1).min() for spot in spots])
    assert nearest.max() <= 0.8
    for end in (implant.pose.entry_mm, implant.tip_mm):
        assert np.linalg.norm(points - end, axis=1).min() < 1e-9


@pytest.mark.parametrize("section", SECTIONS)
def test_corners_lie_on_the_circle_of_the_diameter(section: Section) -> None:
    outline = section_outline(size_of(section), 60)
    assert outline.shape == (60, 2)
    radii = np.hypot(outline[:, 0], outline[:, 1])
    assert radii.max() == pytest.approx(4.0)
    # The nearest spot of the edge: the whole radius, half of it (triangle), 1/sqrt 2 of it (square).
    nearest = {"circle": 4.0, "triangle": 2.0, "square": 4.0 / math.sqrt(2)}[section]
    assert radii.min() == pytest.approx(nearest, rel=0.02)
    x, y = outline.T
    assert np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) > 0


def test_outline_needs_its_corners() -> None:
    with pytest.raises(ValueError, match="square"):
        section_outline(size_of("square"), 3)


def test_triangle_points_upwards_and_turns_with_the_roll() -> None:
    """An implant along -x at no roll: one corner straight above the axis; at 90° towards across()'s second vector."""
    upright = Implant(size_of("triangle"), pose_of((60, 0, 0), (-1, 0, 0), 0))
    assert inside(upright, np.array([[50, 0, 3.9], [50, 0, -1.9]])).all()
    assert not inside(upright, np.array([[50, 0, -2.1], [50, 3.9, 0]])).any()
    turned = Implant(size_of("triangle"), pose_of((60, 0, 0), (-1, 0, 0), 90))
    second = np.cross([-1.0, 0, 0], [0, 0, 1.0])
    assert inside(turned, np.array([[50, 0, 0] + 3.9 * second])).all()
    np.testing.assert_allclose(axes(turned.pose) @ axes(turned.pose).T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes(turned.pose)) == pytest.approx(1)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("spacing_mm", [1.0, 2.0])
def test_voxels_hold_the_volume(section: Section, pose: Pose, spacing_mm: float) -> None:
    implant = Implant(size_of(section, 7.0, 45.0), pose)
    vertices, _ = mesh(implant)
    low = vertices.min(axis=0) - 3.3
    shape = tuple(int(n) for n in np.ceil((vertices.max(axis=0) + 4 - low) / spacing_mm))
    share = voxel_fraction(implant, low, spacing_mm, (shape[0], shape[1], shape[2]))
    assert share.dtype == np.float32
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.sum() * spacing_mm**3 == pytest.approx(volume_mm3(implant.size), rel=0.01)
    # Its centre of mass is the middle of the axis.
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    centre = low + spacing_mm * (index * share[..., None]).sum(axis=(0, 1, 2)) / share.sum()
    np.testing.assert_allclose(centre, pose.at(22.5), atol=0.1)


def test_voxels_of_an_implant_partly_or_wholly_off_the_grid() -> None:
    implant = Implant(size_of("circle", 8.0, 40.0), pose_of((0, 0, -20), (0, 0, 1), 0))
    half = voxel_fraction(implant, np.array([-9.5, -9.5, 0.5]), 1.0, (20, 20, 40))
    assert half.sum() == pytest.approx(volume_mm3(implant.size) / 2, rel=0.01)
    assert voxel_fraction(implant, np.array([50.0, 0, 0]), 1.0, (5, 5, 5)).sum() == 0


ANGLES = st.floats(-180, 180)


@given(section=st.sampled_from(SECTIONS), turn=st.tuples(ANGLES, ANGLES, ANGLES), roll=ANGLES)
def test_the_same_solid_in_every_pose(section: Section, turn: tuple[float, float, float], roll: float) -> None:
    """Depth and distance from the axis decide alone: a shell of points around any pose gives the same answers."""
    a, b = math.radians(turn[0]), math.radians(turn[1])
    pose = pose_of((turn[2], 3, -8), (math.cos(a) * math.cos(b), math.sin(a) * math.cos(b), math.sin(b)), roll)
    local = np.random.default_rng(7).uniform([-5, -5, -5], [5, 5, 55], (400, 3))
    reference = Implant(size_of(section), POSES[0])
    expected = inside(reference, local @ axes(reference.pose) + reference.pose.entry_mm)
    found = inside(Implant(size_of(section), pose), local @ axes(pose) + pose.entry_mm)
    assert np.array_equal(expected, found)
