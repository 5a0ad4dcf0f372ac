"""Ids derive from where an event was read: importing twice adds nothing, a new version is a new event."""

from __future__ import annotations

from nutation.record.head import Source
from nutation.record.identity import event_id

HERE = Source(system="bundle.json", resource="Procedure/inj-1", path="performedDateTime", version="1")


def test_the_same_element_has_the_same_id() -> None:
    assert event_id(HERE, "injection") == event_id(HERE.model_copy(), "injection")
    assert event_id(HERE, "injection").startswith("injection-")


def test_every_part_of_the_source_tells_events_apart() -> None:
    others = [HERE.model_copy(update={name: "other"}) for name in ("system", "resource", "path", "version")]
    ids = {event_id(source, "injection") for source in (HERE, *others)} | {event_id(HERE, "treatment")}
    assert len(ids) == 6


def test_parts_do_not_run_into_each_other() -> None:
    """``a`` + ``bc`` is not ``ab`` + ``c``."""
    one, other = Source(system="a", resource="bc"), Source(system="ab", resource="c")
    assert event_id(one, "injection") != event_id(other, "injection")
