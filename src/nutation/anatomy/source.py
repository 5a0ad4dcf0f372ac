"""Where an image comes from and of whom it is: what a plan repeats on every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Side = Literal["left", "right"]
Orientation = Literal["dicom", "nifti", "unverified"]


@dataclass(frozen=True, slots=True)
class Source:
    """The input as it named itself. Empty text: the input does not say.

    `orientation` is `dicom` where left and right come from DICOM headers, `nifti` where they come from the header of a
    CT in NIfTI or NRRD, `unverified` for meshes and label maps with no image behind them: a person confirms the side.
    """

    files: tuple[str, ...]
    orientation: Orientation
    patient_id: str = ""
    patient_name: str = ""
    birth_date: date | None = None
    sex: str = ""
    image_date: date | None = None
    modality: str = ""
    series_uid: str = ""
    study_uid: str = ""
    frame_uid: str = ""
    described: str = ""
    slice_spacing_mm: float | None = None
    warnings: tuple[str, ...] = ()
