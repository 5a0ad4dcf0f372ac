"""The chain's hashes against values worked out by hand with another program (sha256sum)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

from nutation.store import chain


def test_digest_is_the_hash_of_salt_newline_and_sorted_json() -> None:
    by_hand = hashlib.sha256(b'0a\n{"a":1,"b":"\\u00e9"}').hexdigest()
    assert chain.digest({"b": "é", "a": 1}, "0a") == by_hand


def test_link_covers_everything_that_it_names() -> None:
    at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    told = {"prev": chain.START, "owner": "p", "seq": 1, "kind": "events", "at": at, "by": "dr", "digest": "d"}
    first = chain.link(**told)  # type: ignore[arg-type]
    others = {"prev": "1" * 64, "owner": "q", "seq": 2, "kind": "plan", "at": at + timedelta(seconds=1), "by": "x",
              "digest": "e"}  # fmt: skip
    changed = {chain.link(**{**told, name: value}) for name, value in others.items()}  # type: ignore[arg-type]
    assert first not in changed
    assert len(changed) == len(others)


def test_link_is_the_same_instant_in_any_zone() -> None:
    at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    elsewhere = at.astimezone(timezone(timedelta(hours=2)))
    told = {"prev": chain.START, "owner": "p", "seq": 1, "kind": "events", "by": "dr", "digest": "d"}
    assert chain.link(at=at, **told) == chain.link(at=elsewhere, **told)  # type: ignore[arg-type]


def test_salts_differ() -> None:
    assert len({chain.new_salt() for _ in range(100)}) == 100
