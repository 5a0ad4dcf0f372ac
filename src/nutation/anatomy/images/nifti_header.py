"""What a NIfTI header says of its voxels: how many bytes they take, and where they lie, by qform, by sform, by both, or
not at all.

Read from the file's own bytes: ITK hands on neither the sign of the third axis (qfac) nor all digits.
"""

from __future__ import annotations

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from nutation.anatomy.space import Floats
from nutation.record.errors import InputError

# The two orientations of one header may differ by rounding of single precision, never by half a voxel of a fine CT.
AGREE_MM = 0.25

# Codes from which an orientation is that of a template, not of the scanner or of another image of the patient.
_TEMPLATE = 3

_AGAIN = "convert the CT from DICOM again (dcm2niix, 3D Slicer), or give the DICOM folder itself."


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """The two affines (4, 4) from indices to RAS millimetres, each with its code (0: not given), and the voxels' place.

    The voxels stand in the (uncompressed) file from byte `start` on, `count` numbers of `width` bytes; `floating` is
    their NumPy type where they are floating-point numbers, else None.
    """

    qform_code: int
    sform_code: int
    qform: Floats
    sform: Floats
    start: int
    count: int
    width: int
    floating: str | None


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields stand in one version of the format, as struct's form and the offset in bytes."""

    dim: tuple[str, int]
    datatype: tuple[str, int]
    pixdim: tuple[str, int]
    start: tuple[str, int]
    codes: tuple[str, int]
    affines: tuple[str, int]


_LAYOUTS = {
    348: _Layout(("8h", 40), ("2h", 70), ("8f", 76), ("f", 108), ("2h", 252), ("18f", 256)),
    540: _Layout(("8q", 16), ("2h", 12), ("8d", 104), ("q", 168), ("2i", 344), ("18d", 352)),
}
"""NIfTI-1 and NIfTI-2, by the header's first number (its own size)."""

_FLOATING = {16: "f4", 64: "f8"}
"""The format's codes of floating-point numbers."""


def opened(path: Path) -> IO[bytes]:
    """The file, uncompressed while it is read where its name ends in .gz."""
    return cast("IO[bytes]", gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def header_of(path: Path) -> NiftiHeader:
    """The header of a NIfTI-1 or NIfTI-2 file. Raises `InputError` where the file is neither."""
    try:
        with opened(path) as stream:
            header = stream.read(540)
        for order in "<>":
            layout = _LAYOUTS.get(struct.unpack_from(f"{order}i", header)[0])
            if layout is not None:
                return _parsed(header, order, layout)
    except (OSError, EOFError, struct.error) as error:
        raise InputError("is cut short or damaged.", file=path.name, place="NIfTI header", mend=_AGAIN) from error
    raise InputError("is no NIfTI file, whatever its name.", file=path.name, place="NIfTI header", mend=_AGAIN)


def orientation_faults(path: Path, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Warnings about the orientation of a file whose image has this shape (i, j, k).

    Raises `InputError` where the header gives no orientation, or two that put a corner of the image in two places.
    """
    told = header_of(path)
    q_code, s_code = told.qform_code, told.sform_code
    if q_code <= 0 and s_code <= 0:
        raise InputError(
            "the header does not say how the voxels lie in the patient (qform and sform codes are 0): left and right "
            "are not known.",
            file=path.name,
            place="NIfTI header, qform_code and sform_code",
            mend=_AGAIN,
        )
    if q_code > 0 and s_code > 0:
        ends = np.array(np.meshgrid(*[[0, n - 1] for n in shape], [1], indexing="ij"), dtype=float).reshape(4, -1)
        apart = float(np.linalg.norm(((told.qform - told.sform) @ ends)[:3], axis=0).max())
        if not apart <= AGREE_MM:
            raise InputError(
                f"the header gives two places for the same voxel (qform and sform), up to {apart:.1f} mm apart.",
                file=path.name,
                place="NIfTI header, qform and sform",
                mend=_AGAIN,
            )
    if max(q_code, s_code) >= _TEMPLATE:
        return ("The header says that the image was aligned to a template, so it may not be true to scale.",)
    return ()


def _parsed(header: bytes, order: str, layout: _Layout) -> NiftiHeader:
    from scipy.spatial.transform import Rotation

    def read(field: tuple[str, int]) -> tuple[float, ...]:
        return struct.unpack_from(order + field[0], header, field[1])

    dim, sizes, numbers = read(layout.dim), read(layout.pixdim), read(layout.affines)
    code, bits = (int(number) for number in read(layout.datatype))
    q_code, s_code = (int(number) for number in read(layout.codes))
    b, c, d = numbers[:3]
    a = np.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
    # qfac is -1 where the third axis runs backwards; NIfTI reads anything else as 1.
    steps = np.array([sizes[1], sizes[2], -sizes[3] if sizes[0] < 0 else sizes[3]])
    qform, sform = np.eye(4), np.eye(4)
    # A header without a qform may hold anything in its place, numbers that are no rotation among them.
    if q_code > 0:
        qform[:3, :3] = Rotation.from_quat([b, c, d, a]).as_matrix() * steps
        qform[:3, 3] = numbers[3:6]
    sform[:3] = np.array(numbers[6:18]).reshape(3, 4)
    return NiftiHeader(
        qform_code=q_code,
        sform_code=s_code,
        qform=qform,
        sform=sform,
        start=int(read(layout.start)[0]),
        count=math.prod(max(1, int(n)) for n in dim[1 : 1 + int(dim[0])]),
        width=bits // 8,
        floating=order + _FLOATING[code] if code in _FLOATING else None,
    )
