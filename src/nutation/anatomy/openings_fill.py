"""Openings as what bone encloses: in some plane of a family, the background that a closed ring of bone surrounds.

A foramen is a hole in planes that lie along the sacrum's front (bone of the level above, of the level below, of the
body and of the lateral mass close the ring); the canal is a hole in planes across the sacrum's axis. A plane that is
tilted still shows the same ring where the tunnel runs obliquely, so each family is tried at several tilts. Tilted
planes are cut by shifting columns by whole voxels, which loses nothing and keeps what encloses what.
"""

from __future__ import annotations

import numpy as np

from nutation.anatomy.openings_masks import pieces, steps
from nutation.anatomy.space import Mask

IN_PLANE = np.zeros((3, 3, 3), dtype=np.bool_)
"""Background joined within one plane (across index 2) through edges, so that bone joined through corners closes it."""
IN_PLANE[1, :, 1] = True
IN_PLANE[:, 1, 1] = True


def enclosed(bone: Mask, outside: Mask, normal: int, axis: int, slopes: tuple[float, ...]) -> Mask:
    """Background enclosed by bone within planes across the index `normal`, leaned along `axis`.

    `bone` (i, j, k). Planes rise by each of `slopes` voxels along `normal` for each voxel along `axis`. A ring around
    a voxel of `outside` encloses nothing: what is known to lie outside the bone (the hollow before the sacrum) is no
    opening though a tilted plane may find bone around it. Gives the union over the slopes.
    """
    found = np.zeros(bone.shape, dtype=np.bool_)
    for slope in slopes:
        leaned = _lean(bone, normal, axis, slope)
        barred = _lean(outside, normal, axis, slope)
        holes = _holes(np.moveaxis(leaned, normal, 2), np.moveaxis(barred, normal, 2))
        found |= _lean(np.moveaxis(holes, 2, normal), normal, axis, -slope, shape=bone.shape)
    return found & ~bone


def _holes(bone: Mask, outside: Mask) -> Mask:
    """Background that reaches neither the rim of its own plane across index 2 nor a voxel of `outside`."""
    padded = np.pad(~bone, ((1, 1), (1, 1), (0, 0)), constant_values=True)
    numbers, count = pieces(padded, IN_PLANE)
    outer = np.zeros(count + 1, dtype=np.bool_)
    outer[numbers[0]] = True
    outer[0] = True
    outer[numbers[1:-1, 1:-1][outside & ~bone]] = True
    return ~outer[numbers][1:-1, 1:-1]


def _lean(mask: Mask, normal: int, axis: int, slope: float, shape: tuple[int, ...] | None = None) -> Mask:
    """Columns along `normal` shifted by `-slope` per voxel along `axis`.

    With `shape` such a shift of `-slope` is undone, and the result cut to that shape.
    """
    length = mask.shape[axis]
    reach = int(np.ceil(abs(slope) * (length - 1)))
    by = np.rint(abs(slope) * steps(length)).astype(int)
    forward = slope < 0 if shape is None else slope > 0
    shifts = by if forward else reach - by
    moved = np.moveaxis(mask, (axis, normal), (0, 1))
    if shape is None:
        out = np.zeros((moved.shape[0], moved.shape[1] + reach, *moved.shape[2:]), dtype=np.bool_)
        for at, shift in enumerate(shifts):
            out[at, shift : shift + moved.shape[1]] = moved[at]
    else:
        depth = shape[normal]
        out = np.empty((moved.shape[0], depth, *moved.shape[2:]), dtype=np.bool_)
        for at, shift in enumerate(shifts):
            out[at] = moved[at, shift : shift + depth]
    return np.moveaxis(out, (0, 1), (axis, normal))
