"""How much of each cell of the finite-element grid a bone fills, and how much of that is its cortical shell.

The surface is that of the labels with the voxels' steps smoothed out, found below the voxel; a cell counts by the share
inside it, so that a bone keeps its volume at every size of cell. What the labels call gap stays joint: where the image
showed a gap it is one, and where one was cut between bones that touch, it stands for the cartilage that such a map
paints as bone (see `anatomy.joint.CUT_MM`). Metal is no bone, but the hole it would leave in one is filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.openings_masks import away_mm, grown, part_of
from nutation.anatomy.pelvis import LEFT_GAP, METAL, RIGHT_GAP, Pelvis
from nutation.anatomy.space import Floats, Mask
from nutation.record.errors import InputError

SMOOTH_MM, SMOOTH_VOXELS = 0.8, 0.8
"""Width (standard deviation) of the smoothing that turns the voxels' steps into a slope, the larger of the two. Wider,
thin plates of bone would go; with these, and the correction below, a plate one voxel thick stays."""

RELIABLE = 3.0
"""Up to so many widths of the smoothing the slope tells a distance; further off, only the side of the surface."""

CORRECTED = (1.25, 1.75)
"""Up to the first number of widths from the surface the corrected slope tells the distance, from the second on the
plain one: the corrected one overshoots beyond two widths, and no longer tells deep from shallow."""

PART_MM = 0.5
"""Greatest edge of the parts into which a cell is cut: half a usual voxel; each is cut by the surface as by a plane."""

PLATE_VOXELS = 2
"""Bone so near to the joint's gap is its end-plate, in voxels of the pelvis's grid."""

CLOSE_MM = 4.0
"""Metal that bone encloses within this, as around a screw of twice the radius, stands in bone and counts as bone."""

EDGE = 3
"""Voxels around a bone's box, so that its smoothed surface closes."""


@dataclass(frozen=True, slots=True)
class BoneFill:
    """One bone in the cells of the finite-element grid.

    `first` (3,) is the position of cell (0, 0, 0) of the arrays on the grid, in cells from the frame's origin: it spans
    `first * spacing_mm` to `(first + 1) * spacing_mm`. `filled` and `shell` (nx, ny, nz) are shares of a cell;
    `stiff_mpa` is the modulus, averaged over the cell, with nothing where there is no bone; zero without a CT.
    """

    code: int
    spacing_mm: float
    first: NDArray[np.int32]
    filled: NDArray[np.float32]
    shell: NDArray[np.float32]
    stiff_mpa: NDArray[np.float32]

    @property
    def volume_mm3(self) -> float:
        """The bone's volume."""
        return float(self.filled.sum(dtype=np.float64)) * self.spacing_mm**3


def bone_mask(pelvis: Pelvis, code: int) -> tuple[Mask, NDArray[np.int64], float]:
    """One bone as a mask with a margin, the index (3,) of its first voxel on the pelvis's grid, and what of its volume
    in mm³ is metal that it encloses. Raises InputError where the labels do not hold the bone."""
    part = part_of(pelvis.labels, code)
    if part is None:
        raise InputError(f"bone {code} is not in the image", mend="give labels of sacrum and both hip bones")
    mask = np.pad(pelvis.labels[part] == code, EDGE)
    start = np.array([one.start for one in part], dtype=np.int64) - EDGE
    metal = np.pad(pelvis.labels[part] == METAL, EDGE)
    if not metal.any():
        return mask, start, 0.0
    spacing = pelvis.spacing_mm
    # dilation, then erosion: what lies further from bone than the reach, and all that is near to it, is outside
    closed = away_mm(away_mm(mask, spacing) > CLOSE_MM, spacing) > CLOSE_MM
    enclosed = metal & closed
    return mask | enclosed, start, float(enclosed.sum()) * spacing**3


def surface_distance(mask: Mask, spacing_mm: float) -> NDArray[np.float32]:
    """Signed distance in mm of every voxel's centre to the mask's surface, negative inside, up to `reliable_mm`.

    The mask is smoothed; the profile of a plane then gives the distance. Near the surface the second order of the
    smoothing is taken out again (twice it, less it twice), which leaves curved surfaces where they are.
    """
    from scipy import ndimage

    blur = cast("Any", ndimage).gaussian_filter
    width = _width_mm(spacing_mm) / spacing_mm
    once = np.asarray(blur(mask.astype(np.float32), width, mode="nearest"), dtype=np.float32)
    twice = np.asarray(blur(once, width, mode="nearest"), dtype=np.float32)
    depth, plain, corrected = _profiles()
    far = np.interp(once, plain, -depth)
    inner = np.abs(depth) <= CORRECTED[1] + 0.1
    near = np.interp(2.0 * once - twice, corrected[inner], -depth[inner])
    share = np.clip((np.abs(far) - CORRECTED[0]) / (CORRECTED[1] - CORRECTED[0]), 0.0, 1.0)
    return np.asarray((near + share * (far - near)) * _width_mm(spacing_mm), dtype=np.float32)


def reliable_mm(spacing_mm: float) -> float:
    """How far from the surface `surface_distance` tells distances on a grid of this spacing."""
    return RELIABLE * _width_mm(spacing_mm)


def fill_bone(
    pelvis: Pelvis,
    code: int,
    spacing_mm: float,
    *,
    shell_mm: float,
    plate_mm: float,
    modulus_mpa: NDArray[np.float32] | None = None,
) -> BoneFill:
    """One bone of the pelvis in cells of `spacing_mm`, whose corners are whole multiples of it from the frame's origin.

    The shell is `shell_mm` thick and next to the joint `plate_mm`; `modulus_mpa` is a modulus at every voxel of the
    pelvis's grid. Raises InputError for a shell thicker than distances can be told on this grid.
    """
    from nutation.stability.fill_kernels import filled_cells

    grid = pelvis.spacing_mm
    most = reliable_mm(grid) - PART_MM
    if max(shell_mm, plate_mm) > most:
        raise InputError(
            f"a shell of {max(shell_mm, plate_mm):g} mm was asked for", mend=f"ask for {most:.1f} mm or less"
        )
    mask, start, _ = bone_mask(pelvis, code)
    field = surface_distance(mask, grid)
    origin = pelvis.low_mm + start * grid
    first = np.floor((origin - 0.5 * grid) / spacing_mm + 1e-6).astype(np.int32)
    last = np.ceil((origin + (np.array(mask.shape) - 0.5) * grid) / spacing_mm - 1e-6).astype(np.int32)
    thickness = np.full(mask.shape, shell_mm, dtype=np.float32)
    thickness[_beside_joint(pelvis, mask.shape, start)] = plate_mm
    modulus = np.zeros((0, 0, 0), np.float32)
    if modulus_mpa is not None:
        modulus = _cut(modulus_mpa, start, mask.shape)
    filled, shell, stiff = filled_cells(
        field,
        (first * spacing_mm - origin) / grid,
        spacing_mm / grid,
        grid,
        max(int(np.ceil(spacing_mm / PART_MM - 1e-9)), 1),
        thickness,
        modulus,
        np.asarray(last - first, dtype=np.int64),
    )
    return BoneFill(code, spacing_mm, first, filled, shell, stiff)


def _width_mm(spacing_mm: float) -> float:
    return max(SMOOTH_MM, SMOOTH_VOXELS * spacing_mm)


@cache
def _profiles() -> tuple[Floats, Floats, Floats]:
    """Depths below a plane surface in widths of the smoothing, and the plain and the corrected slope there."""
    from scipy import special

    normal = cast("Any", special).ndtr
    depth: Floats = np.linspace(-RELIABLE, RELIABLE, 1201)
    plain: Floats = np.asarray(normal(depth), dtype=np.float64)
    return depth, plain, 2.0 * plain - np.asarray(normal(depth / np.sqrt(2.0)), dtype=np.float64)


def _beside_joint(pelvis: Pelvis, shape: tuple[int, ...], start: NDArray[np.int64]) -> Mask:
    gaps = _cut(pelvis.labels, start, shape)
    return grown((gaps == LEFT_GAP) | (gaps == RIGHT_GAP), PLATE_VOXELS)


def _cut(values: NDArray[Any], start: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[Any]:
    """A box of the values; beyond the image its edge goes on."""
    index = [
        np.clip(np.arange(length) + low, 0, size - 1)
        for low, length, size in zip(start, shape, values.shape, strict=True)
    ]
    return np.ascontiguousarray(values[np.ix_(*index)])
