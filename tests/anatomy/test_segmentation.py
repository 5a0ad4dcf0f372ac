"""Bones found in a CT without labels: how well on the phantom and on the one real CT, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nutation.anatomy.images import Image, read_image
from nutation.anatomy.labels_field import resampled, to_sitk
from nutation.anatomy.labels_read import read_label_map
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import phantom
from nutation.anatomy.segmentation import MEASURED, bones_of, by_totalsegmentator, installed, segment
from nutation.anatomy.source import Source
from nutation.anatomy.space import Grid, Volume
from nutation.record.errors import InputError

BONES = (SACRUM, LEFT_HIP, RIGHT_HIP)


def _image(hu: NDArray[np.float32], spacing_mm: float = 3.0) -> Image:
    grid = Grid(hu.shape, np.full(3, spacing_mm), np.zeros(3), np.eye(3))
    return Image(Volume(hu.astype(np.float32), grid), Source(("made",), "nifti", modality="CT"))


def _dice(found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> dict[int, float]:
    return {
        code: 2
        * float(((found == code) & (truth == code)).sum())
        / float((found == code).sum() + (truth == code).sum())
        for code in BONES
    }


def _real(data_dir: Path) -> tuple[Image, NDArray[np.uint8]]:
    image = read_image(data_dir / "ct" / "pelvis_3mm_ct.nii.gz")
    given = read_label_map(data_dir / "ct" / "pelvis_3mm_labels.nii.gz")
    labels = np.rint(resampled(to_sitk((given.values == SACRUM).astype(np.float32), given.grid), image.volume.grid, 0))
    out = labels.astype(np.uint8) * SACRUM
    for code in (LEFT_HIP, RIGHT_HIP):
        part = resampled(to_sitk((given.values == code).astype(np.float32), given.grid), image.volume.grid, 0)
        out[part > 0.5] = code
    return image, out


@pytest.mark.slow
def test_phantom_bones_are_found() -> None:
    made = phantom()
    image = Image(made.ct(3.0), Source(("phantom",), "nifti", modality="CT"))
    shapes = segment(image)
    dice = _dice(shapes.sampled(image.volume.grid), made.shapes.sampled(image.volume.grid))
    # The model that is laid on the CT is this very pelvis: what is lost is lost to 3 mm voxels.
    assert min(dice.values()) > 0.8


@pytest.mark.slow
def test_real_ct_as_told(data_dir: Path) -> None:
    image, truth = _real(data_dir)
    shapes = segment(image)
    dice = _dice(shapes.sampled(image.volume.grid), truth)
    for code in BONES:
        assert dice[code] > MEASURED[code] - 0.02
    assert any("Labels are required" in warning for warning in shapes.source.warnings)
    assert shapes.source.files == image.source.files


@pytest.mark.slow
def test_a_cut_through_one_joint_is_refused(data_dir: Path) -> None:
    image, truth = _real(data_dir)
    # Everything to the left of the left joint's middle is taken away.
    at = np.argwhere(truth == SACRUM)
    left = image.volume.grid.points(at.astype(float))[:, 0]
    edge = at[np.argmax(left)]
    axis = int(np.argmax(np.abs(image.volume.grid.direction[0])))
    rising = image.volume.grid.direction[0, axis] > 0
    keep = slice(0, int(edge[axis]) - 3) if rising else slice(int(edge[axis]) + 4, None)
    box = tuple(keep if a == axis else slice(None) for a in range(3))
    values = np.ascontiguousarray(image.volume.values[box])
    low = np.array([s.start or 0 for s in box], dtype=float)
    grid = replace(image.volume.grid, shape=values.shape, origin_mm=image.volume.grid.points(low))
    with pytest.raises(InputError):
        segment(replace(image, volume=Volume(values, grid)))


@pytest.mark.slow
def test_two_cylinders_are_no_pelvis() -> None:
    x, y, _ = np.mgrid[:100, :70, :100] * 3.0
    hu = np.full(x.shape, -1000.0, dtype=np.float32)
    for middle in (80.0, 220.0):
        off = np.hypot(x - middle, y - 100.0)
        hu[off < 60] = 40.0
        hu[off < 20] = 1000.0
        hu[off < 13] = 100.0
    with pytest.raises(InputError, match="pelvis"):
        segment(_image(hu))


@pytest.mark.slow
def test_no_bone_and_noise_are_refused() -> None:
    with pytest.raises(InputError, match="too little bone"):
        segment(_image(np.full((100, 80, 80), 40.0, dtype=np.float32)))
    noise = np.random.default_rng(0).normal(100.0, 300.0, (80, 70, 70)).astype(np.float32)
    with pytest.raises(InputError):
        segment(_image(noise))


def test_a_thin_stack_holds_no_pelvis() -> None:
    with pytest.raises(InputError, match="no pelvis fits"):
        segment(_image(np.zeros((100, 100, 5), dtype=np.float32)))


@pytest.mark.skipif(installed(), reason="TotalSegmentator is installed here")
def test_without_totalsegmentator_it_says_how_to_get_it() -> None:
    image = _image(np.zeros((100, 100, 5), dtype=np.float32))
    with pytest.raises(InputError, match="not installed"):
        by_totalsegmentator(image)
    with pytest.raises(InputError, match="no pelvis fits"):
        bones_of(image)
