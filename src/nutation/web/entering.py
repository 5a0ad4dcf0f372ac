"""What the pages share on which somebody writes one entry: reading it field by field, and never writing it twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Request
from sqlalchemy import Connection

from nutation.record.native_values import RefusedError
from nutation.report import words
from nutation.store import answers, ledger
from nutation.store.answers import Answer
from nutation.web.forms.answers import LINE_MAX, TEXT_MAX, Answers, Data, Mistake, days
from nutation.web.forms.sending import is_token
from nutation.web.rendering import environment

_KEY = re.compile(r"([0-9a-f]{64})/(\d{4}-\d\d-\d\d)/([0-9a-f]{64})", re.A)
_ID = re.compile(r"[^a-z0-9]+")


async def sent(request: Request) -> Data:
    """What the browser sent, every text value of every name."""
    form = await request.form()
    return {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form}


Sent = Annotated[Data, Depends(sent)]


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of a page, and what is wrong there."""

    data: Data = field(default_factory=dict[str, Sequence[str]])
    mistakes: tuple[Mistake, ...] = ()

    def line(self, name: str) -> str:
        """What stands on the line of that name."""
        return Answers(self.data).line(name)

    def text(self, name: str) -> str:
        """What stands in the text of that name, with its lines."""
        return Answers(self.data).text(name)

    def has(self, name: str, value: str) -> bool:
        """Whether the box or answer of that value is chosen."""
        return value in (self.data.get(name) or ())

    def wrong(self, name: str) -> tuple[Mistake, ...]:
        """What is wrong with the field of that name."""
        return tuple(mistake for mistake in self.mistakes if mistake.name == name)


def field_id(name: str) -> str:
    """The id of the field of that name in its page, to which a mistake leads."""
    return "f-" + _ID.sub("-", name.lower()).strip("-")


environment().filters["field_id"] = field_id


class Reading:
    """One sending read field by field; every mistake is kept with the field where it is."""

    def __init__(self, data: Data) -> None:
        self._answers = Answers(data)
        self.data = data
        self.mistakes: list[Mistake] = []

    def wrong(self, name: str, problem: str, mend: str) -> None:
        """Note a mistake at the field of that name."""
        self.mistakes.append(Mistake(name, problem, mend))

    def line(self, name: str, what: str, *, needed: str = "", most: int = LINE_MAX) -> str:
        """The line of that name. ``what`` names it; ``needed`` is the mend where it may not stay empty."""
        return self._kept(name, what, self._answers.line(name), needed, most)

    def text(self, name: str, what: str, *, needed: str = "", most: int = TEXT_MAX) -> str:
        """The text of that name, with its lines."""
        return self._kept(name, what, self._answers.text(name), needed, most)

    def one_of(self, name: str, what: str, choices: Mapping[str, str], *, needed: str = "") -> str:
        """The answer of that name out of the ``choices``; empty where none is chosen."""
        told = self._answers.line(name)
        if told and told not in choices:
            self.wrong(name, f"{what}: this is none of the answers.", "choose one of them.")
            return ""
        return self._kept(name, what, told, needed, LINE_MAX)

    def day(self, name: str, what: str, *, needed: str = "", latest: date | None = None) -> date | None:
        """The day of that name, not after ``latest``; None where it stays empty or is a mistake."""
        told = self._kept(name, what, self._answers.line(name), needed, LINE_MAX)
        if not told:
            return None
        try:
            first, last = days(told)
        except RefusedError as refused:
            self.wrong(name, f"{what}: {refused.problem}", refused.mend)
            return None
        if first != last:
            self.wrong(name, f"{what}: the day is needed, and this leaves it open.", "write it as 2026-03-14.")
            return None
        if latest is not None and first > latest:
            self.wrong(name, f"{what}: this day is still to come.", "correct the date.")
            return None
        return first

    def ticked(self, name: str, value: str = "yes") -> bool:
        """Whether the box of that name and value is ticked."""
        return value in (self.data.get(name) or ())

    def typed(self) -> Typed:
        """The fields as they were sent, with the mistakes in them."""
        return Typed(self.data, tuple(self.mistakes))

    def _kept(self, name: str, what: str, told: str, needed: str, most: int) -> str:
        told = "\n".join(str(words.cleaned(one)) for one in told.split("\n")).strip()
        if not told and needed:
            self.wrong(name, f"{what} is missing.", needed)
        if len(told) > most:
            self.wrong(name, f"{what} has {len(told)} characters.", f"keep it under {most}.")
        return told


def new_token() -> str:
    """A form's one-time token: it becomes the id of the entry that the form makes."""
    return uuid4().hex


def token_of(data: Data) -> str:
    """The token that was sent, or a new one where it is none."""
    told = Answers(data).line("token")
    return told if is_token(told) else new_token()


def saved_before(conn: Connection, patient: str, kind: str, token: str) -> bool:
    """Whether the form with this token was kept already: then nothing is to be added."""
    return any((entry.body or {}).get("id") == token for entry in ledger.entries(conn, patient, (kind,)))


def key_text(answer: Answer | None) -> str:
    """What names an answer in a hidden field, so that an entry cites the one that was on the page."""
    return f"{answer.events_head}/{answer.as_of.isoformat()}/{answer.versions_sha256}" if answer is not None else ""


def answer_named(conn: Connection, patient: str, text: str) -> Answer | None:
    """The stored answer that such a text names; None where it names none, or it was tidied away."""
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    key = {"events_head": found[1], "as_of": found[2], "versions_sha256": found[3]}
    try:
        return answers.stored(conn, patient, key)
    except ValueError:  # no day of the calendar
        return None
