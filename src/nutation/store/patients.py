"""Who is this patient: adding, finding, likely duplicates, merging and splitting again, erasing by law."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, or_, select, update

from nutation.record.errors import InputError
from nutation.store import ledger
from nutation.store.ledger import Draft
from nutation.store.schema import answer, blob, due, entry, identifier, patient, plan_job, worklist_row


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the database knows them; ``head`` is the state of the chain that the reader saw."""

    id: str
    label: str
    born: date | None
    head: str
    events_head: str
    length: int
    created_at: datetime
    changed_at: datetime
    merged_into: str | None
    erased_at: datetime | None
    identifiers: tuple[tuple[str, str], ...] = ()


def name_key(label: str) -> str:
    """A name without the order of its words, their case and accents: two spellings of one name meet."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", label) if not unicodedata.combining(c)).casefold()
    return " ".join(sorted("".join(c if c.isalnum() else " " for c in plain).split()))


def add(
    conn: Connection,
    label: str,
    *,
    by: str,
    at: datetime,
    born: date | None = None,
    identifiers: Sequence[tuple[str, str]] = (),
) -> str:
    """Begin the chain of a new patient and return the id. Raises InputError where an identifier is taken."""
    _check_label(label)
    made = uuid4().hex
    drafts = [Draft("patient", {"label": label.strip(), "born": born.isoformat() if born else None})]
    drafts += [Draft("identifier", {"system": system, "value": value}) for system, value in identifiers]
    ledger.begin(conn, made, drafts, by=by, at=at)
    _show(conn, made, label.strip(), born)
    for system, value in identifiers:
        _keep_identifier(conn, made, system, value)
    return made


def rename(
    conn: Connection,
    patient_id: str,
    label: str,
    born: date | None,
    *,
    by: str,
    at: datetime,
    expected_head: str | None,
    reason: str = "",
) -> str:
    """Correct the name or the day of birth, with the reason where one is told, and return the new head."""
    _check_label(label)
    body = {"label": label.strip(), "born": born.isoformat() if born else None}
    body |= {"reason": reason.strip()} if reason.strip() else {}
    head = ledger.append(conn, patient_id, [Draft("patient", body)], by=by, at=at, expected_head=expected_head)
    _show(conn, patient_id, label.strip(), born)
    return head


def add_identifier(conn: Connection, patient_id: str, system: str, value: str, *, by: str, at: datetime) -> str:
    """Note another identifier of the patient and return the new head."""
    body = {"system": system, "value": value}
    head = ledger.append(conn, patient_id, [Draft("identifier", body)], by=by, at=at)
    _keep_identifier(conn, patient_id, system, value)
    return head


def withdraw_identifier(
    conn: Connection, patient_id: str, system: str, value: str, *, reason: str, by: str, at: datetime
) -> str:
    """Take an identifier off that was entered in error and return the new head; the entry of it stays.

    Raises InputError where the patient has no such identifier, or no reason is told.
    """
    if not reason.strip():
        raise InputError("To take a number off needs its reason.", mend="write what is wrong with it.")
    if (system, value) not in _identifiers(conn, patient_id):
        raise InputError("This patient has no such number.", mend="open the patient again.")
    body = {"system": system, "value": value, "withdrawn": True, "reason": reason.strip()}
    head = ledger.append(conn, patient_id, [Draft("identifier", body)], by=by, at=at)
    _drop_identifier(conn, patient_id, system, value)
    return head


def get(conn: Connection, patient_id: str) -> Patient:
    """The patient of that id. Raises InputError where there is none."""
    row = conn.execute(select(patient).where(patient.c.id == patient_id)).mappings().one_or_none()
    if row is None:
        raise InputError("There is no such patient.", mend="open the patient from the worklist.")
    names = [name for name in Patient.__dataclass_fields__ if name != "identifiers"]
    return Patient(**{name: row[name] for name in names}, identifiers=_identifiers(conn, patient_id))


def with_identifier(conn: Connection, system: str, value: str) -> str | None:
    """The id of the patient with that identifier; of the one they were merged into, if they were."""
    asked = select(identifier.c.patient).where(identifier.c.system == system, identifier.c.value == value)
    found = conn.execute(asked).scalar_one_or_none()
    return None if found is None else surviving(conn, found)


def systems_of(conn: Connection, value: str) -> list[str]:
    """The kinds of identifier of which somebody has this value."""
    asked = select(identifier.c.system).where(identifier.c.value == value).order_by(identifier.c.system)
    return list(conn.execute(asked).scalars())


def surviving(conn: Connection, patient_id: str) -> str:
    """The patient that this one was merged into, and that one in turn; itself if it was not."""
    return ledger.standing_for(conn, patient_id)


def merged_in(conn: Connection, patient_id: str) -> list[str]:
    """The patients that were merged into this one, and into those in turn."""
    found: list[str] = []
    waiting = [patient_id]
    while waiting:
        asked = select(patient.c.id).where(patient.c.merged_into.in_(waiting)).order_by(patient.c.id)
        waiting = list(conn.execute(asked).scalars())
        found += waiting
    return found


def duplicates(
    conn: Connection, label: str, born: date | None, *, but: str | None = None, limit: int = 10
) -> list[Patient]:
    """Patients who may be the same person: the same name, or the same day of birth and a name in common."""
    key = name_key(label)
    alike = [patient.c.name_key == key] if key else []
    if born is not None:
        alike.append(patient.c.born == born)
    if not alike:
        return []
    asked = (
        select(patient.c.id, patient.c.name_key, patient.c.born)
        .where(or_(*alike), patient.c.merged_into.is_(None), patient.c.erased_at.is_(None))
        .order_by(patient.c.created_at)
    )
    words = set(key.split())
    found = [
        row.id for row in conn.execute(asked)
        if row.id != but
        and (words & set(row.name_key.split()) if row.name_key != key else born in (None, row.born) or row.born is None)
    ]  # fmt: skip
    return [get(conn, one) for one in found[:limit]]


def merge(conn: Connection, from_id: str, into_id: str, *, by: str, at: datetime, reason: str) -> str:
    """State that two patients are one person; the chain of ``from_id`` stays, and is read with ``into_id``'s.

    Returns the new head of ``into_id``. Raises InputError where that would run in a circle.
    """
    if not reason.strip():
        raise InputError("A merge needs its reason.", mend="write how you know that both are one person.")
    into_id = surviving(conn, into_id)
    if from_id == into_id or surviving(conn, from_id) != from_id:
        raise InputError("These two are one patient already.", mend="open the patient from the worklist.")
    body = {"from": from_id, "into": into_id, "reason": reason.strip()}
    ledger.append(conn, from_id, [Draft("merge", body)], by=by, at=at)
    head = ledger.append(conn, into_id, [Draft("merge", body)], by=by, at=at)
    conn.execute(update(patient).where(patient.c.id == from_id).values(merged_into=into_id))
    for table in (worklist_row, due):
        conn.execute(delete(table).where(table.c.patient == from_id))
    return head


def split(conn: Connection, from_id: str, *, by: str, at: datetime, reason: str) -> str:
    """Take a merge back: what was entered before it and since stands with the patient it was entered for.

    Returns the new head of ``from_id``. Raises InputError where it was not merged.
    """
    into_id = get(conn, from_id).merged_into
    if into_id is None:
        raise InputError("This patient was not merged into another.", mend="open the patient that was.")
    if not reason.strip():
        raise InputError("A split needs its reason.", mend="write how you know that they are two persons.")
    body = {"from": from_id, "into": into_id, "reason": reason.strip()}
    conn.execute(update(patient).where(patient.c.id == from_id).values(merged_into=None))
    ledger.append(conn, into_id, [Draft("split", body)], by=by, at=at)
    return ledger.append(conn, from_id, [Draft("split", body)], by=by, at=at)


def erase(conn: Connection, patient_id: str, *, by: str, at: datetime, basis: str) -> None:
    """Erase by law what is known of a patient; the chain keeps its digests and still verifies.

    Patients merged into this one are erased with it. Backups made before still hold the content.
    """
    if not basis.strip():
        raise InputError("An erasure needs its legal basis.", mend="name the request and the law it rests on.")
    for one in (*merged_in(conn, patient_id), patient_id):
        ledger.append(conn, one, [Draft("erasure", {"basis": basis.strip()})], by=by, at=at)
        conn.execute(
            update(entry).where(entry.c.patient == one, entry.c.kind != "erasure").values(body=None, salt=None)
        )
        conn.execute(update(blob).where(blob.c.patient == one).values(content=None))
        for table in (identifier, answer, worklist_row, due, plan_job):
            conn.execute(delete(table).where(table.c.patient == one))
        conn.execute(update(patient).where(patient.c.id == one).values(label="", name_key="", born=None, erased_at=at))


def apply(conn: Connection, patient_id: str, kind: str, body: Mapping[str, Any]) -> None:
    """Bring what is kept beside the chain up to an entry that was read from an export."""
    if kind == "patient":
        _show(conn, patient_id, body["label"], date.fromisoformat(body["born"]) if body["born"] else None)
    elif kind == "identifier":
        held = _drop_identifier if body.get("withdrawn") else _keep_identifier
        held(conn, patient_id, body["system"], body["value"])
    elif kind in ("merge", "split") and body["from"] == patient_id:
        into = body["into"] if kind == "merge" else None
        conn.execute(update(patient).where(patient.c.id == patient_id).values(merged_into=into))


def _check_label(label: str) -> None:
    if not label.strip():
        raise InputError("The patient has no name.", place="name", mend="write the name as on the referral.")
    if len(label) > 200:
        raise InputError("The name is longer than 200 characters.", place="name", mend="write it shorter.")


def _show(conn: Connection, patient_id: str, label: str, born: date | None) -> None:
    told = {"label": label, "name_key": name_key(label), "born": born}
    conn.execute(update(patient).where(patient.c.id == patient_id).values(**told))


def _identifiers(conn: Connection, patient_id: str) -> tuple[tuple[str, str], ...]:
    asked = select(identifier.c.system, identifier.c.value).where(identifier.c.patient == patient_id)
    return tuple((row.system, row.value) for row in conn.execute(asked.order_by(identifier.c.system)))


def _drop_identifier(conn: Connection, patient_id: str, system: str, value: str) -> None:
    own = (identifier.c.patient == patient_id, identifier.c.system == system, identifier.c.value == value)
    conn.execute(delete(identifier).where(*own))


def _keep_identifier(conn: Connection, patient_id: str, system: str, value: str) -> None:
    taken = conn.execute(
        select(identifier.c.patient).where(identifier.c.system == system, identifier.c.value == value)
    ).scalar_one_or_none()
    if taken == patient_id:
        return
    if taken is not None:
        raise InputError(
            f"The identifier {value} ({system}) belongs to another patient.", place="identifier",
            mend="open that patient; if both are one person, merge them.",
        )  # fmt: skip
    conn.execute(insert(identifier).values(patient=patient_id, system=system, value=value))
