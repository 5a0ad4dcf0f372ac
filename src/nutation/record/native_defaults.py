"""What own events may leave out: who, when it was recorded, where it comes from, and its id.

Reader and writer share these, so that what the writer leaves out is what the reader puts back.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from nutation.record.head import Event, Modality, Source
from nutation.record.identity import event_id
from nutation.record.kinds import KINDS
from nutation.record.period import Period


def last_day(told: Iterable[tuple[str, Modality, Period]]) -> date | None:
    """The last day of the document: of what (kind, modality, happened) was told as done, no course's end."""
    days = [
        day
        for kind, modality, happened in told
        if modality != "intended" and (day := happened.from_ if KINDS[kind].COURSE else happened.to) is not None
    ]
    return max(days, default=None)


def recorded_by_default(kind: str, modality: Modality, happened: Period, last: date | None) -> datetime | None:
    """When an event without ``recorded_at`` counts as recorded: when it was over, but by the last day told.

    An intention counts as recorded on that last day. None: nothing says when.
    """
    day = last if modality == "intended" else happened.to
    if day is None or (last is not None and KINDS[kind].COURSE and day > last):
        day = last
    return datetime.combine(day, time(), UTC) if day is not None else None


def digest(event: Event, default: datetime | None) -> str:
    """A version of the event's content: equal content, equal version, whatever file it stands in."""
    told = event.model_dump(mode="json", exclude={"id", "source"}, exclude_none=True, exclude_defaults=True)
    told["recorded_at"] = "" if event.recorded_at == default else event.recorded_at.astimezone(UTC).isoformat()
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def own_source(system: str, position: int, version: str) -> Source:
    """The source of the event that stands at ``position`` (from 1) of a file of own events."""
    return Source(system=system, resource=f"event {position}", version=version)


def own_id(source: Source, kind: str, version: str, repeat: int) -> str:
    """The id of an event of own file: of its content, not of its position.

    An event put in above it changes neither its id nor those below. ``source`` is the one that the event
    names itself, or one of the system alone; ``repeat`` counts equal events from 1.
    """
    keyed = Source(system=source.system, resource=source.resource, path=f"{source.path}#{repeat}", version=version)
    return event_id(keyed, kind)


class Ids:
    """Gives the ids that the events of one file have when they name none, in the file's order."""

    def __init__(self, system: str) -> None:
        self._system = Source(system=system)
        self._seen: Counter[tuple[str, Source, str]] = Counter()

    def next_id(self, event: Event, named: Source | None, version: str) -> str:
        """The id for ``event``; ``named`` is the source that it names itself, ``version`` its content's."""
        source = named or self._system
        key = (event.kind, source, version)
        self._seen[key] += 1
        return own_id(source, event.kind, version, self._seen[key])
