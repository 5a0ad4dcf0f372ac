"""Bones and implants as label maps on the input's own grid, as NIfTI: they lie on the image in any viewer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.labels_ids import TOTAL
from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.space import Floats, Grid
from nutation.planning.plan import Plan

# A voxel is asked at places no further apart than this, so that no implant (3.5 mm and more) slips between them.
_ASKED_EVERY_MM = 1.0


def implants_on(grid: Grid, plan: Plan, pelvis: Pelvis) -> NDArray[np.uint8]:
    """The implants on a grid, numbered from 1 in the plan's order; 0 elsewhere.

    A voxel is the implant's where half of it lies in it; an implant that is thinner than the voxels takes all that it
    runs through.
    """
    from nutation.anatomy.solids import inside

    labels = np.zeros(grid.shape, dtype=np.uint8)
    counts = [max(3, int(np.ceil(edge / _ASKED_EVERY_MM))) for edge in grid.spacing_mm]
    steps = [(np.arange(count) + 0.5) / count - 0.5 for count in counts]
    offsets = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    for number, planned in enumerate(plan.implants, 1):
        low, high = _box(planned.implant, grid, pelvis)
        if np.any(high <= low):
            continue
        index = np.indices(tuple(int(n) for n in high - low), dtype=np.int64)
        flat: NDArray[np.int64] = index.reshape(3, -1).T + low
        share = np.zeros(len(flat))
        for offset in offsets:
            points = pelvis.frame.from_lps(grid.points(flat + offset))
            share += np.asarray(inside(planned.implant, points), dtype=np.float64)
        share /= len(offsets)
        taken = share >= 0.5 if np.any(share >= 0.5) else share > 0
        i, j, k = flat[taken].T
        labels[i, j, k] = number
    return labels


def with_known_ids(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bones (codes of `anatomy.pelvis`) under TotalSegmentator's ids, so that the map says itself which is which."""
    ids = {SACRUM: TOTAL.sacrum[0], LEFT_HIP: TOTAL.left_hip[0], RIGHT_HIP: TOTAL.right_hip[0], L5: TOTAL.l5[0]}
    table = np.zeros(256, dtype=np.uint8)
    for code, known in ids.items():
        table[code] = known
    return table[labels]


def nifti(values: NDArray[np.uint8] | NDArray[np.int16], grid: Grid) -> bytes:
    """Labels or attenuation `values[i, j, k]` on a grid as a compressed NIfTI file with its place and directions."""
    import SimpleITK

    library = cast(Any, SimpleITK)
    image: Any = library.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    image.SetSpacing([float(edge) for edge in grid.spacing_mm])
    image.SetOrigin([float(place) for place in grid.origin_mm])
    image.SetDirection([float(part) for part in grid.direction.ravel()])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.nii.gz"
        library.WriteImage(image, str(path), True)
        return path.read_bytes()


def _box(implant: Any, grid: Grid, pelvis: Pelvis) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The indices that hold the implant, from the first to behind the last, within the grid."""
    ends: Floats = np.stack([implant.pose.entry_mm, implant.tip_mm])
    reach = implant.size.diameter_mm
    corners = np.array([[x, y, z] for x in (-reach, reach) for y in (-reach, reach) for z in (-reach, reach)])
    index = grid.index(pelvis.frame.to_lps((ends[:, None, :] + corners[None]).reshape(-1, 3)))
    low = np.clip(np.floor(index.min(axis=0)).astype(np.int64), 0, grid.shape)
    high = np.clip(np.ceil(index.max(axis=0)).astype(np.int64) + 1, 0, grid.shape)
    return low, high
