"""The soft joints as interfaces: springs per area between two bones, over the surface midway between them.

At every point of the mid-surface the displacements of both bones are taken at that same point, each bone reaching there
with a rigid arm, so that a motion of the whole costs nothing. The stiffness per area is that of a layer as thick as the
gap: across it the modulus of a layer that cannot spread (M), since cartilage is twenty times wider than thick and
bonded to bone on both sides; along it the shear modulus (G). It comes from the gap, never from the size of the cubes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nutation.anatomy.pelvis import HIP_OF, SACRUM, Joint
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats, unit
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.attach import attach_arm, picked
from nutation.stability.mesh import VoxelMesh

SPREAD_NEIGHBOURS = 12
"""Nearest points from which the area of each is told where the joint does not give it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A soft layer between two bones: points (n, 3), normals (n, 3) from the first bone to the second, thickness (n,)
    and area (n,) of each point; moduli in MPa across and along. `evidence` names the entries of its figures."""

    name: str
    first: int
    second: int
    points_mm: Floats
    normals: Floats
    thickness_mm: Floats
    areas_mm2: Floats
    across_mpa: float
    along_mpa: float
    evidence: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def area_mm2(self) -> float:
        """The layer's area."""
        return float(self.areas_mm2.sum())

    @property
    def across_n_per_mm(self) -> float:
        """The layer's stiffness against pressing and pulling, the bones rigid."""
        return self.across_mpa * float((self.areas_mm2 / self.thickness_mm).sum())

    @property
    def along_n_per_mm(self) -> float:
        """The layer's stiffness against sliding, the bones rigid."""
        return self.along_mpa * float((self.areas_mm2 / self.thickness_mm).sum())


@dataclass(frozen=True, slots=True)
class Interface:
    """A layer on a mesh: CSR matrices (3 nodes, 3 nodes) in N/mm of what resists across and what along the layer.

    Both scale with their modulus, so that a sweep is `a * across + b * along`.
    """

    layer: Layer
    across: Any
    along: Any

    @property
    def matrix(self) -> Any:
        """Both together, at the layer's own moduli."""
        return (self.across + self.along).tocsr()


def confined_mpa(modulus_mpa: float, poisson: float) -> float:
    """The modulus of a layer that is pressed and cannot spread (oedometric)."""
    return modulus_mpa * (1 - poisson) / ((1 + poisson) * (1 - 2 * poisson))


def shear_mpa(modulus_mpa: float, poisson: float) -> float:
    """The shear modulus."""
    return modulus_mpa / (2 * (1 + poisson))


def joint_layer(joint: Joint, *, cartilage: str = "si_cartilage") -> Layer:
    """The sacroiliac joint as a layer, its moduli those of an entry of the evidence (`modulus_mpa`, `poisson`).

    Its thickness is the true gap, but no less than the cited thickness of both cartilages: on CT the gap comes out
    narrower than it is, since calcified cartilage and blur count as bone. Where the gap was cut between touching bones
    it says nothing, and the cited thickness stands in for it everywhere.
    """
    evidence = load()
    figures, cited = evidence.entry(cartilage), evidence.entry("si_cartilage_thickness")
    sacral, iliac = cited.number("sacral_mm"), cited.number("iliac_mm")
    modulus, poisson = figures.number("modulus_mpa"), figures.number("poisson")
    thickness = np.maximum(joint.gap_mm, sacral + iliac)
    warnings: tuple[str, ...] = ()
    if joint.synthesised:
        thickness = np.full(len(joint.points_mm), sacral + iliac)
        told = f"{sacral + iliac:.2f} mm of cartilage are taken for it everywhere."
        warnings = (f"The {joint.side} sacroiliac joint's gap is not in the image: {told}",)
    return Layer(
        name=f"{joint.side} sacroiliac joint",
        first=SACRUM,
        second=HIP_OF[joint.side],
        points_mm=joint.points_mm,
        normals=joint.normals,
        thickness_mm=np.asarray(thickness, dtype=np.float64),
        areas_mm2=point_areas(joint),
        across_mpa=confined_mpa(modulus, poisson),
        along_mpa=shear_mpa(modulus, poisson),
        evidence=(cartilage, "si_cartilage_thickness"),
        warnings=warnings,
    )


def point_areas(joint: Joint) -> Floats:
    """The area (n,) of each point of a joint: its own, or told from how densely the points lie."""
    if joint.areas_mm2 is not None:
        return joint.areas_mm2
    return spread_areas(joint.points_mm, joint.area_mm2)


def spread_areas(points_mm: Floats, area_mm2: float) -> Floats:
    """An area shared out to the points (n, 3) of a surface by how far apart they lie there."""
    from scipy import spatial

    library: Any = spatial
    count = min(SPREAD_NEIGHBOURS, len(points_mm))
    reach = np.asarray(library.cKDTree(points_mm).query(points_mm, k=count)[0], dtype=np.float64)
    share = reach.reshape(len(points_mm), -1)[:, -1] ** 2 if count > 1 else np.ones(len(points_mm))
    return np.asarray(area_mm2 * share / share.sum(), dtype=np.float64)


def interface_of(mesh: VoxelMesh, layer: Layer) -> Interface:
    """The layer's springs on a mesh. Raises InputError where the layer has no area, or the mesh lacks a bone."""
    if not len(layer.points_mm) or layer.area_mm2 <= 0:
        raise InputError(f"the {layer.name} has no area", place=layer.name)
    first = attach_arm(mesh, layer.first, layer.points_mm)
    between = (attach_arm(mesh, layer.second, layer.points_mm) - first).tocsr()
    per_mm = layer.areas_mm2 / layer.thickness_mm
    normals = unit(layer.normals)
    one, other = _tangents(normals)
    across = _springs(picked(between, normals), layer.across_mpa * per_mm)
    sliding = _springs(picked(between, one), layer.along_mpa * per_mm) + _springs(
        picked(between, other), layer.along_mpa * per_mm
    )
    return Interface(layer, across, sliding.tocsr())


def layers_of(joints: dict[Side, Joint], *, cartilage: str = "si_cartilage") -> tuple[Layer, ...]:
    """The layers of several joints."""
    return tuple(joint_layer(joint, cartilage=cartilage) for joint in joints.values())


def _springs(rows: Any, stiffness: Floats) -> Any:
    """Springs (n,) along rows (n, unknowns) as a matrix of the unknowns."""
    from scipy import sparse

    library: Any = sparse
    half = library.diags(np.sqrt(stiffness)) @ rows
    return (half.T @ half).tocsr()


def _tangents(normals: Floats) -> tuple[Floats, Floats]:
    """Two unit vectors (n, 3) at right angles to each normal and to each other."""
    axis = np.zeros_like(normals)
    axis[np.arange(len(normals)), np.abs(normals).argmin(axis=1)] = 1.0
    one = unit(np.cross(normals, axis))
    return one, np.cross(normals, one)
