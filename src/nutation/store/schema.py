"""The tables of the clinic's database: a ledger of entries, and what is kept beside it to answer quickly.

Everything known or decided about a patient is an entry of that patient's chain; ``patient``, ``identifier``,
``answer`` and ``worklist_row`` are made from entries and could be made again. One schema for SQLite and PostgreSQL.
"""

from __future__ import annotations

import json
import re
import zlib
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; a time without zone is refused, since nobody could tell when it was."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant in UTC, as the database keeps it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant with its zone, which SQLite does not keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Plain(TypeDecorator[Any]):
    """Plain data as JSON text: byte for byte what was written, on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """JSON text, or NULL for None."""
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The data that the text holds."""
        return None if value is None else json.loads(value)


_MANY_DIGITS = re.compile(r"[0-9]{18}")
_BY_JSON = b" "
"""Begins packed text with long numbers: ``orjson`` would read whole ones of more than 64 bits as decimal ones."""


class Packed(TypeDecorator[Any]):
    """Plain data as compressed JSON: an answer of 140 kB takes about 15."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Compressed JSON text, or NULL for None."""
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return zlib.compress((_BY_JSON if _MANY_DIGITS.search(text) else b"") + text.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """The data that was packed."""
        if value is None:
            return None
        text = zlib.decompress(value)
        return json.loads(text) if text.startswith(_BY_JSON) else orjson.loads(text)


PATIENT_ID = String(32)
HASH = String(64)

patient = Table(
    "patient",
    metadata,
    Column("id", PATIENT_ID, primary_key=True),
    Column("label", Text, nullable=False, default="", doc="Name as shown; empty once erased."),
    Column("name_key", Text, nullable=False, default="", index=True, doc="Name without order, case and accents."),
    Column("born", Date, index=True, doc="Day of birth where one is told."),
    Column("head", HASH, nullable=False, doc="Hash of the last entry: the optimistic lock."),
    Column("length", Integer, nullable=False, doc="Number of entries."),
    Column("events_head", HASH, nullable=False, doc="Hash of the last entry that changed the events."),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("merged_into", PATIENT_ID, index=True, doc="The patient that this one was found to be."),
    Column("erased_at", Instant),
)

identifier = Table(
    "identifier",
    metadata,
    Column("patient", PATIENT_ID, ForeignKey("patient.id"), nullable=False, index=True),
    Column("system", String(200), nullable=False),
    Column("value", String(200), nullable=False),
    UniqueConstraint("system", "value"),
)

entry = Table(
    "entry",
    metadata,
    Column("patient", PATIENT_ID, ForeignKey("patient.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, doc="1 for the first entry of the patient."),
    Column("kind", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False, doc="Id of the person, or the name of the program that wrote it."),
    Column("body", Plain, doc="NULL once erased by law."),
    Column("salt", String(32), doc="Keeps a short content from being guessed from its digest; erased with it."),
    Column("digest", HASH, nullable=False),
    Column("prev", HASH, nullable=False),
    Column("hash", HASH, nullable=False, unique=True),
    Index("ix_entry_kind_at", "kind", "at"),
)

blob = Table(
    "blob",
    metadata,
    Column("patient", PATIENT_ID, ForeignKey("patient.id"), primary_key=True),
    Column("sha256", HASH, primary_key=True),
    Column("media_type", String(100), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("content", LargeBinary, doc="NULL once erased by law."),
)

answer = Table(
    "answer",
    metadata,
    Column("patient", PATIENT_ID, ForeignKey("patient.id"), primary_key=True),
    Column("events_head", HASH, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("versions_sha256", HASH, primary_key=True, doc="Over the versions of software, evidence and policies."),
    Column("versions", Plain, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("cited", Boolean, nullable=False, default=False, doc="A decision rests on it: it is never tidied away."),
    Column("document", Packed, nullable=False),
    Index("ix_answer_patient_made_at", "patient", "made_at"),
)

due = Table(
    "due",
    metadata,
    Column("patient", PATIENT_ID, ForeignKey("patient.id"), primary_key=True),
    Column("since", Instant, nullable=False, index=True),
    Column("ticket", String(32), nullable=False, doc="Changes when the patient becomes due again."),
    Column("taken_until", Instant, doc="A worker that dies leaves the row, and it is taken again after this."),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", Text),
)

worklist_row = Table(
    "worklist_row",
    metadata,
    Column("patient", PATIENT_ID, ForeignKey("patient.id"), primary_key=True),
    Column("side", String(7), primary_key=True, doc="left, right, or unknown before a side is known."),
    Column("label", Text, nullable=False),
    Column("search", Text, nullable=False, doc="Name and identifiers in small letters, for the search field."),
    Column("stage", String(20), nullable=False),
    Column("stage_order", Integer, nullable=False),
    Column("gate", String(20), nullable=False),
    Column("action", String(40), nullable=False),
    Column("action_other_side", Boolean, nullable=False, default=False),
    Column("waits_for", Text, nullable=False),
    Column("waits_from", String(20), nullable=False),
    Column("form", String(40), nullable=False, default=""),
    Column("due_on", Date),
    Column("expires_on", Date, doc="First day on which a finding that counts today no longer does."),
    Column("expires_what", Text, nullable=False, default=""),
    Column("probability", Text, nullable=False, default=""),
    Column("as_of", Date, nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("ix_worklist_row_stage_order_due_on", "stage_order", "due_on"),
    Index("ix_worklist_row_label", "label"),
)

plan_job = Table(
    "plan_job",
    metadata,
    Column("id", String(32), primary_key=True, doc="The id of the plan or comparison that is to come of it."),
    Column("patient", PATIENT_ID, ForeignKey("patient.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False, doc="plan, move, state or compare."),
    Column("options", Plain, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("by", String(64), nullable=False),
    Column("state", String(10), nullable=False, index=True, doc="asked, taken, made or failed."),
    Column("taken_until", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("message", Text, nullable=False, default=""),
)

clinic_head = Table(
    "clinic_head",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("patients", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("heads", Plain, nullable=False, doc="Patient id and head of every chain that changed since the one before."),
    Column("digest", HASH, nullable=False),
    Column("prev", HASH, nullable=False),
    Column("hash", HASH, nullable=False, unique=True),
)

setting = Table(
    "setting",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Plain, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(64), nullable=False),
)
