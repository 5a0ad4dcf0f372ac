"""The command line by which a job of planning is done, and the files that it is given."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection

from nutation.record.native import write_events
from nutation.store import documents, events, patients
from nutation.store.plan_jobs import Job
from nutation.web.planning import images
from nutation.web.planning.entries import PlanEntry, plan_of


def command_of(conn: Connection, job: Job, image_folder: Path | None, work: Path) -> list[str]:
    """The command that does the job. Raises InputError where an image or a plan that it needs is gone."""
    program = [sys.executable, "-m", "nutation"]
    if job.kind == "plan":
        return [
            *program,
            "plan",
            *_bones(job.patient, job.options, image_folder),
            *_asked(conn, job, image_folder, work),
        ]
    plan = plan_of(conn, job.patient, str(job.options["plan"]))
    if job.kind == "compare":
        file = unpacked(conn, job.patient, plan, work)
        return [*program, "stability", str(file), "--fewer", "--resolution", f"{job.options['resolution']:g}"]
    if job.kind == "move":
        file = unpacked(conn, job.patient, plan, work)
        moved = replace(job, options={**plan.options, **job.options})
        return [*_move(file, job.options, moved, image_folder), *_asked(conn, moved, image_folder, work, planned=True)]
    stating = ["--confirm-side", job.options["side"], "--confirm-levels", job.options["levels"],
               "--confirmed-by", job.options["by"]]  # fmt: skip
    again = replace(job, options=plan.options)
    if plan.edit:
        file = unpacked(conn, job.patient, plan_of(conn, job.patient, plan.of), work)
        return [
            *_move(file, plan.edit, again, image_folder),
            *_asked(conn, again, image_folder, work, planned=True),
            *stating,
        ]
    return [
        *program,
        "plan",
        *_bones(job.patient, plan.options, image_folder),
        *_asked(conn, again, image_folder, work),
        *stating,
    ]


def _move(file: Path, edit: Mapping[str, Any], job: Job, image_folder: Path | None) -> list[str]:
    image, *labels = _bones(job.patient, job.options, image_folder)
    told = [sys.executable, "-m", "nutation", "plan", "move", str(file), image, *labels]
    told += ["--implant", str(int(edit["implant"]))]
    for option, name in (("--shift", "shift"), ("--tilt", "tilt"), ("--length", "length_mm")):
        if edit.get(name):
            told += [option, str(edit[name])]
    return told


def bench_command(
    conn: Connection, patient_id: str, plan: PlanEntry, image_folder: Path | None, work: Path
) -> list[str]:
    """The command that keeps a plan open for moves; it writes what a viewer shows into ``work/viewer``."""
    file = unpacked(conn, patient_id, plan, work)
    image, *labels = _bones(patient_id, plan.options, image_folder)
    told = [sys.executable, "-m", "nutation", "plan", "bench", str(file), image, *labels]
    return [*told, "--quiet", "--out", str(work / "viewer")]


def _bones(patient_id: str, options: Mapping[str, Any], image_folder: Path | None) -> list[str]:
    """The image and, where there is one, its label map, as places that exist."""
    told = [str(images.place(image_folder, patient_id, str(options["image"])))]
    if options.get("labels"):
        told += ["--labels", str(images.place(image_folder, patient_id, str(options["labels"])))]
    return told


def _patient_of(image: Path) -> str:
    """The patient's id that DICOM slices carry; empty where the image says none."""
    first = next(iter(sorted(image.iterdir())), image) if image.is_dir() else image
    try:
        import pydicom

        head: Any = cast("Any", pydicom).dcmread(first, stop_before_pixels=True, specific_tags=["PatientID"])
    except Exception:  # no DICOM, or one that the planning program will tell about
        return ""
    return str(head.get("PatientID", "")).strip()


def _asked(conn: Connection, job: Job, image_folder: Path | None, work: Path, *, planned: bool = False) -> list[str]:
    """The options of the plan itself (not of one that is moved), and the record that is held against the image."""
    options = job.options
    told: list[str] = []
    if not planned:
        told += ["--side", options["side"], "--approach", options["approach"]]
        told += ["--resolution", f"{options['resolution']:g}", "--error", options["error"]]
        if options.get("count"):
            told += ["--count", str(int(options["count"]))]
    record = events.record_of(conn, job.patient)
    who = patients.get(conn, job.patient)
    values = [value for _, value in who.identifiers]
    in_image = _patient_of(images.place(image_folder, job.patient, str(options["image"])))
    named = in_image if in_image in values else next(iter(values), job.patient)
    own = [event.model_copy(update={"patient": named}) for event in record.events]
    file = work / "record.yaml"
    write_events(replace(record, patient=named, events=tuple(own)), file)
    return [*told, "--record", str(file)]


def unpacked(conn: Connection, patient_id: str, plan: PlanEntry, work: Path) -> Path:
    """The plan's files as `nutation plan --out` left them, and the place of its plan.json."""
    folder = work / plan.id
    for name, sha in plan.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(documents.get(conn, patient_id, sha).content)
    return folder / "plan.json"
