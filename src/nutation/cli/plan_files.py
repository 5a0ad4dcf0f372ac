"""The files of a plan: page, report, scene, meshes, overlays, DICOM and, where confirmed, the operation sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nutation.anatomy.pelvis import Pelvis
from nutation.cli.output import folder, json_text, written
from nutation.cli.plan_input import Given
from nutation.planning.plan import Plan
from nutation.record.errors import InputError
from nutation.report.confirmation import Confirmation
from nutation.report.plan_told import Picture, Plain


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that the files are made of."""

    plan: Plan
    pelvis: Pelvis
    given: Given
    document: dict[str, Any]
    told: Plain
    pictures: tuple[Picture, ...]
    views: Sequence[Plain]
    views_missing: tuple[str, ...]
    confirmed: Confirmation | None
    record: Plain | None
    slices: Sequence[Any]
    paper: str


def write(answer: Answer, into: Path) -> tuple[list[Path], list[str]]:
    """Makes all files before it writes the first; gives their paths, and what was left out and why.

    A sheet of an earlier run is removed where this run makes none: it would be of another plan.
    """
    made, notes = _made(answer)
    for name in made:
        if (into / name).is_dir():
            raise InputError(
                "is a folder, and a file is to be written.", file=str(into / name), mend="name another --out."
            )
    folder(into)
    if _SHEET not in made and (into / _SHEET).is_file():
        (into / _SHEET).unlink()
        notes.append(f"{_SHEET} of an earlier plan was removed from {into}.")
    paths: list[Path] = []
    for name, content in made.items():
        folder((into / name).parent)
        paths.append(written(into / name, content))
    return paths, notes


_SHEET = "operation_sheet.pdf"


def _made(answer: Answer) -> tuple[dict[str, bytes | str], list[str]]:
    from nutation.report import operation_sheet, plan_html, plan_pdf

    plan, pelvis, notes = answer.plan, answer.pelvis, list[str]()
    report = plan_pdf.pdf(answer.told, answer.pictures, paper=answer.paper)
    made: dict[str, bytes | str] = {
        "plan.json": json_text(answer.document),
        "plan.html": plan_html.render(answer.told, answer.pictures),
        "plan.pdf": report,
    }
    if not answer.told["sheet"]["missing"]:
        made[_SHEET] = operation_sheet.pdf(
            plan, pelvis, made_on=_today(answer), confirmed=answer.confirmed, views=answer.views,
            pictures=answer.pictures, views_missing=answer.views_missing, record=answer.record, paper=answer.paper,
        )  # fmt: skip
    made |= _meshes(answer)
    made |= _overlays(answer)
    made |= _dicom(answer, report, notes)
    return made, notes


def _today(answer: Answer) -> Any:
    return answer.confirmed.on if answer.confirmed is not None else datetime.now(UTC).date()


def _meshes(answer: Answer) -> dict[str, bytes | str]:
    from nutation.planning.exports import surfaces
    from nutation.planning.exports.scene import scene
    from nutation.planning.exports.stl import stl

    bones = surfaces.bones(answer.pelvis)
    implants = surfaces.implants(answer.plan, answer.pelvis)
    pins = surfaces.pins(answer.plan, answer.pelvis)
    made: dict[str, bytes | str] = {f"bones/{bone.name}.stl": stl(bone) for bone in bones}
    if implants:
        made["implants.stl"] = stl(surfaces.joined(implants, "implants"))
    about = {"plan": answer.told["line"], "notice": answer.told["notice"]}
    made["scene.glb"] = scene((*bones, *implants, *pins), about=about)
    return made


def _overlays(answer: Answer) -> dict[str, bytes | str]:
    """On the input's own grid; surfaces have none, so theirs lie on the grid that the plan was made on."""
    from nutation.planning.exports import overlays

    grid = answer.given.grid or answer.pelvis.grid
    bones = overlays.with_known_ids(answer.given.shapes.sampled(grid))
    made: dict[str, bytes | str] = {"overlay_bones.nii.gz": overlays.nifti(bones, grid)}
    if answer.plan.implants:
        labels = overlays.implants_on(grid, answer.plan, answer.pelvis)
        made["overlay_implants.nii.gz"] = overlays.nifti(labels, grid)
    return made


def _dicom(answer: Answer, report: bytes, notes: list[str]) -> dict[str, bytes | str]:
    from nutation.planning.exports.encapsulated import encapsulated_pdf
    from nutation.planning.exports.segmentation import segmentation

    source = answer.pelvis.source
    made: dict[str, bytes | str] = {
        "plan.dcm": encapsulated_pdf(
            report, source, answer.slices, title=str(answer.told["title"]), made_at=datetime.now(UTC)
        )
    }
    if source.orientation != "dicom":
        return made
    grid = answer.given.grid
    bones = None
    if grid is not None and answer.slices:
        labels = answer.given.shapes.sampled(grid)
        bones = segmentation(labels, grid, answer.slices, how=answer.given.how, ours=answer.given.ours)
    if bones is None:
        notes.append("No bones.seg.dcm: the image's voxels are not its slices as they were taken (tilted or one file).")
    else:
        made["bones.seg.dcm"] = bones
    return made
