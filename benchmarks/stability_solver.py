"""The linear solver on an atlas pelvis: `uv run python benchmarks/stability_solver.py [CASE [VOXEL_MM ...]]`.

Reads the surfaces where NUTATION_DATA points (see README.md). For each size of cube: unknowns, set-up, solve of six
loads at once to 1e-6, iterations, peak memory of the process, three implants set up on the bones of the first, and the
product: milliseconds a load in single and double precision, the bytes that have to move at least, and how that
compares with the memory bandwidth that a triad of long vectors reaches in the same run.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, cast

import numba as nb
import numpy as np
import scipy.sparse as sparse

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.implants import Construct
from nutation.anatomy.meshes import read_meshes
from nutation.planning.make import make_plan
from nutation.stability.lanes import LANES, aligned
from nutation.stability.mesh import Couplings
from nutation.stability.model import Model, parts_of
from nutation.stability.solver import Solver
from nutation.stability.solver_kernels import APPLY, STEP, cubes_product

LOADS = 6
prange = cast("Any", nb.prange)


@cast("Any", nb.njit)(parallel=True, fastmath=True)
def _triad(a: Any, b: Any, c: Any) -> None:
    for i in prange(len(a)):
        a[i] = b[i] + 2.0 * c[i]


def bandwidth() -> float:
    """Bytes a second that a triad moves, with the line read before it is written."""
    a, b, c = (np.ones(8_000_000) for _ in range(3))
    _triad(a, b, c)
    return 32 * len(a) / _best(lambda: _triad(a, b, c))


def _best(run: Any, times: int = 7) -> float:
    took = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        took.append(time.perf_counter() - started)
    return min(took)


def product(solver: Solver, lane: Any, use: int) -> tuple[float, float]:
    """Seconds for one product of eight right sides, and the bytes it has to move at the least."""
    bones, level, nodes = solver.bones, solver.cycle.levels[0], len(solver.mesh.nodes)
    u, b, d, out = (aligned(nodes + solver.couplings.extra, lane) for _ in range(4))
    u[:] = np.random.default_rng(0).standard_normal(u.shape)
    blocks = level.rows.blocks.astype(lane)
    inverse, step = level.inverse.astype(lane), level.steps[0].astype(lane)
    strength, factors = bones.strength.astype(lane), bones.factors.astype(lane)
    sums = np.zeros((len(bones.slabs), LANES))

    def run() -> None:
        cubes_product(
            use, u, b, d, out, inverse, step, bones.slabs, bones.elements, strength, factors,
            level.rows.starts, level.rows.columns, blocks, sums,
        )  # fmt: skip

    run()
    vector = nodes * 3 * LANES * np.dtype(lane).itemsize
    passes = 3 if use == APPLY else 6
    cubes = len(bones.elements) * (32 + np.dtype(lane).itemsize)
    return _best(run), passes * vector + cubes + blocks.nbytes + (inverse.nbytes if use == STEP else 0)


def main() -> None:
    case = sys.argv[1] if len(sys.argv) > 1 else "3"
    sizes = [float(text) for text in sys.argv[2:]] or [3.0, 2.0, 1.5, 1.0]
    atlas = Path(os.environ["NUTATION_DATA"]) / "atlas"
    print(f"memory bandwidth (triad): {bandwidth() / 1e9:.1f} GB/s; {nb.get_num_threads()} threads")
    shapes = read_meshes(*(atlas / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right")))
    pelvis = build_pelvis(shapes, spacing_mm=1.0)
    plan = make_plan(pelvis, "left", simulations=500).plan
    construct = Construct("left", "lateral", tuple(one.implant for one in plan.implants))
    for size in sizes:
        parts = parts_of(pelvis, spacing_mm=size)
        mesh = parts.mesh
        soft = parts.fixed + parts.joints["left"].matrix + parts.joints["right"].matrix
        solver = Solver(mesh, Couplings(soft.tocsr(), 0))
        found = solver.solve(parts.unit_loads)
        placed = Model(parts).place(construct)
        wide = sparse.csr_matrix((soft.data, soft.indices, np.pad(soft.indptr, (0, 3 * placed.extra), mode="edge")),
                                 shape=placed.matrix.shape)  # fmt: skip
        again = Solver(mesh, Couplings((wide + placed.matrix).tocsr(), placed.extra), reuse=solver)
        held = again.solve(np.pad(parts.unit_loads, ((0, 3 * placed.extra), (0, 0))))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{size:g} mm: {solver.unknowns / 1e6:.2f} M unknowns, levels {solver.levels};"
            f" set-up {solver.seconds:.2f} s, {LOADS} loads {found.seconds:.2f} s, {found.iterations} iterations,"
            f" residual {found.residuals.max():.1e}; with implants set-up {again.seconds:.2f} s,"
            f" {held.seconds:.2f} s, {held.iterations} iterations; peak {peak:.2f} GB"
        )
        rate = bandwidth()
        for lane in (np.float32, np.float64):
            for use, name in ((APPLY, "product"), (STEP, "product with smoothing step")):
                took, moved = product(solver, lane, use)
                print(
                    f"    {np.dtype(lane).name} {name}: {took * 1e3 / LANES:.3f} ms a load,"
                    f" {moved / took / 1e9:.1f} GB/s, {moved / took / rate:.0%} of the bandwidth",
                    flush=True,
                )


if __name__ == "__main__":
    main()
