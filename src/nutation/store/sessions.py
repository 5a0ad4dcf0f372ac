"""Who is signed in, who tried to, and links that work once. Only digests of tokens are kept, never a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from nutation.store.people import PERSON_ID
from nutation.store.schema import HASH, Instant, metadata

session = Table(
    "session",
    metadata,
    Column("digest", HASH, primary_key=True, doc="SHA-256 of the token that the browser holds."),
    Column("person", PERSON_ID, ForeignKey("person.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False, index=True),
    Column("csrf_secret", String(64), nullable=False),
    Column("second_factor", Boolean, nullable=False, doc="Whether the second factor was given."),
)

sign_in_try = Table(
    "sign_in_try",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("key", HASH, nullable=False, doc="Keyed digest of the name or address, never either in clear."),
    Column("at", Instant, nullable=False),
    Index("ix_sign_in_try_key_at", "key", "at"),
)

one_time_link = Table(
    "one_time_link",
    metadata,
    Column("digest", HASH, primary_key=True, doc="SHA-256 of the token in the link."),
    Column("purpose", String(40), nullable=False),
    Column("person", PERSON_ID, ForeignKey("person.id"), index=True),
    Column("made_at", Instant, nullable=False),
    Column("made_by", PERSON_ID, doc="NULL where the program itself made it."),
    Column("expires_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser, known by the digest of its token."""

    digest: str
    person: str
    created_at: datetime
    seen_at: datetime
    csrf_secret: str
    second_factor: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A link that works once, for one purpose and mostly for one person."""

    digest: str
    purpose: str
    person: str | None
    made_at: datetime
    made_by: str | None
    expires_at: datetime


def begin(conn: Connection, digest: str, person: str, *, at: datetime, csrf_secret: str, second_factor: bool) -> None:
    """Begin a session."""
    told = {"digest": digest, "person": person, "created_at": at, "seen_at": at, "csrf_secret": csrf_secret}
    conn.execute(insert(session).values(**told, second_factor=second_factor))


def find(conn: Connection, digest: str) -> Session | None:
    """The session with this digest, whether or not it has run out: the caller knows the limits."""
    row = conn.execute(select(session).where(session.c.digest == digest)).mappings().one_or_none()
    return None if row is None else Session(**row)


def seen(conn: Connection, digest: str, at: datetime) -> None:
    """Note that the session was used."""
    conn.execute(update(session).where(session.c.digest == digest).values(seen_at=at))


def end(conn: Connection, digest: str) -> None:
    """End one session."""
    conn.execute(delete(session).where(session.c.digest == digest))


def end_all(conn: Connection, person: str, *, but: str | None = None) -> int:
    """End the person's sessions, all or all ``but`` one, and return how many ended."""
    theirs = session.c.person == person
    return conn.execute(delete(session).where(theirs if but is None else theirs & (session.c.digest != but))).rowcount


def forget_before(conn: Connection, at: datetime) -> None:
    """Remove sessions last used, tries made and links run out before ``at``."""
    conn.execute(delete(session).where(session.c.seen_at < at))
    conn.execute(delete(sign_in_try).where(sign_in_try.c.at < at))
    conn.execute(delete(one_time_link).where(one_time_link.c.expires_at < at))


def note_try(conn: Connection, keys: tuple[str, ...], at: datetime) -> None:
    """Note a try to sign in under each key (the name's, the address's)."""
    conn.execute(insert(sign_in_try), [{"key": key, "at": at} for key in keys])


def tries(conn: Connection, key: str, *, since: datetime) -> int:
    """How many tries under the key are noted since then."""
    mine = (sign_in_try.c.key == key) & (sign_in_try.c.at > since)
    return conn.execute(select(func.count()).select_from(sign_in_try).where(mine)).scalar_one()


def forget_tries(conn: Connection, key: str, *, at: datetime | None = None) -> None:
    """After a sign-in that succeeded: begin the count of a key anew, or forget only the tries made ``at``."""
    mine = sign_in_try.c.key == key
    conn.execute(delete(sign_in_try).where(mine if at is None else mine & (sign_in_try.c.at == at)))


def make_link(
    conn: Connection,
    digest: str,
    purpose: str,
    *,
    person: str | None,
    by: str | None,
    at: datetime,
    lasts: timedelta,
) -> None:
    """Keep a link's digest; earlier links of the same purpose for the same person no longer work."""
    conn.execute(delete(one_time_link).where(one_time_link.c.purpose == purpose, _of(person)))
    told = {"digest": digest, "purpose": purpose, "person": person, "made_at": at, "made_by": by}
    conn.execute(insert(one_time_link).values(**told, expires_at=at + lasts))


def link(conn: Connection, digest: str, *, at: datetime) -> Link | None:
    """The link with this digest, if it has not run out; looking does not use it up."""
    row = conn.execute(
        select(one_time_link).where(one_time_link.c.digest == digest, one_time_link.c.expires_at > at)
    ).mappings()
    found = row.one_or_none()
    return None if found is None else Link(**found)


def use_link(conn: Connection, digest: str, *, at: datetime) -> Link | None:
    """The link with this digest, used up; None where there is none, or another request used it first."""
    found = link(conn, digest, at=at)
    if found is None:
        return None
    gone = conn.execute(delete(one_time_link).where(one_time_link.c.digest == digest))
    return found if gone.rowcount == 1 else None


def drop_links(conn: Connection, person: str) -> None:
    """Make every link of the person useless."""
    conn.execute(delete(one_time_link).where(_of(person)))


def _of(person: str | None) -> ColumnElement[bool]:
    return one_time_link.c.person.is_(None) if person is None else one_time_link.c.person == person
