"""The two hips: told apart where a map has them in one label, and told left from right by their own shape.

A pelvis is nearly its own mirror image, so bones alone cannot tell a picture mirrored left to right, names and all,
from a true one. What they tell: which way is up and which is back. With that, and the rule that axes are right-handed,
they tell which hip is the left one *in the space as given*, to be held against the names and against the header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import ndimage

from nutation.anatomy.frame_symmetry import MirrorPlane, mirror_plane
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.space import Floats, Grid, Mask

# Two parts of one label are the two hips when the smaller has at least this share of the larger.
EQUAL_PARTS = 0.4

# From this correlation the flare of the iliac wings tells up from down (whole and cut pelvises of both sources that
# the tests read: 0.56 to 0.71).
FLARE_TOLD = 0.25

# The hips' front ends come as near to the plane of symmetry as this share of the pelvis's half width where the pubic
# bones are in the picture. Without them and the ischia the flare says nothing: iliac wings alone flare forwards.
PUBIS_SEEN = 0.15


@dataclass(frozen=True, slots=True)
class BodyAxes:
    """Which way a pelvis lies, by its shape: roughly (about 20°) the patient's left, back and head.

    `rotation` (3, 3) holds them in its columns, right-handed. `flare` is the correlation that told up from down;
    below `FLARE_TOLD`, or without the pubic bones, it does not tell.
    """

    rotation: Floats
    flare: float
    pubis_seen: bool
    plane: MirrorPlane

    @property
    def told(self) -> bool:
        """Whether the shape was clear enough to tell up from down, and so left from right."""
        return self.pubis_seen and self.flare >= FLARE_TOLD


def body_axes(hips: Floats, sacrum: Floats, plane: MirrorPlane | None = None) -> BodyAxes:
    """The axes of a pelvis from points (n, 3) on both hips (which need not be told apart) and (m, 3) on the sacrum.

    The sacrum lies behind and above the hips' middle. Across that direction, within the plane of symmetry, the hips
    flare outwards towards the iliac wings, which are above and in front, and draw together towards the ischia.
    """
    if plane is None:
        plane = mirror_plane(np.concatenate([hips, sacrum]))
    normal = plane.normal
    back_up = sacrum.mean(axis=0) - hips.mean(axis=0)
    back_up = back_up - normal * (back_up @ normal)
    back_up = back_up / np.linalg.norm(back_up)
    front_up = np.cross(normal, back_up)
    aside = np.abs(plane.height(hips))
    forward = hips @ back_up < np.median(hips @ back_up)
    pubis_seen = bool(aside[forward].min() < PUBIS_SEEN * aside.max())
    flare = float(np.corrcoef(aside, hips @ front_up)[0, 1])
    if flare < 0:
        front_up = -front_up
    back, up = back_up - front_up, back_up + front_up
    columns = [np.cross(back_up, front_up), back / np.linalg.norm(back), up / np.linalg.norm(up)]
    return BodyAxes(np.stack(columns, axis=1), abs(flare), pubis_seen, plane)


def named_axes(points: Mapping[int, Floats]) -> BodyAxes:
    """The axes of a pelvis whose hips are told apart; which of them is called left does not matter."""
    hips = np.concatenate([points[LEFT_HIP], points[RIGHT_HIP]])
    across = points[LEFT_HIP].mean(axis=0) - points[RIGHT_HIP].mean(axis=0)
    plane = mirror_plane(np.concatenate([hips, points[SACRUM]]), start=across)
    return body_axes(hips, points[SACRUM], plane)


def largest_part(mask: Mask) -> tuple[Mask, float]:
    """The largest connected part of a mask, and the share of the mask outside it."""
    parts, sizes = _parts(mask)
    if len(sizes) <= 1:
        return mask, 0.0
    largest = int(np.argmax(sizes))
    return parts == largest + 1, float(1.0 - sizes[largest] / sizes.sum())


def split_hips(mask: Mask, grid: Grid, plane: MirrorPlane) -> tuple[Mask, Mask, bool]:
    """Both hips of one label apart: on the side to which the plane's normal points, and on the other.

    Third: whether they hung together (at the symphysis) and were cut along the plane of symmetry.
    """
    parts, sizes = _parts(mask)
    order = np.argsort(sizes)[::-1]
    if len(sizes) > 1 and sizes[order[1]] >= EQUAL_PARTS * sizes[order[0]]:
        first, second = parts == int(order[0]) + 1, parts == int(order[1]) + 1
        towards = [float(plane.height(_middle(part, grid)[None])[0]) for part in (first, second)]
        if towards[0] * towards[1] < 0:
            return (first, second, False) if towards[0] > 0 else (second, first, False)
    index = np.argwhere(mask)
    above = plane.height(grid.points(index.astype(float))) > 0
    one, other = np.zeros_like(mask), np.zeros_like(mask)
    one[tuple(index[above].T)] = True
    other[tuple(index[~above].T)] = True
    return one, other, True


def _middle(mask: Mask, grid: Grid) -> Floats:
    return grid.points(np.argwhere(mask).mean(axis=0))


def _parts(mask: Mask) -> tuple[Any, Any]:
    """The connected parts of a mask (faces touching), numbered from 1, and their sizes in voxels."""
    parts, count = cast("Any", ndimage).label(mask)
    sizes = np.zeros(int(count), dtype=np.int64)
    # Slice by slice: counting at once would need eight bytes for each voxel.
    for plane in parts:
        sizes += np.bincount(plane.ravel(), minlength=int(count) + 1)[1:]
    return parts, sizes
