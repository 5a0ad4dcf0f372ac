"""The compiled loop behind an implant's clearance: the least of each field over its surface, and of the table entered.

The surface that is entered counts from where an implant is well behind it. Nothing here is yes or no: how much further
off a place counts near its crossing changes by little where the way changes by little, so that neither voxels nor a
bump in the bone of a few tenths of a millimetre make a clearance out of nothing.
"""

from __future__ import annotations

from typing import Any, cast

import numba as nb
import numpy as np

from nutation.planning.corridor_kernels import SKIN_SHARE
from nutation.planning.field_kernels import field_at

LOOK_MM = 0.5
"""Step by which an implant's way is looked back along; crossings are found between two steps."""
ROUGH_MM = 1.0
"""How far the surface is off its own course: the way behind it counts from so far in, and bone of less than this depth
that was passed before is a bump and not the bone that was left again."""
FADES_MM = 5.0
"""Where an implant leaves the surface half as steeply again as what runs along under it, the surface counts as so much
further off; at twice that it does not count."""

njit = cast("Any", nb.njit)(cache=True, nogil=True)


@njit
def least_at(fields: Any, skin: Any, points: Any, h: float, d: Any, depths: Any, found: Any) -> None:
    """`found` (structures + 1,) gets the least of each field, and of the skin, over an implant's surface.

    `skin` is negative before the surface that is entered. `depths` (n,): how far along `d` a point lies behind the
    implant's outer end; points and depths in voxels of `h` mm. What stands out before the surface does not count.
    """
    found[:] = np.inf
    last = fields.shape[0]
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        near = field_at(skin, x, y, z)
        if near >= 0.0:
            way = _behind_mm(skin, x, y, z, h, d, depths[n] * h)
            steep = (near + ROUGH_MM) / (SKIN_SHARE * max(way, 1e-3)) - 1.0
            if steep < 1.0:
                further = 0.0 if steep <= 0.0 else FADES_MM * steep / (1.0 - steep)
                found[last] = min(found[last], near + further)
            for s in range(last):
                found[s] = min(found[s], field_at(fields[s], x, y, z))
        else:
            deepest = _deepest_mm(skin, x, y, z, h, d, depths[n] * h)
            if deepest > 0.0:
                found[last] = min(found[last], near + FADES_MM * max(0.0, ROUGH_MM / deepest - 1.0))


@njit
def _behind_mm(skin: Any, x: float, y: float, z: float, h: float, d: Any, depth: float) -> float:
    """How far behind the surface, as it was last entered, a point lies along the implant; the whole way where not."""
    back, before = 0.0, field_at(skin, x, y, z)
    while back < depth:
        step = min(LOOK_MM, depth - back)
        back += step
        t = back / h
        here = field_at(skin, x - t * d[0], y - t * d[1], z - t * d[2])
        if here < 0.0:
            return back - step * here / (here - before)
        before = here
    return depth


@njit
def _deepest_mm(skin: Any, x: float, y: float, z: float, h: float, d: Any, depth: float) -> float:
    """How deep behind the surface the implant was before it came to a point outside; negative where it never was."""
    back, deepest = 0.0, -np.inf
    while back < depth:
        back += min(LOOK_MM, depth - back)
        t = back / h
        deepest = max(deepest, field_at(skin, x - t * d[0], y - t * d[1], z - t * d[2]))
    return deepest
