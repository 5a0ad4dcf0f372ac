"""What runs in the processes of `stability_peers.py`, one function each; what it gives back is printed as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, cast

import numba
import numpy as np
import scipy
import scipy.sparse as sparse
import scipy.sparse.linalg
import stability_peers_case as cases

from nutation.anatomy.space import Floats
from nutation.stability.lanes import LANES
from nutation.stability.mesh import CORNERS, Couplings, VoxelMesh
from nutation.stability.solver import Solution, Solver

TOLERANCE, TIGHT = 1e-6, 1e-10

STRENGTH = 0.02
"""pyamg's strength threshold: of 0, 0.02, 0.05 and 0.1 the one with the fewest iterations (193, 21, 42 and 131 at
3 mm)."""

COARSEST = 300
"""Unknowns at which pyamg stops coarsening and factors."""


def peak() -> float:
    """Peak memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def timed(run: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    found = run()
    return time.perf_counter() - started, found


def prepare(folder: str, case: str, peers_mm: str, growth_mm: str) -> dict[str, Any]:
    """Write the meshes, compile what is not yet compiled; versions and the machine."""
    sizes = [[float(text) for text in some.split(",") if text] for some in (peers_mm, growth_mm)]
    cases.prepare(Path(folder), case, *sizes)
    warm()
    from stability_solver import bandwidth

    try:
        import pyamg

        amg = str(cast("Any", pyamg).__version__)
    except ImportError:
        amg = ""
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in told.splitlines() if line.startswith("model name")]
    return {
        "numpy": np.__version__, "scipy": scipy.__version__, "numba": numba.__version__, "pyamg": amg,
        "processor": names[0] if names else "processor unknown", "bandwidth": bandwidth(),
    }  # fmt: skip


def warm() -> None:
    """Load the compiled kernels, which a process does once, so that no solver's time counts it."""
    low = np.argwhere(np.ones((12, 9, 9))).astype(np.int32)
    nodes, number = np.unique((low[:, None, :] + CORNERS).reshape(-1, 3), axis=0, return_inverse=True)
    mesh = VoxelMesh(
        1.0, np.zeros(3), nodes.astype(np.int32), np.ones(len(nodes), np.uint8),
        number.reshape(-1, 8).astype(np.int32), low, np.ones(len(low), np.uint8), np.full(len(low), 1000.0), 0.3,
    )  # fmt: skip
    Solver(mesh, Couplings(sparse.identity(mesh.unknowns, format="csr"), 0)).solve(np.ones((mesh.unknowns, 1)))


def ours(folder: str, name: str) -> dict[str, Any]:
    """Our solver: set-up, the one load, all six together; then once more to 1e-10, outside time and memory."""
    at = Path(folder)
    warm()
    base = peak()
    mesh, couplings, loads = cases.read_mesh(at, name), cases.read_couplings(at, name), cases.read_loads(at, name)
    one = loads[:, [cases.FLEXION]] * cases.NMM
    busy = time.process_time()
    solver = Solver(mesh, couplings)
    found = solver.solve(one, tolerance=TOLERANCE)
    busy, held = time.process_time() - busy, peak()
    six = solver.solve(loads, tolerance=TOLERANCE)
    np.save(at / f"ours_{name}.npy", found.displacements[:, 0])
    np.save(at / f"tight_{name}.npy", solver.solve(one, tolerance=TIGHT).displacements[:, 0])
    return {
        "setup": solver.seconds, "one": found.seconds, "six": six.seconds, "iterations": found.iterations,
        "residual": float(found.residuals[0]), "processor": busy, "peak": held, "base": base,
    }  # fmt: skip


def rigid(mesh: VoxelMesh) -> Floats:
    """The six rigid motions (unknowns, 6)."""
    arms = mesh.places_mm - mesh.places_mm.mean(axis=0)
    moves = [np.broadcast_to(axis, arms.shape).ravel() for axis in np.eye(3)]
    return np.stack([*moves, *(np.cross(axis, arms).ravel() for axis in np.eye(3))], axis=1)


def amg(folder: str) -> dict[str, Any]:
    """The assembled matrix with pyamg's smoothed aggregation and SciPy's conjugate gradients. Set-up counts assembling,
    which was done before, outside the memory of this process."""
    try:
        import pyamg
    except ImportError:
        return {}
    at = Path(folder)
    mesh, load = cases.read_mesh(at, "whole"), cases.read_loads(at, "whole")[:, cases.FLEXION] * cases.NMM
    matrix = cast("Any", sparse).load_npz(at / "assembled.npz")
    motions = rigid(mesh)
    busy = time.process_time()
    setup, levels = timed(
        lambda: cast("Any", pyamg).smoothed_aggregation_solver(
            matrix, B=motions, strength=("symmetric", {"theta": STRENGTH}), max_coarse=COARSEST
        )
    )
    steps: list[int] = []
    solve = cast("Any", scipy.sparse.linalg).cg
    took, (moved, _) = timed(
        lambda: solve(
            matrix, load, rtol=TOLERANCE, M=levels.aspreconditioner(), callback=lambda _: steps.append(1), maxiter=500
        )
    )
    busy, held = time.process_time() - busy, peak()
    np.save(at / "amg.npy", moved)
    left = float(np.linalg.norm(load - matrix @ moved) / np.linalg.norm(load))
    assembly = json.loads((at / "assembly.json").read_text())
    setup, busy = setup + assembly, busy + assembly
    return {"setup": setup, "one": took, "iterations": len(steps), "residual": left, "processor": busy, "peak": held}


def compare(folder: str, truth: str, name: str) -> dict[str, float]:
    """How far displacements are from the true ones, by file: |u - v| / |v| over all unknowns."""
    at = Path(folder)

    def read(name: str) -> Floats:
        path = at / name
        if path.suffix == ".npy":
            return np.load(path)
        return cases.read_calculix(path, len(cases.read_mesh(at, "whole").nodes))

    true = read(truth)
    return {"off": float(np.linalg.norm(read(name) - true) / np.linalg.norm(true))}


def growth(folder: str) -> dict[str, Any]:
    """Our solver on the exact mesh: six loads together and in turn, constructs anew and on what is there, products."""
    at = Path(folder)
    warm()
    mesh, intact, loads = cases.read_mesh(at, "exact"), cases.read_couplings(at, "exact"), cases.read_loads(at, "exact")
    solver = Solver(mesh, intact)
    six = solver.solve(loads, tolerance=TOLERANCE)
    held = peak()
    in_turn = sum(solver.solve(loads[:, k : k + 1], tolerance=TOLERANCE).seconds for k in range(loads.shape[1]))
    from stability_solver import APPLY, STEP, bandwidth, product

    rate = bandwidth()
    products = {
        name: (took * 1e3 / LANES, moved / took / rate)
        for name, (took, moved) in (
            ("product", product(solver, np.float32, APPLY)),
            ("step", product(solver, np.float32, STEP)),
        )
    }
    told = {
        "unknowns": solver.unknowns, "setup": solver.seconds, "six": six.seconds, "iterations": iterations(six),
        "peak": held, "in_turn": in_turn, "placing": json.loads((at / "placing.json").read_text()),
    }  # fmt: skip
    del solver
    first = Solver(mesh, cases.read_couplings(at, "exact", "first"))
    second = Solver(mesh, cases.read_couplings(at, "exact", "second"), reuse=first)
    for name, one in (("first", first), ("second", second)):
        found = one.solve(cases.read_loads(at, "exact", one.couplings.extra), tolerance=TOLERANCE)
        told[name] = one.seconds, found.seconds, iterations(found)
    return told | products


def iterations(found: Solution) -> str:
    """How many, and where they led to if not to the tolerance."""
    return f"{found.iterations}" + ("" if found.converged else f", **residual {found.residuals.max():.0e}**")
