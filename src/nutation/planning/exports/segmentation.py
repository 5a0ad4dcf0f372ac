"""The bones as a DICOM segmentation that refers to the image's slices, so that a viewer lays it on them."""

from __future__ import annotations

import io
import warnings as python_warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.space import Grid
from nutation.planning.exports.dicom_head import MANUFACTURER, MODEL, SERIAL, software

_NAMES: Mapping[int, str] = {
    SACRUM: "Sacrum",
    LEFT_HIP: "Left hip bone",
    RIGHT_HIP: "Right hip bone",
    L5: "L5 vertebra",
}
# A slice belongs to a plane of the label map where their centres are no further apart than this share of the spacing.
_SAME_PLANE = 0.25


def segmentation(
    labels: NDArray[np.uint8], grid: Grid, slices: Sequence[Any], *, how: str, ours: bool = False
) -> bytes | None:
    """The bones (`labels[i, j, k]` on `grid`) as one binary DICOM SEG over the image's `slices`.

    `slices` are headers of the series (`dicom_head.headers`); `how` says in words where the bones come from,
    `ours` that Nutation found them in the image; a map that a user gave is marked semi-automatic with its origin. None
    where the grid is not that of the slices (a tilted or resampled image): frames would lie beside their slices.
    """
    planes = _planes(grid, slices)
    codes = [code for code in _NAMES if np.any(labels == code)]
    if planes is None or not codes:
        return None
    import highdicom

    library = cast(Any, highdicom)
    with python_warnings.catch_warnings():
        # What the library has to say of a patient's name in the image is not ours to mend.
        python_warnings.simplefilter("ignore")
        made = _built(library, labels, codes, planes, slices, how, ours)
    kept = io.BytesIO()
    made.save_as(kept)
    return kept.getvalue()


def _built(
    library: Any, labels: NDArray[np.uint8], codes: list[int], planes: list[int], slices: Sequence[Any], how: str,
    ours: bool,
) -> Any:  # fmt: skip
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    # Rows run along j and columns along i: DICOM's pixel [row, column] of plane k is labels[i, j, k].
    pixels = np.stack([np.stack([(labels[:, :, k] == code).T for code in codes], axis=-1) for k in planes])
    made: Any = library.seg.Segmentation(
        source_images=[_as_source(head) for head in slices],
        pixel_array=pixels.astype(np.uint8),
        segmentation_type=library.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(library, number, code, how, ours) for number, code in enumerate(codes, 1)],
        series_instance_uid=generate_uid(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=software(),
        device_serial_number=SERIAL,
        content_label="BONES",
        content_description="Bones of the pelvis, as used for planning",
        series_description="Nutation: bones",
    )
    for segment, code in zip(made.SegmentSequence, codes, strict=True):
        side = {LEFT_HIP: ("7771000", "Left"), RIGHT_HIP: ("24028007", "Right")}.get(code)
        if side is not None:
            modifier: Any = Dataset()
            modifier.CodeValue, modifier.CodingSchemeDesignator, modifier.CodeMeaning = side[0], "SCT", side[1]
            segment.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [modifier]
    return made


_SERIES_NUMBER = 9301
"""High, so that it stands apart from the scanner's own series."""


def _as_source(head: Any) -> Any:
    """The header with what a segmentation copies from it, where the scanner left it out (empty is allowed there)."""
    for name in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime",
                 "AccessionNumber", "ReferringPhysicianName"):  # fmt: skip
        if name not in head:
            setattr(head, name, "")
    return head


def _described(library: Any, number: int, code: int, how: str, ours: bool) -> Any:
    from pydicom.sr.codedict import codes as concepts

    terms = cast(Any, concepts)
    kinds = {SACRUM: terms.SCT.Sacrum, L5: terms.SCT.L5Vertebra}
    hip = code in (LEFT_HIP, RIGHT_HIP)
    return library.seg.SegmentDescription(
        segment_number=number,
        segment_label=_NAMES[code],
        segmented_property_category=terms.SCT.AnatomicalStructure,
        segmented_property_type=kinds.get(code, terms.SCT.Bone),
        anatomic_regions=[terms.SCT.Hip] if hip else None,
        algorithm_type="AUTOMATIC" if ours else "SEMIAUTOMATIC",
        algorithm_identification=library.AlgorithmIdentificationSequence(
            name=how[:64],
            version=software(),
            family=terms.DCM.MorphologicalOperations if ours else terms.DCM.ManualProcessing,
        ),
        tracking_id=None,
    )


def _planes(grid: Grid, slices: Sequence[Any]) -> list[int] | None:
    """The grid's plane k of each slice; None where rows, columns, size or place do not agree."""
    if not slices:
        return None
    found: list[int] = []
    for head in slices:
        rows = np.array(head.ImageOrientationPatient, dtype=np.float64)
        same = np.allclose(rows[:3], grid.direction[:, 0], atol=1e-3) and np.allclose(
            rows[3:], grid.direction[:, 1], atol=1e-3
        )
        if not same or (int(head.Columns), int(head.Rows)) != grid.shape[:2]:
            return None
        index = grid.index(np.array(head.ImagePositionPatient, dtype=np.float64)[None])[0]
        k = round(float(index[2]))
        if not 0 <= k < grid.shape[2] or np.any(np.abs(index - [0, 0, k]) > _SAME_PLANE):
            return None
        found.append(k)
    return found
