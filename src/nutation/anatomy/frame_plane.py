"""The anterior pelvic plane: through both anterior superior iliac spines and the front of the pubis.

Read in the sagittal view: the plane touches each hip bone at its iliac spine and at its pubic tubercle, which makes it
an edge of the bone's convex hull seen from the side. Where the pubis is not in the picture there is no such plane, and
nothing stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import spatial

from nutation.anatomy.space import Floats

# The touching edge runs at least this far, its upper end lies at least this far further out than its lower end, and it
# faces forward within this angle of the rough axes: no other edge of a hip's hull does all three.
EDGE_LONG_MM = 50.0
SPINE_FURTHER_OUT_MM = 25.0
FACES_FORWARD_DEG = 60.0

# A touching point is the mean of what lies this near to the plane and to the hull's corner: a corner alone would be as
# coarse as a voxel.
UNDER_PLANE_MM, AROUND_CORNER_MM = 1.5, 8.0

# A touching point this near to where the picture ends is the cut and not the bone.
AT_CUT_MM = 6.0


@dataclass(frozen=True, slots=True)
class Touch:
    """Where the anterior pelvic plane touches one hip: points (3,) of the rough frame."""

    spine: Floats
    pubis: Floats


def touch(points: Floats, cut: Floats | None) -> Touch | None:
    """The touching points of one hip, its points (n, 3) being in rough axes (x outwards either way, y back, z up).

    None where no edge of its outline fits, or where the lower end is where the picture ends (`cut`, (m, 3)).
    """
    outline = points[:, 1:]
    hull: Any = cast("Any", spatial).ConvexHull(outline)
    # Qhull's corners of a plane hull run counter-clockwise: the outside is to the right of each edge.
    corners = np.asarray(hull.vertices, dtype=np.intp)
    best: tuple[float, int, int] | None = None
    for first, second in zip(corners, np.roll(corners, -1), strict=True):
        along = outline[second] - outline[first]
        length = float(np.hypot(along[0], along[1]))
        outward = np.array([along[1], -along[0]]) / max(length, 1e-9)
        if length < EDGE_LONG_MM or -outward[0] < np.cos(np.radians(FACES_FORWARD_DEG)):
            continue
        upper, lower = (first, second) if outline[first, 1] > outline[second, 1] else (second, first)
        if abs(points[upper, 0]) - abs(points[lower, 0]) < SPINE_FURTHER_OUT_MM:
            continue
        if best is None or length > best[0]:
            best = (length, int(upper), int(lower))
    if best is None:
        return None
    _, upper, lower = best
    spine, pubis = _evened(points, upper, upper, lower), _evened(points, lower, upper, lower)
    if cut is not None and len(cut) and float(np.linalg.norm(cut - pubis, axis=1).min()) < AT_CUT_MM:
        return None
    return Touch(spine, pubis)


def _evened(points: Floats, corner: int, upper: int, lower: int) -> Floats:
    """The mean of the points just under the edge from `lower` to `upper`, around one of its corners."""
    along = points[upper, 1:] - points[lower, 1:]
    along = along / np.linalg.norm(along)
    forward = np.array([-along[1], along[0]])
    depth = (points[upper, 1:] - points[:, 1:]) @ forward
    near = np.linalg.norm(points - points[corner], axis=1) < AROUND_CORNER_MM
    return np.asarray(points[near & (depth < UNDER_PLANE_MM)].mean(axis=0), dtype=np.float64)


def upright(touches: list[Touch]) -> Floats:
    """The direction up along the anterior pelvic plane, within the sagittal plane, in rough axes (3,)."""
    up = np.mean([t.spine - t.pubis for t in touches], axis=0)
    up[0] = 0.0
    return np.asarray(up / np.linalg.norm(up), dtype=np.float64)
