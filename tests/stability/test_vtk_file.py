"""mesh.vtu, read back by VTK: cubes the right way round, in LPS, with what was put in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nutation.anatomy.pelvis import LEFT_HIP, SACRUM
from nutation.anatomy.space import Frame
from nutation.stability.mesh import VoxelMesh
from nutation.stability.mesh_build import build_mesh
from nutation.stability.vtk_file import vtk_file
from stability.blocks_made import box, made_pelvis

TURNED = Frame(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([10.0, 20.0, 30.0]))
"""The frame's x runs along LPS y: a forgotten turn shows."""


@pytest.fixture(scope="module")
def mesh() -> VoxelMesh:
    bones = {SACRUM: box((-10, -6, -8), (10, 6, 8)), LEFT_HIP: box((14, -6, -8), (30, 6, 8))}
    return build_mesh(made_pelvis(bones, (-16, -12, -14), (36, 12, 14)), 4.0, bones=(SACRUM, LEFT_HIP)).mesh


@pytest.fixture(scope="module")
def read(mesh: VoxelMesh, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader

    file: Path = tmp_path_factory.mktemp("vtk") / "mesh.vtu"
    moved = np.tile([1.0, 0.0, 0.0], len(mesh.nodes))
    file.write_bytes(vtk_file(mesh, TURNED, {"flexion_mm": moved, "with_stations_mm": np.append(moved, [5.0] * 6)}))
    reader: Any = vtkXMLUnstructuredGridReader()
    reader.SetFileName(str(file))
    reader.Update()
    return reader.GetOutput()


def array(data: Any, name: str) -> Any:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    return vtk_to_numpy(data.GetArray(name))


def test_every_cube_has_its_volume_and_none_is_inside_out(mesh: VoxelMesh, read: Any) -> None:
    assert read.GetNumberOfCells() == len(mesh.elements)
    assert {read.GetCellType(n) for n in range(read.GetNumberOfCells())} == {12}
    corners = np.array([[read.GetPoint(read.GetCell(0).GetPointId(k)) for k in range(8)]])[0]
    # VTK's order: the lower face turns the way that its normal points to the upper one.
    lower = np.cross(corners[1] - corners[0], corners[3] - corners[0])
    assert float(lower @ (corners[4] - corners[0])) == pytest.approx(4.0**3)
    for one, other in ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (0, 4), (1, 5), (2, 6), (3, 7)):
        assert np.linalg.norm(corners[one] - corners[other]) == pytest.approx(4.0)


def test_places_and_displacements_are_in_lps(mesh: VoxelMesh, read: Any) -> None:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    assert vtk_to_numpy(read.GetPoints().GetData()) == pytest.approx(TURNED.to_lps(mesh.places_mm), abs=1e-4)
    assert array(read.GetPointData(), "flexion_mm") == pytest.approx(np.tile([0.0, 1.0, 0.0], (len(mesh.nodes), 1)))
    assert array(read.GetPointData(), "with_stations_mm").shape == (len(mesh.nodes), 3)


def test_bone_and_modulus_go_with_the_cubes(mesh: VoxelMesh, read: Any) -> None:
    assert (array(read.GetCellData(), "bone") == mesh.element_body).all()
    assert array(read.GetCellData(), "modulus_mpa") == pytest.approx(mesh.modulus_mpa, rel=1e-6)
