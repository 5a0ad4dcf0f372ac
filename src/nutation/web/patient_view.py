"""What a patient's page shows, gathered in one reading of the database. It reads rows; it answers nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from nutation.case.telling import told_events
from nutation.report import words
from nutation.store import answers, events, ledger, patients, people, worklist
from nutation.store.answers import Answer, Due
from nutation.store.ledger import Entry
from nutation.store.patients import Patient
from nutation.store.schema import answer as answer_table
from nutation.store.worklist import Row
from nutation.web import history_words, judged_first

Plain = dict[str, Any]

_NOT_CLEAN = re.compile(r"[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]|\\u|\\[bfnrt]")
"""Signs, in JSON text, of what ``words.cleaned`` takes out; most documents have none, and cleaning takes 20 ms."""

_ESCAPES = (rb"\u", rb"\b", rb"\f", rb"\n", rb"\r", rb"\t")

_HISTORY_MOST = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the history: who, when, what."""

    at: datetime
    by: str
    what: str
    kind: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored answer as a list names it."""

    events_head: str
    as_of: date
    versions_sha256: str
    made_at: datetime
    cited: bool

    @property
    def path(self) -> str:
        """The part of its address that names it."""
        return f"answers/{self.events_head}/{self.as_of.isoformat()}/{self.versions_sha256}"


@dataclass(frozen=True, slots=True)
class PatientView:
    """A patient as the page shows them. ``document`` is the latest stored answer, None before the first.

    ``fresh`` tells whether it rests on all that is recorded now; ``kept_back`` names the sides whose probability
    waits for a clinician's own judgement.
    """

    patient: Patient
    answer: Answer | None
    document: Plain | None
    events: tuple[Plain, ...]
    fresh: bool
    due: Due | None
    rows: tuple[Row, ...]
    entries: tuple[Entry, ...]
    history: tuple[Line, ...]
    stored: tuple[Stored, ...]
    kept_back: frozenset[str]


def patient_view(conn: Connection, patient_id: str) -> PatientView:
    """Everything that the page of a patient shows. Raises InputError where there is no such patient."""
    told = patients.get(conn, patient_id)
    answer = answers.latest(conn, patient_id)
    document = clean(answer.document) if answer is not None else None
    fresh = answer is not None and answer.events_head == events.events_head(conn, patient_id)
    entries = _entries(conn, patient_id)
    shown: Sequence[Plain]
    if fresh and document is not None:
        shown = document["events"]
    elif told.erased_at is not None:
        shown = ()
    else:
        shown = clean(told_events(events.record_of(conn, patient_id)))
    back: frozenset[str] = frozenset()
    if answer is not None and document is not None and judged_first.asked_for(conn):
        back = judged_first.kept_back(document, entries, answer.events_head)
    return PatientView(
        patient=told, answer=answer, document=document, events=tuple(shown), fresh=fresh,
        due=answers.waiting(conn, patient_id), rows=worklist.of_patient(conn, patient_id), entries=tuple(entries),
        history=_history(conn, entries), stored=stored_answers(conn, patient_id), kept_back=back,
    )  # fmt: skip


def stored_answers(conn: Connection, patient_id: str) -> tuple[Stored, ...]:
    """The patient's stored answers, the latest first, without their content."""
    t = answer_table.c
    asked = select(t.events_head, t.as_of, t.versions_sha256, t.made_at, t.cited).where(t.patient == patient_id)
    return tuple(Stored(**row) for row in conn.execute(asked.order_by(t.made_at.desc())).mappings())


def clean(told: Any) -> Any:
    """The document without control characters and marks that reorder text."""
    try:
        packed = orjson.dumps(told)
    except TypeError:  # half characters, which are no UTF-8
        return words.cleaned(told)
    text = packed.decode()
    if text.isprintable() and not any(escape in packed for escape in _ESCAPES):
        return told
    return words.cleaned(told) if _NOT_CLEAN.search(text) else told


def anchors(shown: Sequence[Plain]) -> dict[str, str]:
    """The anchor of each event by its id: the same on every page that tells of it."""
    return {event["id"]: f"e-{hashlib.sha256(event['id'].encode()).hexdigest()[:10]}" for event in shown}


def numbered_sources(document: Plain) -> dict[str, int]:
    """The number under which each source is cited, by its key."""
    return {key: number for number, key in enumerate(document["sources"], 1)}


def _entries(conn: Connection, patient_id: str) -> list[Entry]:
    """The patient's entries and those of whoever was merged into them, in the order of time."""
    found = ledger.entries(conn, patient_id)
    merged = [entry for one in patients.merged_in(conn, patient_id) for entry in ledger.entries(conn, one)]
    return sorted([*found, *merged], key=lambda entry: (entry.at, entry.seq)) if merged else found


def _history(conn: Connection, entries: Sequence[Entry]) -> tuple[Line, ...]:
    last = list(entries)[-_HISTORY_MOST:][::-1]
    names = people.shown_names(conn, {entry.by for entry in last})
    return tuple(
        Line(entry.at, names.get(entry.by, entry.by), words.cleaned(history_words.what(entry)), entry.kind)
        for entry in last
    )
