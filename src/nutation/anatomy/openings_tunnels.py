"""Canal and foramina as rooms of the sacrum's straight box: what bone encloses, divided as pedicles divide it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.openings_box import BOX_MM, SacralBox
from nutation.anatomy.openings_fill import enclosed
from nutation.anatomy.openings_masks import grown, largest_piece, nearest, part_of, pieces, steps
from nutation.anatomy.pelvis import HIP_OF
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, Mask

ALONG_FRONT = (-0.9, -0.6, -0.3, 0.0, 0.3, 0.6)
"""Tilts of the planes along the sacrum's front: a foramen runs forwards and down, and the front curves."""

ACROSS_AXIS = (-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9)
"""Tilts of the planes across the sacral axis: the canal leaves the axis of the bodies by up to 40 degrees."""

ASIDE = 48
"""How far beside the midline (voxels) bone is looked at: foramina lie within 30 mm, and bone closes them outside."""

RING_VOXELS = 25
"""How much bone below the lowest opening is kept to close the rings around it."""

MIDLINE = 5
"""Half of the strip (voxels) in which what lies before the bone is surely outside: narrower than any S1 body."""

REACH_MM = 105.0
"""How far below the promontory openings are looked for: past S2's foramina in a large sacrum."""

LOWER_SHARE = 0.4
"""Share of the heights at which the canal is taken to be bounded by pedicles: foramina take about a third."""

HALF_WIDTHS_MM = (6.0, 19.0)
"""Bounds of the canal's half-width: beyond the second the way is a foramen's, however wide the canal's mouth."""

LEAST_MM3 = 250.0
"""Least volume of a tunnel beside the canal: 6 mm across and 9 mm long. Smaller hollows are pits or gaps in a map."""

LEAST_CANAL_MM3 = 1500.0
"""Least volume of the canal along S1 and S2: 6 mm across and 50 mm long."""

FRONT_MM = 4.0
"""How far a foramen reaches before the canal's front wall: the ventral tunnel. What does not is a dorsal pit."""

SAME_MM = 9.0
"""Pieces on one side whose heights differ by less belong to one foramen; levels are 18 mm apart and more."""

INNER_MM = 8.0
"""How far into the canal's room a tunnel's inner part may reach before the canal's front wall."""

PAIR_MM = 12.0
"""Left and right foramen of one level differ in height by less: half of the least distance of two levels and more."""

FIRST_SHARE = 0.41
"""Foramina that begin further below the promontory, in shares of the sacrum's width, are not S1's: in the 15 pelvises
of the atlas that this was made with S1's lie at 0.27 to 0.35, S2's at 0.46 to 0.62."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One tunnel beside the canal: its side, its number from above (1 is S1's foramen), its mask in the box."""

    side: Side
    number: int
    mask: Mask


def hollow_of(box: SacralBox) -> Mask:
    """Everything that the sacrum encloses along S1 and S2."""
    middle = round(box.middle)
    strip = slice(max(middle - MIDLINE, 0), middle + MIDLINE + 1)
    outside = np.zeros(box.bone.shape, dtype=np.bool_)
    outside[strip] = ~np.maximum.accumulate(box.bone[strip], axis=1)
    lowest = max(round(box.top - REACH_MM / BOX_MM), 0)
    # rings are closed by bone beside and below the openings: what lies further off only costs time
    part = slice(max(middle - ASIDE, 0), middle + ASIDE), slice(None), slice(max(lowest - RING_VOXELS, 0), None)
    bone, outside = box.bone[part], outside[part]
    enough = enclosed(bone, outside, 1, 2, ALONG_FRONT)
    enough |= enclosed(bone | enough, outside, 2, 1, ACROSS_AXIS)
    found = np.zeros(box.bone.shape, dtype=np.bool_)
    found[part] = enough
    found[:, :, :lowest] = False
    return found


def canal_room(box: SacralBox, hollow: Mask) -> Mask | None:
    """The canal's room (a box-shaped mask; take it with `hollow`); None where the input does not show the canal."""
    middle = round(box.middle)
    core = hollow[middle - MIDLINE + 2 : middle + MIDLINE - 1]
    main = largest_piece(core)
    if not main.any():
        return None
    heights = np.flatnonzero(main.any(axis=(0, 1)))
    depths = np.array([np.flatnonzero(main[:, :, at].any(axis=0))[[0, -1]] for at in heights])
    half = _half_widths(box, hollow, heights, depths)
    side = np.abs(steps(hollow.shape[0]) - box.middle)
    room = np.zeros(hollow.shape, dtype=np.bool_)
    room[:, :, heights] = (side[:, None] <= half[None, :])[:, None, :]
    if np.count_nonzero(room & hollow) * BOX_MM**3 < LEAST_CANAL_MM3:
        return None
    return room


def _half_widths(box: SacralBox, hollow: Mask, heights: NDArray[np.intp], depths: NDArray[np.intp]) -> Floats:
    """Half of the canal's width at each height, bridged where foramina leave it."""
    middle = round(box.middle)
    widths = np.zeros((2, len(heights)))
    for n, (at, (front, back)) in enumerate(zip(heights, depths, strict=True)):
        open_here = np.asarray(hollow[:, front : back + 1, at].any(axis=1), dtype=np.bool_)
        left, right = open_here[middle:], open_here[middle::-1]
        widths[0, n] = _run(left)
        widths[1, n] = _run(right)
    return _lower_line(heights.astype(np.float64), widths)


def _lower_line(heights: Floats, widths: Floats) -> Floats:
    """The straight line under the widths (2, n) of both sides: foramina only ever widen what pedicles leave open.

    Two fifths of the widths lie below it; it narrows downwards or stays (the canal does).
    """
    t = heights - heights.mean()
    best, chosen = np.inf, np.zeros(len(t))
    for slope in np.linspace(0.0, 0.4, 21):
        level = np.quantile(widths - slope * t, LOWER_SHARE)
        off: Floats = widths - slope * t - level
        loss = float(np.maximum(LOWER_SHARE * off, (LOWER_SHARE - 1) * off).sum())
        if loss < best:
            best, chosen = loss, level + slope * t
    return np.clip(chosen, *HALF_WIDTHS_MM) / BOX_MM


def _run(flags: Mask) -> int:
    closed = np.flatnonzero(~flags)
    return int(closed[0]) if len(closed) else len(flags)


def tunnels_of(box: SacralBox, hollow: Mask, canal: Mask) -> tuple[Tunnel, ...]:
    """The tunnels of both sides beside the canal, numbered from above over both sides together.

    A tunnel that only one side shows takes its number from where it lies, so that a foramen filled in on one side does
    not lend its name to the next. Where the first lies too low to be S1's, counting begins with 2.
    """
    found: list[tuple[float, Side, Mask]] = []
    for side in HIP_OF:
        found.extend((height, side, mask) for height, mask in _beside(box, hollow, canal, side))
    found.sort(key=lambda each: -each[0])
    levels: list[list[tuple[float, Side, Mask]]] = []
    for each in found:
        last = levels[-1] if levels else []
        near = last and abs(last[0][0] - each[0]) * BOX_MM < PAIR_MM
        if near and each[1] not in {side for _, side, _ in last}:
            last.append(each)
        else:
            levels.append([each])
    width = np.ptp(np.flatnonzero(box.bone.any(axis=(1, 2)))) + 1
    first = 1 if not levels or box.top - levels[0][0][0] <= FIRST_SHARE * width else 2
    return tuple(
        Tunnel(side, number, mask) for number, level in enumerate(levels, start=first) for _, side, mask in level
    )


def assign(box: SacralBox, hollow: Mask, canal: Mask, tunnels: tuple[Tunnel, ...]) -> NDArray[np.int16]:
    """Who owns each voxel of the box: 0 nobody, -1 the canal, n the n-th tunnel (from 1).

    What lies in the canal's room but before its front wall is the inner part of a tunnel beside it, where there is one
    near, else the canal's where it hangs together with it, else a film before the bodies that no opening owns.
    """
    owner = np.zeros(hollow.shape, dtype=np.int16)
    for number, tunnel in enumerate(tunnels, start=1):
        owner[tunnel.mask] = number
    wall = _front_wall(box, canal & hollow)
    before = np.asarray(steps(hollow.shape[1])[:, None] < wall[None, :] - 1, dtype=np.bool_)
    ahead = np.broadcast_to(before, hollow.shape)
    inside = canal & hollow
    owner[inside & ~ahead] = -1
    front = np.asarray(inside & ahead, dtype=np.bool_)
    where = part_of(front.astype(np.uint8), 1)
    if tunnels and where is not None:
        reach = round(INNER_MM / BOX_MM)
        part = tuple(slice(max(each.start - reach, 0), each.stop + reach) for each in where)
        away, index = nearest(owner[part] > 0)
        near = front[part] & (away <= reach)
        owner[part][near] = owner[part][tuple(index[:, near])]
    # the canal bends around the back of the bodies: its horns lie before its midline wall, and hang on to it
    numbers, count = pieces((front & (owner == 0)) | (owner == -1))
    held = np.zeros(count + 1, dtype=np.bool_)
    held[numbers[owner == -1]] = True
    held[0] = False
    owner[held[numbers]] = -1
    return owner


def _beside(box: SacralBox, hollow: Mask, canal: Mask, side: Side) -> list[tuple[float, Mask]]:
    """The tunnels of one side beside the canal with their mean heights (index)."""
    towards = steps(hollow.shape[0]) - box.middle
    own: Mask = (towards if side == "left" else -towards) > 0
    beside = np.asarray(hollow & ~canal & own[:, None, None], dtype=np.bool_)
    beside[:, :, ~canal.any(axis=(0, 1))] = False
    wall = _front_wall(box, canal & hollow)
    near_canal = grown(canal & hollow, 2)
    groups: list[tuple[float, Mask]] = []
    for mask in _large_pieces(beside, LEAST_MM3 / 4):
        if not (mask & near_canal).any():
            continue
        height = float(np.argwhere(mask)[:, 2].mean())
        same = [n for n, (other, _) in enumerate(groups) if abs(height - other) * BOX_MM < SAME_MM]
        if same:
            groups[same[0]] = (groups[same[0]][0], groups[same[0]][1] | mask)
        else:
            groups.append((height, mask))
    return [
        (height, mask)
        for height, mask in groups
        if np.count_nonzero(mask) * BOX_MM**3 >= LEAST_MM3 and _reaches_front(mask, wall)
    ]


def _large_pieces(mask: Mask, least_mm3: float) -> list[Mask]:
    """Connected pieces of at least this volume, the largest first."""
    numbers, _ = pieces(mask)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    large = [int(number) for number in np.argsort(-sizes) if sizes[number] * BOX_MM**3 >= least_mm3]
    return [np.asarray(numbers == number, dtype=np.bool_) for number in large]


def _front_wall(box: SacralBox, canal: Mask) -> Floats:
    """Depth index of the canal's front wall in the midline at each height; nan where there is no canal."""
    middle = round(box.middle)
    strip = canal[middle - 2 : middle + 3]
    first = np.where(strip.any(axis=1), strip.argmax(axis=1), np.nan)
    known = ~np.isnan(first).all(axis=0)
    wall = np.full(first.shape[1], np.nan)
    wall[known] = np.nanmedian(first[:, known], axis=0)
    return wall


def _reaches_front(tunnel: Mask, wall: Floats) -> bool:
    index = np.argwhere(tunnel)
    ahead = wall[index[:, 2]] - index[:, 1]
    return bool(np.count_nonzero(ahead * BOX_MM > FRONT_MM) * BOX_MM**3 > LEAST_MM3 / 4)
