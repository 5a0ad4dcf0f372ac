"""What `nutation plan` takes: a CT told from a label map, options that fit, the record of the same person."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import typer

from nutation.cli import plan_record
from nutation.cli.app import app
from nutation.cli.plan_input import Asked, checked, is_label_map
from nutation.cli.plan_sizes import sizes_named
from nutation.cli.speaking import UsageError
from nutation.planning.approaches import approaches
from nutation.record.errors import InputError
from report import made_plan as made

ON = date(2026, 9, 1)


def nutation(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nutation", "plan", *map(str, words)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def written(path: Path, values: np.ndarray) -> Path:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path))
    return path


def test_a_label_map_is_told_from_a_ct(tmp_path: Path) -> None:
    """Few whole numbers, none negative, whatever they are stored as; a CT has many, and air below zero."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 5, (20, 20, 20))
    assert is_label_map(written(tmp_path / "a.nii.gz", labels.astype(np.uint8)))
    assert is_label_map(written(tmp_path / "b.nrrd", labels.astype(np.float32)))
    assert is_label_map(written(tmp_path / "c.nii.gz", (labels * 20).astype(np.int16)))
    assert not is_label_map(written(tmp_path / "d.nii.gz", random.normal(40, 300, (20, 20, 20)).astype(np.int16)))
    assert not is_label_map(written(tmp_path / "e.nii.gz", (labels - 1).astype(np.int16)))
    assert not is_label_map(written(tmp_path / "f.nii.gz", (labels + 0.5).astype(np.float32)))
    assert not is_label_map(tmp_path)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(None, None, None, Path("s"), None, None, None), "three surfaces are needed"),
        (Asked(Path("i"), None, None, Path("s"), Path("l"), Path("r"), None), "not both"),
        (Asked(None, None, None, None, None, None, None), "name an image"),
        (Asked(None, None, Path("m"), Path("s"), Path("l"), Path("r"), None), "surfaces have none"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(asked: Asked, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        checked(asked)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("x", "--side", "up"),
        ("x",),
        ("x", "--side", "left", "--confirm-side", "left"),
        ("x", "--side", "left", "--confirm-side", "left", "--confirm-levels", "5", "--confirmed-by", "A"),
        ("x", "--side", "left", "--deidentify", "--record", "r"),
        ("x", "--side", "left", "--limit", "30"),
        ("x", "--side", "left", "--resolution", "9"),
        ("x", "y", "--side", "left"),
        ("compare", "one"),
        ("phantom",),
    ],
)
def test_wrong_usage_has_status_2(words: tuple[str, ...]) -> None:
    done = nutation(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_folder_named_like_a_command_does_not_hide_it(tmp_path: Path) -> None:
    """The how-to writes its phantom into `phantom`: the same line has to work again the next day."""
    for name in ("phantom", "move", "compare"):
        (tmp_path / name).mkdir()
    for words, said in (
        (("phantom", "phantom/x/y", "--resolution", "9"), "resolution"),
        (("move", "plan.json", "ct", "--side", "up"), "--side is 'up'"),
        (("compare", "plan.json", "ct", "more"), "nutation plan compare PLAN POSTOP_CT"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "nutation", "plan", *words], capture_output=True, text=True, timeout=120,
            check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 2, done.stderr
        assert said in done.stderr


def test_every_approach_that_the_help_names_is_one() -> None:
    text = next(
        option.help
        for option in typer.main.get_command(app).commands["plan"].params  # type: ignore[attr-defined]
        if option.name == "approach"
    )
    assert set(text.rstrip(".").replace(" or ", ", ").split(", ")) == set(approaches())


@pytest.mark.parametrize(
    ("text", "approach", "system", "diameter", "said"),
    [
        ("iFuse", "lateral", "iFuse", 7.0, "Of iFuse, unverified"),
        ("ifuse 4", "lateral", "iFuse", 4.0, "Of iFuse, unverified"),
        ("iFuse TORQ 12 mm", "inline", "iFuse TORQ", 12.0, "Of iFuse TORQ, unverified"),
        ("Rialto", "lateral", "Rialto", 12.0, "listed for inline, not for the approach lateral"),
    ],
)
def test_a_system_is_named_with_its_diameter(text: str, approach: str, system: str, diameter: float, said: str) -> None:
    sizes, told = sizes_named(text, approach)
    assert {(size.system, size.diameter_mm) for size in sizes} == {(system, diameter)}
    assert len(sizes) > 1
    assert any(said in one for one in told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("iFuse TORQ", "comes in 10, 12, 14 mm"),
        ("iFuse 9", "does not come in 9 mm"),
        ("nothing 7", "has no 'nothing'"),
        ("own.csv", "no such file"),
    ],
)
def test_a_system_that_is_not_clear_is_asked_for(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        sizes_named(text, "lateral")


def test_a_clinic_s_list_of_several_kinds_says_which_it_took(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("system,section,diameter_mm,lengths_mm\nOne,circle,8,40 50\nTwo,circle,10,40 50\n", "utf-8")
    sizes, told = sizes_named(str(own), "lateral")
    assert {(size.system, size.diameter_mm) for size in sizes} == {("One", 8.0)}
    assert any("own.csv holds several kinds" in one for one in told)
    own.write_text("system,section,diameter_mm,lengths_mm\nOne,circle,8,40 50\n", "utf-8")
    assert not any("several kinds" in one for one in sizes_named(str(own), "lateral")[1])


def test_without_the_extra_it_says_what_to_install() -> None:
    """A library that cannot be found, as where the extra `plan` was not installed."""
    code = (
        "import sys; sys.modules['trimesh'] = None; sys.argv = ['nutation', 'plan', 'x', '--side', 'left'];"
        "from nutation.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "trimesh" in done.stderr
    assert "pip install 'nutation[plan]'" in done.stderr


def test_a_missing_image_is_an_error_in_the_input() -> None:
    done = nutation("no-such-ct", "--side", "left", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no-such-ct" in done.stderr


RECORD = "classic-degenerative"


def test_the_record_of_the_same_person_leads_to_this_operation(examples: Path) -> None:
    told, warnings = plan_record.read(examples / RECORD, made.source(patient_id="EX-Classic-Degenerative"), "left", ON)
    assert warnings == []
    assert told["label"] == "Miriam Aldaya (fictional)"
    assert "authorisation" in told["action"]
    said = {row["what"]: row["said"] for row in told["facts"]}
    assert said["Allergy to metal"] == "Asked on 1 Sep 2026 by Dr R. Halvorsen, orthopaedic surgeon, none reported"
    assert "Anticoagulation or a bleeding disorder" in said


@pytest.mark.parametrize(
    ("changed", "both"),
    [
        ({"patient_id": "T-100"}, ("ex-classic-degenerative", "T-100")),
        ({"patient_id": "ex-classic-degenerative", "birth_date": date(1950, 1, 1)}, ("1972-04-11", "1950-01-01")),
        ({"patient_id": "ex-classic-degenerative", "sex": "M"}, ("female", "male")),
    ],
)
def test_the_record_of_another_is_refused_and_both_are_named(
    examples: Path, changed: dict[str, object], both: tuple[str, str]
) -> None:
    with pytest.raises(InputError) as found:
        plan_record.read(examples / RECORD, made.source(**changed), "left", ON)
    assert all(name in str(found.value) for name in both)


def test_an_image_of_nobody_and_the_other_side_are_warned_of(examples: Path) -> None:
    source = made.source(patient_id="", patient_name="", birth_date=None, sex="", orientation="nifti")
    _, warnings = plan_record.read(examples / RECORD, source, "right", ON)
    assert any("does not say whose it is" in text for text in warnings)
    assert any("does not lead to an operation of the right joint" in text for text in warnings)


def test_a_record_that_leads_elsewhere_is_warned_of(examples: Path) -> None:
    source = made.source(patient_id="", birth_date=None, sex="")
    _, warnings = plan_record.read(examples / "septic-sacroiliitis", source, "left", ON)
    assert any("recommended action is: refer urgently" in text.lower() for text in warnings)
    assert any("safety gate" in text for text in warnings)


def test_a_ct_without_labels_asks_for_them(tmp_path: Path) -> None:
    # 20 cm of soft tissue are enough to be read as a CT; bones are asked for before any is looked for.
    values = np.full((50, 60, 60), 40, np.int16)
    values[0, 0, :3] = (-1000, -500, 300)
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((5.0, 5.0, 4.0))
    SimpleITK.WriteImage(image, str(tmp_path / "ct.nii.gz"))
    answer = nutation(tmp_path / "ct.nii.gz", "--side", "left")
    assert answer.returncode == 1
    assert "labels are required" in answer.stderr.replace("\n", " ")
    assert "--labels MAP" in answer.stderr.replace("\n", " ")
