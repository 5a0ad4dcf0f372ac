"""Whatever is changed behind the program's back is found, and named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, update

from nutation.record.record import Record
from nutation.store import Draft, Store, audit, documents, events, ledger, patients
from nutation.store.schema import blob, clinic_head, entry, patient


@pytest.fixture
def filled(store: Store, classic: Record, now: datetime) -> str:
    with store.write() as conn:
        patients.add(conn, "Bea Lund", by="dr", at=now)
        one = patients.add(conn, "Anna Berg", by="dr", at=now)
        events.append_events(conn, one, classic.events, by="dr", at=now)
        documents.put(conn, one, b"a report", "application/pdf")
        assert audit.roll(conn, now) is not None
        assert audit.roll(conn, now) is None  # nothing changed since
        ledger.append(conn, one, [Draft("judgement", {"says": "yes"})], by="dr", at=now)
        audit.roll(conn, now + timedelta(days=1))
    return one


def test_untouched_verifies(store: Store, filled: str) -> None:
    with store.read() as conn:
        told = audit.verify(conn)
    assert told.faults == ()
    assert (told.patients, told.entries, told.documents, told.erased) == (2, 4, 1, 0)
    assert told.head is not None


def _altered(conn: Connection, one: str) -> None:
    conn.execute(update(entry).where(entry.c.patient == one, entry.c.seq == 3).values(body={"says": "no"}))


def _other_author(conn: Connection, one: str) -> None:
    conn.execute(update(entry).where(entry.c.patient == one, entry.c.seq == 3).values(by="someone"))


def _taken_out(conn: Connection, one: str) -> None:
    conn.execute(delete(entry).where(entry.c.patient == one, entry.c.seq == 2))


def _emptied(conn: Connection, one: str) -> None:
    conn.execute(update(entry).where(entry.c.patient == one, entry.c.seq == 2).values(body=None, salt=None))


def _cut_short(conn: Connection, one: str) -> None:
    """The last entry goes, and the patient's row is made to fit: only the clinic's head can tell."""
    last = ledger.entries(conn, one)[-1]
    conn.execute(delete(entry).where(entry.c.patient == one, entry.c.seq == last.seq))
    conn.execute(update(patient).where(patient.c.id == one).values(head=last.prev, length=last.seq - 1))


def _other_bytes(conn: Connection, one: str) -> None:
    conn.execute(update(blob).where(blob.c.patient == one).values(content=b"another report"))


def _clinic_changed(conn: Connection, one: str) -> None:
    conn.execute(update(clinic_head).where(clinic_head.c.seq == 1).values(patients=1))


def _clinic_cut(conn: Connection, one: str) -> None:
    conn.execute(delete(clinic_head).where(clinic_head.c.seq == 1))


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (_altered, "not the one that was entered"),
        (_other_author, "time, author, kind or digest"),
        (_taken_out, "is missing"),
        (_emptied, "no erasure is recorded"),
        (_cut_short, "is gone"),
        (_other_bytes, "bytes were altered"),
        (_clinic_changed, "not those that were rolled"),
        (_clinic_cut, "does not follow the head before it"),
    ],
)
def test_tampering_is_found(store: Store, filled: str, tamper: Callable[[Connection, str], None], problem: str) -> None:
    with store.write() as conn:
        tamper(conn, filled)
    with store.read() as conn:
        assert any(problem in fault.problem for fault in audit.verify(conn).faults)
