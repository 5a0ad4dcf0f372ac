"""What may be said of two constructs: only what every setting of the sweep says."""

from __future__ import annotations

import numpy as np
import pytest

from nutation.stability.ordering import MESH_SHARE, Held, held, pair, ranking

INTACT = np.array([[2.0, 1.0, 1.5], [1.0, 0.5, 0.8]])


def of(name: str, base: float, other: float) -> Held:
    """A construct that leaves these shares of the intact motion in two settings."""
    return held(name, INTACT * np.array([[base], [other]]), INTACT)


def test_reduction_is_what_the_motion_lost() -> None:
    made = of("a", 0.4, 0.5)
    assert made.reduction_pct == pytest.approx(np.array([[60.0] * 3, [50.0] * 3]))
    assert made.range_pct == pytest.approx(np.array([[50.0, 60.0]] * 3))


def test_one_that_is_better_in_every_setting_holds_better() -> None:
    found = pair(of("a", 0.3, 0.4), of("b", 0.5, 0.6))
    assert found.overall == "holds_better"
    assert set(found.by_motion.values()) == {"holds_better"}
    assert pair(of("b", 0.5, 0.6), of("a", 0.3, 0.4)).overall == "holds_less"
    assert found.difference_pct[3] == pytest.approx([20.0, 20.0])


def test_ranges_that_overlap_may_still_be_told_apart_setting_by_setting() -> None:
    # a holds 70 and 40 %, b 60 and 30 %: the ranges overlap, but a is ahead by 10 points whatever the setting.
    assert pair(of("a", 0.3, 0.6), of("b", 0.4, 0.7)).overall == "holds_better"


def test_an_order_that_turns_with_the_setting_is_none() -> None:
    assert pair(of("a", 0.3, 0.6), of("b", 0.4, 0.5)).overall == "not_distinguishable"


def test_a_difference_within_the_mesh_s_doubt_is_none() -> None:
    left = 0.5
    inside, outside = left * (1 - 0.9 * MESH_SHARE), left * (1 - 1.1 * MESH_SHARE)
    assert pair(of("a", inside, inside), of("b", left, left)).overall == "not_distinguishable"
    assert pair(of("a", outside, outside), of("b", left, left)).overall == "holds_better"


def test_motions_are_judged_one_by_one() -> None:
    first = held("a", INTACT * [0.3, 0.5, 0.5], INTACT)
    second = held("b", INTACT * [0.5, 0.5, 0.3], INTACT)
    found = pair(first, second)
    assert found.by_motion == {
        "flexion_extension": "holds_better",
        "lateral_bending": "not_distinguishable",
        "axial_rotation": "holds_less",
    }
    assert found.overall == "not_distinguishable"


def test_a_ranking_puts_together_what_cannot_be_told_apart() -> None:
    groups = ranking([of("two", 0.5, 0.5), of("three", 0.3, 0.3), of("one", 0.8, 0.8), of("third", 0.305, 0.305)])
    assert groups == (("three", "third"), ("two",), ("one",))
