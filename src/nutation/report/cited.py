"""Findings that a page cites, numbered in the order of time, so that every line points to its records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Cited:
    """Events of one document by id, and the numbers of those that a page cites.

    Number first (``cite`` everything that the page will cite), then ask for numbers: they follow the events'
    order in the document, which is that of time.
    """

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self._events: dict[str, dict[str, Any]] = {event["id"]: event for event in events}
        self._place = {name: place for place, name in enumerate(self._events)}
        self._cited: set[str] = set()
        self._numbers: dict[str, int] = {}

    def cite(self, ids: Iterable[str]) -> None:
        """Note events as cited; an id that the document does not hold is passed over."""
        self._cited.update(name for name in ids if name in self._events)
        self._numbers = {name: number for number, name in enumerate(self.order(), 1)}

    def event(self, name: str) -> dict[str, Any] | None:
        """The event of that id, if the document holds it."""
        return self._events.get(name)

    def of_kind(self, kind: str, side: str) -> list[str]:
        """Ids of all standing events of that kind at that joint, or of the person, cited or not."""
        return [
            name
            for name, event in self._events.items()
            if event["kind"] == kind and event["stands"] and event["side"] in (side, "both", "none")
        ]

    def order(self) -> list[str]:
        """Ids of all cited events, in the order of time."""
        return sorted(self._cited, key=self._place.__getitem__)

    def numbers(self, ids: Iterable[str]) -> list[int]:
        """The numbers of these events among all that are cited, from the first to the last."""
        return sorted({self._numbers[name] for name in ids if name in self._numbers})
