"""A label map from a file: whole numbers on a right-handed LPS grid, or an error that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.images.nifti_header import header_of, orientation_faults
from nutation.anatomy.space import Floats, Grid
from nutation.record.errors import InputError

# Axes that are further from a right angle than this (sine) belong to a sheared image, which no rigid grid describes.
SHEAR = 2e-3


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Whole numbers on a grid, `values[i, j, k]`; `names` where the file itself names its ids (3D Slicer does).

    `oriented` is False where the header does not say how the voxels lie in the patient.
    """

    file: str
    values: NDArray[Any]
    grid: Grid
    names: Mapping[int, str]
    oriented: bool
    warnings: tuple[str, ...]


def read_label_map(path: Path) -> LabelMap:
    """Read a label map (NIfTI, NRRD, MetaImage: what SimpleITK reads) with its axes turned right-handed.

    Raises `InputError` where it is no image of whole numbers in three dimensions, or its axes are sheared or
    contradict each other.
    """
    import SimpleITK

    sitk: Any = SimpleITK
    file = path.name
    if not path.is_file():
        raise InputError("there is no such label map.", file=file, mend="check the path after --labels.")
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"not readable as a label map: {_reason(error)}", file=file, mend=_FORMATS) from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(
            "holds several values a voxel (overlapping segments in layers), not one label.",
            file=file,
            mend="export it as one label map without overlaps (3D Slicer: Export to labelmap).",
        )
    image = _three_dimensional(image, file)
    values = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
    if not np.issubdtype(values.dtype, np.integer):
        values = _whole(values, file)
    spacing = np.array(image.GetSpacing(), dtype=float)
    direction = np.array(image.GetDirection(), dtype=float).reshape(3, 3)
    keys = {key: str(image.GetMetaData(key)) for key in image.GetMetaDataKeys()}
    oriented, warnings = _header(path, values.shape)
    grid, values = right_handed(values, spacing, np.array(image.GetOrigin(), dtype=float), direction, file)
    return LabelMap(file, values, grid, _names(keys), oriented, warnings)


_FORMATS = "give a label map in NIfTI (.nii, .nii.gz), NRRD (.nrrd, .seg.nrrd) or MetaImage (.mha)."


def _reason(error: Exception) -> str:
    """The last line of ITK's message, without its place in ITK's sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    last = lines[-1] if lines else "unknown reason"
    return last.split("):", 1)[-1].strip().rstrip(".") + "."


def _three_dimensional(image: Any, file: str) -> Any:
    while image.GetDimension() > 3 and image.GetSize()[-1] == 1:
        size = list(image.GetSize())
        size[-1] = 0
        import SimpleITK

        image = cast("Any", SimpleITK).Extract(image, size, [0] * len(size))
    size = tuple(image.GetSize())
    if image.GetDimension() != 3 or min(size) < 2:
        raise InputError(
            f"has {' × '.join(str(n) for n in size)} voxels: a single slice or a series over time, not a volume.",
            file=file,
            mend="give a label map of the whole pelvis in three dimensions.",
        )
    return image


def _whole(values: NDArray[Any], file: str) -> NDArray[np.int32]:
    whole = np.rint(values)
    if not np.isfinite(whole).all() or np.abs(values - whole).max() > 1e-3:
        raise InputError(
            "holds fractions, so it is an image or a probability map and not a label map.",
            file=file,
            mend="give labels as whole numbers; the CT itself goes first on the command line, without --labels.",
        )
    return whole.astype(np.int32)


def right_handed(
    values: NDArray[Any], spacing: Floats, origin: Floats, direction: Floats, file: str
) -> tuple[Grid, NDArray[Any]]:
    """The same voxels on a right-handed grid: an index axis that runs backwards is turned round.

    NIfTI and NRRD allow left-handed index axes (a common way to store CT); each voxel keeps its LPS place.
    """
    skew = np.abs(direction.T @ direction - np.eye(3)).max()
    if skew > SHEAR or (spacing <= 0).any() or not np.isfinite(direction).all():
        raise InputError(
            "the voxels' axes are not at right angles (a tilted gantry, or a damaged header).",
            file=file,
            place="orientation of the image",
            mend="resample the image to straight axes, for instance with 3D Slicer or dcm2niix.",
        )
    left, _, right = np.linalg.svd(direction)
    turned = np.asarray(left @ right, dtype=np.float64)
    if np.linalg.det(turned) < 0:
        origin = origin + turned[:, 2] * spacing[2] * (values.shape[2] - 1)
        turned[:, 2] *= -1
        values = values[:, :, ::-1]
    shape = (int(values.shape[0]), int(values.shape[1]), int(values.shape[2]))
    return Grid(shape, spacing, origin, turned), values


def _header(path: Path, shape: tuple[int, ...]) -> tuple[bool, tuple[str, ...]]:
    """Whether the header says how the voxels lie; its two ways to say so (NIfTI's qform and sform) must agree."""
    file = path.name
    unsaid = f"{file}: the header does not say how the image lies in the patient."
    if file.lower().endswith((".hdr", ".img")):
        return False, (unsaid,)
    if not file.lower().endswith((".nii", ".nii.gz")):
        return True, ()
    told = header_of(path)
    if told.qform_code <= 0 and told.sform_code <= 0:
        return False, (unsaid,)
    try:
        return True, orientation_faults(path, shape)
    except InputError as error:
        mend = "export the label map again from the CT that it was drawn on, so that both agree."
        raise InputError(error.problem, file=file, place=error.place, mend=mend) from error


def _names(keys: Mapping[str, str]) -> dict[int, str]:
    """The segments' names in a segmentation of 3D Slicer (`Segment0_Name`, `Segment0_LabelValue` …)."""
    found: dict[int, str] = {}
    for key, name in keys.items():
        if key.startswith("Segment") and key.endswith("_Name"):
            value = keys.get(f"{key.removesuffix('_Name')}_LabelValue", "")
            if value.isdigit():
                found[int(value)] = name
    return found
