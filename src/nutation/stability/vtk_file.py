"""The mesh with its displacements as a VTK file (.vtu), for ParaView and 3D Slicer: cubes in LPS millimetres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from nutation.anatomy.space import Floats, Frame
from nutation.stability.mesh import VoxelMesh

HEXAHEDRON = (0, 1, 3, 2, 4, 5, 7, 6)
"""Corners of `mesh.CORNERS` in VTK's order: around the lower face, then around the upper one."""


def vtk_file(mesh: VoxelMesh, frame: Frame, displacements: Mapping[str, Floats]) -> bytes:
    """The cubes as a VTK unstructured grid, compressed.

    Every cube has `bone` (its code) and `modulus_mpa`, every node `bone` and each of the displacements (at least
    `mesh.unknowns` values, mm, pelvic frame) as a vector in LPS by its name.
    """
    from vtkmodules.util import numpy_support
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import VTK_HEXAHEDRON, vtkCellArray, vtkUnstructuredGrid
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

    support = cast("Any", numpy_support)

    def array(values: Any, name: str) -> Any:
        made = support.numpy_to_vtk(np.ascontiguousarray(values), deep=True)
        made.SetName(name)
        return made

    grid: Any = vtkUnstructuredGrid()
    points: Any = vtkPoints()
    points.SetData(array(frame.to_lps(mesh.places_mm).astype(np.float32), "lps_mm"))
    grid.SetPoints(points)
    cells: Any = vtkCellArray()
    count = len(mesh.elements)
    cells.SetData(
        support.numpy_to_vtkIdTypeArray(np.arange(0, 8 * count + 1, 8, dtype=np.int64), deep=True),
        support.numpy_to_vtkIdTypeArray(mesh.elements[:, list(HEXAHEDRON)].ravel().astype(np.int64), deep=True),
    )
    grid.SetCells(VTK_HEXAHEDRON, cells)
    grid.GetCellData().AddArray(array(mesh.element_body, "bone"))
    grid.GetCellData().AddArray(array(mesh.modulus_mpa.astype(np.float32), "modulus_mpa"))
    grid.GetPointData().AddArray(array(mesh.node_body, "bone"))
    for name, moved in displacements.items():
        vectors = frame.vectors_to_lps(np.asarray(moved[: mesh.unknowns], dtype=np.float64).reshape(-1, 3))
        grid.GetPointData().AddArray(array(vectors.astype(np.float32), name))
    writer: Any = vtkXMLUnstructuredGridWriter()
    writer.SetInputData(grid)
    writer.SetDataModeToBinary()
    writer.SetCompressorTypeToZLib()
    writer.WriteToOutputStringOn()
    writer.Write()
    return cast("str", writer.GetOutputString()).encode("ascii")
