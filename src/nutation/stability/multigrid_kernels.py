"""Compiled loops around the coarse levels: from cubes to coarse cubes, to rows of blocks, and between levels.

A coarse cube has a stiffness of its own (24, 24), the sum of its up to eight children seen through trilinear
interpolation. Children are numbered as corners are: x changes fastest.
"""

from __future__ import annotations

from typing import Any, cast

import numba as nb
import numpy as np

from nutation.stability.lanes import load, narrow, nothing, store, widen

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "fastmath": True, "error_model": "numpy"}
njit = cast("Any", nb.njit)(**_OPTIONS)
njit_parallel = cast("Any", nb.njit)(**_OPTIONS, parallel=True)
prange = cast("Any", nb.prange)


@njit_parallel
def coarse_from_cubes(children: Any, strength: Any, through: Any, out: Any) -> None:
    """out[c] = the sum over children of strength times `through` (8, 24, 24), the unit cube seen from its parent.

    children (coarse, 8) int32: numbers of cubes, -1 where there is none.
    """
    for c in prange(len(children)):
        for i in range(24):
            for j in range(24):
                out[c, i, j] = 0.0
        for child in range(8):
            e = children[c, child]
            if e >= 0:
                for i in range(24):
                    for j in range(24):
                        out[c, i, j] += strength[e] * through[child, i, j]


@njit
def _through(stiffness: Any, weights: Any, half: Any, out: Any) -> None:
    """Add T' K T, T the Kronecker product of `weights` (8, 8) and the unit matrix, to `out`."""
    for i in range(24):
        for j in range(24):
            half[i, j] = 0.0
    for i in range(8):
        for k in range(8):
            w = weights[i, k]
            if w != 0.0:
                for a in range(3):
                    for j in range(24):
                        half[3 * k + a, j] += w * stiffness[3 * i + a, j]
    for j in range(8):
        for k in range(8):
            w = weights[j, k]
            if w != 0.0:
                for i in range(24):
                    for a in range(3):
                        out[i, 3 * k + a] += w * half[i, 3 * j + a]


@njit_parallel
def coarse_from_coarse(children: Any, stiffness: Any, weights: Any, out: Any) -> None:
    """The same one level up: `stiffness` (cubes, 24, 24) of the children, weights (8 children, 8 own, 8 parent's)."""
    for c in prange(len(children)):
        half = np.empty((24, 24), stiffness.dtype)
        for i in range(24):
            for j in range(24):
                out[c, i, j] = 0.0
        for child in range(8):
            if children[c, child] >= 0:
                _through(stiffness[children[c, child]], weights[child], half, out[c])


@njit
def neighbours(elements: Any, corners: Any, masks: Any) -> None:
    """Set in masks (nodes,) uint32 bit ((x+1)*3 + y+1)*3 + z+1 for each neighbour (x, y, z) that shares a cube."""
    for e in range(len(elements)):
        for a in range(8):
            mask = np.uint32(0)
            for b in range(8):
                place = 0
                for axis in range(3):
                    place = 3 * place + corners[b, axis] - corners[a, axis] + 1
                mask |= np.uint32(1) << np.uint32(place)
            masks[elements[e, a]] |= mask


@njit
def _count(mask: Any) -> int:
    total = 0
    while mask:
        mask &= mask - np.uint32(1)
        total += 1
    return total


@njit
def row_starts(masks: Any, starts: Any) -> None:
    """Where each node's row begins: starts (nodes + 1,)."""
    starts[0] = 0
    for n in range(len(masks)):
        starts[n + 1] = starts[n] + _count(masks[n])


@njit
def gather(elements: Any, corners: Any, stiffness: Any, masks: Any, starts: Any, columns: Any, blocks: Any) -> None:
    """Add the stiffness of cubes (cubes, 24, 24) into rows of 3×3 blocks (k, 9), and set their columns."""
    for e in range(len(elements)):
        for a in range(8):
            n = elements[e, a]
            for b in range(8):
                place = 0
                for axis in range(3):
                    place = 3 * place + corners[b, axis] - corners[a, axis] + 1
                k = starts[n] + _count(masks[n] & ((np.uint32(1) << np.uint32(place)) - np.uint32(1)))
                columns[k] = elements[e, b]
                for i in range(3):
                    for j in range(3):
                        blocks[k, 3 * i + j] += stiffness[e, 3 * a + i, 3 * b + j]


@njit
def cube_diagonal(elements: Any, strength: Any, unit: Any, out: Any) -> None:
    """Add to out (nodes, 9) each node's own block of the cubes' stiffness; unit (8, 9) are a unit cube's."""
    for e in range(len(elements)):
        for a in range(8):
            for k in range(9):
                out[elements[e, a], k] += strength[e] * unit[a, k]


@njit
def parents(nodes: Any, body: Any, table: Any, starts: Any, columns: Any, weights: Any) -> None:
    """Each node's coarse nodes and their trilinear weights, as rows; `table` (x, y, z, body) numbers coarse nodes.

    A node at an even place lies on a coarse one, at an odd one midway between two.
    """
    k = 0
    for n in range(len(nodes)):
        starts[n] = k
        x, y, z = nodes[n, 0], nodes[n, 1], nodes[n, 2]
        for i in range(x // 2, (x + 1) // 2 + 1):
            for j in range(y // 2, (y + 1) // 2 + 1):
                for m in range(z // 2, (z + 1) // 2 + 1):
                    columns[k] = table[i, j, m, body[n]]
                    weights[k] = 0.5 ** (x % 2 + y % 2 + z % 2)
                    k += 1
    starts[len(nodes)] = k


@njit
def transposed(starts: Any, columns: Any, weights: Any, starts_t: Any, columns_t: Any, weights_t: Any) -> None:
    """Rows of the transpose of a sparse matrix; starts_t must be zero and has one place more than it has rows."""
    for k in range(len(columns)):
        starts_t[columns[k] + 1] += 1
    for c in range(len(starts_t) - 1):
        starts_t[c + 1] += starts_t[c]
    at = starts_t.copy()
    for n in range(len(starts) - 1):
        for k in range(starts[n], starts[n + 1]):
            columns_t[at[columns[k]]] = n
            weights_t[at[columns[k]]] = weights[k]
            at[columns[k]] += 1


@njit
def _transfer(
    first: int, last: int, starts: Any, columns: Any, weights: Any, source: Any, target: Any, add: int
) -> None:
    for n in range(first, last):
        x, y, z = nothing(target), nothing(target), nothing(target)
        if add:
            x, y, z = load(target, 3 * n), load(target, 3 * n + 1), load(target, 3 * n + 2)
        for k in range(starts[n], starts[n + 1]):
            at, w = 3 * columns[k], weights[k]
            x = x + w * load(source, at)
            y = y + w * load(source, at + 1)
            z = z + w * load(source, at + 2)
        store(target, 3 * n, x)
        store(target, 3 * n + 1, y)
        store(target, 3 * n + 2, z)


@njit_parallel
def transfer(parts: Any, starts: Any, columns: Any, weights: Any, source: Any, target: Any, add: int) -> None:
    """target = (target +) a sparse matrix with one number a node times source; `parts`: where rows are cut."""
    for part in prange(len(parts) - 1):
        _transfer(parts[part], parts[part + 1], starts, columns, weights, source, target, add)


@njit
def dense_product(matrix: Any, right: Any, out: Any) -> None:
    """out = a dense matrix in double precision times `right`, both in single. One thread: it is small."""
    for i in range(len(matrix)):
        total = widen(nothing(right))
        for j in range(len(matrix)):
            total = total + matrix[i, j] * widen(load(right, j))
        store(out, i, narrow(total))


@njit
def _begin(first: int, last: int, b: Any, d: Any, out: Any, inverse: Any, c: Any) -> None:
    for n in range(first, last):
        x, y, z = load(b, 3 * n), load(b, 3 * n + 1), load(b, 3 * n + 2)
        p = c[1] * (inverse[n, 0] * x + inverse[n, 1] * y + inverse[n, 2] * z)
        q = c[1] * (inverse[n, 1] * x + inverse[n, 3] * y + inverse[n, 4] * z)
        r = c[1] * (inverse[n, 2] * x + inverse[n, 4] * y + inverse[n, 5] * z)
        store(d, 3 * n, p)
        store(d, 3 * n + 1, q)
        store(d, 3 * n + 2, r)
        store(out, 3 * n, p)
        store(out, 3 * n + 1, q)
        store(out, 3 * n + 2, r)


@njit_parallel
def begin(parts: Any, b: Any, d: Any, out: Any, inverse: Any, c: Any) -> None:
    """The first step of a smoother from zero: d = out = c1 D⁻¹ b."""
    for part in prange(len(parts) - 1):
        _begin(parts[part], parts[part + 1], b, d, out, inverse, c)


@njit
def _turn(first: int, last: int, z: Any, p: Any, beta: Any) -> None:
    factor = load(beta, 0)
    for i in range(first, last):
        store(p, i, widen(load(z, i)) + factor * load(p, i))


@njit_parallel
def turn(parts: Any, z: Any, p: Any, beta: Any) -> None:
    """p = z + beta p: the next search direction, each right side with its own beta (8,)."""
    for part in prange(len(parts) - 1):
        _turn(3 * parts[part], 3 * parts[part + 1], z, p, beta)


@njit
def _advance(
    part: int, first: int, last: int, p: Any, q: Any, x: Any, r: Any, rounded: Any, alpha: Any, sums: Any
) -> None:
    factor = load(alpha, 0)
    total = nothing(sums)
    for i in range(first, last):
        store(x, i, load(x, i) + factor * load(p, i))
        left = load(r, i) - factor * load(q, i)
        store(r, i, left)
        store(rounded, i, narrow(left))
        total = total + left * left
    store(sums, part, total)


@njit_parallel
def advance(parts: Any, p: Any, q: Any, x: Any, r: Any, rounded: Any, alpha: Any, sums: Any) -> None:
    """x += alpha p, r -= alpha q; `rounded` = r in single precision; sums (parts, 8) gets r·r."""
    for part in prange(len(parts) - 1):
        _advance(part, 3 * parts[part], 3 * parts[part + 1], p, q, x, r, rounded, alpha, sums)


@njit
def _dot(part: int, first: int, last: int, a: Any, b: Any, sums: Any) -> None:
    total = nothing(sums)
    for i in range(first, last):
        total = total + load(a, i) * widen(load(b, i))
    store(sums, part, total)


@njit_parallel
def dot(parts: Any, a: Any, b: Any, sums: Any) -> None:
    """sums (parts, 8) gets a·b, a in double, b in either precision."""
    for part in prange(len(parts) - 1):
        _dot(part, 3 * parts[part], 3 * parts[part + 1], a, b, sums)
