"""Dates of FHIR as Periods and instants, as exact as they were sent."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from nutation.record.fhir.node import Malformed, Node
from nutation.record.period import Period, parse_partial_date

_MEND = "write YYYY, YYYY-MM, YYYY-MM-DD or a full date-time, or leave it out."


def days_of(text: str, path: str) -> tuple[date, date]:
    """First and last day that a FHIR date or date-time can mean. Raises Malformed."""
    try:
        return parse_partial_date(text)
    except ValueError as error:
        raise Malformed(path, f"{error}.", _MEND) from None


def instant_of(text: str | None) -> datetime | None:
    """The instant of a date-time that has a time of day; UTC where it names no zone; else None."""
    if text is None or "T" not in text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def recorded_instant(text: str, path: str) -> datetime:
    """The latest instant that a date or date-time of recording can mean. Raises Malformed."""
    found = instant_of(text)
    if found is not None:
        return found
    if "T" in text:
        raise Malformed(path, f"{text!r} is not an instant.", "write it as 2026-03-14T09:30:00Z.")
    return datetime.combine(days_of(text, path)[1], time(23, 59, 59), UTC)


def period_node(node: Node, *, course: bool) -> Period | None:
    """A FHIR Period: the span of a course, or the days between which a point lies. Raises Malformed."""
    start, end = node.text("start"), node.text("end")
    if start is None and end is None:
        return None
    return between(start, end, node.path, course=course)


def between(start: str | None, end: str | None, path: str, *, course: bool) -> Period:
    """The Period from ``start`` to ``end``, either of which may be partial or missing. Raises Malformed."""
    first, sure_from = days_of(start, f"{path}.start") if start else (None, None)
    sure_to, last = days_of(end, f"{path}.end") if end else (None, None)
    if first is not None and last is not None and first > last:
        raise Malformed(path, f"ends on {end} before it begins on {start}.", "exchange or correct the two dates.")
    if not course:
        return Period.model_validate({"from": first, "to": last})
    if sure_from and sure_to and sure_from > sure_to:  # both partial and overlapping: no day is sure
        return Period.model_validate({"from": first, "to": last})
    return Period.model_validate(
        {"from": first, "to": last, "sure_from": sure_from or sure_to, "sure_to": sure_to or sure_from}
    )


def until(day: date, *, course: bool) -> Period:
    """All that a date of recording tells: a point happened by then; a course had begun and still ran then."""
    if course:
        return Period.model_validate({"sure_from": day, "sure_to": day})
    return Period.model_validate({"to": day})


def happened(node: Node, stem: str, *, course: bool) -> Period | None:
    """The Period of ``stem[x]`` (effective, performed, onset, occurrence …); None where no date is told."""
    found = node.choice(stem)
    if found is None:
        return None
    name, _ = found
    path = node.at(name)
    if name.endswith(("DateTime", "Instant", "Date")):
        text = node.text(name)
        if text is None:
            return None
        first, last = days_of(text, path)
        if course:
            return Period.model_validate({"from": first, "sure_from": last, "sure_to": last})
        return Period.model_validate({"from": first, "to": last})
    if name.endswith("Period"):
        child = node.child(name)
        return period_node(child, course=course) if child else None
    if name.endswith("Timing"):
        child = node.child(name)
        days = [days_of(text, f"{path}.event") for text in child.texts("event")] if child else []
        if days:
            first, last = min(day[0] for day in days), max(day[1] for day in days)
            return Period.model_validate({"from": first, "to": last})
    return None


def age_period(node: Node, stem: str, born: Period | None) -> Period | None:
    """The days of an age in whole years (``onsetAge``), from the date of birth; None where not told."""
    child = node.child(f"{stem}Age")
    if child is None or born is None or born.from_ is None or born.to is None:
        return None
    years, unit = child.number("value"), child.text("code") or child.text("unit")
    if years is None or unit not in ("a", "years", "year", "yr") or not 0 <= years <= 120:
        return None
    whole = int(years)
    try:
        first = born.from_.replace(year=born.from_.year + whole, day=min(born.from_.day, 28))
        last = born.to.replace(year=born.to.year + whole + 1, day=min(born.to.day, 28)) + timedelta(days=3)
    except ValueError:
        return None
    return Period.model_validate({"from": first, "to": last})
