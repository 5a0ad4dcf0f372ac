"""Which events stand: what was known by an instant, less what was corrected or withdrawn by then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from nutation.record.head import Event


def standing(events: Iterable[Event], known_by: datetime | None = None) -> tuple[Event, ...]:
    """Events recorded by ``known_by`` (all, if None) that no other seen event supersedes.

    Supersession is resolved among the seen: a correction that was not yet recorded corrects nothing.
    A retraction stands for nothing itself. The same id twice counts once.
    """
    seen = {event.id: event for event in events if known_by is None or event.recorded_at <= known_by}
    superseded = {earlier for event in seen.values() for earlier in event.supersedes}
    return tuple(event for event in seen.values() if event.id not in superseded and not event.retracted)
