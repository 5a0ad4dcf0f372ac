"""What a person typed into a form, and the values that it gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nutation.record.fields import Shape
from nutation.record.native_values import RefusedError, value_of
from nutation.record.period import Period, parse_partial_date
from nutation.web.forms.shape import NOT_KNOWN

Data = Mapping[str, Sequence[str]]
"""What a browser sent: every value of every name."""

LINE_MAX, TEXT_MAX = 500, 20_000
"""How many characters a line and a free text may have: far more than anybody types, far less than fills a disk."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_FIRST = re.compile(r"(?:(\d{1,2})\.\s*)?(\d{1,2})\.\s*(\d{4})", re.A)
_IN_WORDS = re.compile(r"(?:(\d{1,2})\.?\s+)?([A-Za-z]{3,9})\.?\s+(\d{4})", re.A)
_MONTH_YEAR = re.compile(r"(\d{1,2})[/.](\d{4})", re.A)
_COMMA = re.compile(r"[-+]?\d+,\d+", re.A)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something typed that cannot be used: in which field, what is wrong, and the mend."""

    name: str
    problem: str
    mend: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The data of one form, read name by name; of several values of one name the last counts."""

    data: Data

    def line(self, name: str) -> str:
        """The value without what nobody types on one line."""
        return " ".join(self.text(name).split())

    def text(self, name: str) -> str:
        """The value with its lines, without control characters."""
        values = self.data.get(name) or ("",)
        return _CONTROL.sub("", values[-1].replace("\r\n", "\n").replace("\r", "\n")).strip()

    def ticked(self, name: str) -> bool:
        """Whether a box of that name is ticked."""
        return bool(self.line(name))


def value_told(shape: Shape, raw: str) -> Any:
    """The value that ``raw`` gives a field, as a clinic writes it. Raises RefusedError."""
    match shape.takes:
        case "number" | "count":
            raw = raw.replace(",", ".") if _COMMA.fullmatch(raw) else raw
            return value_of(shape, raw)
        case "date":
            first, last = days(raw)
            if first != last:
                raise RefusedError(f"{shape.name} needs the day; {raw!r} leaves it open.", "write it as 2026-03-14.")
            return first
        case "word":
            if raw not in shape.words:
                raise RefusedError(f"{shape.name} cannot be {raw!r}.", "choose one of the answers.")
            return raw
        case "truth":
            if raw not in ("yes", "no"):
                raise RefusedError(f"{shape.name} cannot be {raw!r}.", "choose yes or no.")
            return raw == "yes"
        case _:
            if len(raw) > LINE_MAX:
                raise RefusedError(f"{shape.name} has {len(raw)} characters.", f"keep it under {LINE_MAX}.")
            return value_of(shape, raw)


def days(raw: str) -> tuple[date, date]:
    """The first and last day that a date can mean, however a clinic writes it. Raises RefusedError.

    ``2026-03-14``, ``2026-03``, ``2026``, ``14.3.2026``, ``3/2026``, ``14 March 2026``. What could be two days
    (``3/4/2026``) is refused.
    """
    text = raw.strip()
    if match := _DAY_FIRST.fullmatch(text):
        text = _iso(match[3], match[2], match[1])
    elif match := _MONTH_YEAR.fullmatch(text):
        text = _iso(match[2], match[1], None)
    elif (match := _IN_WORDS.fullmatch(text)) and match[2][:3].lower() in _MONTHS:
        text = _iso(match[3], str(_MONTHS.index(match[2][:3].lower()) + 1), match[1])
    if "T" in text:
        raise RefusedError(f"{raw!r} is not a date.", "write it as 2026-03-14, 2026-03 or 2026.")
    try:
        return parse_partial_date(text)
    except ValueError as error:
        problem = str(error).partition(";")[0].replace(repr(text), repr(raw))
        raise RefusedError(f"{problem}.", "write it as 2026-03-14, 2026-03 or 2026.") from None


def _iso(year: str, month: str, day: str | None) -> str:
    return f"{year}-{month:0>2}" + (f"-{day:0>2}" if day else "")


def period_told(raw: str) -> Period:
    """The days of something that happened once; empty or ``?`` is not known. Raises RefusedError."""
    if raw in ("", NOT_KNOWN):
        return UNDATED
    first, last = days(raw)
    return Period.model_validate({"from": first, "to": last})


def course_told(start: str, end: str) -> Period:
    """The days of a course between two dates, each of which may be missing. Raises RefusedError."""
    begun = days(start) if start not in ("", NOT_KNOWN) else None
    over = days(end) if end not in ("", NOT_KNOWN) else None
    if begun is None and over is None:
        return UNDATED
    if begun is not None and over is not None and over[1] < begun[0]:
        raise RefusedError(f"It ends ({end}) before it begins ({start}).", "exchange or correct the dates.")
    first, sure_from = begun or (None, None)
    sure_to, last = over or (None, None)
    return Period.model_validate(
        {"from": first, "to": last, "sure_from": sure_from or sure_to, "sure_to": sure_to or sure_from}
    )


UNDATED = Period()
"""Of something whose date is not recorded."""


def shown(period: Period) -> str:
    """A point's period as it is typed, where it is a day, a month or a year; else empty."""
    if period.from_ is None or period.to is None:
        return ""
    text = period.text()
    return "" if " " in text else text


def shown_ends(period: Period) -> tuple[str, str]:
    """A course's beginning and end as they are typed."""
    start = _partial(period.from_, period.sure_from if period.sure_from is not None else period.from_)
    end = _partial(period.sure_to if period.sure_to is not None else period.to, period.to)
    return start if period.from_ is not None else "", end if period.to is not None else ""


def _partial(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return ""
    text = Period.model_validate({"from": min(first, last), "to": max(first, last)}).text()
    return text if " " not in text else first.isoformat()
