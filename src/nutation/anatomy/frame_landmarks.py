"""Named points of the hips, read from points on their surface in the pelvic frame."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy import ndimage

from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats

# A landmark is the mean of the outermost points within this of the extreme, and near it: evens out single voxels.
OUTERMOST_MM, NEAR_MM = 1.5, 10.0

# The crest is flat along its top: its middle is that of all within this of the highest point.
CREST_MM = 4.0

# The symphysis: the medial face of each pubic bone is what lies within this of its most medial point.
FACE_MM = 4.0
MIDLINE_MM = 25.0

# The hip seen from the side is drawn with this step; a dip or a bump of the outline counts from this depth.
PIXEL_MM = 2.0
PROMINENT_MM = 2.0

# The ischial spine lies between this far below the notch's apex and this far below the top of the symphysis.
BELOW_NOTCH_MM, BELOW_PUBIS_MM = 15.0, 12.0


def extreme(points: Floats, direction: Floats) -> Floats:
    """The outermost place (3,) of points (n, 3) in a direction."""
    height = points @ direction
    top = points[np.argmax(height)]
    near = (height > height.max() - OUTERMOST_MM) & (np.linalg.norm(points - top, axis=1) < NEAR_MM)
    return np.asarray(points[near].mean(axis=0), dtype=np.float64)


def iliac_landmarks(hip: Floats, side: Side) -> dict[str, Floats]:
    """The posterior superior iliac spine and the top of the crest of one hip (points in the pelvic frame)."""
    # Above the joint's height, or the ischium may reach as far back as the spine.
    upper = hip[hip[:, 2] > -20.0]
    return {
        f"psis_{side}": extreme(upper, np.array([0.0, 1.0, 0.0])),
        f"crest_{side}": np.asarray(hip[hip[:, 2] > hip[:, 2].max() - CREST_MM].mean(axis=0), dtype=np.float64),
    }


def symphysis(left: Floats, right: Floats) -> tuple[Floats, Floats] | None:
    """The centre of the symphysis and its top (3,), between the pubic bones' medial faces; None where not seen."""
    faces: list[Floats] = []
    for hip, sign in ((left, 1.0), (right, -1.0)):
        front = hip[hip[:, 1] < np.quantile(hip[:, 1], 0.4)]
        medial = sign * front[:, 0]
        if medial.min() > MIDLINE_MM:
            return None
        faces.append(front[medial < medial.min() + FACE_MM])
    centre = (faces[0].mean(axis=0) + faces[1].mean(axis=0)) / 2.0
    top = np.mean([extreme(face, np.array([0.0, 0.0, 1.0])) for face in faces], axis=0)
    return np.asarray(centre, dtype=np.float64), np.asarray(top, dtype=np.float64)


def notch_landmarks(hip: Floats, side: Side, pubis_z: float, psis_z: float) -> dict[str, Floats]:
    """The apex of the greater sciatic notch and the ischial spine of one hip, where its outline shows them.

    Seen from the side the notch is where the hip's posterior border lies furthest forward between the posterior iliac
    spines and the ischium; the spine is what stands out furthest inwards and backwards below it, above the tuberosity.
    """
    low = hip[:, 1:].min(axis=0) - 3 * PIXEL_MM
    cells = np.floor((hip[:, 1:] - low) / PIXEL_MM).astype(int)
    outline = np.zeros(tuple(cells.max(axis=0) + 4), dtype=bool)
    outline[cells[:, 0], cells[:, 1]] = True
    library = cast("Any", ndimage)
    outline = np.asarray(library.binary_fill_holes(library.binary_closing(outline, iterations=2)), dtype=bool)
    rows = np.flatnonzero(outline.any(axis=0))
    border = np.array([float(np.flatnonzero(outline[:, row])[-1]) for row in rows])
    border = np.asarray(library.gaussian_filter1d(border, 1.0), dtype=np.float64)
    heights = low[1] + (rows + 0.5) * PIXEL_MM
    between = np.flatnonzero((heights > pubis_z) & (heights < psis_z))
    if len(between) < 10:
        return {}
    apex = int(between[np.argmin(border[between])])
    above, below = border[apex:].max() - border[apex], border[:apex].max(initial=-np.inf) - border[apex]
    if apex in (between[0], between[-1]) or above * PIXEL_MM < 10.0 or below * PIXEL_MM < PROMINENT_MM:
        return {}
    found = {f"notch_{side}": _on_border(hip, low, border, heights, apex)}
    window = (hip[:, 2] < heights[apex] - BELOW_NOTCH_MM) & (hip[:, 2] > pubis_z - BELOW_PUBIS_MM)
    if window.any():
        inwards = -1.0 if side == "left" else 1.0
        place = extreme(hip[window], np.array([inwards, 1.0, 0.0]) / np.sqrt(2.0))
        # At the window's edge it is no bump but the slope of what lies beyond.
        inside = pubis_z - BELOW_PUBIS_MM + PIXEL_MM < place[2] < heights[apex] - BELOW_NOTCH_MM - PIXEL_MM
        if inside:
            found[f"ischial_spine_{side}"] = place
    return found


def _on_border(hip: Floats, low: Floats, border: Floats, heights: Floats, row: int) -> Floats:
    """The bone's point nearest to a place of its outline, seen from the side."""
    at = np.array([low[0] + (border[row] + 0.5) * PIXEL_MM, heights[row]])
    off = np.linalg.norm(hip[:, 1:] - at, axis=1)
    near = off < max(off.min() + 1.0, 2.0)
    return np.asarray(hip[near].mean(axis=0), dtype=np.float64)
