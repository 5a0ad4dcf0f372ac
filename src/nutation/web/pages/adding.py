"""A new patient by hand: name, day of birth, numbers, the referral; who may be the same person is shown first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.store import events, patients
from nutation.web import referral
from nutation.web.answering import local_day
from nutation.web.candidates import Candidate, candidates, one_at_a_time, unanswered, with_identifier
from nutation.web.context import Current, needs
from nutation.web.entering import Reading, Sent, Typed, new_token, token_of
from nutation.web.forms.sending import Sending
from nutation.web.rendering import render

router = APIRouter()
Adder = Annotated[Current, Depends(needs("see_patient", "add_patient"))]

IDENTIFIERS = 4
"""How many numbers the page has room for; more are added on the patient's own page."""
MOST = 200
"""Longest name, and longest number with its kind, in characters."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the page was told of."""

    label: str
    born: date | None
    identifiers: tuple[tuple[str, str], ...]
    events: tuple[Event, ...] = ()


@router.get("/patients/add")
def ask(request: Request, who: Adder) -> Response:
    """The empty page."""
    return _page(request, who, Typed(), token=new_token())


@router.post("/patients/add")
def add(request: Request, who: Adder, data: Sent) -> Response:
    """Add the patient, or show who may be the same person, or what is wrong."""
    reading = Reading(data)
    token = token_of(data)
    person, looks = _read(reading, who, token)
    if reading.mistakes:
        return _page(request, who, reading.typed(), token=token)
    if looks and data.get("do", ("",))[-1] != "anyway":
        return _page(request, who, reading.typed(), token=token, looks=looks)
    try:
        with who.write() as conn:
            one_at_a_time(conn)
            found = _same(conn, person, reading)
            open_ = unanswered(found, [one.id for one in found if reading.ticked(one.box)])
            made = None if open_ or reading.mistakes else _add(conn, who, person)
    except InputError as error:
        reading.wrong("", error.problem, error.mend)
        return _page(request, who, reading.typed(), token=token)
    if made is None:
        return _page(request, who, reading.typed(), token=token, found=found)
    return RedirectResponse(f"/patients/{made}?told=added", status_code=303)


def _read(reading: Reading, who: Current, token: str) -> tuple[Person, tuple[str, ...]]:
    today = local_day(who.now)
    label = reading.line("name", "The name", needed="write it as on the referral.", most=MOST)
    born = reading.day("born", "The day of birth", latest=today)
    found = dict.fromkeys(one for n in range(IDENTIFIERS) if (one := read_identifier(reading, f"id.{n}")) is not None)
    sending = Sending("new", who.person.named, who.now, today, token, who.person.shown)
    told = referral.told(reading.data, born, sending)
    reading.mistakes += told.mistakes
    return Person(label, born, tuple(found), told.events), told.looks


def read_identifier(reading: Reading, row: str) -> tuple[str, str] | None:
    """The number at a row and what kind of number it is; None where the row is empty or half filled in."""
    value = reading.line(f"{row}.value", "The number", most=MOST)
    system = reading.line(f"{row}.system", "The kind of number", most=MOST)
    if value and not system:
        reading.wrong(
            f"{row}.system", "It is not said what number this is.", "write whose it is, such as the clinic's."
        )
    if system and not value:
        reading.wrong(f"{row}.value", f"{system} has no number.", "write the number, or leave both empty.")
    return (system, value) if system and value else None


def _same(conn: Connection, person: Person, reading: Reading) -> list[Candidate]:
    """Who may be the same person; a number that somebody has already is a mistake, whoever it is."""
    found = candidates(conn, person.label, person.born)
    for system, value in person.identifiers:
        holder = with_identifier(conn, system, value)
        if holder is not None:
            reading.wrong("", f"{value} ({system}) is the number of a patient who is here.", "open that patient below.")
            found = [holder, *(one for one in found if one.id != holder.id)]
    return found


def _add(conn: Connection, who: Current, person: Person) -> str:
    told = person.identifiers
    made = patients.add(conn, person.label, by=who.person.id, at=who.now, born=person.born, identifiers=told)
    if person.events:
        events.append_events(conn, made, person.events, by=who.person.id, at=who.now)
    return made


def _page(
    request: Request,
    who: Current,
    typed: Typed,
    *,
    token: str,
    found: Sequence[Candidate] = (),
    looks: Sequence[str] = (),
) -> Response:
    return render(
        request, "adding.html.j2", status=422 if typed.mistakes or found or looks else 200, typed=typed, token=token,
        found=found, looks=looks, rows=range(IDENTIFIERS), view=referral.shown(typed.data, typed.mistakes),
    )  # fmt: skip
