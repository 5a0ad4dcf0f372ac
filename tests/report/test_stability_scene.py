"""deformed.glb: a rigid motion moves bones and implants rigidly, by the stated factor, and left stays left."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import trimesh

from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.report.stability_scene import SHOWN_MM, Bent, bend, factor_of, scene
from nutation.stability.mesh import VoxelMesh
from nutation.stability.mesh_build import build_mesh
from stability.blocks_made import box, made_pelvis

SHIFT = np.array([0.1, 0.0, 0.05])
ROD = Implant(
    Size("T", "Test rod", "triangle", 7.0, 30.0), Pose(np.array([28.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0]))
)


@pytest.fixture(scope="module")
def made() -> tuple[Pelvis, VoxelMesh]:
    bones = {
        SACRUM: box((-10, -8, -10), (10, 8, 10)),
        LEFT_HIP: box((12, -8, -10), (34, 8, 10)),
        RIGHT_HIP: box((-34, -8, -10), (-12, 8, 10)),
    }
    pelvis = made_pelvis(bones, (-40, -14, -16), (40, 14, 16))
    return pelvis, build_mesh(pelvis, 4.0).mesh


def turned(mesh: VoxelMesh, angle: float) -> Any:
    """Displacements of a small turn about z and a shift."""
    return moved(mesh.places_mm, angle).ravel()


def moved(places: Any, angle: float = 1e-3) -> Any:
    return np.cross([0.0, 0.0, angle], places) + SHIFT


def bent(made: tuple[Pelvis, VoxelMesh], displacement: Any) -> Bent:
    return bend(made[0], made[1], displacement, "left", (ROD,))


def test_a_rigid_motion_moves_everything_by_the_factor(made: tuple[Pelvis, VoxelMesh]) -> None:
    found = bent(made, turned(made[1], 1e-3))
    rest = {one.name: one.vertices for one in found.rest}
    for one in found.moved:
        if one.name in rest:
            expected = found.factor * moved(rest[one.name])
            assert one.vertices - rest[one.name] == pytest.approx(expected, abs=1e-6)
    implant = next(one for one in found.moved if one.kind == "implant")
    # What a rigid motion does to a rod is known: its inner end comes to lie where the turn takes it.
    inner = implant.vertices[implant.vertices[:, 0] < implant.vertices[:, 0].min() + 0.8].mean(axis=0)
    tip = ROD.tip_mm
    assert inner[:2] == pytest.approx((tip + found.factor * moved(tip))[:2], abs=0.3)


def test_an_implant_bends_between_bones_that_part(made: tuple[Pelvis, VoxelMesh]) -> None:
    mesh = made[1]
    up = np.zeros((len(mesh.nodes), 3))
    up[mesh.node_body == LEFT_HIP, 2] = 1.0
    found = bent(made, up.ravel())
    implant = next(one for one in found.moved if one.kind == "implant").vertices
    outer, inner = implant[implant[:, 0] > 26], implant[implant[:, 0] < 0]
    assert outer[:, 2].mean() - inner[:, 2].mean() == pytest.approx(found.factor, rel=0.25)
    assert len(np.unique(np.round(implant[:, 0]))) > 5, "it needs points between its ends to be seen to bend"


@pytest.mark.parametrize(("most", "factor"), [(0.001, 1000), (0.3, 20), (1.0, 10), (5.0, 2), (50.0, 1)])
def test_the_factor_is_round_and_fits_the_page(most: float, factor: int) -> None:
    assert factor_of(np.array([0.0, most, 0.0])) == factor
    assert factor * most <= SHOWN_MM or factor == 1


def test_the_scene_says_its_factor_and_keeps_left_left(made: tuple[Pelvis, VoxelMesh]) -> None:
    found = bent(made, turned(made[1], 1e-3))
    read: Any = trimesh.load(io.BytesIO(scene(found, about={"shows": "flexion"})), file_type="glb")
    assert read.metadata["displacement_magnified"] == str(found.factor)
    assert read.metadata["shows"] == "flexion"
    assert set(read.geometry) == {
        "sacrum", "left_hip", "right_hip", "implant_1", "sacrum_at_rest", "left_hip_at_rest", "right_hip_at_rest",
    }  # fmt: skip
    left, right = (read.geometry[name].vertices[:, 0].mean() for name in ("left_hip", "right_hip"))
    assert left > right + 0.04, "metres, x to the patient's left"
