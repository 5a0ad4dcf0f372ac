"""Images that look right and are not: values of another unit, too small a field, too coarse, metal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from anatomy.dicom_made import made_grid, made_volume
from nutation.anatomy.images.checks import checked
from nutation.anatomy.images.image import Image
from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Grid, Volume
from nutation.record.errors import InputError


def image(values: Callable[[Floats], Floats] = lambda hu: hu, grid: Grid | None = None) -> Image:
    volume = made_volume(grid)
    made = np.asarray(values(volume.values.astype(float)), dtype=np.float32)
    return Image(Volume(made, volume.grid), Source((), "nifti"))


FINE = made_grid((160, 130, 70), (1.25, 1.25, 1.0))


def test_a_fine_scan_has_nothing_said_of_it() -> None:
    assert checked(image(grid=FINE), "scan") == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda hu: hu + 1024, "not in HU"),
        (lambda hu: np.maximum(hu, -160), "not in HU"),
        (lambda hu: (hu + 1000) / 3000, "not in HU"),
        (lambda hu: np.abs(hu) * 0.3, "MR image"),
        (lambda hu: (hu > 200).astype(float) + (hu > 400), "--labels"),
        (lambda hu: np.minimum(hu, 150), "no bone"),
    ],
    ids=["shifted", "window", "scaled", "another modality", "labels", "soft-tissue window"],
)
def test_values_that_are_no_hu(values: Callable[[Floats], Floats], words: str) -> None:
    with pytest.raises(InputError) as caught:
        checked(image(values), "scan")
    assert words in str(caught.value)
    assert caught.value.mend


def test_values_cut_off_in_bone_are_said() -> None:
    assert any("cut off at 400 HU" in warning for warning in checked(image(lambda hu: np.minimum(hu, 400)), "scan"))


@pytest.mark.parametrize(
    ("shape", "words"), [((28, 36, 16), "140 mm from left to right"), ((40, 36, 12), "48 mm from bottom to top")]
)
def test_a_field_that_cannot_hold_both_joints(shape: tuple[int, int, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        checked(image(grid=made_grid(shape)), "scan")


def test_slices_that_are_far_apart() -> None:
    assert any("above 2 mm" in warning for warning in checked(image(), "scan"))
    with pytest.raises(InputError, match="above 5 mm"):
        checked(image(grid=made_grid((40, 36, 16), (5, 4.5, 6))), "scan")


def test_a_header_in_metres() -> None:
    with pytest.raises(InputError, match="millimetres are meant"):
        checked(image(grid=made_grid(spacing_mm=(0.005, 0.0045, 0.004))), "scan")


def test_metal_is_said_with_its_volume() -> None:
    # Two voxels of 5 × 4.5 × 4 mm make 0.18 ml.
    def with_metal(hu: Floats) -> Floats:
        hu[20, 20, 5:7] = 3071
        return hu

    warnings = checked(image(with_metal), "scan")
    assert any("0.2 ml" in warning and "metal" in warning for warning in warnings)


def test_metal_in_the_real_scan_is_said(data_dir: Path) -> None:
    from nutation.anatomy.images import read_image

    # The file's description tells of metal in the left femur.
    assert any("metal" in warning for warning in read_image(data_dir / "ct" / "pelvis_3mm_ct.nii.gz").warnings)
