"""The DICOM files of a folder and their headers, without pixels; what else lies there is set aside."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from nutation.record.errors import InputError

# What the checks read. The rest of a header stays on disk, so that thousands of slices cost little memory.
KEYWORDS = (
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "StudyDate", "SeriesDate", "AcquisitionDate",
    "Modality", "ConversionType", "StudyDescription", "SeriesDescription", "PatientName", "PatientID",
    "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "SliceThickness", "GantryDetectorTilt", "PatientPosition",
    "ConvolutionKernel", "AcquisitionNumber", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "InstanceNumber",
    "ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "NumberOfFrames", "SamplesPerPixel",
    "PhotometricInterpretation", "Rows", "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleIntercept", "RescaleSlope",
    "RescaleType", "ModalityLUTSequence", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    "ManufacturerModelName", "Manufacturer",
)  # fmt: skip

DICOMDIR_CLASS = "1.2.840.10008.1.3.10"

# The first element of a data set without DICOM's preamble: group 0008, as old systems wrote it.
_BARE_START = b"\x08\x00"

UNREADABLE = (ValueError, KeyError, AttributeError, TypeError, EOFError, OSError, NotImplementedError, RuntimeError,
              struct.error, BytesLengthException, InvalidDicomError)  # fmt: skip
"""What pydicom raises on damaged files."""


@dataclass(frozen=True, slots=True)
class DicomFile:
    """One DICOM file: its path and those elements of its header that are looked at (a pydicom Dataset)."""

    path: Path
    head: Any

    def text(self, keyword: str) -> str:
        """The element's value as text; empty where it is absent, empty or unreadable."""
        try:
            value = self.head.get(keyword)
        except UNREADABLE:
            return ""
        return "" if value is None else str(value).strip().strip("\0")

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values of the element as text."""
        try:
            value = self.head.get(keyword)
        except UNREADABLE:
            return ()
        if value is None or value == "":
            return ()
        many: Sequence[Any] = (value,) if isinstance(value, str | bytes) else value
        try:
            return tuple(str(one).strip() for one in many)
        except TypeError:
            return (str(value),)

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values of the element as numbers; empty where one is none."""
        try:
            return tuple(float(one) for one in self.texts(keyword))
        except ValueError:
            return ()

    def syntax(self) -> str:
        """The UID of the encoding; empty where the file has no header of its own to say it."""
        return str(getattr(self.head, "file_meta", {}).get("TransferSyntaxUID", ""))

    def whole(self, keyword: str) -> int | None:
        """The element's single whole number, or None."""
        numbers = self.numbers(keyword)
        return int(numbers[0]) if len(numbers) == 1 else None


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds: DICOM files, and files that are none."""

    name: str
    files: tuple[DicomFile, ...]
    others: tuple[Path, ...]


def is_dicom(path: Path) -> bool:
    """Whether a file says of itself that it is DICOM, or starts as a DICOM data set without preamble does."""
    try:
        with path.open("rb") as stream:
            start = stream.read(132)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror or error}.", file=path.name, mend="check its rights."
        ) from None
    return start[128:] == b"DICM" or start.startswith(_BARE_START)


def folder_of(path: Path) -> Folder:
    """The headers of all DICOM files under a folder, or of the one file given."""
    files: list[DicomFile] = []
    others: list[Path] = []
    for found in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        head = _head(found)
        if head is None:
            others.append(found)
        elif str(head.get("SOPClassUID", "")) != DICOMDIR_CLASS and found.name.upper() != "DICOMDIR":
            files.append(DicomFile(found, head))
    return Folder(path.resolve().name, tuple(files), tuple(others))


def _head(path: Path) -> Any | None:
    """The header, or None where the file is no DICOM."""
    if not is_dicom(path):
        return None
    library = cast("Any", pydicom)
    try:
        head: Any = library.dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(KEYWORDS))
        class_uid = head.get("SOPClassUID") or head.file_meta.get("MediaStorageSOPClassUID")
    except UNREADABLE as error:
        raise InputError(
            f"is damaged: its DICOM header cannot be read ({error}).",
            file=path.name,
            mend="copy the series again from where it comes from.",
        ) from error
    if class_uid is None:
        # A file that only happens to start like one, or one that ends before it says what it is.
        return None
    if "SOPClassUID" not in head:
        head.SOPClassUID = class_uid
    return head
