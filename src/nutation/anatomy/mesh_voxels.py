"""A closed surface cut into voxels of any grid, turned ones too."""

from __future__ import annotations

import numpy as np

from nutation.anatomy.labels_field import Box, reach
from nutation.anatomy.mesh_read import Faces, vtk_and_arrays
from nutation.anatomy.space import Floats, Grid, Mask


def voxels(vertices: Floats, faces: Faces, grid: Grid) -> tuple[Mask, Box] | None:
    """The voxels of the grid whose centres lie inside, in their box; None where the grid does not meet the surface.

    Cut slice by slice (VTK's stencil) in the grid's own frame, so that a turned grid costs nothing.
    """
    library, arrays = vtk_and_arrays()
    box = reach(vertices, grid)
    if box is None:
        return None
    local = np.ascontiguousarray(grid.frame.from_lps(vertices))
    points = library.vtkPoints()
    points.SetData(arrays.numpy_to_vtk(local, deep=True))
    cells = library.vtkCellArray()
    ends = np.arange(0, 3 * len(faces) + 1, 3, dtype=np.int64)
    as_ids = arrays.numpy_to_vtkIdTypeArray
    cells.SetData(as_ids(ends, deep=True), as_ids(np.ascontiguousarray(faces.ravel()), deep=True))
    surface = library.vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(cells)
    extent = [edge for part in box for edge in (part.start, part.stop - 1)]
    spacing = [float(s) for s in grid.spacing_mm]
    stencil = library.vtkPolyDataToImageStencil()
    stencil.SetInputData(surface)
    stencil.SetOutputOrigin(0.0, 0.0, 0.0)
    stencil.SetOutputSpacing(*spacing)
    stencil.SetOutputWholeExtent(*extent)
    image = library.vtkImageStencilToImage()
    image.SetInputConnection(stencil.GetOutputPort())
    image.SetInsideValue(1)
    image.SetOutsideValue(0)
    image.SetOutputScalarTypeToUnsignedChar()
    image.Update()
    shape = tuple(part.stop - part.start for part in box)
    values = arrays.vtk_to_numpy(image.GetOutput().GetPointData().GetScalars()).reshape(shape[::-1])
    return np.ascontiguousarray(values.transpose(2, 1, 0)) > 0, box
