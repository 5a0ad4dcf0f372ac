"""The clinic's real program for journeys: `nutation serve` in a process of its own, accounts, and a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from nutation.store import Store, people
from nutation.web import identity

PASSWORD = "a long enough password"
STAFF = (
    ("halvorsen", "Dr R. Halvorsen", "orthopaedic surgeon", ("surgeon",)),
    ("okafor", "C. Okafor", "coordinator", ("coordinator",)),
    ("dube", "K. Dube", "physiotherapist", ("therapist",)),
    ("admin", "A. Administrator", "", ("administrator",)),
)


@dataclass(frozen=True)
class Server:
    """A running clinic: where browsers reach it, its database, and its process."""

    address: str
    url: str
    process: subprocess.Popen[str]
    log: Path


def add_staff(url: str) -> None:
    store = Store.open(url)
    hashed = identity.hash_password(PASSWORD, argon2_mib=19)
    with store.write() as conn:
        for name, shown, title, roles in STAFF:
            person = people.add(conn, name=name, shown=shown, title=title, roles=roles, at=datetime.now(UTC))
            people.set_password(conn, person, hashed)
    store.close()


@contextmanager
def served(url: str, folder: Path, **settings: str) -> Generator[Server]:
    """The program on a free port; ended when the test is."""
    log = folder / "server.log"
    told = {
        "NUTATION_DATABASE": url, "NUTATION_SECRET_KEY": "0" * 64, "NUTATION_SECOND_FACTOR": "optional",
        "NUTATION_ARGON2_MIB": "19", **settings,
    }  # fmt: skip
    command = [sys.executable, "-m", "nutation", "serve", "--port", "0"]
    with log.open("w") as err:
        process = subprocess.Popen(
            command, env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=err, text=True, cwd=folder
        )
    try:
        yield Server(_address(process, log), url, process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        if line.startswith("Nutation is at "):
            return line.removeprefix("Nutation is at ").split()[0].rstrip(".")
        if not line and process.poll() is not None:
            break
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def today() -> date:
    return datetime.now().astimezone().date()
