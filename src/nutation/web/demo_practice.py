"""The demonstration's practice pelvis, and the plan that is made on it for the patients whose operation is near."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nutation.store import Store, patients, people, plan_jobs
from nutation.store.plan_jobs import Kind
from nutation.web.demo_patients import PATIENTS
from nutation.web.planning.entries import PlanEntry, plans_of

_BONES, _SLICES = "practice-bones.nii.gz", "practice-ct"
_SECONDS = 15 * 60
"""So long is waited for a plan: as long as the program that makes it may take."""
_LOOKS_EVERY_S = 1.0


def practise(folder: Path, database: str) -> None:
    """Make the practice images, then a plan for each patient whose operation is near, its side and levels stated."""
    practice_images(folder)
    if not (folder / _BONES).exists():
        return
    store = Store.open(database)
    try:
        for number, told in enumerate(PATIENTS, 1):
            if told.planned:
                with store.read() as conn:
                    found = patients.with_identifier(conn, "demonstration", f"D-{number:04d}")
                    surgeon = next((one for one in people.everyone(conn) if "surgeon" in one.roles), None)
                if found is not None and surgeon is not None:
                    _plan(store, found, surgeon.id, surgeon.shown)
    finally:
        store.close()


def practice_images(folder: Path) -> None:
    """Put the practice pelvis into a folder of images: its slices, and its bones as a label map."""
    from importlib.util import find_spec

    if find_spec("SimpleITK") is None or (folder / _SLICES).exists():
        return  # without the extra for planning there is nothing to plan with either
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as made:
        command = [sys.executable, "-m", "nutation", "plan", "phantom", made, "--resolution", "2", "--quiet"]
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:  # noqa: S603 - our own words
            (Path(made) / "labels.nii.gz").replace(folder / _BONES)
            (Path(made) / "ct").replace(folder / _SLICES)


def _plan(store: Store, patient: str, surgeon: str, name: str) -> None:
    options = {
        "image": _BONES, "labels": "", "side": "left", "approach": "lateral", "resolution": 2.0, "count": 3,
        "error": "fluoroscopy",
    }  # fmt: skip
    made = _asked(store, patient, "plan", options, surgeon)
    if made is not None and made.levels:
        told = {"plan": made.id, "side": made.side, "levels": ",".join(made.levels), "by": name}
        _asked(store, patient, "state", told, surgeon)


def _asked(store: Store, patient: str, kind: Kind, options: Mapping[str, object], by: str) -> PlanEntry | None:
    """What the worker made of it; None where it failed, or where there is one already."""
    with store.write() as conn:
        wanted = kind == "state"
        if any((one.stated is not None) == wanted for one in plans_of(conn, patient)):
            return None
        job = plan_jobs.ask(conn, patient, kind, options, by=by, at=datetime.now(UTC))
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        time.sleep(_LOOKS_EVERY_S)
        with store.read() as conn:
            told, made = plan_jobs.get(conn, patient, job), _of(plans_of(conn, patient), job)
        if made is not None or told is None or told.state == "failed":
            return made
    return None


def _of(plans: Sequence[PlanEntry], job: str) -> PlanEntry | None:
    return next((one for one in plans if one.id == job), None)
