"""Implants in a post-operative CT: metal that is long and straight, with its axis and its ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats, Mask, Volume, unit

# Metal further from every planned axis is something else (a hip stem, a lumbar screw) or a different operation.
REACH_MM = 30.0
# Less metal than this is a clip, a marker or streak.
LEAST_MM3 = 60.0
# Rounds of fitting an axis to its own metal: streaks and neighbours fall out in the first ones.
ROUNDS = 5
# The ends lie where the profile of metal along the axis falls to half of its plateau.
PROFILE_MM = 0.25


@dataclass(frozen=True, slots=True)
class Rod:
    """One long piece of metal in LPS: its two ends (3,), how thick it is, and how much metal it holds."""

    first_mm: Floats
    last_mm: Floats
    radius_mm: float
    volume_mm3: float

    @property
    def length_mm(self) -> float:
        """From end to end."""
        return float(np.linalg.norm(self.last_mm - self.first_mm))

    @property
    def axis(self) -> Floats:
        """Unit vector (3,) from the first end to the last."""
        return unit(self.last_mm - self.first_mm)


def find_rods(
    volume: Volume, near: list[tuple[Floats, Floats]], metal_hu: float, bone_hu: float
) -> tuple[list[Rod | None], float]:
    """The metal nearest to each expected axis (entry, tip in LPS), fitted; None where there is none.

    Each metal voxel belongs to the axis that it lies nearest to; axes are fitted anew from the metal that they were
    given, so that implants that touch on the image are told apart and streaks drop out. The second value is the volume
    of metal within reach in mm³.
    """
    points, share, voxel = _metal(volume, near, metal_hu, bone_hu)
    found: list[Rod | None] = []
    if not len(points):
        return [None] * len(near), 0.0
    lines = [(0.5 * (entry + tip), unit(tip - entry), 0.5 * float(np.linalg.norm(tip - entry))) for entry, tip in near]
    lines = _started(points, lines)
    for _ in range(ROUNDS):
        away = np.stack([_from_line(points, middle, axis, half) for middle, axis, half in lines])
        owner, nearest = away.argmin(axis=0), away.min(axis=0)
        for i, (middle, axis, _) in enumerate(lines):
            mine = (owner == i) & (nearest < _KEPT_MM)
            if share[mine].sum() * voxel < LEAST_MM3:
                continue
            middle, axis = _principal(points[mine], share[mine], axis)
            along = (points[mine] - middle) @ axis
            low, high = np.quantile(along, [0.01, 0.99])
            lines[i] = (middle + 0.5 * (low + high) * axis, axis, 0.5 * float(high - low))
    away = np.stack([_from_line(points, middle, axis, half) for middle, axis, half in lines])
    owner, nearest = away.argmin(axis=0), away.min(axis=0)
    for i, (middle, axis, _) in enumerate(lines):
        mine = (owner == i) & (nearest < _KEPT_MM)
        amount = float(share[mine].sum()) * voxel
        found.append(_rod(points[mine], share[mine], middle, axis, voxel, amount) if amount >= LEAST_MM3 else None)
    return found, float(share.sum()) * voxel


# Farther from its axis than the thickest implant's radius and a voxel, metal is streak or a neighbour's.
_KEPT_MM = 9.0


def _metal(
    volume: Volume, near: list[tuple[Floats, Floats]], metal_hu: float, bone_hu: float
) -> tuple[Floats, Floats, float]:
    """Points (n, 3) in LPS that hold metal, within reach of the expected axes, with their share of it (n,), and the
    voxel's volume. The share comes from attenuation: none at bone's, all at what metal mostly has in this image."""
    from scipy import ndimage

    grid = volume.grid
    ends = np.concatenate([np.stack(pair) for pair in near])
    corners = np.concatenate([ends - REACH_MM, ends + REACH_MM])
    low_lps, high_lps = corners.min(axis=0), corners.max(axis=0)
    box = np.array(np.meshgrid(*np.stack([low_lps, high_lps], axis=1), indexing="ij")).reshape(3, -1).T
    index = grid.index(box)
    low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, grid.shape)
    if (high <= low).any():
        return np.empty((0, 3)), np.empty(0), 1.0
    part = volume.values[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    core: Mask = part >= metal_hu
    voxel = float(np.prod(grid.spacing_mm))
    tools: Any = ndimage
    pieces, count = tools.label(core, structure=np.ones((3, 3, 3)))
    counted: NDArray[np.intp] = np.bincount(np.asarray(pieces).ravel(), minlength=count + 1)
    sizes = counted * voxel
    large = sizes >= LEAST_MM3 / 4
    large[0] = False
    solid = tools.binary_dilation(large[pieces], structure=np.ones((3, 3, 3)))
    at = np.argwhere(solid)
    full = float(np.median(part[core])) if core.any() else metal_hu
    share = np.clip((part[solid].astype(np.float64) - bone_hu) / (full - bone_hu), 0.0, 1.0)
    points = grid.points((at + low).astype(np.float64))
    away = np.stack([_from_segment(points, entry, tip) for entry, tip in near]).min(axis=0)
    kept = (share > _LEAST_SHARE) & (away < REACH_MM)
    return points[kept], share[kept], voxel


# A voxel that holds less is noise over bone.
_LEAST_SHARE = 0.15


def _started(points: Floats, lines: list[tuple[Floats, Floats, float]]) -> list[tuple[Floats, Floats, float]]:
    """The expected axes moved together, so that the middle of the metal is the middle of the axes: implants that were
    all placed a centimetre off are still told apart by their order."""
    middles = np.asarray(np.mean([middle for middle, _, _ in lines], axis=0), dtype=np.float64)
    shift = np.median(points, axis=0) - middles
    axis = unit(np.asarray(np.mean([one for _, one, _ in lines], axis=0), dtype=np.float64))
    shift = shift - (shift @ axis) * axis
    limit = float(np.linalg.norm(shift))
    if limit > REACH_MM / 2:
        shift = shift * (REACH_MM / 2 / limit)
    moved = [(middle + shift, one, half) for middle, one, half in lines]
    before = np.stack([_from_line(points, *line) for line in lines]).min(axis=0)
    after = np.stack([_from_line(points, *line) for line in moved]).min(axis=0)
    return moved if np.median(after) < np.median(before) else lines


def _from_line(points: Floats, middle: Floats, axis: Floats, half: float) -> Floats:
    """Distances (n,) to a segment about `middle`."""
    return _from_segment(points, middle - half * axis, middle + half * axis)


def _from_segment(points: Floats, first: Floats, last: Floats) -> Floats:
    way = last - first
    t = np.clip((points - first) @ way / max(1e-9, float(way @ way)), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - first - t[:, None] * way, axis=1), dtype=np.float64)


def _principal(points: Floats, share: Floats, before: Floats) -> tuple[Floats, Floats]:
    """The weighted middle and main axis of points, pointing as before."""
    middle = np.average(points, axis=0, weights=share)
    centred = (points - middle) * np.sqrt(share)[:, None]
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axis = axes[0]
    return middle, np.asarray(axis if axis @ before > 0 else -axis, dtype=np.float64)


def _rod(points: Floats, share: Floats, middle: Floats, axis: Floats, voxel: float, amount: float) -> Rod:
    """Ends where the metal's profile along the axis falls to half its plateau; the axis through the profile's middle.

    The middle of each slice is fitted by a line, so that a ragged end does not turn the axis.
    """
    along = (points - middle) @ axis
    low, high = float(along.min()), float(along.max())
    bins = np.arange(low - 1, high + 1 + PROFILE_MM, PROFILE_MM)
    # Each voxel is spread over its own width, so that the profile is smooth below a voxel.
    width = voxel ** (1 / 3)
    amount_at = np.zeros(len(bins))
    for offset in np.linspace(-0.5, 0.5, 5):
        at = np.rint((along + offset * width - bins[0]) / PROFILE_MM)
        slot = np.asarray(np.clip(at, 0, len(bins) - 1), dtype=np.int64)
        np.add.at(amount_at, slot, share / 5)
    plateau = float(np.median(amount_at[(bins > low + 0.2 * (high - low)) & (bins < high - 0.2 * (high - low))]))
    over = np.flatnonzero(amount_at >= plateau / 2)
    first, last = (
        _crossing(bins, amount_at, plateau / 2, int(over[0]), -1),
        _crossing(bins, amount_at, plateau / 2, int(over[-1]), 1),
    )
    inner = (along > first + width) & (along < last - width)
    if inner.sum() > _ENOUGH:
        middle, axis = _principal_line(points[inner], share[inner], axis)
        turned = (points - middle) @ axis - along
        first, last = first + float(np.median(turned)), last + float(np.median(turned))
    radius = math.sqrt(max(amount / max(1e-6, last - first), 0.0) / math.pi)
    return Rod(middle + first * axis, middle + last * axis, radius, amount)


# Voxels from which a line is fitted rather than taken as it is.
_ENOUGH = 30


def _crossing(bins: Floats, amount: Floats, level: float, at: int, way: int) -> float:
    """Where the profile crosses the level between a bin above and the next one outwards."""
    other = at + way
    if not 0 <= other < len(bins):
        return float(bins[at])
    above, below = float(amount[at]), float(amount[other])
    part = (above - level) / (above - below) if above > below else 0.0
    return float(bins[at] + part * (bins[other] - bins[at]))


def _principal_line(points: Floats, share: Floats, axis: Floats) -> tuple[Floats, Floats]:
    """A line through points by least squares of their distance across a nearly known axis."""
    middle = np.average(points, axis=0, weights=share)
    along = (points - middle) @ axis
    spread = float(np.average(along**2, weights=share))
    slope = np.average(along[:, None] * (points - middle), axis=0, weights=share) / max(spread, 1e-9)
    return middle, unit(np.asarray(cast("Any", slope), dtype=np.float64))
