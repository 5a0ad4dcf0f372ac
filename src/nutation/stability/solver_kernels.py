"""Compiled products with the stiffness: matrix-free over cubes, or over rows of 3×3 blocks, eight right sides at once.

Vectors are arrays (rows, 3, 8), contiguous, single or double. All products come in three uses, since a pass over memory
costs more than the arithmetic: `APPLY` gives A u and u·A u, `RESIDUAL` gives b - A u, `STEP` one step of a smoother,

    d <- c0 d + c1 D⁻¹ (b - A u),    out <- u + d.

Cubes add into nodes that they share, so threads work on slabs of cubes along x: first all even ones, which share no
node, then the odd ones. A slab's nodes are begun (with their row of couplings) by the slab that comes to them first and
finished by the last, while they are still in the cache. The order of sums depends on the slabs only, never on the
number of threads.
"""

from __future__ import annotations

from typing import Any, cast

import numba as nb

from nutation.stability.lanes import load, nothing, store, widen

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy"}
njit = cast("Any", nb.njit)(**_OPTIONS, cache=True)
njit_parallel = cast("Any", nb.njit)(**_OPTIONS, cache=True, parallel=True)
# Left as calls, these would pass whole arrays and count references once a corner: half the time of a product.
inlined = cast("Any", nb.njit)(**_OPTIONS, forceinline=True)
prange = cast("Any", nb.prange)

APPLY, RESIDUAL, STEP = 0, 1, 2


@inlined
def row(starts: Any, columns: Any, blocks: Any, n: int, u: Any, x: Any, y: Any, z: Any) -> Any:
    """(x, y, z) plus row n of a block matrix times u."""
    for k in range(starts[n], starts[n + 1]):
        at = 3 * columns[k]
        a, b, c = load(u, at), load(u, at + 1), load(u, at + 2)
        x = x + blocks[k, 0] * a + blocks[k, 1] * b + blocks[k, 2] * c
        y = y + blocks[k, 3] * a + blocks[k, 4] * b + blocks[k, 5] * c
        z = z + blocks[k, 6] * a + blocks[k, 7] * b + blocks[k, 8] * c
    return x, y, z


@inlined
def signs(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """Sums and differences over the eight corners along x, y and z."""
    a, b, c, d, e, f, g, h = a + b, a - b, c + d, c - d, e + f, e - f, g + h, g - h
    a, c, b, d, e, g, f, h = a + c, a - c, b + d, b - d, e + g, e - g, f + h, f - h
    return a + e, b + f, c + g, d + h, a - e, b - f, c - g, d - h


@inlined
def corners(u: Any, nodes: Any, e: int, axis: int) -> Any:
    """One component at the eight corners, as modes."""
    return signs(
        load(u, 3 * nodes[e, 0] + axis), load(u, 3 * nodes[e, 1] + axis), load(u, 3 * nodes[e, 2] + axis),
        load(u, 3 * nodes[e, 3] + axis), load(u, 3 * nodes[e, 4] + axis), load(u, 3 * nodes[e, 5] + axis),
        load(u, 3 * nodes[e, 6] + axis), load(u, 3 * nodes[e, 7] + axis),
    )  # fmt: skip


@inlined
def scatter(y: Any, nodes: Any, e: int, axis: int, modes: Any) -> None:
    """Modes of one component back to the corners, added."""
    a, b, c, d, f, g, h, k = signs(*modes)
    at = 3 * nodes[e, 0] + axis
    store(y, at, load(y, at) + a)
    at = 3 * nodes[e, 1] + axis
    store(y, at, load(y, at) + b)
    at = 3 * nodes[e, 2] + axis
    store(y, at, load(y, at) + c)
    at = 3 * nodes[e, 3] + axis
    store(y, at, load(y, at) + d)
    at = 3 * nodes[e, 4] + axis
    store(y, at, load(y, at) + f)
    at = 3 * nodes[e, 5] + axis
    store(y, at, load(y, at) + g)
    at = 3 * nodes[e, 6] + axis
    store(y, at, load(y, at) + h)
    at = 3 * nodes[e, 7] + axis
    store(y, at, load(y, at) + k)


@inlined
def cube(u: Any, y: Any, nodes: Any, e: int, strength: Any, factors: Any) -> None:
    """Add one cube's stiffness times u to y: see `element.between_modes` for the numbers."""
    stretch, cross, shear = factors[0] * strength, factors[1] * strength, factors[2] * strength
    both, cross2, twice = factors[3] * strength, factors[4] * strength, factors[5] * strength
    shear2, last = factors[6] * strength, factors[7] * strength
    _, u1, u2, u3, u4, u5, u6, u7 = corners(u, nodes, e, 0)
    _, v1, v2, v3, v4, v5, v6, v7 = corners(u, nodes, e, 1)
    _, w1, w2, w3, w4, w5, w6, w7 = corners(u, nodes, e, 2)
    zero = nothing(y)
    xy, yz, zx = shear * (u2 + v1), shear * (v4 + w2), shear * (w1 + u4)
    scatter(y, nodes, e, 0, (
        zero, stretch * u1 + cross * (v2 + w4), xy, both * u3 + cross2 * w6,
        zx, both * u5 + cross2 * v6, twice * u6 + shear2 * (v5 + w3), last * u7,
    ))  # fmt: skip
    scatter(y, nodes, e, 1, (
        zero, xy, stretch * v2 + cross * (u1 + w4), both * v3 + cross2 * w5,
        yz, twice * v5 + shear2 * (u6 + w3), both * v6 + cross2 * u5, last * v7,
    ))  # fmt: skip
    scatter(y, nodes, e, 2, (
        zero, zx, yz, twice * w3 + shear2 * (u6 + v5),
        stretch * w4 + cross * (u1 + v2), both * w5 + cross2 * v3, both * w6 + cross2 * u3, last * w7,
    ))  # fmt: skip


@inlined
def finish(
    use: int, n: int, x: Any, y: Any, z: Any, u: Any, b: Any, d: Any, out: Any, inverse: Any, c: Any, total: Any
) -> Any:
    """What is made of (x, y, z), the product at node n; returns `total`, with u·A u added in `APPLY`."""
    at = 3 * n
    if use == APPLY:
        store(out, at, x)
        store(out, at + 1, y)
        store(out, at + 2, z)
        return total + widen(x * load(u, at) + y * load(u, at + 1) + z * load(u, at + 2))
    x, y, z = load(b, at) - x, load(b, at + 1) - y, load(b, at + 2) - z
    if use == STEP:
        p = c[0] * load(d, at) + c[1] * (inverse[n, 0] * x + inverse[n, 1] * y + inverse[n, 2] * z)
        q = c[0] * load(d, at + 1) + c[1] * (inverse[n, 1] * x + inverse[n, 3] * y + inverse[n, 4] * z)
        r = c[0] * load(d, at + 2) + c[1] * (inverse[n, 2] * x + inverse[n, 4] * y + inverse[n, 5] * z)
        store(d, at, p)
        store(d, at + 1, q)
        store(d, at + 2, r)
        x, y, z = load(u, at) + p, load(u, at + 1) + q, load(u, at + 2) + r
    store(out, at, x)
    store(out, at + 1, y)
    store(out, at + 2, z)
    return total


@njit
def slab(
    s: int, use: int, u: Any, b: Any, d: Any, out: Any, inverse: Any, c: Any, slabs: Any,
    nodes: Any, strength: Any, factors: Any, starts: Any, columns: Any, blocks: Any, sums: Any,
) -> None:  # fmt: skip
    """One slab of cubes: begin nodes, add cubes, finish nodes."""
    zero = nothing(out)
    for n in range(slabs[s, 0], slabs[s, 1]):
        x, y, z = row(starts, columns, blocks, n, u, zero, zero, zero)
        store(out, 3 * n, x)
        store(out, 3 * n + 1, y)
        store(out, 3 * n + 2, z)
    for e in range(slabs[s, 2], slabs[s, 3]):
        cube(u, out, nodes, e, strength[e], factors)
    total = nothing(sums)
    for n in range(slabs[s, 4], slabs[s, 5]):
        x, y, z = load(out, 3 * n), load(out, 3 * n + 1), load(out, 3 * n + 2)
        total = finish(use, n, x, y, z, u, b, d, out, inverse, c, total)
    store(sums, s, total)


@njit_parallel
def cubes_product(
    use: int, u: Any, b: Any, d: Any, out: Any, inverse: Any, c: Any, slabs: Any,
    nodes: Any, strength: Any, factors: Any, starts: Any, columns: Any, blocks: Any, sums: Any,
) -> None:  # fmt: skip
    """Product with cubes and couplings. `out` must be none of u, b, d.

    slabs (s, 6) int64: nodes begun from, to; cubes from, to; nodes finished from, to. strength (cubes,): modulus times
    edge. `factors`: eight numbers, see `element.factors`. starts, columns, blocks (k, 9): rows of the couplings.
    inverse (n, 6): the upper triangle of D⁻¹. c (2,): see above. sums (s, 8) gets u·A u slab by slab in `APPLY`.
    """
    count = slabs.shape[0]
    for half in prange((count + 1) // 2):
        slab(2 * half, use, u, b, d, out, inverse, c, slabs, nodes, strength, factors, starts, columns, blocks, sums)
    for half in prange(count // 2):
        slab(
            2 * half + 1, use, u, b, d, out, inverse, c, slabs, nodes, strength, factors, starts, columns, blocks, sums
        )


@njit
def rows_part(
    first: int, last: int, use: int, u: Any, b: Any, d: Any, out: Any, inverse: Any, c: Any,
    starts: Any, columns: Any, blocks: Any, starts2: Any, columns2: Any, blocks2: Any,
) -> None:  # fmt: skip
    """Some rows of `rows_product`."""
    zero = nothing(out)
    total = widen(zero)
    for n in range(first, last):
        x, y, z = row(starts, columns, blocks, n, u, zero, zero, zero)
        x, y, z = row(starts2, columns2, blocks2, n, u, x, y, z)
        total = finish(use, n, x, y, z, u, b, d, out, inverse, c, total)


@njit_parallel
def rows_product(
    use: int, parts: Any, u: Any, b: Any, d: Any, out: Any, inverse: Any, c: Any,
    starts: Any, columns: Any, blocks: Any, starts2: Any, columns2: Any, blocks2: Any,
) -> None:  # fmt: skip
    """Product with two matrices of 3×3 blocks, bones and couplings; see `cubes_product`. `parts`: cuts of the rows."""
    for part in prange(len(parts) - 1):
        rows_part(
            parts[part], parts[part + 1], use, u, b, d, out, inverse, c,
            starts, columns, blocks, starts2, columns2, blocks2,
        )  # fmt: skip


@njit
def follow(
    first: int, starts: Any, columns: Any, blocks: Any, starts2: Any, columns2: Any, blocks2: Any, pull: Any, u: Any
) -> None:
    """Fill the rows of u from `first` on: where stations of beams go when the nodes go where u says.

    starts, columns, blocks: rows of the couplings, all of them; starts2 …: minus the inverse of the stations' own
    block. `pull` (stations, 3, 8) is scratch.
    """
    zero = nothing(u)
    count = len(starts2) - 1
    for n in range(first, first + count):
        for axis in range(3):
            store(u, 3 * n + axis, zero)
    for s in range(count):
        x, y, z = row(starts, columns, blocks, first + s, u, zero, zero, zero)
        store(pull, 3 * s, x)
        store(pull, 3 * s + 1, y)
        store(pull, 3 * s + 2, z)
    for s in range(count):
        x, y, z = row(starts2, columns2, blocks2, s, pull, zero, zero, zero)
        store(u, 3 * (first + s), x)
        store(u, 3 * (first + s) + 1, y)
        store(u, 3 * (first + s) + 2, z)
