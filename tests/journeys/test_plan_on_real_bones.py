"""Plans on real pelvises, judged against the surfaces themselves and not against our own voxels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
import vtk
from typer.testing import CliRunner
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from nutation.anatomy.joint import CUT_MM
from nutation.cli.app import app
from nutation.record.errors import InputError

BONES = ("sacrum", "left", "right")
JOINT_MM = 5.0
"""Wider than any gap of these joints: a point nearer than that to both bones lies between them."""

SKIN_MM = 0.5
"""Half a voxel: the surface that plans were made on is the voxels'."""


def surface(path: Path) -> vtk.vtkPolyData:
    reader = vtk.vtkXMLPolyDataReader()
    reader.SetFileName(str(path))
    filled = vtk.vtkFillHolesFilter()
    filled.SetInputConnection(reader.GetOutputPort())
    filled.SetHoleSize(1000)
    oriented = vtk.vtkPolyDataNormals()
    oriented.SetInputConnection(filled.GetOutputPort())
    oriented.AutoOrientNormalsOn()
    oriented.ConsistencyOn()
    oriented.SplittingOff()
    oriented.Update()
    return oriented.GetOutput()


def distances(mesh: vtk.vtkPolyData, points: np.ndarray) -> np.ndarray:
    """Signed distance of points (n, 3) to a surface, negative inside."""
    measured = vtk.vtkImplicitPolyDataDistance()
    measured.SetInput(mesh)
    out = vtk.vtkDoubleArray()
    measured.FunctionValue(numpy_to_vtk(np.ascontiguousarray(points), deep=True), out)
    return vtk_to_numpy(out)


def planned(arguments: list[str]) -> dict[str, Any]:
    answer = CliRunner().invoke(app, ["plan", *arguments, "--json"], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def meshes(paths: list[Path], side: str, *more: str) -> list[str]:
    told = ["--sacrum", str(paths[0]), "--left-hip", str(paths[1]), "--right-hip", str(paths[2])]
    return [*told, "--side", side, *more]


def around(implant: dict[str, Any]) -> np.ndarray:
    """Points on the circle around the implant all along it, (n, 3), with their depth in the fourth column."""
    entry, tip = np.array(implant["entry_mm"]), np.array(implant["tip_mm"])
    axis = (tip - entry) / np.linalg.norm(tip - entry)
    first = np.cross(axis, [0.0, 0.0, 1.0])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = implant["diameter_mm"] / 2 * (np.cos(turns)[:, None] * first + np.sin(turns)[:, None] * second)
    depths = np.arange(0.0, np.linalg.norm(tip - entry), 1.0)
    points = entry + depths[:, None, None] * axis + ring[None]
    return np.concatenate([points, np.broadcast_to(depths[:, None, None], (len(depths), 16, 1))], axis=2).reshape(-1, 4)


@pytest.mark.slow
@pytest.mark.parametrize(("case", "side"), [("3", "left"), ("40", "right")])
def test_no_planned_implant_leaves_the_bones_of_the_atlas(data_dir: Path, case: str, side: str) -> None:
    # The judge is VTK's distance to the surfaces as delivered. An implant may lie in the sacrum, in the hip bone and
    # between the two where both are near; its first centimetre may stand proud of the outer table.
    paths = [data_dir / "atlas" / bone / f"{case}.vtp" for bone in BONES]
    plan = planned(meshes(paths, side))
    assert plan["verdict"] == "planned"
    assert plan["orientation"] == "unverified"
    sacrum, hip = surface(paths[0]), surface(paths[BONES.index(side)])
    assert len(plan["implants"]) >= 2
    for implant in plan["implants"]:
        points = around(implant)
        to_sacrum, to_hip = distances(sacrum, points[:, :3]), distances(hip, points[:, :3])
        outside = np.minimum(to_sacrum, to_hip) > SKIN_MM
        between = (to_sacrum < JOINT_MM) & (to_hip < JOINT_MM)
        breaches = outside & ~between & (points[:, 3] > 10)
        assert not breaches.any(), implant["position"]
        assert implant["clearance_mm"] >= 0
        entry, tip = np.array(implant["entry_mm"]), np.array(implant["tip_mm"])
        axis = entry + np.linspace(0, 1, 200)[:, None] * (tip - entry)
        in_sacrum = (distances(sacrum, axis) < 0).mean() * implant["length_mm"]
        # Where the surfaces touch, up to CUT_MM of the sacrum was turned into the joint's gap, and holds nothing.
        held = implant["purchase_mm"]["sacrum"]
        assert in_sacrum - CUT_MM - 1.5 < held < in_sacrum + 1.5


@pytest.mark.slow
def test_a_turned_and_shifted_pelvis_has_the_same_plan_in_its_own_frame(data_dir: Path, tmp_path: Path) -> None:
    # Turned by 12° about a skew axis and moved. The frame is found on the bones, so everything after it is the same
    # but for the rounding of the surfaces' coordinates (32-bit floats, 0.03 µm here, a few µm in the fitted frame).
    # That may flip a voxel on the surface, not the choice of an implant.
    turn = trimesh.transformations.rotation_matrix(np.radians(12), [0.3, -0.5, 0.8])
    turn[:3, 3] = [40.0, -25.0, 60.0]
    still = planned(meshes(written(data_dir, np.eye(4), tmp_path / "still"), "left"))
    again = planned(meshes(written(data_dir, turn, tmp_path / "turned"), "left"))
    assert again["verdict"] == still["verdict"]
    for level in ("s1", "s2"):
        assert again["corridors"][level]["diameter_mm"] == pytest.approx(
            still["corridors"][level]["diameter_mm"], abs=0.5
        )
    back = np.linalg.inv(turn)
    for here, there in zip(still["implants"], again["implants"], strict=True):
        assert there["catalogue"] == here["catalogue"]
        for end in ("entry_mm", "tip_mm"):
            returned = back[:3, :3] @ np.array(there[end]) + back[:3, 3]
            assert np.linalg.norm(returned - np.array(here[end])) < 1.0, (here["position"], end)
        assert there["clearance_mm"] == pytest.approx(here["clearance_mm"], abs=0.5)


def written(data_dir: Path, turn: np.ndarray, folder: Path) -> list[Path]:
    """The atlas' pelvis 3 as STL, turned and moved by a matrix (4, 4)."""
    folder.mkdir()
    paths: list[Path] = []
    for bone in BONES:
        mesh = surface(data_dir / "atlas" / bone / "3.vtp")
        points = vtk_to_numpy(mesh.GetPoints().GetData()) @ turn[:3, :3].T + turn[:3, 3]
        faces = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3)
        paths.append(folder / f"{bone}.stl")
        trimesh.Trimesh(points, faces, process=False).export(paths[-1])
    return paths


def test_hips_given_the_wrong_way_round_are_refused(data_dir: Path) -> None:
    left, right = (data_dir / "atlas" / bone / "3.vtp" for bone in ("right", "left"))
    with pytest.raises(InputError, match=r"(?i)left|right"):
        CliRunner().invoke(
            app,
            ["plan", *meshes([data_dir / "atlas" / "sacrum" / "3.vtp", left, right], "left")],
            catch_exceptions=False,
        )


def test_bones_of_two_patients_are_refused(data_dir: Path) -> None:
    atlas = data_dir / "atlas"
    paths = [atlas / "sacrum" / "13.vtp", atlas / "left" / "3.vtp", atlas / "right" / "3.vtp"]
    with pytest.raises(InputError):
        CliRunner().invoke(app, ["plan", *meshes(paths, "left")], catch_exceptions=False)
