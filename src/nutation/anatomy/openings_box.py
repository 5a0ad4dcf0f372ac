"""The sacrum set straight: its voxels resampled along its own upper axis, so that levels lie across one index.

Index order of the box is (side, depth, height): side as the pelvic frame's x (to the left), depth backwards from the
front of the sacrum, height cranially along the axis of S1 and S2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.openings_masks import EVERY_WAY, grown, largest_piece, part_of, steps, straightened
from nutation.anatomy.pelvis import METAL, SACRUM
from nutation.anatomy.space import Floats, Mask, unit

BOX_MM = 1.0
"""Edge of the box's voxels. Foramina are 6 mm wide and more: finer shows no more of a millimetre scan."""

UPPER_MM = 70.0
"""How far below the promontory S1 and S2 reach at most: what lies lower bends away and must not tilt their axis."""

WALL_FROM_MM, WALL_TO_MM = 6.0, 45.0
"""The stretch of front wall below the promontory whose straight line is the axis: without the promontory's own lip."""

SLAB_MM = 6.0
"""Half of the midline slab from which the profile is read: within the canal's width in any adult."""

MARGIN_MM = 4.0
"""Empty voxels around the bone, so that its outside is one piece."""


@dataclass(frozen=True, slots=True)
class SacralBox:
    """The sacrum in its own straight box.

    `bone` is the mask; `axes` (3, 3) holds side, depth and height as rows in the pelvic frame; `origin_mm` (3,) is the
    centre of voxel (0, 0, 0) in the pelvic frame; `middle` the midline's index along side; `promontory_mm` (3,) the
    foremost upper point of S1 in the midline.
    """

    bone: Mask
    axes: Floats
    origin_mm: Floats
    middle: float
    promontory_mm: Floats

    def points(self, index: Floats) -> Floats:
        """Points (n, 3) of the pelvic frame at indices (n, 3)."""
        return self.origin_mm + (index * BOX_MM) @ self.axes

    def index(self, points_mm: Floats) -> Floats:
        """Indices (n, 3) of points (n, 3) of the pelvic frame."""
        return (points_mm - self.origin_mm) @ self.axes.T / BOX_MM

    @property
    def top(self) -> float:
        """The promontory's index along height."""
        return float(self.index(self.promontory_mm[None])[0, 2])


def sacral_bone(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], Mask]:
    """The sacrum's largest piece, cropped, with the crop's first index (3,): specks elsewhere are not the sacrum.

    Metal inside it counts as bone. Without a sacrum the crop is empty.
    """
    nothing = np.zeros(3, dtype=np.int64), np.zeros((0, 0, 0), dtype=np.bool_)
    where = part_of(labels, SACRUM)
    if where is None:
        return nothing
    low = np.array([part.start for part in where], dtype=np.int64)
    crop = labels[where]
    bone = largest_piece(crop == SACRUM, EVERY_WAY)
    metal = crop == METAL
    if metal.any():
        bone |= metal & grown(bone, 2)
    tight = part_of(bone.astype(np.uint8), 1)
    assert tight is not None
    return low + np.array([part.start for part in tight], dtype=np.int64), bone[tight]


def sacral_box(labels: NDArray[np.uint8], spacing_mm: float, low_mm: Floats) -> SacralBox | None:
    """The sacrum of a label grid in the pelvic frame, set straight; None where there is too little of it."""
    corner, crop = sacral_bone(labels)
    if crop.size == 0 or min(crop.shape) * spacing_mm < 2 * SLAB_MM:
        return None
    start = np.asarray(low_mm + corner * spacing_mm, dtype=np.float64)
    middle_mm = start[0] + spacing_mm * _mirror_index(crop)
    profile = _profile(crop, middle_mm - start[0], spacing_mm)
    if len(profile) < 20:
        return None
    profile = profile * spacing_mm + start[1:]
    promontory, height = _axis(profile)
    axes = np.array([[1.0, 0.0, 0.0], [0.0, height[1], -height[0]], [0.0, height[0], height[1]]])
    return _straight(crop, start, spacing_mm, axes, middle_mm, np.array([middle_mm, *promontory]))


def _mirror_index(crop: Mask) -> float:
    """The index along side about which the bone matches its own mirror image best."""
    length = 2 * crop.shape[0] - 1
    # every other row is enough to find the middle by
    spectrum = np.fft.rfft(crop[:, ::2, ::2].astype(np.float32), n=length, axis=0)
    overlap = np.fft.irfft((spectrum * spectrum).sum(axis=(1, 2)), n=length)
    best = int(overlap.argmax())
    if 0 < best < length - 1:
        before, at, after = overlap[best - 1 : best + 2]
        bend = before - 2 * at + after
        return (best + (0.5 * (before - after) / bend if bend < 0 else 0.0)) / 2
    return best / 2


def _profile(crop: Mask, middle_mm: float, spacing_mm: float) -> Floats:
    """Indices (n, 2) along depth and height of the midline slab: bone in most of the slab's width."""
    side = steps(crop.shape[0]) * spacing_mm
    slab = crop[np.abs(side - middle_mm) <= SLAB_MM]
    return np.argwhere(slab.mean(axis=0) >= 0.5).astype(np.float64)


def _axis(profile: Floats) -> tuple[Floats, Floats]:
    """Promontory (2,) and the cranial direction (2,) of the front wall below it, both as (y, z)."""
    ahead = unit(np.array([-1.0, 0.5]))  # the promontory looks forwards and up, whatever the sacrum's slope
    promontory = profile[(profile @ ahead).argmax()]
    away = np.linalg.norm(profile - promontory, axis=1)
    near = profile[away <= UPPER_MM]
    spread = near - near.mean(axis=0)
    height: Floats = np.linalg.svd(spread, full_matrices=False)[2][0].astype(np.float64)
    if height @ np.array([-0.3, 1.0]) < 0:
        height = -height
    for _ in range(3):
        depth = np.array([height[1], -height[0]])
        below, back = (promontory - near) @ height, (near - promontory) @ depth
        downs = steps(WALL_TO_MM, WALL_FROM_MM)
        wall = [(at, back[np.abs(below - at) < 1.0].min()) for at in downs if (np.abs(below - at) < 1.0).any()]
        if len(wall) < 10:
            break
        run, off = np.array(wall, dtype=np.float64).T
        slope = float(((run - run.mean()) * off).sum() / ((run - run.mean()) ** 2).sum())
        height = unit(height - slope * depth)
    return promontory, height


def _straight(
    crop: Mask, start: Floats, spacing_mm: float, axes: Floats, middle_mm: float, promontory: Floats
) -> SacralBox:
    ends = np.array(np.meshgrid(*[[0, n - 1] for n in crop.shape], indexing="ij"), dtype=float).reshape(3, -1).T
    along = (start + ends * spacing_mm) @ axes.T
    low, high = along.min(axis=0) - MARGIN_MM, along.max(axis=0) + MARGIN_MM
    shape = tuple(int(n) for n in np.ceil((high - low) / BOX_MM).astype(int) + 1)
    origin = low @ axes
    matrix = axes.T * BOX_MM / spacing_mm
    bone = straightened(crop, matrix, (origin - start) / spacing_mm, shape)
    return SacralBox(bone, axes, origin, float((middle_mm - low[0]) / BOX_MM), promontory)
