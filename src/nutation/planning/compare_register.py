"""The bones of the plan laid on a post-operative CT: a rigid motion, with how well it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats, Frame, Volume

# The coarse search works on voxels of this size: it only has to land within reach of the fine one.
COARSE_MM = 4.0
# Surface points that are fitted, and how far a point may be off before it stops pulling (one bone is cut, metal covers
# another); the reach shrinks from round to round.
POINTS, REACHES_MM = 4000, (12.0, 6.0, 3.0, 2.0)
# A point nearer to the image's bone surface than this is matched: a millimetre, and half of the coarser input's voxel,
# within which a surface may run anywhere. Beyond slices of 3 mm it grows no more: another's bones would match too.
MATCHED_MM, MATCHED_MOST_MM = 1.0, 2.5


def matched_mm(coarsest_mm: float) -> float:
    """How far off a point still counts as matched, where the coarser input's voxels are so long (mm)."""
    return min(MATCHED_MM + coarsest_mm / 2, MATCHED_MOST_MM)


@dataclass(frozen=True, slots=True)
class Registration:
    """`placed = rotation @ planned + shift_mm`, both LPS. `residual_mm` is the median distance of the bones' surfaces
    afterwards, `overlap` the share of the plan's surface that the image shows within `matched_mm`."""

    rotation: Floats
    shift_mm: Floats
    residual_mm: float
    overlap: float
    how: str

    @property
    def frame(self) -> Frame:
        """The plan's LPS frame within the image's."""
        return Frame(self.rotation, self.shift_mm)


IDENTITY = Registration(np.eye(3), np.zeros(3), 0.0, 1.0, "the images share one frame of reference")


def register(
    surface: Floats, volume: Volume, bone_hu: float, metal_hu: float, *, voxel_mm: float = 0.0, seed: int = 0
) -> Registration:
    """The rigid motion that lays bone surface points (n, 3) of the plan on the bone of a CT.

    The place is found by correlation at `COARSE_MM`, place and turn by least squares on the distance to the image's
    outer bone surface. Nothing says that it fits: the caller judges `residual_mm` and `overlap`. `voxel_mm` is the edge
    of the voxels that the surface was drawn on, where it was.
    """
    from scipy import ndimage, optimize

    distances, low, spacing = _distances(volume, bone_hu, metal_hu)
    points = surface[np.random.default_rng(seed).permutation(len(surface))[:POINTS]]
    centre = points.mean(axis=0)
    tools: Any = ndimage

    def away(at: Floats) -> Floats:
        index = (at - low) / spacing
        found = tools.map_coordinates(distances, index.T, order=1, mode="nearest")
        return np.asarray(found, dtype=np.float64)

    def placed(x: Floats) -> Floats:
        return (points - centre) @ _turn(x[:3]).T + centre + x[3:]

    def cost(reach: float) -> Callable[[Floats], Floats]:
        return lambda x: away(placed(x)) / reach

    best = np.concatenate([np.zeros(3), _coarse(points, distances, low, spacing)])
    for reach in REACHES_MM:
        found: Any = cast("Any", optimize).least_squares(
            cost(reach), best, loss="cauchy", x_scale=[0.02] * 3 + [1.0] * 3,
            max_nfev=60, diff_step=1e-4,
        )  # fmt: skip
        best = np.asarray(found.x, dtype=np.float64)
    rotation = _turn(best[:3])
    off = np.abs(away(placed(best)))
    matched = off < matched_mm(max(voxel_mm, float(spacing.max())))
    residual = float(np.median(off[matched])) if matched.any() else float("inf")
    return Registration(
        rotation, centre + best[3:] - rotation @ centre, residual, float(matched.mean()),
        "bone surfaces laid on each other",
    )  # fmt: skip


def _distances(volume: Volume, bone_hu: float, metal_hu: float) -> tuple[NDArray[np.float32], Floats, Floats]:
    """Signed distance to the outer surface of bone, on axes along LPS: values, lowest point (3,), spacing (3,).

    Marrow within closed cortex is filled; metal counts as bone, so that it makes no holes in it.
    """
    import edt
    from scipy import ndimage

    from nutation.planning.compare_resample import upright

    values, low, spacing = upright(volume)
    tools: Any = ndimage
    bone = np.asarray(values > bone_hu)
    bone = tools.binary_closing(bone, iterations=2)
    for k in range(bone.shape[2]):
        bone[:, :, k] = tools.binary_fill_holes(bone[:, :, k])
    pieces, count = tools.label(bone)
    sizes = np.bincount(np.asarray(pieces).ravel(), minlength=count + 1)
    sizes[0] = 0
    bone = (sizes > _LEAST_VOXELS)[pieces]
    distance: Any = cast("Any", edt)
    anisotropy = tuple(float(one) for one in spacing)
    inside = np.asarray(distance.edt(np.ascontiguousarray(bone), anisotropy=anisotropy), dtype=np.float32)
    outside = np.asarray(distance.edt(np.ascontiguousarray(~bone), anisotropy=anisotropy), dtype=np.float32)
    # Distances run between voxels' centres, and the surface lies midway between two of them: half a voxel less on
    # either side, or the field would jump by a voxel where it passes zero.
    half = float(spacing.mean()) / 2
    off: NDArray[np.float32] = np.maximum(outside - half, 0.0) - np.maximum(inside - half, 0.0)
    return np.asarray(off, dtype=np.float32), low, spacing


# Specks of calcium and contrast.
_LEAST_VOXELS = 500


def _coarse(points: Floats, distances: NDArray[np.float32], low: Floats, spacing: Floats) -> Floats:
    """The shift (3,) at which the plan's surface lies on most of the image's: correlation on coarse voxels."""
    from scipy import signal

    step = np.maximum(1, np.round(COARSE_MM / spacing).astype(int))
    near = np.exp(-((distances[:: step[0], :: step[1], :: step[2]] / COARSE_MM) ** 2)).astype(np.float32)
    size = step * spacing
    start = points.min(axis=0)
    index = np.asarray(np.round((points - start) / size), dtype=np.int64)
    shell = np.zeros(tuple(index.max(axis=0) + 1), np.float32)
    shell[index[:, 0], index[:, 1], index[:, 2]] = 1.0
    score: Any = cast("Any", signal).correlate(near, shell, mode="full", method="fft")
    at = np.array(np.unravel_index(int(np.argmax(score)), score.shape)) - (np.array(shell.shape) - 1)
    return low + at * size - start


def _turn(vector: Floats) -> Floats:
    """The rotation (3, 3) about a vector by its length in radians."""
    from scipy.spatial.transform import Rotation

    return np.asarray(cast("Any", Rotation).from_rotvec(vector).as_matrix(), dtype=np.float64)
