"""A CT volume as a series of DICOM files, for the phantom: what a scanner would have sent, and readable as that."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from typing import Any, cast

import numpy as np

from nutation.anatomy.space import Volume
from nutation.planning.exports.dicom_head import MANUFACTURER, MODEL, software

# Values are stored as unsigned twelve bits above the lowest HU that scanners write.
_LOWEST_HU, _HIGHEST = -1024, 4095


def ct_series(
    volume: Volume, *, patient_id: str, patient_name: str, on: date, described: str
) -> Iterator[tuple[str, bytes]]:
    """Name and content of each slice's file, from the first plane of `volume` (HU, indexed [i, j, k]) to the last.

    The grid's first two axes become the slice's rows and columns. The same volume and names give the same bytes.
    """
    from pydicom.uid import generate_uid

    told = [patient_id, patient_name, described, on.isoformat(), str(volume.grid.shape), str(volume.grid.origin_mm)]
    uids: dict[str, str] = {
        name: str(generate_uid(entropy_srcs=["nutation phantom", name, *told])) for name in ("study", "series", "frame")
    }
    values = np.clip(np.rint(volume.values) - _LOWEST_HU, 0, _HIGHEST).astype("<u2")
    for k in range(volume.grid.shape[2]):
        uid = generate_uid(entropy_srcs=["nutation phantom slice", str(k), *told])
        head = _head(volume, k, uids, uid, (patient_id, patient_name), on, described)
        head.PixelData = np.ascontiguousarray(values[:, :, k].T).tobytes()
        kept = io.BytesIO()
        head.save_as(kept, enforce_file_format=True)
        yield f"slice_{k + 1:04d}.dcm", kept.getvalue()


def _head(
    volume: Volume, k: int, uids: dict[str, str], uid: str, patient: tuple[str, str], on: date, described: str
) -> Any:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    grid, day = volume.grid, on.strftime("%Y%m%d")
    head: Any = cast(Any, Dataset())
    head.SpecificCharacterSet = "ISO_IR 192"
    head.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    head.SOPClassUID, head.SOPInstanceUID = CTImageStorage, uid
    head.PatientID, head.PatientName = patient
    head.PatientBirthDate, head.PatientSex = "", ""
    head.StudyInstanceUID, head.SeriesInstanceUID, head.FrameOfReferenceUID = (
        uids["study"],
        uids["series"],
        uids["frame"],
    )
    head.StudyDate = head.SeriesDate = head.AcquisitionDate = head.ContentDate = day
    head.StudyTime = head.SeriesTime = head.AcquisitionTime = head.ContentTime = "120000"
    head.StudyID, head.AccessionNumber, head.ReferringPhysicianName, head.PositionReferenceIndicator = "", "", "", ""
    head.Modality, head.SeriesNumber, head.InstanceNumber, head.AcquisitionNumber = "CT", 1, k + 1, 1
    head.Manufacturer, head.ManufacturerModelName, head.SoftwareVersions = MANUFACTURER, MODEL, software()
    head.StudyDescription, head.SeriesDescription, head.BodyPartExamined = "Pelvis", described, "PELVIS"
    head.PatientPosition, head.KVP = "HFS", ""
    head.ImageOrientationPatient = [f"{value:.9g}" for value in grid.direction.T[:2].ravel()]
    head.ImagePositionPatient = [f"{value:.9g}" for value in grid.points(np.array([[0.0, 0.0, float(k)]]))[0]]
    head.PixelSpacing = [float(grid.spacing_mm[1]), float(grid.spacing_mm[0])]
    head.SliceThickness = float(grid.spacing_mm[2])
    head.Rows, head.Columns = grid.shape[1], grid.shape[0]
    head.SamplesPerPixel, head.PhotometricInterpretation, head.PixelRepresentation = 1, "MONOCHROME2", 0
    head.BitsAllocated, head.BitsStored, head.HighBit = 16, 12, 11
    head.RescaleIntercept, head.RescaleSlope, head.RescaleType = _LOWEST_HU, 1, "HU"
    meta: Any = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, uid
    meta.TransferSyntaxUID, meta.ImplementationVersionName = ExplicitVRLittleEndian, "NUTATION"
    head.file_meta = meta
    return head
