"""Entries of one kind across patients: for lists that no single patient's page can show."""

from __future__ import annotations

from sqlalchemy import Connection, select

from nutation.store.ledger import Entry, entry_of
from nutation.store.schema import entry


def entries(conn: Connection, kind: str) -> list[Entry]:
    """Every entry of the kind in the order of time; those whose content was erased have none."""
    asked = select(entry).where(entry.c.kind == kind).order_by(entry.c.at, entry.c.patient, entry.c.seq)
    return [entry_of(row) for row in conn.execute(asked).mappings()]
