"""A device that solves in place of the CPU, and is believed only where the CPU finds the residual as small.

CUDA is many machines, drivers and versions, and this project is tested on none of them. A residual costs one product of
the CPU: a wrong answer, from whatever cause, is found and solved again (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nutation.anatomy.space import Floats
from nutation.stability.backend import backend, cuda_device
from nutation.stability.coupled import Cycle
from nutation.stability.iteration import solve
from nutation.stability.lanes import LANES, aligned
from nutation.stability.multigrid import Bones, Rows

CHECKED_SLACK = 1e-3
"""By this part of the tolerance a residual may come out larger when it is summed in another order."""

DOUBLE_VECTORS = 5
"""Vectors in double precision that conjugate gradients keep."""


class CheckedDevice:
    """The device of one solver, or none.

    `device`: its name by Warp; left out, `backend` decides. `before`: that of a solver of the same bones, whose copy of
    them is used again; a failure of either is one of both. `rows`: the couplings in double precision.
    """

    def __init__(
        self, bones: Bones, inner: Cycle, rows: Rows, *, device: str | None, before: CheckedDevice | None
    ) -> None:
        self._bones, self._inner, self._rows = bones, inner, rows
        self._faults: list[str] = [] if before is None else before._faults
        self._device: str | None = None
        self.there: Any = None
        """The bones on the device."""
        if self._faults:
            return
        if device is None and backend(device_bytes(bones, inner)) == "cuda":
            device = cuda_device()
        if device is None:
            return
        self._device = device
        if before is not None and before._device == device:
            self.there = before.there
            return
        try:
            from nutation.stability import gpu

            self.there = gpu.upload(bones, device)
        except Exception as problem:  # whatever a driver or a compiler may raise: the CPU can solve
            self._give_up(f"it failed ({type(problem).__name__}: {problem})")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the device does not solve any more."""
        return tuple(self._faults)

    @property
    def place(self) -> str:
        """Where this device solves: `cuda`, or `warp on cpu`; `cpu` without one."""
        if self._device is None or self._faults:
            return "cpu"
        return "cuda" if self._device.startswith("cuda") else f"warp on {self._device}"

    def solve(
        self, x: Any, b: Any, tolerance: float, most: int, residual: Callable[[Any, Any], Floats]
    ) -> tuple[Floats, int] | None:
        """Solve for b (nodes, 3, 8) of size 1 from x (nodes + stations, 3, 8) on; x becomes the answer.

        Gives the sizes of the residuals (8,), as the CPU's `residual(x, b)` finds them, and the count of iterations;
        None, and x as it was, where the CPU has to solve.
        """
        if self._device is None or self._faults:
            return None
        found = aligned(len(x), np.float64)
        try:
            from nutation.stability import gpu

            vectors = gpu.DeviceGradients(self.there, self._bones, self._inner, self._rows)
            vectors.set(x, b)
            _, took = solve(vectors, tolerance, most)
            found[:] = vectors.get()
        except Exception as problem:  # as above
            self._give_up(f"it failed ({type(problem).__name__}: {problem})")
            return None
        left = residual(found, b)
        if not np.all(left <= tolerance * (1.0 + CHECKED_SLACK)):
            self._give_up(f"its answer left a residual of {float(np.max(left)):.1e}, and {tolerance:.1e} was asked for")
            return None
        x[:] = found
        return left, took

    def _give_up(self, reason: str) -> None:
        self._faults.append(f"The device {self._device} was to solve, and the CPU did: {reason}.")
        self._device, self.there = None, None


def device_bytes(bones: Bones, inner: Cycle) -> float:
    """What bones, couplings and vectors take on a device."""
    held = [bones.elements, bones.elements, bones.strength, bones.strength_single, inner.dense]
    held += [part for one in bones.levels for rows in (one.rows, one.down, one.up) for part in rows.parts]
    for one in inner.levels:
        held += [*one.rows.parts, *one.rows.parts, one.inverse, *one.vectors.values()]
    vectors = DOUBLE_VECTORS * 8 * 3 * LANES * (bones.nodes + inner.extra)
    return float(sum(one.nbytes for one in held)) + vectors
