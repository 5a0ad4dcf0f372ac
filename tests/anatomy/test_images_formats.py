"""One scan, however it was written: the same HU at the same LPS points.

The made-up scan is a function of LPS points, so the truth on any grid is that function at the grid's points; it is
made of whole HU, so files that store whole numbers lose nothing.
"""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from anatomy.dicom_made import made_grid, made_volume, random_direction, truth, write_series
from nutation.anatomy.images import Image, read_image
from nutation.anatomy.space import Floats, Grid, Volume

FLIPS = [
    np.eye(3)[list(order)].T * np.array(signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product([1.0, -1.0], repeat=3)
]
"""All 48 ways to lay a grid's axes along those of the patient, left-handed ones among them."""

WIDE = ((38, 36, 34), (5.0, 4.6, 4.8))
"""Wide enough for both joints whichever axis runs from left to right."""


def grid_points(grid: Grid) -> Floats:
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    return grid.points(index.reshape(-1, 3).astype(float))


def assert_true(image: Image, most_hu: float) -> None:
    assert np.linalg.det(image.volume.grid.direction) == pytest.approx(1, abs=1e-6)
    assert image.volume.values.dtype == np.float32
    told = truth(grid_points(image.volume.grid)).reshape(image.volume.grid.shape)
    assert np.abs(image.volume.values - told).max() <= most_hu


def to_itk(volume: Volume) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.values.transpose(2, 1, 0)))
    image.SetSpacing(volume.grid.spacing_mm.tolist())
    image.SetOrigin(volume.grid.origin_mm.tolist())
    image.SetDirection(volume.grid.direction.reshape(-1).tolist())
    return image


@pytest.mark.parametrize("number", range(0, 48, 7))
def test_a_series_with_its_axes_turned_and_flipped_has_its_values_where_they_were(tmp_path: Path, number: int) -> None:
    grid = made_grid(*WIDE, FLIPS[number])
    write_series(tmp_path, made_volume(grid), seed=number)
    image = read_image(tmp_path)
    assert_true(image, 0)
    assert sorted(map(tuple, grid_points(image.volume.grid).round(3))) == sorted(map(tuple, grid_points(grid).round(3)))


@pytest.mark.parametrize("seed", range(4))
def test_an_oblique_series_has_its_values_where_they_were(tmp_path: Path, seed: int) -> None:
    # Positions are rounded to nine decimals when written; a value that lies at a rounding edge may then differ by one.
    write_series(tmp_path, made_volume(made_grid(direction=random_direction(seed))), seed=seed)
    image = read_image(tmp_path)
    assert_true(image, 1)
    assert any("not axial" in warning for warning in image.warnings)


@pytest.mark.parametrize(("slope", "intercept", "signed"), [(1, -1024, False), (1, 0, True), (0.5, -1024, True)])
def test_stored_numbers_become_hu_by_the_header(tmp_path: Path, slope: float, intercept: float, signed: bool) -> None:
    write_series(tmp_path, slope=slope, intercept=intercept, signed=signed)
    assert_true(read_image(tmp_path), 0)


def test_who_and_when_come_from_the_headers(tmp_path: Path) -> None:
    write_series(tmp_path / "series")
    image = read_image(tmp_path)
    source = image.source
    assert (source.orientation, source.modality, source.sex) == ("dicom", "CT", "F")
    assert (source.patient_id, source.patient_name) == ("A-17", "Doe, Jane Q")
    assert (source.birth_date, source.image_date) == (date(1970, 3, 15), date(2024, 1, 2))
    assert source.series_uid
    assert source.study_uid
    assert source.frame_uid
    assert source.slice_spacing_mm == pytest.approx(4)
    assert "Pelvis 1.0 B60" in source.described
    assert len(image.slices) == 16


@pytest.mark.parametrize("number", [9, 17, 46])
def test_volume_files_agree_with_the_series_voxel_for_voxel(tmp_path: Path, number: int) -> None:
    volume = made_volume(made_grid(*WIDE, FLIPS[number]))
    write_series(tmp_path / "series", volume)
    series = read_image(tmp_path / "series")
    for ending in ("nii.gz", "nrrd", "mha", "nhdr"):
        SimpleITK.WriteImage(to_itk(volume), str(tmp_path / f"scan.{ending}"))
        file = read_image(tmp_path / f"scan.{ending}")
        # A left-handed series is turned round by its slices, a left-handed file by its third axis: the same axis.
        np.testing.assert_allclose(file.volume.grid.direction, series.volume.grid.direction, atol=1e-6)
        np.testing.assert_allclose(file.volume.grid.origin_mm, series.volume.grid.origin_mm, atol=1e-4)
        np.testing.assert_allclose(file.spacing_mm, series.spacing_mm, atol=1e-5)
        assert np.array_equal(file.volume.values, series.volume.values)
        assert file.source.orientation == "nifti"
        assert file.source.patient_id == ""


def test_an_oblique_nifti_agrees_with_its_series(tmp_path: Path) -> None:
    volume = made_volume(made_grid(direction=random_direction(5, most_deg=20)))
    SimpleITK.WriteImage(to_itk(volume), str(tmp_path / "scan.nii"))
    assert_true(read_image(tmp_path / "scan.nii"), 1)


def test_one_file_may_hold_all_frames(tmp_path: Path) -> None:
    import pydicom
    from highdicom.legacy import LegacyConvertedEnhancedCTImage
    from pydicom.uid import generate_uid

    files = write_series(tmp_path / "series")
    enhanced = LegacyConvertedEnhancedCTImage(
        [pydicom.dcmread(file) for file in files], generate_uid(), 9, generate_uid(), 1
    )
    (tmp_path / "one").mkdir()
    enhanced.save_as(tmp_path / "one" / "all.dcm")
    for path in (tmp_path / "one", tmp_path / "one" / "all.dcm"):
        image = read_image(path)
        assert_true(image, 0)
        assert image.source.patient_id == "A-17"


def test_a_tilted_gantry_is_straightened_and_said(tmp_path: Path) -> None:
    # The detector leans by 15° while the table moves along z: each slice starts where z alone has moved, so the grid of
    # slices is sheared. Read back, its points are at right angles and carry the scan's values to the precision of
    # linear interpolation (the field bends by less than 2 HU over a third of a pixel except at the body's edge).
    angle = np.radians(15)
    tilted = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    grid = made_grid((80, 80, 16), (2.5, 2.25, 4.0), tilted)

    def along_the_table(dataset, k: int) -> None:
        place = grid.origin_mm + np.array([0, 0, 4.0 * k])
        index = np.stack(np.meshgrid(np.arange(80.0), np.arange(80.0), indexing="ij"), axis=-1).reshape(-1, 2)
        points = place + (index * grid.spacing_mm[:2]) @ tilted[:, :2].T
        stored = truth(points).reshape(80, 80).T + 1024
        dataset.ImagePositionPatient = [f"{number:.6f}" for number in place]
        dataset.GantryDetectorTilt = "15"
        dataset.PixelData = stored.astype("<u2").tobytes()

    write_series(tmp_path, Volume(np.zeros(grid.shape, np.float32), grid), edit=along_the_table)
    image = read_image(tmp_path)
    assert any("tilted by 15.0°" in warning for warning in image.warnings)
    assert image.spacing_mm[2] == pytest.approx(4 * np.cos(angle), abs=1e-4)
    seen = image.volume.values.reshape(-1) > -1024
    told = truth(grid_points(image.volume.grid))[seen]
    off = np.abs(image.volume.values.reshape(-1)[seen] - told)
    assert seen.mean() > 0.85
    assert np.median(off) < 1
    assert np.quantile(off, 0.99) < 15


@pytest.mark.parametrize("kind", ["RLE", "JPEG 2000", "JPEG lossless", "JPEG-LS"])
def test_compressed_slices_are_read_exactly(tmp_path: Path, kind: str) -> None:
    from pydicom.uid import JPEGLSLossless, RLELossless

    uids = {"RLE": RLELossless, "JPEG-LS": JPEGLSLossless}
    if kind in uids:
        write_series(tmp_path, edit=lambda dataset, k: dataset.compress(uids[kind]))
    else:
        for path in write_series(tmp_path):
            compress_by_itk(path, kind)
    assert_true(read_image(tmp_path), 0)


def compress_by_itk(path: Path, kind: str) -> None:
    """Replace a slice's pixels by a compressed form that pydicom cannot write here (nor read, for JPEG lossless)."""
    import pydicom
    from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1

    uid = {"JPEG lossless": JPEGLosslessSV1, "JPEG 2000": JPEG2000Lossless}[kind]
    dataset = pydicom.dcmread(path)
    plain = SimpleITK.GetImageFromArray(dataset.pixel_array)
    writer = SimpleITK.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetFileName(str(path.with_suffix(".dcm")))
    writer.SetUseCompression(True)
    writer.SetCompressor({"JPEG lossless": "JPEG", "JPEG 2000": "JPEG2000"}[kind])
    writer.Execute(plain)
    made = pydicom.dcmread(path.with_suffix(".dcm"))
    assert made.file_meta.TransferSyntaxUID == uid
    dataset.file_meta.TransferSyntaxUID = uid
    dataset.PixelData = made.PixelData
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    path.with_suffix(".dcm").unlink()
    dataset.save_as(path)


def test_a_data_set_without_the_file_header_is_read(tmp_path: Path) -> None:
    import pydicom

    for path in write_series(tmp_path):
        dataset = pydicom.dcmread(path)
        del dataset.file_meta
        dataset.preamble = None
        dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert_true(read_image(tmp_path), 0)


def test_the_real_scan_survives_dicom(tmp_path: Path, data_dir: Path) -> None:
    given = read_image(data_dir / "ct" / "pelvis_3mm_ct.nii.gz")
    write_series(tmp_path, given.volume)
    read = read_image(tmp_path)
    np.testing.assert_allclose(read.volume.grid.origin_mm, given.volume.grid.origin_mm, atol=1e-5)
    np.testing.assert_allclose(read.volume.grid.direction, given.volume.grid.direction, atol=1e-9)
    assert np.array_equal(read.volume.values, given.volume.values)
    assert any("metal" in warning for warning in read.warnings)
