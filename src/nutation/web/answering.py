"""Answers are made beside the pages: a process of its own takes whoever is due, answers, and keeps the rows.

A page never waits for an answer and never makes one: it shows the stored one, and that a newer is being made.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from nutation.case import build_case, document, versions_of
from nutation.store import Store, answers, audit, events, ledger, patients, worklist
from nutation.store import sessions as rows_of_sessions
from nutation.store.answers import Due
from nutation.web.middleware import configure_log
from nutation.web.planning.jobs import run_waiting
from nutation.web.stages import rows_of, stage_settings

LOG = logging.getLogger("nutation.web")

_IDLE_SECONDS = 0.2
"""How long the worker sleeps where nobody is due: the longest that a new answer is late for it."""
_PLANS_IDLE_SECONDS = 1.0
_NICE = 19
"""How far answers and plans step back from the pages, where both want the same processor."""
_FORGET_AFTER = timedelta(days=30)
"""Sessions and tries to sign in that are older than this tell nobody anything any more."""


def local_day(now: datetime) -> date:
    """The clinic's calendar day, by the server's own time zone: what answers are asked *as of*."""
    return now.astimezone().date()


def answer_one(store: Store, due: Due, now: datetime) -> None:
    """Make the answer and the worklist rows of one patient who is due, and settle that."""
    as_of = local_day(now)
    with store.read() as conn:
        told = patients.get(conn, due.patient)
        gone = told.erased_at is not None or told.merged_into is not None
        head = events.events_head(conn, due.patient)
        known = answers.stored(conn, due.patient, _key(head, as_of))
        record = events.record_of(conn, due.patient) if known is None and not gone else None
    made = document(build_case(record, as_of=as_of)) if record is not None else None
    with store.write() as conn:
        if made is not None:
            answers.keep(
                conn, due.patient, events_head=head, as_of=as_of, versions=made["versions"], document=made,
                made_at=now,
            )  # fmt: skip
        answers.settle(conn, due)
        kept = None if gone else answers.latest(conn, due.patient)
        entries = ledger.entries(conn, due.patient)
        settings = stage_settings(conn)
        worklist.put(conn, due.patient, rows_of(told, kept, entries, as_of, settings) if kept is not None else ())


def _key(head: str, as_of: date) -> dict[str, str]:
    """What names the answer that is wanted: of this head, of today, by the versions in use."""
    sha = answers.versions_sha256(versions_of(as_of))
    return {"events_head": head, "as_of": as_of.isoformat(), "versions_sha256": sha}


def answer_all(
    store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC), go_on: Callable[[], bool] = lambda: True
) -> int:
    """Answer whoever is due until nobody is, and return how many were; one that fails is noted and left.

    ``go_on`` is asked before each: under load somebody is always due.
    """
    done = 0
    while go_on():
        with store.write() as conn:
            due = answers.take_due(conn, clock())
        if due is None:
            return done
        try:
            answer_one(store, due, clock())
            done += 1
        except Exception as error:
            # What an error says can hold what is in the record: the log gets its kind alone.
            LOG.error("an answer could not be made: %s", type(error).__qualname__)
            with store.write() as conn:
                answers.failed(conn, due, f"{type(error).__qualname__}: {error}"[:500])
    return done


def turn_of_day(store: Store, now: datetime) -> int:
    """What a new day asks for: everyone whose windows may have turned is due, heads are rolled, old sessions go."""
    as_of = local_day(now)
    with store.write() as conn:
        rows_of_sessions.forget_before(conn, now - _FORGET_AFTER)
        audit.roll(conn, now)
        return answers.make_all_due(conn, as_of, versions_of(as_of), now)


def run(url: str, parent: int, image_folder: Path | None) -> None:
    """The worker's loop, until the server that started it is gone; plans are made beside it, since they take longer."""
    configure_log()
    if hasattr(os, "nice"):
        os.nice(_NICE)
    store = Store.open(url)
    threading.Thread(target=_plans, args=(store, image_folder), daemon=True, name="plans").start()
    day: date | None = None

    def go_on() -> bool:
        return os.getppid() == parent and local_day(datetime.now(UTC)) == day

    while os.getppid() == parent:
        now = datetime.now(UTC)
        try:
            if local_day(now) != day:
                turn_of_day(store, now)
                day = local_day(now)
            if answer_all(store, go_on=go_on) == 0:
                time.sleep(_IDLE_SECONDS)
        except Exception as error:
            # The database may be away for a while; what is due stays due.
            LOG.error("answering waits: %s", type(error).__qualname__)
            time.sleep(5)
    store.close()


def _plans(store: Store, image_folder: Path | None) -> None:
    while True:
        try:
            run_waiting(store, image_folder)
        except Exception as error:
            LOG.error("planning waits: %s", type(error).__qualname__)
        time.sleep(_PLANS_IDLE_SECONDS)


class Answering:
    """The worker's process, started again if it dies."""

    def __init__(self, url: str, image_folder: Path | None = None) -> None:
        self._url, self._image_folder = url, image_folder
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_running, name="answering", daemon=True)

    def start(self) -> None:
        """Start the process, and the thread that watches it."""
        self._watch.start()

    def stop(self) -> None:
        """Stop the process; what is due stays due."""
        self._stopping.set()
        self._watch.join(timeout=10)

    def _keep_running(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        while not self._stopping.is_set():
            process = spawn.Process(
                target=run, args=(self._url, os.getpid(), self._image_folder), daemon=True, name="nutation-answering"
            )
            process.start()
            while process.is_alive() and not self._stopping.wait(0.5):
                pass
            if process.is_alive():
                process.terminate()
                process.join(timeout=5)
            else:
                self._stopping.wait(1)
