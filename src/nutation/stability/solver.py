"""Displacements of bones, joints and implants under many loads at once.

Conjugate gradients in double precision, each load with its own step lengths, preconditioned by one multigrid cycle in
single precision (`coupled.Cycle`). Stiffness is never assembled on the finest level. Loads are solved eight at a time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats
from nutation.stability import multigrid_kernels, solver_kernels
from nutation.stability.coupled import Cycle, rows_of
from nutation.stability.lanes import LANES, aligned
from nutation.stability.mesh import Couplings, VoxelMesh
from nutation.stability.multigrid import bones, parts_of
from nutation.stability.solver_kernels import APPLY, RESIDUAL

RESTARTS = 3
"""How often the true residual may be found larger than the one updated along the way, before that is accepted."""


@dataclass(frozen=True, slots=True)
class Solution:
    """displacements (unknowns, r) in mm; residuals (r,), |f - A u| / |f| computed afresh; converged: all are below the
    tolerance. iterations: of the slowest eight loads."""

    displacements: Floats
    iterations: int
    residuals: Floats
    seconds: float
    converged: bool


class Solver:
    """Solves (cubes + couplings) u = f for one mesh and one set of couplings.

    Unknowns: x, y, z node by node, then 3 a station. `reuse`: a solver of the same mesh with other couplings, whose
    coarse bones are taken over. Raises InputError where something is not held, ValueError where sizes do not match.
    """

    def __init__(self, mesh: VoxelMesh, couplings: Couplings, *, reuse: Solver | None = None) -> None:
        started = time.perf_counter()
        size = 3 * (len(mesh.nodes) + couplings.extra)
        if couplings.matrix.shape != (size, size):
            raise ValueError(f"couplings of shape {couplings.matrix.shape} for {size} unknowns")
        if reuse is not None and reuse.mesh is not mesh:
            raise ValueError("reuse: the solver of another mesh")
        self.mesh, self.couplings = mesh, couplings
        self.bones = reuse.bones if reuse is not None else bones(mesh)
        self.cycle = Cycle(self.bones, couplings)
        self._matrix = couplings.matrix.tocsr()
        self._rows = rows_of(self._matrix, np.float64)
        self._nodes, self._extra = len(mesh.nodes), couplings.extra
        self._parts = parts_of(self._nodes)
        self._pull = aligned(max(1, self._extra), np.float64)
        self._slab_sums = np.zeros((len(self.bones.slabs), LANES))
        self._sums = np.zeros((len(self._parts) - 1, LANES))
        self._none = np.zeros((1, 6)), np.zeros(2)
        self.seconds = time.perf_counter() - started
        """What setting up took."""

    @property
    def unknowns(self) -> int:
        """Three a node and three a station."""
        return 3 * (self._nodes + self._extra)

    @property
    def levels(self) -> list[int]:
        """Nodes on each level, finest first."""
        return [self._nodes, *(level.nodes for level in self.bones.levels)]

    def apply(self, u: Floats) -> Floats:
        """The forces (unknowns, r) that hold displacements (unknowns, r)."""
        self._check(u)
        made = np.empty_like(u, dtype=np.float64)
        given, out = aligned(self._nodes + self._extra, np.float64), aligned(self._nodes + self._extra, np.float64)
        for first in range(0, u.shape[1], LANES):
            some = slice(first, min(first + LANES, u.shape[1]))
            _fill(given, u[:, some])
            self._product(APPLY, given, out, out, followed=False)
            made[:, some] = out.reshape(-1, LANES)[:, : some.stop - some.start]
            if self._extra:
                made[3 * self._nodes :, some] = self._matrix[3 * self._nodes :] @ u[:, some]
        return made

    def solve(
        self, loads: Floats, *, tolerance: float = 1e-6, start: Floats | None = None, most_iterations: int = 300
    ) -> Solution:
        """Displacements (unknowns, r) under loads (unknowns, r) in N, each to |residual| <= tolerance * |load|.

        `start` (unknowns, r): where to begin. What has not converged after `most_iterations` is handed back as it is,
        with `converged` False.
        """
        started = time.perf_counter()
        self._check(loads)
        if start is not None and start.shape != loads.shape:
            raise ValueError("start and loads differ in shape")
        answer = np.empty(loads.shape)
        residuals = np.zeros(loads.shape[1])
        iterations = 0
        for first in range(0, loads.shape[1], LANES):
            some = slice(first, min(first + LANES, loads.shape[1]))
            begun = None if start is None else start[:, some]
            answer[:, some], residuals[some], took = self._some(loads[:, some], begun, tolerance, most_iterations)
            iterations = max(iterations, took)
        seconds = time.perf_counter() - started
        return Solution(answer, iterations, residuals, seconds, bool(np.all(residuals <= tolerance)))

    def _some(self, loads: Floats, start: Floats | None, tolerance: float, most: int) -> tuple[Floats, Floats, int]:
        """Up to eight loads."""
        nodes, split, count = self._nodes, 3 * self._nodes, loads.shape[1]
        at_rest = np.zeros((3 * self._extra, count))
        held = loads[:split]
        if self._extra:
            # what pulls at stations reaches the nodes through the stations' ties
            at_rest = -_matrix(self.cycle.back_double, self._extra) @ loads[split:]
            held = held - self._matrix[:split, split:] @ at_rest
        size = np.linalg.norm(held, axis=0)
        scale = np.where(size > 0.0, size, 1.0)
        b, r = aligned(nodes, np.float64), aligned(nodes, np.float64)
        x, p, q = (aligned(nodes + self._extra, np.float64) for _ in range(3))
        _fill(b, held / scale)
        if start is not None:
            _fill(x[:nodes], start[:split] / scale)
        took = 0
        left = np.ones(LANES)
        for _ in range(RESTARTS):
            self._product(RESIDUAL, x, b, q)
            r[:] = q[:nodes]
            self.cycle.right[:nodes] = r
            left = np.sqrt(self._dot(r, r))
            if took >= most or np.all(left <= tolerance):
                break
            took = self._gradients(x, r, p, q, tolerance, took, most)
        else:
            self._product(RESIDUAL, x, b, q)
            left = np.sqrt(self._dot(q[:nodes], q[:nodes]))
        answer = np.empty(loads.shape)
        answer[:split] = x[:nodes].reshape(-1, LANES)[:, :count] * scale
        if self._extra:
            self._follow(x)
            answer[split:] = x[nodes:].reshape(-1, LANES)[:, :count] * scale + at_rest
        return answer, left[:count], took

    def _gradients(self, x: Any, r: Any, p: Any, q: Any, tolerance: float, took: int, most: int) -> int:
        """Conjugate gradients from x with residual r, until all are below the tolerance; the count of iterations."""
        cycle = self.cycle
        before = np.zeros(LANES)
        left = self._dot(r, r)
        p[:] = 0.0
        while took < most and np.any(left > tolerance**2):
            going = left > tolerance**2
            cycle.run()
            now = self._dot(r, cycle.answer)
            beta = np.where(going & (before > 0.0), now / np.where(before > 0.0, before, 1.0), 0.0)
            multigrid_kernels.turn(self._parts, cycle.answer, p, beta)
            self._product(APPLY, p, p, q)
            bend = self._slab_sums.sum(axis=0)
            good = going & (bend > 0.0) & (now > 0.0)
            alpha = np.where(good, now / np.where(good, bend, 1.0), 0.0)
            multigrid_kernels.advance(self._parts, p, q, x, r, cycle.right, alpha, self._sums)
            left = self._sums.sum(axis=0)
            before = now
            took += 1
            if not np.any(good):
                break
        return took

    def _product(self, use: int, u: Any, b: Any, out: Any, *, followed: bool = True) -> None:
        if self._extra and followed:
            self._follow(u)
        mesh = self.bones
        inverse, step = self._none
        solver_kernels.cubes_product(
            use, u, b, b, out, inverse, step, mesh.slabs, mesh.elements, mesh.strength, mesh.factors,
            *self._rows.parts, self._slab_sums,
        )  # fmt: skip

    def _follow(self, u: Any) -> None:
        solver_kernels.follow(self._nodes, *self._rows.parts, *self.cycle.back_double.parts, self._pull, u)

    def _dot(self, a: Any, b: Any) -> Floats:
        multigrid_kernels.dot(self._parts, a, b, self._sums)
        return self._sums.sum(axis=0)

    def _check(self, given: NDArray[Any]) -> None:
        if given.ndim != 2 or given.shape[0] != self.unknowns:
            raise ValueError(f"{given.shape} where ({self.unknowns}, r) is wanted")


def _fill(target: Any, values: Floats) -> None:
    target[:] = 0.0
    target.reshape(-1, LANES)[:, : values.shape[1]] = values


def _matrix(rows: Any, count: int) -> Any:
    from scipy.sparse import bsr_matrix

    shape = (3 * count, 3 * count)
    return bsr_matrix((rows.blocks.reshape(-1, 3, 3), rows.columns, rows.starts), shape=shape)
