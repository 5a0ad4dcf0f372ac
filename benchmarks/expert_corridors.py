"""Our transverse corridors against the experts' volumes of the atlas: `uv run python benchmarks/expert_corridors.py`.

Reads the surfaces where NUTATION_DATA points (see README.md). One line an expert volume: how much of our axis lies in
it, the angle between the axes (ours; the volume's longest principal axis), how far apart they are midway, and the free
diameter of ours and of theirs. Theirs is the widest cylinder that our own search finds with nothing but their volume
for bone. What is not found is named. Corridors of at least 5 mm are asked for, without the ala's margin, which the
experts did not keep.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.mesh_read import read_surface
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.pelvis import Level, Pelvis
from nutation.anatomy.space import Floats
from nutation.planning.boundary import forbidden_boundary
from nutation.planning.corridors import search
from nutation.planning.plan import Corridor

ASKED_MM = 5.0
LEVELS: tuple[Level, ...] = ("s1", "s2")


@dataclass(frozen=True)
class Compared:
    """Ours beside an expert's volume; `inside` is the share of our axis in it."""

    inside: float
    angle_deg: float
    apart_mm: float
    ours_mm: float
    theirs_mm: float
    length_mm: float


def pelvis_of(atlas: Path, case: str, spacing_mm: float = 1.0) -> Pelvis:
    """One pelvis of the atlas."""
    files = (atlas / part / f"{case}.vtp" for part in ("sacrum", "left", "right"))
    return build_pelvis(read_meshes(*files), spacing_mm=spacing_mm)


def volume(pelvis: Pelvis, path: Path) -> NDArray[np.bool_]:
    """The expert's volume on the pelvis's grid."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    surface = read_surface(path)
    points = pelvis.index(pelvis.frame.from_lps(surface.vertices))
    made: Any = vtk.vtkPolyData()
    places: Any = vtk.vtkPoints()
    for point in points:
        places.InsertNextPoint(*point)
    cells: Any = vtk.vtkCellArray()
    for face in surface.faces:
        cells.InsertNextCell(3, [int(corner) for corner in face])
    made.SetPoints(places)
    made.SetPolys(cells)
    shape = pelvis.labels.shape
    stencil: Any = vtk.vtkPolyDataToImageStencil()
    stencil.SetInputData(made)
    stencil.SetOutputWholeExtent(0, shape[0] - 1, 0, shape[1] - 1, 0, shape[2] - 1)
    image: Any = vtk.vtkImageData()
    image.SetDimensions(*shape)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    cut: Any = vtk.vtkImageStencil()
    cut.SetInputData(image)
    cut.SetStencilConnection(stencil.GetOutputPort())
    cut.SetBackgroundValue(0)
    cut.Update()
    values = vtk_to_numpy(cut.GetOutput().GetPointData().GetScalars())
    return np.asarray(values).reshape(shape[::-1]).transpose(2, 1, 0) > 0


def widest_in(pelvis: Pelvis, inside: NDArray[np.bool_]) -> float:
    """The widest corridor hip to hip in a volume, by our own measure; where it leaves bone the nearest bone goes on."""
    from scipy.ndimage import distance_transform_edt

    nearest: Any = distance_transform_edt(pelvis.labels == 0, return_distances=False, return_indices=True)
    labels = np.where(inside, pelvis.labels[tuple(nearest)], 0).astype(np.uint8)
    openings = replace(pelvis.openings, labels=np.zeros_like(labels))
    alone = replace(pelvis, labels=labels, openings=openings)
    boundary = forbidden_boundary(alone, "left", "transsacral", ala_margin_mm=0.0)
    found = search(alone, boundary, "transsacral", None, min_diameter_mm=2.0)
    return found[0].diameter_mm if found else 0.0


def compared(pelvis: Pelvis, corridor: Corridor, inside: NDArray[np.bool_], theirs_mm: float) -> Compared:
    """The figures of one line."""
    points = pelvis.low_mm + np.argwhere(inside) * pelvis.spacing_mm
    middle = points.mean(axis=0)
    axis: Floats = np.linalg.eigh(np.cov(points.T))[1][:, -1]
    direction = corridor.pose.direction
    along = np.linspace(0.0, corridor.length_mm, 400)[:, None] * direction + corridor.pose.entry_mm
    index = np.clip(np.round(pelvis.index(along)).astype(int), 0, np.array(inside.shape) - 1)
    to_middle = (middle[0] - corridor.pose.entry_mm[0]) / direction[0]
    return Compared(
        float(inside[tuple(index.T)].mean()),
        float(np.degrees(np.arccos(min(1.0, abs(float(axis @ direction)))))),
        float(np.linalg.norm(corridor.pose.at(to_middle) - middle)),
        corridor.diameter_mm,
        theirs_mm,
        corridor.length_mm,
    )


def main() -> None:
    atlas = Path(os.environ["NUTATION_DATA"]) / "atlas"
    chosen = sys.argv[1:]
    cases = sorted({path.stem for level in LEVELS for path in (atlas / f"corridor_{level}").glob("*.stl")}, key=int)
    print("case level | axis inside  angle  midway apart | free diameter: ours  theirs | length  seconds")
    for case in cases:
        if chosen and case not in chosen:
            continue
        pelvis = pelvis_of(atlas, case)
        started = time.perf_counter()
        boundary = forbidden_boundary(pelvis, "left", "transsacral", ala_margin_mm=0.0)
        made_s = time.perf_counter() - started
        for level in LEVELS:
            path = atlas / f"corridor_{level}" / f"{case}.stl"
            if not path.exists():
                continue
            started = time.perf_counter()
            found = search(pelvis, boundary, "transsacral", level, min_diameter_mm=ASKED_MM)
            took_s = time.perf_counter() - started
            inside = volume(pelvis, path)
            theirs_mm = widest_in(pelvis, inside)
            if not found:
                print(f"{case:>4} {level:>5} | none of {ASKED_MM:g} mm at this level; theirs has {theirs_mm:.1f} mm")
                continue
            for rank, corridor in enumerate(found[:3]):
                line = compared(pelvis, corridor, inside, theirs_mm)
                print(
                    f"{case:>4} {level:>5} | {line.inside:10.0%} {line.angle_deg:6.1f}° {line.apart_mm:9.1f} mm |"
                    f" {line.ours_mm:18.1f} {line.theirs_mm:7.1f} | {line.length_mm:6.0f} {took_s:7.1f}"
                    f"{'' if rank == 0 else f'  (no {rank + 1} of {len(found)})'}",
                    flush=True,
                )
        print(f"{case:>4}       | boundary {made_s:.1f} s", flush=True)


if __name__ == "__main__":
    main()
