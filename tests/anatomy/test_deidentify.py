"""De-identified files: nothing of the patient in any byte, everything that held together still does."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage, generate_uid

from anatomy.dicom_made import made_volume, slice_dataset, write_series
from nutation.anatomy.deidentify import Run, deidentified
from nutation.anatomy.images import read_image
from nutation.record.errors import InputError

NAME, NUMBER = "Doeringer^Janette", "HOSP-4711"
TELLING = ("Doeringer", "Janette", NUMBER, "19700315", "20240102", "101500", "ACC99", "Referrer", "Whispering")


@pytest.fixture
def series(tmp_path) -> list[Any]:
    def more(dataset: Any, k: int) -> None:
        dataset.InstitutionName, dataset.StationName = "Whispering Pines Hospital", "CT-4"
        dataset.PatientComments, dataset.OperatorsName = "Doeringer is her name", "Tech^Tom"
        dataset.add_new((0x0009, 0x0010), "LO", "MAKER")
        dataset.add_new((0x0009, 0x1001), "LO", "Doeringer Janette")
        request = Dataset()
        request.RequestedProcedureDescription, request.AccessionNumber = "for Doeringer", "ACC99"
        dataset.RequestAttributesSequence = [request]
        reference = Dataset()
        reference.ReferencedSOPClassUID = dataset.SOPClassUID
        reference.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
        dataset.SourceImageSequence = [reference]

    files = write_series(tmp_path / "series", edit=more, patient=NUMBER, name=NAME)
    return [pydicom.dcmread(file) for file in files]


def content(dataset: Any) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def identifiers(dataset: Any) -> tuple[str, ...]:
    """The UIDs that lead back to the patient: of instance, series, study and frame of reference."""
    names = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
    return tuple(str(dataset.get(name)) for name in names if name in dataset)


def test_nothing_of_the_patient_is_in_any_byte(series: list[Any]) -> None:
    run = Run()
    for original in series[:3]:
        told = content(deidentified(original, run=run))
        for word in (*TELLING, *identifiers(original)):
            assert word.encode() not in told, word
        assert str(original.file_meta.MediaStorageSOPInstanceUID).encode() not in told


def test_the_given_data_set_is_left_as_it_was(series: list[Any]) -> None:
    before = content(series[0])
    deidentified(series[0])
    assert content(series[0]) == before


def test_one_patient_keeps_one_pseudonym_and_one_set_of_uids(series: list[Any]) -> None:
    run = Run()
    first, second = (deidentified(one, run=run) for one in series[:2])
    assert first.PatientID == second.PatientID == run.pseudonym(series[0])
    assert str(first.PatientName) == first.PatientID
    for name in ("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert first[name].value == second[name].value != series[0][name].value
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID
    assert first.SourceImageSequence[0].ReferencedSOPInstanceUID == first.SOPInstanceUID
    assert first.SourceImageSequence[0].ReferencedSOPClassUID == series[0].SOPClassUID


def test_another_run_and_another_patient_are_someone_else(series: list[Any]) -> None:
    run, other = Run(), Run()
    assert run.pseudonym(series[0]) != other.pseudonym(series[0])
    assert deidentified(series[0], run=run).StudyInstanceUID != deidentified(series[0], run=other).StudyInstanceUID
    someone = pydicom.dcmread(io.BytesIO(content(series[0])))
    someone.PatientID = "HOSP-4712"
    assert run.pseudonym(someone) != run.pseudonym(series[0])


def test_it_says_that_and_how_the_identity_was_removed(series: list[Any]) -> None:
    told = deidentified(series[0])
    assert told.PatientIdentityRemoved == "YES"
    assert "PS3.15" in told.DeidentificationMethod
    assert [item.CodeValue for item in told.DeidentificationMethodCodeSequence] == ["113100"]
    assert told.LongitudinalTemporalInformationModified == "REMOVED"


def test_dates_of_the_images_can_be_kept_and_those_of_the_person_not(series: list[Any]) -> None:
    told = deidentified(series[0], keep_dates=True)
    assert (told.StudyDate, told.ContentDate) == ("20240102", "20240102")
    assert not told.PatientBirthDate
    assert told.LongitudinalTemporalInformationModified == "UNMODIFIED"
    assert [item.CodeValue for item in told.DeidentificationMethodCodeSequence] == ["113100", "113106"]
    assert b"19700315" not in content(told)


def test_a_de_identified_series_is_still_the_same_scan(series: list[Any], tmp_path) -> None:
    run = Run()
    (tmp_path / "out").mkdir()
    for k, original in enumerate(series):
        (tmp_path / "out" / f"{k}.dcm").write_bytes(content(deidentified(original, run=run)))
    image = read_image(tmp_path / "out")
    assert np.array_equal(image.volume.values, made_volume().values)
    assert image.source.patient_id == run.pseudonym(series[0])
    assert image.source.birth_date is None
    assert image.source.image_date is None


def test_a_segmentation_still_refers_to_its_slices(series: list[Any]) -> None:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentationTypeValues, SegmentDescription
    from pydicom.sr.codedict import codes

    slices = sorted(series, key=lambda one: float(one.ImagePositionPatient[2]))
    algorithm = AlgorithmIdentificationSequence("by hand", codes.DCM.ArtificialIntelligence, "1")
    described = SegmentDescription(
        1, "Sacrum", codes.SCT.Organ, codes.SCT.Bone, "AUTOMATIC", algorithm_identification=algorithm
    )
    mask = (made_volume().values > 200).transpose(2, 1, 0)
    original = Segmentation(
        slices, mask.astype(np.uint8), SegmentationTypeValues.BINARY, [described], generate_uid(), 9, generate_uid(),
        1, "Test maker", "model", "1", "none",
    )  # fmt: skip
    run = Run()
    told = pydicom.dcmread(io.BytesIO(content(deidentified(original, run=run))))
    written = content(told)
    for word in TELLING:
        assert word.encode() not in written, word
    for one in (original, *slices):
        assert all(uid.encode() not in written for uid in identifiers(one))
    series_uid = deidentified(slices[0], run=run).SeriesInstanceUID
    assert told.ReferencedSeriesSequence[0].SeriesInstanceUID == series_uid
    named = {str(deidentified(one, run=run).SOPInstanceUID) for one in slices}
    referred = {
        str(item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID)
        for item in told.PerFrameFunctionalGroupsSequence
    }
    assert referred
    assert referred <= named
    assert np.array_equal(told.pixel_array, original.pixel_array)


def document_dataset() -> Any:
    dataset = slice_dataset(
        made_volume().grid, 0, {"study": "1.2.3", "series": "1.2.4", "frame": "1.2.5"}, patient=NUMBER, name=NAME
    )
    for keyword in ("Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(dataset, keyword)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    dataset.MIMETypeOfEncapsulatedDocument, dataset.DocumentTitle = "application/pdf", "Operation plan"
    dataset.EncapsulatedDocument, dataset.BurnedInAnnotation = b"%PDF-1.7 Doeringer Janette", "YES"
    return dataset


def test_a_document_is_exchanged_or_refused() -> None:
    original = document_dataset()
    with pytest.raises(InputError, match="own pages"):
        deidentified(original)
    told = deidentified(original, document=b"%PDF-1.7 nobody")
    assert bytes(told.EncapsulatedDocument).rstrip(b"\0") == b"%PDF-1.7 nobody"
    assert told.BurnedInAnnotation == "NO"
    assert b"Doeringer" not in content(told)


def test_a_name_in_a_text_that_the_profile_leaves_is_refused(series: list[Any]) -> None:
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, "Sacrum of J. Doeringer"
    series[0].SegmentSequence = [segment]
    with pytest.raises(InputError, match="SegmentLabel"):
        deidentified(series[0])


def test_a_patient_with_the_name_of_a_maker_is_no_obstacle(series: list[Any]) -> None:
    series[0].PatientName = "Test^Maker"
    assert deidentified(series[0]).Manufacturer == "Test maker"
