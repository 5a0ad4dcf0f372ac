"""The phantom written as files of the kinds that a plan reads: a DICOM series, NIfTI, a label map, surface meshes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from nutation.anatomy.pelvis import L5, LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import Field, Phantom
from nutation.anatomy.space import Volume

Kind = Literal["dicom", "nifti", "labels", "meshes"]

TOTALSEGMENTATOR_IDS: Mapping[int, int] = {SACRUM: 25, L5: 27, LEFT_HIP: 77, RIGHT_HIP: 78}
"""Ids of TotalSegmentator, version 2, task `total`."""

MESH_NAMES: Mapping[int, str] = {SACRUM: "sacrum", LEFT_HIP: "left_hip", RIGHT_HIP: "right_hip", L5: "l5"}

IMAGE_DATE = date(2026, 1, 15)
"""The phantom's study date: any day, always the same, so that the same files come out each time."""

# Stored values of the DICOM series: HU + 1024 as signed 16 bit, the range of a 12-bit scanner.
_INTERCEPT, _LOWEST_HU, _HIGHEST_HU = -1024, -1024, 3071


def write_phantom(
    folder: Path,
    kind: Kind,
    phantom: Phantom,
    *,
    spacing_mm: float | tuple[float, float, float] = 1.0,
    noise_hu: float = 0.0,
    seed: int = 0,
    covering: Field | None = None,
) -> Path:
    """Write the phantom into `folder` (made where it is missing) and return what a plan is given.

    `dicom`: the folder of a CT series, one file a slice; `nifti`: `phantom_ct.nii.gz` in HU; `labels`:
    `phantom_labels.nii.gz` with TotalSegmentator's ids; `meshes`: the folder with `sacrum.stl`, `left_hip.stl`,
    `right_hip.stl` (LPS millimetres, spacing as the step). `covering` bounds the image where it should cut something.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "meshes":
        return _write_meshes(folder, phantom, float(np.min(spacing_mm)))
    if kind == "labels":
        bones = phantom.labels(spacing_mm, covering=covering)
        ids = np.zeros(8, dtype=np.uint8)
        ids[list(TOTALSEGMENTATOR_IDS)] = list(TOTALSEGMENTATOR_IDS.values())
        return _write_image(folder / "phantom_labels.nii.gz", Volume(ids[bones.values], bones.grid))
    ct = phantom.ct(spacing_mm, noise_hu=noise_hu, seed=seed, covering=covering)
    if kind == "nifti":
        return _write_image(folder / "phantom_ct.nii.gz", Volume(np.rint(ct.values).astype(np.int16), ct.grid))
    return _write_series(folder, ct, f"{phantom.shape} {phantom.pose.rotation.tolist()} {spacing_mm} {noise_hu} {seed}")


def _write_image(path: Path, volume: Volume) -> Path:
    import SimpleITK as sitk  # noqa: N813  # the library's own short name

    library = cast("Any", sitk)
    image = library.GetImageFromArray(np.ascontiguousarray(volume.values.transpose(2, 1, 0)))
    image.SetSpacing(volume.grid.spacing_mm.tolist())
    image.SetOrigin(volume.grid.origin_mm.tolist())
    image.SetDirection(volume.grid.direction.ravel().tolist())
    library.WriteImage(image, str(path), True)
    return path


def _write_meshes(folder: Path, phantom: Phantom, step_mm: float) -> Path:
    import trimesh

    for code, (vertices, faces) in phantom.meshes(step_mm).items():
        surface = cast("Any", trimesh).Trimesh(vertices, faces, process=False)
        surface.export(folder / f"{MESH_NAMES[code]}.stl")
    return folder


def _write_series(folder: Path, ct: Volume, made_of: str) -> Path:
    """One file a slice, axial in the order of the grid's third axis, with the headers of a plain helical CT."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    study, series, frame = (
        str(generate_uid(entropy_srcs=["nutation phantom", made_of, of])) for of in ("st", "se", "f")
    )
    stored = np.clip(np.rint(ct.values), _LOWEST_HU, _HIGHEST_HU).astype(np.int16) - _INTERCEPT
    for number in range(ct.grid.shape[2]):
        slice_ = _common(ct, study, series, frame)
        uid = generate_uid(entropy_srcs=[series, str(number)])
        slice_.SOPInstanceUID = uid
        slice_.InstanceNumber = number + 1
        position = ct.grid.points(np.array([[0.0, 0.0, float(number)]]))[0]
        slice_.ImagePositionPatient = [_text(value) for value in position]
        slice_.SliceLocation = _text(position[2])
        slice_.PixelData = np.ascontiguousarray(stored[:, :, number].T).astype("<i2").tobytes()
        slice_.file_meta = FileMetaDataset()
        slice_.file_meta.MediaStorageSOPClassUID = CTImageStorage
        slice_.file_meta.MediaStorageSOPInstanceUID = uid
        slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_.save_as(folder / f"slice_{number + 1:04d}.dcm", enforce_file_format=True)
    return folder


def _common(ct: Volume, study: str, series: str, frame: str) -> Any:
    from pydicom.dataset import Dataset
    from pydicom.uid import CTImageStorage

    grid = ct.grid
    day = f"{IMAGE_DATE:%Y%m%d}"
    header = cast("Any", Dataset())
    header.SpecificCharacterSet = "ISO_IR 192"
    header.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    header.SOPClassUID = CTImageStorage
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = day
    header.StudyTime = header.SeriesTime = header.AcquisitionTime = header.ContentTime = "120000"
    header.AccessionNumber = ""
    header.Modality = "CT"
    header.Manufacturer = "Nutation phantom"
    header.ReferringPhysicianName = ""
    header.StudyDescription = "Pelvis, generated by code"
    header.SeriesDescription = "Nutation phantom"
    header.PatientName = "PHANTOM"
    header.PatientID = "PHANTOM"
    header.PatientBirthDate = ""
    header.PatientSex = "O"
    header.BodyPartExamined = "PELVIS"
    header.PatientPosition = "HFS"
    header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = study, series, frame
    header.StudyID, header.SeriesNumber, header.AcquisitionNumber = "1", 1, 1
    header.PositionReferenceIndicator = ""
    header.KVP = "120"
    header.SliceThickness = _text(grid.spacing_mm[2])
    header.SpacingBetweenSlices = _text(grid.spacing_mm[2])
    header.ImageOrientationPatient = [_text(value) for value in grid.direction.T[:2].ravel()]
    header.PixelSpacing = [_text(grid.spacing_mm[1]), _text(grid.spacing_mm[0])]
    header.Rows, header.Columns = grid.shape[1], grid.shape[0]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 1
    header.RescaleIntercept, header.RescaleSlope, header.RescaleType = str(_INTERCEPT), "1", "HU"
    header.WindowCenter, header.WindowWidth = "300", "1500"
    return header


def _text(value: float) -> str:
    """A decimal string of DICOM: at most 16 characters."""
    return f"{float(value) + 0.0:.6f}"
