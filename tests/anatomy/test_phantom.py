"""The phantom: what it says of itself is what its voxels, surfaces, attenuation and files hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import trimesh

from nutation.anatomy import phantom_kernels as kernels
from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import (
    CANAL,
    FORAMINA,
    L5,
    LEFT_HIP,
    RIGHT_HIP,
    SACRUM,
)
from nutation.anatomy.phantom import Phantom, PhantomShape, dysmorphic, phantom, tilted
from nutation.anatomy.phantom_truth import placed
from nutation.anatomy.shapes import BoneShapes
from nutation.anatomy.space import Floats, Grid, unit
from nutation.evidence import load

POSE = tilted(tilt_deg=11, turn_deg=-7, roll_deg=5, shift_mm=np.array([40.0, -210.0, 880.0]))
MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def plain() -> Phantom:
    return phantom()


@pytest.fixture(scope="module")
def narrow() -> Phantom:
    return phantom(dysmorphic())


def signed(of: Phantom, which: int, points: Floats) -> Floats:
    """Distance to one of the kernels' bones, points in the pelvic frame, scale 1."""
    return np.asarray(kernels.distances(np.ascontiguousarray(points, dtype=np.float64), which, of.model))


# ---- bones


def test_stands_where_bones_from_a_file_would(plain: Phantom) -> None:
    shapes: BoneShapes = plain.shapes
    assert shapes.codes() == {SACRUM, LEFT_HIP, RIGHT_HIP, L5}
    assert shapes.source.orientation == "unverified"
    assert shapes.source.files == ("phantom",)
    assert shapes.touching() == frozenset()
    low, high = shapes.bounds()
    surface = shapes.surface(LEFT_HIP)
    assert np.all(surface >= low - 1e-9)
    assert np.all(surface <= high + 1e-9)
    assert phantom(replace(plain.shape, l5=False)).shapes.codes() == {SACRUM, LEFT_HIP, RIGHT_HIP}


def test_skipping_blocks_changes_no_voxel() -> None:
    """Every voxel of a turned grid has the label that its own centre has by the formulas."""
    posed = phantom(pose=POSE)
    low, high = posed.bounds()
    turn = tilted(turn_deg=33, tilt_deg=20).rotation
    grid = Grid((90, 85, 95), np.array([3.1, 2.2, 2.7]), (low + high) / 2 - turn @ np.array([140.0, 93.0, 128.0]), turn)
    labels = posed.shapes.sampled(grid)
    index = np.random.default_rng(3).integers(0, grid.shape, (40000, 3))
    points = posed.pose.from_lps(grid.points(index.astype(np.float64)))
    expected = np.zeros(len(points), dtype=int)
    for which, code in ((3, L5), (2, RIGHT_HIP), (1, LEFT_HIP), (0, SACRUM)):
        expected[signed(posed, which, points) < 0] = code
    assert len(np.unique(expected)) == 5
    assert np.array_equal(labels[tuple(index.T)], expected)


def test_no_surface_is_nearer_than_the_skipping_assumes(plain: Phantom) -> None:
    """From any point, within its distance over `STEEPEST`, the bone is neither left nor entered."""
    rng = np.random.default_rng(5)
    points = rng.uniform([-150, -90, -200], [150, 90, 80], (100_000, 3))
    for which in range(kernels.BONES):
        distance = signed(plain, which, points)
        reach = np.abs(distance) / kernels.STEEPEST * rng.uniform(0.5, 1, len(points))
        moved = points + unit(rng.normal(size=points.shape)) * reach[:, None]
        assert np.array_equal(signed(plain, which, moved) < 0, distance < 0)


def test_left_and_right_mirror_each_other(plain: Phantom) -> None:
    grid = Grid((140, 80, 130), np.full(3, 2.0), np.array([-139.0, -85.0, -190.0]), np.eye(3))
    labels = plain.shapes.sampled(grid)
    exchanged = np.array([0, SACRUM, RIGHT_HIP, LEFT_HIP, L5], dtype=np.uint8)[labels[::-1]]
    assert np.array_equal(labels, exchanged)
    left = grid.points(np.argwhere(labels == LEFT_HIP).astype(np.float64))
    assert left[:, 0].min() > 0, "x runs to the left"


def test_a_pose_moves_the_bones_and_nothing_else(plain: Phantom) -> None:
    """The posed phantom, sampled on a grid that has moved along, has the very same voxels."""
    grid = Grid((120, 70, 110), np.full(3, 2.4), np.array([-143.0, -85.0, -190.0]), np.eye(3))
    along = Grid(grid.shape, grid.spacing_mm, POSE.to_lps(grid.origin_mm), POSE.rotation)
    same = plain.shapes.sampled(grid) == phantom(pose=POSE).shapes.sampled(along)
    assert same.mean() > 0.99999
    np.testing.assert_allclose(np.linalg.det(POSE.rotation), 1)


def test_bones_keep_their_volume_at_any_voxel_size(plain: Phantom) -> None:
    fine, coarse = plain.labels(1.5), plain.labels((2.0, 2.0, 3.0))
    for code in (SACRUM, LEFT_HIP, RIGHT_HIP, L5):
        volumes = [np.sum(v.values == code) * v.grid.spacing_mm.prod() / 1000 for v in (fine, coarse)]
        assert volumes[1] == pytest.approx(volumes[0], rel=0.02)
        # An adult's: 210 cm3 of sacrum and 375 of each hip in the one CT that was measured; ours in that order.
        low, high = {SACRUM: (130, 260), L5: (30, 90)}.get(code, (250, 450))
        assert low < volumes[0] < high


def test_surfaces_are_closed_and_hold_the_volume(plain: Phantom) -> None:
    labels = plain.labels(1.5)
    for code, (vertices, faces) in plain.meshes(2.0).items():
        surface = trimesh.Trimesh(vertices, faces)
        assert surface.is_watertight
        assert surface.body_count == 1
        assert surface.volume == pytest.approx(np.sum(labels.values == code) * 1.5**3, rel=0.02)


def test_bones_do_not_touch_but_where_they_are_fused(plain: Phantom) -> None:
    fused = phantom(replace(plain.shape, fused_left=0.4))
    assert fused.shapes.touching() == {(SACRUM, LEFT_HIP)}
    middle = np.array(fused.truth.joints["left"].points_mm)
    gap = np.array(fused.truth.joints["left"].gap_mm)
    bridged = (signed(fused, 0, middle) < 0.3) & (signed(fused, 1, middle) < 0.3)
    # Edges are rounded, so the border of the bridge is not sharp.
    assert np.mean(bridged == (gap == 0)) > 0.9
    assert bridged.mean() == pytest.approx(0.4, abs=0.08)
    # The right joint stays open, and so does every joint of the plain phantom.
    assert np.all(fused.truth.joints["right"].gap_mm > 2)
    for side, which in (("left", 1), ("right", 2)):
        points = plain.truth.joints[side].points_mm  # type: ignore[index]
        assert np.all(signed(plain, 0, points) > 1)
        assert np.all(signed(plain, which, points) > 1)


# ---- what is known of it


def test_the_anterior_pelvic_plane_is_upright(plain: Phantom) -> None:
    marks = plain.truth.landmarks
    spines, tubercle = marks["asis_left"], marks["pubic_tubercle_left"]
    tilt = np.degrees(np.arctan2(spines[1] - tubercle[1], spines[2] - tubercle[2]))
    assert abs(tilt) < 0.15
    for name in ("asis", "psis", "crest", "pubic_tubercle", "ischial_tuberosity", "ischial_spine"):
        point = marks[f"{name}_left"]
        assert abs(signed(plain, 1, point[None])[0]) < 0.1, name
        np.testing.assert_allclose(marks[f"{name}_right"], point * MIRROR)


def test_joint_has_the_published_gap_and_area(plain: Phantom) -> None:
    """Half a gap to each side of its middle surface a bone begins; gap and area as cited."""
    cartilage, area = load().entry("phantom_joint_cartilage"), load().entry("phantom_joint_area")
    joint = plain.truth.joints["left"]
    np.testing.assert_allclose(joint.gap_mm, cartilage.number("sum_mm"), atol=0.01)
    half = joint.gap_mm[:, None] / 2 * joint.normals
    inner = np.abs(signed(plain, 0, joint.points_mm - half))
    outer = np.abs(signed(plain, 1, joint.points_mm + half))
    # Edges are rounded; the bulk of both surfaces lies where it should.
    assert np.quantile(inner, 0.8) < 0.1
    assert np.quantile(outer, 0.8) < 0.1
    mean, sd = area.number("area_cm2"), area.number("sd_cm2")
    assert abs(joint.area_mm2 / 100 - mean) < sd
    # The same area from the surface of the sacrum: its triangles that have the ilium straight across the gap.
    vertices, faces = plain.meshes(1.5)[SACRUM]
    surface = trimesh.Trimesh(vertices, faces, process=False)
    middle = surface.triangles_center
    across = middle + surface.face_normals * cartilage.number("sum_mm")
    facing = (np.abs(signed(plain, 1, across)) < 0.25) & (middle[:, 0] > 0)
    assert surface.area_faces[facing].sum() == pytest.approx(joint.area_mm2, rel=0.15)
    # Normals lead to the ilium; the right joint mirrors the left.
    assert np.all(joint.normals[:, 0] > 0)
    np.testing.assert_allclose(plain.truth.joints["right"].centre_mm, joint.centre_mm * MIRROR)


def test_openings_are_where_and_as_wide_as_told(plain: Phantom) -> None:
    truth, entry = plain.truth, load().entry("phantom_posterior_foramen")
    grid = Grid((76, 88, 122), np.full(3, 1.0), np.array([-38.0, -22.0, -105.0]), np.eye(3))
    openings, labels = plain.openings(grid), plain.shapes.sampled(grid)
    assert not np.any((openings > 0) & (labels == SACRUM))

    def code_at(point: Floats) -> int:
        i, j, k = np.rint(grid.index(point[None])[0]).astype(int)
        return int(openings[i, j, k])

    assert all(code_at(point) == CANAL for point in truth.canal_mm[3:])
    for name in ("s1_foramen_left", "s1_foramen_right", "s2_foramen_left", "s2_foramen_right"):
        tunnel = truth.foramina[name]
        for ahead in (-14, -7, 0, 4):
            assert code_at(tunnel.point_mm + ahead * tunnel.axis) == FORAMINA[name]
    assert code_at(truth.foramina["s3_foramen_left"].point_mm) == FORAMINA["lower_foramina"]
    # Across the tunnel's back part, along the sacrum and across it, bone begins at the published half sizes.
    tunnel = truth.foramina["s1_foramen_left"]
    back = tunnel.point_mm - 16 * tunnel.axis
    up = truth.directions["s1_endplate_normal"]
    outwards = unit(np.array([1.0, 0, 0]) - tunnel.axis[0] * tunnel.axis)
    for way, size in ((up, entry.number("height_mm")), (outwards, entry.number("width_mm"))):
        reach = np.arange(0, 9, 0.02)
        first = reach[np.argmax(signed(plain, 0, back + reach[:, None] * way) < 0)]
        assert 2 * first == pytest.approx(size, abs=0.15)


def test_levels_lie_between_their_foramina(plain: Phantom) -> None:
    bands = plain.truth.levels.bands
    assert bands["s1"].upper_mm == -bands["s1"].lower_mm
    top = bands["s1"].centre_mm + bands["s1"].upper_mm * bands["s1"].axis
    np.testing.assert_allclose(top, [0, 0, 0], atol=1e-9)
    for name in ("s1", "s2"):
        assert signed(plain, 0, bands[name].centre_mm[None])[0] < -5  # type: ignore[index]
        foramen = plain.truth.foramina[f"{name}_foramen_left"].point_mm
        assert (foramen - bands[name].centre_mm) @ bands[name].axis < bands[name].lower_mm  # type: ignore[index]


def test_the_sacrums_own_coordinates_lead_there_and_back(plain: Phantom) -> None:
    own = np.random.default_rng(1).uniform([0, -30, -20], [40, 15, 105], (500, 3))
    there = placed(own, plain.model)
    np.testing.assert_allclose(kernels.locals_of(there[:, 1:], plain.model), own[:, 1:], atol=1e-9)


# ---- channels


def test_channels_are_as_wide_and_long_as_published(plain: Phantom) -> None:
    evidence = load()
    width, length = evidence.entry("phantom_corridor_diameter"), evidence.entry("phantom_corridor_length")
    for level in ("s1", "s2"):
        off = plain.channels[level].diameter_mm - width.number(f"{level}_mm")
        assert abs(off) < width.number(f"{level}_sd_mm")
    assert plain.channels["s1"].length_mm == pytest.approx(length.number("length_mm"), rel=0.1)


def free_radii(of: Phantom, level: str, axes: Floats) -> Floats:
    """Free radii of axes (y, z, dy/dx, dz/dx) by brute force: distance to the nearest voxel that is no bone.

    Voxels of 0.4 mm from the label map alone. A row's empty ends lie outside the pelvis, where implants enter; an empty
    run of up to 3.6 mm between sacrum and hip is the joint.
    """
    channel = of.channels[level]
    y, z = channel.entry_mm[1], channel.entry_mm[2]
    step = 0.4
    grid = Grid((2 * 245 + 1, 63, 63), np.full(3, step), np.array([-98.0, y - 12.4, z - 12.4]), np.eye(3))
    bone = of.shapes.sampled(grid) > 0
    empty = ~bone
    empty &= np.logical_or.accumulate(bone, axis=0) & np.logical_or.accumulate(bone[::-1], axis=0)[::-1]
    for j in range(grid.shape[1]):
        for k in range(grid.shape[2]):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], empty[:, j, k].view(np.int8), [0]])))
            for start, end in edges.reshape(-1, 2):
                if (end - start) * step <= 3.6 and abs((start + end) / 2 - 245) * step > 30:
                    empty[start:end, j, k] = False
    points = grid.points(np.argwhere(empty).astype(np.float64))
    radii = np.empty(len(axes))
    for row, (b, c, lean_y, lean_z) in enumerate(axes):
        direction = unit(np.array([1.0, lean_y, lean_z]))
        away = np.cross(points - [0.0, b, c], direction)
        radii[row] = np.sqrt(np.einsum("ij,ij->i", away, away).min())
    return radii


@pytest.mark.parametrize("level", ["s1", "s2"])
def test_no_axis_nearby_is_freer_than_the_known_one(plain: Phantom, level: str) -> None:
    """Brute force over shifts of 0.5 mm and leans of 0.5°: the told axis is best, its diameter right to 0.1 mm.

    A voxel is empty when its middle is, so the free radius comes out a little too large; thousands of voxels line the
    channel, and the nearest of them lies almost on its surface.
    """
    channel = plain.channels[level]
    entry, along = channel.entry_mm, channel.direction / channel.direction[0]
    told = np.array([entry[1] - entry[0] * along[1], entry[2] - entry[0] * along[2], along[1], along[2]])
    lean = np.tan(np.radians(0.5))
    shifts = np.array(
        [(b, c, p, q) for b in (-0.5, 0, 0.5) for c in (-0.5, 0, 0.5) for p in (-1, 0, 1) for q in (-1, 0, 1)]
    )
    axes = told + shifts * np.array([1, 1, lean, lean])
    radii = free_radii(plain, level, np.concatenate([told[None], axes]))
    assert -0.02 < 2 * radii[0] - channel.diameter_mm < 0.1
    assert radii[1:].max() <= radii[0] + 0.15
    assert radii[1:].min() < radii[0] - 0.3


def test_the_told_axis_runs_free_through_bone(plain: Phantom) -> None:
    for level, channel in plain.channels.items():
        depth = np.arange(0.5, channel.length_mm - 0.5, 0.5)
        points = channel.entry_mm + depth[:, None] * channel.direction
        inside = np.min([signed(plain, which, points) for which in (0, 1, 2)], axis=0)
        # The joint's two gaps are the only breaks.
        breaks = np.flatnonzero(np.diff((inside < 0).astype(int)))
        assert len(breaks) == 4, level
        assert abs(signed(plain, 1, channel.entry_mm[None])[0]) < 0.05
        assert channel.diameter_mm / 2 == pytest.approx(
            np.linalg.norm(np.cross(channel.nearest_mm - channel.entry_mm, channel.direction)), abs=1e-6
        )


def test_a_dysmorphic_sacrum_has_a_narrow_first_and_a_wide_second_channel(plain: Phantom, narrow: Phantom) -> None:
    assert narrow.channels["s1"].diameter_mm < 10 < plain.channels["s1"].diameter_mm
    assert narrow.channels["s2"].diameter_mm > plain.channels["s2"].diameter_mm


def test_scale_enlarges_all_but_the_gap(plain: Phantom) -> None:
    large = phantom(replace(plain.shape, scale=1.1))
    assert large.truth.joints["left"].gap_mm.mean() == pytest.approx(plain.shape.gap_mm, abs=0.01)
    assert large.truth.joints["left"].area_mm2 == pytest.approx(1.21 * plain.truth.joints["left"].area_mm2)
    sizes = [np.subtract(*of.bounds()[::-1]) for of in (large, plain)]
    np.testing.assert_allclose(sizes[0] / sizes[1], 1.1, atol=0.01)


def test_a_transitional_sacrum_has_one_more_segment(plain: Phantom) -> None:
    further = phantom(replace(plain.shape, transitional=True))
    above = plain.truth.directions["s1_endplate_normal"] * 14
    assert signed(further, 0, above[None])[0] < -5
    assert signed(plain, 0, above[None])[0] > 0
    tunnel = further.truth.foramina["further_foramen_left"]
    assert signed(further, 0, tunnel.point_mm[None])[0] > 0
    assert further.truth.levels.warnings
    grid = Grid((80, 60, 75), np.full(3, 2.0), np.array([-79.0, -50.0, -110.0]), np.eye(3))
    assert trimesh.Trimesh(*further.meshes(2.0)[SACRUM]).body_count == 1
    assert further.openings(grid).max() >= FORAMINA["lower_foramina"]


# ---- the CT


@pytest.fixture(scope="module")
def ct_of() -> Callable[[Phantom], Any]:
    field = ((-40.0, -110.0, -60.0), (180.0, 100.0, 0.0))
    return lambda of: of.ct(2.0, noise_hu=0.0, covering=field)


def test_tissues_have_their_attenuation(plain: Phantom, ct_of: Callable[[Phantom], Any]) -> None:
    ct, shape = ct_of(plain), plain.shape
    at = ct.grid.points(np.argwhere(np.ones(ct.grid.shape, dtype=bool)).astype(np.float64))
    flat = ct.values.ravel()
    for which, inner in ((0, shape.sacrum_hu), (1, shape.hip_hu)):
        distance = signed(plain, which, at)
        assert np.median(flat[distance < -4]) == pytest.approx(inner, abs=1)
        assert flat[np.abs(distance + shape.cortex_mm / 2) < 0.2].mean() > 0.75 * shape.cortical_hu
    assert flat.min() == shape.air_hu
    assert np.sum(flat == shape.fat_hu) > 1000
    assert np.sum(flat == shape.soft_hu) > 10000
    corner = ct.values[-1, 0, 0]
    assert corner == shape.air_hu


def test_thick_slices_hold_the_mean_of_thin_ones(plain: Phantom) -> None:
    """Partial volume conserves: four voxels' mean is the thick voxel's value, whatever lies within it."""
    thin = plain.ct(1.0, covering=((30.0, -10.0, -40.0), (77.0, 37.0, -1.0)))
    thick = plain.ct((2.0, 2.0, 4.0), covering=((30.5, -9.5, -38.5), (77.0, 37.0, -1.0)))
    assert thin.grid.shape == (48, 48, 40)
    assert thick.grid.shape == (24, 24, 10)
    means = thin.values.reshape(24, 2, 24, 2, 10, 4).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(thick.values, means, atol=0.1)


def test_noise_is_that_of_the_seed(plain: Phantom) -> None:
    field = ((0.0, 0.0, -40.0), (40.0, 30.0, -10.0))
    quiet = plain.ct(1.0, covering=field)
    noisy = [plain.ct(1.0, noise_hu=25, seed=seed, covering=field) for seed in (1, 1, 2)]
    assert np.array_equal(noisy[0].values, noisy[1].values)
    assert not np.array_equal(noisy[0].values, noisy[2].values)
    assert np.std(noisy[0].values - quiet.values) == pytest.approx(25, rel=0.05)
    assert quiet.values.dtype == np.float32


def test_metal_lies_where_its_pose_says() -> None:
    implant = Implant(
        Size("t", "test", "triangle", 7.0, 50.0), Pose(np.array([75.0, 18, -12]), unit(np.array([-1.0, 0.1, 0])))
    )
    shape = PhantomShape(metal=(implant,))
    posed = phantom(shape, pose=POSE)
    middle = POSE.to_lps(implant.pose.at(25.0))
    ct = posed.ct(1.0, covering=(tuple(middle - 40), tuple(middle + 40)))
    dense = ct.values > 0.8 * shape.metal_hu
    points = POSE.from_lps(ct.grid.points(np.argwhere(dense).astype(np.float64)))
    np.testing.assert_allclose(points.mean(axis=0), implant.pose.at(25.0), atol=0.5)
    spread = np.linalg.svd(points - points.mean(axis=0))[2][0]
    assert abs(spread @ implant.pose.direction) > np.cos(np.radians(1))
