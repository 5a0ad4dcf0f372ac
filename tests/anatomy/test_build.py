"""The pelvis that is planned on: its grid is its frame's, its voxels are the bones, and what is unsure is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anatomy.bones_made import dice, write_mapping
from nutation.anatomy.build import build_pelvis
from nutation.anatomy.implants import Implant, Pose, Size
from nutation.anatomy.labels import read_labels
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.pelvis import L5, LEFT_GAP, LEFT_HIP, METAL, RIGHT_GAP, RIGHT_HIP, SACRUM, Pelvis
from nutation.anatomy.phantom import Phantom, PhantomShape, phantom, tilted
from nutation.evidence import load
from nutation.planning.exports.overlays import nifti, with_known_ids
from nutation.record.errors import InputError

POSE = tilted(tilt_deg=-9.0, turn_deg=6.0, roll_deg=-3.0, shift_mm=np.array([-12.0, 33.0, -650.0]))

# A screw of another operation through the left ilium, in the phantom's own frame.
SCREW = Implant(
    Size("screw", "other", "circle", 8.0, 60.0), Pose(np.array([90.0, 40.0, 0.0]), np.array([-1.0, 0.0, 0.0]))
)


@pytest.fixture(scope="module")
def posed() -> Phantom:
    return phantom(PhantomShape(metal=(SCREW,)), pose=POSE)


@pytest.fixture(scope="module")
def pelvis(posed: Phantom) -> Pelvis:
    return build_pelvis(posed.shapes, hu=posed.ct(3.0), spacing_mm=2.0)


def test_the_grid_is_the_frames(pelvis: Pelvis) -> None:
    grid = pelvis.grid
    assert np.allclose(grid.direction, pelvis.frame.rotation)
    assert np.allclose(grid.spacing_mm, 2.0)
    assert pelvis.labels.shape == grid.shape
    assert pelvis.hu is not None
    assert pelvis.hu.shape == grid.shape
    # The origin of the frame lies on a voxel's centre, within the grid.
    index = pelvis.index(np.zeros((1, 3)))[0]
    assert np.allclose(index, np.rint(index), atol=1e-6)
    assert ((index > 0) & (index < np.array(grid.shape) - 1)).all()


def test_voxels_are_the_phantoms_bones(posed: Phantom, pelvis: Pelvis) -> None:
    """Apart from the gaps, which are background in the phantom, and the metal, which is not bone."""
    truth = posed.shapes.sampled(pelvis.grid)
    assert {int(code) for code in np.unique(pelvis.labels)} >= {
        SACRUM, LEFT_HIP, RIGHT_HIP, L5, LEFT_GAP, RIGHT_GAP, METAL
    }  # fmt: skip
    for code in (SACRUM, LEFT_HIP, RIGHT_HIP):
        kept = pelvis.labels != METAL
        assert dice((pelvis.labels == code) & kept, (truth == code) & kept) > 0.98
    # Nothing touches the edge of the grid but L5, which goes on upwards.
    shell = np.ones(pelvis.grid.shape, dtype=bool)
    shell[1:-1, 1:-1, 1:-1] = False
    assert not np.isin(pelvis.labels[shell], (SACRUM, LEFT_HIP, RIGHT_HIP)).any()


def test_joints_and_levels_are_there(pelvis: Pelvis) -> None:
    assert set(pelvis.joints) == {"left", "right"}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        assert sign * pelvis.joints[side].centre_mm[0] > 25.0
    assert set(pelvis.levels.bands) == {"s1", "s2"}
    assert {"canal", "s1_foramen_left", "s1_foramen_right"} <= pelvis.openings.seen


def test_attenuation_lies_where_the_bone_lies(posed: Phantom, pelvis: Pelvis) -> None:
    assert pelvis.hu is not None
    inside = (pelvis.labels == SACRUM) | (pelvis.labels == LEFT_HIP)
    assert np.median(pelvis.hu[inside]) > np.median(pelvis.hu[pelvis.labels == 0]) + 100


def test_metal_is_an_obstacle(posed: Phantom, pelvis: Pelvis) -> None:
    """Voxels above the HU that evidence names, along the screw; a CT of 3 mm makes a screw thinner than it is."""
    threshold = load().entry("metal_on_ct").number("metal_hu")
    metal = np.argwhere(pelvis.labels == METAL)
    assert pelvis.hu is not None
    assert (pelvis.hu[pelvis.labels == METAL] >= threshold).all()
    local = posed.pose.from_lps(pelvis.grid.points(metal.astype(float)))
    from_axis = np.linalg.norm((local - SCREW.pose.entry_mm)[:, 1:], axis=1)
    assert from_axis.max() < 4.0 + 2.0
    volume = len(metal) * 8.0
    assert 0.3 * np.pi * 16.0 * 60.0 < volume < 1.2 * np.pi * 16.0 * 60.0
    assert any("metal" in text for text in pelvis.warnings)


def test_how_the_patient_lies_changes_nothing(posed: Phantom, pelvis: Pelvis) -> None:
    """The same phantom put another way: in the pelvic frame the same numbers, up to a voxel's skin."""
    other = phantom(pose=tilted(tilt_deg=20.0, turn_deg=-11.0, roll_deg=7.0, shift_mm=np.array([100.0, 0.0, 40.0])))
    again = build_pelvis(other.shapes, spacing_mm=2.0)
    assert again.grid.shape == pelvis.grid.shape
    assert np.allclose(again.low_mm, pelvis.low_mm, atol=1e-6)
    for code in (SACRUM, LEFT_HIP):
        here = (pelvis.labels == code) | ((pelvis.labels == METAL) & (again.labels == code))
        assert dice(again.labels == code, here) > 0.98
    for name in ("promontory", "asis_left", "psis_right"):
        assert np.linalg.norm(again.landmarks[name] - pelvis.landmarks[name]) < 1.0, name


def test_without_a_ct_there_is_no_attenuation(pelvis: Pelvis) -> None:
    # The screw lies in the CT alone: the shapes say nothing of it.
    assert pelvis.hu is not None
    assert not np.isnan(pelvis.hu).any()


def test_spacings_that_no_plan_can_use(posed: Phantom) -> None:
    for spacing in (0.1, 5.0, -1.0, float("nan")):
        with pytest.raises(InputError):
            build_pelvis(posed.shapes, spacing_mm=spacing)


def test_warnings_of_the_input_are_handed_on(posed: Phantom) -> None:
    told = replace(posed.shapes, source=replace(posed.shapes.source, warnings=("look at this",)), finest_mm=3.0)
    built = build_pelvis(told, spacing_mm=2.5)
    assert "look at this" in built.warnings
    assert any("no finer than 3.0 mm" in text for text in built.warnings)
    assert built.hu is None


# ---- real input


def test_a_real_map_with_touching_labels(tmp_path: Path, data_dir: Path) -> None:
    """The 3 mm map lets sacrum and hips touch: the gap is cut, and said to be."""
    mapping = write_mapping(tmp_path / "m.yaml", "sacrum: 1\nleft_hip: 2\nright_hip: 3\nl5: 4\n")
    shapes = read_labels(data_dir / "ct" / "pelvis_3mm_labels.nii.gz", mapping=mapping)
    assert {(SACRUM, LEFT_HIP), (SACRUM, RIGHT_HIP)} <= shapes.touching()
    built = build_pelvis(shapes, spacing_mm=2.0)
    for side in ("left", "right"):
        assert built.joints[side].synthesised
        assert any(f"{side} sacroiliac joint has no gap" in text for text in built.warnings)
    assert any("cut off by the edge" in text for text in built.warnings)


@pytest.mark.slow
@pytest.mark.parametrize("case", [2, 8, 13, 40])
def test_atlas_pelvises(data_dir: Path, case: int) -> None:
    shapes = read_meshes(*[data_dir / "atlas" / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right")])
    built = build_pelvis(shapes, spacing_mm=2.0)
    millilitre = 0.008
    for code, surface in shapes.surfaces.items():
        volume = (built.labels == code).sum() * millilitre
        # The cut gap takes a little of the sacrum's and the hips' skin where they touch.
        assert 0.95 * surface.volume_ml < volume < 1.01 * surface.volume_ml
    assert "canal" in built.openings.seen
    assert all(500.0 < joint.area_mm2 < 3500.0 for joint in built.joints.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["001_bones", "004_bones"])
def test_real_maps_of_both_hips_in_one(tmp_path: Path, data_dir: Path, name: str) -> None:
    mapping = write_mapping(tmp_path / "m.yaml", "sacrum: 3\nhips: 1\nspine: 4\n")
    built = build_pelvis(read_labels(data_dir / "labels" / f"{name}.nii.gz", mapping=mapping), spacing_mm=2.0)
    for side, sign, code in (("left", 1.0, LEFT_HIP), ("right", -1.0, RIGHT_HIP)):
        index = np.argwhere(built.labels == code).astype(float)
        assert sign * (built.low_mm + index.mean(axis=0) * 2.0)[0] > 50.0
        assert sign * built.joints[side].centre_mm[0] > 25.0
    # These maps fill the canal: nothing is said of where it is.
    assert "canal" not in built.openings.seen
    assert any("endplate of S1 is not clear" in text for text in built.warnings)


def test_a_sacrum_without_its_upper_end_is_refused(tmp_path: Path) -> None:
    """A map that leaves S1 unlabelled down to 9 mm into S2: counted from above, S2 would be taken for S1."""
    made = phantom()
    volume, band = made.labels(2.0), made.truth.levels.bands["s1"]
    points = volume.grid.points(np.argwhere(np.ones(volume.grid.shape, np.bool_)).astype(float))
    height = ((points - band.centre_mm) @ band.axis).reshape(volume.grid.shape)
    labels = volume.values.copy()
    labels[(labels == SACRUM) & (height > band.lower_mm - 9.0)] = 0
    path = tmp_path / "labels.nii.gz"
    path.write_bytes(nifti(with_known_ids(labels), volume.grid))
    with pytest.raises(InputError, match="S1 is cut off or not labelled"):
        build_pelvis(read_labels(path), spacing_mm=2.0)
