"""Patients who may be the same person as somebody: shown before anything is created, and answered one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from nutation.report import words
from nutation.store import patients
from nutation.store.patients import Patient, name_key
from nutation.web.look import moment

_ADDING = 20_260_901
"""Number of the lock under which patients are added, so that two who add one person see each other."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the same person: why, and what tells them apart."""

    id: str
    label: str
    born: date | None
    identifiers: tuple[tuple[str, str], ...]
    created_at: datetime
    why: str

    @property
    def added(self) -> str:
        """Since when the patient is here."""
        return moment(self.created_at)

    @property
    def box(self) -> str:
        """Name of the box that says that this is another person."""
        return f"other.{self.id}"


def candidates(conn: Connection, label: str, born: date | None, *, but: str | None = None) -> list[Candidate]:
    """Patients of the same name, or with a name in common and born on the same day."""
    return [_candidate(told, label, born) for told in patients.duplicates(conn, label, born, but=but)]


def with_identifier(conn: Connection, system: str, value: str) -> Candidate | None:
    """The patient who has this identifier."""
    found = patients.with_identifier(conn, system, value)
    if found is None:
        return None
    told = patients.get(conn, found)
    why = f"has this number: {value} ({system})"
    return Candidate(told.id, told.label, told.born, told.identifiers, told.created_at, why)


def unanswered(found: Iterable[Candidate], said_another: Sequence[str]) -> list[Candidate]:
    """Those of whom it was not said that they are another person; ``said_another`` are ids."""
    return [one for one in found if one.id not in said_another]


def one_at_a_time(conn: Connection) -> None:
    """Let nobody else add a patient until this transaction ends: a look for duplicates would miss theirs.

    SQLite lets one write at a time anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_ADDING)))


def _candidate(told: Patient, label: str, born: date | None) -> Candidate:
    same_name = name_key(told.label) == name_key(label)
    if same_name and born is not None and told.born == born:
        why = "the same name and day of birth"
    elif same_name:
        why = "the same name; " + ("no day of birth is told" if told.born is None else "no day of birth to compare")
    else:
        why = "a name in common, and the same day of birth"
    return Candidate(told.id, told.label, told.born, told.identifiers, told.created_at, words.sentence(why))
