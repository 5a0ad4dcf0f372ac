"""Many people who fill in the clinic's forms by HTTP at once, and what has to be true of it afterwards.

A form counts as *acknowledged* once its redirect arrived. What was sent without an answer is sent again with the same
one-time token, as a person does with the browser's Back button: it may be kept once, and never twice.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from clinic_program import Program, hidden, sign_in
from nutation.store import Store, answers, audit, events, ledger

_TURNS_MOST = 12
"""How often one form is sent: another may write to the patient each time before it arrives."""
_AWAY_SECONDS = 60

_SIGNS = ("positive", "negative", "unfamiliar")
_TESTS = ("distraction", "compression", "thigh_thrust", "gaenslen", "sacral_thrust", "faber")


@dataclass(frozen=True, slots=True)
class Sent:
    """One form that was filled in and sent."""

    patient: str
    form: str
    token: str

    @property
    def resource(self) -> str:
        """The source that its events name."""
        return f"{self.form}/{self.token}"


@dataclass(slots=True)
class Promises:
    """What came of all that was sent; the writers share it."""

    acknowledged: list[Sent] = field(default_factory=list[Sent])
    unanswered: list[Sent] = field(default_factory=list[Sent])
    """Forms that never got through."""
    resent: int = 0
    """Forms whose first sending was cut off, so that they were sent again."""
    conflicts: int = 0
    failures: int = 0
    """Answers of the kind that says that something went wrong in the program."""
    refused: Counter[str] = field(default_factory=Counter[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, sent: Sent) -> None:
        with self._lock:
            self.acknowledged.append(sent)

    def leave(self, sent: Sent) -> None:
        with self._lock:
            self.unanswered.append(sent)

    def refuse(self, why: str) -> None:
        with self._lock:
            self.refused[why] += 1

    def count(self, *, resent: int = 0, conflicts: int = 0, failures: int = 0) -> None:
        with self._lock:
            self.resent += resent
            self.conflicts += conflicts
            self.failures += failures


@dataclass(slots=True)
class Writers:
    """Threads that fill in forms until they are told to stop."""

    origin: str
    names: Sequence[str]
    patients: Sequence[str]
    seed: int = 1
    think_s: float = 0.0
    promises: Promises = field(default_factory=Promises)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def start(self) -> None:
        """Sign everybody in and let them begin."""
        for number, name in enumerate(self.names):
            client = httpx.Client(base_url=self.origin, timeout=30)
            sign_in(client, name)
            writer = _Writer(client, self, random.Random(self.seed * 1000 + number))
            thread = threading.Thread(target=writer.run, name=name, daemon=True)
            self._threads.append(thread)
        for thread in self._threads:
            thread.start()

    def stop(self) -> Promises:
        """Let everybody finish the form in hand; what came of all."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=2 * _AWAY_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads)
        return self.promises

    def wait_for(self, more: int, seconds: float = 60) -> None:
        """Wait until so many more forms are acknowledged. Raises RuntimeError where that takes too long."""
        wanted, until = len(self.promises.acknowledged) + more, time.monotonic() + seconds
        while len(self.promises.acknowledged) < wanted:
            if time.monotonic() > until or self._stopping.is_set():
                raise RuntimeError(f"Only {len(self.promises.acknowledged)} of {wanted} forms: {self.promises.refused}")
            time.sleep(0.02)

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()


@dataclass(slots=True)
class _Writer:
    client: httpx.Client
    all: Writers
    chance: random.Random

    def run(self) -> None:
        while not self.all.stopping:
            try:
                self._one_form()
            except httpx.TransportError:
                time.sleep(0.05)  # the program is away: nothing was sent yet
            if self.all.think_s:
                time.sleep(self.chance.uniform(0.5, 1.5) * self.all.think_s)
        self.client.close()

    def _one_form(self) -> None:
        patient, form = self.chance.choice(self.all.patients), self.chance.choice(tuple(FILLED))
        address = f"/patients/{patient}/forms/{form}"
        page = self.client.get(address)
        if page.status_code >= 500:
            self.all.promises.count(failures=1)
            time.sleep(0.2)
            return
        fields = hidden(page.text, "csrf", "token", "head")
        if page.status_code != 200 or len(fields) != 3:
            self.all.promises.refuse(f"GET {form}: {page.status_code}")
            return
        self._send(Sent(patient, form, fields["token"]), address, {**fields, **FILLED[form](self.chance), "do": "save"})

    def _send(self, sent: Sent, address: str, typed: dict[str, str]) -> None:
        """Send until it is acknowledged or refused, over conflicts and over the program's death."""
        until, turns, sent_before = time.monotonic() + _AWAY_SECONDS, 0, False
        while turns < _TURNS_MOST and time.monotonic() < until:
            try:
                answer = self.client.post(address, data=typed)
            except httpx.TransportError:
                answer = None
            if answer is None or answer.status_code >= 500:
                # Nobody knows whether it was kept: it is sent again.
                self.all.promises.count(resent=not sent_before, failures=answer is not None)
                sent_before = True
                time.sleep(0.1)
                continue
            turns += 1
            if answer.status_code == 303 and answer.headers["location"].startswith("/patients/"):
                self.all.promises.acknowledge(sent)
                return
            if answer.status_code == 409:
                self.all.promises.count(conflicts=1)
                typed["head"] = hidden(answer.text, "head")["head"]
            else:
                self.all.promises.refuse(f"POST {sent.form}: {answer.status_code}")
                return
        self.all.promises.leave(sent)


def _day(chance: random.Random) -> str:
    return (datetime.now(UTC).date() - timedelta(days=chance.randrange(1, 700))).isoformat()


def _score(chance: random.Random) -> dict[str, str]:
    return {"day": _day(chance), "score.0.instrument": "odi", "score.0.value": str(chance.randrange(0, 101))}


def _history(chance: random.Random) -> dict[str, str]:
    return {
        "day": _day(chance), "side": "left", "map.left.si_region": "yes",
        "map.left.si_region.nrs": str(chance.randrange(0, 11)), "map.left.buttock": "yes",
        "pattern.0.worse_sitting": chance.choice(("yes", "no")), "function.0.work_limited": "yes",
    }  # fmt: skip


def _examination(chance: random.Random) -> dict[str, str]:
    told = {f"examination.{side}.{test}": chance.choice(_SIGNS) for side in ("left", "right") for test in _TESTS}
    return {"day": _day(chance), "examination.once.neurology": "normal", **told}


FILLED = {"score": _score, "history": _history, "examination": _examination}
"""The forms that are filled in, with what is typed."""


def killed_under_load(
    program: Program, writers: Writers, *, kills: int, forms: int, chance: random.Random, so_far: int = 0
) -> list[float]:
    """Kill the program so many times at random moments, each after ``forms`` more were kept, and start it again.

    Every other time its own process alone dies, else all of its processes at once. Returns the seconds that it was
    away each time.
    """
    away: list[float] = []
    for number in range(so_far, so_far + kills):
        writers.wait_for(forms)
        time.sleep(chance.uniform(0, 0.5))
        began = time.monotonic()
        program.kill(everything=number % 2 == 1)
        program.start()
        away.append(time.monotonic() - began)
    writers.wait_for(forms)
    return away


# ── afterwards ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database holds of all that was sent, and whether it verifies."""

    lost: tuple[Sent, ...]
    twice: tuple[str, ...]
    unanswered_kept: int
    faults: tuple[audit.Fault, ...]
    entries: int


def kept(store: Store, promises: Promises, patients: Iterable[str]) -> Kept:
    """Look for every form in the ledger: each is to be in exactly one entry, with every event in it once."""
    times: Counter[str] = Counter()
    twice: list[str] = []
    with store.write() as conn:
        audit.roll(conn, datetime.now(UTC))
    with store.read() as conn:
        for patient in patients:
            ids: Counter[str] = Counter()
            for entry in ledger.entries(conn, patient, ("events",)):
                told = (entry.body or {}).get("events", [])
                ids.update(event["id"] for event in told)
                times.update({event["source"]["resource"] for event in told})
            twice += [f"event {one}" for one, number in ids.items() if number > 1]
        verified = audit.verify(conn)
    sent = {one.resource for one in (*promises.acknowledged, *promises.unanswered)}
    twice += [resource for resource in sent if times[resource] > 1]
    lost = tuple(one for one in promises.acknowledged if times[one.resource] == 0)
    late = sum(times[one.resource] > 0 for one in promises.unanswered)
    return Kept(lost, tuple(twice), late, verified.faults, verified.entries)


def unanswered_patients(store: Store, patients: Iterable[str]) -> list[str]:
    """Patients whose latest answer does not rest on all that was entered."""
    with store.read() as conn:
        return [
            patient for patient in patients
            if (latest := answers.latest(conn, patient)) is None
            or latest.events_head != events.events_head(conn, patient)
        ]  # fmt: skip
