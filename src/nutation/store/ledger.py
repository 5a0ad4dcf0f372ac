"""Appending to a patient's chain: the one way in which anything about a patient changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, insert, select, update

from nutation.record.errors import InputError
from nutation.store import chain
from nutation.store.schema import due, entry, patient
from nutation.store.upsert import upsert

CHANGES_EVENTS = frozenset({"events", "merge", "split", "erasure", "patient"})
"""Kinds of entry after which the patient's answers are made anew: the events, or whose they are, changed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to become an entry: its kind and its content as plain data."""

    kind: str
    body: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a patient's chain; ``body`` is None once its content was erased by law."""

    patient: str
    seq: int
    kind: str
    at: datetime
    by: str
    body: dict[str, Any] | None
    salt: str | None
    digest: str
    prev: str
    hash: str


class ConflictError(Exception):
    """Somebody else wrote to this patient since the page was opened; nothing of the draft was kept.

    ``head`` is the chain's head now and ``since`` what was entered meanwhile, so that both can be shown.
    """

    def __init__(self, head: str, since: tuple[Entry, ...]) -> None:
        self.head, self.since = head, since
        super().__init__(f"{len(since)} entries were written since")


def append(
    conn: Connection,
    patient_id: str,
    drafts: Sequence[Draft],
    *,
    by: str,
    at: datetime,
    expected_head: str | None = None,
) -> str:
    """Append entries to a patient's chain and return its new head.

    ``expected_head`` is the head that the writer saw: ConflictError where it is another by now; None appends to
    whatever is there. Raises InputError where there is no such patient, or it was erased.
    """
    row = lock(conn, patient_id, expected_head)
    head: str = row["head"]
    if not drafts:
        return head
    made = _linked(patient_id, head, row["length"], drafts, by, at)
    conn.execute(insert(entry), made)
    changed = [one["hash"] for one in made if one["kind"] in CHANGES_EVENTS]
    conn.execute(
        update(patient)
        .where(patient.c.id == patient_id)
        .values(
            head=made[-1]["hash"],
            length=made[-1]["seq"],
            changed_at=at,
            events_head=changed[-1] if changed else row["events_head"],
        )
    )
    make_due(conn, standing_for(conn, patient_id), at)
    return made[-1]["hash"]


def lock(conn: Connection, patient_id: str, expected_head: str | None = None) -> RowMapping:
    """The patient's row, held against other writers until this transaction ends.

    Raises ConflictError where the head is not the expected one (None: any), InputError where the patient does not
    exist or was erased.
    """
    row = conn.execute(select(patient).where(patient.c.id == patient_id).with_for_update()).mappings().one_or_none()
    if row is None or row["erased_at"] is not None:
        what = "There is no such patient." if row is None else "This patient's content was erased by law."
        raise InputError(what, mend="open the patient from the worklist.")
    if expected_head is not None and row["head"] != expected_head:
        raise ConflictError(row["head"], _since(conn, patient_id, expected_head))
    return row


def standing_for(conn: Connection, patient_id: str) -> str:
    """The patient whose answers an entry changes: the one that this one was merged into, if it was."""
    while (other := conn.execute(select(patient.c.merged_into).where(patient.c.id == patient_id)).scalar()) is not None:
        patient_id = other
    return patient_id


def begin(conn: Connection, patient_id: str, drafts: Sequence[Draft], *, by: str, at: datetime) -> str:
    """Begin the chain of a new patient with its first entries and return its head."""
    made = _linked(patient_id, chain.START, 0, drafts, by, at)
    conn.execute(
        insert(patient).values(
            id=patient_id, label="", head=made[-1]["hash"], length=made[-1]["seq"], events_head=made[-1]["hash"],
            created_at=at, changed_at=at,
        )
    )  # fmt: skip
    conn.execute(insert(entry), made)
    make_due(conn, patient_id, at)
    return made[-1]["hash"]


def _linked(
    patient_id: str, head: str, length: int, drafts: Sequence[Draft], by: str, at: datetime
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    at = at.astimezone(UTC)
    for seq, draft in enumerate(drafts, length + 1):
        salt = chain.new_salt()
        found = chain.digest(draft.body, salt)
        tied = chain.link(prev=head, owner=patient_id, seq=seq, kind=draft.kind, at=at, by=by, digest=found)
        made.append(
            {
                "patient": patient_id, "seq": seq, "kind": draft.kind, "at": at, "by": by, "body": draft.body,
                "salt": salt, "digest": found, "prev": head, "hash": tied,
            }
        )  # fmt: skip
        head = tied
    return made


def _since(conn: Connection, patient_id: str, seen: str) -> tuple[Entry, ...]:
    known = conn.execute(
        select(entry.c.seq).where(entry.c.patient == patient_id, entry.c.hash == seen)
    ).scalar_one_or_none()
    return tuple(one for one in entries(conn, patient_id) if one.seq > (known or 0))


def head(conn: Connection, patient_id: str) -> str:
    """The hash of the patient's last entry. Raises InputError where there is no such patient."""
    found = conn.execute(select(patient.c.head).where(patient.c.id == patient_id)).scalar_one_or_none()
    if found is None:
        raise InputError("There is no such patient.", mend="open the patient from the worklist.")
    return found


def entries(conn: Connection, patient_id: str, kinds: Sequence[str] = ()) -> list[Entry]:
    """The patient's entries in order, of all kinds or of those named."""
    asked = select(entry).where(entry.c.patient == patient_id).order_by(entry.c.seq)
    if kinds:
        asked = asked.where(entry.c.kind.in_(kinds))
    return [entry_of(row) for row in conn.execute(asked).mappings()]


def entry_of(row: RowMapping) -> Entry:
    """A row of the ledger as an entry."""
    return Entry(**{name: row[name] for name in Entry.__dataclass_fields__})


def make_due(conn: Connection, patient_id: str, at: datetime) -> None:
    """Note that the patient's answers are to be made anew; the note is part of the same transaction."""
    told = {"since": at, "ticket": uuid4().hex, "taken_until": None, "attempts": 0, "error": None}
    upsert(conn, due, {"patient": patient_id}, told)
