"""Strain of the bone around implants: a high percentile in shells of stated thickness, never a maximum.

A maximum follows the voxels; the 95th percentile of a shell hardly does (published practice for voxel models).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant
from nutation.anatomy.solids import distance_mm
from nutation.anatomy.space import Floats
from nutation.stability.mesh import CORNERS, VoxelMesh

SHELLS_MM = (2.0, 5.0)
"""Thickness of the shells around an implant's surface that strain is told of."""

PERCENTILE = 95.0
"""The percentile of the cubes in a shell."""


def principal_strain(mesh: VoxelMesh, displacement: Floats, elements: NDArray[np.intp]) -> Floats:
    """The largest principal strain by size (n,) in the middle of some cubes, of displacements (unknowns,) in mm."""
    signs = 2.0 * CORNERS - 1.0
    corners = displacement[: mesh.unknowns].reshape(-1, 3)[mesh.elements[elements]]
    gradient = np.einsum("nca,cb->nab", corners, signs) / (4.0 * mesh.spacing_mm)
    strain = (gradient + np.swapaxes(gradient, 1, 2)) / 2
    return np.asarray(np.abs(np.linalg.eigvalsh(strain)).max(axis=1), dtype=np.float64)


def shell(mesh: VoxelMesh, implants: Sequence[Implant], thick_mm: float) -> NDArray[np.intp]:
    """The cubes whose middle lies outside all implants and within a thickness of the surface of one."""
    middles = mesh.low_mm + (mesh.cells + 0.5) * mesh.spacing_mm
    least = np.full(len(middles), np.inf)
    for implant in implants:
        ends = np.stack([implant.pose.entry_mm, implant.tip_mm])
        reach = implant.size.diameter_mm / 2 + thick_mm
        near = np.flatnonzero(
            np.all((middles > ends.min(axis=0) - reach) & (middles < ends.max(axis=0) + reach), axis=1)
        )
        least[near] = np.minimum(least[near], distance_mm(implant, middles[near]))
    return np.flatnonzero((least > 0) & (least <= thick_mm))


def shell_strains(mesh: VoxelMesh, implants: Sequence[Implant], displacement: Floats) -> dict[float, float]:
    """The `PERCENTILE` of `principal_strain` in each shell around the implants together, by the shell's thickness.

    A shell that holds no cube (an implant in air) is left out.
    """
    found: dict[float, float] = {}
    for thick in SHELLS_MM:
        inside = shell(mesh, implants, thick)
        if len(inside):
            found[thick] = float(np.percentile(principal_strain(mesh, displacement, inside), PERCENTILE))
    return found
