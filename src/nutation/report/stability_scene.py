"""The pelvis bent by a load as one glTF scene: bones and implants moved, magnified so that it is seen, bones at rest
beside.

Bones move with the linear field of the nearest cube. An implant has no cubes: it is drawn bent along a cubic through
the motion of the bone around its axis, its sections carried along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from nutation.anatomy.implants import Implant
from nutation.anatomy.pelvis import HIP_OF, LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.planning.exports.scene import LPS_MM_TO_GLTF_M
from nutation.planning.exports.surfaces import COLOURS, Surface, bones
from nutation.stability.attach import attach
from nutation.stability.mesh import VoxelMesh

SHOWN_MM = 12.0
"""The largest displacement is drawn about this long: seen at a glance, with bones not yet through each other."""

FACTORS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Magnifications that are used: round ones, since a reader divides by them."""

FARTHEST_MM = 12.0
"""A surface's point is carried by the nearest cube of its bone, which lies no further: tips thinner than a cube."""

STATION_MM = 2.0
"""Implants are followed along their axes at this distance."""

EDGE_MM = 4.0
"""Edges of an implant's surface are no longer, so that it is seen to bend."""

AT_REST = (90, 110, 130, 45)
"""Red, green, blue and opacity of the bones at rest."""

_CODES = {SACRUM: "sacrum", LEFT_HIP: "left_hip", RIGHT_HIP: "right_hip"}


@dataclass(frozen=True, slots=True)
class Bent:
    """A scene's surfaces: `moved` with bones and implants in LPS mm as drawn, `rest` the bones without the load, and by
    how much the displacement is magnified."""

    moved: tuple[Surface, ...]
    rest: tuple[Surface, ...]
    factor: int


def factor_of(displacement: Floats) -> int:
    """The magnification for displacements (unknowns,) in mm: the largest round one that keeps them on the page."""
    most = float(np.linalg.norm(displacement.reshape(-1, 3), axis=1).max())
    fitting = [one for one in FACTORS if one * most <= SHOWN_MM]
    return max(fitting, default=FACTORS[0])


def bend(
    pelvis: Pelvis, mesh: VoxelMesh, displacement: Floats, side: Side, implants: Sequence[Implant] = ()
) -> Bent:  # fmt: skip
    """Bones and implants of one side moved by displacements (unknowns,) in mm of the pelvic frame, magnified."""
    nodes = np.asarray(displacement[: mesh.unknowns], dtype=np.float64).reshape(-1, 3)
    factor = factor_of(nodes)
    codes = {name: code for code, name in _CODES.items()}
    rest = tuple(one for one in bones(pelvis) if one.name in codes)
    moved = [
        _moved(one, factor * pelvis.frame.vectors_to_lps(_carried(mesh, codes[one.name], local, nodes)))
        for one in rest
        for local in (pelvis.frame.from_lps(one.vertices),)
    ]
    for number, implant in enumerate(implants, 1):
        moved.append(_implant(number, implant, pelvis, mesh, nodes, side, factor))
    return Bent(tuple(moved), rest, factor)


def scene(bent: Bent, *, about: dict[str, str]) -> bytes:
    """The scene as a binary glTF file; `about` and the magnification are kept in its extras."""
    import trimesh

    library = cast("Any", trimesh)
    whole: Any = library.Scene()
    drawn = [(one, one.name, COLOURS[one.kind]) for one in bent.moved]
    drawn += [(one, f"{one.name}_at_rest", AT_REST) for one in bent.rest]
    for surface, name, colour in drawn:
        metal = surface.kind == "implant"
        material = library.visual.material.PBRMaterial(
            name=name, baseColorFactor=colour, metallicFactor=0.6 if metal else 0.0,
            roughnessFactor=0.5 if metal else 0.9, alphaMode="BLEND" if colour[3] < 255 else "OPAQUE", doubleSided=True,
        )  # fmt: skip
        made = library.Trimesh(surface.vertices @ LPS_MM_TO_GLTF_M[:3, :3].T, surface.faces, process=False)
        made.visual = library.visual.TextureVisuals(material=material)
        whole.add_geometry(made, node_name=name, geom_name=name)
    whole.metadata.update(
        {
            "axes": "x to the patient's left, y up (cranial), z forwards (anterior)", "units": "metres",
            "displacement_magnified": str(bent.factor), **about,
        }
    )  # fmt: skip
    return cast("bytes", whole.export(file_type="glb"))


def _carried(mesh: VoxelMesh, code: int, points_mm: Floats, nodes: Floats) -> Floats:
    """Displacements (n, 3) of points (n, 3) that one bone carries, pelvic frame."""
    weights = attach(mesh, code, points_mm, farthest_mm=FARTHEST_MM + mesh.spacing_mm).weights
    return np.asarray(weights @ nodes, dtype=np.float64)


def _moved(surface: Surface, by_mm: Floats) -> Surface:
    return Surface(surface.name, surface.kind, surface.vertices + by_mm, surface.faces)


def _implant(
    number: int, implant: Implant, pelvis: Pelvis, mesh: VoxelMesh, nodes: Floats, side: Side, factor: int
) -> Surface:
    """One implant, bent along a cubic of depth that is fitted to the bone's motion where its axis lies in bone."""
    import trimesh

    from nutation.anatomy.solids import mesh as surface_of

    # A solid has corners at its ends alone; between them it could not bend.
    fine: Any = cast("Any", trimesh).remesh.subdivide_to_size(*surface_of(implant), max_edge=EDGE_MM)
    local, faces = np.asarray(fine[0], dtype=np.float64), np.asarray(fine[1], dtype=np.int64)
    entry, direction, length = implant.pose.entry_mm, implant.pose.direction, implant.size.length_mm
    depths = np.linspace(0.0, length, max(int(length / STATION_MM), 4) + 1)
    axis = entry + depths[:, None] * direction
    index = np.clip(np.rint(pelvis.index(axis)).astype(np.int64), 0, np.array(pelvis.labels.shape) - 1)
    found = pelvis.labels[index[:, 0], index[:, 1], index[:, 2]]
    used, motion = np.zeros(len(depths), dtype=bool), np.zeros((len(depths), 3))
    for code in (SACRUM, HIP_OF[side]):
        mine = found == code
        if mine.any():
            motion[mine] = _carried(mesh, code, axis[mine], nodes)
            used |= mine
    share = depths / length
    order = min(3, max(int(used.sum()) - 1, 0))
    fit = np.polynomial.polynomial.polyfit(share[used], motion[used], order)
    along = np.clip((local - entry) @ direction, 0.0, length) / length
    value = np.polynomial.polynomial.polyval(along, fit).T
    slope = np.polynomial.polynomial.polyval(along, np.polynomial.polynomial.polyder(fit)).T / length
    # A section turns with the axis: what leans the axis by `slope` leans the section by as much.
    across = local - (entry + np.outer(along * length, direction))
    turned = -np.einsum("nc,nc->n", slope, across)[:, None] * direction
    by_mm = factor * pelvis.frame.vectors_to_lps(value + turned)
    name = f"implant_{number}"
    return Surface(name, "implant", pelvis.frame.to_lps(local) + by_mm, faces)
