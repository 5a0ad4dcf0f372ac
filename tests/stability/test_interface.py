"""The joints as interfaces: pressed and slid they resist as a layer does; moved as one with the bones they do not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM, Joint
from nutation.anatomy.space import Floats
from nutation.record.errors import InputError
from nutation.stability.attach import attach, threefold
from nutation.stability.interface import (
    Layer,
    confined_mpa,
    interface_of,
    joint_layer,
    layers_of,
    point_areas,
    shear_mpa,
    spread_areas,
)
from nutation.stability.mesh import Couplings, VoxelMesh
from nutation.stability.mesh_build import build_mesh
from nutation.stability.solver import Solver
from nutation.stability.symphysis import symphysis_layer
from stability.blocks_made import box, made_pelvis, turned, turning
from stability.pelvises_made import SIDES, atlas_pelvis, phantom_pelvis, without

GAP_MM, SIDE_MM = 4.0, 20.0
"""Two blocks with a face of 20 by 20 mm each, 4 mm apart along x."""


@cache
def blocks(degrees: float) -> VoxelMesh:
    half = SIDE_MM / 2
    bones = {
        SACRUM: turned(box((-16, -half, -half), (-GAP_MM / 2, half, half)), degrees),
        LEFT_HIP: turned(box((GAP_MM / 2, -half, -half), (16, half, half)), degrees),
    }
    # Voxels' middles lie at halves, so that faces lie at whole millimetres, where the cubes' do.
    pelvis = made_pelvis(bones, (-25.5, -25.5, -15.5), (25.5, 25.5, 15.5))
    return build_mesh(pelvis, 2.0, bones=(SACRUM, LEFT_HIP)).mesh


def layer(degrees: float, across_mpa: float = 21.0, along_mpa: float = 3.6) -> Layer:
    at = np.arange(-SIDE_MM / 2 + 0.5, SIDE_MM / 2, 1.0)
    y, z = (values.ravel() for values in np.meshgrid(at, at))
    turn = turning(degrees)
    points = np.stack([np.zeros(len(y)), y, z], axis=1) @ turn.T
    ones = np.ones(len(points))
    normals = np.tile(turn[:, 0], (len(points), 1))
    return Layer("layer", SACRUM, LEFT_HIP, points, normals, GAP_MM * ones, ones, across_mpa, along_mpa, ())


def moved(mesh: VoxelMesh, body: int, way: Floats) -> Floats:
    """Nodal displacements (unknowns,) of one body moved by a vector."""
    motion = np.zeros((len(mesh.nodes), 3))
    motion[mesh.node_body == body] = way
    return motion.ravel()


@pytest.mark.parametrize("degrees", [0.0, 30.0])
def test_rigid_blocks_are_held_apart_by_m_a_over_t_and_along_by_g_a_over_t(degrees: float) -> None:
    mesh, found = blocks(degrees), interface_of(blocks(degrees), layer(degrees))
    turn = turning(degrees)
    area = SIDE_MM**2
    for axis, expected in ((0, 21.0 * area / GAP_MM), (1, 3.6 * area / GAP_MM), (2, 3.6 * area / GAP_MM)):
        motion = moved(mesh, LEFT_HIP, turn[:, axis])
        assert motion @ (found.matrix @ motion) == pytest.approx(expected, rel=1e-9)
        assert motion @ (found.across @ motion) == pytest.approx(expected if axis == 0 else 0.0, abs=1e-6)
    assert found.layer.across_n_per_mm == pytest.approx(21.0 * area / GAP_MM)
    assert found.layer.along_n_per_mm == pytest.approx(3.6 * area / GAP_MM)


@pytest.mark.parametrize("degrees", [0.0, 30.0])
def test_tilting_one_block_is_resisted_as_a_layer_is(degrees: float) -> None:
    # About the layer's own y axis through its middle: M I / t with I = b h^3 / 12 (midpoint sum: less 1/h^2).
    mesh, found = blocks(degrees), interface_of(blocks(degrees), layer(degrees))
    arms = mesh.places_mm
    motion = np.cross(turning(degrees)[:, 1], arms) * (mesh.node_body == LEFT_HIP)[:, None]
    second = SIDE_MM**4 / 12 * (1 - 1 / SIDE_MM**2)
    assert motion.ravel() @ (found.matrix @ motion.ravel()) == pytest.approx(21.0 * second / GAP_MM, rel=1e-9)


@pytest.mark.parametrize("degrees", [0.0, 30.0])
def test_a_motion_of_the_whole_costs_nothing(degrees: float) -> None:
    mesh, found = blocks(degrees), interface_of(blocks(degrees), layer(degrees))
    motion = (np.cross([0.3, -0.2, 0.5], mesh.places_mm) + np.array([1.0, 2.0, -1.0])).ravel()
    scale = motion @ motion * 1e4
    assert abs(motion @ (found.matrix @ motion)) < 1e-12 * scale
    assert abs(found.matrix - found.matrix.T).max() < 1e-9


def test_two_elastic_blocks_and_the_layer_give_in_series() -> None:
    # Pulled apart by 100 N at their far ends, without lateral strain: length over E A of each block, t over M A.
    mesh = replace(blocks(0.0), poisson=0.0, modulus_mpa=np.full(len(blocks(0.0).cells), 100.0))
    found = interface_of(mesh, layer(0.0))
    near, far = (_end(mesh, body, sign) for body, sign in ((SACRUM, -1), (LEFT_HIP, 1)))
    stiff = 1e6
    grip = threefold((near.T @ near).tocsr()) * (stiff / near.shape[0])
    loads = np.zeros((len(mesh.nodes), 3))
    loads[:, 0] = 100.0 * np.asarray(far.mean(axis=0)).ravel()
    solved = Solver(mesh, Couplings((found.matrix + grip).tocsr(), 0)).solve(loads.reshape(-1, 1), tolerance=1e-8)
    pulled = float((far @ solved.displacements.reshape(-1, 3))[:, 0].mean())
    # 20 by 20 mm; each block is 14 mm long, and between them are 4 mm of layer.
    blocked = 100.0 * 28.0 / (100.0 * 400.0)
    assert pulled == pytest.approx(blocked + 100.0 * GAP_MM / (21.0 * 400.0) + 100.0 / stiff, rel=1e-3)


def _end(mesh: VoxelMesh, body: int, sign: int) -> Any:
    """The middles of the outermost cube faces of one block along x, as weights (faces, nodes)."""
    mine = mesh.cells[mesh.element_body == body]
    edge = mine[:, 0].max() if sign > 0 else mine[:, 0].min()
    middles = mesh.low_mm + (mine[mine[:, 0] == edge] + 0.5 + [0.5 * sign, 0.0, 0.0]) * mesh.spacing_mm
    return attach(mesh, body, middles).weights


def test_the_moduli_by_hand() -> None:
    # Poisson 0.4: M = E 0.6 / (1.4 x 0.2) = 2.142857 E; G = E / 2.8.
    assert confined_mpa(10.0, 0.4) == pytest.approx(21.42857, rel=1e-6)
    assert shear_mpa(10.0, 0.4) == pytest.approx(3.571429, rel=1e-6)
    assert confined_mpa(5.0, 0.0) == 5.0


def made_joint(**changes: object) -> Joint:
    points = layer(0.0).points_mm
    gap = np.full(len(points), 3.5)
    gap[:10] = 0.3
    plain = Joint(
        "left", points, np.tile([1.0, 0, 0], (len(points), 1)), gap, 400.0, points.mean(0), np.array([1.0, 0, 0]),
        False, 0.0,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_thickness_is_the_gap_but_no_less_than_both_cartilages() -> None:
    found = joint_layer(made_joint())
    assert found.thickness_mm[:10] == pytest.approx(np.full(10, 1.81 + 0.80))
    assert found.thickness_mm[10:] == pytest.approx(np.full(390, 3.5))
    assert found.warnings == ()


def test_where_the_gap_was_cut_the_cartilages_cited_thickness_stands_in() -> None:
    found = joint_layer(made_joint(synthesised=True))
    assert found.thickness_mm == pytest.approx(np.full(400, 1.81 + 0.80))
    assert "left sacroiliac joint's gap is not in the image" in found.warnings[0]


def test_cartilage_of_another_model_can_be_taken() -> None:
    soft = joint_layer(made_joint(), cartilage="si_cartilage_population")
    assert soft.along_mpa == pytest.approx(1.0 / 2.9)
    assert soft.evidence[0] == "si_cartilage_population"


def test_areas_are_the_joints_own_or_told_from_the_points() -> None:
    own = np.linspace(0.5, 1.5, 400)
    assert point_areas(made_joint(areas_mm2=own)) is own
    told = point_areas(made_joint())
    assert told.sum() == pytest.approx(400.0)
    # Half the points lie twice as close on a line of the same length: their areas are about a quarter.
    coarse = np.stack(np.meshgrid(np.arange(0, 40, 2.0), np.arange(0, 40, 2.0)), -1).reshape(-1, 2)
    fine = np.stack(np.meshgrid(np.arange(40, 80, 1.0), np.arange(0, 40, 1.0)), -1).reshape(-1, 2)
    flat = np.concatenate([coarse, fine])
    areas = spread_areas(np.column_stack([flat, np.zeros(len(flat))]), 3200.0)
    assert areas[: len(coarse)].sum() == pytest.approx(1600.0, rel=0.15)


def test_a_layer_without_area_is_refused() -> None:
    with pytest.raises(InputError, match="has no area"):
        interface_of(blocks(0.0), replace(layer(0.0), areas_mm2=np.zeros(400)))


def test_the_phantoms_joints_cost_nothing_when_all_moves_and_are_as_stiff_left_as_right() -> None:
    pelvis = phantom_pelvis()
    mesh = build_mesh(pelvis, 4.0).mesh
    front, _ = symphysis_layer(pelvis)
    assert front is not None
    joints = layers_of(dict(pelvis.joints))
    motion = (np.cross([0.01, -0.02, 0.015], mesh.places_mm) + np.array([1.0, 2.0, -1.0])).ravel()
    for each in (*joints, front):
        found = interface_of(mesh, each)
        one = moved(mesh, each.second, np.array([1.0, 0.0, 0.0]))
        assert abs(motion @ (found.matrix @ motion)) < 1e-6 * (one @ (found.matrix @ one))
        assert each.areas_mm2.sum() > 0
    assert joints[0].across_n_per_mm == pytest.approx(joints[1].across_n_per_mm, rel=0.02)
    for each, side in zip(joints, SIDES, strict=True):
        assert each.area_mm2 == pytest.approx(pelvis.joints[side].area_mm2, rel=1e-6)


def test_the_symphysis_of_the_phantom_lies_at_the_pubis_between_the_hips() -> None:
    pelvis = phantom_pelvis()
    found, warnings = symphysis_layer(pelvis)
    assert found is not None
    assert warnings == ()
    middle = found.areas_mm2 @ found.points_mm / found.area_mm2
    assert middle == pytest.approx(pelvis.landmarks["pubis"], abs=6.0)
    assert middle[0] == pytest.approx(0.0, abs=0.5)
    assert (found.first, found.second) == (RIGHT_HIP, LEFT_HIP)
    assert found.normals.mean(axis=0) @ [1, 0, 0] > 0.98
    # M for 5 MPa and 0.45 is 18.97 MPa; G is 1.724 MPa.
    assert found.across_mpa == pytest.approx(18.966, rel=1e-3)
    assert found.along_mpa == pytest.approx(1.7241, rel=1e-3)


def test_real_bones_have_a_symphysis_of_a_discs_size(data_dir: Path) -> None:
    found, warnings = symphysis_layer(atlas_pelvis(data_dir, "3", 1.0))
    assert found is not None
    assert warnings == ()
    assert 200 < found.area_mm2 < 900
    assert 3 < np.median(found.thickness_mm) < 7


def test_hips_that_the_image_does_not_show_near_each_other_are_left_apart() -> None:
    pelvis = phantom_pelvis()
    above = pelvis.labels.copy()
    heights = pelvis.low_mm[2] + np.arange(above.shape[2]) * pelvis.spacing_mm
    above[:, :, heights < pelvis.landmarks["pubis_top"][2] + 12] = 0
    for image in (replace(pelvis, labels=above), without(pelvis, LEFT_HIP)):
        found, warnings = symphysis_layer(image)
        assert found is None
        assert "does not show the pubic symphysis" in warnings[0]


def test_hips_that_touch_in_front_have_a_disc_of_the_least_width() -> None:
    bones = {RIGHT_HIP: box((-20, -10, -15), (0.5, 10, 15)), LEFT_HIP: box((0.5, -10, -15), (20, 10, 15))}
    found, warnings = symphysis_layer(made_pelvis(bones, (-26, -16, -21), (26, 16, 21)))
    assert found is not None
    assert found.thickness_mm == pytest.approx(np.full(len(found.points_mm), 2.0))
    assert "narrower than 2 mm" in warnings[0]
    assert found.area_mm2 == pytest.approx(19 * 29, rel=0.2)
