"""Plans kept open for moves: one process a plan, spoken to by lines of JSON, ended when nobody has asked for a while.

A move is judged within a tenth of a second once the pelvis is built, and building takes ten. The process is
`nutation plan bench`; it holds about half a gigabyte, so that only a few are open at a time.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

State = Literal["opening", "ready", "failed", "closed"]

_OPEN_AT_ONCE = 3
_IDLE_SECONDS = 15 * 60
_ANSWER_SECONDS = 30
_OPENING_SECONDS = 5 * 60


class Bench:
    """One plan kept open."""

    def __init__(self, command_in: Callable[[Path], list[str]]) -> None:
        self.work = Path(tempfile.mkdtemp(prefix="nutation-bench-"))
        self.state: State = "opening"
        self.message = ""
        self.has_ct = False
        self.asked_at = time.monotonic()
        self._lines: queue.Queue[str] = queue.Queue()
        self._asking = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        threading.Thread(target=self._open, args=(command_in,), daemon=True, name="plan bench").start()

    def _open(self, command_in: Callable[[Path], list[str]]) -> None:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program; places were checked
                command_in(self.work), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        except Exception as error:
            self.message, self.state = str(error), "failed"
            return
        self._process = process
        threading.Thread(target=self._read, args=(process,), daemon=True).start()
        try:
            first = json.loads(self._lines.get(timeout=_OPENING_SECONDS))
            self.has_ct, self.state = bool(first["ct"]), "ready"
        except (queue.Empty, ValueError, KeyError):
            process.kill()
            said = process.stderr.read().strip() if process.stderr is not None else ""
            if self.state != "closed":
                self.message = said.removeprefix("nutation: ") or "The plan could not be opened."
                self.state = "failed"

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.put(line)
        self._lines.put("")  # the process has ended

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one question, or ``{"error": …}``."""
        if self.state != "ready" or self._process is None or self._process.stdin is None:
            return {"error": self.message or "The plan is not open."}
        with self._asking:
            self.asked_at = time.monotonic()
            try:
                self._process.stdin.write(json.dumps(dict(question)) + "\n")
                self._process.stdin.flush()
                return json.loads(self._lines.get(timeout=_ANSWER_SECONDS))
            except (OSError, ValueError, queue.Empty):
                self.close("The program that kept the plan open has ended: open it again.")
                return {"error": self.message}

    def close(self, message: str = "The plan is not open any more: open it again.") -> None:
        """End the process and forget its files."""
        self.state, self.message = "closed", message
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.work, ignore_errors=True)


class Benches:
    """The plans that are open, by patient and plan."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Bench] = {}
        self._lock = threading.Lock()

    def get(self, patient: str, plan: str) -> Bench | None:
        """The bench of a plan, if it was opened and not closed since."""
        with self._lock:
            self._tidy()
            return self._open.get((patient, plan))

    def open(self, patient: str, plan: str, command_in: Callable[[Path], list[str]]) -> Bench:
        """The bench of a plan, being opened if it was not; the one that waited longest makes room."""
        with self._lock:
            self._tidy()
            found = self._open.get((patient, plan))
            if found is not None and found.state in ("opening", "ready"):
                return found
            while len(self._open) >= _OPEN_AT_ONCE:
                oldest = min(self._open, key=lambda key: self._open[key].asked_at)
                self._open.pop(oldest).close()
            made = self._open[patient, plan] = Bench(command_in)
            return made

    def _tidy(self) -> None:
        now = time.monotonic()
        for key, bench in list(self._open.items()):
            if now - bench.asked_at > _IDLE_SECONDS:
                self._open.pop(key).close()

    def close(self) -> None:
        """End every process."""
        with self._lock:
            for bench in self._open.values():
                bench.close()
            self._open.clear()
