"""Pelvises of plain shapes, whose corridors follow from arithmetic. Millimetres of the pelvic frame.

The sacrum is a block 90 wide, 40 deep, 60 high about the origin; a joint of 2 mm on either side, then an ilium of 15 mm
that is 80 deep and 100 high. `tunnels` leaves of sacrum and joints only round bars, so that a bar is the corridor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import (
    CANAL,
    FORAMINA,
    LEFT_GAP,
    LEFT_HIP,
    METAL,
    RIGHT_GAP,
    RIGHT_HIP,
    SACRUM,
    Level,
    LevelBand,
    Levels,
    Openings,
    Pelvis,
)
from nutation.anatomy.source import Source
from nutation.anatomy.space import LPS, Floats, Grid, unit

HALF = (45.0, 20.0, 30.0)
GAP_MM, ILIUM_MM = 2.0, 15.0
TABLE_MM = HALF[0] + GAP_MM + ILIUM_MM
"""Where the outer table lies, on either side."""
EVERY_OPENING = frozenset({"canal", *FORAMINA})

Tunnel = tuple[Floats, Floats, float]
"""A point of the axis, its direction, the radius."""


def points(low: Floats, spacing_mm: float, shape: tuple[int, int, int]) -> tuple[Floats, Floats, Floats]:
    """x, y, z of every voxel's centre."""
    x, y, z = (low[axis] + np.arange(n) * spacing_mm for axis, n in enumerate(shape))
    return x[:, None, None], y[None, :, None], z[None, None, :]


def from_axis(at: tuple[Floats, Floats, Floats], point: Floats, direction: Floats) -> NDArray[np.float64]:
    """Distance of every voxel's centre from a line."""
    direction = unit(direction)
    parts = [axis - here for axis, here in zip(at, point, strict=True)]
    along = sum(part * step for part, step in zip(parts, direction, strict=True))
    return np.sqrt(np.maximum(sum(part**2 for part in parts) - along**2, 0.0))


def slabs(
    *,
    spacing_mm: float = 1.0,
    shift: float = 0.5,
    tunnels: Sequence[Tunnel] = (),
    canal: tuple[Floats, float] | None = None,
    metal: Tunnel | None = None,
    seen: frozenset[str] = EVERY_OPENING,
    bands: Mapping[Level, tuple[float, float]] | None = None,
    half: tuple[float, float, float] = HALF,
) -> Pelvis:
    """The pelvis of plain shapes. `canal`: a point of its vertical axis and its radius; `bands`: levels by z.

    Voxel centres stand `shift` voxels off the millimetres, so that with half a voxel faces run between centres.
    """
    low = np.array([-TABLE_MM - 15.0, -55.0, -65.0]) + shift * spacing_mm
    counts = np.round(-2 * (low - shift * spacing_mm) / spacing_mm).astype(int)
    shape = (int(counts[0]), int(counts[1]), int(counts[2]))
    at = points(low, spacing_mm, shape)
    x, y, z = at
    beside = np.abs(x)
    deep, high = np.abs(y) < half[1], np.abs(z) < half[2]
    way = np.ones(shape, dtype=bool)
    if tunnels:
        way = np.any([from_axis(at, point, direction) < radius for point, direction, radius in tunnels], axis=0)
    labels = np.zeros(shape, dtype=np.uint8)
    ilium = (beside > half[0] + GAP_MM) & (beside < TABLE_MM) & (np.abs(y) < 40.0) & (np.abs(z) < 50.0)
    labels[ilium & (x > 0)] = LEFT_HIP
    labels[ilium & (x < 0)] = RIGHT_HIP
    gap = (beside > half[0]) & (beside < half[0] + GAP_MM) & deep & high & way
    labels[gap & (x > 0)] = LEFT_GAP
    labels[gap & (x < 0)] = RIGHT_GAP
    labels[(beside < half[0]) & deep & high & way] = SACRUM
    openings = np.zeros(shape, dtype=np.uint8)
    if canal is not None:
        inside = (from_axis(at, canal[0], np.array([0.0, 0.0, 1.0])) < canal[1]) & (labels == SACRUM)
        labels[inside] = 0
        if "canal" in seen:
            openings[inside] = CANAL
        else:
            labels[inside] = SACRUM  # a map that fills it in
    if metal is not None:
        labels[(from_axis(at, metal[0], metal[1]) < metal[2]) & (labels == SACRUM)] = METAL
    found: dict[Level, LevelBand] = {}
    for level, (lower, upper) in (bands or {}).items():
        centre = np.array([0.0, 0.0, (lower + upper) / 2])
        reach = (upper - lower) / 2
        found[level] = LevelBand(level, centre, np.array([0.0, 0.0, 1.0]), -reach, reach, "made")
    return Pelvis(
        LPS, Grid(shape, np.full(3, spacing_mm), low, np.eye(3)), labels, None, Openings(openings, seen), Levels(found),
        {}, {}, {"s1_endplate_normal": np.array([0.0, 0.0, 1.0])}, {}, Source((), "unverified"),
    )  # fmt: skip


def mirrored(pelvis: Pelvis) -> Pelvis:
    """The same pelvis seen in a mirror: x turned round, left and right exchanged."""
    codes = np.arange(256, dtype=np.uint8)
    for one, other in ((LEFT_HIP, RIGHT_HIP), (LEFT_GAP, RIGHT_GAP)):
        codes[one], codes[other] = other, one
    doors = np.arange(256, dtype=np.uint8)
    for name in ("s1_foramen", "s2_foramen"):
        one, other = FORAMINA[f"{name}_left"], FORAMINA[f"{name}_right"]
        doors[one], doors[other] = other, one
    turn = np.array([-1.0, 1.0, 1.0])
    high = pelvis.low_mm + (np.array(pelvis.labels.shape) - 1) * pelvis.spacing_mm
    low = np.array([-high[0], *pelvis.low_mm[1:]])
    bands = {
        level: LevelBand(level, band.centre_mm * turn, band.axis * turn, band.lower_mm, band.upper_mm, band.basis)
        for level, band in pelvis.levels.bands.items()
    }
    return Pelvis(
        LPS, Grid(pelvis.grid.shape, pelvis.grid.spacing_mm, low, np.eye(3)),
        np.ascontiguousarray(codes[pelvis.labels[::-1]]), None,
        Openings(np.ascontiguousarray(doors[pelvis.openings.labels[::-1]]), pelvis.openings.seen), Levels(bands),
        {}, {name: point * turn for name, point in pelvis.landmarks.items()},
        {name: point * turn for name, point in pelvis.directions.items()}, {}, pelvis.source,
    )  # fmt: skip
