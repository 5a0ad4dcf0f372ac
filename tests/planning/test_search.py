"""The design search's choice: margins first, then stillness that survives the sweep, then the least metal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nutation.anatomy.implants import Construct, Implant, Pose, Size
from nutation.anatomy.pelvis import Pelvis
from nutation.anatomy.space import Floats
from nutation.planning import search
from nutation.planning.search import Candidate, curve
from nutation.stability.ordering import held
from nutation.stability.study import ConstructAnswer

INTACT = np.tile([2.0, 1.0, 1.5], (2, 1))
LENGTHS = (30.0, 35.0, 40.0)
SIZES = tuple(Size(f"made-{length:g}", "made", "circle", 7.0, length) for length in LENGTHS)


def construct(*lengths_mm: float) -> Construct:
    pose = Pose(np.array([60.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0]))
    return Construct(
        "left", "lateral", tuple(Implant(Size("made", "made", "circle", 7.0, one), pose) for one in lengths_mm)
    )


def candidate(name: str, share: float, *lengths_mm: float) -> Candidate:
    return Candidate(name, construct(*lengths_mm), share, 3.0)


def answered(one: Candidate, *left: float) -> ConstructAnswer:
    """What leaves these shares of the intact motion in two settings."""
    rom: Floats = INTACT * np.array(left)[:, None]
    return ConstructAnswer(one.name, one.construct, held(one.name, rom, INTACT), {}, {}, np.zeros(3), ())


def test_what_holds_better_in_every_setting_is_chosen_although_it_is_more_metal() -> None:
    three, two = candidate("three", 0.1, 50, 40, 40), candidate("two", 0.1, 50, 40)
    chosen, reason = search._chosen([three, two], [answered(three, 0.3, 0.4), answered(two, 0.5, 0.6)])
    assert chosen == "three"
    assert "every setting" in reason


def test_among_those_that_cannot_be_told_apart_the_least_metal_is_chosen() -> None:
    three, two, short = (
        candidate("three", 0.1, 50, 40, 40),
        candidate("two", 0.1, 50, 40),
        candidate("two, shorter", 0.1, 45, 35),
    )
    answers = [answered(three, 0.300, 0.4), answered(two, 0.305, 0.4), answered(short, 0.306, 0.4)]
    chosen, reason = search._chosen([three, two, short], answers)
    assert chosen == "two, shorter"
    assert "cannot be told apart" in reason
    assert all(name in reason for name in ("three", "two", "two, shorter"))


def test_the_curve_runs_by_margin_and_marks_what_nothing_beats_in_both() -> None:
    wide, tight, worse = candidate("wide", 0.05, 40), candidate("tight", 0.2, 50, 40), candidate("worse", 0.25, 50, 40)
    points = curve(
        [tight, worse, wide], [answered(tight, 0.3, 0.4), answered(worse, 0.35, 0.4), answered(wide, 0.6, 0.7)]
    )
    assert [(one.name, one.efficient) for one in points] == [("wide", True), ("tight", True), ("worse", False)]
    assert points[1].reduction_pct == pytest.approx(70.0)
    assert (points[1].low_pct, points[1].high_pct) == pytest.approx((60.0, 70.0))


def test_shorter_takes_the_next_size_down_where_it_still_reaches_deep_enough(monkeypatch: Any) -> None:
    def reach(pelvis: Pelvis, side: str, implant: Implant) -> Any:
        # 20 mm of every implant lie before the joint.
        return type("Held", (), {"sacrum_mm": implant.size.length_mm - 20.0})

    monkeypatch.setattr(search, "purchase", reach)
    nobody: Any = None
    shorter = search._shorter(construct(40, 35, 30), SIZES, nobody, 12.0)
    assert shorter is not None
    assert [one.size.length_mm for one in shorter.implants] == [35.0, 35.0, 30.0]
    assert search._shorter(construct(30), SIZES, nobody, 5.0) is None
