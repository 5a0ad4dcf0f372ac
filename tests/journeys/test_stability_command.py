"""`nutation stability` end to end on the phantom, coarse and quick, and what it says of input that it cannot use."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from nutation.anatomy.build import build_pelvis
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import phantom
from nutation.anatomy.space import Grid
from nutation.cli import stability_command, stability_input, stability_making
from nutation.cli.speaking import UsageError
from nutation.cli.stability_command import Options
from nutation.cli.stability_input import Case, Wanted, case_of
from nutation.cli.stability_support import held_at
from nutation.planning.document import tell_plan
from nutation.planning.exports.overlays import nifti, with_known_ids
from nutation.planning.make import make_plan
from nutation.record.errors import InputError
from nutation.stability import memory
from nutation.stability.kept import KeptModel
from stability.pelvises_made import phantom_pelvis, without_below

pytestmark = pytest.mark.slow

COARSE_MM = 2.0
UP = np.array([0.0, 0.0, 120.0])
ASKED = Options(
    ct=None, labels=None, mapping=None, sacrum=None, left_hip=None, right_hip=None, side=None, compare=(), fewer=False,
    resolution=4.0, support="ischia", moment=None, follower=None, quick=True, json=True, out=None, quiet=True,
)  # fmt: skip
WANTED = Wanted(
    what=(), ct=None, labels=None, mapping=None, sacrum=None, left_hip=None, right_hip=None, side=None, compare=(),
    fewer=False,
)  # fmt: skip


def nutation(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nutation", "stability", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `nutation plan --out` leaves: plan.json, and the bones beside it."""
    into = tmp_path_factory.mktemp("planned")
    pelvis = build_pelvis(phantom().shapes, spacing_mm=COARSE_MM)
    plan = make_plan(pelvis, "left", approach="lateral").plan
    (into / "plan.json").write_text(json.dumps(tell_plan(plan, pelvis)), "utf-8")
    write_bones(into / "overlay_bones.nii.gz", pelvis.grid)
    return into


def write_bones(file: Path, grid: Grid, **changed: Any) -> None:
    file.write_bytes(nifti(with_known_ids(phantom(**changed).shapes.sampled(grid)), grid))


def edited(planned: Path, into: Path, **changed: Any) -> Path:
    """The plan with parts changed, the bones beside it."""
    document = json.loads((planned / "plan.json").read_text("utf-8"))
    (into / "plan.json").write_text(json.dumps({**document, **changed}), "utf-8")
    (into / "overlay_bones.nii.gz").write_bytes((planned / "overlay_bones.nii.gz").read_bytes())
    return into / "plan.json"


@pytest.fixture(scope="module")
def answered(
    planned: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path, subprocess.CompletedProcess[str]]:
    """Asked once, with files: the plan alone, its bones found beside it."""
    out = tmp_path_factory.mktemp("out")
    plan = edited(planned, tmp_path_factory.mktemp("alone"), alternatives=[])
    done = nutation(plan, "--quick", "--resolution", "4", "--stance", "--json", "--out", out)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), out, done


def test_json_is_one_document_with_the_promised_keys(
    answered: tuple[dict[str, Any], Path, subprocess.CompletedProcess[str]],
) -> None:
    told, out, _ = answered
    assert set(told) >= {"resolution_mm", "unknowns", "directions", "solver", "warnings"}
    assert json.loads((out / "stability.json").read_text("utf-8")) == told
    assert (told["side"], told["resolution_mm"]) == ("left", 4.0)
    assert set(told["solver"]) >= {"iterations", "residual", "seconds", "peak_mb"}
    assert told["solver"]["residual"] <= 1e-6
    assert [one["name"] for one in told["constructs"]] == ["plan"]
    assert set(told["inputs"]) == {"plan.json", "overlay_bones.nii.gz"}
    for name in ("flexion_extension", "lateral_bending", "axial_rotation"):
        found = told["directions"][name]
        if name not in told["withheld"]:
            assert 0 < found["construct_deg"] < found["intact_deg"]
            assert found["reduction_pct"] == pytest.approx(
                100 * (1 - found["construct_deg"] / found["intact_deg"]), abs=0.2
            )
        assert found["sensitivity_range_pct"] is None, "nothing was swept"
    assert not told["order"]["given"]


def test_progress_goes_to_standard_error(
    answered: tuple[dict[str, Any], Path, subprocess.CompletedProcess[str]],
) -> None:
    said = answered[2].stderr.splitlines()
    assert said == [
        "reading the bones …", "meshing the bones …", "intact joint: base values …", "plan: base values …",
        "standing, intact joint: base values …", "standing, plan: base values …",
    ]  # fmt: skip


def test_standing_is_asked_of_the_same_mesh_and_told_beside_the_motions(
    answered: tuple[dict[str, Any], Path, subprocess.CompletedProcess[str]],
) -> None:
    told, out, _ = answered
    assert list(told["stance"]) == [
        "compression_600N", "compression_1000N", "two_legs", "one_leg_left", "one_leg_right", "walking_left",
        "walking_right",
    ]  # fmt: skip
    assert told["solver"]["solutions"] == 4, "one for all of standing, intact and with the plan"
    pressed = told["stance"]["compression_600N"]
    assert pressed["withheld"] or 0 < pressed["construct"]["rotation_deg"] < pressed["intact"]["rotation_deg"]
    for one in told["stance"].values():
        assert (one["reduction_pct"] is None) == bool(one["withheld"])
        assert one["order_by_pair"] == [], "nothing was swept"
    marks = {row["id"]: row["mark"] for row in told["basis"]}
    assert {marks[name] for name in told["stance"]["walking_left"]["evidence"]} == {"secondary", "verified"}
    assert "Standing and walking" in (out / "stability.html").read_text("utf-8")


def test_every_file_is_there_and_says_the_same(
    answered: tuple[dict[str, Any], Path, subprocess.CompletedProcess[str]],
) -> None:
    told, out, _ = answered
    assert {path.name for path in out.iterdir()} == {
        "stability.json", "stability.html", "deformed.glb", "mesh.vtu",
    }  # fmt: skip
    page = (out / "stability.html").read_text("utf-8")
    assert "LEFT sacroiliac joint" in page
    assert page.count("data:image/png;base64") == 2, "motion by construct, and the ligaments"
    scene: Any = trimesh.load(out / "deformed.glb")
    assert {"sacrum", "left_hip", "right_hip", "implant_1", "sacrum_at_rest"} <= set(scene.geometry)
    assert float(scene.metadata["displacement_magnified"]) >= 1

    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader

    reader: Any = vtkXMLUnstructuredGridReader()
    reader.SetFileName(str(out / "mesh.vtu"))
    reader.Update()
    mesh = reader.GetOutput()
    assert 3 * mesh.GetNumberOfPoints() == told["unknowns"]
    assert mesh.GetPointData().HasArray("intact_flexion_10Nm_400N_mm")
    assert mesh.GetPointData().HasArray("construct_compression_600N_mm")
    assert mesh.GetPointData().HasArray("construct_walking_left_mm")


def test_a_label_map_alone_asks_about_both_intact_joints(planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability_input, "GRID_MM", COARSE_MM)
    told = stability_making.answered((planned / "overlay_bones.nii.gz",), ASKED).document
    left, right = told["directions"], told["other_joint"]["directions"]
    assert (told["side"], told["other_joint"]["side"]) == ("left", "right")
    assert told["constructs"] == told["other_joint"]["constructs"] == []
    for name, found in left.items():
        if found["intact_deg"] is not None and right[name]["intact_deg"] is not None:
            # The phantom is built alike on both sides.
            assert found["intact_deg"] == pytest.approx(right[name]["intact_deg"], rel=0.1)
    assert told["other_joint"]["solver"]["seconds"] < told["solver"]["seconds"] / 3, "one solution serves both joints"


@pytest.mark.parametrize(
    ("changed", "words", "says"),
    [
        ({"implants": []}, (), "plan.json, implants: the plan has no implants."),
        ({}, ("--side", "right"), "plan.json, side: the plan is for the left joint, and --side says right."),
        ({"format": "other/9"}, (), "its format is 'other/9'"),
    ],
)
def test_a_plan_that_cannot_be_used(
    planned: Path, tmp_path: Path, changed: dict[str, Any], words: tuple[str, ...], says: str
) -> None:
    done = nutation(edited(planned, tmp_path, **changed), *words)
    assert done.returncode == 1
    assert says in done.stderr
    assert "To mend it: " in done.stderr
    assert done.stdout == ""


def test_what_is_no_plan_and_bones_that_are_not_there(planned: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"resourceType": "Bundle"}', "utf-8")
    with pytest.raises(InputError, match="it is no plan: it has no implants"):
        case_of(replace(WANTED, what=(tmp_path / "plan.json",)))
    (tmp_path / "plan.json").write_bytes((planned / "plan.json").read_bytes())
    with pytest.raises(InputError, match="the bones are not beside the plan") as caught:
        case_of(replace(WANTED, what=(tmp_path / "plan.json",)))
    assert "--sacrum" in caught.value.mend


def test_a_plan_of_the_other_joint_is_not_compared(planned: Path, tmp_path: Path) -> None:
    other = edited(planned, tmp_path, side="right")
    with pytest.raises(InputError, match="for the right joint, and the plan is for the left one") as caught:
        case_of(replace(WANTED, what=(planned / "plan.json",), compare=(other,)))
    assert caught.value.file == str(other)


def test_wrong_usage_has_its_own_status() -> None:
    done = nutation("--moment", "9", "a")
    assert done.returncode == 2
    assert "7.5, 10 or 12.5" in done.stderr


@pytest.mark.parametrize(
    ("what", "changed", "says"),
    [
        ("abc", {}, "at most a plan"),
        ("a", {"side": "both"}, "left or right"),
        ("a", {"resolution": 9.0}, "0.5 to 4"),
        ("a", {"support": "knees"}, "ischia, acetabula, one-ilium"),
        ("a", {"support": "one-ilium"}, "--side"),
        ("a", {"moment": float("nan")}, "7.5, 10 or 12.5"),
        ("a", {"follower": -1.0}, "0 or 400"),
        ("a", {"fewer": True}, "held against a plan"),
    ],
)
def test_wrong_options_are_told_with_what_may_be_chosen(what: str, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        stability_command.run(tuple(map(Path, what)), replace(ASKED, **changed))


@pytest.fixture
def case(planned: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(stability_input, "GRID_MM", COARSE_MM)
    return case_of(replace(WANTED, what=(planned / "plan.json",), fewer=True))


def test_the_pelvis_is_held_as_named_else_where_the_image_shows_it() -> None:
    """An image for the joint alone mostly ends above the ischia: the hip sockets hold then, else the ilium."""
    whole = phantom_pelvis()
    assert held_at(whole, "left", "one-ilium") == ("ilium_left", ())
    assert held_at(whole, "right", "one-ilium") == ("ilium_right", ())
    assert held_at(whole, "right", "acetabula") == ("acetabula", ())
    assert held_at(whole, "left", None) == ("ischia", ())
    cut = without_below(whole, RIGHT_HIP, -120.0)
    support, (said,) = held_at(cut, "left", None)
    assert support == "acetabula"
    assert "in both hip sockets" in said
    assert "ischium" in said
    support, (said,) = held_at(without_below(cut, RIGHT_HIP, -40.0), "left", None)
    assert support == "ilium_left"
    assert "at the left ilium" in said


def test_constructs_are_the_plan_its_alternatives_and_each_implant_left_out(case: Case) -> None:
    whole = case.constructs["plan"].implants
    alternatives = [name for name in case.constructs if name.startswith("alternative")]
    assert len(alternatives) <= stability_input.MOST_ALTERNATIVES
    without = {name: one for name, one in case.constructs.items() if name.startswith("without")}
    assert list(without) == [f"without implant {n + 1}" for n in range(len(whole))]
    for number, one in enumerate(without.values()):
        assert len(one.implants) == len(whole) - 1
        kept = [i for i in range(len(whole)) if i != number]
        for implant, place in zip(one.implants, kept, strict=True):
            assert implant.pose.entry_mm == pytest.approx(whole[place].pose.entry_mm)
    assert case.sides == ("left",)


def test_bones_of_another_are_refused(planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability_input, "GRID_MM", COARSE_MM)
    frame = json.loads((planned / "plan.json").read_text("utf-8"))["pelvic_frame"]
    frame["origin_mm"][2] += 5.0
    with pytest.raises(InputError, match="not those that the plan was made on") as caught:
        case_of(replace(WANTED, what=(edited(planned, tmp_path, pelvic_frame=frame),)))
    assert caught.value.place == "pelvic_frame"


def test_input_that_makes_no_model_is_told_with_its_file(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = case.pelvis.labels.copy()
    cut = np.flatnonzero((labels == LEFT_HIP).any(axis=(0, 1)))
    middle = int(cut[len(cut) // 2])
    labels[:, :, middle - 3 : middle + 4][labels[:, :, middle - 3 : middle + 4] == LEFT_HIP] = 0
    broken = replace(case, pelvis=replace(case.pelvis, labels=labels))
    with pytest.raises(InputError, match="falls into") as caught:
        stability_making._parts(broken, ASKED, "ischia")
    assert caught.value.file.endswith("overlay_bones.nii.gz")
    assert str(caught.value).count(". To mend it: ") == 1

    hu = np.where(labels > 0, -500.0, -1000.0).astype(np.float32)
    with pytest.raises(InputError, match="a negative density"):
        stability_making._parts(replace(case, pelvis=replace(case.pelvis, hu=hu)), ASKED, "ischia")

    monkeypatch.setattr(memory, "free_bytes", lambda: 1.5e9)
    with pytest.raises(InputError, match="GB are there") as caught:
        stability_making._parts(case, replace(ASKED, resolution=0.5), "ischia")
    assert "which fits" in caught.value.mend
    assert caught.value.place == "resolution"


def test_an_implant_in_air_is_told_before_anything_is_solved(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    model = KeptModel(stability_making._parts(case, ASKED, "ischia"))
    stability_making._check_implants(case, model)
    plan = case.constructs["plan"]
    pose = plan.implants[0].pose
    away = replace(plan.implants[0], pose=replace(pose, entry_mm=pose.entry_mm + UP))
    bad = replace(
        case, constructs={"plan": plan, "odd": replace(plan, implants=(away,))}, plans={"plan": "p", "odd": "q"}
    )
    monkeypatch.setattr(model, "response", None)
    with pytest.raises(InputError, match="holds nothing") as caught:
        stability_making._check_implants(bad, model)
    assert (caught.value.file, caught.value.place) == ("q", "odd, implant 1")
    assert SACRUM in case.pelvis.labels
