"""DICOM written for tests: a made-up CT as a series, with whatever fault a test wants in it.

The scan is a smooth field over LPS points, so that any grid's truth can be worked out: `truth(points)`. It holds a
body of soft tissue in air and two bright bars of bone, unlike left from right, front from back and top from bottom.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from nutation.anatomy.space import Floats, Grid, Volume

SHAPE = (40, 36, 16)
SPACING_MM = (5.0, 4.5, 4.0)

Edit = Callable[[Any, int], None]
"""Changes the data set of slice k before it is written."""


def truth(points: Floats) -> Floats:
    """HU of the made-up scan at LPS points (n, 3), as whole numbers."""
    x, y, z = (points[:, axis] for axis in range(3))
    body = 1 / (1 + np.exp((np.hypot(x / 85, y / 70) - 1) * 12))
    hu = -1000 + 1040 * body
    hu += 700 * np.exp(-(((x - 45) / 18) ** 2) - ((y - 15) / 14) ** 2)
    hu += 500 * np.exp(-(((x + 30) / 16) ** 2) - ((y + 20) / 15) ** 2)
    return np.rint(hu + 0.5 * (z + 40) * body)


def made_grid(
    shape: tuple[int, int, int] = SHAPE,
    spacing_mm: tuple[float, float, float] = SPACING_MM,
    direction: Floats | None = None,
) -> Grid:
    """A grid around the scan's middle, its axes those of LPS unless `direction` (3, 3) turns them."""
    turned = np.eye(3) if direction is None else direction
    spacing = np.array(spacing_mm)
    origin = -turned @ (spacing * (np.array(shape) - 1) / 2)
    return Grid(shape, spacing, origin, turned)


def made_volume(grid: Grid | None = None) -> Volume:
    """The scan on a grid, float32 HU."""
    grid = grid or made_grid()
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1).reshape(-1, 3)
    return Volume(truth(grid.points(index.astype(float))).reshape(grid.shape).astype(np.float32), grid)


def write_series(
    folder: Path,
    volume: Volume | None = None,
    *,
    edit: Edit | None = None,
    leave_out: tuple[int, ...] = (),
    slope: float = 1.0,
    intercept: float = -1024.0,
    signed: bool = False,
    patient: str = "A-17",
    name: str = "Doe^Jane^Q",
    prefix: str = "IM",
    seed: int = 0,
) -> list[Path]:
    """Write a volume as a DICOM CT series, one file a slice, in shuffled order and numbering; the files by slice."""
    grid = volume.grid if volume else made_grid()
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{prefix}{number:04d}" for number in _numbers(grid.shape[2], seed)]
    if volume is None and edit is None:
        for k, content in enumerate(_plain_files(slope, intercept, signed, patient, name, seed)):
            if k not in leave_out:
                files[k].write_bytes(content)
        return files
    slices = _slices(volume or made_volume(), slope, intercept, signed, patient, name, seed)
    for k, dataset in enumerate(slices):
        if k in leave_out:
            continue
        if edit is not None:
            edit(dataset, k)
        dataset.save_as(files[k], enforce_file_format=True)
    return files


def _numbers(count: int, seed: int) -> list[int]:
    return np.random.default_rng(seed).permutation(count).tolist()


def _slices(
    volume: Volume, slope: float, intercept: float, signed: bool, patient: str, name: str, seed: int
) -> Iterator[Any]:
    grid = volume.grid
    numbers = _numbers(grid.shape[2], seed)
    uids = {word: str(generate_uid(entropy_srcs=[word, str(seed)])) for word in ("study", "series", "frame")}
    for k in range(grid.shape[2]):
        dataset = slice_dataset(grid, k, uids, patient=patient, name=name)
        dataset.InstanceNumber = numbers[k] + 1
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        dataset.PixelRepresentation = int(signed)
        stored = np.rint((volume.values[:, :, k].T - intercept) / slope)
        dataset.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()
        yield dataset


@cache
def _plain_files(slope: float, intercept: float, signed: bool, patient: str, name: str, seed: int) -> tuple[bytes, ...]:
    """The files of a series that many tests start from: writing headers is what takes the time."""
    contents: list[bytes] = []
    for dataset in _slices(made_volume(), slope, intercept, signed, patient, name, seed):
        stream = io.BytesIO()
        dataset.save_as(stream, enforce_file_format=True)
        contents.append(stream.getvalue())
    return tuple(contents)


def slice_dataset(grid: Grid, k: int, uids: dict[str, str], *, patient: str, name: str) -> Any:
    """The header of slice k of a CT on a grid, without pixels."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[*uids.values(), str(k)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset: Any = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Modality, dataset.Manufacturer = "CT", "Test maker"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientID, dataset.PatientName = patient, name
    dataset.PatientBirthDate, dataset.PatientSex = "19700315", "F"
    dataset.StudyDate, dataset.StudyTime = "20240102", "101500"
    dataset.ContentDate, dataset.ContentTime = "20240102", "101500"
    dataset.AccessionNumber, dataset.ReferringPhysicianName, dataset.StudyID = "ACC99", "Referrer^Rita", "77"
    dataset.StudyDescription, dataset.SeriesDescription, dataset.SeriesNumber = "CT pelvis", "Pelvis 1.0 B60", 3
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uids["study"], uids["series"]
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = uids["frame"], ""
    dataset.PatientPosition, dataset.ConvolutionKernel, dataset.AcquisitionNumber = "HFS", "B60s", 1
    place = grid.points(np.array([[0.0, 0.0, float(k)]]))[0]
    dataset.ImagePositionPatient = [_decimal(number) for number in place]
    dataset.ImageOrientationPatient = [_decimal(number) for number in grid.direction[:, :2].T.reshape(-1)]
    dataset.PixelSpacing = [_decimal(grid.spacing_mm[1]), _decimal(grid.spacing_mm[0])]
    dataset.SliceThickness = _decimal(grid.spacing_mm[2])
    dataset.KVP = "120"
    dataset.Columns, dataset.Rows = grid.shape[0], grid.shape[1]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    return dataset


def _decimal(number: float) -> str:
    """As DICOM's decimal strings have it: 16 characters at most."""
    return f"{number:.9f}"[:16]


def rewritten(path: Path, change: Callable[[Any], None]) -> None:
    """Change one file that was written."""
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)


def random_direction(seed: int, *, most_deg: float | None = None) -> NDArray[np.float64]:
    """A right-handed set of axes: any, or turned from LPS by at most an angle."""
    from scipy.spatial.transform import Rotation

    if most_deg is None:
        return Rotation.random(random_state=seed).as_matrix()
    random = np.random.default_rng(seed)
    axis = random.normal(size=3)
    return Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.radians(random.uniform(0, most_deg))).as_matrix()
