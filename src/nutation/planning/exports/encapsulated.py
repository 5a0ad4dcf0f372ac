"""The plan's report as a DICOM file (Encapsulated PDF), filed with the study whose image it was made from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from nutation.anatomy.source import Source
from nutation.planning.exports.dicom_head import MANUFACTURER, MODEL, software

_ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
_SERIES_NUMBER = 9302
"""High, so that it stands apart from the scanner's own series."""
_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY = ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName")
_KEPT_IF_THERE = ("IssuerOfPatientID", "StudyDescription", "PatientIdentityRemoved", "DeidentificationMethod",
                  "DeidentificationMethodCodeSequence")  # fmt: skip


def encapsulated_pdf(pdf: bytes, source: Source, slices: Sequence[Any], *, title: str, made_at: datetime) -> bytes:
    """The PDF as an Encapsulated PDF object.

    With `slices` (headers of the image's series) patient and study are theirs and the series is referred to; without,
    they come from `source` and the study is a new one. Each call makes an object of its own, with its own identifiers.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    made: Any = Dataset()
    meta: Any = FileMetaDataset()
    _identity(made, source, slices)
    if not slices:
        made.StudyInstanceUID = source.study_uid or generate_uid()
    made.SOPClassUID = _ENCAPSULATED_PDF
    made.SOPInstanceUID = generate_uid()
    made.SeriesInstanceUID = generate_uid()
    made.Modality, made.SeriesNumber, made.InstanceNumber = "DOC", _SERIES_NUMBER, 1
    made.SeriesDescription = "Nutation: plan"
    made.Manufacturer, made.ManufacturerModelName = MANUFACTURER, MODEL
    made.SoftwareVersions = software()
    made.ConversionType = "WSD"
    made.SpecificCharacterSet = "ISO_IR 192"
    made.ContentDate, made.ContentTime = made_at.strftime("%Y%m%d"), made_at.strftime("%H%M%S")
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "YES"
    made.DocumentTitle = title
    made.VerificationFlag = "UNVERIFIED"
    made.ConceptNameCodeSequence = []
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(pdf)
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    if slices:
        made.SourceInstanceSequence = [_reference(head) for head in slices]
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationVersionName = "NUTATION"
    made.file_meta = meta
    kept = io.BytesIO()
    made.save_as(kept, enforce_file_format=True)
    return kept.getvalue()


def _identity(made: Any, source: Source, slices: Sequence[Any]) -> None:
    if slices:
        head = slices[0]
        for name in (*_PATIENT, *_STUDY):
            setattr(made, name, head.get(name, ""))
        for name in _KEPT_IF_THERE:
            if name in head:
                setattr(made, name, head.get(name))
        return
    made.PatientName = _person(source.patient_name)
    made.PatientID = source.patient_id
    made.PatientBirthDate = source.birth_date.strftime("%Y%m%d") if source.birth_date else ""
    made.PatientSex = source.sex if source.sex in ("M", "F", "O") else ""
    made.StudyDate = source.image_date.strftime("%Y%m%d") if source.image_date else ""
    made.StudyTime = made.StudyID = made.AccessionNumber = made.ReferringPhysicianName = ""


def _person(name: str) -> str:
    """A name as DICOM writes one; signs that have a meaning there are left out of a free text."""
    return name if "^" in name else name.replace("\\", " ").replace("=", " ")


def _reference(head: Any) -> Any:
    from pydicom.dataset import Dataset

    item: Any = cast(Any, Dataset())
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = head.SOPClassUID, head.SOPInstanceUID
    return item
