"""The cube's stiffness, its factored form and the compiled product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nutation.stability.element import SIGNS, between_modes, cube_stiffness
from nutation.stability.lanes import LANES, aligned
from nutation.stability.mesh import CORNERS
from nutation.stability.multigrid import bones
from nutation.stability.solver_kernels import APPLY, RESIDUAL, STEP, cubes_product
from stability.meshes_made import Springs, assembled, random_block


@pytest.mark.parametrize("poisson", [0.0, 0.2, 0.3, 0.45])
def test_the_factored_form_is_the_stiffness_with_45_numbers(poisson: float) -> None:
    modes = between_modes(poisson)
    turn = np.kron(SIGNS, np.eye(3))
    assert np.allclose(turn.T @ modes @ turn, cube_stiffness(poisson), rtol=0, atol=1e-15)
    assert np.count_nonzero(modes) == (45 if poisson else 33)  # without Poisson's ratio nothing stretches across


def test_rigid_motions_need_no_force_and_nothing_else_is_free() -> None:
    stiffness = cube_stiffness(0.3)
    places = CORNERS.astype(float)
    rigid = [np.tile(axis, (8, 1)).ravel() for axis in np.eye(3)]
    rigid += [np.cross(axis, places).ravel() for axis in np.eye(3)]
    assert np.abs(stiffness @ np.array(rigid).T).max() < 1e-15
    values = np.linalg.eigvalsh(stiffness)
    assert np.abs(values[:6]).max() < 1e-15
    assert values[6] > 0.01


def test_a_cube_pulled_along_an_axis_has_hookes_force() -> None:
    # strain 1 along x, -0.3 across: stress is E = 1 along x, so each of four corners of a face carries a quarter
    moved = (CORNERS * np.array([1.0, -0.3, -0.3])).ravel()
    force = (cube_stiffness(0.3) @ moved).reshape(8, 3)
    assert np.allclose(force, np.outer(np.where(CORNERS[:, 0] == 1, 0.25, -0.25), [1, 0, 0]))


@pytest.mark.parametrize(("lane", "close"), [(np.float32, 2e-6), (np.float64, 1e-14)])
def test_the_compiled_product_is_the_assembled_one_in_all_its_uses(lane: Any, close: float) -> None:
    mesh = random_block((19, 9, 8), spacing_mm=1.5)  # over 256 cubes, so that there are several slabs
    made = bones(mesh)
    assert len(made.slabs) > 2
    rng = np.random.default_rng(2)
    n = len(mesh.nodes)
    u, b, d, out = (aligned(n, lane) for _ in range(4))
    for vector in (u, b, d, out):  # whatever was in `out` has to go
        vector[:] = rng.standard_normal(vector.shape)
    inverse = rng.random((n, 6)).astype(lane)
    factors, sums = np.array([0.3, 0.7], dtype=lane), np.zeros((len(made.slabs), LANES))
    none = np.zeros(n + 1, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros((0, 9), dtype=lane)
    whole = assembled(mesh, Springs(n).couplings())
    product = (whole @ u.reshape(3 * n, LANES).astype(float)).reshape(n, 3, LANES)
    scale = np.abs(product).max()

    def run(use: int) -> Any:
        cubes_product(
            use, u, b, d, out, inverse, factors, made.slabs, made.elements, made.strength.astype(lane),
            made.factors.astype(lane), *none, sums,
        )  # fmt: skip
        return out.astype(float)

    assert np.abs(run(APPLY) - product).max() < close * scale
    assert np.allclose(sums.sum(axis=0), (u * product).sum(axis=(0, 1)), rtol=100 * close)
    assert np.abs(run(RESIDUAL) - (b - product)).max() < close * scale
    full = inverse[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(n, 3, 3).astype(float)
    step = 0.3 * d.astype(float) + 0.7 * np.einsum("nij,njr->nir", full, b - product)
    assert np.abs(run(STEP) - (u + step)).max() < 3 * close * scale
    assert np.abs(d - step).max() < 3 * close * scale
