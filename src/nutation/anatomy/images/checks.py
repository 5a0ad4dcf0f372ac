"""Whether an image can carry a plan: values in HU, a field that both joints fit in, slices near enough, metal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nutation.anatomy.images.image import Image
from nutation.evidence import load
from nutation.record.errors import InputError

# HU is defined by air (-1000) and water (0). A CT of a body holds air around it; without anything near it, the values
# are another modality's, are shifted, or were cut off.
AIR_BELOW_HU = -200.0
BONE_ABOVE_HU = 200.0

# Values that end sharply at a number below any scanner's limit were cut off by whoever exported the image.
CLIPPED_BELOW_HU = 1500.0
CLIPPED_SHARE = 0.02

# So few different whole numbers, none negative, are labels.
LABELS_AT_MOST = 255

# A voxel's edge outside this range means that the header's unit is not the millimetre.
EDGE_MM = (0.05, 20.0)


def checked(image: Image, file: str) -> tuple[str, ...]:
    """Warnings about the image. Raises `InputError` where its values are no HU or it is too small or too coarse."""
    spacing = image.spacing_mm
    if spacing.min() < EDGE_MM[0] or spacing.max() > EDGE_MM[1]:
        raise InputError(
            f"its voxels are {_sizes(spacing)} mm in size, which no CT of a pelvis has.",
            file=file,
            place="voxel size",
            mend="check the unit of the header: millimetres are meant.",
        )
    _in_hounsfield_units(image.volume.values, file)
    return (*_field(image, file), *_fineness(image, file), *_clipped(image.volume.values), *_metal(image))


def _sizes(numbers: NDArray[np.float64]) -> str:
    return " × ".join(f"{number:.3g}" for number in numbers)


def _slabs(values: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The volume a slice at a time, so that no second array of its size is made."""
    for k in range(values.shape[2]):
        yield values[:, :, k]


def _in_hounsfield_units(values: NDArray[np.float32], file: str) -> None:
    low, high = float(values.min()), float(values.max())
    if low > AIR_BELOW_HU:
        labels = low >= 0 and high <= LABELS_AT_MOST and all(not np.any(slab % 1) for slab in _slabs(values))
        looks = "it looks like a label map" if labels else "they are shifted or scaled, or it is no CT (an MR image?)"
        raise InputError(
            f"its values are not in HU: they run from {low:.4g} to {high:.4g}, and nothing is as low as air; {looks}.",
            file=file,
            place="voxel values",
            mend="give a label map with --labels beside the CT, or as the only input."
            if labels
            else "give the CT in Hounsfield units, with air around the body, as the scanner made it.",
        )
    if high < BONE_ABOVE_HU:
        raise InputError(
            f"there is no bone in it: no value lies above {BONE_ABOVE_HU:.0f} HU (the highest is {high:.0f}).",
            file=file,
            place="voxel values",
            mend="give a CT of the pelvis whose values were not cut off at a soft-tissue window.",
        )


def _field(image: Image, file: str) -> tuple[str, ...]:
    """Whether both joints can lie in the image at all, from its size alone."""
    needs = load().entry("plan_image_field")
    grid = image.volume.grid
    edges = np.abs(grid.direction) @ (np.array(grid.shape) * grid.spacing_mm)
    width, height = float(edges[0]), float(edges[2])
    for size, key, words in ((width, "width_mm", "from left to right"), (height, "height_mm", "from bottom to top")):
        least = needs.number(key)
        if size < least:
            raise InputError(
                f"it covers {size:.0f} mm {words}; both sacroiliac joints need at least {least:.0f} mm.",
                file=file,
                place="field of view",
                mend="give a CT that covers the whole sacrum and both hip bones beside it.",
            )
    return ()


def _fineness(image: Image, file: str) -> tuple[str, ...]:
    needs = load().entry("plan_image_spacing")
    coarsest = float(image.spacing_mm.max())
    if coarsest > needs.number("refuse_mm"):
        raise InputError(
            f"its voxels are {_sizes(image.spacing_mm)} mm in size; above {needs.number('refuse_mm'):g} mm, foramina "
            "and joints cannot be told apart.",
            file=file,
            place="slice spacing",
            mend="give a reconstruction with thin slices (1 mm or less where there is one).",
        )
    if coarsest > needs.number("warn_mm"):
        size = f"{_sizes(image.spacing_mm)} mm in size; above {needs.number('warn_mm'):g} mm"
        return (f"The voxels are {size}, clearances are no finer than the slices.",)
    return ()


def _clipped(values: NDArray[np.float32]) -> tuple[str, ...]:
    high = float(values.max())
    if high >= CLIPPED_BELOW_HU:
        return ()
    at_top = sum(int(np.count_nonzero(slab >= high)) for slab in _slabs(values))
    bone = sum(int(np.count_nonzero(slab > BONE_ABOVE_HU)) for slab in _slabs(values))
    if bone and at_top > CLIPPED_SHARE * bone and at_top > 1:
        return (f"The values were cut off at {high:.0f} HU: the density of bone above it is not known.",)
    return ()


def _metal(image: Image) -> tuple[str, ...]:
    threshold = load().entry("metal_on_ct").number("metal_hu")
    values = image.volume.values
    found = sum(int(np.count_nonzero(slab > threshold)) for slab in _slabs(values))
    volume_ml = found * float(np.prod(image.spacing_mm)) / 1000
    if volume_ml < load().entry("plan_image_metal").number("warn_ml"):
        return ()
    share = f"{volume_ml:.1f} ml ({found / values.size:.2%} of the voxels)"
    told = f"{share} lie above {threshold:.0f} HU: metal. Bone near it is hidden by streaks, and its density misleads."
    return (told,)
