"""Insert a row or change the one that is there, in one statement: two writers cannot both find it missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(conn: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Make the row of ``table`` with this primary ``key`` hold ``values``; no values leave a row that exists alone."""
    made = (postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert)(table)
    told = made.values({**key, **values})
    if values:
        conn.execute(told.on_conflict_do_update(index_elements=list(key), set_=dict(values)))
    else:
        conn.execute(told.on_conflict_do_nothing(index_elements=list(key)))
