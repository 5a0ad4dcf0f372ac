"""What one person does at the clinic's pages, for Locust; `clinic_load.py` starts it.

Told by the environment: ``LOAD_NAMES`` (who signs in), ``LOAD_PATIENTS`` (file of patients' ids), ``LOAD_OUT`` (file
for every request that was made: page, milliseconds, whether it was as it should be).
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from locust import FastHttpUser, between, events, task

PASSWORD = "lorry puddle sonnet vetch"
THINK_S = (2, 8)
NAMES = cycle(os.environ["LOAD_NAMES"].split())
PATIENTS: list[str] = json.loads(Path(os.environ["LOAD_PATIENTS"]).read_text("utf-8"))
SEARCHED = ("eklund", "brandt", "val", "d-01", "reyes", "ferrante", "orr", "made up", "solberg", "hal")
WORKLISTS = (
    "/worklist", "/worklist", "/worklist?stage=decision", "/worklist?gate=standing", "/worklist?page=7",
    "/worklist?waits=surgeon&sort=due", "/worklist?due=overdue",
)  # fmt: skip
TESTS = ("distraction", "compression", "thigh_thrust", "gaenslen", "sacral_thrust", "faber")
SIGNS = ("positive", "negative", "unfamiliar")

_MADE: list[tuple[float, str, float, bool, str]] = []


@events.request.add_listener
def _note(name: str, response_time: float, exception: Any, response: Any = None, **_: Any) -> None:
    status = str(getattr(response, "status_code", ""))
    _MADE.append((time.time(), name, response_time, exception is None, f"{status} {exception or ''}".strip()))


@events.quitting.add_listener
def _write(**_: Any) -> None:
    Path(os.environ["LOAD_OUT"]).write_text(json.dumps(_MADE), "utf-8")


def hidden(page: str, *names: str) -> dict[str, str]:
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in names}
    return {name: match[1] for name, match in found.items() if match is not None}


def _day() -> str:
    return (datetime.now(UTC).date() - timedelta(days=random.randrange(1, 400))).isoformat()


def _score() -> dict[str, str]:
    return {"day": _day(), "score.0.instrument": "odi", "score.0.value": str(random.randrange(101))}


def _history() -> dict[str, str]:
    return {
        "day": _day(), "side": "left", "map.left.si_region": "yes",
        "map.left.si_region.nrs": str(random.randrange(11)), "pattern.0.worse_sitting": "yes",
    }  # fmt: skip


def _examination() -> dict[str, str]:
    told = {f"examination.{side}.{test}": random.choice(SIGNS) for side in ("left", "right") for test in TESTS}
    return {"day": _day(), "examination.once.neurology": "normal", **told}


FILLED = {"score": _score, "history": _history, "examination": _examination}


class Clinician(FastHttpUser):
    """Reads and writes, and thinks between two pages."""

    wait_time = between(*THINK_S)
    network_timeout = connection_timeout = 30.0

    def on_start(self) -> None:
        page = self.client.get("/sign-in", name="sign-in page").text or ""
        told = {**hidden(page, "csrf"), "name": next(NAMES), "password": PASSWORD}
        self._post("/sign-in", "sign in", told)

    @task(25)
    def worklist(self) -> None:
        self._page(random.choice(WORKLISTS), "worklist")

    @task(15)
    def search(self) -> None:
        self._page(f"/worklist?text={random.choice(SEARCHED)}", "worklist, search")

    @task(25)
    def patient(self) -> None:
        self._page(f"/patients/{random.choice(PATIENTS)}", "patient's page")

    @task(5)
    def joint(self) -> None:
        """From the patient's page on to one of its joints."""
        patient = random.choice(PATIENTS)
        page = self._page(f"/patients/{patient}", "patient's page")
        if (joint := re.search(rf"/patients/{patient}/joints/\w+", page)) is not None:
            time.sleep(random.uniform(*THINK_S))
            self._page(joint[0], "one joint in full")

    @task(12)
    def documents(self) -> None:
        self._page(f"/patients/{random.choice(PATIENTS)}/documents", "documents")

    @task(18)
    def form(self) -> None:
        """Open, fill in while thinking, save, and look at the patient's page that follows."""
        patient, form = random.choice(PATIENTS), random.choice(tuple(FILLED))
        address = f"/patients/{patient}/forms/{form}"
        page = self._page(address, "form, opened")
        fields = hidden(page, "csrf", "token", "head")
        if len(fields) == 3:
            time.sleep(random.uniform(*THINK_S))
            place = self._post(address, "form, saved", {**fields, **FILLED[form](), "do": "save"}, conflict=True)
            if place.startswith("/patients/"):
                self._page(place, "patient's page")

    def _page(self, address: str, name: str) -> str:
        with self.client.get(address, name=name, allow_redirects=False, catch_response=True) as answer:
            text = answer.text or ""
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
            elif "</html>" not in text:
                answer.failure("not the whole page")
            else:
                answer.success()
            return text

    def _post(self, address: str, name: str, told: dict[str, str], *, conflict: bool = False) -> str:
        """Send a form; where it led. That somebody else wrote meanwhile (409) is an answer, not an error."""
        with self.client.post(address, data=told, name=name, allow_redirects=False, catch_response=True) as answer:
            if answer.status_code == 303 or (conflict and answer.status_code == 409):
                answer.success()
            else:
                answer.failure(f"status {answer.status_code}")
            return (answer.headers or {}).get("location", "") or ""
