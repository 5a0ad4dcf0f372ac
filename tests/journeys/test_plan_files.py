"""The files of a plan, from a small pelvis made by hand: what is written, what is left out, and nothing half."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.source import Source
from nutation.anatomy.space import Floats, Grid
from nutation.cli import plan_files
from nutation.cli.plan_files import Answer
from nutation.cli.plan_input import Given
from nutation.planning.document import tell_plan
from nutation.record.errors import InputError
from nutation.report import plan_told
from nutation.report.confirmation import Confirmation
from report import made_plan as made

ON = date(2026, 9, 1)


@dataclass(frozen=True)
class Boxes:
    """The bones of the pelvis of boxes, behind the face of `anatomy.shapes.BoneShapes`."""

    source: Source
    finest_mm: float = 2.0

    def codes(self) -> frozenset[int]:
        return frozenset({SACRUM, LEFT_HIP, RIGHT_HIP})

    def surface(self, code: int) -> Floats:
        return made.pelvis().grid.points(np.argwhere(made.labels() == code).astype(float))

    def bounds(self) -> tuple[Floats, Floats]:
        points = np.concatenate([self.surface(code) for code in self.codes()])
        return points.min(axis=0), points.max(axis=0)

    def sampled(self, grid: Grid) -> NDArray[np.uint8]:
        index = np.rint(made.pelvis().grid.index(grid.points(np.indices(grid.shape).reshape(3, -1).T.astype(float))))
        inside = np.all((index >= 0) & (index < made.SHAPE), axis=1)
        found = np.zeros(len(index), dtype=np.uint8)
        found[inside] = made.labels()[tuple(index[inside].astype(int).T)]
        return found.reshape(grid.shape)

    def touching(self) -> frozenset[tuple[int, int]]:
        return frozenset()


def answer(confirmed: Confirmation | None, source: Source | None = None) -> Answer:
    pelvis, plan = made.pelvis(source), made.plan()
    told = plan_told.told(plan, pelvis, made_on=ON, confirmed=confirmed)
    return Answer(
        plan=plan, pelvis=pelvis, given=Given(Boxes(pelvis.source), None, None, "boxes"),
        document=tell_plan(plan, pelvis), told=told, pictures=(), views=(), views_missing=("True lateral",),
        confirmed=confirmed, record=None, slices=(), paper="a4",
    )  # fmt: skip


def test_without_a_confirmation_there_is_no_sheet_and_an_older_one_goes(tmp_path: Path) -> None:
    """A sheet left from a run before would be of another plan."""
    stated = Confirmation("left", frozenset({"S1", "S2"}), "Dr A", ON)
    paths, _ = plan_files.write(answer(stated), tmp_path)
    assert tmp_path / "operation_sheet.pdf" in paths
    assert (tmp_path / "operation_sheet.pdf").is_file()
    paths, notes = plan_files.write(answer(None), tmp_path)
    assert not (tmp_path / "operation_sheet.pdf").exists()
    assert any("earlier plan was removed" in note for note in notes)
    assert {path.name for path in paths} >= {"plan.json", "plan.html", "plan.pdf", "plan.dcm", "scene.glb"}
    assert json.loads((tmp_path / "plan.json").read_text())["side"] == "left"
    assert not list(tmp_path.rglob("*.part"))


def test_a_segmentation_needs_the_slices_and_says_so(tmp_path: Path) -> None:
    _, notes = plan_files.write(answer(None), tmp_path / "dicom")
    assert any("No bones.seg.dcm" in note for note in notes)
    _, notes = plan_files.write(answer(None, made.source(orientation="unverified")), tmp_path / "map")
    assert notes == []


def test_a_folder_in_a_file_s_place_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "plan.html").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        plan_files.write(answer(None), tmp_path)
    assert not (tmp_path / "plan.json").exists()
