"""The virtual fluoroscope against geometry and attenuation that can be worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nutation.anatomy.implants import Implant, Pose, Section, Size
from nutation.anatomy.pelvis import SACRUM, Levels, Openings, Pelvis
from nutation.anatomy.solids import inside, section_area_mm2
from nutation.anatomy.source import Source
from nutation.anatomy.space import LPS, Grid, unit
from nutation.evidence import load
from nutation.planning.fluoroscopy import (
    Attenuation,
    Camera,
    CArm,
    Pin,
    aimed,
    as_seen,
    attenuation_of,
    c_arm,
    guide_pin,
    implant_path_mm,
    metal_per_mm,
    pin_path_mm,
    shadow,
    water_per_mm,
    window_of,
    with_metal,
)

ARM = CArm(source_detector_mm=1000, source_object_mm=650, detector_mm=300, pixels=256)
BEHIND = np.array([0.0, 1.0, 0.0])
UP = np.array([0.0, 0.0, 1.0])


def block(values: np.ndarray[Any, Any], spacing_mm: float = 1.0) -> Attenuation:
    """Values around the origin, with an empty border."""
    padded = np.pad(values.astype(np.float32), 1)
    low = -(np.array(padded.shape) - 1) / 2 * spacing_mm
    return Attenuation(padded, low, spacing_mm, "ct", "")


def pelvis_of(labels: np.ndarray[Any, Any], hu: np.ndarray[Any, Any] | None, spacing_mm: float = 1.0) -> Pelvis:
    grid = Grid(labels.shape, np.full(3, spacing_mm), -(np.array(labels.shape) - 1) / 2 * spacing_mm, np.eye(3))
    return Pelvis(
        LPS, grid, labels, hu, Openings(np.zeros(labels.shape, np.uint8), frozenset()), Levels({}), {}, {}, {}, {},
        Source((), "unverified"),
    )  # fmt: skip


def implant(section: Section, direction: np.ndarray[Any, Any], **size: Any) -> Implant:
    told = {"diameter_mm": 7.0, "length_mm": 45.0, "cannulated": False, "pin_diameter_mm": None} | size
    return Implant(Size("x", "x", section, **told), Pose(np.zeros(3), unit(direction)))


def test_the_detector_is_seen_from_behind_with_left_on_the_left() -> None:
    """Seen from behind, the patient's left is on the left and the head above: column falls, row falls."""
    camera = aimed(np.zeros(3), BEHIND, UP, ARM)
    middle, left, head = camera.project(np.array([[0, 0, 0], [10, 0, 0], [0, 0, 10.0]]))
    assert middle == pytest.approx([127.5, 127.5])
    assert left[0] < middle[0]
    assert left[1] == pytest.approx(middle[1])
    assert head[1] < middle[1]


def test_lateral_seen_from_the_left_has_the_head_on_the_left_when_the_back_is_up() -> None:
    camera = aimed(np.zeros(3), np.array([1.0, 0, 0]), BEHIND, ARM)
    middle, head, back = camera.project(np.array([[0, 0, 0], [0, 0, 10], [0, 10.0, 0]]))
    assert head[0] < middle[0]
    assert back[1] < middle[1]


def test_magnification_is_the_ratio_of_distances() -> None:
    """A 20 mm rod at the object's place is 20 * 1000 / 650 mm on the detector; nearer the source it is larger."""
    camera = aimed(np.zeros(3), BEHIND, UP, ARM)
    for depth, times in ((0.0, 1000 / 650), (-50.0, 1000 / 600), (50.0, 1000 / 700)):
        ends = camera.project(np.array([[-10, depth, 0], [10, depth, 0.0]]))
        assert abs(ends[1, 0] - ends[0, 0]) * camera.pixel_mm == pytest.approx(20 * times)
        assert camera.magnification(np.array([0, depth, 0.0])) == pytest.approx(times)


def test_rays_run_through_the_points_that_project_to_their_pixels() -> None:
    camera = aimed(np.array([5.0, -3, 8]), unit(np.array([0.2, 0.9, -0.4])), UP, ARM)
    points = np.random.default_rng(0).uniform(-60, 60, (50, 3))
    rays = camera.rays(camera.project(points))
    assert np.cross(rays, unit(points - camera.source_mm)) == pytest.approx(np.zeros((50, 3)), abs=1e-12)


def test_a_coarser_detector_covers_the_same_ground() -> None:
    camera = aimed(np.zeros(3), BEHIND, UP, ARM)
    coarse = camera.coarser(64)
    point = np.array([[21.0, 4, -13]])
    fine_px, coarse_px = camera.project(point)[0], coarse.project(point)[0]
    assert (coarse_px + 0.5) * 4 - 0.5 == pytest.approx(fine_px)


def test_up_along_the_beam_is_refused() -> None:
    with pytest.raises(ValueError, match="upward"):
        aimed(np.zeros(3), UP, UP, ARM)


@pytest.mark.parametrize("beam", [(0, 1, 0), (0.3, 0.8, -0.4), (1, 0.1, 0.05), (0.1, 0.7, 0.7)])
def test_balls_land_where_projective_geometry_says(beam: tuple[float, float, float]) -> None:
    """Steel balls of 6 mm at known points: each shadow's middle within half a pixel of the point's projection.

    A ball's shadow is an ellipse whose middle differs from its centre's image by about (r/d)^2, here under 1e-4.
    """
    camera = aimed(np.zeros(3), unit(np.array(beam)), UP if abs(beam[2]) < 0.9 else BEHIND, ARM)
    shape = (121, 121, 121)
    grid = np.indices(shape).astype(float).reshape(3, -1).T - 60
    for centre in (np.array([30.0, 10, -20]), np.array([-25.5, -31.25, 40.5]), np.array([0.0, 44, 44])):
        away = np.linalg.norm(grid - centre, axis=1)
        ball = np.clip(3.5 - away, 0, 1).reshape(shape)
        image = shadow(block(ball), camera)
        rows, columns = np.mgrid[: camera.rows, : camera.columns]
        found = np.array([(columns * image).sum(), (rows * image).sum()]) / image.sum()
        assert np.abs(found - camera.project(centre[None])[0]).max() < 0.5


def test_a_slab_follows_beer_and_lambert() -> None:
    """40 mm of water across the beam: the central ray loses exp(-mu d); an oblique one d / cos more."""
    camera = aimed(np.zeros(3), BEHIND, UP, ARM)
    mu = water_per_mm()
    image = shadow(block(np.full((141, 40, 141), mu)), camera)
    pixels = np.array([[127.0, 127.0], [60.0, 100.0], [190.0, 200.0]])
    for (column, row), ray in zip(pixels, camera.rays(pixels), strict=True):
        expected = np.exp(-mu * 40 / ray[1])
        assert np.exp(-image[int(row), int(column)]) == pytest.approx(expected, rel=1e-4)


def test_half_the_spacing_gives_the_same_shadow() -> None:
    """The same slab from 2 mm and from 1 mm voxels: attenuation is per millimetre, not per voxel."""
    camera = aimed(np.zeros(3), unit(np.array([0.2, 1, 0.1])), UP, ARM)
    coarse = shadow(block(np.full((70, 20, 70), 0.02), 2.0), camera)
    fine = shadow(block(np.full((140, 40, 140), 0.02), 1.0), camera)
    inner = (slice(100, 156), slice(100, 156))
    assert coarse[inner] == pytest.approx(fine[inner], rel=5e-3)


def test_rays_beside_the_volume_lose_nothing() -> None:
    camera = aimed(np.array([0.0, 0, 400]), BEHIND, UP, ARM)
    assert shadow(block(np.ones((20, 20, 20))), camera).max() == 0


def test_a_cylinder_along_the_beam_is_as_deep_as_it_is_long() -> None:
    """The central ray runs down the axis: the whole length of metal, less nothing, more nothing."""
    camera = centred(np.array([0.0, 22.5, 0]))
    rod = implant("circle", BEHIND)
    assert implant_path_mm(rod, camera)[128, 128] == pytest.approx(45.0, rel=1e-5)


def test_a_cylinder_across_the_beam_is_as_thick_as_its_chord() -> None:
    """A parallel-looking cut: at distance s from the axis the chord is 2 sqrt(r^2 - s^2)."""
    rod = implant("circle", np.array([1.0, 0, 0]), diameter_mm=10.0)
    camera = centred(np.array([22.5, 0, 0]))
    image = implant_path_mm(rod, camera)
    for row in (128, 130, 134):
        ray = camera.rays(np.array([[128.0, row]]))[0]
        # Distance of the ray from the rod's axis (the x axis), and the ray's slope across it.
        normal = np.cross(ray, np.array([1.0, 0, 0]))
        s = abs((camera.source_mm @ normal) / np.linalg.norm(normal))
        assert image[row, 128] == pytest.approx(2 * np.sqrt(25 - s**2) / np.linalg.norm(normal), rel=1e-5)


def test_a_triangle_across_the_beam_is_as_thick_as_its_width_there() -> None:
    """Circle of radius 3.5 around an equilateral triangle with one corner up: at height h above the middle the width
    is 2 (3.5 - h) tan 30 degrees, from h = 3.5 (the corner) down to h = -1.75 (the lower side).
    """
    bar = implant("triangle", np.array([1.0, 0, 0]))
    camera = centred(np.array([22.5, 0, 0]), pixels=1025, detector_mm=60)
    image = implant_path_mm(bar, camera)
    seen = 0
    for row in range(0, 1025, 4):
        ray = camera.rays(np.array([[512.0, row]]))[0]
        height = 650 * ray[2] / ray[1]
        measured = image[row, 512]
        if height > 3.4 or height < -1.7:
            continue
        seen += 1
        # The beam opens by less than half a degree here: 0.5 % of the width at most.
        assert measured == pytest.approx(2 * (3.5 - height) * np.tan(np.pi / 6), rel=0.006, abs=0.02)
    assert seen > 30
    assert image[: int(512 - 3.6 / 60 * 1025 * 1000 / 650), 512].max() == 0


@pytest.mark.parametrize("section", ["triangle", "square", "circle"])
@pytest.mark.parametrize("roll", [0.0, 35.0])
def test_the_path_through_an_implant_is_that_of_its_solid(section: Section, roll: float) -> None:
    """Along any ray the path is the share of the ray's points that lie inside the solid."""
    tilted = Implant(
        Size("x", "x", section, 7.0, 45.0, cannulated=False), Pose(np.zeros(3), unit(np.array([-0.9, 0.1, 0.2])), roll)
    )
    camera = centred(tilted.pose.at(20.0))
    image = implant_path_mm(tilted, camera)
    filled = np.argwhere(image > 1.0)[::29]
    assert len(filled) > 10
    for row, column in filled:
        ray = camera.rays(np.array([[float(column), float(row)]]))[0]
        along = np.arange(600, 700, 0.005)
        share = inside(tilted, camera.source_mm + along[:, None] * ray).sum() * 0.005
        assert image[row, column] == pytest.approx(share, abs=0.02)


def test_the_metal_s_volume_is_what_the_rays_add_up_to() -> None:
    """Far from the source the sum of paths times the pixel's area at the object is the volume, within 1 %."""
    bar = implant("triangle", np.array([1.0, 0, 0]))
    arm = CArm(source_detector_mm=60_000, source_object_mm=59_000, detector_mm=80, pixels=800)
    camera = aimed(bar.pose.at(22.5), BEHIND, UP, arm)
    pixel_mm = camera.pixel_mm / camera.magnification(bar.pose.at(22.5))
    volume = implant_path_mm(bar, camera).sum() * pixel_mm**2
    assert volume == pytest.approx(section_area_mm2(bar.size) * 45, rel=0.01)


def test_a_cannulated_implant_has_a_hole() -> None:
    """Along the axis there is only the hole: no metal; beside it metal."""
    rod = implant("circle", BEHIND, diameter_mm=10.0, cannulated=True, pin_diameter_mm=3.2)
    camera = centred(rod.pose.at(22.5))
    image = implant_path_mm(rod, camera)
    beside = camera.project(np.array([[3.5, 45.0, 0]]))[0].round().astype(int)
    assert image[128, 128] == pytest.approx(0.0, abs=1e-3)
    assert image[beside[1], beside[0]] > 40


def test_the_guide_pin_reaches_from_outside_to_the_tip() -> None:
    rod = implant("triangle", np.array([-1.0, 0, 0]))
    pin = guide_pin(rod)
    drawn = load().entry("guide_pin")
    assert pin.tip_mm == pytest.approx(rod.tip_mm)
    assert pin.outer_mm == pytest.approx([drawn.number("outside_mm"), 0, 0])
    assert pin.diameter_mm == drawn.number("diameter_mm")
    own = implant("triangle", np.array([-1.0, 0, 0]), pin_diameter_mm=2.4)
    assert guide_pin(own).diameter_mm == 2.4


def test_metal_is_darker_than_bone_and_adds_up() -> None:
    camera = centred(np.zeros(3))
    bone = shadow(block(np.full((60, 20, 60), 0.01)), camera)
    pin = Pin(np.array([-20.0, 0, 0]), np.array([20.0, 0, 0]), 3.0)
    total = with_metal(bone, camera, pins=[pin])
    assert total - bone == pytest.approx(metal_per_mm("steel") * pin_path_mm(pin, camera), abs=1e-5)
    window = window_of(bone)
    seen_bone, seen_metal = as_seen(bone, window), as_seen(total, window)
    assert seen_metal[128, 128] < seen_bone[128, 128] < seen_bone[0, 0]


def test_a_ct_is_attenuated_by_its_hu() -> None:
    """HU 0 is water, 1000 twice water, -1000 nothing; soft tissue is left out unless asked for."""
    hu = np.full((30, 30, 30), -1000, np.float32)
    hu[10:20] = 0
    hu[20:25] = 1000
    labels = np.zeros(hu.shape, np.uint8)
    labels[20:25] = SACRUM
    whole = attenuation_of(pelvis_of(labels, hu), soft_tissue=True)
    bone = attenuation_of(pelvis_of(labels, hu))
    camera = aimed(np.zeros(3), np.array([1.0, 0, 0]), UP, ARM)
    mu = water_per_mm()
    assert shadow(whole, camera)[128, 128] == pytest.approx(mu * (10 + 2 * 5), rel=0.01)
    assert shadow(bone, camera)[128, 128] == pytest.approx(mu * 5, rel=0.01)
    assert whole.drawn_from == bone.drawn_from == "ct"
    assert "soft tissue left out" in bone.said


def test_without_a_ct_bones_have_a_dense_shell_and_the_picture_says_so() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[10:30, 10:30, 10:30] = SACRUM
    made = attenuation_of(pelvis_of(labels, None))
    assert made.drawn_from == "labels"
    assert "not from a CT" in made.said
    entry = load().entry("drr_bone")
    middle = tuple(n // 2 for n in made.values.shape)
    assert made.values[middle] == pytest.approx(water_per_mm() * entry.number("trabecular_hu") / 1000, rel=1e-3)
    shell = water_per_mm() * entry.number("cortical_hu") / 1000
    assert made.values.max() > 0.5 * shell


def test_an_empty_pelvis_makes_an_empty_picture() -> None:
    made = attenuation_of(pelvis_of(np.zeros((8, 8, 8), np.uint8), None))
    image = shadow(made, aimed(np.zeros(3), BEHIND, UP, ARM))
    assert image.max() == 0
    assert as_seen(image, window_of(image)).min() > 200


def test_the_assumed_c_arm_is_marked_unverified() -> None:
    """No C-arm's data sheet was read: what rests on it must say so."""
    arm = c_arm()
    assert arm.source_object_mm < arm.source_detector_mm
    assert load().entry("carm_geometry").verified == "unverified"


def centred(point: np.ndarray[Any, Any], pixels: int = 257, detector_mm: float = 300) -> Camera:
    """A camera with an odd number of pixels, so that its middle pixel sees this point along the central ray."""
    camera = aimed(point, BEHIND, UP, CArm(1000, 650, detector_mm, pixels))
    assert camera.project(point[None])[0] == pytest.approx([(pixels - 1) / 2] * 2)
    return camera
