"""The clinic's program as it is run, `nutation serve` as a process: started, killed, started again; and its staff.

For tests and benchmarks of the whole program. Accounts are made directly in the database and sign in by the form.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from nutation.store import Store, people
from nutation.web import identity

PASSWORD = "lorry puddle sonnet vetch"
ARGON2_MIB = 19

_READY_SECONDS = 60
_GONE_SECONDS = 20


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


@dataclass(slots=True)
class Program:
    """`nutation serve` on one database and one port, through as many lives as it is given."""

    url: str
    folder: Path
    workers: int = 1
    port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    _process: subprocess.Popen[bytes] | None = None
    _groups: list[int] = field(default_factory=list[int])

    @property
    def origin(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it writes, of all its lives."""
        return self.folder / "serve.log"

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log where it does not."""
        environment = {
            **os.environ, "NUTATION_DATABASE": self.url, "NUTATION_SECRET_KEY": "k" * 32, "LC_ALL": "C.UTF-8",
            "NUTATION_SECOND_FACTOR": "optional", "NUTATION_ARGON2_MIB": str(ARGON2_MIB),
            "NUTATION_TRIES_PER_ADDRESS": "100000", "PYTHONUNBUFFERED": "1", **self.settings,
        }  # fmt: skip
        command = [sys.executable, "-m", "nutation", "serve", "--port", str(self.port), "--workers", str(self.workers)]
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        self._groups.append(self._process.pid)
        until = time.monotonic() + _READY_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"It ended by itself:\n{self.end_of_log()}")
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.origin}/sign-in", timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"It does not answer:\n{self.end_of_log()}")

    def kill(self, *, everything: bool) -> None:
        """SIGKILL: to the started process alone, or to all of its processes at once, as a container ends."""
        assert self._process is not None
        if everything:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it as Ctrl+C does, and whatever is left of its earlier lives."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill(everything=True)
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def left_behind(self) -> int:
        """How many of its lives before this one still have a process, once they had time to notice."""
        dead = self._groups if self._process is None or self._process.poll() is not None else self._groups[:-1]
        until = time.monotonic() + _GONE_SECONDS
        while time.monotonic() < until and any(map(_lives, dead)):
            time.sleep(0.1)
        return sum(map(_lives, dead))

    def failures(self, most: int = 5) -> list[str]:
        """What its log says of errors that were not foreseen, each once, without the request's number."""
        told = self.log.read_text("utf-8", "replace").splitlines()
        found = (line.partition(" ERROR ")[2] for line in told if " ERROR " in line)
        return list(dict.fromkeys(re.sub(r"^[0-9a-f]{32} ", "", line) for line in found))[:most]

    def end_of_log(self, lines: int = 15) -> str:
        """The last lines that it wrote."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def add_staff(store: Store, roles: Iterable[Iterable[str]]) -> list[str]:
    """People who may sign in with ``PASSWORD``, one for each set of roles; their names."""
    hashed = identity.hash_password(PASSWORD, argon2_mib=ARGON2_MIB)
    names: list[str] = []
    with store.write() as conn:
        for number, held in enumerate(roles, 1):
            name = f"staff{number}"
            made = people.add(
                conn, name=name, shown=f"Staff Member {number}", title="", roles=held, at=datetime.now(UTC)
            )
            people.set_password(conn, made, hashed)
            names.append(name)
    return names


def sign_in(client: httpx.Client, name: str) -> None:
    """Sign in by the form. Raises RuntimeError where that does not work."""
    page = client.get("/sign-in")
    told = {**hidden(page.text, "csrf"), "name": name, "password": PASSWORD}
    answer = client.post("/sign-in", data=told)
    if answer.status_code != 303:
        raise RuntimeError(f"{name} could not sign in: {answer.status_code}")


def hidden(page: str, *names: str) -> dict[str, str]:
    """The hidden fields of these names, as far as the page has them."""
    found = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in names}
    return {name: match[1] for name, match in found.items() if match is not None}


@contextlib.contextmanager
def running(program: Program) -> Iterator[Program]:
    """Start the program; stop it at the end."""
    try:
        program.start()
        yield program
    finally:
        program.stop()
