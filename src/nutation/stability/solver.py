"""Displacements of bones, joints and implants under many loads at once.

Conjugate gradients in double precision, each load with its own step lengths, preconditioned by one multigrid cycle in
single precision (`coupled.Cycle`). Stiffness is never assembled on the finest level. Loads are solved eight at a time.
Where there is a CUDA device (`backend`), iterations run there, and the CPU checks every answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats
from nutation.stability.checked import CHECKED_SLACK, CheckedDevice
from nutation.stability.coupled import Cycle, rows_of
from nutation.stability.iteration import solve
from nutation.stability.lanes import LANES, aligned
from nutation.stability.mesh import Couplings, VoxelMesh
from nutation.stability.multigrid import bones
from nutation.stability.on_cpu import CpuGradients, CpuProducts
from nutation.stability.solver_kernels import APPLY


@dataclass(frozen=True, slots=True)
class Solution:
    """displacements (unknowns, r) in mm; residuals (r,), |f - A u| / |f| computed afresh; converged: all are below the
    tolerance. iterations: of the slowest eight loads. backend: where it was solved, `cpu`, `cuda`, or `warp on cpu` in
    tests; two with `and` between them where a device failed midway. warnings: why a device that was to solve did not.
    """

    displacements: Floats
    iterations: int
    residuals: Floats
    seconds: float
    converged: bool
    backend: str = "cpu"
    warnings: tuple[str, ...] = ()


class Solver:
    """Solves (cubes + couplings) u = f for one mesh and one set of couplings.

    Unknowns: x, y, z node by node, then 3 a station. `reuse`: a solver of the same mesh with other couplings, whose
    coarse bones are taken over. `device`: a device by Warp's name for it (`cpu` too); left out, `backend` decides.
    Raises InputError where something is not held, ValueError where sizes do not match.
    """

    def __init__(
        self, mesh: VoxelMesh, couplings: Couplings, *, reuse: Solver | None = None, device: str | None = None
    ) -> None:
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
        self._nodes, self._extra = len(mesh.nodes), couplings.extra
        self.rows = rows_of(self._matrix, np.float64)
        self.cpu = CpuProducts(self.bones, self.cycle, self.rows)
        before = None if reuse is None else reuse.device
        self.device = CheckedDevice(self.bones, self.cycle, self.rows, device=device, before=before)
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
            self.cpu.product(APPLY, given, out, out, followed=False)
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
        places: set[str] = set()
        for first in range(0, loads.shape[1], LANES):
            some = slice(first, min(first + LANES, loads.shape[1]))
            begun = None if start is None else start[:, some]
            found = self._some(loads[:, some], begun, tolerance, most_iterations)
            answer[:, some], residuals[some], took, place = found
            iterations = max(iterations, took)
            places.add(place)
        seconds = time.perf_counter() - started
        converged = bool(np.all(residuals <= tolerance * (1.0 + CHECKED_SLACK)))
        place = " and ".join(sorted(places))
        return Solution(answer, iterations, residuals, seconds, converged, place, self.device.warnings)

    def _some(
        self, loads: Floats, start: Floats | None, tolerance: float, most: int
    ) -> tuple[Floats, Floats, int, str]:
        """Up to eight loads: displacements, residuals, iterations, and where they were solved."""
        nodes, split, count = self._nodes, 3 * self._nodes, loads.shape[1]
        at_rest = np.zeros((3 * self._extra, count))
        held = loads[:split]
        if self._extra:
            # what pulls at stations reaches the nodes through the stations' ties
            at_rest = -_matrix(self.cycle.back_double, self._extra) @ loads[split:]
            held = held - self._matrix[:split, split:] @ at_rest
        size = np.linalg.norm(held, axis=0)
        scale = np.where(size > 0.0, size, 1.0)
        b, x = aligned(nodes, np.float64), aligned(nodes + self._extra, np.float64)
        _fill(b, held / scale)
        if start is not None:
            _fill(x[:nodes], start[:split] / scale)
        place = self.device.place
        found = self.device.solve(x, b, tolerance, most, self.cpu.left)
        if found is None:
            place, found = "cpu", solve(CpuGradients(self.cpu, x, b), tolerance, most)
        left, took = found
        answer = np.empty(loads.shape)
        answer[:split] = x[:nodes].reshape(-1, LANES)[:, :count] * scale
        if self._extra:
            self.cpu.follow(x)
            answer[split:] = x[nodes:].reshape(-1, LANES)[:, :count] * scale + at_rest
        return answer, left[:count], took, place

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
