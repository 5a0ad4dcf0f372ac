"""Supports and loads on the mesh: sums and moments, stiffness that no mesh changes, floating bones named."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from scipy import sparse

from nutation.anatomy.pelvis import HIP_OF, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.record.errors import InputError
from nutation.stability.held import check_held, rigid_motions
from nutation.stability.interface import interface_of, joint_layer
from nutation.stability.loads import Support, load_axes
from nutation.stability.mesh import VoxelMesh
from nutation.stability.mesh_build import build_mesh
from nutation.stability.regions import Regions, find_regions
from nutation.stability.supports import SUPPORT_MM, region_loads, support_of, unit_loads
from nutation.stability.symphysis import symphysis_layer
from stability.pelvises_made import phantom_pelvis, without, without_below


@cache
def mesh(spacing_mm: float = 4.0) -> VoxelMesh:
    return build_mesh(phantom_pelvis(), spacing_mm).mesh


@cache
def regions() -> Regions:
    return find_regions(phantom_pelvis())


@cache
def joints(which: tuple[str, ...] = ("left", "right", "front")) -> Any:
    pelvis = phantom_pelvis()
    layers = [joint_layer(pelvis.joints[side]) for side in ("left", "right") if side in which]  # type: ignore[index]
    front, _ = symphysis_layer(pelvis)
    if "front" in which and front is not None:
        layers.append(front)
    return sum(interface_of(mesh(), each).matrix for each in layers)


def test_every_unit_load_has_its_force_and_moment_about_the_endplates_centre() -> None:
    axes = load_axes(phantom_pelvis())
    loads = unit_loads(mesh(), regions(), axes)
    assert loads.shape == (mesh().unknowns, 6)
    for number in range(6):
        forces = loads[:, number].reshape(-1, 3)
        assert not forces[mesh().node_body != SACRUM].any()
        moment = np.cross(mesh().places_mm - axes.origin_mm, forces).sum(axis=0)
        expected = np.zeros(6)
        expected[number] = 1.0
        assert forces.sum(axis=0) @ axes.rotation == pytest.approx(expected[:3], abs=1e-10)
        assert moment @ axes.rotation == pytest.approx(expected[3:], abs=1e-8)


def test_any_region_can_be_loaded_about_the_same_axes() -> None:
    axes = load_axes(phantom_pelvis())
    forces = region_loads(mesh(), regions().surfaces["socket_left"], axes)[:, 0].reshape(-1, 3)
    assert not forces[mesh().node_body != LEFT_HIP].any()
    moment = np.cross(mesh().places_mm - axes.origin_mm, forces).sum(axis=0)
    assert moment == pytest.approx(np.zeros(3), abs=1e-8)


@pytest.mark.parametrize("support", get_args(Support))
def test_every_support_holds_its_bones_in_all_six_motions_and_no_other(support: Support) -> None:
    held = support_of(mesh(), phantom_pelvis(), regions(), support)
    for code in (SACRUM, LEFT_HIP, RIGHT_HIP):
        motions = rigid_motions(mesh(), (code,))
        small = (motions.T @ (held.matrix @ motions)).toarray()
        if code in held.bodies:
            assert np.linalg.eigvalsh(small)[0] > 1e3
        else:
            assert not small.any()
    assert held.bodies == {
        "ischia": (LEFT_HIP, RIGHT_HIP), "acetabula": (LEFT_HIP, RIGHT_HIP), "acetabulum_left": (LEFT_HIP,),
        "acetabulum_right": (RIGHT_HIP,), "ilium_left": (LEFT_HIP,), "ilium_right": (RIGHT_HIP,),
        "s1_endplate": (SACRUM,),
    }[support]  # fmt: skip


def test_a_support_is_cortical_bone_of_ten_millimetres_whatever_the_cubes() -> None:
    # 17000 MPa over 10 mm: 1700 N/mm for each mm2 of the region.
    area = regions().surfaces["socket_left"].area_mm2
    for spacing_mm in (4.0, 2.0):
        made = mesh(spacing_mm)
        held = support_of(made, phantom_pelvis(), regions(), "acetabulum_left")
        push = np.zeros((len(made.nodes), 3))
        push[:, 2] = 1.0
        assert push.ravel() @ (held.matrix @ push.ravel()) == pytest.approx(17000 / SUPPORT_MM * area, rel=1e-9)


def test_a_fixed_ilium_is_as_stiff_in_coarse_as_in_fine_cubes() -> None:
    sums = []
    for spacing_mm in (4.0, 2.0):
        made = mesh(spacing_mm)
        held = support_of(made, phantom_pelvis(), regions(), "ilium_right")
        sums.append(held.matrix.diagonal().sum() / 3)
    assert sums[0] == pytest.approx(sums[1], rel=0.08)


def test_what_the_image_does_not_show_cannot_hold_or_be_loaded() -> None:
    cut = find_regions(without(phantom_pelvis(), RIGHT_HIP))
    with pytest.raises(InputError, match="no tuberosity right") as caught:
        support_of(mesh(), phantom_pelvis(), cut, "ischia")
    assert caught.value.mend.endswith("shows: ilium_left, ilium_right")
    cut = find_regions(without_below(phantom_pelvis(), RIGHT_HIP, -120.0))
    with pytest.raises(InputError, match="no tuberosity right") as caught:
        support_of(mesh(), phantom_pelvis(), cut, "ischia")
    assert "shows: acetabula, ilium_left" in caught.value.mend
    with pytest.raises(InputError, match="no load can enter"):
        unit_loads(mesh(), Regions({}, {}, {"s1_endplate": "it is cut off"}), load_axes(phantom_pelvis()))


def test_a_pelvis_with_joints_and_support_is_held() -> None:
    loads = unit_loads(mesh(), regions(), load_axes(phantom_pelvis()))
    for support in ("ischia", "acetabulum_left", "ilium_right"):
        check_held(mesh(), joints() + support_of(mesh(), phantom_pelvis(), regions(), support).matrix, loads)


def test_one_fixed_hip_holds_the_rest_without_the_symphysis() -> None:
    held = support_of(mesh(), phantom_pelvis(), regions(), "ilium_left").matrix
    check_held(mesh(), joints(("left", "right")) + held)


def test_what_floats_is_named() -> None:
    fixed = support_of(mesh(), phantom_pelvis(), regions(), "ilium_left").matrix
    with pytest.raises(InputError, match="nothing holds the right hip: 6 of its motions"):
        check_held(mesh(), joints(("left",)) + fixed)
    with pytest.raises(InputError, match="nothing holds the sacrum: 6"):
        check_held(mesh(), joints(("front",)) + fixed)
    with pytest.raises(InputError, match="nothing holds the sacrum and the left hip and the right hip: 6"):
        check_held(mesh(), joints())
    with pytest.raises(InputError, match="nothing holds the pelvis"):
        check_held(mesh(), sparse.csr_matrix((mesh().unknowns, mesh().unknowns)))


def test_a_joint_that_only_resists_across_lets_the_sacrum_slide() -> None:
    pelvis = phantom_pelvis()
    fixed = support_of(mesh(), pelvis, regions(), "ischia").matrix
    across = [interface_of(mesh(), joint_layer(pelvis.joints[side])).across for side in ("left", "right")]
    # Two curved faces still hold the sacrum; one flat spring does not.
    check_held(mesh(), across[0] + across[1] + fixed)
    one = np.zeros(mesh().unknowns)
    one[3 * int(np.flatnonzero(mesh().node_body == SACRUM)[0])] = 1.0
    row = sparse.csr_matrix(one)
    with pytest.raises(InputError, match="nothing holds the sacrum: 5 of its motions"):
        check_held(mesh(), fixed + 1e5 * (row.T @ row))


def test_loads_on_nothing_and_loads_that_are_no_numbers_are_refused() -> None:
    coupled = joints() + support_of(mesh(), phantom_pelvis(), regions(), "ischia").matrix
    loads = unit_loads(mesh(), regions(), load_axes(phantom_pelvis()))
    empty = loads.copy()
    empty[:, 2] = 0.0
    with pytest.raises(InputError, match="load 3 acts on nothing"):
        check_held(mesh(), coupled, empty)
    empty[0, 2] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        check_held(mesh(), coupled, empty)


def test_bodies_are_named_for_more_unknowns_than_the_meshs_own() -> None:
    # Implants add unknowns of their own; they count as no body.
    matrix = joints() + support_of(mesh(), phantom_pelvis(), regions(), "ischia").matrix
    wide = sparse.block_diag([matrix, sparse.csr_matrix((6, 6))], format="csr")
    check_held(mesh(), wide)
    assert set(HIP_OF.values()) == {LEFT_HIP, RIGHT_HIP}
