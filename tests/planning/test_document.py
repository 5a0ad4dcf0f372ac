"""plan.json: the contract's keys with their meaning, LPS of the input's frame, read back without loss."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.labels import read_labels
from nutation.anatomy.meshes import read_meshes
from nutation.anatomy.phantom import tilted
from nutation.anatomy.plain import tell_frame
from nutation.anatomy.shapes import BoneShapes
from nutation.planning.document import digests, implants_of, read_plan, tell_plan
from nutation.planning.document_plan import on_these_bones, plan_of
from nutation.planning.exports.overlays import nifti, with_known_ids
from nutation.planning.make import PlanMade, make_plan
from nutation.record.errors import InputError
from planning.construct_world import pelvis_of_phantom

COARSE_MM = 2.0
FORBIDDEN_WORDS = ("safe", "optimal", "ruled out", "candidate")


@pytest.fixture(scope="module")
def made() -> PlanMade:
    return make_plan(pelvis_of_phantom(COARSE_MM), "right", simulations=500)


@pytest.fixture(scope="module")
def document(made: PlanMade) -> dict[str, Any]:
    plain = tell_plan(made.plan, pelvis_of_phantom(COARSE_MM), seed=0)
    return json.loads(json.dumps(plain, allow_nan=False))  # it is JSON, with no NaN in it


def test_the_contracts_keys(document: dict[str, Any]) -> None:
    contract = {"side", "approach", "implants", "spacing_mm", "corridors", "orientation", "verdict", "warnings"}
    assert contract <= set(document)
    assert (document["side"], document["approach"], document["orientation"]) == ("right", "lateral", "unverified")
    assert set(document["corridors"]) == {"s1", "s2"}
    keys = {"catalogue", "entry_mm", "tip_mm", "length_mm", "diameter_mm", "clearance_mm", "nearest", "purchase_mm",
            "breach_probability"}  # fmt: skip
    for one in document["implants"]:
        assert keys <= set(one)
        assert set(one["purchase_mm"]) == {"ilium", "sacrum"}
        assert set(one["breach_probability"]) == {"any", "over_2mm", "over_4mm"}
        assert one["clearance_mm"] == min(v for v in one["clearance_by_structure_mm"].values() if v != "unknown")
        assert np.linalg.norm(np.subtract(one["tip_mm"], one["entry_mm"])) == pytest.approx(one["length_mm"], abs=0.01)


def test_it_says_whose_and_what_it_rests_on(document: dict[str, Any]) -> None:
    assert document["patient"]["id"] == "PHANTOM"
    assert document["levels"]["s1"]["proposed"] is True
    assert document["versions"]["evidence"]
    assert "Not for patients" in document["intended_use"]
    text = json.dumps(document).lower()
    assert not [word for word in FORBIDDEN_WORDS if f" {word}" in text]


def test_points_are_in_the_inputs_frame(made: PlanMade) -> None:
    """The same pelvis lying turned and shifted in the scanner: every point moves with it, no number changes."""
    pelvis = pelvis_of_phantom(COARSE_MM)
    pose = tilted(tilt_deg=12, turn_deg=-7, roll_deg=4, shift_mm=np.array([30.0, -50.0, 700.0]))
    here = tell_plan(made.plan, pelvis)
    there = tell_plan(made.plan, replace(pelvis, frame=pose))
    for one, other in zip(here["implants"], there["implants"], strict=True):
        local = pelvis.frame.from_lps(np.array(one["entry_mm"]))
        assert np.allclose(pose.to_lps(local), other["entry_mm"], atol=2e-3)
        assert one["clearance_mm"] == other["clearance_mm"]
    axes = np.array([there["pelvic_frame"]["axes"][name] for name in ("left", "posterior", "cranial")]).T
    assert np.allclose(axes, pose.rotation, atol=1e-5)


def test_read_back(document: dict[str, Any], made: PlanMade, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(document))
    back = implants_of(read_plan(file), pelvis_of_phantom(COARSE_MM).frame)
    for one, planned in zip(back, made.plan.implants, strict=True):
        assert one.size == planned.implant.size
        assert np.allclose(one.pose.entry_mm, planned.implant.pose.entry_mm, atol=2e-3)
        assert np.allclose(one.pose.direction, planned.implant.pose.direction, atol=1e-5)
        assert one.pose.roll_deg == planned.implant.pose.roll_deg


def test_unknown_is_a_word_and_never_a_number(made: PlanMade) -> None:
    first = made.plan.implants[0]
    known = {name: mm for name, mm in first.clearance.by_structure_mm.items() if name != "canal"}
    blind = replace(
        first,
        clearance=replace(first.clearance, by_structure_mm=known, unknown=frozenset({"canal"})),
        margin=replace(
            first.margin, unknown=frozenset({"canal"}),
            by_structure={name: b for name, b in first.margin.by_structure.items() if name != "canal"},
        ),
    )  # fmt: skip
    told = tell_plan(replace(made.plan, implants=(blind,)), pelvis_of_phantom(COARSE_MM))["implants"][0]
    assert told["clearance_by_structure_mm"]["canal"] == "unknown"
    assert told["margin"]["by_structure"]["canal"] == "unknown"


def test_identity_and_digests_of_the_input(made: PlanMade, tmp_path: Path) -> None:
    file = tmp_path / "labels.nii.gz"
    file.write_bytes(b"voxels")
    pelvis = pelvis_of_phantom(COARSE_MM)
    source = replace(pelvis.source, files=(str(file), "gone.nii"), image_date=date(2026, 3, 1), sex="F")
    told = tell_plan(made.plan, replace(pelvis, source=source))
    assert told["inputs"] == {"labels.nii.gz": hashlib.sha256(b"voxels").hexdigest()}
    assert (told["image"]["date"], told["patient"]["sex"]) == ("2026-03-01", "F")
    assert len(digests((str(tmp_path),))) == 1, "a folder counts as one"


@pytest.mark.parametrize(
    ("change", "problem", "place"),
    [
        ({"implants": None}, "no list", "implants"),
        ({"side": "up"}, "its side", "side"),
        ({"format": "nutation-plan/9"}, "its format", "format"),
        ({"implants": [{"catalogue": "x"}]}, "no entry_mm", "implants[0]"),
        ({"implants": [{"catalogue": "x", "entry_mm": [0, 0], "tip_mm": [0, 0, 9], "length_mm": 9,
                        "diameter_mm": 7}]}, "is no point", "implants[0].entry_mm"),
        ({"implants": [{"catalogue": "x", "entry_mm": [0, 0, 0], "tip_mm": [0, 0, 9], "length_mm": 40,
                        "diameter_mm": 7}]}, "lie 9.00 mm apart", "implants[0]"),
    ],
)  # fmt: skip
def test_faults_name_the_place(
    document: dict[str, Any], tmp_path: Path, change: dict[str, Any], problem: str, place: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**document, **change}))
    with pytest.raises(InputError, match=problem) as found:
        read_plan(file)
    assert found.value.place == place
    assert found.value.mend


def test_what_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_plan(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(InputError, match="no JSON"):
        read_plan(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(InputError, match="no plan"):
        read_plan(tmp_path / "plan.json")


def test_the_whole_plan_is_read_back(document: dict[str, Any], made: PlanMade) -> None:
    """Told again, the plan that was read is the same document, but for the alternatives, which are not read."""
    pelvis = pelvis_of_phantom(COARSE_MM)
    again = json.loads(json.dumps(tell_plan(plan_of(document, pelvis), pelvis, seed=0)))
    assert again["implants"] == [
        {**one, "entry_mm": pytest.approx(one["entry_mm"], abs=2e-3), "tip_mm": pytest.approx(one["tip_mm"], abs=2e-3),
         "direction": pytest.approx(one["direction"], abs=1e-5),
         "crossing_mm": one["crossing_mm"] and pytest.approx(one["crossing_mm"], abs=2e-3)}
        for one in document["implants"]
    ]  # fmt: skip
    for name in ("verdict", "reason", "limit", "error", "basis", "numbers", "warnings", "spacing_mm"):
        assert again[name] == document[name]
    assert again["corridors"].keys() == document["corridors"].keys()
    assert plan_of(document, pelvis).implants[0].clearance.unknown == made.plan.implants[0].clearance.unknown
    with pytest.raises(InputError, match="not whole"):
        plan_of({**document, "implants": [{k: v for k, v in document["implants"][0].items() if k != "margin"}]}, pelvis)


def test_other_bones_are_known_by_their_frame(document: dict[str, Any]) -> None:
    pelvis = pelvis_of_phantom(COARSE_MM)
    assert on_these_bones(document, pelvis)
    assert not on_these_bones(document, replace(pelvis, frame=tilted(tilt_deg=2)))
    assert not on_these_bones(document, replace(pelvis, frame=tilted(shift_mm=np.array([0.0, 3.0, 0.0]))))
    assert not on_these_bones({k: v for k, v in document.items() if k != "pelvic_frame"}, pelvis)


@pytest.mark.slow
def test_surfaces_and_the_label_map_written_of_them_are_the_same_bones(data_dir: Path, tmp_path: Path) -> None:
    """A plan made on surfaces is asked about with the label map that lies beside it; another pelvis is another."""
    shapes = _surfaces(data_dir, "17")
    made = build_pelvis(shapes, spacing_mm=2.0)
    labels = tmp_path / "overlay_bones.nii.gz"
    labels.write_bytes(nifti(with_known_ids(shapes.sampled(made.grid)), made.grid))
    document = {"pelvic_frame": tell_frame(made.frame)}
    assert on_these_bones(document, build_pelvis(read_labels(labels), spacing_mm=1.0))
    assert not on_these_bones(document, build_pelvis(_surfaces(data_dir, "8"), spacing_mm=2.0))


def _surfaces(data_dir: Path, case: str) -> BoneShapes:
    return read_meshes(*(data_dir / "atlas" / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right")))
