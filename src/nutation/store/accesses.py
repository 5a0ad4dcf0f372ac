"""Who read what, and who changed accounts and settings: a list without any content, which is only added to.

The database itself refuses to change or remove a line (``migrations/versions/0002``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Identity, Index, Integer, String, Table, insert, select

from nutation.store.people import PERSON_ID
from nutation.store.schema import PATIENT_ID, Instant, metadata

access = Table(
    "access",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("person", PERSON_ID, doc="Who did it; NULL where nobody was signed in."),
    # No foreign key: what somebody tried to open is kept even where there is no such patient.
    Column("patient", PATIENT_ID, doc="Whose page it was."),
    Column("about", PERSON_ID, doc="Whose account was changed."),
    Column("what", String(200), nullable=False, doc="The page's address as a pattern, or the act: never a content."),
    Column("refused", Boolean, nullable=False, default=False),
    Column("request", String(32), nullable=False, default="", doc="The id under which the server's log tells of it."),
    Index("ix_access_patient_at", "patient", "at"),
    Index("ix_access_person_at", "person", "at"),
)


@dataclass(frozen=True, slots=True)
class Access:
    """One line of the list."""

    id: int
    at: datetime
    person: str | None
    patient: str | None
    about: str | None
    what: str
    refused: bool
    request: str


def note(
    conn: Connection,
    what: str,
    *,
    at: datetime,
    person: str | None,
    patient: str | None = None,
    about: str | None = None,
    refused: bool = False,
    request: str = "",
) -> None:
    """Add a line; ``what`` is a page's pattern or the name of an act, and holds nothing of the patient."""
    told = {"at": at, "person": person, "patient": patient, "about": about, "refused": refused, "request": request}
    conn.execute(insert(access).values(what=what[:200], **told))


def of_patient(conn: Connection, patient: str, *, limit: int = 200, before: int | None = None) -> list[Access]:
    """Who opened this patient's pages, the latest first; ``before`` (an id) pages on."""
    return _listed(conn, limit, before, patient=patient)


def of_person(conn: Connection, person: str, *, limit: int = 200, before: int | None = None) -> list[Access]:
    """What this person did, the latest first; ``before`` (an id) pages on."""
    return _listed(conn, limit, before, person=person)


def latest(conn: Connection, *, limit: int = 200, before: int | None = None) -> list[Access]:
    """The list, the latest first; ``before`` (an id) pages on."""
    return _listed(conn, limit, before)


def _listed(conn: Connection, limit: int, before: int | None, **equal: str) -> list[Access]:
    asked = select(access).order_by(access.c.id.desc()).limit(limit)
    for name, value in equal.items():
        asked = asked.where(access.c[name] == value)
    if before is not None:
        asked = asked.where(access.c.id < before)
    return [Access(**row) for row in conn.execute(asked).mappings()]
