"""The surfaces of a plan's implants, for the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nutation.anatomy.solids import mesh
from nutation.anatomy.space import Frame
from nutation.planning.document import implants_of


def implant_surfaces(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Vertices (n, 3) in LPS millimetres and triangles (m, 3) of each implant of a plan document."""
    kept = document["pelvic_frame"]
    axes = np.array([kept["axes"][name] for name in ("left", "posterior", "cranial")], dtype=np.float64).T
    frame = Frame(axes, np.array(kept["origin_mm"], dtype=np.float64))
    found: list[dict[str, Any]] = []
    for implant in implants_of(document, frame):
        vertices, faces = mesh(implant)
        lps = np.round(frame.to_lps(np.asarray(vertices, dtype=np.float64)), 3)
        found.append({"vertices": lps.tolist(), "faces": faces.tolist()})
    return found
