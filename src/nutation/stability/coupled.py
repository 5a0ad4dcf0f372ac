"""What couples the bones, on every level, and the cycle over bones and couplings together.

Stations of implants belong to no cube. They are eliminated exactly on every level: given the nodes, the stations go
where they are in equilibrium, u_s = -S⁻¹ T u (S the stations' own block, T their ties to nodes). A chain of stiff beams
would otherwise be the slowest part of the whole model. Vectors keep the stations' places behind the nodes', filled by
`solver_kernels.follow` before each product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.sparse.csgraph

from nutation.anatomy.space import Floats
from nutation.record.errors import InputError
from nutation.stability import multigrid_kernels, solver_kernels
from nutation.stability.iteration import cycle
from nutation.stability.lanes import LANES, aligned
from nutation.stability.mesh import Couplings
from nutation.stability.multigrid import Bones, Coarse, Rows, own_blocks, parts_of
from nutation.stability.solver_kernels import RESIDUAL, STEP

sparse = cast("Any", scipy.sparse)
dense = cast("Any", scipy.linalg)
graph = cast("Any", scipy.sparse.csgraph)

POWER_STEPS = 12
"""Steps of the power method, on eight random vectors, for the largest eigenvalue that the smoother has to damp."""

BOUND_MARGIN = 1.25
"""The power method comes from below; a smoother whose bound is too low amplifies what lies above."""

DEGREE = 3
"""Steps of the Chebyshev smoother before and after. Thin stiff shells around soft cores are what is hard here: two
steps took a fifth more iterations on a pelvis of 2 mm voxels, four took a tenth fewer at a third more work each."""

DAMPED_SHARE = 0.03
"""The smoother damps from this part of the largest eigenvalue on. On the same pelvis it took a tenth fewer iterations
than with 0.1."""

LEAST_PIVOT = 1e-13
"""Below this part of the largest pivot the coarsest level's matrix counts as singular: something is not held."""


@dataclass(frozen=True, slots=True)
class Level:
    """Couplings on one level, and the smoother: `inverse` (nodes, 6), its steps (`DEGREE`, 2), and vectors."""

    nodes: int
    rows: Rows
    inverse: Any
    parts: Any
    vectors: dict[str, Any]
    steps: Any


def rows_of(matrix: Any, lane: Any) -> Rows:
    """A scipy matrix as rows of 3×3 blocks."""
    blocks = matrix.tobsr(blocksize=(3, 3))
    return Rows(
        blocks.indptr.astype(np.int32), blocks.indices.astype(np.int32),
        np.ascontiguousarray(blocks.data.reshape(-1, 9), dtype=lane),
    )  # fmt: skip


def stations_inverse(couplings: Couplings, nodes: int) -> Any:
    """The inverse of the stations' own block, dense within each implant, as a scipy matrix.

    Raises InputError where an implant is tied to nothing.
    """
    own = couplings.matrix[3 * nodes :, 3 * nodes :]
    if own.shape[0] == 0:
        return sparse.csr_matrix(own.shape)
    pieces, group = graph.connected_components(own, directed=False)
    entries: list[tuple[Any, Any, Any]] = []
    for number in range(pieces):
        at = np.flatnonzero(group == number)
        block = own[at][:, at].toarray()
        try:
            back = _inverse(block)
        except np.linalg.LinAlgError:
            raise InputError(
                "an implant is tied to no bone, so that it could move freely.", place=f"station {int(at[0]) // 3}",
                mend="let the implant lie in bone, or leave it out.",
            ) from None  # fmt: skip
        entries.append((np.repeat(at, len(at)), np.tile(at, len(at)), back.ravel()))
    rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
    return sparse.coo_matrix((values, (rows, columns)), shape=own.shape).tocsr()


def coarser(matrix: Any, finer: int, extra: int, level: Coarse) -> Any:
    """The couplings seen from the coarse level: P' C P, stations unchanged."""
    if matrix.nnz == 0:
        size = 3 * (level.nodes + extra)
        return sparse.csr_matrix((size, size))
    touched = np.unique(matrix.indices // 3)
    weights = sparse.csr_matrix(
        (level.down.blocks.astype(np.float64), level.down.columns, level.down.starts), shape=(finer, level.nodes)
    )
    down = sparse.block_diag((weights, sparse.identity(extra)), format="csr") if extra else weights
    through = sparse.kron(down[touched], sparse.identity(3), format="csr")
    unknowns = (3 * touched[:, None] + np.arange(3)).ravel()
    small = matrix[unknowns][:, unknowns]
    return (through.T @ small @ through).tocsr()


def inverse_of(blocks: Floats) -> Any:
    """The upper triangles (n, 6) of the inverses of symmetric blocks (n, 9), in single precision."""
    a, b, c, _, d, e, _, _, f = blocks.T
    aa, bb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    whole = a * aa + b * bb + c * cc
    made = np.stack([aa, bb, cc, a * f - c * c, b * c - a * e, a * d - b * b], axis=1) / whole[:, None]
    return made.astype(np.float32)


def chebyshev(largest: float) -> Any:
    """Factors (c0, c1) of each step of the smoother, (`DEGREE`, 2): see `solver_kernels`; the first step forgets d."""
    middle, half = 0.5 * largest * (1.0 + DAMPED_SHARE), 0.5 * largest * (1.0 - DAMPED_SHARE)
    steps, ratio = [(0.0, 1.0 / middle)], half / middle
    for _ in range(DEGREE - 1):
        following = 1.0 / (2.0 * middle / half - ratio)
        steps.append((following * ratio, 2.0 * following / half))
        ratio = following
    return np.array(steps, dtype=np.float32)


class Cycle:
    """One multigrid cycle in single precision over bones and couplings: the preconditioner.

    `right` (nodes + extra, 3, 8) is what to solve for, `answer` what comes out; both are the cycle's own.
    """

    def __init__(self, bones: Bones, couplings: Couplings) -> None:
        self.bones, self.extra = bones, couplings.extra
        matrix = couplings.matrix.tocsr()
        inverse = stations_inverse(couplings, bones.nodes)
        self.back = rows_of(-inverse, np.float32)
        self.back_double = rows_of(-inverse, np.float64)
        self.pull = aligned(max(1, self.extra), np.float32)
        self.factors = bones.factors.astype(np.float32)
        self.sums = np.zeros((len(bones.slabs), LANES))
        self.levels: list[Level] = []
        finer, diagonal = bones.nodes, bones.diagonal
        for depth, coarse in enumerate(bones.levels):
            self.levels.append(self._level(depth, finer, diagonal, matrix))
            matrix = coarser(matrix, finer, self.extra, coarse)
            finer, diagonal = coarse.nodes, coarse.diagonal
        self.dense = _coarsest(bones.levels[-1], matrix, inverse)
        self.last = {name: aligned(finer, np.float32) for name in ("right", "answer")}
        self.right = self.levels[0].vectors["right"]

    @property
    def answer(self) -> Any:
        """What came out of the last `run`."""
        return self.levels[0].vectors["answer"]

    def run(self) -> None:
        """answer = approximately A⁻¹ right."""
        cycle(self, len(self.levels))

    def smooth(self, depth: int, *, from_zero: bool) -> None:
        """See `iteration.Levels`."""
        level, vectors = self.levels[depth], self.levels[depth].vectors
        steps = level.steps
        if from_zero:
            multigrid_kernels.begin(
                level.parts, vectors["right"], vectors["step"], vectors["answer"], level.inverse, steps[0]
            )
            steps = steps[1:]
        for step in steps:
            self._product(depth, STEP, vectors["answer"], vectors["other"], step)
            vectors["answer"], vectors["other"] = vectors["other"], vectors["answer"]

    def down(self, depth: int) -> None:
        """See `iteration.Levels`."""
        level, coarse = self.levels[depth], self.bones.levels[depth]
        self._product(depth, RESIDUAL, level.vectors["answer"], level.vectors["other"], level.steps[0])
        below = self._vectors(depth + 1)["right"]
        multigrid_kernels.transfer(parts_of(coarse.nodes), *coarse.up.parts, level.vectors["other"], below, 0)

    def up(self, depth: int) -> None:
        """See `iteration.Levels`."""
        level, coarse = self.levels[depth], self.bones.levels[depth]
        below = self._vectors(depth + 1)["answer"]
        multigrid_kernels.transfer(level.parts, *coarse.down.parts, below, level.vectors["answer"], 1)

    def coarsest(self) -> None:
        """See `iteration.Levels`."""
        multigrid_kernels.dense_product(self.dense, self.last["right"], self.last["answer"])

    def _vectors(self, depth: int) -> dict[str, Any]:
        return self.levels[depth].vectors if depth < len(self.levels) else self.last

    def _product(self, depth: int, use: int, u: Any, out: Any, step: Any) -> None:
        level = self.levels[depth]
        right, d = level.vectors["right"], level.vectors["step"]
        if self.extra:
            solver_kernels.follow(level.nodes, *level.rows.parts, *self.back.parts, self.pull, u)
        if depth == 0:
            bones = self.bones
            solver_kernels.cubes_product(
                use, u, right, d, out, level.inverse, step, bones.slabs, bones.elements, bones.strength_single,
                self.factors, *level.rows.parts, self.sums,
            )  # fmt: skip
        else:
            solver_kernels.rows_product(
                use, level.parts, u, right, d, out, level.inverse, step,
                *self.bones.levels[depth - 1].rows.parts, *level.rows.parts,
            )  # fmt: skip

    def _level(self, depth: int, nodes: int, diagonal: Floats, matrix: Any) -> Level:
        rows = rows_of(matrix, np.float32)
        inverse = inverse_of(diagonal + own_blocks(rows, nodes))
        vectors = {name: aligned(nodes + self.extra, np.float32) for name in ("right", "answer", "other", "step")}
        made = Level(nodes, rows, inverse, parts_of(nodes), vectors, np.array([[0.0, 1.0]], dtype=np.float32))
        self.levels.append(made)
        steps = chebyshev(BOUND_MARGIN * self._largest(depth))
        self.levels.pop()
        return replace(made, steps=steps)

    def _largest(self, depth: int) -> float:
        """The largest eigenvalue of D⁻¹ A on a level, by the power method."""
        level = self.levels[depth]
        u, d, other = (level.vectors[name] for name in ("answer", "step", "other"))
        u[:] = np.random.default_rng(depth).standard_normal(u.shape)
        found = 1.0
        for _ in range(POWER_STEPS):
            self._product(depth, STEP, u, other, level.steps[0])
            size = np.sqrt(np.einsum("nar,nar->r", d[: level.nodes], d[: level.nodes]))
            before = np.sqrt(np.einsum("nar,nar->r", u[: level.nodes], u[: level.nodes]))
            found = float((size / before).max())
            u[: level.nodes] = d[: level.nodes] / size.astype(np.float32)
        d[:] = 0
        return found


def _coarsest(level: Coarse, matrix: Any, inverse: Any) -> Floats:
    size = 3 * level.nodes
    rows = level.rows
    whole = sparse.bsr_matrix((rows.blocks.reshape(-1, 3, 3), rows.columns, rows.starts), shape=(size, size)).toarray()
    whole = whole.astype(np.float64)
    whole += matrix[:size, :size].toarray()
    if inverse.shape[0]:
        ties = matrix[size:, :size]
        whole -= (ties.T @ (inverse @ ties)).toarray()
    try:
        return _inverse(whole)
    except np.linalg.LinAlgError:
        raise InputError(
            "the model is not held: a piece of it could move without resistance.",
            mend="add a support, or take away what is joined to nothing.",
        ) from None  # fmt: skip


def _inverse(matrix: Floats) -> Floats:
    """The inverse of a symmetric positive definite matrix; LinAlgError where it is not."""
    own = np.diag(matrix)
    if own.min() <= 0.0:
        raise np.linalg.LinAlgError
    scale = 1.0 / np.sqrt(own)
    factor = cast("Floats", np.linalg.cholesky(matrix * np.outer(scale, scale)))
    if np.diag(factor).min() ** 2 < LEAST_PIVOT:
        raise np.linalg.LinAlgError
    back: Any = dense.cho_solve((factor, True), np.diag(scale)) * scale[:, None]
    return 0.5 * (back + back.T)
