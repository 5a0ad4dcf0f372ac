"""Exact distances to parts of the boundary, sub-voxel.

A label grid says of each voxel whether its centre lies in bone; a distance between centres is therefore off by up to
half a voxel, by how the surface runs through the grid. How deep a centre lies behind the surface can be read from how
much bone there is round it. So the nearest voxel is found exactly, and of it and its neighbours the one whose distance
less its own depth is least; and a centre next to the surface takes its own depth where that is less.
"""

from __future__ import annotations

from typing import Any, cast

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtri

from nutation.anatomy.space import Mask
from nutation.planning.boundary_threads import shared_out

SOFTEN = 0.8
"""Width in voxels of the Gaussian that reads the share of bone: wide enough that a flat surface at any angle comes out
at its place (within a few tenths of a voxel), narrow enough for a foramen of 6 mm."""
DEEPEST = 0.87
"""No voxel that touches the surface has its centre further behind it, in voxels: half of a voxel's diagonal."""

FAVOUR = 3.0
"""Distance in voxels at which seeds are compared with their depths taken off exactly: an implant's clearances matter
between one and a few millimetres."""
BESIDE = 1.0
"""Nearer than this, in voxels, a centre is next to the surface."""

njit = cast("Any", nb.njit)(cache=True, nogil=True)
_Field = NDArray[np.float32]


def bone_share(bone: Mask) -> _Field:
    """How much bone there is round each voxel, 0 to 1; one half at the surface."""
    share: Any = cast("Any", ndimage).gaussian_filter(bone.astype(np.float32), SOFTEN, mode="nearest", truncate=3.5)
    return np.asarray(share, dtype=np.float32)


def depths(share: _Field) -> _Field:
    """How far the centre of each voxel lies behind the surface of what it belongs to, in voxels, 0 to `DEEPEST`."""
    signed = ndtri(np.clip(share, 1e-4, 1 - 1e-4)) * SOFTEN
    return np.clip(np.abs(signed), 0.0, DEEPEST).astype(np.float32)


def distance(seeds: Mask, behind: _Field, spacing_mm: float, closely: Mask | None = None) -> _Field:
    """Distance in mm from each voxel's centre to the surface of the seeds; within them of no meaning.

    `behind` holds each voxel's depth behind the surface, in voxels. Infinite where there is no seed. Where `closely` is
    given, only there are the neighbours asked; elsewhere it may be too far by up to half a voxel.
    """
    out = np.empty(seeds.shape, dtype=np.float32)
    first = np.empty(seeds.shape, dtype=np.int16)
    second = np.empty(seeds.shape, dtype=np.int16)
    spacing = np.float32(spacing_mm)
    asked = np.ones_like(seeds) if closely is None else closely
    shared_out(seeds.shape[0], lambda a, b: _along_last(seeds, behind, first, a, b))
    shared_out(seeds.shape[0], lambda a, b: _along_middle(first, second, behind, a, b))
    shared_out(seeds.shape[1], lambda a, b: _along_first(seeds, asked, first, second, behind, spacing, out, a, b))
    return out


@njit
def _along_last(seeds: Any, behind: Any, near: Any, begin: int, stop: int) -> None:
    """The nearest seed's index along the last axis, -1 where the line has none; a deeper one is nearer (`FAVOUR`)."""
    _, ny, nz = seeds.shape
    height, at, start, out = np.empty(nz), np.empty(nz, np.int32), np.empty(nz), np.empty(nz, np.int32)
    for i in range(begin, stop):
        for j in range(ny):
            for k in range(nz):
                height[k] = _favoured(behind[i, j, k]) if seeds[i, j, k] else np.inf
            _envelope(height, nz, at, start, out)
            for k in range(nz):
                near[i, j, k] = out[k]


@njit
def _favoured(behind: float) -> float:
    """What a seed's depth takes off its squared distance: at `FAVOUR` voxels (distance - depth)² is compared."""
    return behind * (behind - 2.0 * FAVOUR)


@njit
def _envelope(height: Any, count: int, at: Any, start: Any, out: Any) -> None:
    """For each place p of a line the place q with the least (p - q)² + height[q]; -1 where every height is infinite.

    The lower envelope of parabolas (Felzenszwalb and Huttenlocher, 2012); `at` and `start` are work space.
    """
    top = -1
    for q in range(count):
        if height[q] == np.inf:
            continue
        meet = -np.inf
        while top >= 0:
            v = at[top]
            meet = ((height[q] + q * q) - (height[v] + v * v)) / (2.0 * (q - v))
            if meet > start[top]:
                break
            top -= 1
            meet = -np.inf
        top += 1
        at[top] = q
        start[top] = meet
    if top < 0:
        for p in range(count):
            out[p] = -1
        return
    n = 0
    for p in range(count):
        while n < top and start[n + 1] <= p:
            n += 1
        out[p] = at[n]


@njit
def _along_middle(first: Any, second: Any, behind: Any, begin: int, stop: int) -> None:
    _, ny, nz = first.shape
    for i in range(begin, stop):
        height = np.empty(ny)
        at = np.empty(ny, np.int32)
        start = np.empty(ny)
        out = np.empty(ny, np.int32)
        for k in range(nz):
            for j in range(ny):
                near = first[i, j, k]
                height[j] = np.inf if near < 0 else (k - near) ** 2 + _favoured(behind[i, j, near])
            _envelope(height, ny, at, start, out)
            for j in range(ny):
                second[i, j, k] = out[j]


@njit
def _along_first(
    seeds: Any, closely: Any, first: Any, second: Any, behind: Any, spacing: Any, found: Any, begin: int, stop: int
) -> None:
    nx, ny, nz = first.shape
    for j in range(begin, stop):
        height = np.empty(nx)
        at = np.empty(nx, np.int32)
        start = np.empty(nx)
        out = np.empty(nx, np.int32)
        for k in range(nz):
            for i in range(nx):
                b = second[i, j, k]
                if b < 0:
                    height[i] = np.inf
                else:
                    c = first[i, b, k]
                    height[i] = (j - b) ** 2 + (k - c) ** 2 + _favoured(behind[i, b, c])
            _envelope(height, nx, at, start, out)
            for i in range(nx):
                a = out[i]
                if a < 0:
                    found[i, j, k] = np.inf
                    continue
                b = second[a, j, k]
                c = first[a, b, k]
                if seeds[i, j, k]:
                    found[i, j, k] = 0.0
                    continue
                if not closely[i, j, k]:
                    away = np.sqrt(float((i - a) ** 2 + (j - b) ** 2 + (k - c) ** 2))
                    found[i, j, k] = spacing * (away - behind[a, b, c])
                    continue
                least = np.inf
                for u in range(max(0, a - 1), min(nx, a + 2)):
                    for v in range(max(0, b - 1), min(ny, b + 2)):
                        for w in range(max(0, c - 1), min(nz, c + 2)):
                            if seeds[u, v, w]:
                                away = np.sqrt(float((i - u) ** 2 + (j - v) ** 2 + (k - w) ** 2))
                                least = min(least, away - behind[u, v, w])
                if least < BESIDE:
                    least = min(least, behind[i, j, k])
                found[i, j, k] = spacing * least
