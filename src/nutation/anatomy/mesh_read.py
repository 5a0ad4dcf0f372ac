"""Triangles from a file, repaired where their inside stays defined; an error with the place where it does not."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.space import Floats
from nutation.record.errors import InputError

Faces = NDArray[np.int64]

READ = (".vtp", ".vtk", ".stl", ".ply", ".obj")

# A hole up to the area of a circle of this diameter is closed; a larger one may be where the bone was cut (a sacrum's
# cross-section is 40 mm and more), and its inside is a guess. Real surfaces that are closed but for a torn end have
# holes of up to 25 mm.
LARGEST_HOLE_MM = 30.0
TOLD_HOLE_MM = 10.0

# Where more than this share of the edges is open, triangles are missing everywhere; whole bones have under one in two
# hundred, and what closing as many small holes makes of the wall nobody has seen.
RAGGED_SHARE = 0.05

# Parts smaller than this share of the largest are strays that need no word.
STRAY = 0.01


@dataclass(frozen=True, slots=True)
class Surface:
    """A closed surface of one bone: vertices (n, 3) in the file's coordinates, triangles (m, 3) turned outwards."""

    file: str
    vertices: Floats
    faces: Faces
    warnings: tuple[str, ...]

    @property
    def corners(self) -> Floats:
        """The triangles' corners, (m, 3, 3)."""
        return np.asarray(self.vertices[self.faces], dtype=np.float64)

    @property
    def volume_ml(self) -> float:
        """What the surface encloses, by the divergence theorem."""
        return volume_mm3(self.corners) / 1000.0

    @property
    def edge_mm(self) -> float:
        """The mean length of the triangles' edges."""
        corners = self.corners
        return float(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).mean())


def volume_mm3(corners: Floats) -> float:
    """The signed volume of triangles (m, 3, 3), taken from their middle: distance from the origin costs no digits."""
    middle = corners - corners.mean(axis=(0, 1))
    return float(np.einsum("ij,ij->", middle[:, 0], np.cross(middle[:, 1], middle[:, 2])) / 6.0)


def read_surface(path: Path, bone: str = "bone") -> Surface:
    """A bone's surface from .vtp, .vtk, .stl, .ply or .obj: single vertices, no doubled faces, one part, closed.

    `bone` names it in errors and warnings: three surfaces often bear one file name in three folders.

    Raises `InputError` where the file is no surface or has a hole too large to be closed.
    """
    file = f"{path.name} ({bone})"
    vertices, faces = _triangles(path, file)
    if not np.isfinite(vertices).all():
        raise InputError("holds coordinates that are no numbers.", file=file, mend="export the surface again.")
    warnings: list[str] = []
    vertices, faces = _single(vertices, faces)
    vertices, faces = _largest(vertices, faces, file, warnings)
    edges = _edges(faces)
    first, count = _counted(edges)
    # Across an edge that an odd number of faces share, inside and outside run together.
    holes, many = edges[first[count % 2 == 1]], int((count > 2).sum())
    if len(holes) > RAGGED_SHARE * len(first):
        raise InputError(
            f"{len(holes) / len(first):.0%} of the surface's edges are open: too many triangles are missing.",
            file=file,
            mend="export the bone's surface again, whole.",
        )
    if len(holes):
        faces = _closed(vertices, faces, holes, file, warnings)
    if len(holes) or many:
        warnings.append(
            f"{file}: the surface is not clean: {len(holes)} open edges (closed), {many} edges with more than "
            "two faces."
        )
    surface = Surface(file, vertices, _outwards(vertices, faces), tuple(warnings))
    if surface.volume_ml <= 0:
        raise InputError("encloses nothing.", file=file, mend="export the bone as a closed surface.")
    return surface


def _triangles(path: Path, file: str) -> tuple[Floats, Faces]:
    kind = path.suffix.lower()
    if kind not in READ:
        raise InputError(f"'{kind}' is no surface that is read here.", file=file, mend=f"give {', '.join(READ)}.")
    if not path.is_file():
        raise InputError("there is no such surface.", file=file, mend="check the path.")
    vertices, faces = _by_vtk(path) if kind in (".vtp", ".vtk") else _by_trimesh(path, file)
    if not len(faces):
        raise InputError("holds no triangles, or cannot be read.", file=file, mend="export the bone's surface again.")
    return vertices, faces


def vtk_and_arrays() -> tuple[Any, Any]:
    """VTK and its bridge to NumPy, imported when first needed."""
    return importlib.import_module("vtk"), importlib.import_module("vtk.util.numpy_support")


def _by_vtk(path: Path) -> tuple[Floats, Faces]:
    library, arrays = vtk_and_arrays()
    to_numpy = arrays.vtk_to_numpy
    reader = library.vtkXMLPolyDataReader() if path.suffix.lower() == ".vtp" else library.vtkPolyDataReader()
    # VTK writes its complaints to standard error and goes on; they are told as an InputError instead.
    for source in (reader, reader.GetXMLParser() if hasattr(reader, "GetXMLParser") else None):
        if source is not None:
            source.AddObserver("ErrorEvent", _quiet)
            source.AddObserver("WarningEvent", _quiet)
    reader.SetFileName(str(path))
    only = library.vtkTriangleFilter()
    only.SetInputConnection(reader.GetOutputPort())
    only.PassLinesOff()
    only.PassVertsOff()
    only.AddObserver("ErrorEvent", _quiet)
    shown = bool(library.vtkObject.GetGlobalWarningDisplay())
    library.vtkObject.GlobalWarningDisplayOff()
    try:
        only.Update()
    finally:
        library.vtkObject.SetGlobalWarningDisplay(shown)
    found = only.GetOutput()
    if not found.GetNumberOfPolys():
        return np.empty((0, 3)), np.empty((0, 3), dtype=np.int64)
    vertices = np.array(to_numpy(found.GetPoints().GetData()), dtype=np.float64)
    faces = np.array(to_numpy(found.GetPolys().GetConnectivityArray()), dtype=np.int64).reshape(-1, 3)
    return vertices, faces


def _quiet(*_: object) -> None:
    """Takes a complaint and says nothing."""


def _by_trimesh(path: Path, file: str) -> tuple[Floats, Faces]:
    import trimesh

    library = cast("Any", trimesh)
    try:
        mesh = library.load(str(path), force="mesh", process=False)
        return np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces, dtype=np.int64).reshape(-1, 3)
    except Exception as error:
        # Its readers raise whatever the damage makes of them (struct, key, index, value errors).
        raise InputError(
            f"not readable as a surface ({type(error).__name__}).", file=file, mend="export it again."
        ) from error


def _single(vertices: Floats, faces: Faces) -> tuple[Floats, Faces]:
    """Each vertex once (STL repeats them), no face without area, no face twice."""
    order = np.lexsort(vertices.T)
    placed = vertices[order]
    new = np.concatenate([[True], (placed[1:] != placed[:-1]).any(axis=1)])
    where = np.empty(len(vertices), dtype=np.int64)
    where[order] = np.cumsum(new) - 1
    vertices, faces = placed[new], where[faces]
    ordered = np.sort(faces, axis=1)
    real = (ordered[:, 0] != ordered[:, 1]) & (ordered[:, 1] != ordered[:, 2])
    ordered, faces = ordered[real], faces[real]
    order = np.lexsort(ordered.T)
    placed = ordered[order]
    new = np.concatenate([[True], (placed[1:] != placed[:-1]).any(axis=1)])
    return vertices, faces[np.sort(order[new])]


def _largest(vertices: Floats, faces: Faces, file: str, warnings: list[str]) -> tuple[Floats, Faces]:
    """The part with the most area. Shells within it (marrow left out by a segmentation) go with the strays."""
    from scipy import sparse

    library = cast("Any", sparse)
    count = len(vertices)
    links = (np.ones(2 * len(faces)), (np.tile(faces[:, 0], 2), np.concatenate([faces[:, 1], faces[:, 2]])))
    number, part = library.csgraph.connected_components(library.coo_matrix(links, shape=(count, count)), directed=False)
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2.0
    sums = np.bincount(part[faces[:, 0]], weights=area, minlength=int(number))
    largest = int(np.argmax(sums))
    rest = 1.0 - float(sums[largest] / sums.sum())
    if rest > STRAY:
        warnings.append(f"{file}: {rest:.0%} of the surface lies in separate parts and is left out.")
    faces = faces[part[faces[:, 0]] == largest]
    used, faces = np.unique(faces, return_inverse=True)
    return vertices[used], faces.reshape(-1, 3).astype(np.int64)


def _edges(faces: Faces) -> Faces:
    """Each triangle's directed edges, (3m, 2)."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def _counted(edges: Faces) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first place of each undirected edge, and how many faces have it."""
    low, high = edges.min(axis=1), edges.max(axis=1)
    # One number an edge: sorting pairs would take many times as long.
    key = low * (int(edges.max()) + 1) + high
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    return first, count


def _closed(vertices: Floats, faces: Faces, holes: Faces, file: str, warnings: list[str]) -> Faces:
    """Each rim of open edges closed by triangles across it. Every edge then has an even number of faces.

    Large is judged by the area that the rim goes round: a long slit is closed, a cut face is not.
    """
    added: list[Faces] = []
    directed: set[tuple[int, int]] = {(a, b) for a, b in holes.tolist()}
    for rim in _rims(holes):
        # Against the direction of the faces that are there, so that the winding goes on.
        if sum((a, b) in directed for a, b in pairwise([*rim, rim[0]])) > len(rim) / 2:
            rim.reverse()
        points = vertices[rim]
        middle = points.mean(axis=0)
        around = np.cross(points - middle, np.roll(points, -1, axis=0) - middle).sum(axis=0) / 2.0
        width = float(np.sqrt(np.linalg.norm(around) * 4.0 / np.pi))
        place = f"around ({middle[0]:.0f}, {middle[1]:.0f}, {middle[2]:.0f}) mm"
        if width > TOLD_HOLE_MM:
            warnings.append(f"{file}: a hole as large as a circle of {width:.0f} mm {place} was closed; look there.")
        if width > LARGEST_HOLE_MM:
            raise InputError(
                f"the surface is open: a hole as large as a circle of {width:.0f} mm, so its inside is not defined.",
                file=file,
                place=place,
                mend="close the surface where the bone was cut, or segment the whole bone.",
            )
        added.append(_across(vertices, rim))
    return np.vstack([faces, *added])


def _rims(holes: Faces) -> list[list[int]]:
    """Open edges as closed rims of vertices. Each vertex has an even number of them, so every walk returns."""
    to: dict[int, list[int]] = {}
    for a, b in holes.tolist():
        to.setdefault(a, []).append(b)
        to.setdefault(b, []).append(a)
    rims: list[list[int]] = []
    for start in list(to):
        walk = [start]
        while to[walk[-1]] or len(walk) > 1:
            here = walk[-1]
            there = to[here].pop()
            to[there].remove(here)
            if there in walk:
                at = walk.index(there)
                rims.append(walk[at:])
                del walk[at + 1 :]
            else:
                walk.append(there)
    return [rim for rim in rims if len(rim) > 2]


def _across(vertices: Floats, rim: list[int]) -> Faces:
    """Triangles over a rim, the shortest new edge first: across a slit and not along it."""
    left = list(rim)
    found: list[tuple[int, int, int]] = []
    while len(left) > 3:
        before, after = np.roll(left, 1), np.roll(left, -1)
        at = int(np.argmin(np.linalg.norm(vertices[before] - vertices[after], axis=1)))
        found.append((int(before[at]), left[at], int(after[at])))
        del left[at]
    found.append((left[0], left[1], left[2]))
    return np.array(found, dtype=np.int64)


def _outwards(vertices: Floats, faces: Faces) -> Faces:
    """The faces wound alike, so that the volume they enclose is positive."""
    import trimesh

    mesh = cast("Any", trimesh).Trimesh(vertices, faces, process=False)
    if not bool(mesh.is_winding_consistent):
        cast("Any", trimesh).repair.fix_winding(mesh)
        faces = np.asarray(mesh.faces, dtype=np.int64)
    return faces if volume_mm3(vertices[faces]) >= 0 else faces[:, ::-1]
