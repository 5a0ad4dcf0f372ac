"""Whether a label map belongs to a CT: its bones must lie on the CT's bright voxels, here and not some way off."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from nutation.anatomy.frame_symmetry import spread
from nutation.anatomy.labels_field import BoneField
from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Grid, Volume
from nutation.record.errors import InputError

# Points tried just inside and just outside of the bones' skin, and how far from it, in voxels of the map at least.
TRIED = 6000
DEPTH_MM = 2.0

# Shifts tried: every STEP up to REACH along each axis.
STEP_MM = 4.0
REACH_MM = 16.0

# A map whose bones fit better this far off is of another frame, or this many of its voxels in that direction where that
# is more: labels drawn on thick slices are no finer across them, and as fine as others along them. Half the published
# error of placing an implant is worth a look already, or one voxel: true maps of the phantom and of a 3 mm CT fitted
# within 2 mm of where they were.
SHIFTED_MM, SHIFTED_VOXELS = 4.0, 2.0
DOUBTED_MM = 2.5

# Values are clipped to these HU before means are taken, so that air and metal do not decide.
SOFT_TO_DENSE_HU = (-200.0, 800.0)

# What lies just inside the bones is at least this much brighter than what lies just outside, in the mean: a quarter of
# what a CT of 3 mm shows, where cortex is most blurred.
BRIGHTER_HU = 40.0

# Share of the bones' skin that has to lie within the CT.
COVERED = 0.98


class Pictured(Protocol):
    """An image with its source (`nutation.anatomy.images.Image`)."""

    @property
    def volume(self) -> Volume:
        """Attenuation in HU on its grid."""
        ...

    @property
    def source(self) -> Source:
        """Where it comes from."""
        ...


def check_on_image(fields: dict[int, BoneField], image: Pictured, file: str) -> tuple[str, ...]:
    """Hold the bones of a map against a CT; raises `InputError` where they do not belong together, else warnings."""
    inside, outside = _skin(fields)
    grid = image.volume.grid
    index = grid.index(inside)
    covered = float(np.mean(((index >= -0.5) & (index <= np.array(grid.shape) - 0.5)).all(axis=1)))
    ct = ", ".join(image.source.files) or "the CT"
    if covered < COVERED:
        raise InputError(
            f"{1 - covered:.0%} of its bones lie outside {ct}: the label map is of another frame or another patient.",
            file=file,
            place="position in LPS",
            mend="give the label map that was made on this very series.",
        )
    steps = np.arange(-REACH_MM, REACH_MM + STEP_MM / 2, STEP_MM)
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    contrast = np.array([_contrast(image.volume, inside + s, outside + s) for s in shifts])
    here = contrast[np.flatnonzero((shifts == 0).all(axis=1))[0]]
    off, fitted = _refined(image.volume, inside, outside, shifts[int(np.argmax(contrast))])
    if fitted < BRIGHTER_HU:
        raise _not_on_bone(file, ct)
    coarse = np.max([_coarse_mm(field.grid) for field in fields.values()], axis=0)
    told = f"fit {ct} better when shifted by {off[0]:.0f}, {off[1]:.0f}, {off[2]:.0f} mm (LPS)"
    if np.linalg.norm(off / np.maximum(SHIFTED_MM, SHIFTED_VOXELS * coarse)) > 1:
        raise InputError(
            f"its bones {told}: the label map is of another frame.",
            file=file,
            place="position in LPS",
            mend="give the label map that was made on this very series.",
        )
    if here < BRIGHTER_HU:
        raise _not_on_bone(file, ct)
    if np.linalg.norm(off / np.maximum(DOUBTED_MM, coarse)) > 1:
        return (f"{file}: its bones {told}; look whether labels and CT belong together.",)
    return ()


def _coarse_mm(grid: Grid) -> Floats:
    """How far voxels reach along each axis of LPS (3): of a turned grid, the longest edge's share of each."""
    return np.abs(grid.direction * grid.spacing_mm).max(axis=1)


def _not_on_bone(file: str, ct: str) -> InputError:
    return InputError(
        f"its bones do not lie on bone in {ct}.",
        file=file,
        place="position in LPS",
        mend="give the label map that was made on this very series.",
    )


def _skin(fields: dict[int, BoneField]) -> tuple[Floats, Floats]:
    """Points just inside and just outside the bones, LPS: voxels of the map within a thin shell on either side."""
    inside: list[Floats] = []
    outside: list[Floats] = []
    everywhere = list(fields.values())
    for field in everywhere:
        depth = max(DEPTH_MM, 1.01 * float(field.grid.spacing_mm.max()))
        distance = field.distance_mm
        for found, shell in (
            (inside, (distance > 0) & (distance <= depth)),
            (outside, (distance < -depth) & (distance >= -2 * depth)),
        ):
            found.append(spread(field.grid.points(np.argwhere(shell).astype(float)), TRIED // len(everywhere)))
    return np.concatenate(inside), np.concatenate(outside)


def _contrast(volume: Volume, inside: Floats, outside: Floats) -> float:
    """How much brighter the voxels at the points inside are than those at the points outside, in HU."""
    values: Any = volume.values
    means: list[float] = []
    for points in (inside, outside):
        index = np.rint(volume.grid.index(points)).astype(np.intp)
        index = np.clip(index, 0, np.array(volume.grid.shape) - 1)
        found = values[index[:, 0], index[:, 1], index[:, 2]]
        means.append(float(np.asarray(np.clip(found, *SOFT_TO_DENSE_HU), dtype=np.float64).mean()))
    return means[0] - means[1]


def _refined(volume: Volume, inside: Floats, outside: Floats, best: Floats) -> tuple[Floats, float]:
    """The shift that fits best around the best of the coarse steps, and its contrast: the steps are halved twice."""
    found, contrast = best, _contrast(volume, inside + best, outside + best)
    for step in (STEP_MM / 2, STEP_MM / 4):
        around = found + step * _NEIGHBOURS
        told = [_contrast(volume, inside + shift, outside + shift) for shift in around]
        if max(told) > contrast:
            found, contrast = around[int(np.argmax(told))], max(told)
    return found, contrast


_NEIGHBOURS = np.stack(np.meshgrid(*3 * [(-1.0, 0.0, 1.0)], indexing="ij"), axis=-1).reshape(-1, 3)
