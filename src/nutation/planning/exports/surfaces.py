"""Bones and implants as closed surfaces in LPS millimetres, each with its name and colour: what STL and glTF carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import L5, LEFT_HIP, METAL, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.plan import Plan

Faces = NDArray[np.int64]

BONES: dict[int, str] = {SACRUM: "sacrum", LEFT_HIP: "left_hip", RIGHT_HIP: "right_hip", L5: "l5", METAL: "metal"}
"""The bones that are drawn, with the names of their files; metal that was there before is drawn beside them."""

COLOURS: dict[str, tuple[int, int, int, int]] = {
    "sacrum": (226, 214, 190, 150),
    "left_hip": (205, 190, 165, 150),
    "right_hip": (205, 190, 165, 150),
    "l5": (215, 205, 185, 120),
    "metal": (120, 120, 125, 255),
    "implant": (10, 110, 150, 255),
    "pin": (190, 60, 40, 255),
}
"""Red, green, blue, opacity of 255 each. Bone is drawn translucent so that implants in it are seen."""

# A surface through the corners of voxels is all steps; a blur of this width in voxels rounds them off and moves a
# flat surface by nothing, a thin sheet of two voxels by about a tenth of one.
_BLUR_VOXELS = 0.6
# A pin is drawn this far out of the bone, so that its direction is seen.
_PIN_OUTSIDE_MM = 60.0
# Blurred voxels beyond this many from the bone stay below one half, so the box around a bone needs no more.
_RIM_VOXELS = 3


@dataclass(frozen=True, slots=True)
class Surface:
    """One closed surface: `vertices` (n, 3) in LPS mm, `faces` (m, 3) turned outwards, `kind` a key of COLOURS."""

    name: str
    kind: str
    vertices: Floats
    faces: Faces


def bones(pelvis: Pelvis) -> tuple[Surface, ...]:
    """The bones that the pelvis has, by marching cubes, within about half a voxel of their voxels."""
    return tuple(_bone(pelvis, code, name) for code, name in BONES.items() if np.any(pelvis.labels == code))


def implants(plan: Plan, pelvis: Pelvis) -> tuple[Surface, ...]:
    """The plan's implants in their poses, from cranial to caudal."""
    from nutation.anatomy.solids import mesh

    found: list[Surface] = []
    for number, planned in enumerate(plan.implants, 1):
        vertices, faces = mesh(planned.implant)
        lps = pelvis.frame.to_lps(np.asarray(vertices, dtype=np.float64))
        found.append(Surface(f"implant_{number}_{planned.position}", "implant", lps, _outward(lps, faces)))
    return tuple(found)


def pins(plan: Plan, pelvis: Pelvis) -> tuple[Surface, ...]:
    """Guide pins where the catalogue gives their diameter, from outside the skin of bone to the implant's tip."""
    import trimesh

    found: list[Surface] = []
    for number, planned in enumerate(plan.implants, 1):
        size, pose = planned.implant.size, planned.implant.pose
        if size.pin_diameter_mm is None:
            continue
        ends = pelvis.frame.to_lps(np.stack([pose.at(-_PIN_OUTSIDE_MM), planned.implant.tip_mm]))
        made: Any = cast(Any, trimesh).creation.cylinder(size.pin_diameter_mm / 2, segment=ends, sections=24)
        vertices = np.asarray(made.vertices, dtype=np.float64)
        found.append(Surface(f"pin_{number}_{planned.position}", "pin", vertices, _outward(vertices, made.faces)))
    return tuple(found)


def joined(surfaces: tuple[Surface, ...], name: str) -> Surface:
    """Several surfaces as one, for files that hold only one."""
    vertices = np.concatenate([surface.vertices for surface in surfaces])
    starts = np.cumsum([0, *(len(surface.vertices) for surface in surfaces)])
    faces = np.concatenate([surface.faces + start for surface, start in zip(surfaces, starts, strict=False)])
    return Surface(name, surfaces[0].kind, vertices, faces)


def _bone(pelvis: Pelvis, code: int, name: str) -> Surface:
    from scipy.ndimage import gaussian_filter  # pyright: ignore[reportUnknownVariableType]
    from skimage import measure

    mask = pelvis.labels == code
    low, high = _box(mask)
    part = np.pad(mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], _RIM_VOXELS)
    smooth: Any = cast(Any, gaussian_filter)(part.astype(np.float32), _BLUR_VOXELS)
    made: Any = cast(Any, measure).marching_cubes(smooth, min(0.5, 0.5 * float(smooth.max())))
    index = np.asarray(made[0], dtype=np.float64) + low - _RIM_VOXELS
    lps = pelvis.grid.points(index)
    return Surface(name, name, lps, _outward(lps, made[1]))


def _box(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    axes = (np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3))
    ends = np.array([(found[0], found[-1] + 1) for found in axes], dtype=np.int64)
    return ends[:, 0], ends[:, 1]


def _outward(vertices: Floats, faces: Any) -> Faces:
    """The faces so turned that the volume that they enclose is positive."""
    told = np.asarray(faces, dtype=np.int64)
    a, b, c = (vertices[told[:, corner]] - vertices.mean(axis=0) for corner in range(3))
    volume = float(np.einsum("ij,ij->", a, np.cross(b, c)))
    return told if volume >= 0 else np.ascontiguousarray(told[:, ::-1])
