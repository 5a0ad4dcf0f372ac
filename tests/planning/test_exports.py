"""A plan for other systems: read back by other libraries, at the right place, in the right units, unmirrored."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
import trimesh

from nutation.anatomy.pelvis import SACRUM
from nutation.anatomy.space import Grid
from nutation.planning.exports import overlays, scene, stl, surfaces
from report import made_plan as made


def loaded(content: bytes, kind: str) -> Any:
    return trimesh.load(io.BytesIO(content), file_type=kind)


def test_bones_are_closed_and_as_large_as_their_voxels() -> None:
    """A box of 21 x 25 x 35 voxels of 2 mm: 147,000 mm3, less what rounding its edges takes (under 3 %)."""
    pelvis = made.pelvis()
    sacrum = next(bone for bone in surfaces.bones(pelvis) if bone.name == "sacrum")
    mesh = loaded(stl.stl(sacrum), "stl")
    assert mesh.is_watertight
    voxels = np.count_nonzero(pelvis.labels == SACRUM) * made.SPACING**3
    assert voxels == 21 * 25 * 35 * 8
    assert 0.97 * voxels < mesh.volume < voxels


def test_stl_is_lps_millimetres_and_says_so() -> None:
    """The left hip of the frame lies between 23 and 55 mm to the left; its middle is taken back into the frame."""
    pelvis = made.pelvis()
    hip = next(bone for bone in surfaces.bones(pelvis) if bone.name == "left_hip")
    content = stl.stl(hip)
    assert content[:80].startswith(b"SPACE=LPS")
    assert not content.startswith(b"solid")
    middle = pelvis.frame.from_lps(np.asarray(loaded(content, "stl").center_mass, dtype=float))
    assert middle == pytest.approx([39.0, 0.0, 0.0], abs=0.2)


def test_implants_lie_between_entry_and_tip() -> None:
    pelvis, plan = made.pelvis(), made.plan()
    for surface, planned in zip(surfaces.implants(plan, pelvis), plan.implants, strict=True):
        mesh = loaded(stl.stl(surface), "stl")
        assert mesh.is_watertight
        along = pelvis.frame.from_lps(np.asarray(mesh.vertices, dtype=float))[:, 0]
        assert along.max() == pytest.approx(54.0, abs=1e-3)
        assert along.min() == pytest.approx(54.0 - planned.implant.size.length_mm, abs=1e-3)


def test_the_scene_is_metres_with_y_up_and_left_stays_left() -> None:
    """Facing +z with y up, a figure's left is at +x: LPS (left, back, up) is glTF (left, up, forwards)."""
    pelvis, plan = made.pelvis(), made.plan()
    drawn = (*surfaces.bones(pelvis), *surfaces.implants(plan, pelvis), *surfaces.pins(plan, pelvis))
    whole = loaded(scene.scene(drawn, about={"side": "left"}), "glb")
    assert {"sacrum", "left_hip", "right_hip", "implant_1_s1_upper", "pin_3_s2"} <= set(whole.geometry)
    left, right = (whole.geometry[name].bounds.mean(axis=0) for name in ("left_hip", "right_hip"))
    assert left[0] > right[0]
    assert 0.05 < left[0] - right[0] < 0.12
    hip = next(bone for bone in surfaces.bones(pelvis) if bone.name == "left_hip")
    point, told = hip.vertices[0], np.asarray(whole.geometry["left_hip"].vertices[0], dtype=float)
    assert told == pytest.approx([point[0] / 1000, point[2] / 1000, -point[1] / 1000], abs=1e-6)
    assert np.linalg.det(scene.LPS_MM_TO_GLTF_M[:3, :3]) == pytest.approx(1e-9)


def test_overlays_lie_on_the_input_grid(tmp_path: Path) -> None:
    """A grid of its own, turned against the pelvis: what SimpleITK reads lies where the implant's axis is."""
    pelvis, plan = made.pelvis(), made.plan()
    direction = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
    middle = pelvis.frame.to_lps(np.array([30.0, 0.0, 0.0]))
    grid = Grid((90, 70, 60), np.array([1.0, 1.0, 1.5]), middle - direction @ np.array([45.0, 35.0, 45.0]), direction)
    labels = overlays.implants_on(grid, plan, pelvis)
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    path = tmp_path / "implants.nii.gz"
    path.write_bytes(overlays.nifti(labels, grid))
    image = SimpleITK.ReadImage(str(path))
    for number, planned in enumerate(plan.implants, 1):
        at = pelvis.frame.to_lps(planned.implant.pose.at(20.0))
        assert image[image.TransformPhysicalPointToIndex([float(v) for v in at])] == number
        # A triangle in a circle of 7 mm has an area of 15.9 mm2: prism volumes within the voxels' rounding.
        expected = 3 * np.sqrt(3) / 4 * 3.5**2 * planned.implant.size.length_mm
        assert np.count_nonzero(labels == number) * 1.5 == pytest.approx(expected, rel=0.12)


def test_an_implant_thinner_than_a_voxel_still_shows() -> None:
    pelvis, plan = made.pelvis(), made.plan()
    grid = Grid((14, 8, 10), np.full(3, 12.0), pelvis.frame.to_lps(made.LOW), pelvis.frame.rotation)
    assert {1, 2, 3} <= set(np.unique(overlays.implants_on(grid, plan, pelvis)))
