"""The solver against direct solution, beam theory, torsion theory and CalculiX."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

from nutation.anatomy.space import Floats
from nutation.record.errors import InputError
from nutation.stability.mesh import Couplings, VoxelMesh
from nutation.stability.solver import Solver
from stability.calculix import displacements
from stability.meshes_made import Springs, assembled, beam, block, bones_apart, mesh_of, random_block

SIDE = 10


def plane(mesh: VoxelMesh, x: int, body: int = 1) -> Any:
    return np.flatnonzero((mesh.nodes[:, 0] == x) & (mesh.node_body == body))


def jointed(gap: int = 1, side: int = SIDE) -> tuple[VoxelMesh, Springs]:
    """Two bones, the first held; between their faces 3 N/mm3, so that the second nearly floats."""
    mesh = bones_apart(side, gap)
    springs = Springs(len(mesh.nodes)).hold(plane(mesh, 0), 1e5)
    return mesh, springs.join(plane(mesh, side, 1), plane(mesh, side + gap, 2), 3.0)


def implanted(side: int = SIDE) -> tuple[VoxelMesh, Couplings]:
    """The same with two beams of titanium through both."""
    mesh, springs = jointed(side=side)
    for y in (2.0, side - 2.0):
        stations = np.array([[x, y, side // 2] for x in range(2, 2 * side)], dtype=float)
        beam(springs, mesh, stations, radius_mm=2.0)
    return mesh, springs.couplings()


def loads_of(unknowns: int, count: int = 5) -> Floats:
    return np.random.default_rng(0).standard_normal((unknowns, count))


def ball(diameter: int = 12) -> VoxelMesh:
    at = np.stack(np.meshgrid(*[np.arange(diameter) - (diameter - 1) / 2] * 3, indexing="ij"))
    return mesh_of({1: np.where((at**2).sum(axis=0) < (diameter / 2) ** 2, 1000.0, 0.0)}, spacing_mm=2.0)


def linear(mesh: VoxelMesh) -> Floats:
    gradient = np.array([[1.0, 0.4, -0.2], [0.1, -0.7, 0.3], [0.5, 0.2, 0.6]]) * 1e-3
    return (mesh.places_mm @ gradient.T).reshape(-1, 1)


def test_patch() -> None:
    mesh = ball()
    moved = linear(mesh)
    full = np.bincount(mesh.elements.ravel(), minlength=len(mesh.nodes)) == 8
    edge = np.flatnonzero(~full)
    free = Solver(mesh, Springs(len(mesh.nodes)).hold(edge, 1e-3).couplings())
    inside = free.apply(moved).reshape(-1, 3)[full]
    assert np.abs(inside).max() < 1e-12 * 1000.0
    stiff = 1e9
    solver = Solver(mesh, Springs(len(mesh.nodes)).hold(edge, stiff).couplings())
    loads = np.zeros_like(moved)
    rows = (3 * edge[:, None] + np.arange(3)).ravel()
    loads[rows] = stiff * moved[rows]
    found = solver.solve(loads, tolerance=1e-13)
    assert np.abs(found.displacements - moved).max() < 1e-5 * np.abs(moved).max()


def test_rigid_motion_of_free_bones_needs_no_force() -> None:
    mesh = random_block((8, 8, 8))
    solver = Solver(mesh, Springs(len(mesh.nodes)).hold(np.arange(len(mesh.nodes)), 1.0).couplings())
    motion = np.stack([np.cross(axis, mesh.places_mm).ravel() for axis in np.eye(3)], axis=1)
    assert np.abs(solver.apply(motion) - motion).max() < 1e-9  # the unit springs alone answer


def random_held() -> tuple[VoxelMesh, Couplings]:
    mesh = random_block((13, 12, 11))
    return mesh, Springs(len(mesh.nodes)).hold(np.arange(len(mesh.nodes)), 1.0).couplings()


@pytest.mark.parametrize("made", [random_held, lambda: (jointed()[0], jointed()[1].couplings()), implanted])
def test_as_a_direct_solver(made: Any) -> None:
    mesh, couplings = made()
    solver = Solver(mesh, couplings)
    loads = loads_of(solver.unknowns)
    found = solver.solve(loads, tolerance=1e-9)
    matrix = assembled(mesh, couplings)
    truth = spsolve(matrix, loads)
    assert found.converged
    assert np.linalg.norm(found.displacements - truth) < 1e-6 * np.linalg.norm(truth)
    assert np.allclose(solver.apply(truth), matrix @ truth, rtol=0, atol=1e-9 * np.abs(matrix).max())
    left = np.linalg.norm(loads - matrix @ found.displacements, axis=0) / np.linalg.norm(loads, axis=0)
    assert np.all(left <= 1e-8)


def test_work_is_twice_the_energy() -> None:
    mesh, couplings = implanted()
    solver = Solver(mesh, couplings)
    loads = loads_of(solver.unknowns, 2)
    u = solver.solve(loads, tolerance=1e-9).displacements
    matrix = assembled(mesh, couplings)
    assert np.allclose((loads * u).sum(axis=0), (u * (matrix @ u)).sum(axis=0), rtol=1e-7)


def test_bar_bends_as_timoshenko_says_with_second_order() -> None:
    width, length, modulus, force = 8.0, 40.0, 1000.0, 1.0
    tips = []
    for across in (2, 4, 8):
        h = width / across
        mesh = block((5 * across, across, across), modulus, spacing_mm=h, poisson=0.0)
        solver = Solver(mesh, Springs(len(mesh.nodes)).hold(plane(mesh, 0), 1e8).couplings())
        end = plane(mesh, 5 * across)
        share = np.prod(np.where(mesh.nodes[end, 1:] % across == 0, 0.5, 1.0), axis=1)
        loads = np.zeros((solver.unknowns, 1))
        loads[3 * end + 2, 0] = force * share / share.sum()
        found = solver.solve(loads, tolerance=1e-9).displacements[3 * end + 2, 0]
        tips.append(float((found * share).sum() / share.sum()))
    truth = force * length**3 / (3 * modulus * width**4 / 12) + force * length / (5 / 6 * modulus / 2 * width**2)
    assert np.log2((tips[1] - tips[0]) / (tips[2] - tips[1])) == pytest.approx(2.0, abs=0.2)
    limit = tips[2] + (tips[2] - tips[1]) / 3
    assert limit == pytest.approx(truth, rel=0.004)


def test_square_bar_twists_as_saint_venant_says_with_second_order() -> None:
    side, modulus, torque = 8.0, 1000.0, 100.0
    truth = torque / (0.1406 * side**4 * modulus / 2.6)
    rates = []
    for across in (3, 6, 12):
        mesh = block((5 * across, across, across), modulus, spacing_mm=side / across)
        solver = Solver(mesh, Springs(len(mesh.nodes)).hold(plane(mesh, 0), 1e6).couplings())
        away = mesh.places_mm[:, 1:] - side / 2

        def turned(vector: Any, x: int, mesh: VoxelMesh = mesh, away: Any = away) -> float:
            at = plane(mesh, x)
            y, z = away[at].T
            return float((y * vector[3 * at + 2, 0] - z * vector[3 * at + 1, 0]).sum() / (y**2 + z**2).sum())

        end = plane(mesh, 5 * across)
        loads = np.zeros((solver.unknowns, 1))
        loads[3 * end + 1, 0], loads[3 * end + 2, 0] = -away[end, 1], away[end, 0]
        loads *= torque / (away[end] ** 2).sum()
        u = solver.solve(loads, tolerance=1e-9).displacements
        rates.append((turned(u, 3 * across) - turned(u, 2 * across)) / side)
    assert np.log2((rates[1] - rates[0]) / (rates[2] - rates[1])) == pytest.approx(2.0, abs=0.3)
    assert rates[2] + (rates[2] - rates[1]) / 3 == pytest.approx(truth, rel=0.004)


def test_a_symmetric_model_answers_symmetrically() -> None:
    mesh, springs = jointed(side=8)
    solver = Solver(mesh, springs.couplings())
    loads = np.zeros((solver.unknowns, 1))
    end = plane(mesh, 17, 2)
    loads[3 * end, 0] = 1.0
    u = solver.solve(loads, tolerance=1e-10).displacements.reshape(-1, 3)
    table = {(*place, body): i for i, (place, body) in enumerate(zip(mesh.nodes.tolist(), mesh.node_body, strict=True))}
    other = [table[x, 8 - y, z, body] for (x, y, z), body in zip(mesh.nodes.tolist(), mesh.node_body, strict=True)]
    assert np.abs(u[other] * [1, -1, 1] - u).max() < 1e-8 * np.abs(u).max()


def test_reused_bones_and_several_loads_give_the_same() -> None:
    mesh, springs = jointed(side=6)
    intact = Solver(mesh, springs.couplings())
    couplings = implanted(6)[1]
    fresh, reused = Solver(mesh, couplings), Solver(mesh, couplings, reuse=intact)
    loads = loads_of(fresh.unknowns, 11)
    together = fresh.solve(loads, tolerance=1e-9).displacements
    assert np.array_equal(reused.solve(loads, tolerance=1e-9).displacements, together)
    for number in (0, 7, 10):
        alone = fresh.solve(loads[:, number : number + 1], tolerance=1e-9).displacements[:, 0]
        assert np.abs(alone - together[:, number]).max() < 1e-6 * np.abs(alone).max()


@pytest.mark.parametrize("made", [lambda: (jointed(0, 16)[0], jointed(0, 16)[1].couplings()), implanted])
def test_a_soft_joint_and_stiff_beams_take_few_iterations(made: Any) -> None:
    mesh, couplings = made()
    solver = Solver(mesh, couplings)
    found = solver.solve(loads_of(solver.unknowns, 8))
    assert found.converged
    assert found.iterations <= 30


def test_a_load_of_nothing_moves_nothing_and_a_good_start_is_used() -> None:
    mesh, springs = jointed(side=6)
    solver = Solver(mesh, springs.couplings())
    loads = loads_of(solver.unknowns, 2)
    loads[:, 0] = 0.0
    found = solver.solve(loads)
    assert found.converged
    assert not found.displacements[:, 0].any()
    again = solver.solve(loads, start=found.displacements)
    assert again.iterations == 0
    assert np.allclose(again.displacements, found.displacements, rtol=1e-12)


def test_what_has_not_converged_says_so() -> None:
    mesh, springs = jointed()
    solver = Solver(mesh, springs.couplings())
    found = solver.solve(loads_of(solver.unknowns, 1), most_iterations=3)
    assert not found.converged
    assert found.iterations == 3
    assert 1e-6 < found.residuals[0] < 10.0


def test_a_bone_joined_to_nothing_is_told() -> None:
    mesh = bones_apart(6)
    with pytest.raises(InputError, match="not held"):
        Solver(mesh, Springs(len(mesh.nodes)).hold(plane(mesh, 0), 1e5).couplings())


def test_a_beam_tied_to_nothing_is_told() -> None:
    mesh, springs = jointed(side=6)
    beam(springs, mesh, np.array([[x, 90.0, 90.0] for x in range(5)]))
    with pytest.raises(InputError, match="tied to no bone"):
        Solver(mesh, springs.couplings())


def test_sizes_that_do_not_match_are_told() -> None:
    mesh, springs = jointed(side=6)
    solver = Solver(mesh, springs.couplings())
    with pytest.raises(ValueError, match="wanted"):
        solver.solve(np.zeros((5, 1)))
    with pytest.raises(ValueError, match="another mesh"):
        Solver(bones_apart(6), springs.couplings(), reuse=solver)


def test_as_calculix(tmp_path: Path) -> None:
    program = shutil.which("ccx")
    if program is None:
        pytest.skip("CalculiX (ccx, Debian package calculix-ccx) is not installed")
    shape = (14, 6, 6)
    rng = np.random.default_rng(3)
    moduli = rng.choice([10.0, 100.0, 1500.0, 17000.0], shape)
    moduli[5:8, 2:4, 2:4] = 0.0
    mesh = mesh_of({1: moduli}, spacing_mm=1.5)
    held, end = plane(mesh, 0), plane(mesh, shape[0])
    loads = np.zeros((len(mesh.nodes), 3))
    loads[end] = [1.0, -2.0, 3.0]
    truth = displacements(program, tmp_path, mesh, held, loads)
    solver = Solver(mesh, Springs(len(mesh.nodes)).hold(held, 1e10).couplings())
    found = solver.solve(loads.reshape(-1, 1), tolerance=1e-9)
    apart = found.displacements.reshape(-1, 3) - truth
    assert np.abs(apart).max() < 1e-5 * np.abs(truth).max()
