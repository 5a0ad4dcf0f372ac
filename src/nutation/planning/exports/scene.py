"""Bones, implants and guide pins as one glTF scene (GLB), for viewers of any kind.

glTF's convention is metres, y up, and a figure that faces +z has its left at +x. So LPS millimetres (left, backwards,
up) become (left, up, forwards) in metres: a turn, never a mirror. The scene's `extras` say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import numpy as np

from nutation.anatomy.space import Floats
from nutation.planning.exports.surfaces import COLOURS, Surface

LPS_MM_TO_GLTF_M: Floats = np.array(
    [[0.001, 0.0, 0.0, 0.0], [0.0, 0.0, 0.001, 0.0], [0.0, -0.001, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""(4, 4): a point of the input's LPS millimetres in the scene."""


def scene(surfaces: Iterable[Surface], *, about: dict[str, str] | None = None) -> bytes:
    """The surfaces as a binary glTF file, one node each by its name; `about` is kept in the scene's extras."""
    import trimesh

    library = cast(Any, trimesh)
    whole: Any = library.Scene()
    for surface in surfaces:
        red, green, blue, opacity = COLOURS[surface.kind]
        material = library.visual.material.PBRMaterial(
            name=surface.kind,
            baseColorFactor=(red, green, blue, opacity),
            metallicFactor=0.6 if surface.kind in ("implant", "pin", "metal") else 0.0,
            roughnessFactor=0.5 if surface.kind in ("implant", "pin", "metal") else 0.9,
            alphaMode="BLEND" if opacity < 255 else "OPAQUE",
            doubleSided=True,
        )
        points = surface.vertices @ LPS_MM_TO_GLTF_M[:3, :3].T
        mesh = library.Trimesh(points, surface.faces, process=False)
        mesh.visual = library.visual.TextureVisuals(material=material)
        whole.add_geometry(mesh, node_name=surface.name, geom_name=surface.name)
    whole.metadata.update(
        {"axes": "x to the patient's left, y up (cranial), z forwards (anterior)", "units": "metres", **(about or {})}
    )
    return cast(bytes, whole.export(file_type="glb"))
