"""The pelvic frame: it is the phantom's own, it does not follow how the input lies, and it says when it is unsure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from anatomy.bones_made import TOTAL_IDS, renamed, write_map
from nutation.anatomy.frame import FrameFound, pelvic_frame
from nutation.anatomy.hips import body_axes
from nutation.anatomy.labels import LabelShapes, read_labels
from nutation.anatomy.labels_field import BoneField
from nutation.anatomy.meshes import MeshShapes, read_meshes
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import Phantom, phantom, tilted
from nutation.anatomy.space import Floats, Frame, Grid
from nutation.record.errors import InputError

# Clinically usual ways to lie on the table, and some more; the phantom says which way it was put.
POSE = tilted(tilt_deg=14.0, turn_deg=-7.0, roll_deg=4.0, shift_mm=np.array([25.0, -140.0, 830.0]))


@pytest.fixture(scope="module")
def posed() -> Phantom:
    return phantom(pose=POSE)


@pytest.fixture(scope="module")
def found(posed: Phantom) -> FrameFound:
    return pelvic_frame(posed.shapes)


@pytest.fixture(scope="module")
def labelled(posed: Phantom, tmp_path_factory: pytest.TempPathFactory) -> LabelShapes:
    """The phantom as a label map of 2.5 mm, as TotalSegmentator would give it."""
    volume = posed.labels(2.5)
    path = tmp_path_factory.mktemp("maps") / "total.nii.gz"
    return read_labels(write_map(path, renamed(volume.values, TOTAL_IDS), volume.grid))


def turned_deg(one: Frame, other: Frame) -> float:
    return float(np.degrees(Rotation.from_matrix(one.rotation @ other.rotation.T).magnitude()))


def test_axes_are_the_phantoms(posed: Phantom, found: FrameFound) -> None:
    """The phantom is symmetric about x = 0, and its iliac spines and pubis lie in a plane y = const: its own axes."""
    assert turned_deg(found.frame, posed.pose) < 0.3
    assert np.linalg.det(found.frame.rotation) == pytest.approx(1.0)
    assert not found.warnings


def test_origin_lies_midway_between_the_joints(posed: Phantom, found: FrameFound) -> None:
    joints = [joint.centre_mm for joint in posed.truth.joints.values()]
    expected = posed.truth.frame.to_lps((joints[0] + joints[1]) / 2.0)
    offset = found.frame.from_lps(expected)
    # On the median plane; along it as near as two definitions of a joint's middle agree.
    assert abs(offset[0]) < 0.5
    assert np.linalg.norm(offset) < 5.0
    assert np.allclose(found.landmarks["joint_left"] + found.landmarks["joint_right"], 0.0, atol=1.5)


def test_angles(posed: Phantom, found: FrameFound) -> None:
    assert found.angles_deg["sacral_slope"] == pytest.approx(posed.shape.sacral_slope_deg, abs=1.5)
    # Right-handed about x, y and z: how the phantom was put.
    assert found.angles_deg["tilt"] == pytest.approx(14.0, abs=0.6)
    assert found.angles_deg["obliquity"] == pytest.approx(4.0, abs=0.6)
    assert found.angles_deg["rotation"] == pytest.approx(-7.0, abs=0.6)


def test_landmarks(posed: Phantom, found: FrameFound) -> None:
    """Every landmark that the phantom knows of itself is found near it."""
    truth = posed.truth
    shared = found.landmarks.keys() & truth.landmarks.keys()
    assert {"promontory", "s1_endplate_centre", "asis_left", "psis_right"} <= shared
    for name in shared:
        expected = found.frame.from_lps(truth.frame.to_lps(truth.landmarks[name]))
        limit = 8.0 if name.startswith(("crest", "joint", "notch", "ischial")) else 5.0
        assert np.linalg.norm(found.landmarks[name] - expected) < limit, name
    for name in ("asis", "psis", "crest", "notch", "ischial_spine"):
        left, right = found.landmarks[f"{name}_left"], found.landmarks[f"{name}_right"]
        assert np.allclose(left * np.array([-1.0, 1.0, 1.0]), right, atol=2.0), name
        assert left[0] > 20.0


def test_directions_see_what_they_must(found: FrameFound) -> None:
    normal, inlet, outlet = (found.directions[name] for name in ("s1_endplate_normal", "inlet", "outlet"))
    for vector in found.directions.values():
        assert np.linalg.norm(vector) == pytest.approx(1.0)
    assert normal[2] > 0.5
    # Both rays run front to back; the inlet's tilts to the feet, the outlet's to the head.
    assert inlet[1] > 0
    assert inlet[2] < 0
    assert outlet[1] > 0
    assert outlet[2] > 0
    # The outlet ray that meets the top of the symphysis passes the sacrum below its endplate.
    landmarks = found.landmarks
    far = landmarks["pubis_top"] + outlet * 100.0
    assert (far - landmarks["s1_endplate_centre"]) @ normal < -15.0


def test_a_label_map_gives_the_same_frame(posed: Phantom, labelled: LabelShapes, found: FrameFound) -> None:
    """Voxels of 2.5 mm against the smooth surface: half a degree, a third of a voxel."""
    again = pelvic_frame(labelled)
    assert turned_deg(again.frame, found.frame) < 0.5
    assert np.linalg.norm(again.frame.origin_mm - found.frame.origin_mm) < 0.9
    assert abs(again.angles_deg["sacral_slope"] - found.angles_deg["sacral_slope"]) < 3.0


def moved_labels(shapes: LabelShapes, turn: Floats, shift: Floats) -> LabelShapes:
    fields = {
        code: BoneField(
            field.distance_mm,
            Grid(
                field.grid.shape,
                field.grid.spacing_mm,
                turn @ field.grid.origin_mm + shift,
                turn @ field.grid.direction,
            ),
        )
        for code, field in shapes.fields.items()
    }
    return LabelShapes(shapes.source, fields, {}, shapes.pairs)


@pytest.mark.parametrize("vector", [(0.1, -0.2, 0.3), (0.0, 0.0, np.pi), (1.5, 1.0, -2.0)])
def test_a_moved_input_gives_the_same_frame_on_the_bone(labelled: LabelShapes, vector: tuple[float, ...]) -> None:
    """Any rigid motion: the frame moves along, and every landmark stays where it was in it."""
    turn, shift = Rotation.from_rotvec(vector).as_matrix(), np.array([300.0, -20.0, 5.0])
    first, second = pelvic_frame(labelled), pelvic_frame(moved_labels(labelled, turn, shift))
    assert turned_deg(Frame(turn @ first.frame.rotation, shift), second.frame) < 0.05
    assert np.linalg.norm(turn @ first.frame.origin_mm + shift - second.frame.origin_mm) < 0.1
    assert first.landmarks.keys() == second.landmarks.keys()
    for name, place in first.landmarks.items():
        assert np.linalg.norm(place - second.landmarks[name]) < 0.5, name


def test_without_the_pubis_there_is_no_frame(posed: Phantom, tmp_path: Path) -> None:
    """The scan ends above the hip joints: the iliac spines alone left the tilt wrong by tens of degrees."""
    volume = posed.labels(2.5)
    middle = posed.pose.to_lps(posed.truth.landmarks["pubis"])
    low = int(volume.grid.index(middle[None])[0, 2]) + 16
    grid = replace(volume.grid, origin_mm=volume.grid.points(np.array([0.0, 0.0, low])))
    path = write_map(tmp_path / "upper.nii.gz", renamed(volume.values, TOTAL_IDS)[:, :, low:], grid)
    with pytest.raises(InputError, match="the front of the pubis is not in the picture"):
        pelvic_frame(read_labels(path))


def test_missing_and_exchanged_bones(labelled: LabelShapes) -> None:
    fields = labelled.fields
    with pytest.raises(InputError, match="both hips"):
        pelvic_frame(replace(labelled, fields={SACRUM: fields[SACRUM], LEFT_HIP: fields[LEFT_HIP]}))
    swapped = {SACRUM: fields[SACRUM], LEFT_HIP: fields[RIGHT_HIP], RIGHT_HIP: fields[LEFT_HIP]}
    with pytest.raises(InputError, match="exchanged"):
        pelvic_frame(LabelShapes(labelled.source, swapped, {}, labelled.pairs))


def test_shape_says_when_it_cannot_tell_up_from_down(posed: Phantom) -> None:
    """Of the iliac wings alone, which flare forwards, no claim is made; of the whole pelvis it is right."""
    points = {code: posed.pose.from_lps(posed.shapes.surface(code)) for code in (SACRUM, LEFT_HIP, RIGHT_HIP)}
    hips = np.concatenate([points[LEFT_HIP], points[RIGHT_HIP]])
    whole = body_axes(hips, points[SACRUM])
    assert whole.told
    assert np.diag(whole.rotation).min() > 0.8
    wings = hips[hips[:, 2] > np.quantile(hips[:, 2], 0.6)]
    assert not body_axes(wings, points[SACRUM]).told


# ---- real bones


@pytest.fixture(scope="module", params=[4, 17])
def atlas(request: pytest.FixtureRequest, data_dir: Path) -> MeshShapes:
    """Two of the atlas: the largest, and one that lies 26° off."""
    return read_meshes(*[data_dir / "atlas" / bone / f"{request.param}.vtp" for bone in ("sacrum", "left", "right")])


def test_atlas_frames(atlas: MeshShapes) -> None:
    """Points in known relation: named landmarks on their sides, in their order from top to bottom and front to back."""
    found = pelvic_frame(atlas)
    marks = found.landmarks
    assert not found.warnings
    for side, sign in (("left", 1.0), ("right", -1.0)):
        asis, psis, crest, notch, spine = (
            marks[f"{name}_{side}"] for name in ("asis", "psis", "crest", "notch", "ischial_spine")
        )
        assert all(sign * mark[0] > 30.0 for mark in (asis, psis, crest, notch, spine))
        assert asis[1] < -70.0 < 25.0 < psis[1]
        assert crest[2] > max(asis[2], psis[2])
        assert psis[2] > notch[2] > spine[2] > marks["pubis"][2] - 20.0
        # Both ends of the anterior pelvic plane lie in it.
        assert abs(asis[1] - (marks["asis_left"][1] + marks["asis_right"][1]) / 2.0) < 6.0
    assert abs(marks["pubis"][0]) < 6.0
    assert abs(marks["promontory"][0]) < 1e-6
    assert 25.0 < found.angles_deg["sacral_slope"] < 65.0
    assert -5.0 < found.angles_deg["inlet"] < 45.0
    assert 25.0 < found.angles_deg["outlet"] < 60.0


def test_atlas_bones_moved(atlas: MeshShapes) -> None:
    turn, shift = Rotation.from_rotvec([0.4, -0.3, 1.2]).as_matrix(), np.array([50.0, 10.0, -400.0])
    surfaces = {
        code: replace(surface, vertices=surface.vertices @ turn.T + shift) for code, surface in atlas.surfaces.items()
    }
    first, second = pelvic_frame(atlas), pelvic_frame(MeshShapes(atlas.source, surfaces, atlas.pairs))
    assert turned_deg(Frame(turn @ first.frame.rotation, shift), second.frame) < 0.05
    for name, place in first.landmarks.items():
        assert np.linalg.norm(place - second.landmarks[name]) < 0.5, name
