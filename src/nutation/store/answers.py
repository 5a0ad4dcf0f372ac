"""Stored answers, and whose are to be made anew. Pages read these rows; a worker makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from nutation.store import chain
from nutation.store.ledger import make_due
from nutation.store.schema import answer, due, patient

_LEASE = timedelta(minutes=2)
"""How long a worker may take over one patient before another may try."""
_MOST_ATTEMPTS = 5
_GIVEN_UP_FOR = timedelta(hours=20)
"""How long a patient is left alone whom no worker could answer: the next day, or the next version, may."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer: what it was asked of, by which versions it was made, and when."""

    patient: str
    events_head: str
    as_of: date
    versions_sha256: str
    versions: dict[str, str]
    made_at: datetime
    cited: bool
    document: dict[str, Any]

    @property
    def key(self) -> dict[str, str]:
        """What names this answer in a decision that rests on it."""
        return {
            "events_head": self.events_head, "as_of": self.as_of.isoformat(), "versions_sha256": self.versions_sha256,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """A patient whose answer is to be made; ``ticket`` tells whether they became due again meanwhile."""

    patient: str
    since: datetime
    ticket: str
    attempts: int
    error: str | None


def versions_sha256(versions: Mapping[str, str]) -> str:
    """The hash by which answers of the same software, evidence and policies are known."""
    return hashlib.sha256(chain.canonical(dict(versions))).hexdigest()


def keep(
    conn: Connection,
    patient_id: str,
    *,
    events_head: str,
    as_of: date,
    versions: Mapping[str, str],
    document: Mapping[str, Any],
    made_at: datetime,
) -> None:
    """Store an answer; it stays as it is if it is there already.

    An answer of an earlier day that rests on the same events and versions is tidied away, unless a decision cites it.
    """
    sha = versions_sha256(versions)
    key = {"patient": patient_id, "events_head": events_head, "as_of": as_of, "versions_sha256": sha}
    where = [answer.c[name] == value for name, value in key.items()]
    if conn.execute(select(answer.c.made_at).where(*where)).scalar_one_or_none() is None:
        conn.execute(
            insert(answer).values(**key, versions=dict(versions), made_at=made_at, cited=False, document=dict(document))
        )
    conn.execute(
        delete(answer).where(
            answer.c.patient == patient_id,
            answer.c.events_head == events_head,
            answer.c.versions_sha256 == sha,
            answer.c.as_of < as_of,
            answer.c.cited.is_(False),
        )
    )


def latest(conn: Connection, patient_id: str) -> Answer | None:
    """The answer that was made last, or None before the first."""
    asked = select(answer).where(answer.c.patient == patient_id).order_by(answer.c.made_at.desc()).limit(1)
    return _answer(conn.execute(asked).mappings().one_or_none())


def stored(conn: Connection, patient_id: str, key: Mapping[str, str]) -> Answer | None:
    """The answer of that ``key``, as it was given; None where it was tidied away."""
    asked = select(answer).where(
        answer.c.patient == patient_id,
        answer.c.events_head == key["events_head"],
        answer.c.as_of == date.fromisoformat(key["as_of"]),
        answer.c.versions_sha256 == key["versions_sha256"],
    )
    return _answer(conn.execute(asked).mappings().one_or_none())


def cite(conn: Connection, told: Answer) -> None:
    """Keep an answer for good, since a decision rests on it."""
    conn.execute(
        update(answer)
        .where(
            answer.c.patient == told.patient,
            answer.c.events_head == told.events_head,
            answer.c.as_of == told.as_of,
            answer.c.versions_sha256 == told.versions_sha256,
        )
        .values(cited=True)
    )


def _answer(row: Any) -> Answer | None:
    return None if row is None else Answer(**{name: row[name] for name in Answer.__dataclass_fields__})


# -- what is due -------------------------------------------------------------------------------------


def take_due(conn: Connection, now: datetime) -> Due | None:
    """The patient who has waited longest for an answer, taken for a while; None where nobody waits."""
    free = or_(due.c.taken_until.is_(None), due.c.taken_until < now)
    asked = select(due).where(free, due.c.attempts < _MOST_ATTEMPTS).order_by(due.c.since).limit(1)
    row = conn.execute(asked.with_for_update(skip_locked=True)).mappings().one_or_none()
    if row is None:
        return None
    taken = {"taken_until": now + _LEASE, "attempts": row["attempts"] + 1}
    conn.execute(update(due).where(due.c.patient == row["patient"]).values(**taken))
    return Due(row["patient"], row["since"], row["ticket"], row["attempts"] + 1, row["error"])


def settle(conn: Connection, told: Due) -> None:
    """Nothing is to be made of this patient any more, unless they became due again meanwhile."""
    conn.execute(delete(due).where(due.c.patient == told.patient, due.c.ticket == told.ticket))


def failed(conn: Connection, told: Due, error: str) -> None:
    """Note why an answer could not be made; the patient stays due, and the page says so."""
    where = (due.c.patient == told.patient, due.c.ticket == told.ticket)
    conn.execute(update(due).where(*where).values(error=error, taken_until=None))


def waiting(conn: Connection, patient_id: str) -> Due | None:
    """Whether the patient's answer is being made anew, and what went wrong if something did."""
    row = conn.execute(select(due).where(due.c.patient == patient_id)).mappings().one_or_none()
    return None if row is None else Due(row["patient"], row["since"], row["ticket"], row["attempts"], row["error"])


def how_many_wait(conn: Connection) -> int:
    """How many patients wait for an answer."""
    return conn.execute(select(func.count()).select_from(due)).scalar_one()


def make_all_due(conn: Connection, as_of: date, versions: Mapping[str, str], now: datetime) -> int:
    """Make every patient due who has no answer of ``as_of`` by these versions; how many there are.

    Windows and ages run back from the day asked about, so a new day can change any answer. Who is due already stays
    so; who was given up on an earlier day is tried again.
    """
    answered = select(answer.c.patient).where(
        answer.c.as_of == as_of, answer.c.versions_sha256 == versions_sha256(versions)
    )
    waits = select(due.c.patient).where(or_(due.c.attempts < _MOST_ATTEMPTS, due.c.since > now - _GIVEN_UP_FOR))
    asked = select(patient.c.id).where(
        patient.c.merged_into.is_(None), patient.c.erased_at.is_(None),
        patient.c.id.not_in(answered), patient.c.id.not_in(waits),
    )  # fmt: skip
    found = list(conn.execute(asked).scalars())
    for one in found:
        make_due(conn, one, now)
    return len(found)
