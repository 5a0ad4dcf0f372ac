"""`nutation plan` from end to end on the phantom's CT: one document, every file, read back by other libraries."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pypdf
import pytest
import SimpleITK
import trimesh

from nutation.anatomy.phantom import phantom, tilted
from nutation.anatomy.solids import inside
from nutation.anatomy.space import Volume
from nutation.planning.document import implants_of
from nutation.planning.exports.ct_series import ct_series
from nutation.planning.exports.overlays import nifti, with_known_ids

pytestmark = pytest.mark.slow

POSE = tilted(tilt_deg=8.0, turn_deg=3.0)
PATIENT = ("ex-classic-degenerative", "Aldaya^Miriam")
KEYS = {"side", "approach", "implants", "spacing_mm", "corridors", "orientation", "verdict", "warnings"}
IMPLANT_KEYS = {"catalogue", "entry_mm", "tip_mm", "length_mm", "diameter_mm", "clearance_mm", "nearest", "purchase_mm",
                "breach_probability"}  # fmt: skip


def nutation(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nutation", "plan", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.fixture(scope="module")
def volume() -> Volume:
    """The phantom's CT as a person lies in a scanner, coarse."""
    return phantom(pose=POSE).ct((1.6, 1.6, 2.0))


@pytest.fixture(scope="module")
def scanned(volume: Volume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom as a patient of the examples would have been scanned: `ct/` and `labels.nii.gz`."""
    into = tmp_path_factory.mktemp("phantom")
    write_ct(into / "ct", volume, date(2026, 8, 3))
    labels = with_known_ids(phantom(pose=POSE).shapes.sampled(volume.grid))
    (into / "labels.nii.gz").write_bytes(nifti(labels, volume.grid))
    return into


def write_ct(into: Path, volume: Volume, on: date) -> None:
    into.mkdir()
    for name, content in ct_series(volume, patient_id=PATIENT[0], patient_name=PATIENT[1], on=on, described="made"):
        (into / name).write_bytes(content)


@pytest.fixture(scope="module")
def answered(scanned: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Asked once with everything: the record, a confirmation, files, and the document on standard output."""
    out = tmp_path_factory.mktemp("out")
    done = nutation(
        scanned / "ct", "--labels", scanned / "labels.nii.gz", "--side", "left", "--resolution", "2", "--json",
        "--record", examples / "classic-degenerative", "--as-of", "2026-09-01", "--out", out,
        "--confirm-side", "left", "--confirm-levels", "S1,S2,S3", "--confirmed-by", "Dr A. Surgeon",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout), out


def test_json_is_one_document_with_the_promised_keys(answered: tuple[dict[str, Any], Path]) -> None:
    told, out = answered
    assert set(told) >= KEYS
    assert (told["side"], told["approach"], told["orientation"]) == ("left", "lateral", "dicom")
    assert told["verdict"] == "planned"
    for implant in told["implants"]:
        assert set(implant) >= IMPLANT_KEYS
        assert set(implant["breach_probability"]) == {"any", "over_2mm", "over_4mm"}
        # LPS: an implant for the left joint enters further to the left than it ends, unless it is cut short.
        assert implant["entry_mm"][0] > implant["tip_mm"][0]
        apart = np.linalg.norm(np.subtract(implant["entry_mm"], implant["tip_mm"]))
        assert apart == pytest.approx(implant["length_mm"], abs=0.01)
    assert json.loads((out / "plan.json").read_text()) == told
    assert told["patient"]["id"] == PATIENT[0]


def test_every_file_is_there_and_none_is_half(answered: tuple[dict[str, Any], Path]) -> None:
    _, out = answered
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names >= {
        "plan.json", "plan.html", "plan.pdf", "plan.dcm", "bones.seg.dcm", "scene.glb", "implants.stl",
        "overlay_bones.nii.gz", "overlay_implants.nii.gz", "operation_sheet.pdf", "bones/sacrum.stl",
        "bones/left_hip.stl", "bones/right_hip.stl",
    }  # fmt: skip
    assert not [name for name in names if name.endswith(".part")]


def test_meshes_and_overlays_lie_where_the_document_says(answered: tuple[dict[str, Any], Path], scanned: Path) -> None:
    told, out = answered
    rods: Any = trimesh.load(out / "implants.stl")
    ends = np.array([[i["entry_mm"], i["tip_mm"]] for i in told["implants"]]).reshape(-1, 3)
    reach = max(i["diameter_mm"] for i in told["implants"])
    assert np.all(rods.bounds[0] <= ends.min(axis=0) + 0.1)
    assert np.all(rods.bounds[1] >= ends.max(axis=0) - 0.1)
    assert np.all(np.abs(rods.bounds - [ends.min(axis=0), ends.max(axis=0)]) < reach)
    scene: Any = trimesh.load(out / "scene.glb")
    lps = np.asarray(scene.geometry["sacrum"].vertices) * 1000 @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    sacrum: Any = trimesh.load(out / "bones" / "sacrum.stl")
    assert np.allclose([lps.min(axis=0), lps.max(axis=0)], sacrum.bounds, atol=0.1)
    overlay, given = (SimpleITK.ReadImage(str(p)) for p in (out / "overlay_implants.nii.gz", scanned / "labels.nii.gz"))
    assert overlay.GetSize() == given.GetSize()
    assert np.allclose(overlay.GetOrigin(), given.GetOrigin(), atol=1e-3)
    for number, implant in enumerate(told["implants"], 1):
        middle = np.mean([implant["entry_mm"], implant["tip_mm"]], axis=0)
        index = overlay.TransformPhysicalPointToIndex([float(x) for x in middle])
        around = [overlay[tuple(int(a + b) for a, b in zip(index, step, strict=True))] for step in np.ndindex(2, 2, 2)]
        assert number in around


def test_dicom_files_belong_to_the_study(answered: tuple[dict[str, Any], Path], scanned: Path) -> None:
    _, out = answered
    slice_ = pydicom.dcmread(next((scanned / "ct").iterdir()))
    seg: Any = highdicom.seg.segread(out / "bones.seg.dcm")
    report = pydicom.dcmread(out / "plan.dcm")
    for read in (seg, report):
        assert (read.PatientID, read.StudyInstanceUID) == (PATIENT[0], slice_.StudyInstanceUID)
    assert {s.SegmentLabel for s in seg.SegmentSequence} >= {"Sacrum", "Left hip bone", "Right hip bone"}
    pages = pypdf.PdfReader(io.BytesIO(report.EncapsulatedDocument[: report.EncapsulatedDocumentLength])).pages
    assert "LEFT sacroiliac joint" in pages[0].extract_text()


def test_the_page_shows_the_pictures_the_record_and_the_sheet(answered: tuple[dict[str, Any], Path]) -> None:
    told, out = answered
    page = (out / "plan.html").read_text("utf-8")
    assert page.count("<img ") >= len(told["implants"]) + 4
    assert "Allergy to metal" in page
    assert "Side and levels stated by Dr A. Surgeon" in page
    sheet = pypdf.PdfReader(out / "operation_sheet.pdf").pages
    assert len(sheet) <= 4
    assert "DRAFT" not in "".join(p.extract_text() for p in sheet)


def test_a_label_map_alone_is_planned_and_said_to_be_unverified(scanned: Path) -> None:
    done = nutation(scanned / "labels.nii.gz", "--side", "right", "--resolution", "2", "--as-of", "2026-09-01")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "RIGHT sacroiliac joint" in said
    assert "Left and right: not verified" in said
    assert "Not made yet" in said


def test_the_record_of_another_stops_everything(scanned: Path, examples: Path, tmp_path: Path) -> None:
    done = nutation(
        scanned / "ct", "--labels", scanned / "labels.nii.gz", "--side", "left", "--record", examples / "bilateral",
        "--as-of", "2026-09-01", "--out", tmp_path / "none", "--json",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "two patients" in done.stderr
    assert "ex-bilateral" in done.stderr
    assert PATIENT[0] in done.stderr
    assert not (tmp_path / "none").exists()


def test_an_implant_is_moved_as_a_surgeon_says(answered: tuple[dict[str, Any], Path], scanned: Path) -> None:
    """12 mm towards the front, the implant loses about as much of its clearance there, and the others stay as planned.

    Where nothing is moved by hand the check gives the plan's own numbers: the bones, boundary and error are the plan's.
    """
    told, out = answered
    done = nutation(
        "move", out / "plan.json", scanned / "ct", "--labels", scanned / "labels.nii.gz", "--implant", "1",
        "--shift", "12 anterior", "--as-of", "2026-09-01", "--json",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    moved = json.loads(done.stdout)
    assert set(moved) >= KEYS
    planned, edit = told["implants"][0], moved["edit"]
    assert edit["before"]["clearance_mm"] == pytest.approx(planned["clearance_mm"], abs=0.01)
    assert edit["before"]["breach_probability"]["any"] == pytest.approx(planned["breach_probability"]["any"], abs=0.05)
    assert edit["shift_mm"] == [{"way": "anterior", "by": 12.0}]
    apart = np.subtract(moved["implants"][0]["entry_mm"], planned["entry_mm"])
    assert np.linalg.norm(apart) == pytest.approx(12, abs=0.01)
    assert apart[1] < -10, "in LPS the front is where y is small, in a person lying a little tilted"
    front = [edit[when]["clearance_by_structure_mm"]["anterior_sacrum"] for when in ("before", "after")]
    assert 4 < front[0] - front[1] < 12.5
    assert edit["after"]["breach_probability"]["any"] > edit["before"]["breach_probability"]["any"]
    assert moved["verdict"] == "no_plan_within_limit"
    for one, kept in zip(moved["implants"][1:], told["implants"][1:], strict=True):
        same = ("catalogue", "clearance_mm", "breach_probability", "level")
        assert {name: one[name] for name in same} == {name: kept[name] for name in same}
        assert one["entry_mm"] == pytest.approx(kept["entry_mm"], abs=2e-3)
    assert any("placed by hand" in warning for warning in moved["warnings"])
    assert moved["operation_sheet"]["missing"], "the confirmation was of the plan before"


def test_the_plan_of_another_is_not_moved(answered: tuple[dict[str, Any], Path], scanned: Path, tmp_path: Path) -> None:
    told, _ = answered
    other = tmp_path / "plan.json"
    other.write_text(json.dumps({**told, "patient": {**told["patient"], "id": "somebody-else"}}))
    done = nutation(
        "move", other, scanned / "ct", "--labels", scanned / "labels.nii.gz", "--implant", "1", "--shift", "2 deeper",
        "--out", tmp_path / "none",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "patient somebody-else" in done.stderr
    assert PATIENT[0] in done.stderr
    assert not (tmp_path / "none").exists()


def test_compare_finds_the_implants_where_they_were_put(
    answered: tuple[dict[str, Any], Path], volume: Volume, tmp_path: Path
) -> None:
    """Metal in the phantom, 2 mm behind and 1 mm below the plan: entry and tip off by 2.24 mm, within half a voxel."""
    told, out = answered
    after = Volume(volume.values.copy(), volume.grid)
    for implant in implants_of(told):
        moved = replace(
            implant, pose=replace(implant.pose, entry_mm=implant.pose.entry_mm + np.array([0.0, 2.0, -1.0]))
        )
        ends = after.grid.index(np.stack([moved.pose.entry_mm, moved.tip_mm]))
        low, high = np.floor(ends.min(axis=0)).astype(int) - 5, np.ceil(ends.max(axis=0)).astype(int) + 6
        index = np.indices(tuple(high - low)).reshape(3, -1).T + low
        metal = index[inside(moved, after.grid.points(index.astype(float)))]
        after.values[tuple(metal.T)] = 3000.0
    write_ct(tmp_path / "ct", after, date(2026, 10, 1))
    done = nutation("compare", out / "plan.json", tmp_path / "ct", "--append", tmp_path / "own.csv", "--json",
                    "--resolution", "2")  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["missing"] == []
    assert len(found["implants"]) == len(told["implants"])
    for one in found["implants"]:
        assert one["entry_error_mm"] == pytest.approx(np.hypot(2, 1), abs=1.2)
        assert one["angle_error_deg"] < 2
        assert one["clearance_mm"] is not None
    assert len((tmp_path / "own.csv").read_text().splitlines()) == len(found["implants"]) + 1


def test_a_phantom_after_an_operation_is_written_to_practise_on(tmp_path: Path) -> None:
    """Of the phantom itself: planned, put in with an error that is written down, and found again within the slices."""
    assert nutation("phantom", tmp_path / "before", "--resolution", "2", "--quiet").returncode == 0
    before, plan = tmp_path / "before", tmp_path / "plan"
    done = nutation(before / "ct", "--labels", before / "labels.nii.gz", "--side", "left", "--resolution", "2",
                    "--count", "2", "--quiet", "--out", plan)  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = nutation("phantom", tmp_path / "after", "--placed", plan / "plan.json", "--resolution", "2", "--seed", "3")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads((tmp_path / "after" / "placed.json").read_text())
    done = nutation("compare", plan / "plan.json", tmp_path / "after" / "ct", "--resolution", "2", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["missing"] == []
    for one, truth in zip(found["implants"], told["implants"], strict=True):
        assert np.linalg.norm(np.subtract(one["placed"]["tip_mm"], truth["tip_mm"])) < 3.0
        assert one["entry_error_mm"] == pytest.approx(truth["entry_error_mm"], abs=3.0)
        assert one["angle_error_deg"] == pytest.approx(truth["angle_error_deg"], abs=3.0)
    other = tmp_path / "other.json"
    document = json.loads((plan / "plan.json").read_text())
    other.write_text(json.dumps({**document, "patient": {**document["patient"], "id": "somebody"}}))
    done = nutation("phantom", tmp_path / "none", "--placed", other)
    assert done.returncode == 1
    assert "not of the phantom" in done.stderr
    assert not (tmp_path / "none").exists()
