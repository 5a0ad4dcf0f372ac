"""Reports that an answer was wrong or harmful: each keeps the whole case, and a reviewer says what came of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from nutation.store import Draft, across, answers, chain, ledger, patients
from nutation.store.answers import Answer
from nutation.store.ledger import Entry
from nutation.web.without_names import HIDDEN, document_without_names, stand_in

Plain = dict[str, Any]

KIND = "snapshot"
OPEN, REVIEWED = "open", "reviewed"
STATES: Mapping[str, str] = {OPEN: "Open", REVIEWED: "Reviewed"}
HARMS: Mapping[str, str] = {
    "none_yet": "No harm so far", "near_miss": "Near miss: it was noticed in time", "harm": "Somebody was harmed",
}  # fmt: skip
PARTS: Mapping[str, str] = {
    "gate": "The safety gate", "source": "Whether this joint is the source", "warranted": "Whether fusion is warranted",
    "next": "The next steps or the recommendation", "record": "What was read from a record or form",
    "submission": "A submission, readiness sheet or appeal", "plan": "The plan",
    "stability": "The comparison of constructs", "other": "Something else",
}  # fmt: skip
"""What of the answer was wrong."""
FORMAT = "nutation harm report 1"
_SHORTEST = 3
"""Shorter pieces of a name are not looked for in sentences, which are full of them."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report with the state that its last entry left it in."""

    id: str
    patient: str
    at: datetime
    by: str
    body: Plain
    reviews: tuple[tuple[str, datetime, str, str], ...]
    """Each review: by whom, when, the state it left, its words."""

    @property
    def state(self) -> str:
        """Open, or reviewed."""
        return self.reviews[-1][2] if self.reviews else OPEN


def snapshot(conn: Connection, patient: str, answer: Answer | None, events_head: str) -> Plain:
    """What names the whole case as it was: the answer to the byte, the head of everything, of the events alone.

    The answer is kept for good from now on; entries are never changed, so that their head names them all.
    """
    told: Plain = {"events_head": events_head, "head": ledger.head(conn, patient), "answer": None}
    if answer is not None:
        answers.cite(conn, answer)
        told |= {
            "answer": answer.key, "document_sha256": hashlib.sha256(chain.canonical(answer.document)).hexdigest(),
            "versions": answer.versions, "answered_at": answer.made_at.isoformat(),
        }  # fmt: skip
    return told


def every(conn: Connection) -> list[Report]:
    """All reports, the open ones first, then the latest first; those of erased patients are erased too."""
    groups: dict[str, list[Entry]] = {}
    for entry in across.entries(conn, KIND):
        if entry.body is not None:
            groups.setdefault(str(entry.body.get("id") or entry.hash), []).append(entry)
    found = [_report(name, several) for name, several in groups.items()]
    return sorted(found, key=lambda one: (one.state == OPEN, one.at), reverse=True)


def get(conn: Connection, name: str) -> Report | None:
    """The report of that id."""
    return next((one for one in every(conn) if one.id == name), None)


def review(conn: Connection, report: Report, state: str, told: str, *, by: str, at: datetime) -> None:
    """Note what came of a report, as an entry of its own."""
    body = {"id": report.id, "state": state, "words": told}
    ledger.append(conn, report.patient, [Draft(KIND, body)], by=by, at=at)


def exported(conn: Connection, report: Report, names: Mapping[str, str]) -> Plain:
    """The report with the whole answer, without the patient's name and numbers, as plain data for a file.

    What the reporter and the reviewers wrote stands as they wrote it, without what is known of the patient.
    """
    known = patients.get(conn, report.patient)
    hidden = [known.label, *(value for _, value in known.identifiers)]
    answer = answers.stored(conn, report.patient, report.body["answer"]) if report.body.get("answer") else None
    document = answer.document if answer is not None else None
    told = {
        "what": report.body.get("what", ""), "noticed": report.body.get("noticed", ""),
        "reviews": [
            {"by": names.get(by, by), "at": at.isoformat(), "state": state, "words": text}
            for by, at, state, text in report.reviews
        ],
    }  # fmt: skip
    kept = {name: value for name, value in report.body.items() if name not in (*told, "id", "state")}
    return {
        "format": FORMAT, "report": report.id, "patient": stand_in(report.patient), "state": report.state,
        "reported_at": report.at.isoformat(), "reported_by": names.get(report.by, report.by), **kept,
        **_without(told, [*hidden, *known.label.split()]), "entries_at_that_time": _numbers(conn, report),
        "answer_document": document_without_names(document, report.patient, hidden) if document else None,
    }  # fmt: skip


def _report(name: str, several: Sequence[Entry]) -> Report:
    first = several[0]
    reviews = [
        (one.by, one.at, str((one.body or {}).get("state") or OPEN), str((one.body or {}).get("words") or ""))
        for one in several[1:]
    ]
    return Report(name, first.patient, first.at, first.by, first.body or {}, tuple(reviews))


def _without(told: Plain, hidden: Sequence[str]) -> Plain:
    """The plain data with each of the hidden texts replaced, wherever it stands."""
    told_of = {json.dumps(one, ensure_ascii=False)[1:-1] for one in hidden if len(one) >= _SHORTEST}
    if not told_of:
        return told
    listed = "|".join(re.escape(one) for one in sorted(told_of, key=len, reverse=True))
    text = json.dumps(told, ensure_ascii=False)
    return json.loads(re.sub(rf"(?<!\w)(?:{listed})(?!\w)", HIDDEN, text, flags=re.IGNORECASE))


def _numbers(conn: Connection, report: Report) -> list[Plain]:
    """The entries up to the report by kind, time and hash: what an auditor needs to find each of them."""
    found: list[Plain] = []
    for one in ledger.entries(conn, report.patient):
        found.append({"seq": one.seq, "kind": one.kind, "at": one.at.isoformat(), "hash": one.hash})
        if one.hash == report.body.get("head"):
            break
    return found
