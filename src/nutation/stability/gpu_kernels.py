"""Kernels of NVIDIA Warp for a GPU: what `solver_kernels` and `multigrid_kernels` do, one thread a node and right side.

Vectors are arrays (rows, 3, 8) as on the CPU, so that eight threads read what lies side by side. Threads gather and
never add into each other's places: a node visits the up to eight cubes around it and takes its own corner of each. A
cube is thus computed eight times over, which costs a GPU less than moving its corners' forces through memory, and sums
come in the same order every time. Warp's CPU device runs the same kernels, slowly, for tests.
"""

# No postponed annotations here: Warp reads the annotations of kernels as objects.

from typing import TYPE_CHECKING, Any, TypeAlias

from nutation.stability.backend import quiet_warp
from nutation.stability.solver_kernels import APPLY as _APPLY
from nutation.stability.solver_kernels import STEP as _STEP

wp = quiet_warp()
# Code of its own for each direction of a derivative would double the time of compilation, and nothing is derived.
wp.set_module_options({"enable_backward": False})
kernel, func = wp.kernel, wp.func

if TYPE_CHECKING:
    Vector: TypeAlias = Any
    Blocks: TypeAlias = Any
    Numbers: TypeAlias = Any
    Single: TypeAlias = Any
    Singles: TypeAlias = Any
    Weights: TypeAlias = Any
    Double: TypeAlias = Any
    Doubles: TypeAlias = Any
    Lanes: TypeAlias = Any
    Table: TypeAlias = Any
    Ints: TypeAlias = Any
    Float: TypeAlias = Any
else:
    # arrays of either precision, then of single and of double
    Vector, Blocks, Numbers = (wp.array(dtype=Any, ndim=n) for n in (3, 2, 1))
    Single, Singles, Weights = (wp.array(dtype=wp.float32, ndim=n) for n in (3, 2, 1))
    Double, Doubles, Lanes = (wp.array(dtype=wp.float64, ndim=n) for n in (3, 2, 1))
    Table, Ints = wp.array(dtype=int, ndim=2), wp.array(dtype=int)
    Float = wp.float32
APPLY, STEP = wp.constant(_APPLY), wp.constant(_STEP)


@func
def signs(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any):
    """Sums and differences over the eight corners along x, y and z."""
    a0, b0, c0, d0 = a + b, a - b, c + d, c - d
    e0, f0, g0, h0 = e + f, e - f, g + h, g - h
    a1, c1, b1, d1 = a0 + c0, a0 - c0, b0 + d0, b0 - d0
    e1, g1, f1, h1 = e0 + g0, e0 - g0, f0 + h0, f0 - h0
    return a1 + e1, b1 + f1, c1 + g1, d1 + h1, a1 - e1, b1 - f1, c1 - g1, d1 - h1


@func
def corners(u: Vector, nodes: Table, e: int, axis: int, lane: int):
    """One component at the eight corners of a cube, as modes."""
    return signs(
        u[nodes[e, 0], axis, lane], u[nodes[e, 1], axis, lane], u[nodes[e, 2], axis, lane],
        u[nodes[e, 3], axis, lane], u[nodes[e, 4], axis, lane], u[nodes[e, 5], axis, lane],
        u[nodes[e, 6], axis, lane], u[nodes[e, 7], axis, lane],
    )  # fmt: skip


@func
def row(starts: Ints, columns: Ints, blocks: Blocks, n: int, most: int, u: Vector, axis: int, lane: int):
    """Component `axis` of row n of a block matrix times u; only columns below `most` count."""
    total = u.dtype(0.0)
    for k in range(starts[n], starts[n + 1]):
        m = columns[k]
        if m < most:
            total += (
                blocks[k, 3 * axis] * u[m, 0, lane]
                + blocks[k, 3 * axis + 1] * u[m, 1, lane]
                + blocks[k, 3 * axis + 2] * u[m, 2, lane]
            )
    return total


@func
def finish(
    use: int, n: int, lane: int, x: Any, y: Any, z: Any, u: Vector, b: Vector, d: Vector, out: Vector,
    inverse: Blocks, forget: Float, go: Float,
):  # fmt: skip
    """What is made of (x, y, z), the product at node n: see `solver_kernels.finish`."""
    if use != APPLY:
        x = b[n, 0, lane] - x
        y = b[n, 1, lane] - y
        z = b[n, 2, lane] - z
    if use == STEP:
        c0, c1 = u.dtype(forget), u.dtype(go)
        p = c0 * d[n, 0, lane] + c1 * (inverse[n, 0] * x + inverse[n, 1] * y + inverse[n, 2] * z)
        q = c0 * d[n, 1, lane] + c1 * (inverse[n, 1] * x + inverse[n, 3] * y + inverse[n, 4] * z)
        r = c0 * d[n, 2, lane] + c1 * (inverse[n, 2] * x + inverse[n, 4] * y + inverse[n, 5] * z)
        d[n, 0, lane] = p
        d[n, 1, lane] = q
        d[n, 2, lane] = r
        x = u[n, 0, lane] + p
        y = u[n, 1, lane] + q
        z = u[n, 2, lane] + r
    out[n, 0, lane] = x
    out[n, 1, lane] = y
    out[n, 2, lane] = z


@kernel
def cubes_product(
    use: int, u: Vector, b: Vector, d: Vector, out: Vector, inverse: Blocks, c0: Float, c1: Float,
    cells: Table, nodes: Table, strength: Numbers, factors: Numbers,
    starts: Ints, columns: Ints, blocks: Blocks, rows: int,
):  # fmt: skip
    """Product with cubes and couplings, launched on (nodes, 8); `out` must be none of u, b, d.

    cells (nodes, 8): the cube of which a node is corner k, -1 where there is none. The rest as in
    `solver_kernels.cubes_product`. rows: those of the couplings.
    """
    n, lane = wp.tid()
    x = row(starts, columns, blocks, n, rows, u, 0, lane)
    y = row(starts, columns, blocks, n, rows, u, 1, lane)
    z = row(starts, columns, blocks, n, rows, u, 2, lane)
    one = u.dtype(1.0)
    for corner in range(cells.shape[1]):
        e = cells[n, corner]
        if e >= 0:
            s = strength[e]
            stretch, cross, shear, both = factors[0] * s, factors[1] * s, factors[2] * s, factors[3] * s
            cross2, twice, shear2, last = factors[4] * s, factors[5] * s, factors[6] * s, factors[7] * s
            _u0, u1, u2, u3, u4, u5, u6, u7 = corners(u, nodes, e, 0, lane)
            _v0, v1, v2, v3, v4, v5, v6, v7 = corners(u, nodes, e, 1, lane)
            _w0, w1, w2, w3, w4, w5, w6, w7 = corners(u, nodes, e, 2, lane)
            # the signs of the modes at this corner: minus at the upper end
            sx, sy, sz = one, one, one
            if corner % 2 == 1:
                sx = -one
            if (corner / 2) % 2 == 1:
                sy = -one
            if corner >= 4:
                sz = -one
            xy, yz, zx = shear * (u2 + v1), shear * (v4 + w2), shear * (w1 + u4)
            sxy, sxz, syz = sx * sy, sx * sz, sy * sz
            x += (
                sx * (stretch * u1 + cross * (v2 + w4)) + sy * xy + sz * zx
                + sxy * (both * u3 + cross2 * w6) + sxz * (both * u5 + cross2 * v6)
                + syz * (twice * u6 + shear2 * (v5 + w3)) + sxy * sz * last * u7
            )  # fmt: skip
            y += (
                sx * xy + sy * (stretch * v2 + cross * (u1 + w4)) + sz * yz
                + sxy * (both * v3 + cross2 * w5) + sxz * (twice * v5 + shear2 * (u6 + w3))
                + syz * (both * v6 + cross2 * u5) + sxy * sz * last * v7
            )  # fmt: skip
            z += (
                sx * zx + sy * yz + sz * (stretch * w4 + cross * (u1 + v2))
                + sxy * (twice * w3 + shear2 * (u6 + v5)) + sxz * (both * w5 + cross2 * v3)
                + syz * (both * w6 + cross2 * u3) + sxy * sz * last * w7
            )  # fmt: skip
    finish(use, n, lane, x, y, z, u, b, d, out, inverse, c0, c1)


@kernel
def rows_product(
    use: int, u: Single, b: Single, d: Single, out: Single, inverse: Singles, c0: Float, c1: Float,
    starts: Ints, columns: Ints, blocks: Singles, starts2: Ints, columns2: Ints, blocks2: Singles,
    rows: int,
):  # fmt: skip
    """Product with two matrices of 3×3 blocks, bones and couplings, launched on (nodes, 8)."""
    n, lane = wp.tid()
    x = row(starts, columns, blocks, n, rows, u, 0, lane) + row(starts2, columns2, blocks2, n, rows, u, 0, lane)
    y = row(starts, columns, blocks, n, rows, u, 1, lane) + row(starts2, columns2, blocks2, n, rows, u, 1, lane)
    z = row(starts, columns, blocks, n, rows, u, 2, lane) + row(starts2, columns2, blocks2, n, rows, u, 2, lane)
    finish(use, n, lane, x, y, z, u, b, d, out, inverse, c0, c1)


@kernel
def some_rows(first: int, most: int, starts: Ints, columns: Ints, blocks: Blocks, u: Vector, target: int, out: Vector):
    """Rows from `first` on of a block matrix times u, columns below `most`, into `out` from row `target` on.

    Launched on (rows, 3, 8).
    """
    n, axis, lane = wp.tid()
    out[target + n, axis, lane] = row(starts, columns, blocks, first + n, most, u, axis, lane)


@kernel
def transfer(
    starts: Ints, columns: Ints, weights: Weights, source: Single, target: Single, add: int
):  # fmt: skip
    """target = (target +) a sparse matrix with one number a node times source, launched on (nodes, 3, 8)."""
    n, axis, lane = wp.tid()
    total = wp.float32(0.0)
    if add == 1:
        total = target[n, axis, lane]
    for k in range(starts[n], starts[n + 1]):
        total += weights[k] * source[columns[k], axis, lane]
    target[n, axis, lane] = total


@kernel
def dense_product(matrix: Doubles, right: Single, out: Single):
    """out = a dense matrix in double precision times `right`, launched on (nodes, 3, 8)."""
    n, axis, lane = wp.tid()
    total = wp.float64(0.0)
    for m in range(matrix.shape[1] / 3):
        for other in range(3):
            total += matrix[3 * n + axis, 3 * m + other] * wp.float64(right[m, other, lane])
    out[n, axis, lane] = wp.float32(total)


@kernel
def begin(b: Single, d: Single, out: Single, inverse: Singles, c1: Float):
    """The first step of a smoother from zero: d = out = c1 D⁻¹ b, launched on (nodes, 8)."""
    n, lane = wp.tid()
    x, y, z = b[n, 0, lane], b[n, 1, lane], b[n, 2, lane]
    p = c1 * (inverse[n, 0] * x + inverse[n, 1] * y + inverse[n, 2] * z)
    q = c1 * (inverse[n, 1] * x + inverse[n, 3] * y + inverse[n, 4] * z)
    r = c1 * (inverse[n, 2] * x + inverse[n, 4] * y + inverse[n, 5] * z)
    d[n, 0, lane] = p
    d[n, 1, lane] = q
    d[n, 2, lane] = r
    out[n, 0, lane] = p
    out[n, 1, lane] = q
    out[n, 2, lane] = r


@kernel
def turn(z: Single, p: Double, beta: Lanes):
    """p = z + beta p, launched on (nodes, 3, 8)."""
    n, axis, lane = wp.tid()
    p[n, axis, lane] = wp.float64(z[n, axis, lane]) + beta[lane] * p[n, axis, lane]


@kernel
def advance(p: Double, q: Double, x: Double, r: Double, rounded: Single, alpha: Lanes, nodes: int, sums: Doubles):
    """x += alpha p, r -= alpha q; `rounded` = r in single precision; sums (parts, 8) gets r·r. Launched on sums."""
    part, lane = wp.tid()
    total = wp.float64(0.0)
    for n in range(part, nodes, sums.shape[0]):
        for axis in range(3):
            x[n, axis, lane] = x[n, axis, lane] + alpha[lane] * p[n, axis, lane]
            left = r[n, axis, lane] - alpha[lane] * q[n, axis, lane]
            r[n, axis, lane] = left
            rounded[n, axis, lane] = wp.float32(left)
            total += left * left
    sums[part, lane] = total


@kernel
def dot(a: Double, b: Vector, nodes: int, sums: Doubles):
    """sums (parts, 8) gets a·b over the nodes, b in either precision. Launched on sums."""
    part, lane = wp.tid()
    total = wp.float64(0.0)
    for n in range(part, nodes, sums.shape[0]):
        for axis in range(3):
            total += a[n, axis, lane] * wp.float64(b[n, axis, lane])
    sums[part, lane] = total


def _both() -> None:
    """Name the precisions beforehand, so that all is compiled at once."""
    for lane in (wp.float32, wp.float64):
        three, two, one = (wp.array(dtype=lane, ndim=n) for n in (3, 2, 1))
        wp.overload(cubes_product, {
            "u": three, "b": three, "d": three, "out": three, "inverse": two,
            "strength": one, "factors": one, "blocks": two,
        })  # fmt: skip
        wp.overload(some_rows, {"blocks": two, "u": three, "out": three})
        wp.overload(dot, {"b": three})


_both()
