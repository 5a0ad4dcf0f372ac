"""What the clinic holds of a patient, at a glance: for two records side by side, and before a content is erased."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from nutation.record.checks import check
from nutation.record.kinds import Person
from nutation.record.standing import standing
from nutation.report import words
from nutation.store import events, ledger, patients
from nutation.store.ledger import Entry
from nutation.store.patients import Patient
from nutation.web.importing import born_of, days_of, kinds_of

_COUNTED = {
    "document": "document", "request": "request", "submission": "submission", "plan": "plan",
    "judgement": "judgement", "conference": "conference", "override": "override", "snapshot": "report",
}  # fmt: skip
"""Kinds of entry that are counted, by what one of them is called."""
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Holding:
    """One patient's record in short; ``merged`` are those found to be the same person, with their names."""

    patient: Patient
    born: date | None
    sexes: tuple[str, ...]
    kinds: tuple[tuple[str, int], ...]
    days: tuple[date | None, date | None]
    counted: tuple[tuple[str, int], ...]
    requests: tuple[str, ...]
    merged: tuple[Patient, ...]
    identifiers: tuple[tuple[str, str], ...]


def holding(conn: Connection, patient: Patient) -> Holding:
    """What is held of the patient and of those merged into them."""
    merged = tuple(patients.get(conn, one) for one in patients.merged_in(conn, patient.id))
    entries = [entry for one in (patient, *merged) for entry in ledger.entries(conn, one.id)]
    told = events.record_of(conn, patient.id).events
    sexes = {event.sex for event in standing(told) if isinstance(event, Person) and event.sex}
    return Holding(
        patient, patient.born or born_of(told), tuple(sorted(sexes)), tuple(kinds_of(told)), days_of(told),
        _counted(entries), _requests(entries), merged,
        tuple(dict.fromkeys(number for one in (patient, *merged) for number in one.identifiers)),
    )  # fmt: skip


def differences(one: Holding, other: Holding) -> list[str]:
    """What speaks against both being one person, in words."""
    found: list[str] = []
    if one.born is not None and other.born is not None and one.born != other.born:
        found.append("The days of birth differ.")
    if one.sexes and other.sexes and one.sexes != other.sexes:
        found.append("The recorded sexes differ.")
    if patients.name_key(one.patient.label) != patients.name_key(other.patient.label):
        found.append("The names differ.")
    shared = {system for system, _ in one.identifiers} & {system for system, _ in other.identifiers}
    found += [f"Both have a number of the kind {system}, and they are not the same." for system in sorted(shared)]
    return found


def faults_together(conn: Connection, one: str, other: str) -> list[str]:
    """What of both records cannot be true of one person; what one of them says already is not told again."""
    told = [events.record_of(conn, patient).events for patient in (one, other)]
    before = {fault.problem for each in told for fault in check(each)[0]}
    both = [event.model_copy(update={"patient": one}) for each in told for event in each]
    return [fault.text() for fault in check(both)[0] if fault.problem not in before][:_MOST_FAULTS]


def _counted(entries: list[Entry]) -> tuple[tuple[str, int], ...]:
    """How many documents, plans and the like there are; several entries of one id are one."""
    seen = {(entry.kind, str((entry.body or {}).get("id", entry.hash))) for entry in entries if entry.kind in _COUNTED}
    number = Counter(kind for kind, _ in seen)
    return tuple((words.count(number[kind], word), number[kind]) for kind, word in _COUNTED.items() if number[kind])


def _requests(entries: list[Entry]) -> tuple[str, ...]:
    """Each request with the state that it is in."""
    last = {str(entry.body.get("id")): entry.body for entry in entries if entry.kind == "request" and entry.body}
    return tuple(
        f"{words.said(body.get('policy') or 'a payer')}: {words.said(body.get('state') or '')}"
        for body in last.values()
    )
