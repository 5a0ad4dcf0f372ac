"""A newer version of a resource supersedes the older; one entered in error, or deleted, withdraws it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nutation.record.head import Event
from nutation.record.identity import event_id
from nutation.record.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Version:
    """The events of one version of one resource; ``withdrawn``: it says that the resource was an error."""

    key: tuple[str, str]
    version: str
    recorded_at: datetime
    position: int
    events: tuple[Event, ...]
    withdrawn: bool

    def order(self) -> tuple[datetime, int, int]:
        """Sort key: the recording first, then the number, then the place in the input."""
        return self.recorded_at, int(self.version) if self.version.isdecimal() else 0, self.position


def _withdrawal(prior: Event, version: Version) -> Event:
    source = prior.source.model_copy(update={"version": version.version})
    return KINDS[prior.kind].model_validate({
        "id": event_id(source, f"{prior.kind}-withdrawn"), "kind": prior.kind, "patient": prior.patient,
        "side": prior.side, "happened": prior.happened, "recorded_at": version.recorded_at, "source": source,
        "supersedes": (prior.id,), "retracted": True,
    })  # fmt: skip


def link(versions: Iterable[Version], earlier: Iterable[Event] = ()) -> list[tuple[int, Event]]:
    """The events of all versions with what each supersedes, each with its place in the input.

    ``earlier`` are events read before (of a store): versions of the same resource supersede those too.
    """
    groups: dict[tuple[str, str], list[Version]] = {}
    for version in versions:
        groups.setdefault(version.key, []).append(version)
    known: dict[tuple[str, str], list[Event]] = {}
    for event in earlier:
        known.setdefault((event.source.system, event.source.resource), []).append(event)
    linked: list[tuple[int, Event]] = []
    for key, group in groups.items():
        standing = [event for event in known.get(key, []) if not event.retracted]
        gone = {name for event in known.get(key, []) for name in event.supersedes}
        standing = [event for event in standing if event.id not in gone]
        for version in sorted(group, key=Version.order):
            standing = _next(version, standing, linked)
    return linked


def _next(version: Version, standing: list[Event], linked: list[tuple[int, Event]]) -> list[Event]:
    """Add the events of ``version``, which follows ``standing``; give back what then stands."""
    if any(event.source.version == version.version for event in standing):
        return standing  # the very version is known already
    current: list[Event] = []
    replaced: set[str] = set()
    for event in version.events:
        prior = [e.id for e in standing if e.kind == event.kind and e.source.path == event.source.path]
        replaced.update(prior)
        names = dict.fromkeys([*event.supersedes, *prior])
        current.append(event.model_copy(update={"supersedes": tuple(names)}))
    linked.extend((version.position, event) for event in current)
    linked.extend((version.position, _withdrawal(event, version)) for event in standing if event.id not in replaced)
    return [] if version.withdrawn else [event for event in current if not event.retracted]
