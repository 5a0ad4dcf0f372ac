"""The solver's products and vectors on a device of NVIDIA Warp: a CUDA GPU, or Warp's own CPU device in tests.

What the CPU has set up (`multigrid`, `coupled`) is copied to the device as it is; nothing is assembled twice. Step
lengths are worked out on the host, from eight sums an iteration. The order of work is `iteration`'s, as on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nutation.anatomy.space import Floats
from nutation.stability import gpu_kernels as kernels
from nutation.stability.coupled import Cycle, Level
from nutation.stability.gpu_kernels import wp
from nutation.stability.iteration import cycle
from nutation.stability.lanes import LANES
from nutation.stability.multigrid import Bones, Rows
from nutation.stability.solver_kernels import APPLY, RESIDUAL, STEP

MOST_PARTS = 4096
"""Parts of a sum: enough threads (times eight) to fill a large GPU, few enough that the host adds them in no time."""

_INT, _SINGLE, _DOUBLE = wp.int32, wp.float32, wp.float64


@dataclass(frozen=True, slots=True)
class UploadedBones:
    """What does not change with the couplings, on `device`: cubes, and by level rows and ties to the finer level."""

    device: str
    cells: Any
    elements: Any
    strength: Any
    strength_single: Any
    levels: tuple[tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]], ...]


def upload(bones: Bones, device: str) -> UploadedBones:
    """Copy the bones to a device. Raises what Warp raises where the device does not work or has no room."""
    cells = np.full((bones.nodes, 8), -1, dtype=np.int32)
    cells[bones.elements, np.arange(8)] = np.arange(len(bones.elements), dtype=np.int32)[:, None]
    return UploadedBones(
        device,
        _array(cells, _INT, device),
        _array(bones.elements, _INT, device),
        _array(bones.strength, _DOUBLE, device),
        _array(bones.strength_single, _SINGLE, device),
        tuple((_rows(one.rows, device), _rows(one.down, device), _rows(one.up, device)) for one in bones.levels),
    )


class DeviceGradients:
    """Vectors and products for up to eight right sides on one device: `iteration.Gradients` and `iteration.Levels`.

    `rows`: the couplings in double precision.
    """

    def __init__(self, there: UploadedBones, bones: Bones, inner: Cycle, rows: Rows) -> None:
        device = there.device
        self._there, self._device, self._extra = there, device, inner.extra
        self._nodes, self._size = bones.nodes, bones.nodes + inner.extra
        self._levels = [_Uploaded(level, device) for level in inner.levels]
        self._factors = _array(bones.factors, _DOUBLE, device), _array(inner.factors, _SINGLE, device)
        self._couplings = _rows(rows, device)
        self._back = _rows(inner.back_double, device), _rows(inner.back, device)
        self._pull = tuple(_zeros((max(1, inner.extra), 3, LANES), lane, device) for lane in (_DOUBLE, _SINGLE))
        self._dense = _array(inner.dense, _DOUBLE, device)
        coarsest = len(inner.dense) // 3
        self._last = {name: _zeros((coarsest, 3, LANES), _SINGLE, device) for name in ("right", "answer")}
        self._x, self._p, self._q = (_zeros((self._size, 3, LANES), _DOUBLE, device) for _ in range(3))
        self._b, self._r = (_zeros((self._nodes, 3, LANES), _DOUBLE, device) for _ in range(2))
        self._none = _zeros((1, 6), _DOUBLE, device)
        self._step = _zeros((LANES,), _DOUBLE, device)
        self._sums = _zeros((min(MOST_PARTS, self._nodes), LANES), _DOUBLE, device)

    def set(self, x: Any, b: Any) -> None:
        """Start from x (nodes + stations, 3, 8) for right sides b (nodes, 3, 8), both double, in the host's memory."""
        self._x.assign(x)
        self._b.assign(b)

    def get(self) -> Any:
        """x as it is now, (nodes + stations, 3, 8), in the host's memory."""
        return self._x.numpy()

    def begin(self) -> Floats:
        """See `iteration.Gradients`."""
        self._product(RESIDUAL, self._x, self._b, self._r)
        self._p.zero_()
        self._q.zero_()
        return self.advance(np.zeros(LANES))  # of no length: rounds r and takes its size

    def precondition(self) -> Floats:
        """See `iteration.Gradients`."""
        cycle(self, len(self._levels))
        return self._dot(self._r, self._levels[0].answer)

    def search(self, beta: Floats) -> Floats:
        """See `iteration.Gradients`."""
        self._step.assign(beta)
        self._launch(kernels.turn, (self._nodes, 3, LANES), self._levels[0].answer, self._p, self._step)
        self._product(APPLY, self._p, self._p, self._q)
        return self._dot(self._p, self._q)

    def advance(self, alpha: Floats) -> Floats:
        """See `iteration.Gradients`."""
        self._step.assign(alpha)
        self._launch(
            kernels.advance, self._sums.shape, self._p, self._q, self._x, self._r, self._levels[0].right, self._step,
            self._nodes, self._sums,
        )  # fmt: skip
        return self._sums.numpy().sum(axis=0)

    def smooth(self, depth: int, *, from_zero: bool) -> None:
        """See `iteration.Levels`."""
        level = self._levels[depth]
        steps = level.steps
        if from_zero:
            self._launch(
                kernels.begin, (level.nodes, LANES), level.right, level.step, level.answer, level.inverse, steps[0][1]
            )
            steps = steps[1:]
        for step in steps:
            self._cycle_product(depth, STEP, step)
            level.answer, level.other = level.other, level.answer

    def down(self, depth: int) -> None:
        """See `iteration.Levels`."""
        self._cycle_product(depth, RESIDUAL, (0.0, 0.0))
        _, _, rows = self._there.levels[depth]
        right = self._levels[depth + 1].right if depth + 1 < len(self._levels) else self._last["right"]
        nodes = len(rows[0]) - 1
        self._launch(kernels.transfer, (nodes, 3, LANES), *rows, self._levels[depth].other, right, 0)

    def up(self, depth: int) -> None:
        """See `iteration.Levels`."""
        _, rows, _ = self._there.levels[depth]
        level = self._levels[depth]
        answer = self._levels[depth + 1].answer if depth + 1 < len(self._levels) else self._last["answer"]
        self._launch(kernels.transfer, (level.nodes, 3, LANES), *rows, answer, level.answer, 1)

    def coarsest(self) -> None:
        """See `iteration.Levels`."""
        answer = self._last["answer"]
        self._launch(kernels.dense_product, answer.shape, self._dense, self._last["right"], answer)

    def _product(self, use: int, u: Any, b: Any, out: Any) -> None:
        """The finest product in double precision."""
        self._follow(u, self._nodes, self._couplings, 0)
        there = self._there
        self._launch(
            kernels.cubes_product, (self._nodes, LANES), use, u, b, b, out, self._none, 0.0, 0.0,
            there.cells, there.elements, there.strength, self._factors[0], *self._couplings, self._size,
        )  # fmt: skip

    def _cycle_product(self, depth: int, use: int, step: tuple[float, float]) -> None:
        """A level's product in single precision, from `answer` to `other`."""
        level, there = self._levels[depth], self._there
        self._follow(level.answer, level.nodes, level.rows, 1)
        vectors = use, level.answer, level.right, level.step, level.other, level.inverse, *step
        if depth == 0:
            self._launch(
                kernels.cubes_product, (level.nodes, LANES), *vectors,
                there.cells, there.elements, there.strength_single, self._factors[1], *level.rows, self._size,
            )  # fmt: skip
        else:
            most = level.nodes + self._extra
            rows = there.levels[depth - 1][0]
            self._launch(kernels.rows_product, (level.nodes, LANES), *vectors, *rows, *level.rows, most)

    def _follow(self, u: Any, nodes: int, rows: tuple[Any, ...], single: int) -> None:
        """Fill the stations' places of u: see `solver_kernels.follow`."""
        if self._extra:
            pull, shape = self._pull[single], (self._extra, 3, LANES)
            self._launch(kernels.some_rows, shape, nodes, nodes, *rows, u, 0, pull)
            self._launch(kernels.some_rows, shape, 0, self._extra, *self._back[single], pull, nodes, u)

    def _dot(self, a: Any, b: Any) -> Floats:
        self._launch(kernels.dot, self._sums.shape, a, b, self._nodes, self._sums)
        return self._sums.numpy().sum(axis=0)

    def _launch(self, kernel: Any, shape: tuple[int, ...], *given: Any) -> None:
        wp.launch(kernel, dim=shape, inputs=list(given), device=self._device)


class _Uploaded:
    """One level's couplings, smoother and vectors."""

    def __init__(self, level: Level, device: str) -> None:
        self.nodes = level.nodes
        self.rows = _rows(level.rows, device)
        self.inverse = _array(level.inverse, _SINGLE, device)
        self.steps: list[tuple[float, float]] = [(float(c0), float(c1)) for c0, c1 in level.steps]
        shape = level.vectors["answer"].shape
        self.right, self.answer, self.other, self.step = (_zeros(shape, _SINGLE, device) for _ in range(4))


def _rows(rows: Rows, device: str) -> tuple[Any, ...]:
    lane = _DOUBLE if rows.blocks.dtype == np.float64 else _SINGLE
    return _array(rows.starts, _INT, device), _array(rows.columns, _INT, device), _array(rows.blocks, lane, device)


def _array(values: Any, lane: Any, device: str) -> Any:
    return wp.array(values, dtype=lane, device=device)


def _zeros(shape: tuple[int, ...], lane: Any, device: str) -> Any:
    return wp.zeros(shape, dtype=lane, device=device)
