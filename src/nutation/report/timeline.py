"""The patient's events over time: the list by day in columns of sides, and an inline SVG overview of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Any

from nutation.report import words

Plain = dict[str, Any]
LANES: tuple[tuple[str, frozenset[str]], ...] = (
    ("Pain, function", frozenset({"onset", "pain_score", "pain_pattern", "score", "function"})),
    ("Examination", frozenset({"examination"})),
    ("Injections", frozenset({"injection"})),
    ("Care", frozenset({"treatment"})),
    ("Medicines", frozenset({"medication"})),
    ("Images, laboratory", frozenset({"imaging", "laboratory"})),
    ("History", frozenset({"diagnosis", "trauma", "pregnancy", "nicotine"})),
    ("Operations", frozenset({"operation", "adverse_event"})),
    (
        "Safety, statements",
        frozenset({"safety_screen", "symptom", "gate_resolution", "attestation", "completeness", "signature"}),
    ),
)  # fmt: skip
_COURSES = frozenset({"treatment", "medication"})
_LETTERS = {"left": "L", "right": "R", "both": "B", "none": "P", "unknown": "?"}
_LABEL = 128
_WIDTH = 810
_ROW = 26
_APART = 26
_NEAR = 55
_EARLIEST = timedelta(days=365 * 6)
_MARGIN = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Day:
    """The events that began on one day (or month, or year), by column."""

    text: str
    left: tuple[Plain, ...]
    middle: tuple[Plain, ...]
    right: tuple[Plain, ...]


def days(events: Sequence[Plain]) -> list[Day]:
    """Events by the period that they began in, in the document's order; ``middle`` holds what is not of one side."""
    found: dict[str, list[Plain]] = {}
    for event in events:
        found.setdefault(words.dated(event["happened"]["text"]), []).append(event)
    return [
        Day(
            text,
            tuple(e for e in told if e["side"] == "left"),
            tuple(e for e in told if e["side"] not in ("left", "right")),
            tuple(e for e in told if e["side"] == "right"),
        )
        for text, told in found.items()
    ]


@dataclass(frozen=True, slots=True)
class _Mark:
    """One mark of the overview: what it links to, where it stands in pixels, and how many events it holds."""

    href: str
    title: str
    letter: str
    x: float
    width: float
    planned: bool
    text: str
    count: int


def overview(events: Sequence[Plain], anchors: Mapping[str, str], as_of: str) -> str:
    """The SVG: one lane a kind of event, marks of one day and side together, courses as bars.

    ``anchors`` gives the page's anchor of an event by id. Empty text where nothing is dated.
    """
    standing = [e for e in events if e["stands"] and e["kind"] not in ("person", "coverage")]
    dated = [e for e in standing if _begins(e) is not None]
    asked = words.parse_day(as_of)
    if not dated or asked is None:
        return ""
    first, last = _window(dated, asked)
    parts: list[str] = []
    y = 24
    for name, kinds in LANES:
        marks = _marks([e for e in dated if e["kind"] in kinds], anchors, first, last)
        if not marks:
            continue
        rows = _stacked(marks)
        height = _ROW * len(rows)
        parts.append(f'<line class="lane" x1="0" x2="{_LABEL + _WIDTH + 16}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="lane-name" x="0" y="{y + 17}">{escape(name)}</text>')
        for place, row in enumerate(rows):
            parts.extend(_drawn(mark, y + place * _ROW + 2) for mark in row)
        y += height + 4
    height = y + 4
    now = _LABEL + _place(asked, first, last)
    ticks = "".join(_tick(day, text, first, last, height, now) for day, text in _ticks(first, last))
    line = (
        f'<line class="asked" x1="{now:.1f}" x2="{now:.1f}" y1="18" y2="{height}"/>'
        f'<text class="asked-name" x="{now:.1f}" y="12" text-anchor="middle">asked about</text>'
    )
    return (
        f'<svg class="overview" width="{_LABEL + _WIDTH + 20}" height="{height}" role="group" '
        f'aria-label="Overview of the events over time">{ticks}{line}{"".join(parts)}</svg>'
    )


def _begins(event: Plain) -> date | None:
    return words.parse_day(event["happened"].get("from") or event["happened"].get("to"))


def _ends(event: Plain) -> date | None:
    return words.parse_day(event["happened"].get("to"))


def _window(events: Sequence[Plain], asked: date) -> tuple[date, date]:
    """The days shown: from the onset where one is told, at most six years back; earlier marks stand at the edge."""
    begun = [day for e in events if (day := _begins(e)) is not None]
    onsets = [day for e in events if e["kind"] == "onset" and (day := _begins(e)) is not None]
    first = max(min(onsets or begun), asked - _EARLIEST)
    last = max(asked, *(min(day, asked + _EARLIEST) for day in begun))
    return first - _MARGIN, last + _MARGIN


def _place(day: date, first: date, last: date) -> float:
    share = (day - first).days / max(1, (last - first).days)
    return min(1.0, max(0.0, share)) * _WIDTH


def _marks(events: Sequence[Plain], anchors: Mapping[str, str], first: date, last: date) -> list[_Mark]:
    together: dict[tuple[Any, ...], list[Plain]] = {}
    for event in events:
        course = event["kind"] in _COURSES
        key = (event["id"],) if course else (_begins(event), event["side"], event["modality"] == "intended")
        together.setdefault(key, []).append(event)
    return [_mark(told, anchors, first, last) for told in together.values()]


def _mark(told: list[Plain], anchors: Mapping[str, str], first: date, last: date) -> _Mark:
    event = told[0]
    begins = _begins(event)
    assert begins is not None
    x, width, text = _place(begins, first, last), 20.0, ""
    if event["kind"] in _COURSES:
        ends = _ends(event)
        width = max(20.0, _place(ends if ends else last, first, last) - x)
        told_by = event["values"]
        text = words.said(told_by.get("care") or told_by.get("drug") or told_by.get("drug_class") or event["kind"])
    title = "; ".join(f"{words.dated(e['happened']['text'])}: {e['text']}" for e in told)
    side = str(event["side"])
    planned = event["modality"] == "intended"
    return _Mark(f"#{anchors[event['id']]}", title, _LETTERS.get(side, "?"), x, width, planned, text, len(told))


def _stacked(marks: Sequence[_Mark]) -> list[list[_Mark]]:
    """Marks in as few rows as keep them apart."""
    rows: list[list[_Mark]] = []
    for mark in sorted(marks, key=lambda m: (m.x, m.title)):
        for row in rows:
            if mark.x >= row[-1].x + row[-1].width + (_APART - 20):
                row.append(mark)
                break
        else:
            rows.append([mark])
    return rows


def _drawn(mark: _Mark, y: float) -> str:
    x = _LABEL + mark.x - (10 if not mark.text else 0)
    kind = "mark planned" if mark.planned else "mark"
    title = f"<title>{escape(mark.title)}</title>"
    more = str(mark.count) if mark.count > 1 else ""
    seen = f"{mark.letter} {mark.text}" if mark.text else f"{mark.letter}{more}"
    label = escape(f"{seen}: {mark.title}", quote=True)
    if mark.text:
        shape = f'<rect class="{kind}" x="{x:.1f}" y="{y + 1}" width="{mark.width:.1f}" height="20" rx="4"/>'
        text = f'<svg x="{x:.1f}" y="{y + 1}" width="{mark.width:.1f}" height="20"><text x="6" y="14">{escape(seen)}'
        text += "</text></svg>"
    else:
        shape = f'<rect class="{kind}" x="{x:.1f}" y="{y + 1}" width="20" height="20" rx="10"/>'
        text = f'<text x="{x + 10:.1f}" y="{y + 15}" text-anchor="middle">{seen}</text>'
    hit = f'<rect class="hit" x="{x - 2:.1f}" y="{y - 1}" width="{mark.width + 4:.1f}" height="24"/>'
    return f'<a href="{escape(mark.href, quote=True)}" aria-label="{label}">{title}{hit}{shape}{text}</a>'


def _ticks(first: date, last: date) -> list[tuple[date, str]]:
    """Beginnings of years, or of quarters where the window is shorter than three years."""
    months = (1,) if (last - first).days > 365 * 3 else (1, 4, 7, 10)
    found: list[tuple[date, str]] = []
    for year in range(first.year, last.year + 1):
        for month in months:
            day = date(year, month, 1)
            if first <= day <= last:
                name = str(year) if month == 1 else words.dated(f"{year}-{month:02}").split()[0]
                found.append((day, name))
    return found


def _tick(day: date, text: str, first: date, last: date, height: float, now: float) -> str:
    x = _LABEL + _place(day, first, last)
    line = f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{height}"/>'
    if abs(x - now) < _NEAR:
        return line
    return line + f'<text class="tick" x="{x:.1f}" y="12" text-anchor="middle">{text}</text>'
