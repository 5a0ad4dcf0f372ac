"""A plan that was asked for on a page is made by the command line's own program, and kept as the patient's entry.

The program runs as a process of its own: it may take gigabytes and minutes, and can be stopped without the pages.
What it writes with ``--out`` is kept in the database file by file; what it says on standard error is the reason that
the page shows.
"""

from __future__ import annotations

import json
import logging
import mimetypes
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.store import Draft, Store, documents, ledger, plan_jobs
from nutation.store.plan_jobs import Job
from nutation.web.planning.commands import command_of
from nutation.web.planning.entries import plan_of

LOG = logging.getLogger("nutation.web")

_LEFT_OUT = ("overlay_bones.nii.gz", "overlay_implants.nii.gz")
"""Written on the image's own grid, which is not part of the database."""
_SECONDS = 15 * 60
_WORDS = 1200
"""So many characters of a reason are shown; longer ones are lists of a file's faults."""


def run_waiting(store: Store, image_folder: Path | None) -> int:
    """Run the jobs that wait, one after the other, and return how many were."""
    done = 0
    while True:
        with store.write() as conn:
            job = plan_jobs.take(conn, datetime.now(UTC))
        if job is None:
            return done
        done += 1
        try:
            _run(store, job, image_folder)
        except InputError as error:
            _fail(store, job, str(error))
        except subprocess.TimeoutExpired:
            _fail(store, job, f"It took longer than {_SECONDS // 60} minutes and was stopped.")
        except Exception as error:
            # What it says can hold what is in the record: the log gets its kind alone.
            LOG.error("a plan could not be made: %s", type(error).__qualname__)
            _fail(store, job, "Something went wrong in the program; the server's log tells where.")


def _fail(store: Store, job: Job, message: str) -> None:
    with store.write() as conn:
        plan_jobs.finish(conn, job.id, "failed", message[:_WORDS])


def _run(store: Store, job: Job, image_folder: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="nutation-plan-") as made:
        work = Path(made)
        out = work / "out"
        with store.read() as conn:
            command = command_of(conn, job, image_folder, work)
        document = _called([*command, "--json", "--quiet", "--out", str(out)])
        files = {
            file.relative_to(out).as_posix(): file.read_bytes()
            for file in sorted(out.rglob("*")) if file.is_file() and file.name not in _LEFT_OUT
        }  # fmt: skip
    with store.write() as conn:
        ledger.lock(conn, job.patient)
        kept = {
            name: documents.put(conn, job.patient, content, mimetypes.guess_type(name)[0] or "application/octet-stream")
            for name, content in files.items()
        }
        kind, body = _body(conn, job, document, kept)
        ledger.append(conn, job.patient, [Draft(kind, body)], by=job.by, at=datetime.now(UTC))
        plan_jobs.finish(conn, job.id, "made")


def _called(command: Sequence[str]) -> dict[str, Any]:
    """The JSON document that the program prints. Raises InputError with what it says where it does not answer."""
    done = subprocess.run(  # noqa: S603 - our own program; options are words and places that were checked
        command, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        said = done.stderr.strip().removeprefix("nutation: ")
        raise InputError(said or "The program ended without an answer.")
    return json.loads(done.stdout)


def _body(
    conn: Connection, job: Job, document: Mapping[str, Any], files: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    if job.kind == "compare":
        return "stability", {
            "id": job.id, "plan": job.options["plan"], "side": document.get("side", ""), "files": dict(files),
        }  # fmt: skip
    of, options, edit, stated = "", dict(job.options), {}, None
    if job.kind != "plan":
        before = plan_of(conn, job.patient, str(job.options["plan"]))
        options = before.options
        of, edit = before.id, {name: value for name, value in job.options.items() if name in _EDIT}
    if job.kind == "state":
        before = plan_of(conn, job.patient, str(job.options["plan"]))
        kept = json.loads(documents.get(conn, job.patient, before.files["plan.json"]).content)
        if kept["implants"] != document["implants"]:
            raise InputError(
                "The plan came out otherwise than the one that was looked at, so nothing was stated of it.",
                mend="plan anew with this version of Nutation, and look at that plan.",
            )
        of, edit = before.of, before.edit
        stated = {
            "plan": before.id, "side": job.options["side"], "levels": job.options["levels"], "by": job.options["by"],
            "on": str(document.get("as_of", "")),
        }  # fmt: skip
    sheet: Mapping[str, Any] = document.get("operation_sheet") or {}
    return "plan", {
        "id": job.id, "side": document["side"], "of": of, "options": options, "edit": edit,
        "verdict": document["verdict"], "reason": document.get("reason") or "", "approach": document["approach"],
        "orientation": document["orientation"], "stated": stated, "files": dict(files),
        "levels": sorted({str(one["level"]).upper() for one in document["implants"] if one.get("level")}),
        "sheet_missing": list(sheet.get("missing", [])),
    }  # fmt: skip


_EDIT = ("implant", "shift", "tilt", "length_mm")
