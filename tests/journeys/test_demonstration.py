"""The README's first command as its reader runs it: every stage of the pathway has a patient, and links let one in."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from nutation.web.stages import STAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(290)]

_OPEN_S, _PLANNED_S = 60, 220


@contextmanager
def demonstration(folder: Path) -> Generator[str]:
    """`nutation demo` on a free port; gives the surgeon's link."""
    command = [sys.executable, "-m", "nutation", "demo", "--no-browser", "--port", "0", "--folder", str(folder)]
    with (folder.parent / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        until = time.monotonic() + _OPEN_S
        while time.monotonic() < until:
            found = re.search(r"surgeon \(halvorsen@\)\s+(http\S+)", process.stdout.readline())
            if found is not None:
                yield found[1]
                return
        raise AssertionError((folder.parent / "log").read_text())
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_every_stage_has_a_patient_and_the_near_operation_its_plan(tmp_path: Path) -> None:
    with demonstration(tmp_path / "clinic") as link, httpx.Client(follow_redirects=True) as client:
        page = client.get(link)
        assert page.status_code == 200
        assert "Worklist" in page.text
        origin = str(httpx.URL(link).join("/"))
        stages = set(STAGES) - {"closed", "operation"}
        assert {one for one in stages if not _of(client, origin, one)} == set()
        until = time.monotonic() + _PLANNED_S
        while not (near := _of(client, origin, "operation")) and time.monotonic() < until:
            time.sleep(2)
        (patient,) = near
        plans = client.get(f"{origin}patients/{patient}/plans").text
        assert "Dr R. Halvorsen" in plans


def _of(client: httpx.Client, origin: str, stage: str) -> set[str]:
    """Patients whose joint stands at the stage."""
    page = client.get(f"{origin}worklist", params={"stage": stage})
    assert page.status_code == 200
    rows = page.text.partition("<tbody")[2].partition("</tbody>")[0]
    return set(re.findall(r"/patients/([0-9a-f]{32})", rows))
