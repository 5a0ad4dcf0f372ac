"""When something happened: an interval of days, as exact as its source was and no more."""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T.*)?\Z")


def parse_partial_date(text: str) -> tuple[date, date]:
    """The first and the last day that ``2026``, ``2026-03``, ``2026-03-14`` or a date-time can mean.

    Raises ValueError with the mend in its message.
    """
    match = _PARTIAL.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a date; write YYYY, YYYY-MM or YYYY-MM-DD")
    year = int(match[1])
    month, day = (int(part) if part else None for part in match.groups()[1:])
    if year < 1880:
        raise ValueError(f"{text!r} lies before 1880; check the year")
    try:
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        if day is None:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        return date(year, month, day), date(year, month, day)
    except (ValueError, IndexError, calendar.IllegalMonthError):
        raise ValueError(f"{text!r} is not a day of the calendar") from None


class Period(BaseModel):
    """Days between which something happened, ends included; ``None`` is unbounded (not known).

    For a *point* event (an injection) the interval is what is not known of its day. For a *course*
    (physiotherapy) it is the widest span the course can have had; ``sure_from`` and ``sure_to`` bound
    the days on which it certainly ran. Written short: ``2026-03``, ``2026-03-14``, ``2026-01/2026-06``,
    ``2026-01-10/`` (end not known), ``/2025`` (start not known).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    sure_from: date | None = None
    sure_to: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, date):
            value = value.isoformat()[:10]
        if isinstance(value, int):
            value = str(value)
        if not isinstance(value, str):
            return value
        if "/" not in value:
            first, last = parse_partial_date(value)
            return {"from": first, "to": last}
        start, _, end = value.partition("/")
        first, sure_from = parse_partial_date(start) if start.strip() else (None, None)
        sure_to, last = parse_partial_date(end) if end.strip() else (None, None)
        if sure_from is not None and sure_to is None and last is None:
            sure_to = sure_from
        if sure_to is not None and sure_from is None and first is None:
            sure_from = sure_to
        return {"from": first, "to": last, "sure_from": sure_from, "sure_to": sure_to}

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise ValueError(f"ends on {self.to} before it begins on {self.from_}; exchange or correct the dates")
        return self

    @model_serializer
    def _plain(self) -> dict[str, str]:
        names = {"from": self.from_, "to": self.to, "sure_from": self.sure_from, "sure_to": self.sure_to}
        return {name: day.isoformat() for name, day in names.items() if day is not None}

    @classmethod
    def on(cls, day: date) -> Self:
        """The period of one known day."""
        return cls.model_validate({"from": day, "to": day})

    def overlaps(self, other: Period) -> bool:
        """Whether the two can share a day; unbounded ends reach everywhere."""
        return (self.from_ is None or other.to is None or self.from_ <= other.to) and (
            other.from_ is None or self.to is None or other.from_ <= self.to
        )

    def text(self) -> str:
        """The period as a reader says it: ``2026-03-14``, ``2026-03``, ``2026-01-10 to 2026-02-01``."""
        if self.from_ is None and self.to is None:
            if self.sure_from is None or self.sure_to is None:
                return "date not known"
            ran = f"{self.sure_from}" if self.sure_from == self.sure_to else f"{self.sure_from} to {self.sure_to}"
            return f"ran on {ran}, beginning and end not known"
        if self.from_ is None:
            return f"by {self.to}"
        if self.to is None:
            return f"from {self.from_}"
        if self.from_ == self.to:
            return self.from_.isoformat()
        if self.sure_from is None:
            if parse_partial_date(f"{self.from_:%Y-%m}") == (self.from_, self.to):
                return f"{self.from_:%Y-%m}"
            if parse_partial_date(f"{self.from_:%Y}") == (self.from_, self.to):
                return f"{self.from_:%Y}"
        return f"{self.from_} to {self.to}"
