"""The clinic's own settings, by name: modes, saved defaults. Who changed one and when stands beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from nutation.store.schema import setting
from nutation.store.upsert import upsert


def put(conn: Connection, name: str, value: Any, *, by: str, at: datetime) -> None:
    """Keep a setting as plain data."""
    upsert(conn, setting, {"name": name}, {"value": value, "changed_at": at, "changed_by": by})


def get(conn: Connection, name: str, default: Any = None) -> Any:
    """The setting's value, or ``default`` where it was never set."""
    row = conn.execute(select(setting.c.value).where(setting.c.name == name)).one_or_none()
    return default if row is None else row.value


def forget(conn: Connection, name: str) -> None:
    """Let a setting be as if it had never been set."""
    conn.execute(delete(setting).where(setting.c.name == name))
