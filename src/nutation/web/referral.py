"""What a referral may tell beside the name: sex, who pays, how the pain began. All of it may stay empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from nutation.record.head import Event
from nutation.record.period import Period
from nutation.web.forms import FORMS
from nutation.web.forms.answers import Data, Mistake
from nutation.web.forms.known import Known
from nutation.web.forms.read import read
from nutation.web.forms.sending import Making, Sending
from nutation.web.forms.shape import NOT_KNOWN, Form, Section
from nutation.web.forms.view import View
from nutation.web.forms.viewing import view

_PERSON = "person.0.sex"


def _section(form: str, kind: str) -> Section:
    return next(part for part in FORMS[form].sections() if part.kind == kind)


REFERRAL = Form(
    name="referral",
    title="What the referral tells",
    day="none",
    sides="asked",
    offered=("left", "right", "both"),
    parts=(
        replace(_section("history", "person"), happened="form", fold="open"),
        replace(_section("coverage", "coverage"), remark=False),
        replace(_section("history", "onset"), fold="open", remark=False),
    ),
)
"""Parts of the forms that ask for the same later, so that they are asked and read in the same way."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a referral gave: events, mistakes, and what to look at before it is kept."""

    events: tuple[Event, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    looks: tuple[str, ...] = ()


def told(data: Data, born: date | None, sending: Sending) -> Told:
    """The events of what was typed beside the name. A day of birth makes a person, with or without the sex."""
    sex = data.get(_PERSON, ("",))[-1]
    not_known = ("sex",) if sex == NOT_KNOWN else ()
    found = read(REFERRAL, {name: values for name, values in data.items() if name != _PERSON}, sending)
    mistakes = [mistake for mistake in found.mistakes if mistake.name]  # nothing entered is no mistake here
    making = Making(REFERRAL, sending)
    if born is not None or sex:
        period = Period.on(born) if born is not None else Period()
        values = {"sex": None if not_known else sex or None, "asked_not_known": not_known, "side": "none"}
        making.make("person", "person.0", values, period, _PERSON)
    return Told((*making.events, *found.events), (*mistakes, *making.mistakes), tuple(_looks(found.events)))


def _looks(events: Sequence[Event]) -> Iterable[str]:
    """A coverage without dates counts all the same, and everything else can be without a side."""
    for onset in (event for event in events if event.kind == "onset"):
        if onset.side == "unknown":
            yield "No side is given: how the pain began counts for neither joint until it is."
        if onset.happened.from_ is None:
            yield "It is not said since when it hurts: how long it lasts stays unknown."


def shown(data: Data, mistakes: Sequence[Mistake] = ()) -> View:
    """The questions as the page shows them, with what was typed."""
    return view(REFERRAL, Known(), data, [one for one in mistakes if "." in one.name or one.name == "side"]).view
