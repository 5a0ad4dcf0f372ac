"""Surfaces as binary STL in LPS millimetres. STL names no units and no axes; 3D Slicer reads both from the header."""

from __future__ import annotations

from typing import Any, cast

from nutation.planning.exports.surfaces import Surface

# 3D Slicer looks for these words in the 80 bytes that open a file, and takes RAS or LPS as told.
_HEADER = b"SPACE=LPS; UNITS=mm; Nutation"


def stl(surface: Surface) -> bytes:
    """The surface as a binary STL file."""
    import trimesh

    mesh: Any = cast(Any, trimesh).Trimesh(surface.vertices, surface.faces, process=False)
    content: bytes = mesh.export(file_type="stl")
    return _HEADER.ljust(80, b" ") + content[80:]
