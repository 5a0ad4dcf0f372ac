"""Points held by bone: exact for rigid and even motion, also outside the cube; forces keep sum and moment."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nutation.anatomy.pelvis import LEFT_HIP, SACRUM
from nutation.record.errors import InputError
from nutation.stability.attach import along, attach, attach_arm, attach_cells, threefold
from nutation.stability.mesh import VoxelMesh
from nutation.stability.mesh_build import build_mesh
from stability.blocks_made import ball, box, made_pelvis


@cache
def mesh() -> VoxelMesh:
    bones = {SACRUM: ball((0, 0, 0), 12.0), LEFT_HIP: box((14, -8, -8), (26, 8, 8))}
    return build_mesh(made_pelvis(bones, (-16, -16, -16), (30, 16, 16)), 2.0, bones=(SACRUM, LEFT_HIP)).mesh


def points() -> np.ndarray:
    ways = np.random.default_rng(1).normal(size=(50, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    return np.concatenate([12.0 * ways, 13.5 * ways, 5.0 * ways])


def test_every_rigid_and_every_even_motion_is_exact_even_off_the_bone() -> None:
    gradient, shift = np.random.default_rng(2).normal(size=(3, 3)), np.array([1.0, -2.0, 3.0])
    moved = mesh().places_mm @ gradient.T + shift
    weights = attach(mesh(), SACRUM, points()).weights
    assert weights @ moved == pytest.approx(points() @ gradient.T + shift, abs=1e-10)


def test_only_the_bones_own_nodes_carry() -> None:
    weights = attach(mesh(), SACRUM, np.array([[15.0, 0.0, 0.0]])).weights
    used = np.unique(weights.nonzero()[1])
    assert (mesh().node_body[used] == SACRUM).all()


def test_forces_keep_their_sum_and_moment() -> None:
    forces = np.random.default_rng(3).normal(size=points().shape)
    nodal = attach(mesh(), SACRUM, points()).weights.T @ forces
    assert nodal.sum(axis=0) == pytest.approx(forces.sum(axis=0), abs=1e-9)
    moment = np.cross(mesh().places_mm, nodal).sum(axis=0)
    assert moment == pytest.approx(np.cross(points(), forces).sum(axis=0), abs=1e-8)


def test_along_and_threefold_say_the_same() -> None:
    weights = attach(mesh(), SACRUM, points()).weights
    motion = np.random.default_rng(4).normal(size=(len(mesh().nodes), 3))
    ways = points() / np.linalg.norm(points(), axis=1, keepdims=True)
    whole = (threefold(weights) @ motion.ravel()).reshape(-1, 3)
    assert whole == pytest.approx(weights @ motion, abs=1e-12)
    assert along(weights, ways) @ motion.ravel() == pytest.approx((whole * ways).sum(axis=1), abs=1e-12)


def test_on_an_arm_every_rigid_motion_is_exact_and_strain_ends_at_the_bone() -> None:
    arm = attach_arm(mesh(), LEFT_HIP, np.array([[30.0, 1.3, -2.1], [11.0, 9.5, 9.0], [20.0, 0.4, 0.7]]))
    places = np.array([[30.0, 1.3, -2.1], [11.0, 9.5, 9.0], [20.0, 0.4, 0.7]])
    turn, shift = np.array([0.3, -0.7, 0.4]), np.array([1.0, 2.0, 3.0])
    moved = (np.cross(turn, mesh().places_mm) + shift).ravel()
    assert (arm @ moved).reshape(-1, 3) == pytest.approx(np.cross(turn, places) + shift, abs=1e-10)
    # Stretched along x by 1 %: the first point, 4 mm off the face at 26 mm, moves as the face does, and the last, which
    # lies in the bone, as it does there.
    stretched = (mesh().places_mm * [0.01, 0.0, 0.0]).ravel()
    found = (arm @ stretched).reshape(-1, 3)
    assert found[0] == pytest.approx([0.26, 0.0, 0.0], abs=1e-9)
    assert found[2] == pytest.approx([0.20, 0.0, 0.0], abs=1e-9)
    assert attach(mesh(), LEFT_HIP, places[:1]).weights @ (mesh().places_mm * 0.01) == pytest.approx(places[:1] * 0.01)


def test_on_an_arm_a_bent_face_turns_its_normal() -> None:
    # A face whose normal displacement grows along y by 2 %: an arm of 4 mm along x leans back by 0.08 mm.
    arm = attach_arm(mesh(), LEFT_HIP, np.array([[30.0, 1.0, 1.0]]))
    bent = np.zeros((len(mesh().nodes), 3))
    bent[:, 0] = 0.02 * mesh().places_mm[:, 1]
    assert arm @ bent.ravel() == pytest.approx([0.02, -0.08, 0.0], abs=1e-9)


def test_a_cubes_own_middle_is_the_mean_of_its_corners() -> None:
    some = np.array([0, 17, len(mesh().cells) - 1])
    found = attach_cells(mesh(), some) @ mesh().places_mm
    assert found == pytest.approx(mesh().low_mm + (mesh().cells[some] + 0.5) * mesh().spacing_mm, abs=1e-12)


def test_a_point_in_air_and_a_bone_that_is_not_there_are_refused() -> None:
    with pytest.raises(InputError, match="from the sacrum, which is to carry it"):
        attach(mesh(), SACRUM, np.array([[0.0, 0.0, 30.0]]))
    with pytest.raises(InputError, match="not in the model"):
        attach(mesh(), 3, points())
