"""A patient's events in the ledger: appended with their checks, read back as the record that every room knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from nutation.record.checks import check
from nutation.record.errors import InputError
from nutation.record.faults import input_error
from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.record import Record, Unmapped
from nutation.store import ledger, patients
from nutation.store.ledger import Draft
from nutation.store.schema import patient


def plain(event: Event) -> dict[str, Any]:
    """The event as plain data; ``event_of`` gives it back unchanged."""
    told = event.model_dump(mode="json", exclude_defaults=True)
    return {"kind": event.kind} | {name: value for name, value in told.items() if name not in ("kind", "patient")}


def event_of(told: dict[str, Any], patient_id: str) -> Event:
    """The event that plain data tells of, as one of the patient."""
    return KINDS[told["kind"]].model_validate({**told, "patient": patient_id})


def record_of(conn: Connection, patient_id: str) -> Record:
    """Everything recorded of a patient and of those merged into them, in the order in which it was entered.

    What was known by an instant is asked of the record itself (``known_by``). Raises InputError where there is
    no such patient.
    """
    told = patients.get(conn, patient_id)
    found: list[tuple[datetime, int, dict[str, Any]]] = []
    for one in (patient_id, *patients.merged_in(conn, patient_id)):
        entries = ledger.entries(conn, one, ("events",))
        found += [(entry.at, entry.seq, entry.body) for entry in entries if entry.body is not None]
    found.sort(key=lambda part: part[:2])
    events = {event["id"]: event for _, _, body in found for event in body["events"]}
    unmapped = dict.fromkeys(Unmapped(**part) for _, _, body in found for part in body.get("unmapped", []))
    warnings = dict.fromkeys(text for _, _, body in found for text in body.get("warnings", []))
    return Record(
        patient=patient_id,
        events=tuple(event_of(event, patient_id) for event in events.values()),
        unmapped=tuple(unmapped),
        warnings=tuple(warnings),
        label=told.label,
    )


def append_events(
    conn: Connection,
    patient_id: str,
    events: Sequence[Event],
    *,
    by: str,
    at: datetime,
    expected_head: str | None = None,
    unmapped: Iterable[Unmapped] = (),
    warnings: Iterable[str] = (),
) -> str:
    """Append events as one entry and return the chain's head; those already there (same id) add nothing.

    Raises InputError with every fault where the events cannot be true beside what is recorded, and
    ``ledger.ConflictError`` where somebody else wrote since ``expected_head``; then nothing is kept.
    """
    ledger.lock(conn, patient_id, expected_head)
    known = record_of(conn, patient_id)
    before = {event.id: event for event in known.events}
    mine = [event.model_copy(update={"patient": patient_id}) for event in events]
    fresh: dict[str, Event] = {}
    for event in mine:
        earlier = before.get(event.id) or fresh.get(event.id)
        if earlier is None:
            fresh[event.id] = event
        elif earlier != event.model_copy(update={"recorded_at": earlier.recorded_at}):
            raise InputError(
                f"An event with the id {event.id} is recorded already and tells something else.",
                place=event.kind, mend="enter it as a correction of that event.",
            )  # fmt: skip
    _check(list(before.values()), list(fresh.values()))
    body: dict[str, Any] = {"events": [plain(event) for event in fresh.values()]}
    known_parts, known_warnings = set(known.unmapped), set(known.warnings)
    if parts := [asdict(part) for part in unmapped if part not in known_parts]:
        body["unmapped"] = parts
    if texts := [text for text in warnings if text not in known_warnings]:
        body["warnings"] = texts
    if not fresh and len(body) == 1:
        return ledger.head(conn, patient_id)
    return ledger.append(conn, patient_id, [Draft("events", body)], by=by, at=at, expected_head=expected_head)


def _check(before: list[Event], fresh: list[Event]) -> None:
    """Refuse what cannot be true; a fault that the record had before does not keep new events out."""
    had = {(fault.problem, fault.event) for fault in check(before)[0]}
    faults = [fault for fault in check([*before, *fresh])[0] if (fault.problem, fault.event) not in had]
    if faults:
        raise input_error("", faults)


def events_head(conn: Connection, patient_id: str) -> str:
    """What an answer about the patient rests on: the head of the events, of those merged in too."""
    ids = (patient_id, *patients.merged_in(conn, patient_id))
    heads = [conn.execute(select(patient.c.events_head).where(patient.c.id == one)).scalar_one() for one in ids]
    return heads[0] if len(heads) == 1 else hashlib.sha256("\n".join(heads).encode("ascii")).hexdigest()


def every_record(conn: Connection) -> Iterator[Record]:
    """The records of all patients who stand for themselves and were not erased, one at a time."""
    asked = select(patient.c.id).where(patient.c.merged_into.is_(None), patient.c.erased_at.is_(None))
    for patient_id in list(conn.execute(asked.order_by(patient.c.created_at, patient.c.id)).scalars()):
        yield record_of(conn, patient_id)
