"""What differs between two sets of evidence: entries, sources and documents added, removed or changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from nutation.evidence.loader import Evidence


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``kind`` says of what (entry, source, policy, document); ``place`` is dotted.

    ``old`` is None for what was added, ``new`` is None for what was removed, with ``place`` empty in both cases.
    """

    kind: str
    id: str
    change: str
    place: str
    old: Any
    new: Any

    def as_plain(self) -> dict[str, Any]:
        """The change as JSON-ready data."""
        return asdict(self)


def compare(old: Evidence, new: Evidence) -> tuple[Change, ...]:
    """Every difference from ``old`` to ``new``, entries first, each changed field with both values."""
    before, after = _parts(old), _parts(new)
    return tuple(change for kind in before for change in _between(kind, before[kind], after[kind]))


def _parts(evidence: Evidence) -> dict[str, dict[str, Any]]:
    return {
        "entry": {entry.id: entry.model_dump(mode="json") for entry in evidence.entries},
        "source": {key: source.model_dump(mode="json") for key, source in evidence.sources.items()},
        "policy": {f"{policy.plain['id']} {policy.plain['version']}": policy.plain for policy in evidence.policies},
        "document": {file: document.plain for file, document in evidence.documents.items()},
    }


def _between(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    changes = [Change(kind, key, "added", "", None, new[key]) for key in new if key not in old]
    changes += [Change(kind, key, "removed", "", old[key], None) for key in old if key not in new]
    for key in old:
        if key in new:
            changes += [
                Change(kind, key, "changed", place, before, after)
                for place, before, after in _differences(old[key], new[key], "")
            ]
    return changes


def _differences(old: Any, new: Any, place: str) -> list[tuple[str, Any, Any]]:
    """The smallest parts that differ; lists whose items have ids are compared by id, not by position."""
    old, new = _by_id(old), _by_id(new)
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        return [
            difference
            for key in dict.fromkeys((*before, *after))
            for difference in _differences(before.get(key), after.get(key), f"{place}.{key}" if place else key)
        ]
    same = old == new and isinstance(old, bool) == isinstance(new, bool)
    return [] if same else [(place, old, new)]


def _by_id(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    items = cast("list[Any]", value)
    if items and all(isinstance(item, dict) and "id" in item for item in items):
        return {str(item["id"]): item for item in items}
    return items
