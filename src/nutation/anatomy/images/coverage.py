"""Whether the bones are whole where a plan needs them: which joint, if any, the image cuts off.

A bone that ends at the image's border is cut. It matters where a joint, the upper end of the sacrum or the outer wall
beside a joint is cut; that the ischia or the coccyx lie beyond the image does not stop a plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.pelvis import BONE_NAMES, HIP_OF, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask, Volume

# Bone this near to the other bone belongs to the joint's region: the gap (to 5 mm), the subchondral bone on both
# sides and half a voxel of a coarse map.
JOINT_REACH_MM = 12.0

# Implants enter through the ilium's outer wall beside the joint, no further from it than this.
ENTRY_REACH_MM = 60.0

# The outer wall is looked for at the joint's own height; points of the joint's region define it, less this share of
# stragglers at either end.
STRAGGLERS = 0.02

# Enough points of a bone to tell how near another is; more only cost time.
POINTS = 20_000

_NEEDED = (SACRUM, LEFT_HIP, RIGHT_HIP)

_BORDERS: Mapping[tuple[int, bool], str] = {
    (0, True): "left", (0, False): "right", (1, True): "back", (1, False): "front", (2, True): "upper",
    (2, False): "lower",
}  # fmt: skip
"""The image's borders by LPS axis and whether they lie at its higher end."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of the bones the image holds.

    `missing` are codes of bones with no voxel; `cut_sides` the joints that a plan cannot be made for, since the joint,
    its outer wall or the upper end of the sacrum is cut or a bone is missing. `faults` say so in words; `notes` tell of
    bones that end at a border where it does not matter to a joint.
    """

    missing: frozenset[int]
    cut_sides: frozenset[Side]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def coverage_faults(labels: Volume) -> tuple[str, ...]:
    """What stops a plan on either side, in words; see `coverage`."""
    return coverage(labels).faults


def coverage(labels: Volume) -> Coverage:
    """Which joints a label map (codes of `nutation.anatomy.pelvis`) shows whole."""
    values = labels.values
    present = {code for code in _NEEDED if bool(np.any(values == code))}
    missing = frozenset(code for code in _NEEDED if code not in present)
    faults = [f"There is no {BONE_NAMES[code]} in the image." for code in sorted(missing)]
    cut: set[Side] = set()
    notes: list[str] = []
    sides: tuple[Side, ...] = ("left", "right")
    if SACRUM in missing:
        return Coverage(missing, frozenset(sides), tuple(faults), ())
    borders = tuple(_borders(labels))
    points = {code: _points(labels, code) for code in present}
    for border, code, touching in borders:
        if code == SACRUM and border == "upper":
            cut.update(sides)
            faults.append("The sacrum is cut off at the image's upper border: its upper end and S1 are not whole.")
        else:
            notes.append(f"The {BONE_NAMES[code]} ends at the image's {border} border ({len(touching)} voxels).")
    for side in sides:
        hip = HIP_OF[side]
        if hip in missing:
            cut.add(side)
            continue
        if found := _joint_cut(side, points, borders):
            cut.add(side)
            faults.extend(found)
    return Coverage(missing, frozenset(cut), tuple(faults), tuple(notes))


def _joint_cut(
    side: Side, points: Mapping[int, Floats], borders: tuple[tuple[str, int, Floats], ...]
) -> tuple[str, ...]:
    """Faults of one joint: its region or its outer wall at a border."""
    hip = HIP_OF[side]
    region = np.concatenate(
        [points[one][_near(points[one], points[other])] for one, other in ((SACRUM, hip), (hip, SACRUM))]
    )
    if not region.size:
        apart = f"The {BONE_NAMES[hip]} lies nowhere within {JOINT_REACH_MM:.0f} mm of the sacrum"
        return (f"{apart}: the {side} joint is not in the image.",)
    low, high = np.quantile(region[:, 2], [STRAGGLERS, 1 - STRAGGLERS])
    found: list[str] = []
    for border, code, touching in borders:
        if code not in (SACRUM, hip):
            continue
        other = points[hip if code == SACRUM else SACRUM]
        if _near(touching, other).any():
            found.append(f"The {side} joint is cut off at the image's {border} border.")
        elif code == hip and border not in ("upper", "lower"):
            beside = touching[(touching[:, 2] >= low) & (touching[:, 2] <= high)]
            if beside.size and _near(beside, region, ENTRY_REACH_MM).any():
                found.append(
                    f"The wall of the {BONE_NAMES[hip]} beside the joint is cut off at the image's {border} border."
                )
    return tuple(dict.fromkeys(found))


def _borders(labels: Volume) -> Iterator[tuple[str, int, Floats]]:
    """For each border and bone that touches it: the border's name, the bone's code, the LPS points (n, 3)."""
    shape = labels.values.shape
    for axis in range(3):
        direction = labels.grid.direction[:, axis]
        lps = int(np.argmax(np.abs(direction)))
        for end in (0, shape[axis] - 1):
            outward = bool(direction[lps] > 0) == (end > 0)
            layer = labels.values.take(end, axis=axis)
            for code in _NEEDED:
                found = np.argwhere(layer == code)
                if found.size:
                    index = np.insert(found, axis, end, axis=1).astype(np.float64)
                    yield _BORDERS[(lps, outward)], code, labels.grid.points(index)


def _points(labels: Volume, code: int) -> Floats:
    """LPS points on the bone's outside (n, 3), thinned evenly where there are many."""
    from scipy import ndimage

    bone: Mask = labels.values == code
    box = cast("Any", ndimage).find_objects(bone.astype(np.uint8))[0]
    part = bone[box]
    # Voxels at the edge of the box count as outside too: what lies beyond the image is not known.
    shell = part & ~cast("Any", ndimage).binary_erosion(part)
    index = np.argwhere(shell) + np.array([one.start for one in box])
    step = max(1, len(index) // POINTS)
    return labels.grid.points(index[::step].astype(np.float64))


def _near(points: Floats, others: Floats, reach_mm: float = JOINT_REACH_MM) -> Mask:
    """Which points (n, 3) lie within reach of any of the others."""
    from scipy.spatial import KDTree

    distance = cast("Any", KDTree(others)).query(points, distance_upper_bound=reach_mm)[0]
    return np.isfinite(np.asarray(distance, dtype=np.float64))
