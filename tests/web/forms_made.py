"""Forms filled in for tests: one sending of one person on one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from nutation.record.head import Event
from nutation.web.forms import FORMS
from nutation.web.forms.read import Read, read
from nutation.web.forms.sending import Sending

DAY = date(2026, 9, 10)
SENDING = Sending(
    "p1", "Dr R. Halvorsen, orthopaedic surgeon", datetime(2026, 9, 10, 8, tzinfo=UTC), DAY, "a" * 32, "Dr R. Halvorsen"
)


def data_of(told: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
    return {name: [value] if isinstance(value, str) else list(value) for name, value in told.items()}


def filled_in(form: str, told: Mapping[str, str], sending: Sending = SENDING) -> Read:
    return read(FORMS[form], data_of(told), sending)


def events_of(form: str, told: Mapping[str, str]) -> tuple[Event, ...]:
    found = filled_in(form, told)
    assert found.mistakes == ()
    return found.events


def one_of(form: str, told: Mapping[str, str]) -> Event:
    (event,) = events_of(form, told)
    return event


def wrong_in(form: str, told: Mapping[str, str]) -> dict[str, str]:
    """The mistakes by the input where they are, problem and mend in one text."""
    found = filled_in(form, told)
    assert found.events == ()
    return {mistake.name: f"{mistake.problem} {mistake.mend}" for mistake in found.mistakes}
