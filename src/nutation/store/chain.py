"""The hash chain: what a digest covers and how one entry is tied to the one before. Pure functions.

A hash covers the *digest* of a content and not the content, so that a content can be erased by law and the
chain still verifies. A salt goes into the digest and is erased with the content: without it, a short content
(a pain score, a date of birth) could be found by trying all of them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Any

START = "0" * 64
"""What the first entry of a chain names as the one before it."""


def new_salt() -> str:
    """A salt of 128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def canonical(plain: Any) -> bytes:
    """Plain data as the one text that is hashed: JSON with sorted keys, ASCII, no spaces."""
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def digest(body: Any, salt: str) -> str:
    """SHA-256 (64 hexadecimal digits) of a content under its salt."""
    return hashlib.sha256(salt.encode("ascii") + b"\n" + canonical(body)).hexdigest()


def link(*, prev: str, owner: str, seq: int, kind: str, at: datetime, by: str, digest: str) -> str:
    """Hash of an entry: ties its content's digest to its place, time and author, and to the entry before."""
    told = [prev, owner, seq, kind, at.astimezone(UTC).isoformat(timespec="microseconds"), by, digest]
    return hashlib.sha256(canonical(told)).hexdigest()
