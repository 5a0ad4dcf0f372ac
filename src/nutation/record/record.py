"""What a reader returns: one patient's events, and everything that could not become one."""

from __future__ import annotations

from dataclasses import dataclass

from nutation.record.head import Event


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A part of the input that no event was made of, and whether its code could matter to an answer."""

    resource: str
    path: str
    code: str
    system: str
    label: str
    relevant: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One patient's events as read, in the order of the source."""

    patient: str
    events: tuple[Event, ...]
    unmapped: tuple[Unmapped, ...] = ()
    warnings: tuple[str, ...] = ()
    label: str = ""
