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

from nutation.anatomy.implants import Implant, Material
from nutation.anatomy.openings_masks import sampled
from nutation.anatomy.pelvis import BONE_NAMES, HIP_OF, SACRUM, Joint, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.attach import attach, threefold
from nutation.stability.beams import Beam, beam_of
from nutation.stability.fill import bone_mask, surface_distance
from nutation.stability.materials import RESOLVED_MM
from nutation.stability.mesh import VoxelMesh

FADE_MM = 1.0
"""A surface point counts as held by a bone from half of this outside its surface (not at all) to half inside."""

COARSE_BED = 0.55
"""By so much per millimetre of cube beyond `RESOLVED_MM` the bed is taken for thicker: coarse cubes give way too little
around an implant. In two blocks cubes of 2 mm needed a bed thicker by 0.55 to 0.7 mm to move as cubes of 1 mm; with it
pelvis 3 with implants moves alike (2 %) in cubes of 4, 3 and 2 mm, pelvis 17 still by 7 and 5 % less in the coarser
ones. On both the motion differs by no more than 4 % between cubes of 2 and 1 mm, where nothing is added: finer cubes
give way more, but tell the shell more sharply, which holds more firmly (benchmarks/stability_convergence.py)."""

PARTS = 5
"""Into so many parts a cube of the mesh, and the cube about a surface point, are cut along each edge to tell what of it
is bone and how stiff: as fine as the image for cubes of 4 mm."""

LEAST_FILLED = 0.05
"""A mean over less bone than this share of its cube is not divided up any further."""

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
        self._volumes: dict[int, tuple[Floats, Floats]] = {}

    def held(self, code: int, points_mm: Floats) -> Floats:
        """How far each of the points (n, 3) is held by a bone, 0 to 1, (n,)."""
        return np.clip(0.5 - self._depth_mm(code, points_mm) / FADE_MM, 0.0, 1.0)

    def modulus_mpa(self, code: int, points_mm: Floats, wide_mm: float) -> Floats:
        """The modulus (n,) of a bone about each of the points (n, 3): the mean of what it fills of a cube so wide.

        A point's own cube of the mesh would not do: whether it holds the shell hangs on the grid. A plate then held an
        implant by 0.3 to 1.2 times what it has, and pelvises held theirs a fifth more firmly at 1 mm than at 2.
        """
        low, modulus = self._volume(code)
        places = (points_mm[:, None, :] + wide_mm * (_middles() - 0.5)).reshape(-1, 3)
        cells = np.floor((places - low) / self.mesh.spacing_mm).astype(np.int64)
        there = np.all((cells >= 0) & (cells < modulus.shape), axis=1)
        numbers = np.ravel_multi_index(tuple(np.where(there, cells.T, 0)), modulus.shape)
        there &= modulus.ravel()[numbers] > 0
        used, which = np.unique(numbers, return_inverse=True)
        corners = np.stack(np.unravel_index(used, modulus.shape), axis=1)
        filled = self._filled(code, low + corners * self.mesh.spacing_mm)
        stiff, bone = (
            np.where(there, values[which], 0.0).reshape(len(points_mm), -1).mean(axis=1)
            for values in (modulus.ravel()[used], filled)
        )
        return np.asarray(stiff / np.maximum(bone, LEAST_FILLED), dtype=np.float64)

    def _filled(self, code: int, corners_mm: Floats) -> Floats:
        """What a bone fills of cubes (n,) of the mesh with these lowest corners (n, 3)."""
        edge = self.mesh.spacing_mm
        places = (corners_mm[:, None, :] + edge * _middles()).reshape(-1, 3)
        share = np.clip(0.5 - self._depth_mm(code, places) * PARTS / edge, 0.0, 1.0)
        return np.asarray(share.reshape(len(corners_mm), -1).mean(axis=1), dtype=np.float64)

    def _depth_mm(self, code: int, points_mm: Floats) -> Floats:
        """How far points (n, 3) lie outside a bone's surface (inside: negative), infinite beyond its surroundings."""
        if code not in self._fields:
            mask, start, _ = bone_mask(self._pelvis, code)
            low = self._pelvis.low_mm + start * self._pelvis.spacing_mm
            self._fields[code] = surface_distance(mask, self._pelvis.spacing_mm), np.asarray(low, dtype=np.float64)
        field, low = self._fields[code]
        index = (points_mm - low) / self._pelvis.spacing_mm
        inside = np.all((index >= 0) & (index <= np.array(field.shape) - 1), axis=1)
        depth = np.full(len(points_mm), np.inf)
        depth[inside] = sampled(field, index[inside].T)
        return depth

    def _volume(self, code: int) -> tuple[Floats, Floats]:
        """The lowest corner (3,) of a bone's cubes, and their moduli on the grid, 0 where there is none."""
        if code not in self._volumes:
            mine = self.mesh.element_body == code
            cells = self.mesh.cells[mine]
            first = cells.min(axis=0)
            modulus = np.zeros(cells.max(axis=0) - first + 1)
            modulus[tuple((cells - first).T)] = self.mesh.modulus_mpa[mine]
            self._volumes[code] = self.mesh.low_mm + first * self.mesh.spacing_mm, modulus
        return self._volumes[code]


def place(
    bed: Bed,
    side: Side,
    joint: Joint,
    implants: Sequence[Implant],
    grip: Grip,
    elastic: Mapping[Material, tuple[float, float]],
) -> Placed:
    """The implants of one joint as beams in sacrum and ilium, held by their surface; in the other ilium too where they
    reach it.

    `elastic`: Young modulus in MPa and Poisson's ratio by material. Raises InputError naming an implant that one of the
    joint's two bones does not hold: in air, or short of the joint.
    """
    from scipy import sparse

    library = cast("Any", sparse)
    beams = tuple(beam_of(implant, *elastic[implant.size.material]) for implant in implants)
    sizes = [6 * len(beam.depths_mm) for beam in beams]
    starts = bed.mesh.unknowns + np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    total = int(starts[-1])
    matrix = library.csr_matrix((total, total))
    held: list[Mapping[int, float]] = []
    for number, (beam, start) in enumerate(zip(beams, starts[:-1], strict=True), start=1):
        own = library.coo_matrix(beam.stiffness())
        matrix = matrix + library.csr_matrix((own.data, (own.row + start, own.col + start)), shape=(total, total))
        bones = (SACRUM, HIP_OF[side], *_beyond(bed, beam, side))
        found = {code: _tied(bed, beam, code, grip, int(start), total) for code in bones}
        for code, (_, area) in list(found.items()):
            if area < LEAST_HELD_MM2 and code not in (SACRUM, HIP_OF[side]):
                del found[code]
            elif area < LEAST_HELD_MM2:
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


def elastic() -> dict[Material, tuple[float, float]]:
    """Young modulus in MPa and Poisson's ratio by material; a graft has those of cortical bone, as none of its own was
    found.
    """
    metal, bone = load().entry("titanium"), load().entry("bone_moduli")
    return {
        "titanium": (metal.number("modulus_mpa"), metal.number("poisson")),
        "bone": (bone.number("cortical_mpa"), bone.number("cortical_poisson")),
    }


def _beyond(bed: Bed, beam: Beam, side: Side) -> tuple[int, ...]:
    """The other hip, where the implant passes the middle of the body: one through the whole sacrum may reach it."""
    outwards = 1.0 if side == "left" else -1.0
    if not np.any(outwards * beam.points_mm[:, 0] < 0):
        return ()
    others = (code for name, code in HIP_OF.items() if name != side)
    return tuple(code for code in others if np.any(bed.mesh.element_body == code))


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
    thick = grip.bed_mm + COARSE_BED * max(bed.mesh.spacing_mm - RESOLVED_MM, 0.0)
    strength = bed.modulus_mpa(code, points, grip.bed_mm) / thick * area
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


def _middles() -> Floats:
    """The middles of the `PARTS` ** 3 parts of a cube of edge 1, (parts, 3)."""
    steps = (np.arange(PARTS) + 0.5) / PARTS
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
