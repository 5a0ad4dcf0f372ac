"""Error models: published means become standard deviations, spread becomes bias, a clinic's own records are read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from nutation.planning.execution import (
    MEAN_OVER_SIGMA_2D,
    MEAN_OVER_SIGMA_3D,
    bias_and_scatter,
    draw,
    error_model,
    from_records,
    readings,
)
from nutation.planning.execution_records import ExecutionRecord, append_records, read_records
from nutation.record.errors import InputError


def record(i: int, entry: float = 3.0, angle: float = 2.0, operation: str = "") -> ExecutionRecord:
    return ExecutionRecord(operation or f"op{i}", str(i), entry, entry, angle)


def test_means_are_turned_into_standard_deviations() -> None:
    """4.9 mm / 1.5958 = 3.071 mm an axis; 4.0° / 1.2533 = 3.192°; the robot's 2 mm and 1° likewise."""
    fluoroscopy, robot = error_model("fluoroscopy"), error_model("robot")
    assert fluoroscopy.position_sigma_mm == pytest.approx(3.0706, abs=1e-3)
    assert fluoroscopy.angle_sigma_deg == pytest.approx(3.1915, abs=1e-3)
    assert robot.position_sigma_mm == pytest.approx(1.2533, abs=1e-3)
    assert robot.angle_sigma_deg == pytest.approx(0.7979, abs=1e-3)
    assert fluoroscopy.n == 30
    assert "n = 30" in fluoroscopy.in_words
    assert "cadaver" in robot.warnings[0]


def test_drawn_magnitudes_have_the_published_means() -> None:
    drawn = draw(error_model("fluoroscopy"), 3, 40000, 1)
    distance = np.linalg.norm(drawn.displacement_mm, axis=2)
    angle = np.rad2deg(np.linalg.norm(drawn.tilt_rad, axis=2))
    assert distance.mean() == pytest.approx(4.9, abs=0.03)
    assert angle.mean() == pytest.approx(4.0, abs=0.03)


def test_bias_and_scatter_gives_back_mean_and_spread() -> None:
    """Pure scatter with a mean of 4.9 mm would spread by 2.07 mm; 1.26 mm was published, so part of it is bias."""
    other = readings(error_model("fluoroscopy"))["bias_and_scatter"]
    drawn = draw(other, 1, 100000, 1)
    distance = np.linalg.norm(drawn.displacement_mm[:, 0], axis=1)
    angle = np.rad2deg(np.linalg.norm(drawn.tilt_rad[:, 0], axis=1))
    assert (distance.mean(), distance.std()) == pytest.approx((4.9, 1.26), abs=0.03)
    assert (angle.mean(), angle.std()) == pytest.approx((4.0, 1.44), abs=0.03)
    # a spread as wide as pure scatter's leaves no bias
    assert bias_and_scatter(MEAN_OVER_SIGMA_3D, math.sqrt(3 - MEAN_OVER_SIGMA_3D**2) + 1e-9, 3)[0] < 0.01
    assert bias_and_scatter(5.0, 1e-6, 2)[0] == pytest.approx(5.0, abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_shared_part_is_the_correlation_between_implants(share: float) -> None:
    drawn = draw(error_model("fluoroscopy", shared_share=share), 2, 20000, 3)
    one, other = drawn.displacement_mm[:, 0, 0], drawn.displacement_mm[:, 1, 0]
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(share, abs=0.03)
    assert one.std() == pytest.approx(3.07, abs=0.06)


def test_own_records_are_root_mean_squares_over_axes() -> None:
    """30 records of 3 mm and 2°: 3 / sqrt(3) = 1.732 mm, 2 / sqrt(2) = 1.414°; enough of them, so not widened."""
    model = from_records([record(i) for i in range(30)], "ours.csv", 0.5)
    assert model.position_sigma_mm == pytest.approx(math.sqrt(3))
    assert model.angle_sigma_deg == pytest.approx(math.sqrt(2))
    assert (model.n, model.warnings) == (30, ())


def test_few_records_are_widened_by_operations_not_implants() -> None:
    """Nine implants of three operations: chi-squared with 9 degrees of freedom has its 5 % point at 3.325, so the
    standard deviation grows by sqrt(9 / 3.325) = 1.645."""
    few = [record(i, operation=f"op{i // 3}") for i in range(9)]
    model = from_records(few, "ours.csv", 0.5)
    assert model.position_sigma_mm == pytest.approx(math.sqrt(3) * 1.6452, abs=1e-3)
    assert "9 implants of 3 operations" in model.warnings[0]
    with pytest.raises(InputError, match="too few"):
        from_records(few[:4], "ours.csv", 0.5)


def test_records_are_kept_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    assert append_records(file, [record(1), record(2)]) == 2
    assert append_records(file, [record(2, entry=5.0)]) == 2, "the same implant again replaces"
    assert {one.implant: one.entry_error_mm for one in read_records(file)} == {"1": 3.0, "2": 5.0}
    append_records(file, [record(i) for i in range(3, 9)])
    assert error_model(file).n == 8
    other = tmp_path / "ours.json"
    other.write_text(json.dumps({"records": [{"entry_error_mm": 1, "angle_error_deg": 2}]}))
    assert read_records(other)[0].tip_error_mm == 0


@pytest.mark.parametrize(
    ("row", "problem"),
    [("op,1,,2,2,0", "no entry_error_mm"), ("op,1,x,2,2,0", "is no error"), ("op,1,400,2,2,0", "is no error"),
     ("op,1,-3,2,2,0", "is no error")],
)  # fmt: skip
def test_faults_of_records_name_the_line(tmp_path: Path, row: str, problem: str) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(
        f"operation,implant,entry_error_mm,tip_error_mm,angle_error_deg,depth_error_mm\nop,0,1,1,1,0\n{row}\n"
    )
    with pytest.raises(InputError, match=problem) as found:
        error_model(file)
    assert found.value.place == "line 3"


def test_unknown_models_name_what_there_is() -> None:
    with pytest.raises(InputError, match="no error model or file") as found:
        error_model("eyesight")
    assert "fluoroscopy" in found.value.mend
    with pytest.raises(InputError, match="shared part"):
        error_model("robot", shared_share=1.5)


def test_constants_are_the_means_of_maxwell_and_rayleigh() -> None:
    normal = np.random.default_rng(0).standard_normal((200000, 3))
    assert np.linalg.norm(normal, axis=1).mean() == pytest.approx(MEAN_OVER_SIGMA_3D, abs=0.005)
    assert np.linalg.norm(normal[:, :2], axis=1).mean() == pytest.approx(MEAN_OVER_SIGMA_2D, abs=0.005)
