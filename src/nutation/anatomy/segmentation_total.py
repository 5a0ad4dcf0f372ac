"""Bones of a CT by TotalSegmentator, where it is installed: what it is asked for, and what may come back."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from nutation.anatomy.images import Image
from nutation.anatomy.labels import read_labels
from nutation.anatomy.labels_field import to_sitk
from nutation.anatomy.shapes import BoneShapes
from nutation.record.errors import InputError

PACKAGE, API = "totalsegmentator", "totalsegmentator.python_api"

WANTED = {25: "sacrum", 26: "vertebrae_S1", 27: "vertebrae_L5", 77: "hip_left", 78: "hip_right"}
"""Its ids and names (task `total`, version 2). S1 is cut out of its sacrum (its issue 249): without `vertebrae_S1` the
sacrum comes back with a hole where two of three implants belong."""
NEEDED = {25: "sacrum", 26: "S1", 77: "left hip", 78: "right hip"}

_MEND = "give a CT of the whole pelvis, or a label map with --labels."


def installed() -> bool:
    """Whether TotalSegmentator can be used here (the extra `segment`)."""
    return importlib.util.find_spec(PACKAGE) is not None


def by_totalsegmentator(image: Image) -> BoneShapes:
    """Sacrum, hips and L5 by TotalSegmentator (its 1.5 mm model of bones and organs). Raises `InputError`.

    It fetches its weights on first use; how good it is its authors say (Wasserthal et al., Radiology AI 2023).
    """
    if not installed():
        raise InputError(
            "TotalSegmentator is not installed.",
            mend="install the extra: pip install 'nutation[segment]'; or give a label map.",
        )
    import SimpleITK

    library: Any = cast("Any", SimpleITK)
    ct = ", ".join(image.source.files) or "the CT"
    with TemporaryDirectory() as folder:
        # Its files are named for the messages of what reads them.
        given, made = Path(folder) / "ct.nii.gz", Path(folder) / "TotalSegmentator.nii.gz"
        library.WriteImage(to_sitk(image.volume.values, image.volume.grid), str(given))
        _run(given, made, ct)
        _check_found(np.unique(library.GetArrayFromImage(library.ReadImage(str(made)))).tolist(), ct)
        shapes = read_labels(made, image=image)
    told = replace(shapes.source, files=image.source.files)
    return replace(
        shapes,
        source=replace(told, warnings=(*told.warnings, "The bones were found by TotalSegmentator: look at them.")),
    )


def _run(given: Path, made: Path, ct: str) -> None:
    """Have it write its labels of the CT `given` to `made`. Raises `InputError` for whatever it stumbles over."""
    try:
        module: Any = importlib.import_module(API)
        with _alone(module):
            module.totalsegmentator(given, made, ml=True, task="total", roi_subset=list(WANTED.values()), quiet=True)
    # It ends the whole program itself on some faults, and raises what its libraries raise on the others.
    except (Exception, SystemExit) as error:
        said = str(error).strip().splitlines()
        raise InputError(
            f"TotalSegmentator could not label it ({type(error).__name__}{f': {said[0]}' if said else ''}).",
            file=ct,
            mend="run TotalSegmentator by itself to see why (it fetches its weights on first use), and give its map "
            "with --labels.",
        ) from error
    if not made.is_file():
        raise InputError("TotalSegmentator wrote no labels of it.", file=ct, mend=_MEND)


@contextlib.contextmanager
def _alone(module: Any) -> Generator[None]:
    """While it runs: what it prints goes to standard error, and its report of use is not sent.

    Standard output belongs to the answer (`--json`), and a patient's image is no occasion to call a server.
    """
    report = getattr(module, "send_usage_stats", None)
    if report is not None:
        module.send_usage_stats = _nothing
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if report is not None:
            module.send_usage_stats = report


def _nothing(*_: object, **__: object) -> None:
    pass


def _check_found(ids: list[int], ct: str) -> None:
    missing = [name for number, name in NEEDED.items() if number not in ids]
    if missing:
        names = " and no ".join(missing)
        raise InputError(f"TotalSegmentator found no {names} in this CT.", file=ct, mend=_MEND)
