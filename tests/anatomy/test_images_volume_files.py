"""Volume files with faults: orientation not known or contradicted, values that are none, the wrong dimensions."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from anatomy.dicom_made import made_grid, made_volume, random_direction
from nutation.anatomy.images import OUTSIDE_HU, read_image
from nutation.anatomy.images.nifti_header import header_of
from nutation.anatomy.space import Volume
from nutation.record.errors import InputError

# Byte offsets in a NIfTI-1 header (the format's own table).
QFORM_CODE, SFORM_CODE, QUATERN_B, QOFFSET_X, SROW_X = 252, 254, 256, 268, 280


def written(path: Path, volume: Volume | None = None, **fields: Any) -> Path:
    volume = volume or made_volume()
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.values.transpose(2, 1, 0)))
    image.SetSpacing(volume.grid.spacing_mm.tolist())
    image.SetOrigin(volume.grid.origin_mm.tolist())
    image.SetDirection(volume.grid.direction.reshape(-1).tolist())
    SimpleITK.WriteImage(image, str(path))
    return path


def patched(path: Path, offset: int, form: str, *numbers: float) -> Path:
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, offset, *numbers)
    path.write_bytes(data)
    return path


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read_image(path)
    assert path.name in str(caught.value)
    assert caught.value.mend
    return caught.value


def test_a_nifti_that_says_no_orientation(tmp_path: Path) -> None:
    path = patched(written(tmp_path / "scan.nii"), QFORM_CODE, "<2h", 0, 0)
    assert "left and right are not known" in str(refused(path))


def test_a_nifti_whose_two_orientations_disagree(tmp_path: Path) -> None:
    # The sform's first row alone is turned round: the other form still has left where it was.
    path = patched(written(tmp_path / "scan.nii"), SROW_X, "<4f", 5, 0, 0, -97.5)
    assert "two places for the same voxel (qform and sform), up to 195.0 mm apart" in str(refused(path))


@pytest.mark.parametrize("codes", [(1, 0), (0, 1), (0, 2)])
def test_one_orientation_is_enough(tmp_path: Path, codes: tuple[int, int]) -> None:
    volume = made_volume(made_grid(direction=random_direction(8, most_deg=25)))
    image = read_image(patched(written(tmp_path / "scan.nii", volume), QFORM_CODE, "<2h", *codes))
    np.testing.assert_allclose(image.volume.grid.direction, volume.grid.direction, atol=1e-5)
    np.testing.assert_allclose(image.volume.grid.origin_mm, volume.grid.origin_mm, atol=1e-3)


def test_a_template_s_orientation_is_said(tmp_path: Path) -> None:
    image = read_image(patched(written(tmp_path / "scan.nii"), SFORM_CODE, "<h", 4))
    assert any("template" in warning for warning in image.warnings)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("handed", [1.0, -1.0])
def test_both_forms_of_a_header_are_understood(tmp_path: Path, seed: int, handed: float) -> None:
    # Written by another program, both forms say the same of any orientation, left-handed ones too.
    direction = random_direction(seed) * np.array([1.0, 1.0, handed])
    told = header_of(written(tmp_path / "scan.nii", made_volume(made_grid(direction=direction))))
    np.testing.assert_allclose(told.qform, told.sform, atol=1e-3)
    ras = np.diag([-1.0, -1.0, 1.0]) @ direction * made_grid().spacing_mm
    np.testing.assert_allclose(told.sform[:3, :3], ras, atol=1e-4)


@pytest.mark.parametrize("kind", [np.int16, np.float32])
@pytest.mark.parametrize("name", ["scan.nii.gz", "scan.nii", "scan.nrrd", "scan.mha"])
@pytest.mark.parametrize("lost", [0.9, 0.3, 0.02])
def test_a_file_cut_short(tmp_path: Path, name: str, kind: type, lost: float) -> None:
    # ITK itself fills up a NIfTI that ends too soon, so nothing else would notice.
    volume = made_volume()
    path = written(tmp_path / name, Volume(volume.values.astype(kind), volume.grid))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - max(1, int(lost * len(content)))])
    assert "cut short" in str(refused(path))


def test_a_nifti_compressed_in_several_parts_is_whole(tmp_path: Path) -> None:
    volume = made_volume()
    plain = written(tmp_path / "scan.nii", Volume(volume.values.astype(np.int16), volume.grid)).read_bytes()
    path = tmp_path / "parts.nii.gz"
    path.write_bytes(gzip.compress(plain[:5000]) + gzip.compress(plain[5000:]))
    assert np.array_equal(read_image(path).volume.values, volume.values)


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz", "scan.nrrd", "scan.mha"])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not an image at all")
    refused(tmp_path / name)


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz", "scan.nrrd", "scan.mha"])
def test_values_that_are_no_numbers(tmp_path: Path, name: str) -> None:
    # ITK reads them as 0 HU from NIfTI: water.
    volume = made_volume()
    volume.values[3, 4, 5], volume.values[0, 0, 0] = np.nan, np.inf
    assert "2 voxels are no numbers" in str(refused(written(tmp_path / name, volume)))


def test_four_dimensions(tmp_path: Path) -> None:
    volume = made_volume()
    one = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.values.transpose(2, 1, 0)))
    SimpleITK.WriteImage(SimpleITK.JoinSeries([one, one]), str(tmp_path / "scan.nii"))
    assert "40 × 36 × 16 × 2 voxels" in str(refused(tmp_path / "scan.nii"))


def test_a_fourth_dimension_of_one_is_no_dimension(tmp_path: Path) -> None:
    volume = made_volume()
    one = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.values.transpose(2, 1, 0)))
    one.SetSpacing(volume.grid.spacing_mm.tolist())
    SimpleITK.WriteImage(SimpleITK.JoinSeries([one]), str(tmp_path / "scan.nii"))
    image = read_image(tmp_path / "scan.nii")
    assert np.array_equal(image.volume.values, volume.values)
    np.testing.assert_allclose(image.spacing_mm, volume.grid.spacing_mm, rtol=1e-6)


def test_two_dimensions(tmp_path: Path) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.zeros((30, 40), np.float32)), str(tmp_path / "scan.nii"))
    assert "single slice" in str(refused(tmp_path / "scan.nii"))


def test_colours(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(np.zeros((16, 30, 40, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(image, str(tmp_path / "scan.nrrd"))
    assert "3 values a voxel" in str(refused(tmp_path / "scan.nrrd"))


def test_an_nrrd_without_a_patient_s_space(tmp_path: Path) -> None:
    path = written(tmp_path / "scan.nrrd")
    text = path.read_bytes().replace(b"space: left-posterior-superior", b"space: scanner-xyz")
    path.write_bytes(text)
    assert "left and right are not known" in str(refused(path))


def test_an_nrrd_in_ras_is_turned_to_lps(tmp_path: Path) -> None:
    volume = made_volume()
    path = written(tmp_path / "scan.nrrd", volume)
    path.write_bytes(path.read_bytes().replace(b"left-posterior-superior", b"right-anterior-superior"))
    grid = read_image(path).volume.grid
    np.testing.assert_allclose(grid.direction, volume.grid.direction * np.array([[-1], [-1], [1]]), atol=1e-9)


def test_a_metaimage_that_says_no_orientation(tmp_path: Path) -> None:
    path = written(tmp_path / "scan.mha")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(line for line in lines if not line.startswith(b"TransformMatrix")))
    assert "left and right are not known" in str(refused(path))


def test_axes_that_are_not_at_right_angles(tmp_path: Path) -> None:
    path = written(tmp_path / "scan.nii")
    patched(path, QFORM_CODE, "<2h", 0, 1)
    # The second axis leans by 20° towards the first: a sheared image, as a tilted gantry leaves behind.
    patched(path, SROW_X, "<4f", -5, -4.5 * np.sin(0.35), 0, 97.5)
    assert path.name in str(refused(path))


def test_values_below_the_scale_of_air_are_what_is_outside(tmp_path: Path) -> None:
    volume = made_volume()
    volume.values[:2] = -3024
    image = read_image(written(tmp_path / "scan.nii", volume))
    assert (image.volume.values[:2] == OUTSIDE_HU).all()


def test_whole_numbers_are_read_as_they_are(tmp_path: Path) -> None:
    volume = made_volume()
    whole = Volume(volume.values.astype(np.int16), volume.grid)
    image = read_image(written(tmp_path / "scan.nii.gz", whole))
    assert image.volume.values.dtype == np.float32
    assert np.array_equal(image.volume.values, volume.values)
