"""Implants put into a made CT: what a scanner would show after the operation, without the streaks of a real one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from nutation.anatomy.implants import Implant
from nutation.anatomy.solids import inside
from nutation.anatomy.space import Floats, Volume

PARTS = 3
"""Points along each edge of a voxel at which it is asked whether it holds metal: its share is then good to a tenth."""


def with_implants(volume: Volume, implants: Iterable[Implant], metal_hu: float) -> Volume:
    """A copy of a CT (HU) that shows these implants (poses in LPS); each voxel has its share of `metal_hu`."""
    values, grid = np.array(volume.values, dtype=np.float32), volume.grid
    steps = (np.indices((PARTS,) * 3).reshape(3, -1).T + 0.5) / PARTS - 0.5
    for implant in implants:
        low, high = _box(implant, volume)
        if (high <= low).any():
            continue
        index = np.indices(tuple(high - low)).reshape(3, -1).T + low
        share = np.mean([inside(implant, grid.points(index + step)) for step in steps], axis=0)
        at = tuple(index[share > 0].T)
        held = share[share > 0]
        values[at] = values[at] * (1 - held) + metal_hu * held
    return replace(volume, values=values)


def _box(implant: Implant, volume: Volume) -> tuple[Floats, Floats]:
    """Lowest index and highest index + 1 of the voxels that an implant may reach."""
    ends = np.stack([implant.pose.entry_mm, implant.tip_mm])
    reach = implant.size.diameter_mm / 2 + float(volume.grid.spacing_mm.max())
    corners = np.concatenate([ends - reach, ends + reach])
    every = np.array(np.meshgrid(*corners.T, indexing="ij")).reshape(3, -1).T
    index = volume.grid.index(every)
    low = np.maximum(np.floor(index.min(axis=0)).astype(np.int64), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(np.int64) + 1, volume.grid.shape)
    return low, high
