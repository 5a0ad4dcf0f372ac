"""Read an image, whatever its format, and check that a plan can rest on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nutation.anatomy.images.checks import checked
from nutation.anatomy.images.image import Image
from nutation.record.errors import InputError

VOLUME_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


def read_image(path: Path, *, series: str | None = None) -> Image:
    """Read a CT: a DICOM folder (searched with its subfolders) or file, NIfTI, NRRD or MetaImage.

    `series` is the Series Instance UID to take where a folder holds several. Raises `InputError` where the input is no
    CT volume of one patient in HU whose place in the patient is known; what a plan can live with is in `warnings`.
    """
    if not path.exists():
        raise InputError("there is no such file or folder.", file=str(path), mend="check the path of the image.")
    if path.is_file() and path.name.lower().endswith(VOLUME_SUFFIXES):
        from nutation.anatomy.images.volume_files import read_volume_file

        if series is not None:
            raise InputError(
                "is one volume and holds no DICOM series to choose from.",
                file=path.name,
                mend="leave out --series, or give the DICOM folder.",
            )
        image = read_volume_file(path)
    else:
        image = _dicom(path, series)
    return replace(image, warnings=(*image.warnings, *checked(image, path.resolve().name)))


def _dicom(path: Path, series: str | None) -> Image:
    from nutation.anatomy.images.dicom import read_dicom
    from nutation.anatomy.images.dicom_files import is_dicom

    if path.is_file() and not is_dicom(path):
        raise InputError(
            "is neither DICOM nor a volume that can be read.",
            file=path.name,
            mend="give the folder of the CT's DICOM files (unpacked), or a volume in NIfTI (.nii, .nii.gz), NRRD "
            "(.nrrd) or MetaImage (.mha).",
        )
    return read_dicom(path, series)
