"""Reading bones from label maps: what is read is what was written, and a map that cannot be planned on is refused."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from anatomy.bones_made import TOTAL_IDS, dice, renamed, write_map, write_mapping
from nutation.anatomy.labels import read_labels
from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import Phantom, phantom
from nutation.anatomy.source import Source
from nutation.anatomy.space import Grid, Volume
from nutation.record.errors import InputError

SPACING = 3.0

OUR_IDS = "sacrum: 1\nleft_hip: 2\nright_hip: 3\nl5: 4\n"


@dataclass(frozen=True)
class Picture:
    """A CT in memory."""

    volume: Volume
    source: Source


@pytest.fixture(scope="module")
def whole() -> Phantom:
    return phantom()


@pytest.fixture(scope="module")
def volume(whole: Phantom) -> Volume:
    """The phantom's labels at 3 mm, in our codes, in LPS."""
    return whole.labels(SPACING)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return write_mapping(tmp_path / "mapping.yaml", OUR_IDS)


def total(volume: Volume) -> Any:
    return renamed(volume.values, TOTAL_IDS)


# ---- which label is which bone


def test_totalsegmentator_is_known_by_its_ids(tmp_path: Path, volume: Volume) -> None:
    values = total(volume)
    # TotalSegmentator cuts S1 out of its sacrum as a label of its own (26): both are the sacrum.
    upper = np.argwhere(values == 25)[:, 2].mean()
    values[:, :, int(upper) :][values[:, :, int(upper) :] == 25] = 26
    values[2:6, 2:6, 2:6] = 90  # some other organ
    shapes = read_labels(write_map(tmp_path / "total.nii.gz", values, volume.grid))
    assert shapes.codes() == {SACRUM, LEFT_HIP, RIGHT_HIP, L5}
    assert "TotalSegmentator" in shapes.source.described
    assert shapes.source.orientation == "unverified"
    assert shapes.finest_mm == pytest.approx(SPACING)
    sampled = shapes.sampled(volume.grid)
    for code in (SACRUM, LEFT_HIP, RIGHT_HIP, L5):
        # At the map's own voxels the interpolated signed distance has the sign of the mask: nothing moves. The rest
        # is what the phantom has in loose voxels beside the bone.
        assert dice(sampled == code, volume.values == code) > 0.999


def test_unknown_ids_are_listed_with_volumes_and_the_file_to_write(tmp_path: Path, volume: Volume) -> None:
    path = write_map(tmp_path / "mine.nii.gz", volume.values, volume.grid)
    with pytest.raises(InputError) as caught:
        read_labels(path)
    text = str(caught.value)
    millilitres = (volume.values == SACRUM).sum() * SPACING**3 / 1000
    assert f"1: {millilitres:.0f} ml" in text
    assert "mine.nii.gz" in text
    assert "--mapping" in text
    assert "left_hip: 2" in text


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_mapping_file(tmp_path: Path, volume: Volume, kind: str) -> None:
    values = renamed(volume.values, {SACRUM: 9, LEFT_HIP: 7, RIGHT_HIP: 8, L5: 5})
    path = write_map(tmp_path / "mine.nrrd", values, volume.grid)
    tree = {"sacrum": [9], "left_hip": 7, "right_hip": 8, "spine": [5]}
    text = json.dumps(tree) if kind == "json" else "sacrum: 9\nleft_hip: 7\nright_hip: 8\nspine: [5]\n"
    shapes = read_labels(path, mapping=write_mapping(tmp_path / f"m.{kind}", text))
    assert shapes.codes() == {SACRUM, LEFT_HIP, RIGHT_HIP, L5}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("sacrum: 1\nleft_hip: 2\n", "right_hip"),
        ("sacrum: 1\nhips: 2\nleft_hip: 3\nright_hip: 3\n", "label 3"),
        ("sacrum: 1\nleft_hip: 2\nright_hip: 2\n", "label 2"),
        ("sacrum: 1\nleft_hip: 2\nright_hip: 33\n", "33"),
        ("sacrum: 1\npelvis: 2\n", "pelvis"),
        ("sacrum: one\nhips: 2\n", "above 0"),
        ("left_hip: 2\nright_hip: 3\n", "sacrum"),
        ("- 1\n- 2\n", "list"),
        ("sacrum: [1\n", "neither YAML nor JSON"),
    ],
)
def test_mapping_files_that_do_not_fit(tmp_path: Path, volume: Volume, text: str, word: str) -> None:
    path = write_map(tmp_path / "mine.nii.gz", volume.values, volume.grid)
    with pytest.raises(InputError, match=word) as caught:
        read_labels(path, mapping=write_mapping(tmp_path / "mapping.yaml", text))
    assert caught.value.file == "mapping.yaml"


def test_names_in_a_slicer_segmentation(tmp_path: Path, volume: Volume) -> None:
    names = {SACRUM: "Sacrum", LEFT_HIP: "left hip bone", RIGHT_HIP: "Right Hip Bone"}
    meta: dict[str, str] = {}
    for number, (code, name) in enumerate(names.items()):
        meta |= {f"Segment{number}_Name": name, f"Segment{number}_LabelValue": str(code)}
    path = write_map(tmp_path / "pelvis.seg.nrrd", volume.values, volume.grid, meta=meta)
    assert read_labels(path).codes() == {SACRUM, LEFT_HIP, RIGHT_HIP}


# ---- both hips in one label


@pytest.mark.parametrize("joined", [False, True])
def test_hips_in_one_label_are_told_apart(tmp_path: Path, volume: Volume, joined: bool) -> None:
    values = renamed(volume.values, {SACRUM: 3, LEFT_HIP: 1, RIGHT_HIP: 1, L5: 4})
    if joined:
        # Bone across the symphysis: from the left pubis's most medial voxel to the right one's.
        left = np.argwhere(volume.values == LEFT_HIP)
        middle = left[np.argmin(left[:, 0])]
        values[middle[0] - 6 : middle[0] + 1, middle[1] - 1 : middle[1] + 2, middle[2] - 1 : middle[2] + 2] = 1
    path = write_map(tmp_path / "hips.nii.gz", values, volume.grid)
    mapping = write_mapping(tmp_path / "m.yaml", "sacrum: 3\nhips: 1\nl5: 4\n")
    shapes = read_labels(path, mapping=mapping)
    sampled = shapes.sampled(volume.grid)
    for code in (LEFT_HIP, RIGHT_HIP):
        assert dice(sampled == code, volume.values == code) > (0.99 if joined else 0.999)
    assert any("cut apart" in text for text in shapes.source.warnings) == joined


# ---- left and right, up and down


def test_exchanged_hips_are_refused(tmp_path: Path, volume: Volume) -> None:
    values = renamed(volume.values, {SACRUM: 25, LEFT_HIP: 78, RIGHT_HIP: 77})
    with pytest.raises(InputError, match="left hip is the right one"):
        read_labels(write_map(tmp_path / "swapped.nii.gz", values, volume.grid))


@pytest.mark.parametrize(("axis", "word"), [(0, "right one"), (1, "back is in front"), (2, "head end is at the feet")])
def test_a_map_flipped_without_its_header_is_refused(tmp_path: Path, volume: Volume, axis: int, word: str) -> None:
    flipped = np.flip(total(volume), axis)
    with pytest.raises(InputError, match=word):
        read_labels(write_map(tmp_path / "flipped.nii.gz", flipped, volume.grid))


@pytest.mark.parametrize("axes", [(0, 1), (1, 2), (0, 2)])
def test_a_map_turned_round_without_its_header_is_refused(
    tmp_path: Path, volume: Volume, axes: tuple[int, int]
) -> None:
    turned = np.flip(total(volume), axes)
    with pytest.raises(InputError, match="header contradicts"):
        read_labels(write_map(tmp_path / "turned.nii.gz", turned, volume.grid))


def test_what_no_map_can_tell(tmp_path: Path, volume: Volume) -> None:
    """Mirrored left to right with its names mirrored along, a pelvis looks like any other: it is read.

    That is why such a map's orientation is unverified, and a person confirms the side.
    """
    values = np.flip(renamed(volume.values, {SACRUM: 25, LEFT_HIP: 78, RIGHT_HIP: 77}), 0)
    shapes = read_labels(write_map(tmp_path / "mirrored.nii.gz", values, volume.grid))
    assert shapes.source.orientation == "unverified"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_storage_order_changes_nothing(tmp_path: Path, volume: Volume, axis: int) -> None:
    """Left-handed index axes are a common way to store CT; the header says so, and the bones stay where they are."""
    grid, n = volume.grid, volume.grid.shape[axis]
    direction = grid.direction.copy()
    direction[:, axis] *= -1
    origin = grid.points(np.eye(3)[axis] * (n - 1))
    path = write_map(tmp_path / "las.nii.gz", np.flip(total(volume), axis), grid, origin=origin, direction=direction)
    shapes = read_labels(path)
    assert np.linalg.det(shapes.fields[SACRUM].grid.direction) == pytest.approx(1.0)
    sampled = shapes.sampled(grid)
    assert dice(sampled == LEFT_HIP, volume.values == LEFT_HIP) > 0.999


def test_two_orientations_in_one_header(tmp_path: Path, volume: Volume) -> None:
    """NIfTI says the orientation twice. Here the sform's x axis is turned round: programs would differ in the side."""
    path = write_map(tmp_path / "two.nii", total(volume), volume.grid)
    data = bytearray(path.read_bytes())
    assert struct.unpack_from("<h", data, 252)[0] > 0  # qform_code
    row = struct.unpack_from("<4f", data, 280)  # srow_x
    struct.pack_into("<h", data, 254, 1)
    struct.pack_into("<4f", data, 280, -row[0], row[1], row[2], -row[3])
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="two places"):
        read_labels(path)


def test_a_header_without_orientation_is_told(tmp_path: Path, volume: Volume) -> None:
    path = write_map(tmp_path / "none.nii", total(volume), volume.grid)
    data = bytearray(path.read_bytes())
    struct.pack_into("<2h", data, 252, 0, 0)
    path.write_bytes(bytes(data))
    shapes = read_labels(path)
    assert any("does not say how the image lies" in text for text in shapes.source.warnings)


# ---- units, extent, fragments


@pytest.mark.parametrize(("factor", "unit"), [(0.001, "metres"), (0.1, "centimetres"), (1 / 25.4, "inches")])
def test_other_units_are_named(tmp_path: Path, volume: Volume, factor: float, unit: str) -> None:
    grid = volume.grid
    path = write_map(
        tmp_path / "small.nrrd", total(volume), grid, spacing=grid.spacing_mm * factor, origin=grid.origin_mm * factor
    )
    with pytest.raises(InputError, match=unit):
        read_labels(path)


def test_a_scan_that_cuts_off_one_joint_names_the_side(tmp_path: Path, volume: Volume) -> None:
    # The phantom's left joint lies about 42 mm left of the middle: the picture ends there.
    grid = volume.grid
    end = int(grid.index(np.array([[45.0, 0.0, 0.0]]))[0, 0])
    values = total(volume)[:end]
    with pytest.raises(InputError, match="left") as caught:
        read_labels(write_map(tmp_path / "cut.nii.gz", values, grid))
    assert "left" in str(caught.value)


def test_a_scan_that_ends_within_the_joint(tmp_path: Path, whole: Phantom, volume: Volume) -> None:
    """The lowest slices are missing, up to the middle of both joints."""
    grid = volume.grid
    middle = whole.truth.frame.to_lps(whole.truth.joints["left"].centre_mm)
    low = int(grid.index(middle[None])[0, 2])
    path = write_map(
        tmp_path / "low.nii.gz", total(volume)[:, :, low:], grid, origin=grid.points(np.array([0.0, 0.0, low]))
    )
    with pytest.raises(InputError, match="sacroiliac joint"):
        read_labels(path)


def test_cut_ischia_are_told_and_read(tmp_path: Path, volume: Volume) -> None:
    grid = volume.grid
    low = np.argwhere(volume.values == LEFT_HIP)[:, 2].min() + 10
    path = write_map(
        tmp_path / "low.nii.gz", total(volume)[:, :, low:], grid, origin=grid.points(np.array([0.0, 0.0, low]))
    )
    shapes = read_labels(path)
    assert {code for code in shapes.border if code != L5} == {LEFT_HIP, RIGHT_HIP}
    assert any("left hip is cut off" in text for text in shapes.source.warnings)


@pytest.mark.parametrize("code", [SACRUM, LEFT_HIP])
def test_a_missing_bone(tmp_path: Path, volume: Volume, ours: Path, code: int) -> None:
    values = np.where(volume.values == code, 0, volume.values)
    with pytest.raises(InputError, match=f"label {code}"):
        read_labels(write_map(tmp_path / "less.nii.gz", values, volume.grid), mapping=ours)


def test_fragments_are_left_out_and_told(tmp_path: Path, volume: Volume) -> None:
    values = total(volume)
    loose = round(0.1 / 0.9 * (values == 25).sum() / 81)  # a tenth of all, in a far corner
    values[1:10, 1:10, 1 : 1 + loose] = 25
    shapes = read_labels(write_map(tmp_path / "loose.nii.gz", values, volume.grid))
    assert any("10% of the sacrum" in text for text in shapes.source.warnings)
    assert shapes.sampled(volume.grid)[1:10, 1:10, 1 : 1 + loose].max() == 0


def test_not_a_pelvis(tmp_path: Path, volume: Volume) -> None:
    """Blocks in the right labels, as a knee or a phantom of something else might be."""
    values = np.zeros(volume.values.shape, dtype=np.uint8)
    values[27:40, 20:33, 7:73] = 77
    values[67:80, 20:33, 7:73] = 78
    values[47:60, 20:33, 27:29] = 25
    with pytest.raises(InputError):
        read_labels(write_map(tmp_path / "blocks.nii.gz", values, volume.grid))


# ---- files that are no label map


def test_files_that_are_no_label_map(tmp_path: Path, volume: Volume) -> None:
    with pytest.raises(InputError, match="no such label map"):
        read_labels(tmp_path / "absent.nii.gz")
    (tmp_path / "text.nii.gz").write_text("nothing")
    with pytest.raises(InputError, match="not readable"):
        read_labels(tmp_path / "text.nii.gz")
    fractions = total(volume).astype(np.float32) * 0.5 + 0.25
    with pytest.raises(InputError, match="fractions"):
        read_labels(write_map(tmp_path / "probability.nii.gz", fractions, volume.grid))
    with pytest.raises(InputError, match="single slice"):
        read_labels(write_map(tmp_path / "slice.nii.gz", total(volume)[:, :, 40:41], volume.grid))
    layers = SimpleITK.GetImageFromArray(np.zeros((4, 5, 6, 2), dtype=np.uint8), isVector=True)
    SimpleITK.WriteImage(layers, str(tmp_path / "layers.seg.nrrd"))
    with pytest.raises(InputError, match="several values"):
        read_labels(tmp_path / "layers.seg.nrrd")


# ---- against the CT


def ct_of(volume: Volume) -> Picture:
    """Bone of 400 HU in soft tissue of 40 HU, on the map's grid."""
    hu = np.where(volume.values > 0, 400.0, 40.0).astype(np.float32)
    return Picture(Volume(hu, volume.grid), Source(("ct",), "dicom", patient_id="P1"))


def test_identity_comes_from_the_ct(tmp_path: Path, volume: Volume) -> None:
    shapes = read_labels(write_map(tmp_path / "total.nii.gz", total(volume), volume.grid), image=ct_of(volume))
    assert (shapes.source.orientation, shapes.source.patient_id) == ("dicom", "P1")
    assert shapes.source.files == ("ct", "total.nii.gz")
    assert not shapes.source.warnings


@pytest.mark.parametrize(
    ("shift", "word"),
    [
        ((13.0, 0.0, 0.0), "better when shifted by -1[2-4], "),
        ((0.0, 7.5, 0.0), "better when shifted by -?[01], -[78], -?[01] mm"),
        ((0.0, 0.0, -13.0), "better when shifted by -?[01], -?[01], 1[2-4]"),
        ((300.0, 0.0, 0.0), "outside"),
    ],
)
def test_a_map_of_another_frame_than_the_ct(
    tmp_path: Path, volume: Volume, shift: tuple[float, float, float], word: str
) -> None:
    moved = write_map(
        tmp_path / "moved.nii.gz", total(volume), volume.grid, origin=volume.grid.origin_mm + np.array(shift)
    )
    with pytest.raises(InputError, match=word):
        read_labels(moved, image=ct_of(volume))


def test_a_map_that_is_a_little_off_is_read_with_a_doubt(tmp_path: Path, volume: Volume) -> None:
    """5 mm is more than a voxel of 3 mm and less than two: said, with its size and direction."""
    off = volume.grid.origin_mm + np.array([0.0, 0.0, 5.0])
    moved = write_map(tmp_path / "moved.nii.gz", total(volume), volume.grid, origin=off)
    doubts = [text for text in read_labels(moved, image=ct_of(volume)).source.warnings if "better when shifted" in text]
    assert len(doubts) == 1
    assert re.search(r"by -?[01], -?[01], -[456] mm", doubts[0])


@pytest.mark.slow
def test_thick_slices_allow_no_shift_along_them(tmp_path: Path, whole: Phantom) -> None:
    """Slices of 4 mm: a map 6 mm off is read with a doubt across the slices, and refused along their 1.5 mm pixels."""
    coarse, at = whole.labels((1.5, 1.5, 4.0)), whole.labels((1.5, 1.5, 4.0)).grid.origin_mm
    picture = Picture(whole.ct((1.5, 1.5, 4.0)), Source(("ct",), "dicom"))
    across = write_map(tmp_path / "across.nii.gz", total(coarse), coarse.grid, origin=at + np.array([0.0, 0.0, 6.0]))
    assert any("better when shifted" in text for text in read_labels(across, image=picture).source.warnings)
    along = write_map(tmp_path / "along.nii.gz", total(coarse), coarse.grid, origin=at + np.array([6.0, 0.0, 0.0]))
    with pytest.raises(InputError, match=r"better when shifted by -[567], "):
        read_labels(along, image=picture)


def test_a_ct_without_bone_there(tmp_path: Path, volume: Volume) -> None:
    noise = np.random.default_rng(0).normal(40.0, 20.0, volume.values.shape).astype(np.float32)
    picture = Picture(Volume(noise, volume.grid), Source(("ct",), "dicom"))
    with pytest.raises(InputError):
        read_labels(write_map(tmp_path / "total.nii.gz", total(volume), volume.grid), image=picture)


# ---- sampling


def test_between_thick_slices_and_on_a_turned_grid(tmp_path: Path, whole: Phantom) -> None:
    """A map with slices of 3 mm, asked for on a grid turned by 20°: within a voxel's skin of the phantom itself."""
    thick = whole.labels((1.5, 1.5, 3.0))
    shapes = read_labels(write_map(tmp_path / "thick.nii.gz", total(thick), thick.grid))
    assert shapes.finest_mm == pytest.approx(3.0)
    angle = np.radians(20.0)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    grid = Grid((60, 45, 60), np.full(3, 2.0), whole.pose.to_lps(np.array([-60.0, -55.0, -70.0])), turn)
    truth, found = whole.shapes.sampled(grid), shapes.sampled(grid)
    assert (truth == SACRUM).sum() > 3000
    for code in (SACRUM, LEFT_HIP):
        assert dice(truth == code, found == code) > 0.94
    # The interpolation is unbiased: volumes agree within 2 %.
    assert (found == SACRUM).sum() == pytest.approx((truth == SACRUM).sum(), rel=0.02)


def test_surface_lies_on_the_bone(tmp_path: Path, volume: Volume) -> None:
    shapes = read_labels(write_map(tmp_path / "total.nii.gz", total(volume), volume.grid))
    points = shapes.surface(LEFT_HIP)
    step = 1.5
    near = np.zeros(len(points), dtype=int)
    for dx in (-step, step):
        for dy in (-step, step):
            for dz in (-step, step):
                at = np.rint(volume.grid.index(points + np.array([dx, dy, dz]))).astype(int)
                near += volume.values[tuple(at.T)] == LEFT_HIP
    # A point on the surface has bone of this hip on one side and none on the other.
    assert np.mean((near > 0) & (near < 8)) > 0.99


def test_touching(tmp_path: Path, volume: Volume) -> None:
    values = total(volume)
    apart = read_labels(write_map(tmp_path / "apart.nii.gz", values, volume.grid)).touching()
    grown = values.copy()
    for _ in range(3):
        beside = np.roll(grown, 1, axis=0)
        grown = np.where((grown == 0) & (beside == 25), 25, grown)
    met = read_labels(write_map(tmp_path / "met.nii.gz", grown, volume.grid)).touching()
    assert (SACRUM, LEFT_HIP) in met
    assert (LEFT_HIP, RIGHT_HIP) not in apart


# ---- real maps


@pytest.mark.parametrize(
    ("name", "mapping", "millilitres"),
    [
        ("ct/pelvis_3mm_labels", OUR_IDS, {SACRUM: 210, LEFT_HIP: 376, RIGHT_HIP: 376}),
        ("labels/004_bones", "sacrum: 3\nhips: 1\nspine: 4\n", {SACRUM: 212, LEFT_HIP: 231, RIGHT_HIP: 231}),
    ],
)
def test_real_maps(tmp_path: Path, data_dir: Path, name: str, mapping: str, millilitres: dict[int, int]) -> None:
    """Volumes as counted in the files; of the pelvis label, half a hip (a few per cent between the sides)."""
    shapes = read_labels(data_dir / f"{name}.nii.gz", mapping=write_mapping(tmp_path / "m.yaml", mapping))
    assert shapes.codes() == {SACRUM, LEFT_HIP, RIGHT_HIP, L5}
    for code, expected in millilitres.items():
        field = shapes.fields[code]
        found = (field.distance_mm > 0).sum() * np.prod(field.grid.spacing_mm) / 1000
        assert found == pytest.approx(expected, rel=0.06)
    # LPS: the left hip lies to the left.
    assert shapes.surface(LEFT_HIP)[:, 0].mean() > shapes.surface(RIGHT_HIP)[:, 0].mean() + 100
