"""The linear solver on an atlas pelvis: `uv run python benchmarks/stability_solver.py [CASE [VOXEL_MM ...]]`.

Reads the surfaces where NUTATION_DATA points (see README.md). For each voxel size: unknowns, set-up, solve of six loads
at once to 1e-6, iterations, peak memory of the process, the same couplings set up again on the bones of the first, and
the product: milliseconds a load in single and double precision, the bytes that have to move at least, and how that
compares with the memory bandwidth that a triad of long vectors reaches in the same run.

The mesh is a crude one, good for timing alone: voxels by label, cortical bone where the label ends, springs of 3 N/mm3
across the joints and the symphysis, both ischia held.
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
from scipy.spatial import cKDTree

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.stability.lanes import LANES, aligned
from nutation.stability.mesh import CORNERS, Couplings, VoxelMesh
from nutation.stability.solver import Solver
from nutation.stability.solver_kernels import APPLY, STEP, cubes_product

CORTICAL_MPA, CANCELLOUS_MPA, JOINT_N_MM3, HOLD_N_MM = 17000.0, 100.0, 3.0, 1e5
LOADS = 6
prange = cast("Any", nb.prange)


def pelvis_mesh(pelvis: Pelvis) -> VoxelMesh:
    """Every voxel of bone a cube; the outermost are cortical."""
    from scipy.ndimage import binary_erosion

    labels = np.pad(pelvis.labels, 1)
    cells, body, values = [], [], []
    for code in (SACRUM, LEFT_HIP, RIGHT_HIP):
        mask = _largest(labels == code)
        inner = binary_erosion(mask)
        at = np.argwhere(mask)
        cells.append(at)
        body.append(np.full(len(at), code))
        values.append(np.where(inner[tuple(at.T)], CANCELLOUS_MPA, CORTICAL_MPA))
    where, which, moduli = np.concatenate(cells), np.concatenate(body), np.concatenate(values)
    order = np.lexsort((which, where[:, 2], where[:, 1], where[:, 0]))
    where, which, moduli = where[order], which[order], moduli[order]
    grid = (*(np.array(labels.shape) + 1), int(which.max()) + 1)
    corners = where[:, None, :] + CORNERS[None]
    owner = np.broadcast_to(which[:, None], corners.shape[:2])
    keys, numbers = np.unique(np.ravel_multi_index((*np.moveaxis(corners, -1, 0), owner), grid), return_inverse=True)
    x, y, z, node_body = np.unravel_index(keys, grid)
    return VoxelMesh(
        pelvis.spacing_mm, pelvis.low_mm - 1.5 * pelvis.spacing_mm, np.stack([x, y, z], axis=1).astype(np.int32),
        node_body.astype(np.uint8), numbers.reshape(-1, 8).astype(np.int32), where.astype(np.int32),
        which.astype(np.uint8), moduli, 0.3,
    )  # fmt: skip


def _largest(mask: Any) -> Any:
    from scipy.ndimage import label

    pieces, _ = cast("Any", label)(mask)
    return pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))


def pelvis_couplings(mesh: VoxelMesh, pelvis: Pelvis) -> Couplings:
    """Springs across both joints and the symphysis; both ischia held."""
    places, h = mesh.places_mm, mesh.spacing_mm
    trees = {int(code): np.flatnonzero(mesh.node_body == code) for code in np.unique(mesh.node_body)}
    pairs: list[Any] = []
    for side, code in (("left", LEFT_HIP), ("right", RIGHT_HIP)):
        points = cKDTree(pelvis.joints[side].points_mm)
        near = [trees[c][points.query(places[trees[c]])[0] < 2.5 + h] for c in (SACRUM, code)]
        pairs.append(_pairs(places, near[0], near[1], 6.0 + h))
    left, right = (trees[c][np.abs(places[trees[c], 0]) < 12.0] for c in (LEFT_HIP, RIGHT_HIP))
    pairs.append(_pairs(places, left, right, 10.0 + h))
    low = np.concatenate(
        [trees[c][places[trees[c], 2] < places[trees[c], 2].min() + 15.0] for c in (LEFT_HIP, RIGHT_HIP)]
    )
    held = (3 * low[:, None] + np.arange(3)).ravel()
    rows, columns, values = [held], [held], [np.full(len(held), HOLD_N_MM)]
    for a, b in pairs:
        one, two = ((3 * end[:, None] + np.arange(3)).ravel() for end in (a, b))
        k = np.full(len(one), JOINT_N_MM3 * h * h)
        rows += [one, two, one, two]
        columns += [one, two, two, one]
        values += [k, k, -k, -k]
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return Couplings(sparse.coo_matrix(entries, shape=(mesh.unknowns,) * 2).tocsr(), 0)


def _pairs(places: Any, first: Any, second: Any, reach: float) -> tuple[Any, Any]:
    away, at = cKDTree(places[second]).query(places[first])
    near = away < reach
    return first[near], second[at[near]]


def sacrum_loads(mesh: VoxelMesh, unknowns: int) -> Any:
    """Three forces and three moments on the top of the sacrum."""
    places = mesh.places_mm
    at = np.flatnonzero(mesh.node_body == SACRUM)
    top = at[places[at, 2] > places[at, 2].max() - 8.0]
    away = places[top] - places[top].mean(axis=0)
    loads = np.zeros((unknowns, LOADS))
    for axis in range(3):
        loads[3 * top + axis, axis] = 1.0 / len(top)
        unit = np.eye(3)[axis]
        turned = np.cross(unit, away)
        for other in range(3):
            loads[3 * top + other, 3 + axis] = turned[:, other] / (turned**2).sum()
    return loads


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
    for size in sizes:
        shapes = read_meshes(*(atlas / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right")))
        pelvis = build_pelvis(shapes, spacing_mm=size)
        mesh = pelvis_mesh(pelvis)
        couplings = pelvis_couplings(mesh, pelvis)
        solver = Solver(mesh, couplings)
        again = Solver(mesh, couplings, reuse=solver)
        found = solver.solve(sacrum_loads(mesh, solver.unknowns))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{size:g} mm: {solver.unknowns / 1e6:.2f} M unknowns, levels {solver.levels};"
            f" set-up {solver.seconds:.2f} s (other couplings {again.seconds:.2f} s);"
            f" {LOADS} loads {found.seconds:.2f} s, {found.iterations} iterations,"
            f" residual {found.residuals.max():.1e}; peak {peak:.2f} GB"
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
