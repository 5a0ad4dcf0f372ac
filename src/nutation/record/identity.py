"""Ids that derive from where an event was read, so that importing twice adds nothing."""

from __future__ import annotations

import hashlib

from nutation.record.head import Source


def event_id(source: Source, kind: str) -> str:
    """Id of the event of ``kind`` at ``source``: the same for the same version of the same element."""
    key = "\x1f".join((source.system, source.resource, source.path, source.version, kind))
    return f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
