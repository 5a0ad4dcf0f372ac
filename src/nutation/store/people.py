"""People who may sign in: who they are, their roles, and what proves who they are. No password is kept, only its hash.

Roles are plain words here; what a role may do is told by the faces (``nutation.web.rights``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from nutation.record.errors import InputError
from nutation.store.schema import HASH, Instant, Plain, metadata

PERSON_ID = String(32)
NAME_LENGTH = 200
"""Longest name to sign in with, in characters."""

person = Table(
    "person",
    metadata,
    Column("id", PERSON_ID, primary_key=True),
    Column("name", String(NAME_LENGTH), unique=True, doc="To sign in with; NULL for who comes by a provider."),
    Column("shown", Text, nullable=False, doc="Name as pages and documents show it."),
    Column("title", Text, nullable=False, doc="What the person is, in words: Physiotherapist."),
    Column("roles", Plain, nullable=False),
    Column("password_hash", Text),
    Column("totp_secret", Text, doc="Sealed with the server's key: a copy of the database alone gives no code."),
    Column("totp_since", Instant, doc="When the second factor was proven; NULL while it is being set up."),
    Column("totp_step", Integer, nullable=False, default=0, doc="Step of the last code used: no code works twice."),
    Column("oidc_issuer", String(500)),
    Column("oidc_subject", String(255)),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    UniqueConstraint("oidc_issuer", "oidc_subject"),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("person", PERSON_ID, ForeignKey("person.id"), primary_key=True),
    Column("digest", HASH, primary_key=True),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in; nothing secret is in it."""

    id: str
    name: str | None
    shown: str
    title: str
    roles: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    second_factor_since: datetime | None
    oidc_issuer: str | None
    oidc_subject: str | None

    @property
    def named(self) -> str:
        """Name with what the person is, as a signature is shown."""
        return f"{self.shown}, {self.title}" if self.title else self.shown


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What proves that it is this person. It has no ``repr``, so that no log and no error shows it."""

    password_hash: str | None
    totp_secret: str | None
    totp_since: datetime | None
    totp_step: int


def sign_in_name(text: str) -> str:
    """The name to sign in with as it is compared: without case, outer spaces and look-alike code points."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def add(
    conn: Connection,
    *,
    name: str | None,
    shown: str,
    title: str,
    roles: Iterable[str],
    at: datetime,
    oidc: tuple[str, str] | None = None,
) -> str:
    """Add a person and return the id; ``oidc`` is issuer and subject at an identity provider.

    Raises InputError where the name is empty, too long or taken.
    """
    key = _checked(name) if name is not None else None
    if key is not None and by_name(conn, key) is not None:
        raise _taken()
    made = uuid4().hex
    issuer, subject = oidc or (None, None)
    row: dict[str, Any] = {
        "id": made, "name": key, "shown": _shown(shown), "title": title.strip(), "roles": sorted(set(roles)),
        "oidc_issuer": issuer, "oidc_subject": subject, "created_at": at,
    }  # fmt: skip
    try:
        conn.execute(insert(person).values(row))
    except IntegrityError:  # another transaction took it between the look and the insert
        raise _taken() from None
    return made


def change(conn: Connection, person_id: str, *, shown: str, title: str, roles: Iterable[str]) -> None:
    """Change how a person is shown and their roles; the new roles hold from the next request on."""
    told = {"shown": _shown(shown), "title": title.strip(), "roles": sorted(set(roles))}
    conn.execute(update(person).where(person.c.id == person_id).values(told))


def by_id(conn: Connection, person_id: str) -> Person | None:
    """The person with this id."""
    return _one(conn, person.c.id == person_id)


def by_name(conn: Connection, name: str) -> Person | None:
    """The person who signs in with this name."""
    if "\0" in name:  # which PostgreSQL refuses to compare
        return None
    return _one(conn, person.c.name == sign_in_name(name))


def by_subject(conn: Connection, issuer: str, subject: str) -> Person | None:
    """The person whom an identity provider knows by this subject."""
    return _one(conn, (person.c.oidc_issuer == issuer) & (person.c.oidc_subject == subject))


def everyone(conn: Connection) -> list[Person]:
    """All people, the disabled ones too, in the order of their shown names."""
    found = (_person(row) for row in conn.execute(select(person)).mappings())
    return sorted(found, key=lambda one: (one.shown.casefold(), one.id))


def shown_names(conn: Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """Name and title of each of these people, for pages that tell who did something."""
    asked = select(person).where(person.c.id.in_(sorted(set(person_ids))))
    return {row["id"]: _person(row).named for row in conn.execute(asked).mappings()}


def with_role(conn: Connection, role: str) -> list[Person]:
    """People who hold the role and are not disabled."""
    return [one for one in everyone(conn) if role in one.roles and one.disabled_at is None]


def disable(conn: Connection, person_id: str, at: datetime | None) -> None:
    """Keep a person from signing in since ``at``; None lets them in again. Sessions end by ``sessions.end_all``."""
    conn.execute(update(person).where(person.c.id == person_id).values(disabled_at=at))


def credentials(conn: Connection, person_id: str) -> Credentials:
    """What the person proves themselves with. Raises InputError where there is no such person."""
    columns = (person.c.password_hash, person.c.totp_secret, person.c.totp_since, person.c.totp_step)
    row = conn.execute(select(*columns).where(person.c.id == person_id)).mappings().one_or_none()
    if row is None:
        raise InputError("There is no such person.", mend="open the person from the list of people.")
    return Credentials(**row)


def set_password(conn: Connection, person_id: str, password_hash: str) -> None:
    """Keep the hash of a new password."""
    conn.execute(update(person).where(person.c.id == person_id).values(password_hash=password_hash))


def begin_second_factor(conn: Connection, person_id: str, sealed_secret: str) -> bool:
    """Keep a secret that is still to be proven; False where a proven one stands, which only a reset removes."""
    done = conn.execute(
        update(person)
        .where(person.c.id == person_id, person.c.totp_since.is_(None))
        .values(totp_secret=sealed_secret, totp_step=0)
    )
    return done.rowcount == 1


def prove_second_factor(conn: Connection, person_id: str, at: datetime) -> None:
    """Note that the person gave a code of the new secret: from now on one is asked for."""
    conn.execute(update(person).where(person.c.id == person_id).values(totp_since=at))


def use_step(conn: Connection, person_id: str, step: int) -> bool:
    """Take the code of one time step; False where it, or a later one, was used before.

    One statement, so that of two requests with the same code only one passes.
    """
    done = conn.execute(
        update(person).where(person.c.id == person_id, person.c.totp_step < step).values(totp_step=step)
    )
    return done.rowcount == 1


def reset_second_factor(conn: Connection, person_id: str) -> None:
    """Forget the second factor and its recovery codes; the person sets up another at the next sign-in."""
    conn.execute(update(person).where(person.c.id == person_id).values(totp_secret=None, totp_since=None, totp_step=0))
    conn.execute(delete(recovery_code).where(recovery_code.c.person == person_id))


def keep_recovery_codes(conn: Connection, person_id: str, digests: Iterable[str]) -> None:
    """Keep the digests of new recovery codes in place of the old ones."""
    conn.execute(delete(recovery_code).where(recovery_code.c.person == person_id))
    rows = [{"person": person_id, "digest": digest} for digest in digests]
    if rows:
        conn.execute(insert(recovery_code), rows)


def use_recovery_code(conn: Connection, person_id: str, digest: str) -> bool:
    """Take a recovery code, which then is gone; False where there is none like it."""
    mine = (recovery_code.c.person == person_id) & (recovery_code.c.digest == digest)
    return conn.execute(delete(recovery_code).where(mine)).rowcount == 1


def recovery_codes_left(conn: Connection, person_id: str) -> int:
    """How many recovery codes the person has not used."""
    return len(conn.execute(select(recovery_code.c.digest).where(recovery_code.c.person == person_id)).all())


def _one(conn: Connection, condition: ColumnElement[bool]) -> Person | None:
    row = conn.execute(select(person).where(condition)).mappings().one_or_none()
    return None if row is None else _person(row)


def _person(row: RowMapping) -> Person:
    return Person(
        id=row["id"], name=row["name"], shown=row["shown"], title=row["title"], roles=tuple(row["roles"]),
        created_at=row["created_at"], disabled_at=row["disabled_at"], has_password=row["password_hash"] is not None,
        second_factor_since=row["totp_since"], oidc_issuer=row["oidc_issuer"], oidc_subject=row["oidc_subject"],
    )  # fmt: skip


def _checked(name: str) -> str:
    key = sign_in_name(name)
    if not key or len(key) > NAME_LENGTH or not key.isprintable():
        raise InputError(
            "This cannot be a name to sign in with.", place="name to sign in",
            mend=f"give one of at most {NAME_LENGTH} printable characters.",
        )  # fmt: skip
    return key


def _shown(shown: str) -> str:
    if not shown.strip() or not shown.isprintable():
        raise InputError("The person has no name that can be shown.", place="shown name", mend="give the full name.")
    return shown.strip()


def _taken() -> InputError:
    return InputError(
        "Somebody else signs in with this name.", place="name to sign in", mend="choose another, or open that person."
    )
