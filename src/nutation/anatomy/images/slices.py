"""One plane of a CT, a file or a frame of one: where it lies and how its stored numbers become HU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nutation.anatomy.images.dicom_files import DicomFile
from nutation.anatomy.space import Floats
from nutation.record.errors import InputError

# Row and column directions may miss a right angle by this much (cosine): the rounding of decimal strings.
ROUNDING = 1e-3

_AGAIN = "export the series again from where it comes from."


@dataclass(frozen=True, slots=True)
class Slice:
    """One plane: LPS place of its first pixel's centre, directions along a row and down a column, pixel size (x, y).

    HU = stored · slope + intercept; `padding` is the range of stored values that mean "not measured"; `syntax` the UID
    of the encoding, empty where the file does not name it.
    """

    path: Path
    frame: int
    instance_uid: str
    position_mm: Floats
    along_row: Floats
    along_column: Floats
    pixel_mm: tuple[float, float]
    rows: int
    columns: int
    slope: float
    intercept: float
    thickness_mm: float | None
    padding: tuple[int, int] | None
    syntax: str = ""

    @property
    def normal(self) -> Floats:
        """The direction that makes rows, columns and slices right-handed, (3,)."""
        return np.cross(self.along_row, self.along_column)


def slices_of(files: Sequence[DicomFile]) -> tuple[Slice, ...]:
    """Every plane of the files. Raises `InputError` where a header lacks what a slice must say, or contradicts it."""
    return tuple(plane for file in files for plane in _planes(file))


def _planes(file: DicomFile) -> Iterator[Slice]:
    groups = file.head.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        if (file.whole("NumberOfFrames") or 1) > 1:
            raise _error(file, "holds several frames but not where each lies", "PerFrameFunctionalGroupsSequence")
        yield _plane(file, 0, file.head, file.head, file.head)
        return
    shared = file.head.get("SharedFunctionalGroupsSequence")
    common: Any = shared[0] if shared else {}
    for number, own in enumerate(groups):
        place, turned, measures, values = (
            _group(own, common, name)
            for name in ("PlanePosition", "PlaneOrientation", "PixelMeasures", "PixelValueTransformation")
        )
        if any(group is None for group in (place, turned, measures, values)):
            raise _error(file, f"does not say where frame {number + 1} lies or how its values become HU", "frames")
        merged = DicomFile(file.path, {**_elements(place), **_elements(turned), **_elements(measures)})
        yield _plane(file, number, merged.head, values, measures)


def _group(own: Any, common: Any, name: str) -> Any | None:
    """The functional group of one frame: its own, else the one that all share."""
    for holder in (own, common):
        found = holder.get(f"{name}Sequence")
        if found:
            return found[0]
    return None


def _elements(group: Any) -> dict[str, Any]:
    return {element.keyword: element.value for element in group if element.keyword}


def _plane(file: DicomFile, frame: int, place: Any, values: Any, measures: Any) -> Slice:
    where = DicomFile(file.path, place)
    position, turned = where.numbers("ImagePositionPatient"), where.numbers("ImageOrientationPatient")
    spacing = where.numbers("PixelSpacing")
    rows, columns = file.whole("Rows"), file.whole("Columns")
    for found, wanted, keyword in (
        (position, 3, "ImagePositionPatient"),
        (turned, 6, "ImageOrientationPatient"),
        (spacing, 2, "PixelSpacing"),
    ):
        if len(found) != wanted or not np.isfinite(found).all():
            raise _error(file, f"does not say where its pixels lie ({keyword} is missing or no number)", keyword)
    if not rows or not columns:
        raise _error(file, "does not say how many pixels it has (the header is cut short)", "Rows, Columns")
    if min(spacing) <= 0:
        raise _error(file, "says that its pixels have no size", "PixelSpacing")
    along_row, along_column = np.array(turned[:3]), np.array(turned[3:])
    lengths = np.array([np.linalg.norm(along_row), np.linalg.norm(along_column)])
    if np.abs(lengths - 1).max() > ROUNDING or abs(float(along_row @ along_column)) > ROUNDING:
        raise _error(file, "gives row and column directions that are not at right angles", "ImageOrientationPatient")
    slope, intercept = _rescale(file, DicomFile(file.path, values))
    thickness = DicomFile(file.path, measures).numbers("SliceThickness")
    return Slice(
        path=file.path,
        frame=frame,
        instance_uid=file.text("SOPInstanceUID"),
        position_mm=np.array(position),
        along_row=along_row / lengths[0],
        along_column=_at_right_angle(along_column, along_row),
        pixel_mm=(spacing[1], spacing[0]),
        rows=rows,
        columns=columns,
        slope=slope,
        intercept=intercept,
        thickness_mm=thickness[0] if thickness and thickness[0] > 0 else None,
        padding=_padding(file),
        syntax=file.syntax(),
    )


def _at_right_angle(vector: Floats, to: Floats) -> Floats:
    """The vector of length one without what it has along `to`: decimal strings are rounded."""
    straight = vector - to * (vector @ to) / (to @ to)
    return np.asarray(straight / np.linalg.norm(straight), dtype=np.float64)


def _rescale(file: DicomFile, values: DicomFile) -> tuple[float, float]:
    if values.head.get("ModalityLUTSequence"):
        raise _error(file, "turns stored values into HU by a table, which is not read", "ModalityLUTSequence")
    slope, intercept = values.numbers("RescaleSlope"), values.numbers("RescaleIntercept")
    if len(slope) != 1 or len(intercept) != 1 or slope[0] == 0 or not np.isfinite((*slope, *intercept)).all():
        raise _error(file, "does not say how its stored values become HU", "RescaleSlope, RescaleIntercept")
    unit = values.text("RescaleType").upper()
    # An absent type means HU in a CT; others are maps computed from two energies, or of no stated unit.
    if unit not in ("", "HU"):
        raise _error(file, f"holds values in {unit}, not in HU", "RescaleType")
    bits, high, allocated = file.whole("BitsStored"), file.whole("HighBit"), file.whole("BitsAllocated")
    if bits is None or high != bits - 1 or allocated not in (8, 16, 32) or bits > allocated:
        raise _error(file, "contradicts itself on how many bits a pixel has", "BitsAllocated, BitsStored, HighBit")
    if not file.text("PhotometricInterpretation").upper().startswith("MONOCHROME"):
        raise _error(file, "is a picture in colour, whose pixels are not HU", "PhotometricInterpretation")
    return slope[0], intercept[0]


def _padding(file: DicomFile) -> tuple[int, int] | None:
    """The stored values that mean "not measured", read with the pixels' own sign whatever the element's was."""
    first, limit = file.whole("PixelPaddingValue"), file.whole("PixelPaddingRangeLimit")
    if first is None:
        return None
    ends = [_as_stored(file, first), _as_stored(file, first if limit is None else limit)]
    return min(ends), max(ends)


def _as_stored(file: DicomFile, value: int) -> int:
    bits = file.whole("BitsAllocated") or 16
    value %= 1 << bits
    signed = file.whole("PixelRepresentation") == 1
    return value - (1 << bits) if signed and value >= 1 << (bits - 1) else value


def _error(file: DicomFile, problem: str, place: str) -> InputError:
    return InputError(f"{problem}.", file=file.path.name, place=place, mend=_AGAIN)
