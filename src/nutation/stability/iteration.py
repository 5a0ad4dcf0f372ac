"""The order of work of the solver, whatever it is computed on: conjugate gradients, and one multigrid cycle.

The CPU (`solver`, `coupled`) and a GPU (`gpu`) bring the products and keep the vectors; what is done when is in here
once.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from nutation.anatomy.space import Floats

RESTARTS = 3
"""How often the true residual may be found larger than the one updated along the way, before that is accepted."""

VISITED_TWICE = 2
"""Levels from this one on are visited twice (a W-cycle): they are small, and they carry the bending of whole bones."""


class Gradients(Protocol):
    """Vectors of a system A x = b of several right sides, kept wherever they are; sums come back as (lanes,)."""

    def begin(self) -> Floats:
        """r = b - A x and p = 0; gives r·r."""
        ...

    def precondition(self) -> Floats:
        """z = about A⁻¹ r; gives r·z."""
        ...

    def search(self, beta: Floats) -> Floats:
        """p = z + beta p and q = A p; gives p·q."""
        ...

    def advance(self, alpha: Floats) -> Floats:
        """x += alpha p and r -= alpha q; gives r·r."""
        ...


class Levels(Protocol):
    """A multigrid hierarchy, finest level 0; each level holds what to solve for and an answer."""

    def smooth(self, depth: int, *, from_zero: bool) -> None:
        """Smooth the level's answer, which counts as zero in the beginning if `from_zero`."""
        ...

    def down(self, depth: int) -> None:
        """What the level's answer leaves is what the next coarser level is to solve for."""
        ...

    def up(self, depth: int) -> None:
        """Add the answer of the next coarser level to the level's own."""
        ...

    def coarsest(self) -> None:
        """Solve the last level, which is none that is smoothed."""
        ...


def solve(on: Gradients, tolerance: float, most: int) -> tuple[Floats, int]:
    """Iterate until |r| <= tolerance (b is of size 1), at most `most` times; |b - A x| (lanes,) computed afresh, and
    the count of iterations."""
    took = 0
    for _ in range(RESTARTS):
        square = on.begin()
        if took >= most or np.all(np.sqrt(square) <= tolerance):
            return np.sqrt(square), took
        took = _descend(on, square, tolerance, took, most)
    return np.sqrt(on.begin()), took


def _descend(on: Gradients, square: Floats, tolerance: float, took: int, most: int) -> int:
    """Conjugate gradients, each right side with its own step lengths; the count of iterations."""
    before = np.zeros_like(square)
    while took < most and np.any(square > tolerance**2):
        going = square > tolerance**2
        now = on.precondition()
        bend = on.search(np.where(going & (before > 0.0), now / np.where(before > 0.0, before, 1.0), 0.0))
        good: Any = going & (bend > 0.0) & (now > 0.0)
        square = on.advance(np.where(good, now / np.where(good, bend, 1.0), 0.0))
        before = now
        took += 1
        if not np.any(good):
            break
    return took


def cycle(on: Levels, levels: int, depth: int = 0, *, again: bool = False) -> None:
    """One cycle from a level on, `levels` of which are smoothed; `again`: go on from what its answer holds."""
    if depth == levels:
        on.coarsest()
        return
    on.smooth(depth, from_zero=not again)
    on.down(depth)
    cycle(on, levels, depth + 1)
    if VISITED_TWICE <= depth + 1 < levels:
        cycle(on, levels, depth + 1, again=True)
    on.up(depth)
    on.smooth(depth, from_zero=False)
