"""How Alembic reaches the database: through the connection that ``store.migrate`` hands it."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import TypeDecorator

from nutation.store.schema import Instant
from nutation.store.tables import metadata


def _as_plain_type(kind: str, told: Any, autogen_context: Any) -> str | Literal[False]:
    """Our own column types as what they are in the database: an old migration must not follow their code."""
    if kind == "type" and isinstance(told, TypeDecorator):
        return f"sa.{told.impl!r}" if not isinstance(told, Instant) else "sa.DateTime(timezone=True)"
    return False


context.configure(
    render_item=_as_plain_type,
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
