"""The evidence for a reader: rows for a table, and one entry in full. Data to print, nothing printed."""

from __future__ import annotations

from typing import Any, cast

from nutation.evidence.loader import Evidence
from nutation.evidence.schema import MARK_WORDS, Entry, Interval, Source


def rows(evidence: Evidence, *, topic: str | None = None, words: str | None = None) -> list[dict[str, str]]:
    """One row an entry: id, topic, label, value, population, source, verified (the mark), in file order.

    ``topic`` keeps one file's entries; ``words`` those that hold every word in id, label, population or source.
    """
    wanted = words.lower().split() if words else []
    found: list[dict[str, str]] = []
    for entry in evidence.entries:
        if topic is not None and entry.topic != topic:
            continue
        row = {
            "id": entry.id,
            "topic": entry.topic,
            "label": entry.label,
            "value": _short(entry),
            "population": entry.population,
            "source": "; ".join(evidence.source(key).citation for key in entry.citation),
            "verified": entry.verified,
        }
        text = " ".join(row.values()).lower()
        if all(word in text for word in wanted):
            found.append(row)
    return found


def topics(evidence: Evidence) -> dict[str, int]:
    """How many entries each topic has."""
    counts: dict[str, int] = {}
    for entry in evidence.entries:
        counts[entry.topic] = counts.get(entry.topic, 0) + 1
    return counts


def detail(evidence: Evidence, entry_id: str) -> dict[str, Any]:
    """One entry in full: its figures one by one (each with interval and mark), and its sources with links.

    Raises EvidenceError, with the nearest ids, when there is no such entry.
    """
    entry = evidence.entry(entry_id)
    return {
        "id": entry.id,
        "topic": entry.topic,
        "label": entry.label,
        "figures": figures(entry),
        "unit": entry.unit,
        "n": entry.n,
        "population": entry.population,
        "device": entry.device,
        "verified": entry.verified,
        "verified_in_words": MARK_WORDS[entry.verified],
        "note": entry.note,
        "sources": [source_line(key, evidence.source(key)) for key in entry.citation],
        "evidence_version": evidence.version,
    }


def figures(entry: Entry) -> list[dict[str, Any]]:
    """Every figure of an entry: its place in the value, the figure, its interval in words, its mark."""
    found: list[dict[str, Any]] = []
    for path, value in _leaves(entry.value, ""):
        mark = entry.mark_of(path)
        found.append(
            {
                "name": path,
                "value": value,
                "interval": interval_words(entry.interval_of(path)),
                "verified": mark,
                "verified_in_words": MARK_WORDS[mark],
            }
        )
    return found


def interval_words(interval: Interval | None) -> str | None:
    """``95 % interval 0.72 to 0.99``, or ``observed range …`` where it is no confidence interval."""
    if interval is None:
        return None
    span = f"{_number(interval.low)} to {_number(interval.high)}"
    if interval.level is None:
        return f"observed range {span}"
    return f"{interval.level * 100:g} % interval {span}" + (" (level assumed)" if interval.level_assumed else "")


def source_line(key: str, source: Source) -> dict[str, str]:
    """A source for a reader: key, citation in full, link, and who paid where known."""
    line = {"key": key, "citation": source.citation, "link": source.link or ""}
    if source.interest:
        line["interest"] = source.interest
    if source.note:
        line["note"] = source.note
    return line


def unverified(evidence: Evidence) -> list[dict[str, str]]:
    """The rows that rest, wholly or in part, on what nobody has checked (for the list of unverified figures)."""
    return [
        row
        for row, entry in zip(rows(evidence), evidence.entries, strict=True)
        if entry.verified == "unverified" or "unverified" in entry.marks.values()
    ]


def _short(entry: Entry, most: int = 6) -> str:
    """The first figures on one line."""
    parts: list[str] = []
    for path, value in _leaves(entry.value, ""):
        interval = entry.interval_of(path)
        text = f"{path} {_number(value)}".strip()
        if interval is not None:
            text += f" ({_number(interval.low)} to {_number(interval.high)})"
        parts.append(text)
    more = f", and {len(parts) - most} more" if len(parts) > most else ""
    unit = f" {entry.unit}" if entry.unit and not isinstance(entry.value, dict) else ""
    return ", ".join(parts[:most]) + more + unit


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    """Figures by dotted place; a list of words is one figure, a list of numbers one a number."""
    if isinstance(value, dict):
        return [
            leaf
            for key, part in cast("dict[str, Any]", value).items()
            for leaf in _leaves(part, f"{path}.{key}" if path else key)
        ]
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if all(isinstance(item, str) for item in items):
            return [(path, ", ".join(items))]
        return [leaf for place, part in enumerate(items) for leaf in _leaves(part, f"{path}.{place}")]
    return [(path, value)]


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
