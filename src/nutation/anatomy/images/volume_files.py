"""A CT from one file that holds a volume: NIfTI, NRRD, MetaImage. ITK gives all of them in LPS."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from nutation.anatomy.images.image import OUTSIDE_HU, Image
from nutation.anatomy.images.nifti_header import orientation_faults
from nutation.anatomy.images.nifti_voxels import voxels_checked
from nutation.anatomy.labels_read import right_handed
from nutation.anatomy.source import Source
from nutation.anatomy.space import Volume
from nutation.record.errors import InputError

# A MetaImage header is text before the pixels; this much of it holds every field.
_HEADER_BYTES = 16384

_AGAIN = "convert the CT from DICOM again (dcm2niix, 3D Slicer), or give the DICOM folder itself."


def read_volume_file(path: Path) -> Image:
    """Read a volume in HU. Raises `InputError` where it is no scalar volume in three dimensions, holds what is no
    number, or does not say how its voxels lie in the patient."""
    import SimpleITK

    sitk = cast("Any", SimpleITK)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    file = path.name
    # The header first: it may refuse the file before gigabytes are read.
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        # Only these: a key of a damaged file may be no text at all.
        wanted = ("NRRD_space", "descrip")
        keys = {key: str(reader.GetMetaData(key)) for key in wanted if reader.HasMetaDataKey(key)}
        size = tuple(int(n) for n in reader.GetSize())
    except RuntimeError as error:
        raise InputError(f"cannot be read as an image: {_reason(error)}.", file=file, mend=_AGAIN) from error
    _three_dimensional(size, int(reader.GetNumberOfComponents()), file)
    warnings = _oriented(path, keys, size[:3], file)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise InputError(f"is cut short or damaged: {_reason(error)}.", file=file, mend=_AGAIN) from error
    # A view into ITK's memory would end with the image, so this is the one copy that is made.
    values = sitk.GetArrayViewFromImage(image).reshape(size[2::-1]).astype(np.float32).transpose(2, 1, 0)
    spacing = np.array(image.GetSpacing()[:3], dtype=np.float64)
    origin = np.array(image.GetOrigin()[:3], dtype=np.float64)
    dimension = image.GetDimension()
    direction = np.array(image.GetDirection(), dtype=np.float64).reshape(dimension, dimension)[:3, :3]
    del image
    if unknown := int(np.count_nonzero(~np.isfinite(values))):
        raise InputError(
            f"{unknown} voxels are no numbers (NaN or infinite).",
            file=file,
            mend="set them to -1000 (air) where nothing was imaged, or convert the CT from DICOM again.",
        )
    grid, values = right_handed(values, spacing, origin, direction, file)
    np.maximum(values, OUTSIDE_HU, out=values)
    return Image(
        volume=Volume(values, grid),
        source=Source(
            files=(str(path),),
            orientation="nifti",
            modality="CT",
            described=keys.get("descrip", "").strip(),
            slice_spacing_mm=float(grid.spacing_mm[2]),
        ),
        warnings=warnings,
    )


def _three_dimensional(size: tuple[int, ...], components: int, file: str) -> None:
    voxels = " × ".join(str(n) for n in size)
    if components != 1:
        raise InputError(f"holds {components} values a voxel (colours or vectors), not HU.", file=file, mend=_AGAIN)
    if any(n > 1 for n in size[3:]):
        raise InputError(
            f"has {voxels} voxels: a series over time or of several images, not one volume.",
            file=file,
            mend="give one volume in three dimensions.",
        )
    if len(size) < 3 or min(size[:3]) < 2:
        raise InputError(
            f"has {voxels} voxels: a single slice, not a volume.",
            file=file,
            mend="give the volume of the whole pelvis.",
        )


def _oriented(path: Path, keys: dict[str, str], shape: tuple[int, ...], file: str) -> tuple[str, ...]:
    """Warnings about the orientation; raises `InputError` where the header does not say it."""
    name = file.lower()
    if name.endswith((".nii", ".nii.gz")):
        warnings = orientation_faults(path, shape)
        voxels_checked(path)
        return warnings
    if name.endswith((".nrrd", ".nhdr")):
        # ITK says "scanner-xyz" or nothing where the axes are not named after the patient.
        space = keys.get("NRRD_space", "")
        if "posterior" not in space and "anterior" not in space:
            raise _not_oriented(file, "NRRD header, field 'space'")
    else:
        with path.open("rb") as stream:
            header = stream.read(_HEADER_BYTES).split(b"ElementDataFile")[0]
        fields = {line.split(b"=")[0].strip() for line in header.splitlines()}
        if not fields & {b"TransformMatrix", b"Orientation", b"Rotation"}:
            raise _not_oriented(file, "MetaImage header, TransformMatrix")
    return ()


def _not_oriented(file: str, place: str) -> InputError:
    return InputError(
        "the header does not say how the voxels lie in the patient: left and right are not known.",
        file=file,
        place=place,
        mend=_AGAIN,
    )


def _reason(error: Exception) -> str:
    """The last line of ITK's message without the place in ITK's own sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else "unknown reason").split("):", 1)[-1].strip().rstrip(".")
