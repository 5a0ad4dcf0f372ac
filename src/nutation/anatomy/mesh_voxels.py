"""A closed surface cut into voxels of any grid, turned ones too."""

from __future__ import annotations

import numpy as np

from nutation.anatomy.labels_field import Box, reach
from nutation.anatomy.mesh_read import Faces, vtk_and_arrays
from nutation.anatomy.space import Floats, Grid, Mask

# Slices that are cut at once.
SLICES = 24


def voxels(vertices: Floats, faces: Faces, grid: Grid) -> tuple[Mask, Box] | None:
    """The voxels of the grid whose centres lie inside, in their box; None where the grid does not meet the surface.

    Cut slice by slice (VTK's stencil) in the grid's own frame, so that a turned grid costs nothing.
    """
    box = reach(vertices, grid)
    if box is None:
        return None
    local = np.ascontiguousarray(grid.frame.from_lps(vertices))
    heights = local[faces, 2] / float(grid.spacing_mm[2])
    low, high = heights.min(axis=1), heights.max(axis=1)
    shape = tuple(part.stop - part.start for part in box)
    mask = np.zeros(shape, dtype=np.bool_)
    for start in range(box[2].start, box[2].stop, SLICES):
        stop = min(start + SLICES, box[2].stop)
        # Only what reaches these slices: the stencil looks at every triangle for every slice.
        here = faces[(high >= start - 1) & (low <= stop)]
        if len(here):
            slab: Box = (box[0], box[1], slice(start, stop))
            mask[:, :, start - box[2].start : stop - box[2].start] = _stencil(local, here, grid, slab)
    return mask, box


def _stencil(local: Floats, faces: Faces, grid: Grid, box: Box) -> Mask:
    """The voxels of a box whose centres lie inside a surface given in the grid's own axes."""
    library, arrays = vtk_and_arrays()
    used, faces = np.unique(faces, return_inverse=True)
    points = library.vtkPoints()
    points.SetData(arrays.numpy_to_vtk(np.ascontiguousarray(local[used]), deep=True))
    cells = library.vtkCellArray()
    count = faces.size
    ends = np.arange(0, count + 1, 3, dtype=np.int64)
    as_ids = arrays.numpy_to_vtkIdTypeArray
    cells.SetData(as_ids(ends, deep=True), as_ids(np.ascontiguousarray(faces.ravel(), dtype=np.int64), deep=True))
    surface = library.vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(cells)
    stencil = library.vtkPolyDataToImageStencil()
    stencil.SetInputData(surface)
    stencil.SetOutputOrigin(0.0, 0.0, 0.0)
    stencil.SetOutputSpacing(*[float(s) for s in grid.spacing_mm])
    stencil.SetOutputWholeExtent(*[edge for part in box for edge in (part.start, part.stop - 1)])
    image = library.vtkImageStencilToImage()
    image.SetInputConnection(stencil.GetOutputPort())
    image.SetInsideValue(1)
    image.SetOutsideValue(0)
    image.SetOutputScalarTypeToUnsignedChar()
    image.Update()
    shape = tuple(part.stop - part.start for part in box)
    values = arrays.vtk_to_numpy(image.GetOutput().GetPointData().GetScalars()).reshape(shape[::-1])
    return np.asarray(values.transpose(2, 1, 0) > 0, dtype=np.bool_)
