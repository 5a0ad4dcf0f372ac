"""The plan's DICOM files: read back by pydicom and highdicom, judged by `dciodvfy` where it is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from nutation.anatomy.deidentify import Run, deidentified
from nutation.anatomy.pelvis import LEFT_HIP, SACRUM
from nutation.anatomy.space import Grid, Volume
from nutation.planning.exports.ct_series import ct_series
from nutation.planning.exports.dicom_head import headers
from nutation.planning.exports.encapsulated import encapsulated_pdf
from nutation.planning.exports.segmentation import segmentation
from report import made_plan as made

SHAPE = (24, 20, 6)
SERIES = "1.2.826.0.1.3680043.8.498.1"
AT = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def series(folder: Path) -> Grid:
    """Six CT slices of 24 columns and 20 rows, written from the highest to the lowest."""
    grid = Grid(SHAPE, np.array([2.0, 2.0, 3.0]), np.array([-24.0, -200.0, 400.0]), np.eye(3))
    study, frame = generate_uid(entropy_srcs=["study"]), generate_uid(entropy_srcs=["frame"])
    for k in reversed(range(SHAPE[2])):
        head: Any = Dataset()
        head.SOPClassUID, head.SOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=["slice", str(k)])
        head.PatientName, head.PatientID, head.PatientBirthDate, head.PatientSex = "Aldaya^M", "T-100", "19720411", "F"
        head.StudyInstanceUID, head.SeriesInstanceUID, head.FrameOfReferenceUID = study, SERIES, frame
        head.StudyDate, head.StudyTime, head.StudyID, head.AccessionNumber = "20260803", "101500", "1", ""
        head.ReferringPhysicianName, head.Modality, head.SeriesNumber, head.InstanceNumber = "", "CT", 2, k + 1
        head.PositionReferenceIndicator, head.ImageType = "", ["ORIGINAL", "PRIMARY", "AXIAL"]
        head.ImagePositionPatient = [-24.0, -200.0, 400.0 + 3.0 * k]
        head.ImageOrientationPatient, head.PixelSpacing, head.SliceThickness = [1, 0, 0, 0, 1, 0], [2.0, 2.0], 3.0
        head.Rows, head.Columns = SHAPE[1], SHAPE[0]
        head.SamplesPerPixel, head.PhotometricInterpretation, head.PixelRepresentation = 1, "MONOCHROME2", 1
        head.BitsAllocated, head.BitsStored, head.HighBit = 16, 16, 15
        head.RescaleIntercept, head.RescaleSlope = -1024, 1
        head.PixelData = np.zeros(SHAPE[1::-1], dtype=np.int16).tobytes()
        head.file_meta = FileMetaDataset()
        head.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        head.file_meta.MediaStorageSOPClassUID = head.SOPClassUID
        head.file_meta.MediaStorageSOPInstanceUID = head.SOPInstanceUID
        head.save_as(folder / f"{9 - k}.dcm", enforce_file_format=True)
    return grid


def complaints(content: bytes, path: Path) -> list[str]:
    """What dciodvfy calls an error. Skips where it is not installed."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")
    path.write_bytes(content)
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, timeout=60, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]


def bones() -> np.ndarray[Any, Any]:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[4:10, 5:12, 1:5] = SACRUM
    labels[12:20, 3:6, 2:4] = LEFT_HIP
    return labels


def heads(folder: Path) -> tuple[Any, ...]:
    """The slices' headers from the lowest to the highest, as `Image.slices` has them."""
    return headers([folder / f"{9 - k}.dcm" for k in range(SHAPE[2])])


def test_the_segmentation_gives_back_every_voxel_at_its_place(tmp_path: Path) -> None:
    grid = series(tmp_path)
    labels = bones()
    content = segmentation(labels, grid, heads(tmp_path), how="Labels given by the user")
    assert content is not None
    seg: Any = highdicom.seg.segread(io.BytesIO(content))
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["Sacrum", "Left hip bone"]
    assert (seg.PatientID, seg.StudyDate) == ("T-100", "20260803")
    volume = seg.get_volume(combine_segments=False)
    for number, code in ((1, SACRUM), (2, LEFT_HIP)):
        for i, j, k in np.argwhere(labels == code)[::7]:
            at = volume.map_reference_to_indices(grid.points(np.array([[i, j, k]], dtype=float)))[0]
            assert volume.array[tuple(np.round(at).astype(int))][number - 1] == 1
        assert volume.array[..., number - 1].sum() == np.count_nonzero(labels == code)
    assert complaints(content, tmp_path / "bones.seg") == []


def test_a_grid_that_is_not_the_slices_gives_no_segmentation(tmp_path: Path) -> None:
    grid = series(tmp_path)
    slices = heads(tmp_path)
    shifted = Grid(SHAPE, grid.spacing_mm, grid.origin_mm + np.array([0.0, 0.0, 1.5]), grid.direction)
    assert segmentation(bones(), shifted, slices, how="x") is None
    assert segmentation(bones(), grid, (), how="x") is None


def test_the_report_is_filed_with_the_study_of_the_image(tmp_path: Path) -> None:
    series(tmp_path)
    slices = heads(tmp_path)
    content = encapsulated_pdf(b"%PDF-1.7 odd", made.source(), slices, title="Plan", made_at=AT)
    read: Any = pydicom.dcmread(io.BytesIO(content))
    assert (read.PatientID, read.StudyInstanceUID) == ("T-100", slices[0].StudyInstanceUID)
    assert {item.ReferencedSOPInstanceUID for item in read.SourceInstanceSequence} == {
        head.SOPInstanceUID for head in slices
    }
    assert read.EncapsulatedDocument[: read.EncapsulatedDocumentLength] == b"%PDF-1.7 odd"
    assert complaints(content, tmp_path / "plan.dcm") == []


def test_without_the_patient_both_files_carry_one_pseudonym(tmp_path: Path) -> None:
    grid = series(tmp_path)
    run = Run()
    bare = [deidentified(head, run=run) for head in heads(tmp_path)]
    seg = segmentation(bones(), grid, bare, how="Labels given by the user")
    assert seg is not None
    report = encapsulated_pdf(b"%PDF-1.7", made.source(patient_id="", patient_name=""), bare, title="Plan", made_at=AT)
    read = [pydicom.dcmread(io.BytesIO(content)) for content in (seg, report)]
    assert len({str(one.PatientID) for one in read}) == 1
    assert len({one.StudyInstanceUID for one in read}) == 1
    for name, content in (("seg", seg), ("report", report)):
        assert b"Aldaya" not in content
        assert b"T-100" not in content
        assert b"20260803" not in content
        assert complaints(content, tmp_path / name) == []


def test_the_report_of_meshes_names_nobody_and_is_still_valid(tmp_path: Path) -> None:
    bare = made.source(orientation="unverified", patient_id="", patient_name="", birth_date=None, sex="",
                       image_date=None, study_uid="", series_uid="")  # fmt: skip
    content = encapsulated_pdf(b"%PDF-1.7", bare, (), title="Plan", made_at=AT)
    read: Any = pydicom.dcmread(io.BytesIO(content))
    assert (str(read.PatientName), read.PatientID) == ("", "")
    assert complaints(content, tmp_path / "plan.dcm") == []


def test_a_written_ct_is_read_back_as_it_was(tmp_path: Path) -> None:
    """The phantom's way out and our own way in: values, place and identity; and what a validator says of a slice."""
    grid = Grid((30, 26, 12), np.array([4.0, 4.0, 3.0]), np.array([-58.0, -200.0, 400.0]), np.eye(3))
    values = np.full(grid.shape, -1000.0, dtype=np.float32)
    values[5:25, 6:20, :] = 40.0
    values[8:12, 8:12, 2:9] = 700.0
    for name, content in ct_series(
        Volume(values, grid), patient_id="P-1", patient_name="Phantom^N", on=date(2026, 1, 15), described="made"
    ):
        (tmp_path / name).write_bytes(content)
    read = [pydicom.dcmread(path) for path in sorted(tmp_path.iterdir())]
    assert [float(slice_.ImagePositionPatient[2]) for slice_ in read] == [400.0 + 3 * k for k in range(12)]
    back = np.stack([s.pixel_array.T.astype(float) + float(s.RescaleIntercept) for s in read], axis=-1)
    assert np.array_equal(back, values)
    assert {(str(s.PatientID), str(s.PatientName), s.StudyDate) for s in read} == {("P-1", "Phantom^N", "20260115")}
    assert len({s.SOPInstanceUID for s in read}) == 12
    assert complaints((tmp_path / "slice_0003.dcm").read_bytes(), tmp_path / "one.dcm") == []
