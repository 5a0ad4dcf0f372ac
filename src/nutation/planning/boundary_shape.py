"""How the bones lie around a place, read from their shape at a few millimetres and not from single voxels.

What a forbidden place is called must not hang on the grid that the bones were drawn on. So directions and nearness are
read from bones smoothed over `SMOOTH_MM`, on one lattice whatever the voxels, and between its nodes by interpolation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import edt
import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtri

from nutation.anatomy.space import Floats, Mask
from nutation.planning.boundary_threads import shared_out
from nutation.planning.field_kernels import field_at

LATTICE_MM = 2.0
"""The lattice's step, where voxels are finer; it bears what is smoothed over more than its step without loss."""
SMOOTH_MM = 3.0
"""Standard deviation of the smoothing: a surface drawn with voxels of 1 or 2 mm then faces the same way within 2°."""
FAINT = 2e-3
"""Below this share of bone (about 9 mm off) smoothed bone is too faint to be read: there distances themselves are
smooth enough."""

FAR_MM = 1000.0
"""Where there is no such bone at all."""

njit = cast("Any", nb.njit)(cache=True, nogil=True)
_Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Around:
    """On the lattice, float32: `outward` (3, nx, ny, nz) unit vectors away from the bones; `nearer` (nx, ny, nz) how
    many mm nearer the ilium is than the sacrum; `rim` (ny, nz) how far outside the ilium a line along x runs at its
    nearest, and `over` (ny, nz) the least of that at and above it. Voxel v has lattice index `(v - start) / step`."""

    outward: _Field
    nearer: _Field
    rim: _Field
    over: _Field
    start: NDArray[np.int64]
    step: int


def around(sacrum: Mask, joint: Mask, ilium: Mask, low_mm: Floats, spacing_mm: float) -> Around:
    """The lattice over a crop whose voxel (0, 0, 0) lies at `low_mm`; the masks hold the bones without their holes."""
    halvings = max(0, round(np.log2(LATTICE_MM / spacing_mm)))
    step = 2**halvings
    # Nodes lie on multiples of the step from the frame's origin, so that mirror images have mirrored nodes.
    start = (-np.round(low_mm / spacing_mm).astype(np.int64)) % step
    node_mm = step * spacing_mm
    bones, one, other = (_coarse(mask, start, halvings) for mask in (sacrum | joint | ilium, sacrum, ilium))
    parts = [np.asarray(part, dtype=np.float32) for part in np.gradient(_off(bones, node_mm))]
    length = np.sqrt(sum(part**2 for part in parts)) + np.float32(1e-6)
    outward = np.stack([part / length for part in parts])
    to_sacrum, to_ilium = _off(one, node_mm), _off(other, node_mm)
    rim = to_ilium.min(axis=0)
    over = np.flip(np.minimum.accumulate(np.flip(rim, axis=1), axis=1), axis=1)
    return Around(outward, to_sacrum - to_ilium, rim, np.ascontiguousarray(over), start, step)


def _coarse(mask: Mask, start: NDArray[np.int64], halvings: int) -> _Field:
    """The share of bone at the lattice's nodes: every second voxel, a quarter of each neighbour, so often halved."""
    share = mask.astype(np.float32)
    origin = start.copy()
    for _ in range(halvings):
        for axis in range(3):
            share = np.asarray(cast("Any", ndimage).convolve1d(share, [0.25, 0.5, 0.25], axis=axis, mode="nearest"))
            every_second = [slice(None)] * 3
            every_second[axis] = slice(int(origin[axis]) % 2, None, 2)
            share = np.ascontiguousarray(share[tuple(every_second)])
        origin //= 2
    return share


def _off(share: _Field, node_mm: float) -> _Field:
    """The distance in mm to the smoothed bone, negative inside; where that is too faint, to the bone as it is."""
    soft: Any = cast("Any", ndimage).gaussian_filter(share, SMOOTH_MM / node_mm, mode="nearest")
    told = np.asarray(-SMOOTH_MM * ndtri(np.clip(soft, FAINT, 1 - FAINT)), dtype=np.float32)
    faint = soft < FAINT
    away: Any = cast("Any", edt).edt(np.ascontiguousarray(share < 0.5), parallel=2)
    told[faint] = np.clip((away[faint] - 0.5) * node_mm, told[faint], FAR_MM)
    return told


@dataclass(frozen=True, slots=True)
class Faces:
    """What tells the faces of the sacrum apart: its axes `up` and `forwards` (3,), the height along `up` above which an
    endplate lies, that along `forwards` behind which the arch does; how much of an endplate's outward direction is
    `up` at least; the part by which looking up counts as front before the arch; the midline, and from how far beside it
    the ala begins (mm)."""

    up: Floats
    forwards: Floats
    plate_above_mm: float
    arch_behind_mm: float
    plate_cosine: float
    top_share: float
    midline_mm: float
    beside_mm: float


def name_places(
    asked: Mask, found: Around, low_mm: Floats, spacing_mm: float, faces: Faces, codes: tuple[int, int, int, int, int],
    names: NDArray[np.uint8], ala: Mask,
) -> None:  # fmt: skip
    """Writes into `names` one of `codes` (ilium's wall, notch, front, back, endplate) for each asked voxel; into `ala`
    whether it lies beside the body on the front."""
    fields = np.concatenate([found.outward, found.nearer[None]])
    told = np.array([
        faces.plate_above_mm, faces.arch_behind_mm, faces.plate_cosine, faces.top_share, faces.midline_mm,
        faces.beside_mm,
    ])  # fmt: skip
    coded = np.array(codes, dtype=np.uint8)
    shared_out(
        asked.shape[0],
        lambda first, last: _name_places(
            asked, fields, found.rim, found.over, found.start, float(found.step), low_mm, spacing_mm, faces.up,
            faces.forwards, told, coded, names, ala, first, last,
        ),
    )  # fmt: skip


@njit
def _name_places(
    asked: Any, fields: Any, rim: Any, over: Any, start: Any, step: float, low: Any, h: float, up: Any, forwards: Any,
    told: Any, codes: Any, names: Any, ala: Any, first: int, last: int,
) -> None:  # fmt: skip
    _, ny, nz = asked.shape
    way = np.empty(3)
    for i in range(first, last):
        for j in range(ny):
            for k in range(nz):
                if not asked[i, j, k]:
                    continue
                a, b, c = (i - start[0]) / step, (j - start[1]) / step, (k - start[2]) / step
                if field_at(fields[3], a, b, c) > 0.0:
                    below = _flat_at(rim, b, c) > 0.0 and _flat_at(over, b, c) < 0.0
                    names[i, j, k] = codes[1] if below else codes[0]
                    continue
                length = 1e-9
                for axis in range(3):
                    way[axis] = field_at(fields[axis], a, b, c)
                    length += way[axis] * way[axis]
                length = math.sqrt(length)
                x, y, z = low[0] + i * h, low[1] + j * h, low[2] + k * h
                ahead = (way[0] * forwards[0] + way[1] * forwards[1] + way[2] * forwards[2]) / length
                above = (way[0] * up[0] + way[1] * up[1] + way[2] * up[2]) / length
                beside = abs(x - told[4]) > told[5]
                if above > told[2] and not beside and x * up[0] + y * up[1] + z * up[2] > told[0]:
                    names[i, j, k] = codes[4]
                    continue
                arch = x * forwards[0] + y * forwards[1] + z * forwards[2] < told[1]
                front = ahead + (0.0 if arch else told[3] * max(above, 0.0)) > 0.0
                names[i, j, k] = codes[2] if front else codes[3]
                ala[i, j, k] = front and beside


@njit
def _flat_at(field: Any, y: float, z: float) -> float:
    """A plane field (ny, nz) at fractional indices, bilinear; outside it the nearest edge's value."""
    ny, nz = field.shape
    y, z = min(max(y, 0.0), ny - 1.001), min(max(z, 0.0), nz - 1.001)
    j, k = int(y), int(z)
    b, c = y - j, z - k
    return (field[j, k] * (1 - c) + field[j, k + 1] * c) * (1 - b) + (
        field[j + 1, k] * (1 - c) + field[j + 1, k + 1] * c
    ) * b
