"""The atlas pelvises as voxels around the sacrum, cut straight from their surfaces: quick, by another way than ours.

Their own axes (LPS) serve as the pelvic frame: they differ from it by a tilt that openings and levels must not mind.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.space import Floats

CASES = (2, 3, 4, 8, 13, 14, 15, 17, 22, 24, 27, 28, 40, 43, 44)
CORRIDORS = {"s1": (2, 3, 4, 8, 14, 17, 22, 24), "s2": (2, 3, 8, 13, 14, 17, 22, 24)}
MARGIN_MM = 20.0


@cache
def atlas_labels(data_dir: Path, case: int, spacing_mm: float) -> tuple[NDArray[np.uint8], Floats]:
    """Labels (i, j, k) and the centre of voxel (0, 0, 0) in LPS."""
    sacrum = _surface(data_dir / "atlas" / "sacrum" / f"{case}.vtp")
    bounds = np.array(sacrum.GetBounds())
    low, high = bounds[::2] - MARGIN_MM, bounds[1::2] + MARGIN_MM
    shape = tuple(int(n) for n in np.ceil((high - low) / spacing_mm))
    labels = np.zeros(shape, dtype=np.uint8)
    for code, name in ((LEFT_HIP, "left"), (RIGHT_HIP, "right")):
        labels[_filled(_surface(data_dir / "atlas" / name / f"{case}.vtp"), low, spacing_mm, shape)] = code
    labels[_filled(sacrum, low, spacing_mm, shape)] = SACRUM
    return labels, low


def corridor_middle(data_dir: Path, level: str, case: int) -> Floats:
    """The middle of an expert's corridor volume, LPS: the centre of its surface, since some are not closed."""
    import trimesh

    mesh: Any = trimesh.load(data_dir / "atlas" / f"corridor_{level}" / f"{case}.stl")
    return np.average(mesh.triangles_center, axis=0, weights=mesh.area_faces)


def _surface(path: Path) -> Any:
    import vtk

    reader = vtk.vtkXMLPolyDataReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def _filled(surface: Any, low: Floats, spacing_mm: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    cut = vtk.vtkPolyDataToImageStencil()
    cut.SetInputData(surface)
    cut.SetOutputOrigin(*low)
    cut.SetOutputSpacing(spacing_mm, spacing_mm, spacing_mm)
    cut.SetOutputWholeExtent(0, shape[0] - 1, 0, shape[1] - 1, 0, shape[2] - 1)
    ones = vtk.vtkImageData()
    ones.SetDimensions(*shape)
    ones.SetOrigin(*low)
    ones.SetSpacing(spacing_mm, spacing_mm, spacing_mm)
    ones.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    ones.GetPointData().GetScalars().Fill(1)
    stencil = vtk.vtkImageStencil()
    stencil.SetInputData(ones)
    stencil.SetStencilConnection(cut.GetOutputPort())
    stencil.SetBackgroundValue(0)
    stencil.Update()
    flat = vtk_to_numpy(stencil.GetOutput().GetPointData().GetScalars())
    return flat.reshape(shape[::-1]).transpose(2, 1, 0) > 0
