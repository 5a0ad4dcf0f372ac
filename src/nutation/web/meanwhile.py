"""What others entered of a patient while somebody filled in a page: by whom, when and what, so that both is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from nutation.record.checks import named
from nutation.report import words
from nutation.store import Entry, events, people
from nutation.web import history_words
from nutation.web.look import moment

_MOST = 10
"""How many entries are told: the last ones are what a writer has to look at."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """One thing that somebody else entered."""

    by: str
    at: str
    what: str


def since(conn: Connection, entries: Sequence[Entry]) -> list[Meanwhile]:
    """What the entries tell, the latest last; at most the last ten."""
    last = entries[-_MOST:]
    names = people.shown_names(conn, {one.by for one in last})
    return [
        Meanwhile(names.get(one.by, one.by), moment(one.at), words.dated(words.cleaned(_what(one)))) for one in last
    ]


def _what(entry: Entry) -> str:
    """Findings one by one, since another's entry of the same visit is what is looked for; the rest as the history."""
    if entry.kind != "events" or entry.body is None:
        return history_words.what(entry)
    made = [events.event_of(told, entry.patient) for told in entry.body["events"]]
    return "; ".join(dict.fromkeys(words.said(named(event)) for event in made)) or "nothing new"
