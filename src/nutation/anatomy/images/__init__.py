"""Images read and checked: a CT from DICOM, NIfTI, NRRD or MetaImage as HU in LPS millimetres, or an error that says
what is wrong with it."""

from __future__ import annotations

from nutation.anatomy.images.coverage import Coverage, coverage, coverage_faults
from nutation.anatomy.images.image import OUTSIDE_HU, Image
from nutation.anatomy.images.read import read_image

__all__ = ["OUTSIDE_HU", "Coverage", "Image", "coverage", "coverage_faults", "read_image"]
