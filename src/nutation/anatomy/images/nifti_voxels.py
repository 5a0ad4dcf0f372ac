"""Whether a NIfTI file holds all its voxels, and only numbers. ITK fills up what is cut off and sets to 0 what is no
number, without a word: either would look like tissue."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nutation.anatomy.images.nifti_header import NiftiHeader, header_of, opened
from nutation.record.errors import InputError

# So many bytes are looked at at once; a multiple of any number's width.
_CHUNK = 1 << 24


def voxels_checked(path: Path) -> None:
    """Raises `InputError` where the file ends too soon, or floating-point voxels are no numbers (NaN, infinite)."""
    header = header_of(path)
    wanted = header.start + header.count * header.width
    if header.floating is None and _length_told(path, wanted):
        return
    there, unknown = 0, 0
    try:
        for chunk in _chunks(path, header):
            there += len(chunk)
            if header.floating is not None:
                whole = chunk[: len(chunk) // header.width * header.width]
                unknown += int(np.count_nonzero(~np.isfinite(np.frombuffer(whole, dtype=header.floating))))
    except (OSError, EOFError, zlib.error) as error:
        raise _cut_short(path, f"its compressed data ends or breaks off ({error})") from error
    if there < header.count * header.width:
        share = there / (header.count * header.width)
        raise _cut_short(path, f"it holds {share:.0%} of the voxels that its header tells of")
    if unknown:
        raise InputError(
            f"{unknown} voxels are no numbers (NaN or infinite).",
            file=path.name,
            place="voxel values",
            mend="set them to -1000 (air) where nothing was imaged, or convert the CT from DICOM again.",
        )


def _chunks(path: Path, header: NiftiHeader) -> Iterator[bytes]:
    left = header.count * header.width
    with opened(path) as stream:
        stream.seek(header.start)
        while left > 0:
            chunk = stream.read(min(_CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk


def _length_told(path: Path, wanted: int) -> bool:
    """Whether the file's own length shows that all is there, without uncompressing it.

    A gzip file ends with its content's length (modulo 2^32); one of several parts does not, and is then read through.
    """
    with path.open("rb") as stream:
        end = stream.seek(0, 2)
        if not path.name.lower().endswith(".gz"):
            return end >= wanted
        stream.seek(max(0, end - 4))
        tail = stream.read(4)
    return len(tail) == 4 and struct.unpack("<I", tail)[0] == wanted % (1 << 32)


def _cut_short(path: Path, how: str) -> InputError:
    return InputError(
        f"is cut short or damaged: {how}.",
        file=path.name,
        place="voxel values",
        mend="copy the file again, or convert the CT from DICOM again.",
    )
