"""Slices decoded into one volume of HU, a slice at a time: nothing is held twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.images.dicom_files import UNREADABLE
from nutation.anatomy.images.image import OUTSIDE_HU
from nutation.anatomy.images.slices import Slice
from nutation.anatomy.images.stack import Stack
from nutation.anatomy.space import Floats, Grid, Volume
from nutation.record.errors import InputError

# Padding whose value in HU lies in this range also occurs in tissue: such voxels are left as they are.
TISSUE_HU = (-500.0, 3100.0)


def volume_of(stack: Stack) -> tuple[Volume, tuple[str, ...]]:
    """The stack as float32 HU on its grid, with warnings. Raises `InputError` naming a file that cannot be decoded."""
    first = stack.slices[0]
    low = np.floor(stack.drift_px.min(axis=0)).astype(int)
    more = np.ceil(stack.drift_px.max(axis=0)).astype(int) - low
    shape = (first.columns + int(more[0]), first.rows + int(more[1]), len(stack.slices))
    # Slices lie one behind the other in memory, as they come; the view has the axes in the order i, j, k.
    values = np.empty(shape[::-1], dtype=np.float32)
    kept_padding = False
    for k, stored in _decoded(stack.slices):
        plane = stack.slices[k]
        hu, padded = _hu(stored, plane)
        kept_padding |= padded
        shift = stack.drift_px[k] - low
        if more.any():
            values[k] = OUTSIDE_HU
            _shifted_into(values[k], hu, shift)
        else:
            values[k] = hu
    along = np.stack([first.along_row, first.along_column, first.normal], axis=1)
    spacing = np.array([*first.pixel_mm, stack.step_mm])
    origin = first.position_mm + along[:, :2] @ (low * spacing[:2])
    warnings = (
        ("The padding value also stands for tissue, so padded voxels were left as they are.",) if kept_padding else ()
    )
    return Volume(values.transpose(2, 1, 0), Grid(shape, spacing, origin, along)), warnings


def same_pixels(one: Slice, other: Slice) -> bool:
    """Whether two slices hold the same values."""
    first = _hu(next(_decoded([one]))[1], one)[0]
    return bool(np.array_equal(first, _hu(next(_decoded([other]))[1], other)[0]))


def _hu(stored: NDArray[Any], plane: Slice) -> tuple[NDArray[np.float32], bool]:
    """HU of one slice, padding and what lies below air's scale set to `OUTSIDE_HU`; whether padding was left."""
    if stored.shape != (plane.rows, plane.columns):
        raise _undecoded(plane.path, f"its pixels are {stored.shape}, its header says {plane.rows} × {plane.columns}")
    hu = (stored * np.float32(plane.slope) + np.float32(plane.intercept)).astype(np.float32, copy=False)
    left = False
    if plane.padding is not None:
        low, high = plane.padding
        padded = (stored >= low) & (stored <= high)
        ends = [end * plane.slope + plane.intercept for end in plane.padding]
        if max(ends) < TISSUE_HU[0] or min(ends) > TISSUE_HU[1]:
            hu[padded] = OUTSIDE_HU
        else:
            left = bool(padded.any())
    np.maximum(hu, OUTSIDE_HU, out=hu)
    return hu, left


def _shifted_into(target: NDArray[np.float32], hu: NDArray[np.float32], shift_px: Floats) -> None:
    """Write a slice shifted by (i, j) pixels, both ≥ 0 and maybe fractions, interpolating linearly."""
    whole = np.floor(shift_px).astype(int)
    right, down = (float(part) for part in shift_px - whole)
    rows, columns = hu.shape
    wide = np.full((rows + 1, columns + 1), OUTSIDE_HU, dtype=np.float32)
    wide[:rows, :columns] = hu
    # Where a voxel's neighbours lie beyond the slice's edge there is nothing to interpolate with: it stays outside.
    moved = wide.copy()
    if right > 0:
        moved[:, 1:columns] = right * wide[:, : columns - 1] + (1 - right) * wide[:, 1:columns]
        moved[:, [0, columns]] = OUTSIDE_HU
    if down > 0:
        wide = moved.copy()
        moved[1:rows] = down * wide[: rows - 1] + (1 - down) * wide[1:rows]
        moved[[0, rows]] = OUTSIDE_HU
    high = min(rows + 1, target.shape[0] - whole[1])
    broad = min(columns + 1, target.shape[1] - whole[0])
    target[whole[1] : whole[1] + high, whole[0] : whole[0] + broad] = moved[:high, :broad]


def _decoded(planes: Sequence[Slice]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Stored values (rows, columns) of each slice with its place in `planes`, file by file."""
    by_file: dict[Path, list[int]] = {}
    for k, plane in enumerate(planes):
        by_file.setdefault(plane.path, []).append(k)
    for path, places in by_file.items():
        ordered = sorted(places, key=lambda k: planes[k].frame)
        yield from zip(ordered, _frames(path, [planes[k] for k in ordered]), strict=True)


def _frames(path: Path, planes: Sequence[Slice]) -> Iterator[NDArray[Any]]:
    from pydicom.pixels.utils import iter_pixels

    unread = _no_decoder(planes[0].syntax)
    try:
        if not unread:
            source: Any = path if planes[0].syntax else _bare(path)
            yield from cast("Any", iter_pixels)(source, indices=[plane.frame for plane in planes], raw=True)
            return
    except (MemoryError, *UNREADABLE) as error:
        reason = " ".join(str(error).split())
        raise _undecoded(path, f"its pixels are missing, cut short or damaged ({reason})") from error
    if len(planes) > 1:
        raise _undecoded(path, f"it is compressed as {unread}, which is not read for files of several frames")
    yield _by_gdcm(path, planes[0])


def _no_decoder(syntax: str) -> str:
    """The name of a compression that pydicom has no decoder for here; empty where it reads it."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    named = UID(syntax)
    if not syntax or not named.is_transfer_syntax or not named.is_compressed:
        return ""
    try:
        return "" if cast("Any", get_decoder)(named).is_available else str(named.name)
    except NotImplementedError:
        return str(named.name)


def _bare(path: Path) -> Any:
    """A data set without DICOM's file header: it is uncompressed, and how it was encoded is seen while reading it."""
    import pydicom
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    whole: Any = cast("Any", pydicom).dcmread(path, force=True)
    implicit, little = whole.original_encoding
    named = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    whole.file_meta.TransferSyntaxUID = named
    return whole


def _by_gdcm(path: Path, plane: Slice) -> NDArray[Any]:
    """The stored values by ITK's own decoder, which knows JPEG lossless; it applies the rescale, undone here."""
    import SimpleITK

    sitk = cast("Any", SimpleITK)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        hu = sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))
    except RuntimeError as error:
        raise _undecoded(path, "its pixels are compressed in a way that is not read, or damaged") from error
    return np.rint((hu.reshape(hu.shape[-2:]).astype(np.float64) - plane.intercept) / plane.slope).astype(np.int32)


def _undecoded(path: Path, problem: str) -> InputError:
    return InputError(
        f"cannot be read: {problem}.",
        file=path.name,
        mend="copy the series again, uncompressed where the archive lets you choose (dcmtk: dcmdjpeg).",
    )
