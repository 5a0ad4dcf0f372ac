"""A row of a table as plain data and back: what backups and exports write a line of."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, LargeBinary, Table

from nutation.store.schema import Instant, Packed


def plain_row(table: Table, row: Mapping[Any, Any]) -> dict[str, Any]:
    """The row's values by column as JSON can hold them: times as ISO 8601, bytes as base64."""
    return {column.name: _plain(row[column]) for column in table.columns}


def row_of(table: Table, told: Mapping[str, Any]) -> dict[str, Any]:
    """The values to insert. Raises KeyError where a column is missing, ValueError where a value cannot be one."""
    return {column.name: _back(column.type, told[column.name]) for column in table.columns}


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # an instant is one too
        return value.isoformat()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _back(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, Instant):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, LargeBinary) and not isinstance(kind, Packed):
        return base64.b64decode(value)
    return value
