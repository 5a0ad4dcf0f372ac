"""The image that a plan rests on: attenuation on a grid, of whom it is, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Volume

OUTSIDE_HU = -1024.0
"""What stands for "nothing was measured here", and the lowest value that is kept: the least that twelve bits hold
in HU. Padding, and values below it (reconstruction circles, undershoot of resampling), are set to it."""


@dataclass(frozen=True, slots=True)
class Image:
    """A CT as read: `volume.values` float32 HU, indexed [i, j, k], on a right-handed grid in LPS millimetres.

    `warnings` are sentences for the user. `slices` are the DICOM files that it was read from, in the order of k
    (one file where it holds all frames, none for other formats).
    """

    volume: Volume
    source: Source
    warnings: tuple[str, ...] = ()
    slices: tuple[Path, ...] = ()

    @property
    def spacing_mm(self) -> Floats:
        """Distance of voxel centres along i, j and k, (3,)."""
        return self.volume.grid.spacing_mm
