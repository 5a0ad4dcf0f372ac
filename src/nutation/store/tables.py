"""Every table of the clinic's database, of whichever module declares it: what migrations and backups go through."""

from __future__ import annotations

from nutation.store import accesses, people, schema, sessions, worklist
from nutation.store.schema import metadata

__all__ = ["metadata"]
_DECLARING = (schema, worklist, people, sessions, accesses)
