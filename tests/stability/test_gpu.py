"""The solver on Warp against the solver on the CPU. Warp's CPU device runs the kernels that a GPU would run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nutation.record.errors import InputError
from nutation.stability import backend as choice
from nutation.stability.checked import device_bytes
from nutation.stability.iteration import solve
from nutation.stability.lanes import LANES, aligned
from nutation.stability.on_cpu import CpuGradients
from nutation.stability.solver import Solver
from stability.test_solver import implanted, jointed, loads_of, random_held

if importlib.util.find_spec("warp") is None:
    reason = "NVIDIA Warp is not installed (the extra `gpu`)"
    if sys.platform == "darwin":
        reason = f"other platform: {reason}; it has no wheel for Intel Macs"
    pytest.skip(reason, allow_module_level=True)

from nutation.stability import gpu, gpu_kernels

ON_WARP = "warp on cpu"


@pytest.fixture(autouse=True)
def by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(choice.VARIABLE, raising=False)


def jointed_only() -> tuple[Any, Any]:
    mesh, springs = jointed()
    return mesh, springs.couplings()


def vectors_of(solver: Solver) -> gpu.DeviceGradients:
    return gpu.DeviceGradients(gpu.upload(solver.bones, "cpu"), solver.bones, solver.cycle, solver.rows)


@pytest.mark.parametrize("made", [random_held, jointed_only, implanted])
def test_as_on_the_cpu(made: Any) -> None:
    mesh, couplings = made()
    on_cpu, on_warp = Solver(mesh, couplings, device=None), Solver(mesh, couplings, device="cpu")
    loads = loads_of(on_cpu.unknowns, 11)
    truth, found = on_cpu.solve(loads, tolerance=1e-7), on_warp.solve(loads, tolerance=1e-7)
    assert (truth.backend, found.backend, found.warnings) == ("cpu", ON_WARP, ())
    assert found.converged
    assert abs(found.iterations - truth.iterations) <= 1
    apart = np.linalg.norm(found.displacements - truth.displacements, axis=0)
    assert np.all(apart < 1e-5 * np.linalg.norm(truth.displacements, axis=0))
    again = on_warp.solve(loads, tolerance=1e-6, start=found.displacements)
    assert (again.iterations, again.backend) == (0, ON_WARP)


def test_each_step_of_the_iteration_is_as_on_the_cpu() -> None:
    """Sums of every product and cycle, each right side on its own; cycles agree to single precision."""
    mesh, couplings = implanted()
    solver = Solver(mesh, couplings)
    rng = np.random.default_rng(1)
    x, b = aligned(len(mesh.nodes) + couplings.extra, np.float64), aligned(len(mesh.nodes), np.float64)
    x[: len(mesh.nodes)], b[:] = 1e-4 * rng.standard_normal(b.shape), rng.standard_normal(b.shape)
    there = vectors_of(solver)
    there.set(x, b)
    here = CpuGradients(solver.cpu, x, b)
    assert here.begin() == pytest.approx(there.begin(), rel=1e-12)
    for beta in (0.0, 0.3):
        assert here.precondition() == pytest.approx(there.precondition(), rel=1e-4)
        assert here.search(np.full(LANES, beta)) == pytest.approx(there.search(np.full(LANES, beta)), rel=1e-4)
        alpha = np.linspace(0.1, 0.4, LANES)
        assert here.advance(alpha) == pytest.approx(there.advance(alpha), rel=1e-4)
    nodes = slice(0, len(mesh.nodes))
    assert np.abs(there.get()[nodes] - x[nodes]).max() < 1e-4 * np.abs(x[nodes]).max()


def test_bones_on_the_device_are_used_again() -> None:
    mesh, springs = jointed(side=6)
    intact = Solver(mesh, springs.couplings(), device="cpu")
    couplings = implanted(6)[1]
    reused = Solver(mesh, couplings, reuse=intact, device="cpu")
    assert reused.device.there is intact.device.there
    loads = loads_of(reused.unknowns, 2)
    found, truth = reused.solve(loads, tolerance=1e-8), Solver(mesh, couplings).solve(loads, tolerance=1e-8)
    assert found.backend == ON_WARP
    assert np.abs(found.displacements - truth.displacements).max() < 1e-6 * np.abs(truth.displacements).max()


def spoilt(change: Any) -> Any:
    true = gpu.DeviceGradients.get

    def get(self: gpu.DeviceGradients) -> Any:
        return change(true(self).copy())

    return get


@pytest.mark.parametrize(
    ("change", "told"),
    [(lambda x: 1.00001 * x, "left a residual"), (lambda x: np.nan * x, "left a residual of nan")],
)
def test_a_wrong_answer_is_found_and_the_cpu_solves(change: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh, couplings = implanted(6)
    before = Solver(mesh, couplings, device="cpu")
    monkeypatch.setattr(gpu.DeviceGradients, "get", spoilt(change))
    solver = Solver(mesh, couplings, reuse=before, device="cpu")
    loads = loads_of(solver.unknowns, 10)
    found, truth = solver.solve(loads), Solver(mesh, couplings).solve(loads)
    assert found.backend == "cpu"
    assert len(found.warnings) == 1
    assert told in found.warnings[0]
    assert found.converged
    assert np.array_equal(found.displacements, truth.displacements)
    monkeypatch.undo()
    # not asked again, nor in solvers of the same bones; the warning stays
    for after in (before, Solver(mesh, couplings, reuse=before, device="cpu")):
        told_again = after.solve(loads)
        assert (told_again.backend, told_again.warnings) == ("cpu", found.warnings)


def test_a_device_that_does_not_work_is_told_and_the_cpu_solves() -> None:
    mesh, couplings = implanted(6)
    solver = Solver(mesh, couplings, device="cuda:99")
    found = solver.solve(loads_of(solver.unknowns, 1))
    assert (found.backend, found.converged) == ("cpu", True)
    assert "cuda:99" in found.warnings[0]


def test_a_device_that_fails_midway_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("an illegal memory access was encountered")

    mesh, couplings = implanted(6)
    monkeypatch.setattr(gpu.DeviceGradients, "search", fail)
    solver = Solver(mesh, couplings, device="cpu")
    found = solver.solve(loads_of(solver.unknowns, 1))
    assert (found.backend, found.converged) == ("cpu", True)
    assert "illegal memory access" in found.warnings[0]


def test_a_device_is_chosen_by_itself_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "devices", lambda: {"cpu": 1e12})
    mesh, couplings = implanted(6)
    solver = Solver(mesh, couplings)
    assert solver.solve(loads_of(solver.unknowns, 1)).backend == ON_WARP
    monkeypatch.setenv(choice.VARIABLE, "cpu")
    assert Solver(mesh, couplings).solve(loads_of(solver.unknowns, 1)).backend == "cpu"


def test_which_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "devices", lambda: {"cuda:0": 1e9, "cuda:1": 4e9})
    assert choice.backend() == choice.backend(3e9) == "cuda"
    assert choice.backend(3.9e9) == "cpu"
    assert choice.cuda_device() == "cuda:1"
    monkeypatch.setenv(choice.VARIABLE, "cuda")
    assert choice.backend(3.9e9) == "cuda"
    monkeypatch.setenv(choice.VARIABLE, "cpu")
    assert choice.backend() == "cpu"
    monkeypatch.setenv(choice.VARIABLE, "gpu")
    with pytest.raises(InputError, match="to cpu or to cuda"):
        choice.backend()


def test_without_a_driver_warp_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Any:
        raise AssertionError("imported")

    monkeypatch.setattr(choice, "driver_devices", lambda: 0)
    monkeypatch.setattr(choice, "quiet_warp", refuse)
    assert choice.devices() == {}
    assert choice.backend() == "cpu"
    monkeypatch.setenv(choice.VARIABLE, "cuda")
    with pytest.raises(InputError, match="no CUDA device is found"):
        choice.backend()


def arrays_in(thing: Any) -> Iterator[Any]:
    if isinstance(thing, gpu_kernels.wp.array):
        yield thing
    elif isinstance(thing, dict):
        for one in thing.values():
            yield from arrays_in(one)
    elif isinstance(thing, list | tuple):
        for one in thing:
            yield from arrays_in(one)
    elif type(thing).__module__ == gpu.__name__:
        names = [*getattr(thing, "__dict__", ()), *getattr(type(thing), "__slots__", ())]
        for name in names:
            yield from arrays_in(getattr(thing, name))


def test_memory_is_foretold() -> None:
    mesh, couplings = implanted()
    solver = Solver(mesh, couplings)
    held = {one.ptr: one.capacity for one in arrays_in(vectors_of(solver))}
    assert sum(held.values()) == pytest.approx(device_bytes(solver.bones, solver.cycle), rel=0.1)


def test_restarts_find_a_residual_that_drifted() -> None:
    """An updated residual that lies: the true one is computed afresh, and the iteration goes on."""
    mesh, couplings = implanted(6)
    solver = Solver(mesh, couplings)
    x, b = aligned(len(mesh.nodes) + couplings.extra, np.float64), aligned(len(mesh.nodes), np.float64)
    b[:] = np.random.default_rng(2).standard_normal(b.shape)
    vectors = CpuGradients(solver.cpu, x, b)
    true, calls = vectors.advance, [0]

    def lying(alpha: Any) -> Any:
        calls[0] += 1
        return true(alpha) * (0.0 if calls[0] == 3 else 1.0)

    vectors.advance = lying  # type: ignore[method-assign]
    left, took = solve(vectors, 1e-6, 100)
    assert took > 3
    assert np.all(left <= 1e-6 * np.linalg.norm(b))


def test_the_kernels_compile_for_cuda(tmp_path: Path) -> None:
    """The compiler of CUDA code is part of Warp's wheel and needs no GPU. That the code runs on one is not shown."""
    if sys.platform == "darwin":
        pytest.skip("other platform: Warp's wheel for macOS has no CUDA")
    gpu_kernels.wp.compile_aot_module(gpu_kernels, arch=75, module_dir=tmp_path)
    assert [one.suffix for one in tmp_path.glob("*.sm75.*")]
