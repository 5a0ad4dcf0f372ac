"""Whether a model fits into memory, told from the labels before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nutation.anatomy.openings_masks import part_of
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.record.errors import InputError

SURFACE_CELLS, SURFACE_NODES = 0.145, 0.66
"""Cubes and nodes beyond the bone's volume, a cube's face of the labels' surface each. Measured on phantom and atlas
from 1 to 4 mm, to 5 %: a labels' surface is longer than the true one by its steps."""

BYTES_PER_UNKNOWN = 1700.0
"""Peak memory of mesh, solver, six unit loads and a dozen ligaments for each unknown: 1100 bytes were measured without
the ligaments, each of which keeps a load and an answer."""

FIXED_BYTES = 4e8
"""Memory that any model takes: the libraries, the labels."""

STEPS_MM = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Resolutions that are offered where another does not fit."""

FINEST_MM, COARSEST_MM = 0.5, 4.0
"""Cubes beyond these make no model: finer than any input, or coarser than the bones are thick."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """How large the model will be: cubes, unknowns, and bytes at its peak; each to about a tenth."""

    spacing_mm: float
    cells: int
    unknowns: int
    bytes: float


def foretell(
    pelvis: Pelvis,
    spacing_mm: float,
    *,
    bones: Sequence[int] = (SACRUM, LEFT_HIP, RIGHT_HIP),
    most_bytes: float | None = None,
) -> Foretold:
    """The size of the model in cubes of `spacing_mm`. Raises InputError, with the resolution that fits, where it takes
    more than `most_bytes` (left out: what is free), and for cubes of no use."""
    if not FINEST_MM <= spacing_mm <= COARSEST_MM:
        raise InputError(
            f"cubes of {spacing_mm:g} mm were asked for", mend=f"ask for {FINEST_MM:g} to {COARSEST_MM:g} mm"
        )
    volume, surface = _measured(pelvis, bones)
    told = _at(volume, surface, spacing_mm)
    most = free_bytes() if most_bytes is None else most_bytes
    if told.bytes <= most:
        return told
    fitting = [one for one in STEPS_MM if one > spacing_mm and _at(volume, surface, one).bytes <= most]
    size = f"{told.bytes / 1e9:.1f} GB for {told.unknowns / 1e6:.1f} million unknowns"
    raise InputError(
        f"cubes of {spacing_mm:g} mm need about {size}, and {most / 1e9:.1f} GB are there",
        place="resolution",
        mend=f"ask for {fitting[0]:g} mm, which fits" if fitting else "no resolution fits; use a larger machine",
    )


def free_bytes() -> float:
    """The memory that is free for use, as the system tells it; without limit where it does not tell."""
    found = [_kernel_free(), _group_free()]
    return min((one for one in found if one is not None), default=float("inf"))


def _kernel_free() -> float | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * float(line.split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return _physical()


def _physical() -> float | None:
    import os

    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None


def _group_free() -> float | None:
    """What a container's limit leaves; None without one."""
    folder = Path("/sys/fs/cgroup")
    try:
        most = float((folder / "memory.max").read_text(encoding="ascii"))
        return most - float((folder / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _measured(pelvis: Pelvis, bones: Sequence[int]) -> tuple[float, float]:
    """Volume in mm³ and surface in mm², voxel faces counted, of the bones together."""
    volume = surface = 0.0
    for code in bones:
        part = part_of(pelvis.labels, code)
        if part is None:
            continue
        mask = np.pad(pelvis.labels[part] == code, 1)
        volume += float(np.count_nonzero(mask))
        surface += sum(float(np.count_nonzero(np.diff(mask, axis=axis))) for axis in range(3))
    return volume * pelvis.spacing_mm**3, surface * pelvis.spacing_mm**2


def _at(volume: float, surface: float, spacing_mm: float) -> Foretold:
    solid, faces = volume / spacing_mm**3, surface / spacing_mm**2
    cells, nodes = solid + SURFACE_CELLS * faces, solid + SURFACE_NODES * faces
    return Foretold(spacing_mm, round(cells), 3 * round(nodes), FIXED_BYTES + 3 * nodes * BYTES_PER_UNKNOWN)
