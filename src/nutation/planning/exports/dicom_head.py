"""What the plan's DICOM files share: the image's own headers, which they refer to, and who made them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

MANUFACTURER = "Nutation developers"
MODEL = "nutation plan"
SERIAL = "none"
"""Type 1 attributes of DICOM's equipment modules; software has no serial number."""


def headers(slices: Sequence[Path]) -> tuple[Any, ...]:
    """Headers of the image's slices (pydicom datasets without pixels), in the order given (`Image.slices`).

    Empty where the image is not DICOM, or is one file of many frames: no slice can then be referred to by itself.
    """
    import pydicom

    if len(slices) < 2:
        return ()
    found = [cast(Any, pydicom).dcmread(path, stop_before_pixels=True) for path in slices]
    return tuple(head for head in found if "ImagePositionPatient" in head)


def software() -> str:
    """The software's version as DICOM files name it."""
    from nutation import __version__

    return f"nutation {__version__}"
