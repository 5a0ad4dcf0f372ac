"""Planned against placed: implants put into an image of the phantom with known errors, lying otherwise, are
found again; other patients, other bones and a CT without metal are refused."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from nutation.anatomy.images import Image, read_image
from nutation.anatomy.implants import Implant, Pose, Size, across
from nutation.anatomy.labels import read_labels
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.pelvis import LEFT_HIP, SACRUM
from nutation.anatomy.phantom import PhantomShape, phantom, tilted
from nutation.anatomy.source import Source
from nutation.anatomy.space import LPS, Floats, Frame, Grid, Volume
from nutation.planning.compare import compare, tell_comparison
from nutation.planning.compare_metal import find_rods
from nutation.planning.compare_resample import upright
from nutation.planning.execution import error_model
from nutation.planning.execution_records import append_records
from nutation.record.errors import InputError

SPACING = (1.6, 1.6, 2.0)
ENDS = (
    ([72.2, 22.9, -15.8], [4.2, 7.6, -10.0], 70.0),
    ([65.0, 40.0, -29.0], [33.0, 27.0, -16.0], 40.0),
    ([54.6, 50.3, -48.4], [27.0, 36.3, -32.1], 35.0),
)


def placed_at(entry: Floats, direction: Floats, length: float) -> Implant:
    size = Size(f"ifuse-7x{length:g}", "iFuse", "triangle", 7.0, length)
    return Implant(size, Pose(entry, direction / np.linalg.norm(direction)))


PLANNED = tuple(placed_at(np.array(e), np.array(t) - np.array(e), length) for e, t, length in ENDS)
# shift in mm, tilt in degrees on the two axes across the implant
ERRORS = (([2.0, -3.0, 1.0], (3.0, -2.0)), ([-1.0, 2.0, 3.0], (-4.0, 1.0)), ([0.0, -2.0, -2.0], (0.0, 5.0)))
PLACED = tuple(
    placed_at(
        one.pose.entry_mm + np.array(shift),
        one.pose.direction + np.tan(np.radians(tilt)) @ np.array(across(one.pose.direction)),
        one.size.length_mm,
    )
    for one, (shift, tilt) in zip(PLANNED, ERRORS, strict=True)
)
POSE = tilted(tilt_deg=9, turn_deg=-5, roll_deg=4, shift_mm=np.array([25.0, -40.0, 80.0]))


def plan_of(implants: tuple[Implant, ...]) -> dict[str, Any]:
    return {
        "side": "left",
        "implants": [
            {
                "catalogue": one.size.id, "section": "triangle", "entry_mm": list(one.pose.entry_mm),
                "tip_mm": list(one.tip_mm), "length_mm": one.size.length_mm, "diameter_mm": 7.0,
            }
            for one in implants
        ],
        "patient": {"id": "P1"},
        "image": {"date": "2026-01-10", "frame_uid": ""},
    }  # fmt: skip


SOURCE = Source(("postop",), "dicom", patient_id="P1", image_date=date(2026, 2, 1))


def with_metal(values: Any, grid: Grid, implants: tuple[Implant, ...], frame: Frame) -> Any:
    """Rods of 6 mm at 3000 HU put into an image, each voxel with its share of them; poses are in `frame`."""
    points = frame.from_lps(grid.points(np.argwhere(np.ones(grid.shape, np.bool_)).astype(float)))
    share = np.zeros(len(points))
    for one in implants:
        along = (points - one.pose.entry_mm) @ one.pose.direction
        away = np.linalg.norm(points - one.pose.entry_mm - along[:, None] * one.pose.direction, axis=1)
        inside = np.minimum(3.0 - away, np.minimum(along, one.size.length_mm - along))
        share = np.maximum(share, np.clip(0.5 + inside / float(grid.spacing_mm.mean()), 0, 1))
    held = share.reshape(grid.shape)
    return (values * (1 - held) + 3000 * held).astype(np.float32)


@pytest.fixture(scope="module")
def postop() -> Image:
    """The phantom's bones at 400 HU in soft tissue of 40, lying otherwise, with the implants as placed and noise."""
    made = phantom(pose=POSE)
    grid = made.grid(SPACING)
    values = np.where(made.shapes.sampled(grid) > 0, 400.0, 40.0)
    values += np.random.default_rng(1).normal(0, 30, grid.shape)
    return Image(Volume(with_metal(values, grid, PLACED, POSE), grid), SOURCE)


def angle_deg(one: Floats, other: Floats) -> float:
    return math.degrees(math.acos(min(1.0, float(one @ other))))


def test_known_errors_are_found_in_a_pelvis_that_lies_otherwise(postop: Image, tmp_path: Path) -> None:
    """Each implant within 1 mm and 1° of where it was put; the errors reported are those that were made."""
    found = compare(plan_of(PLANNED), postop, phantom().shapes)
    assert [one.index for one in found.implants] == [0, 1, 2]
    assert not found.missing
    for one in found.implants:
        truth, plan = PLACED[one.index], PLANNED[one.index]
        assert np.linalg.norm(one.placed.pose.entry_mm - truth.pose.entry_mm) < 1.0
        assert np.linalg.norm(one.placed.tip_mm - truth.tip_mm) < 1.0
        assert angle_deg(one.placed.pose.direction, truth.pose.direction) < 1.0
        assert one.entry_error_mm == pytest.approx(
            float(np.linalg.norm(truth.pose.entry_mm - plan.pose.entry_mm)), abs=1.0
        )
        assert one.angle_error_deg == pytest.approx(angle_deg(truth.pose.direction, plan.pose.direction), abs=1.0)
        assert one.measured_length_mm == pytest.approx(truth.size.length_mm, abs=1.5)
        assert one.warnings == ()
    assert found.registration.residual_mm < 1.5
    assert isinstance(found.registration.frame, Frame)
    told = tell_comparison(found)
    assert told["registration"]["overlap"] > 0.7
    file = tmp_path / "ours.csv"
    for operation in ("one", "two"):
        append_records(file, replace(found, operation=operation).records())
    model = error_model(file)
    assert model.n == 6
    assert model.warnings, "six implants are few, and it says so"


def test_bones_of_another_pelvis_do_not_fit(postop: Image) -> None:
    other = phantom(PhantomShape(scale=0.8)).shapes
    with pytest.raises(InputError, match="do not fit"):
        compare(plan_of(PLANNED), postop, other)


@pytest.mark.slow
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.5), (2.0, 2.0, 3.0)])
def test_fine_and_coarse_slices_of_the_same_bones_fit_and_of_others_do_not(
    spacing: tuple[float, float, float],
) -> None:
    """A CT with cortex, marrow and partial volume: at slices of 3 mm as at 1.5 the implants lie where they were put."""
    made = phantom(pose=POSE)
    grid = made.grid(spacing)
    volume = Volume(with_metal(made.ct(spacing, noise_hu=15.0, seed=2).values, grid, PLACED, POSE), grid)
    found = compare(plan_of(PLANNED), Image(volume, SOURCE), phantom().shapes)
    assert found.registration.overlap > 0.75
    assert found.registration.residual_mm < 1.0
    assert not found.missing
    for one in found.implants:
        truth = PLACED[one.index]
        assert np.linalg.norm(one.placed.pose.entry_mm - truth.pose.entry_mm) < 1.2
        assert np.linalg.norm(one.placed.tip_mm - truth.tip_mm) < 1.2
        assert angle_deg(one.placed.pose.direction, truth.pose.direction) < 1.5
    for scale in (0.9, 0.95):
        with pytest.raises(InputError, match="do not fit"):
            compare(plan_of(PLANNED), Image(volume, SOURCE), phantom(PhantomShape(scale=scale)).shapes)


@pytest.mark.slow
def test_a_real_ct_of_3_mm_with_metal_painted_in(data_dir: Path, tmp_path: Path) -> None:
    """Three implants across the left joint, all put in 3 mm further back: found within 1 mm. Other people's bones do
    not fit."""
    image = read_image(data_dir / "ct" / "pelvis_3mm_ct.nii.gz")
    told = tmp_path / "map.yaml"
    told.write_text("sacrum: 1\nleft_hip: 2\nright_hip: 3\nl5: 4\n")
    shapes = read_labels(data_dir / "ct" / "pelvis_3mm_labels.nii.gz", mapping=told)
    hip = shapes.surface(LEFT_HIP)
    middle = hip[cKDTree(shapes.surface(SACRUM)).query(hip)[0] < 4].mean(axis=0)
    inwards = np.array([-1.0, -0.15, 0.0])
    planned = tuple(
        placed_at(middle + np.array([22.0, 3.0, up]), inwards, length) for up, length in ((14, 50), (0, 40), (-14, 40))
    )
    back = np.array([0.0, 3.0, 0.0])
    put = tuple(placed_at(one.pose.entry_mm + back, inwards, one.size.length_mm) for one in planned)
    volume = Volume(with_metal(image.volume.values, image.volume.grid, put, LPS), image.volume.grid)
    plan = {**plan_of(planned), "patient": {}}
    found = compare(plan, replace(image, volume=volume), shapes)
    assert not found.missing
    assert np.linalg.norm(found.registration.shift_mm) < 1.0, "its own bones are where they are"
    for one in found.implants:
        across_mm = one.entry_off_mm - (one.entry_off_mm @ inwards) * inwards / (inwards @ inwards)
        assert across_mm[1] == pytest.approx(3.0, abs=1.0)
        assert one.entry_error_mm == pytest.approx(3.0, abs=1.0)
        assert one.tip_error_mm == pytest.approx(3.0, abs=1.0)
        assert one.angle_error_deg < 1.0
    atlas = data_dir / "atlas"
    other = read_meshes(*(atlas / bone / "40.vtp" for bone in ("sacrum", "left", "right")))
    with pytest.raises(InputError, match="do not fit"):
        compare(plan, replace(image, volume=volume), other)


def test_patients_and_frames(postop: Image) -> None:
    plan = plan_of(PLANNED)
    with pytest.raises(InputError, match="not of one patient"):
        compare({**plan, "patient": {"id": "P2"}}, postop, None)
    with pytest.raises(InputError, match="frame of reference"):
        compare(plan, postop, None)
    with pytest.raises(InputError, match="no implants"):
        compare({**plan, "implants": []}, postop, None)


def rods(implants: tuple[Implant, ...], spacing: float = 1.0, streak: bool = False) -> Image:
    """Nothing but metal at 3000 HU in a bone of 150 HU, in one frame of reference with the plan."""
    low, high = np.array([-20.0, -10.0, -70.0]), np.array([95.0, 70.0, 15.0])
    shape = tuple(int(n) for n in (high - low) / spacing)
    grid = Grid((shape[0], shape[1], shape[2]), np.full(3, spacing), low, np.eye(3))
    values = with_metal(np.full(shape, 150.0), grid, implants, LPS)
    if streak:
        middle = int(shape[2] / 2)
        values[:, shape[1] // 2, middle] = 2200  # one bright line through everything
    return Image(Volume(values, grid), replace(SOURCE, frame_uid="1.2.3"))


def same_frame(implants: tuple[Implant, ...]) -> dict[str, Any]:
    return {**plan_of(implants), "image": {"date": "2026-01-10", "frame_uid": "1.2.3"}}


def test_metal_alone_with_a_streak_and_a_missing_implant() -> None:
    found = compare(same_frame(PLANNED), rods(PLACED[:2], streak=True), None)
    assert found.missing == ("3 ifuse-7x35",)
    for one in found.implants:
        truth = PLACED[one.index]
        assert np.linalg.norm(one.placed.pose.entry_mm - truth.pose.entry_mm) < 1.0
        assert angle_deg(one.placed.pose.direction, truth.pose.direction) < 1.0
    assert any("Not found" in said for said in found.warnings)


def test_another_size_is_said() -> None:
    longer = placed_at(PLANNED[1].pose.entry_mm, PLANNED[1].pose.direction, 45.0)
    (one,) = compare(same_frame(PLANNED[1:2]), rods((longer,)), None).implants
    assert one.measured_length_mm == pytest.approx(45, abs=1)
    assert one.depth_error_mm == pytest.approx(5, abs=1)
    assert "another size" in one.warnings[0]


def test_a_ct_without_metal_is_refused() -> None:
    with pytest.raises(InputError, match="no implant was found"):
        compare(same_frame(PLANNED), rods(()), None)


def test_implants_that_touch_are_told_apart() -> None:
    """Two rods whose metal runs together at one end are one piece on the image, and still two implants."""
    first = placed_at(np.array([70.0, 30.0, -20.0]), np.array([-1.0, 0.0, 0.0]), 40.0)
    second = placed_at(np.array([70.0, 30.0, -34.0]), np.array([-1.0, 0.0, 0.2]), 40.0)
    image = rods((first, second))
    found, _ = find_rods(image.volume, [(o.pose.entry_mm, o.tip_mm) for o in (first, second)], 2000, 200)
    for rod, truth in zip(found, (first, second), strict=True):
        assert rod is not None
        assert abs(abs(rod.axis @ truth.pose.direction) - 1) < 5e-4
        assert rod.length_mm == pytest.approx(40, abs=1.5)


def test_turned_images_give_the_same() -> None:
    """An image stored with other axis orders and senses is the same image."""
    image = rods(PLACED)
    grid = image.volume.grid
    order = [1, 0, 2]
    flipped = np.transpose(image.volume.values, order)[:, ::-1, :]
    direction = grid.direction[:, order].copy()
    direction[:, 1] *= -1
    shape = (flipped.shape[0], flipped.shape[1], flipped.shape[2])
    origin = grid.points(np.array([[grid.shape[0] - 1.0, 0.0, 0.0]]))[0]
    turned = Volume(np.ascontiguousarray(flipped), Grid(shape, grid.spacing_mm[order], origin, direction))
    one = compare(same_frame(PLANNED), image, None)
    other = compare(same_frame(PLANNED), replace(image, volume=turned), None)
    for a, b in zip(one.implants, other.implants, strict=True):
        assert np.allclose(a.placed.pose.entry_mm, b.placed.pose.entry_mm, atol=0.02)
    values, low, spacing = upright(image.volume, 1.0)
    again, low_again, _ = upright(turned, 1.0)
    assert np.array_equal(values, again)
    assert np.allclose(low, low_again)
    assert np.allclose(spacing, 1.0)


def test_an_oblique_image_is_laid_upright() -> None:
    """A ball of 20 mm in a grid turned by 20° lies where it lay, with its volume."""
    turn = tilted(tilt_deg=20, roll_deg=10).rotation
    grid = Grid((60, 60, 60), np.full(3, 1.5), np.array([-30.0, -50.0, -30.0]), turn)
    points = grid.points(np.argwhere(np.ones(grid.shape, np.bool_)).astype(float))
    centre = grid.points(np.array([[30.0, 30.0, 30.0]]))[0]
    ball = (np.linalg.norm(points - centre, axis=1) < 20).reshape(grid.shape)
    values, low, spacing = upright(Volume(np.where(ball, 1000.0, 0.0).astype(np.float32), grid), 1.5)
    inside = np.argwhere(values > 500)
    assert np.allclose(low + inside.mean(axis=0) * spacing, centre, atol=0.2)
    assert len(inside) * float(np.prod(spacing)) == pytest.approx(4 / 3 * math.pi * 20**3, rel=0.03)
