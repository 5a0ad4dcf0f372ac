"""Where the pelvis is held, as springs on its regions, and the six unit loads as forces on its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.pelvis import HIP_OF, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.attach import attach, threefold
from nutation.stability.loads import SUPPORT_REGIONS, UNIT_LOADS, LoadAxes, Support, missing_support, spread_wrench
from nutation.stability.mesh import VoxelMesh
from nutation.stability.regions import Region, Regions, outer_ilium

SUPPORT_MM = 10.0
"""A support is as stiff as cortical bone this thick under its region: it gives by a few thousandths of a millimetre
under the loads here, and is no stiffer than what it holds, which would slow the solver. The same at every size of
cube, so that refining the mesh does not stiffen it."""

FIXED_ILIUM: dict[Support, Side] = {"ilium_left": "left", "ilium_right": "right"}
"""Supports that hold a volume of one hip bone."""


@dataclass(frozen=True, slots=True)
class Held:
    """A support on a mesh: its CSR matrix (3 nodes, 3 nodes) in N/mm, and the bodies that it holds."""

    support: Support
    matrix: Any
    bodies: tuple[int, ...]


def support_of(mesh: VoxelMesh, pelvis: Pelvis, regions: Regions, support: Support) -> Held:
    """The springs of a support. Raises InputError where the image does not show what it holds."""
    lacking = missing_support(support, regions)
    if lacking:
        shown = [name for name in ("ischia", "acetabula") if not missing_support(name, regions)]
        raise InputError(
            f"the pelvis cannot be held so: {lacking}", place="support",
            mend=f"choose a support that this image shows: {', '.join([*shown, 'ilium_left', 'ilium_right'])}",
        )  # fmt: skip
    per_mm2 = load().entry("bone_moduli").number("cortical_mpa") / SUPPORT_MM
    if support in FIXED_ILIUM:
        side = FIXED_ILIUM[support]
        return Held(support, _fixed_volume(mesh, pelvis, side, per_mm2 / SUPPORT_MM), (HIP_OF[side],))
    found = [regions.surfaces[name] for name in SUPPORT_REGIONS[support]]
    matrix: Any = sum(_springs(mesh, region, per_mm2) for region in found)
    return Held(support, matrix.tocsr(), tuple(sorted({region.bone for region in found})))


def unit_loads(mesh: VoxelMesh, regions: Regions, axes: LoadAxes) -> Floats:
    """The six unit loads of `loads.UNIT_LOADS` as nodal forces (unknowns, 6), spread over the S1 endplate.

    Raises InputError where the endplate was not found.
    """
    if "s1_endplate" not in regions.surfaces:
        raise InputError(
            f"no load can enter: {regions.missing.get('s1_endplate', 'no endplate of S1')}",
            place="S1 endplate",
            mend="give an image that shows the upper end of the sacrum",
        )
    return region_loads(mesh, regions.surfaces["s1_endplate"], axes)


def region_loads(mesh: VoxelMesh, region: Region, axes: LoadAxes) -> Floats:
    """The unit loads about these axes, spread over any region of a bone: (unknowns, 6)."""
    weights = attach(mesh, region.bone, region.points_mm).weights
    loads = np.zeros((mesh.unknowns, len(UNIT_LOADS)))
    for number in range(len(UNIT_LOADS)):
        coefficients = np.zeros(len(UNIT_LOADS))
        coefficients[number] = 1.0
        force, moment = axes.in_frame(coefficients)
        forces = spread_wrench(region.points_mm, region.weights_mm2, axes.origin_mm, force, moment)
        loads[:, number] = np.asarray(weights.T @ forces, dtype=np.float64).ravel()
    return loads


def _springs(mesh: VoxelMesh, region: Region, per_mm2: float) -> Any:
    """Springs per area in all three directions over a region."""
    from scipy import sparse

    weights = attach(mesh, region.bone, region.points_mm).weights
    half = cast("Any", sparse).diags(np.sqrt(per_mm2 * region.weights_mm2)) @ weights
    return threefold((half.T @ half).tocsr())


def _fixed_volume(mesh: VoxelMesh, pelvis: Pelvis, side: Side, per_mm3: float) -> Any:
    """Springs per volume on the outer part of one hip bone, an eighth of each cube's at each corner."""
    from scipy import sparse

    held = outer_ilium(pelvis, side)
    middles = mesh.low_mm + (mesh.cells + 0.5) * mesh.spacing_mm
    index = np.round(pelvis.index(middles)).astype(np.int64)
    within = ((index >= 0) & (index < np.array(held.shape))).all(axis=1) & (mesh.element_body == HIP_OF[side])
    within[within] = held[tuple(index[within].T)]
    if not within.any():
        raise InputError(f"the {side} hip bone ends beside its joint", place="support", mend="choose another support")
    share = per_mm3 * mesh.spacing_mm**3 / 8
    each = np.bincount(mesh.elements[within].ravel(), minlength=len(mesh.nodes)) * share
    return cast("Any", sparse).diags(np.repeat(each, 3), format="csr")
