"""Implants in the bone: each as a beam, tied over its surface to the bone that lies there, as one sparse matrix.

On the day of the operation an implant is pressed into a broached hole: bone holds it across its axis, and along the
axis by friction alone. Ties are therefore weaker along than across (evidence: implant_grip); bonded ones are a setting
of the sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.implants import Implant
from nutation.anatomy.openings_masks import sampled
from nutation.anatomy.pelvis import BONE_NAMES, HIP_OF, SACRUM, Joint, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.record.errors import InputError
from nutation.stability.attach import attach, threefold
from nutation.stability.beams import Beam, beam_of
from nutation.stability.fill import bone_mask, surface_distance
from nutation.stability.mesh import VoxelMesh

FADE_MM = 1.0
"""A surface point counts as held by a bone from half of this outside its surface (not at all) to half inside."""

LEAST_HELD_MM2 = 30.0
"""An implant with less of its surface in a bone than this is not in that bone: a 7 mm one has it within 2 mm."""


@dataclass(frozen=True, slots=True)
class Grip:
    """How bone holds an implant: through a bed of bone `bed_mm` thick, along the axis by `along_share` of across it."""

    bed_mm: float
    along_share: float


@dataclass(frozen=True, slots=True)
class Placed:
    """The implants of one construct in the mesh.

    `matrix`: their beams and ties, CSR over the mesh's unknowns and after them six for each station, implant by
    implant; `first` (k,) is the number of each implant's first unknown. `held_mm2`: by implant and bone code, the
    surface that the bone holds. `crossing_mm` (k,): the depth at which each axis crosses the joint.
    """

    beams: tuple[Beam, ...]
    matrix: Any
    first: tuple[int, ...]
    held_mm2: tuple[Mapping[int, float], ...]
    crossing_mm: Floats

    @property
    def extra(self) -> int:
        """How many 3-vectors of unknowns the stations have."""
        return sum(2 * len(beam.depths_mm) for beam in self.beams)

    def carried(self, unknowns: Floats) -> Floats:
        """What crosses the joint in each implant, (k, 6, r), of all unknowns (n, r): see `Beam.carried`."""
        return np.array(
            [
                beam.carried(float(depth), unknowns[start : start + 6 * len(beam.depths_mm)])
                for beam, start, depth in zip(self.beams, self.first, self.crossing_mm, strict=True)
            ]
        ).reshape(len(self.beams), 6, -1)


class Bed:
    """The bone that implants lie in: distances to each bone's surface, made once for all constructs of one pelvis."""

    def __init__(self, pelvis: Pelvis, mesh: VoxelMesh) -> None:
        self.mesh = mesh
        self._pelvis = pelvis
        self._fields: dict[int, tuple[NDArray[np.float32], Floats]] = {}
        self._trees: dict[int, tuple[Any, Floats]] = {}

    def held(self, code: int, points_mm: Floats) -> Floats:
        """How far each of the points (n, 3) is held by a bone, 0 to 1, (n,)."""
        if code not in self._fields:
            mask, start, _ = bone_mask(self._pelvis, code)
            low = self._pelvis.low_mm + start * self._pelvis.spacing_mm
            self._fields[code] = surface_distance(mask, self._pelvis.spacing_mm), np.asarray(low, dtype=np.float64)
        field, low = self._fields[code]
        index = (points_mm - low) / self._pelvis.spacing_mm
        inside = np.all((index >= 0) & (index <= np.array(field.shape) - 1), axis=1)
        depth = np.full(len(points_mm), np.inf)
        depth[inside] = sampled(field, index[inside].T)
        return np.clip(0.5 - depth / FADE_MM, 0.0, 1.0)

    def modulus_mpa(self, code: int, points_mm: Floats) -> Floats:
        """The modulus (n,) of the cube of a bone nearest to each of the points (n, 3)."""
        from scipy import spatial

        if code not in self._trees:
            mine = self.mesh.element_body == code
            middles = self.mesh.low_mm + (self.mesh.cells[mine] + 0.5) * self.mesh.spacing_mm
            self._trees[code] = cast("Any", spatial).cKDTree(middles), self.mesh.modulus_mpa[mine]
        tree, modulus = self._trees[code]
        return np.asarray(modulus[tree.query(points_mm)[1]], dtype=np.float64)


def place(
    bed: Bed, side: Side, joint: Joint, implants: Sequence[Implant], grip: Grip, *, modulus_mpa: float, poisson: float
) -> Placed:
    """The implants of one joint as beams of one material in sacrum and ilium, held by their surface.

    Raises InputError naming an implant that one of the two bones does not hold: in air, or short of the joint.
    """
    from scipy import sparse

    library = cast("Any", sparse)
    beams = tuple(beam_of(implant, modulus_mpa, poisson) for implant in implants)
    sizes = [6 * len(beam.depths_mm) for beam in beams]
    starts = bed.mesh.unknowns + np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    total = int(starts[-1])
    matrix = library.csr_matrix((total, total))
    held: list[Mapping[int, float]] = []
    for number, (beam, start) in enumerate(zip(beams, starts[:-1], strict=True), start=1):
        own = library.coo_matrix(beam.stiffness())
        matrix = matrix + library.csr_matrix((own.data, (own.row + start, own.col + start)), shape=(total, total))
        found = {code: _tied(bed, beam, code, grip, int(start), total) for code in (SACRUM, HIP_OF[side])}
        for code, (_, area) in found.items():
            if area < LEAST_HELD_MM2:
                raise InputError(
                    f"implant {number} has {area:.0f} mm² of its surface in the {BONE_NAMES[code]}: it holds nothing",
                    place=f"implant {number}",
                    mend="place it so that it lies in the ilium, crosses the joint and ends in the sacrum",
                )
        held.append({code: area for code, (_, area) in found.items()})
        for tie, _ in found.values():
            matrix = matrix + tie
    crossing = np.array([_crossing_mm(beam, joint) for beam in beams])
    return Placed(beams, matrix.tocsr(), tuple(int(one) for one in starts[:-1]), tuple(held), crossing)


def _tied(bed: Bed, beam: Beam, code: int, grip: Grip, start: int, total: int) -> tuple[Any, float]:
    """The ties of one implant to one bone as a matrix, and the surface that the bone holds."""
    from scipy import sparse

    library = cast("Any", sparse)
    share = bed.held(code, beam.points_mm)
    used = share > 0
    area = beam.areas_mm2[used] * share[used]
    if not used.any():
        return library.csr_matrix((total, total)), 0.0
    points = beam.points_mm[used]
    strength = bed.modulus_mpa(code, points) / grip.bed_mm * area
    bone = threefold(attach(bed.mesh, code, points).weights)
    moved = library.csr_matrix(beam.follow()[used].reshape(3 * len(points), -1))
    apart = library.hstack(
        [
            bone,
            library.csr_matrix((3 * len(points), start - bone.shape[1])),
            -moved,
            library.csr_matrix((3 * len(points), total - start - moved.shape[1])),
        ],
        format="csr",
    )
    way = beam.implant.pose.direction
    held = np.eye(3) - (1.0 - grip.along_share) * np.outer(way, way)
    weighed = library.kron(library.diags(strength), held, format="csr") @ apart
    return (apart.T @ weighed).tocsr(), float(area.sum())


def _crossing_mm(beam: Beam, joint: Joint) -> float:
    """The depth at which the implant's axis passes nearest to the joint's mid-surface."""
    depths = np.linspace(0.0, beam.implant.size.length_mm, 4 * len(beam.depths_mm))
    axis = beam.implant.pose.entry_mm + depths[:, None] * beam.implant.pose.direction
    away = np.linalg.norm(axis[:, None, :] - joint.points_mm[None], axis=2).min(axis=1)
    return float(depths[int(away.argmin())])
