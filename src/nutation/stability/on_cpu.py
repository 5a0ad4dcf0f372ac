"""The solver's products and vectors on the CPU, in double precision; what the GPU's answers are checked with."""

from __future__ import annotations

from typing import Any

import numpy as np

from nutation.anatomy.space import Floats
from nutation.stability import multigrid_kernels, solver_kernels
from nutation.stability.coupled import Cycle
from nutation.stability.lanes import LANES, aligned
from nutation.stability.multigrid import Bones, Rows, parts_of
from nutation.stability.solver_kernels import APPLY, RESIDUAL


class CpuProducts:
    """Products with cubes and couplings on the finest level. `rows`: the couplings in double precision.

    Vectors (nodes + stations, 3, 8) hold nodes, then the places of stations.
    """

    def __init__(self, bones: Bones, inner: Cycle, rows: Rows) -> None:
        self.nodes, self.cycle, self.parts = bones.nodes, inner, parts_of(bones.nodes)
        self._bones, self._rows = bones, rows
        self._pull = aligned(max(1, inner.extra), np.float64)
        self._slab_sums = np.zeros((len(bones.slabs), LANES))
        self._sums = np.zeros((len(self.parts) - 1, LANES))
        self._none = np.zeros((1, 6)), np.zeros(2)

    def product(self, use: int, u: Any, b: Any, out: Any, *, followed: bool = True) -> Floats:
        """See `solver_kernels.cubes_product`, `APPLY` or `RESIDUAL`; gives u·A u (8,) in `APPLY`. `followed`: put the
        stations of u where the nodes take them."""
        if followed:
            self.follow(u)
        mesh = self._bones
        inverse, step = self._none
        solver_kernels.cubes_product(
            use, u, b, b, out, inverse, step, mesh.slabs, mesh.elements, mesh.strength, mesh.factors,
            *self._rows.parts, self._slab_sums,
        )  # fmt: skip
        return self._slab_sums.sum(axis=0)

    def follow(self, u: Any) -> None:
        """See `solver_kernels.follow`."""
        if self.cycle.extra:
            solver_kernels.follow(self.nodes, *self._rows.parts, *self.cycle.back_double.parts, self._pull, u)

    def dot(self, a: Any, b: Any) -> Floats:
        """a·b over the nodes, (8,)."""
        multigrid_kernels.dot(self.parts, a, b, self._sums)
        return self._sums.sum(axis=0)

    def left(self, x: Any, b: Any) -> Floats:
        """|b - A x| (8,)."""
        out = aligned(self.nodes, np.float64)
        self.product(RESIDUAL, x, b, out)
        return np.sqrt(self.dot(out, out))


class CpuGradients:
    """Vectors for b (nodes, 3, 8) from x (nodes + stations, 3, 8) on, which is changed in place: see
    `iteration.Gradients`."""

    def __init__(self, on: CpuProducts, x: Any, b: Any) -> None:
        self._on, self._x, self._b = on, x, b
        self._sums = np.zeros((len(on.parts) - 1, LANES))
        self._r = aligned(on.nodes, np.float64)
        self._p, self._q = (aligned(len(x), np.float64) for _ in range(2))

    def begin(self) -> Floats:
        """See `iteration.Gradients`."""
        on, r = self._on, self._r
        on.product(RESIDUAL, self._x, self._b, r)
        on.cycle.right[: on.nodes] = r
        self._p[:] = 0.0
        return on.dot(r, r)

    def precondition(self) -> Floats:
        """See `iteration.Gradients`."""
        self._on.cycle.run()
        return self._on.dot(self._r, self._on.cycle.answer)

    def search(self, beta: Floats) -> Floats:
        """See `iteration.Gradients`."""
        multigrid_kernels.turn(self._on.parts, self._on.cycle.answer, self._p, beta)
        return self._on.product(APPLY, self._p, self._p, self._q)

    def advance(self, alpha: Floats) -> Floats:
        """See `iteration.Gradients`."""
        on = self._on
        multigrid_kernels.advance(on.parts, self._p, self._q, self._x, self._r, on.cycle.right, alpha, self._sums)
        return self._sums.sum(axis=0)
