"""stability.json: the promised keys, what is withheld is nowhere, and no order where nothing was swept."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from nutation.evidence import load
from nutation.stability.document import peak_memory_mb, tell_study
from nutation.stability.study import Study
from report import made_plan, made_study

KEYS = {"resolution_mm", "unknowns", "directions", "solver", "warnings"}
MOTIONS = ("flexion_extension", "lateral_bending", "axial_rotation")


def told(study: Study | None = None, **changed: Any) -> dict[str, Any]:
    document = tell_study(study or made_study.study(), made_plan.pelvis(), **changed)
    return json.loads(json.dumps(document))


def test_the_contract_s_keys_tell_of_the_first_construct() -> None:
    document = told(peak_mb=812.4)
    assert set(document) >= KEYS
    assert list(document["directions"]) == list(MOTIONS)
    for name in MOTIONS:
        found = document["directions"][name]
        assert set(found) == {"intact_deg", "construct_deg", "reduction_pct", "sensitivity_range_pct"}
        assert found["intact_deg"] == pytest.approx(made_study.INTACT[name])
        assert found["construct_deg"] == pytest.approx(0.4 * made_study.INTACT[name])
        assert found["reduction_pct"] == pytest.approx(60.0)
        assert found["sensitivity_range_pct"] == pytest.approx([58.2, 60.0])
    assert document["solver"] == {
        "iterations": 23, "residual": 9.9e-7, "seconds": 281.3, "peak_mb": 812, "solutions": 4,
        "backend": "cpu",
    }  # fmt: skip
    assert (document["resolution_mm"], document["unknowns"]) == (2.0, 1_234_567)


def test_the_order_puts_together_what_is_not_told_apart() -> None:
    order = told()["order"]
    assert order["given"]
    assert order["groups"] == [["plan", "alternative 1"], ["without implant 2"]]
    assert order["not_distinguishable"] == [["plan", "alternative 1"]]
    assert order["survives_sweep"] == "in part"
    better = next(one for one in order["pairs"] if one["second"] == "without implant 2" and one["first"] == "plan")
    assert better["overall"] == "holds_better"
    assert better["difference_pct"]["mean"] == pytest.approx([20.0, 20.0])


def test_one_setting_gives_no_order_and_no_range() -> None:
    document = told(made_study.study(swept=False))
    assert not document["order"]["given"]
    assert document["order"]["groups"] == document["order"]["pairs"] == []
    assert "nothing was swept" in document["order"]["reason"]
    assert all(document["directions"][name]["sensitivity_range_pct"] is None for name in MOTIONS)
    assert all(document["directions"][name]["reduction_pct"] is not None for name in MOTIONS)


def test_a_withheld_motion_has_no_figure_anywhere() -> None:
    document = told(made_study.study(withheld=("axial_rotation",)))
    assert set(document["directions"]["axial_rotation"].values()) == {None}
    assert document["intact"]["rom_deg"]["axial_rotation"] is None
    assert document["withheld"]["axial_rotation"].startswith("the intact joint")
    for one in document["constructs"]:
        assert set(one["directions"]["axial_rotation"].values()) == {None}
        assert one["directions"]["lateral_bending"]["reduction_pct"] is not None
        turned = [case for case in one["cases"] if "axial rotation" in case["label"]]
        assert len(turned) == 2
        assert all(case["rotation_deg"] is None and case["translation_mm"] is None for case in turned)
    for pair in document["order"]["pairs"]:
        assert pair["difference_pct"]["axial_rotation"] is None
        assert pair["difference_pct"]["mean"] is None, "the mean of the three holds the withheld one"
        assert pair["by_motion"]["axial_rotation"] in ("holds_better", "holds_less", "not_distinguishable")
    assert document["order"]["rests_on_withheld"] == ["axial_rotation"]


def test_a_single_load_out_of_its_band_is_withheld_too() -> None:
    inside, outside = told(), told(made_study.study(nutation_deg=9.0))
    assert inside["intact"]["cases"][-1]["rotation_deg"]["nutation"] == pytest.approx(1.5)
    assert "compression_600N" in outside["withheld"]
    assert outside["intact"]["cases"][-1]["rotation_deg"] is None
    assert all(one["cases"][-1]["rotation_deg"] is None for one in outside["constructs"])


def test_the_intact_joint_alone_is_told_without_a_construct() -> None:
    document = told(made_study.study({}))
    assert document["constructs"] == []
    assert document["directions"]["lateral_bending"] == {
        "intact_deg": pytest.approx(0.6), "construct_deg": None, "reduction_pct": None, "sensitivity_range_pct": None,
    }  # fmt: skip
    assert not document["order"]["given"]


def test_the_basis_names_entries_and_lists_the_unverified() -> None:
    document, evidence = told(), load()
    for row in document["basis"]:
        entry = evidence.entry(row["id"])
        weak = "unverified" in (entry.verified, *entry.marks.values())
        assert row["mark"] == ("unverified" if weak else entry.verified)
    assert document["unverified"] == [row["id"] for row in document["basis"] if row["mark"] == "unverified"]
    assert {"implant_grip", "cortex_thickness"} <= set(document["unverified"])
    assert "implant_grip" not in told(made_study.study({}))["unverified"], "no implant, no grip"


def test_patient_image_and_implants_have_the_shape_of_a_plan() -> None:
    from nutation.planning.document import implants_of, tell_plan

    pelvis, document = made_plan.pelvis(), told()
    plan = tell_plan(made_plan.plan(), pelvis)
    for name in ("patient", "image", "orientation", "pelvic_frame", "voxel_mm"):
        assert document[name] == plan[name], name
    first = document["constructs"][0]
    assert [set(one) for one in first["implants"]] == [set(first["implants"][0])] * 3
    for one, planned in zip(first["implants"], plan["implants"], strict=True):
        assert one == {name: planned[name] for name in one}
    assert len(implants_of({"implants": first["implants"]})) == 3


def test_it_says_that_its_range_is_no_interval_and_whom_it_is_not_for() -> None:
    document = told()
    assert "no confidence interval" in document["range_is"]
    assert re.search(r"not for patients or payers", document["intended_use"])
    assert "no link to relief of pain" in document["intended_use"]


def test_peak_memory_is_in_megabytes() -> None:
    held = peak_memory_mb()
    assert held is None or 20 < held < 1e6


def test_standing_is_told_load_by_load_and_only_where_it_was_asked_about() -> None:
    assert told()["stance"] == {}
    assert "stance_forces" not in [row["id"] for row in told()["basis"]]
    document = told(made_study.study(stance=True))
    assert list(document["stance"]) == ["compression_600N", "two_legs", "walking_left"]
    two = document["stance"]["two_legs"]
    assert two["held"] == "s1_endplate"
    assert two["force_n"] == {"left": 400.0, "right": 400.0}
    assert two["intact"] == {"rotation_deg": 2.5, "nutation_deg": 1.5, "translation_mm": 0.5}
    assert two["construct"] == {"rotation_deg": 1.0, "nutation_deg": 0.6, "translation_mm": 0.2}
    assert two["reduction_pct"] == pytest.approx(60.0)
    assert two["sensitivity_range_pct"] == pytest.approx([58.0, 60.0])
    assert two["constructs"]["without implant 2"]["reduction_pct"] == pytest.approx(40.0)
    verdicts = {(one["first"], one["second"]): one["verdict"] for one in two["order_by_pair"]}
    assert verdicts["plan", "without implant 2"] == "holds_better"
    assert verdicts["plan", "alternative 1"] == "not_distinguishable"
    low, high = two["published"]["rotation_deg"]
    assert low < load().entry("stance_forces").number("two_legs_rotation_deg") < high
    assert {"stance_forces", "hip_contact_force", "body_weight"} <= {row["id"] for row in document["basis"]}


def test_figures_of_a_withheld_load_are_nowhere_and_its_verdicts_are() -> None:
    walking = told(made_study.study(stance=True))["stance"]["walking_left"]
    assert walking["withheld"]
    assert walking["reduction_pct"] is walking["sensitivity_range_pct"] is None
    for one in (walking["intact"], walking["construct"], *walking["constructs"].values()):
        assert set(one.values()) == {None}
    assert {one["verdict"] for one in walking["order_by_pair"]} == {"not_distinguishable"}
    assert all(one["difference_pct"] is None for one in walking["order_by_pair"])
    # Compression is withheld by its own band.
    pressed = told(made_study.study(stance=True, nutation_deg=9.0))["stance"]["compression_600N"]
    assert "nutates by 9.00°" in pressed["withheld"]
    assert pressed["intact"]["rotation_deg"] is None


def test_where_nothing_was_swept_standing_has_no_verdict_and_no_range() -> None:
    for one in told(made_study.study(stance=True, swept=False))["stance"].values():
        assert one["order_by_pair"] == []
        assert one["sensitivity_range_pct"] is None
