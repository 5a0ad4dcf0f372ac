"""Faults in a folder of DICOM files: each is refused with its name, or said in a warning, and never guessed away."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from anatomy.dicom_made import made_grid, made_volume, random_direction, rewritten, write_series
from nutation.anatomy.images import OUTSIDE_HU, read_image
from nutation.anatomy.images.dicom_files import folder_of
from nutation.anatomy.images.slices import slices_of
from nutation.anatomy.images.stack import stacked
from nutation.record.errors import InputError

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"


def refused(path: Path, **how: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read_image(path, **how)
    assert caught.value.file
    assert caught.value.mend
    return caught.value


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "no DICOM file" in str(refused(tmp_path))


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in str(refused(tmp_path / "nowhere"))


def test_a_file_of_another_format(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(b"\x89PNG\r\n")
    assert "neither DICOM" in str(refused(tmp_path / "scan.png"))
    assert "scan.png" in str(refused(tmp_path))


def test_a_missing_slice_is_named_by_its_place(tmp_path: Path) -> None:
    # Slices lie at -30, -26 … 30 mm; without the sixth there is nothing at -10.
    write_series(tmp_path, leave_out=(5,))
    error = refused(tmp_path)
    assert "1 slices are missing, at -10.0 mm" in str(error)


def test_two_missing_slices_in_a_row(tmp_path: Path) -> None:
    write_series(tmp_path, leave_out=(5, 6, 11))
    assert "3 slices are missing, at -10.0, -6.0, 14.0 mm" in str(refused(tmp_path))


def test_slices_of_two_spacings(tmp_path: Path) -> None:
    def spread(dataset: Any, k: int) -> None:
        dataset.ImagePositionPatient[2] = -30 + 4 * k + (4 * (k - 8) if k > 8 else 0)

    write_series(tmp_path, edit=spread)
    assert "not evenly spaced: from 4.00 to 8.00 mm" in str(refused(tmp_path))


def test_rounded_positions_are_read_as_even(tmp_path: Path) -> None:
    # 0.625 mm steps written with one decimal run 0.6, 0.7, 0.6 …; the reading spreads them evenly.
    first = slices_of(folder_of(write_series(tmp_path)[0]).files)[0]
    places = [np.array([0, 0, round(0.625 * k, 1)]) for k in range(300)]
    stack = stacked([replace(first, position_mm=place) for place in places], lambda one, other: False, "folder")
    assert stack.step_mm == pytest.approx(0.625, abs=0.001)
    assert not any("evenly" in warning for warning in stack.warnings)


def test_a_slice_that_is_there_twice_is_read_once(tmp_path: Path) -> None:
    files = write_series(tmp_path / "a")
    (tmp_path / "copy").mkdir()
    shutil.copy(files[3], tmp_path / "copy" / "again")
    image = read_image(tmp_path)
    assert image.volume.grid.shape[2] == 16
    assert any("1 slice is there twice" in warning and "-18.0" in warning for warning in image.warnings)


def test_two_different_slices_at_one_place(tmp_path: Path) -> None:
    write_series(tmp_path / "a")
    files = write_series(tmp_path / "b", intercept=-1000)
    first = pydicom.dcmread(next((tmp_path / "a").iterdir()))
    for path in files:
        rewritten(path, lambda dataset: _joins(dataset, first))
    error = refused(tmp_path)
    assert "16 positions hold two different slices" in str(error)


def _joins(dataset: Any, first: Any) -> None:
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = first.SeriesInstanceUID, first.StudyInstanceUID
    dataset.FrameOfReferenceUID = first.FrameOfReferenceUID
    dataset.PixelData = (dataset.pixel_array + 7).astype("<u2").tobytes()


def test_a_series_over_time_at_one_place(tmp_path: Path) -> None:
    def still(dataset: Any, k: int) -> None:
        dataset.ImagePositionPatient = [0, 0, 0]
        dataset.PixelData = (dataset.pixel_array + k).astype("<u2").tobytes()

    write_series(tmp_path, edit=still)
    assert "series over time" in str(refused(tmp_path))


def test_several_series_are_listed_and_one_can_be_named(tmp_path: Path) -> None:
    write_series(tmp_path / "a", seed=1)
    files = write_series(tmp_path / "b", seed=2)

    def other(dataset: Any) -> None:
        dataset.SeriesDescription, dataset.SeriesNumber = "Pelvis 3.0 soft", 4

    for path in files:
        rewritten(path, other)
    uid = str(pydicom.dcmread(files[0]).SeriesInstanceUID)
    error = refused(tmp_path)
    assert "2 CT series" in str(error)
    assert uid in str(error)
    assert "CT, 16 images" in str(error)
    assert "Pelvis 3.0 soft" in str(error)
    assert "--series" in error.mend
    assert read_image(tmp_path, series=uid).source.series_uid == uid
    assert "holds no series 1.2.3" in str(refused(tmp_path, series="1.2.3"))


def test_a_localizer_and_a_dose_report_beside_the_scan_are_left_out_and_said(tmp_path: Path) -> None:
    files = write_series(tmp_path / "ct")
    _localizer(tmp_path / "scout", files[0])
    _dose_report(tmp_path / "dose", files[0])
    image = read_image(tmp_path)
    assert image.volume.grid.shape[2] == 16
    assert any("localizer" in warning for warning in image.warnings)
    assert any("dose report" in warning for warning in image.warnings)


def _localizer(path: Path, like: Path, *, same_series: bool = False) -> None:
    dataset = pydicom.dcmread(like)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    if not same_series:
        dataset.SeriesInstanceUID = generate_uid()
    dataset.save_as(path)


def _dose_report(path: Path, like: Path) -> None:
    dataset = pydicom.dcmread(like)
    del dataset.PixelData, dataset.Rows, dataset.Columns, dataset.ImagePositionPatient, dataset.FrameOfReferenceUID
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = DOSE_REPORT
    dataset.Modality, dataset.SeriesInstanceUID = "SR", generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.save_as(path)


def test_a_localizer_in_the_scan_s_own_series_is_left_out_and_said(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    _localizer(tmp_path / "scout", files[0], same_series=True)
    image = read_image(tmp_path)
    assert image.volume.grid.shape[2] == 16
    assert any("1 localizer" in warning for warning in image.warnings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT"}, "secondary capture"),
        ({"SOPClassUID": DOSE_REPORT, "Modality": "SR"}, "dose report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR"}, "modality is MR, not CT"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "screen save"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4", "Modality": ""}, "no CT images"),
    ],
)
def test_what_is_no_ct_is_refused_by_its_name(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    write_series(tmp_path, edit=lambda dataset, k: [setattr(dataset, key, value) for key, value in change.items()])
    assert words in str(refused(tmp_path))


def test_a_single_slice(tmp_path: Path) -> None:
    files = write_series(tmp_path / "all")
    assert "single slice" in str(refused(files[0]))
    assert "single slice" in str(refused(tmp_path / "all", series=_alone(files)))


def _alone(files: list[Path]) -> str:
    uid = generate_uid()
    rewritten(files[0], lambda dataset: setattr(dataset, "SeriesInstanceUID", uid))
    return str(uid)


@pytest.mark.parametrize(
    "change",
    [{"PatientID": "B-23"}, {"PatientBirthDate": "19660101"}, {"PatientID": "", "PatientName": "Roe^Richard"}],
    ids=["number", "birth date", "name alone"],
)
def test_two_patients_in_one_folder_are_refused_whoever_is_meant(tmp_path: Path, change: dict[str, str]) -> None:
    write_series(tmp_path / "one", seed=1, patient="" if change.get("PatientID") == "" else "A-17")
    files = write_series(tmp_path / "two", seed=2)
    for path in files:
        rewritten(path, lambda dataset: [setattr(dataset, key, value) for key, value in change.items()])
    uid = str(pydicom.dcmread(files[0]).SeriesInstanceUID)
    for error in (refused(tmp_path), refused(tmp_path, series=uid)):
        assert "2 patients" in str(error)
        assert not any(word in str(error) for word in ("Doe", "Roe", "A-17", "B-23"))


def test_one_name_written_in_two_ways_is_said(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    rewritten(files[2], lambda dataset: setattr(dataset, "PatientName", "DOE^JANE^Q"))
    assert not any("name" in warning for warning in read_image(tmp_path).warnings)
    rewritten(files[2], lambda dataset: setattr(dataset, "PatientName", "Doe-Smith^Jane^Q"))
    assert any("written in 2 ways" in warning for warning in read_image(tmp_path).warnings)


def test_a_file_that_is_no_dicom_is_ignored_and_said(tmp_path: Path) -> None:
    write_series(tmp_path)
    (tmp_path / "notes.txt").write_text("see the radiologist")
    (tmp_path / "empty").touch()
    image = read_image(tmp_path)
    assert any("2 files are no DICOM" in warning and "notes.txt" in warning for warning in image.warnings)


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    files[4].write_bytes(files[4].read_bytes()[:-500])
    error = refused(tmp_path)
    assert error.file == files[4].name
    assert "cut short" in str(error)


@pytest.mark.parametrize("kept", [300, 700, 900, 1100])
def test_a_file_cut_within_its_header_never_gives_a_volume(tmp_path: Path, kept: int) -> None:
    files = write_series(tmp_path)
    files[4].write_bytes(files[4].read_bytes()[:kept])
    refused(tmp_path)


def test_compressed_pixels_cut_short_are_named(tmp_path: Path) -> None:
    from pydicom.uid import JPEGLSLossless

    files = write_series(tmp_path, edit=lambda dataset, k: dataset.compress(JPEGLSLossless))
    files[4].write_bytes(files[4].read_bytes()[:-800])
    assert refused(tmp_path).file == files[4].name


def test_padding_becomes_what_is_outside(tmp_path: Path) -> None:
    # Stored -2000 with intercept -1024 would be -3024 HU. The element is written unsigned, as some scanners do.
    def padded(dataset: Any, k: int) -> None:
        pixels = dataset.pixel_array.copy()
        pixels[:3] = -2000
        dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)
        dataset.PixelData = pixels.astype("<i2").tobytes()

    write_series(tmp_path, signed=True, edit=padded)
    values = read_image(tmp_path).volume.values
    assert (values[:, :3] == OUTSIDE_HU).all()
    assert np.array_equal(values[:, 3:], made_volume().values[:, 3:])


def test_a_range_of_padding(tmp_path: Path) -> None:
    def padded(dataset: Any, k: int) -> None:
        pixels = dataset.pixel_array.copy()
        pixels[:2], pixels[2] = 65000, 65010
        dataset.PixelPaddingValue, dataset.PixelPaddingRangeLimit = 65000, 65010
        dataset.PixelData = pixels.astype("<u2").tobytes()

    write_series(tmp_path, edit=padded)
    assert (read_image(tmp_path).volume.values[:, :3] == OUTSIDE_HU).all()


def test_padding_that_also_stands_for_tissue_is_left_and_said(tmp_path: Path) -> None:
    write_series(tmp_path, signed=True, intercept=0, edit=lambda dataset, k: setattr(dataset, "PixelPaddingValue", 40))
    image = read_image(tmp_path)
    assert np.array_equal(image.volume.values, made_volume().values)
    assert any("padding" in warning for warning in image.warnings)


def test_each_slice_has_its_own_rescale(tmp_path: Path) -> None:
    volume = made_volume()

    def own(dataset: Any, k: int) -> None:
        slope, intercept = (0.5, 2.0)[k % 2], -1024 - 2 * k
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        dataset.PixelData = np.rint((volume.values[:, :, k].T - intercept) / slope).astype("<u2").tobytes()

    write_series(tmp_path, volume, edit=own)
    # With slope 2 an odd difference is rounded to the next even one.
    assert np.abs(read_image(tmp_path).volume.values - volume.values).max() <= 1


def test_twelve_bits_with_sign(tmp_path: Path) -> None:
    # -5 is 0xFFB in twelve bits; what stands in the four unused bits is nobody's concern.
    def twelve(dataset: Any, k: int) -> None:
        stored = (dataset.pixel_array.astype(np.int32) & 0x0FFF) | 0x3000
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.PixelData = stored.astype("<u2").tobytes()

    write_series(tmp_path, signed=True, intercept=0, edit=twelve)
    assert np.array_equal(read_image(tmp_path).volume.values, made_volume().values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"RescaleIntercept": None}, "how its stored values become HU"),
        ({"RescaleSlope": "0"}, "how its stored values become HU"),
        ({"RescaleType": "Z_EFF"}, "not in HU"),
        ({"PixelSpacing": None}, "PixelSpacing"),
        ({"PixelSpacing": ["0", "4"]}, "no size"),
        ({"ImagePositionPatient": None}, "ImagePositionPatient"),
        ({"ImageOrientationPatient": ["1", "0", "0", "0.2", "1", "0"]}, "right angles"),
        ({"HighBit": 14}, "bits"),
        ({"PhotometricInterpretation": "RGB"}, "colour"),
    ],
)
def test_a_header_that_does_not_say_what_it_must(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    def fault(dataset: Any, k: int) -> None:
        for keyword, value in change.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)

    write_series(tmp_path, edit=lambda dataset, k: fault(dataset, k) if k == 7 else None)
    assert words in str(refused(tmp_path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PixelSpacing": ["4.5", "5.2"]}, "several pixel sizes"),
        ({"ImageOrientationPatient": ["1", "0", "0", "0", "0.99", "0.141067"]}, "several orientations"),
        ({"FrameOfReferenceUID": "1.2.3.4"}, "2 frames of reference"),
        ({"StudyInstanceUID": "1.2.3.4"}, "2 studies"),
    ],
)
def test_a_slice_unlike_the_others(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    files = write_series(tmp_path)
    rewritten(files[7], lambda dataset: [setattr(dataset, key, value) for key, value in change.items()])
    assert words in str(refused(tmp_path))


def test_a_slice_of_another_size(tmp_path: Path) -> None:
    files = write_series(tmp_path)

    def smaller(dataset: Any) -> None:
        dataset.PixelData = dataset.pixel_array[:20].tobytes()
        dataset.Rows = 20

    rewritten(files[7], smaller)
    assert "several sizes in pixels: 15 of 40 × 36, 1 of 40 × 20" in str(refused(tmp_path))


def test_slices_displaced_at_random(tmp_path: Path) -> None:
    random = np.random.default_rng(3)

    def moved(dataset: Any, k: int) -> None:
        dataset.ImagePositionPatient[0] = float(dataset.ImagePositionPatient[0]) + random.uniform(-30, 30)

    write_series(tmp_path, edit=moved)
    assert "displaced sideways" in str(refused(tmp_path))


def test_slices_with_unimaged_bone_between_them_are_said(tmp_path: Path) -> None:
    write_series(tmp_path, edit=lambda dataset, k: setattr(dataset, "SliceThickness", "1"))
    assert any("1 mm thick but 4.00 mm apart" in warning for warning in read_image(tmp_path).warnings)


def test_an_oblique_series_that_lacks_a_slice_is_still_refused(tmp_path: Path) -> None:
    write_series(tmp_path, made_volume(made_grid(direction=random_direction(2))), leave_out=(9,))
    assert "1 slices are missing" in str(refused(tmp_path))


def test_series_names_nothing_in_a_volume_file(tmp_path: Path) -> None:
    (tmp_path / "scan.nii").touch()
    assert "--series" in refused(tmp_path / "scan.nii", series="1.2").mend
