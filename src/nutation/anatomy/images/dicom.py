"""A CT from DICOM: the series chosen, its slices checked and stacked, its patient and date read."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from pathlib import Path

from nutation.anatomy.images.dicom_files import DicomFile, Folder, folder_of
from nutation.anatomy.images.image import Image
from nutation.anatomy.images.patients import first_date, first_text, one_patient, plain_name
from nutation.anatomy.images.pixels import same_pixels, volume_of
from nutation.anatomy.images.series import chosen_series
from nutation.anatomy.images.slices import slices_of
from nutation.anatomy.images.stack import stacked
from nutation.anatomy.source import Source
from nutation.record.errors import InputError


def read_dicom(path: Path, series: str | None = None) -> Image:
    """Read one CT series of a folder (with its subfolders) or file. Raises `InputError` as `read_image` does."""
    # What pydicom has to say of small faults in headers is either checked here or does not matter.
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        return _read(path, series)


def _read(path: Path, uid: str | None) -> Image:
    folder = folder_of(path)
    if not folder.files:
        raise InputError(
            f"holds no DICOM file{_beside(folder)}.",
            file=folder.name,
            mend="give the folder of the CT's DICOM files (unpacked), or a volume in NIfTI, NRRD or MetaImage by name.",
        )
    identity = one_patient(folder.files, folder.name)
    series, left_out = chosen_series(folder, uid)
    _one_frame_of_reference(series.files, folder.name)
    stack = stacked(slices_of(series.files), same_pixels, folder.name)
    volume, padding = volume_of(stack)
    others = f"{len(folder.others)} files are no DICOM and were ignored{_beside(folder)}."
    return Image(
        volume=volume,
        source=_source(path, series.files, stack.step_mm),
        warnings=(*identity, *left_out, *((others,) if folder.others else ()), *stack.warnings, *padding),
        slices=tuple(dict.fromkeys(plane.path for plane in stack.slices)),
    )


def _beside(folder: Folder) -> str:
    names = [path.name for path in folder.others]
    if not names:
        return ""
    return f" ({', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''})"


def _one_frame_of_reference(files: Sequence[DicomFile], folder: str) -> None:
    for keyword, meaning in (("FrameOfReferenceUID", "frames of reference"), ("StudyInstanceUID", "studies")):
        found = {uid: file for file in files if (uid := file.text(keyword))}
        if len(found) > 1:
            names = [file.path.name for file in found.values()]
            raise InputError(
                f"one series holds slices of {len(found)} {meaning}, for instance {names[0]} and {names[1]}: where "
                "they lie against each other is not known.",
                file=folder,
                place=keyword,
                mend="export the series again from where it comes from.",
            )


def _source(path: Path, files: Sequence[DicomFile], step_mm: float) -> Source:
    described = [
        first_text(files, "StudyDescription"),
        first_text(files, "SeriesDescription"),
        f"series {number}" if (number := first_text(files, "SeriesNumber")) else "",
        first_text(files, "ConvolutionKernel"),
    ]
    return Source(
        files=(str(path),),
        orientation="dicom",
        patient_id=first_text(files, "PatientID"),
        patient_name=plain_name(files),
        birth_date=first_date(files, "PatientBirthDate"),
        sex=first_text(files, "PatientSex"),
        image_date=first_date(files, "StudyDate", "SeriesDate", "AcquisitionDate"),
        modality=first_text(files, "Modality") or "CT",
        series_uid=first_text(files, "SeriesInstanceUID"),
        study_uid=first_text(files, "StudyInstanceUID"),
        frame_uid=first_text(files, "FrameOfReferenceUID"),
        described=", ".join(part for part in described if part),
        slice_spacing_mm=step_mm,
    )
