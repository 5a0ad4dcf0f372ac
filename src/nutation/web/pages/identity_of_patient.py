"""Who a patient is: name and day of birth corrected with a reason, numbers added and taken off; and erasing by law."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.record.head import Source
from nutation.record.identity import event_id
from nutation.record.kinds import Person
from nutation.record.period import Period
from nutation.record.standing import standing
from nutation.store import ConflictError, events, ledger, patients, people
from nutation.store.patients import Patient
from nutation.web import meanwhile, which_patient
from nutation.web.answering import local_day
from nutation.web.context import Current, needs
from nutation.web.entering import Reading, Sent, Typed, new_token, token_of
from nutation.web.forms.sending import SYSTEM
from nutation.web.holdings import holding
from nutation.web.importing import born_of
from nutation.web.look import moment
from nutation.web.meanwhile import Meanwhile
from nutation.web.pages.adding import MOST, read_identifier
from nutation.web.planning import images
from nutation.web.rendering import render

router = APIRouter()
Keeper = Annotated[Current, Depends(needs("see_patient", "add_patient"))]
Eraser = Annotated[Current, Depends(needs("see_patient", "erase_patient"))]

_ROW = "id.0"


@router.get("/patients/{patient}/identity")
def ask(request: Request, who: Keeper, patient: str, done: str = "") -> Response:
    """Name, day of birth and numbers, with all that they were."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/identity")
        if isinstance(told, RedirectResponse):
            return told
    return _page(request, who, told, Typed(_begun(told)), head=told.head, done=bool(done))


@router.post("/patients/{patient}/identity")
def change(request: Request, who: Keeper, patient: str, data: Sent) -> Response:
    """Correct name and day of birth, add a number, or take one off."""
    reading = Reading(data)
    with who.read() as conn:
        told, head = which_patient.written_to(conn, patient, reading.line("head", "The head"))
    try:
        with who.write() as conn:
            ledger.lock(conn, told.id)
            now = patients.get(conn, told.id)
            match data.get("do", ("",))[-1]:
                case "rename":
                    _rename(conn, who, reading, now, head, token_of(data))
                case "add":
                    _add_number(conn, who, reading, now)
                case "withdraw":
                    _withdraw_number(conn, who, reading, now)
                case _:
                    raise HTTPException(400)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
        return _page(request, who, told, reading.typed(), head=conflict.head, conflict=since)
    except InputError as error:
        reading.wrong("", error.problem, error.mend)
    if reading.mistakes:
        return _page(request, who, told, reading.typed(), head=head)
    return RedirectResponse(f"/patients/{told.id}/identity?done=1", status_code=303)


def _begun(told: Patient) -> dict[str, list[str]]:
    return {"name": [told.label], "born": [told.born.isoformat() if told.born else ""]}


def _rename(conn: Connection, who: Current, reading: Reading, told: Patient, head: str, token: str) -> None:
    label = reading.line("name", "The name", needed="write the name; it cannot be empty.", most=MOST)
    born = reading.day("born", "The day of birth", latest=local_day(who.now))
    if reading.mistakes or (label, born) == (told.label, told.born):
        return
    reason = reading.line("reason", "The reason", needed="write how you know it, such as the document you saw.")
    if reading.mistakes:
        return
    patients.rename(
        conn, told.id, label, born, by=who.person.id, at=who.now, expected_head=head, reason=reason
    )  # fmt: skip
    _correct_birth(conn, who, told.id, born, reason, token)


def _correct_birth(conn: Connection, who: Current, patient: str, born: date | None, reason: str, token: str) -> None:
    """Let the events say the same day of birth, since ages are counted from them."""
    known = events.record_of(conn, patient).events
    if born_of(known) == born:
        return
    before = [event for event in standing(known) if isinstance(event, Person)]
    source = Source(system=SYSTEM, resource=f"identity/{token}", path="person")
    made = Person(
        id=event_id(source, "person"), patient=patient, side="none", recorded_at=who.now, source=source,
        happened=Period.on(born) if born is not None else Period(), author=who.person.named, note=reason,
        sex=next((event.sex for event in reversed(before) if event.sex), None),
        supersedes=tuple(event.id for event in before),
    )  # fmt: skip
    events.append_events(conn, patient, [made], by=who.person.id, at=who.now)


def _add_number(conn: Connection, who: Current, reading: Reading, told: Patient) -> None:
    number = read_identifier(reading, _ROW)
    if number is None and not reading.mistakes:
        reading.wrong(f"{_ROW}.value", "The number is missing.", "write it, and what number it is.")
    if number is not None and not reading.mistakes and number not in told.identifiers:
        patients.add_identifier(conn, told.id, *number, by=who.person.id, at=who.now)


def _withdraw_number(conn: Connection, who: Current, reading: Reading, told: Patient) -> None:
    number = reading.line("which.system", "The kind of number"), reading.line("which.value", "The number")
    reason = reading.line("why", "The reason", needed="write what is wrong with the number.")
    if not reading.mistakes and number in told.identifiers:
        patients.withdraw_identifier(conn, told.id, *number, reason=reason, by=who.person.id, at=who.now)


def _page(
    request: Request,
    who: Current,
    told: Patient,
    typed: Typed,
    *,
    head: str,
    conflict: Sequence[Meanwhile] = (),
    done: bool = False,
) -> Response:
    with who.read() as conn:
        now = patients.get(conn, told.id)
        merged = [patients.get(conn, one) for one in patients.merged_in(conn, told.id)]
        entries = ledger.entries(conn, told.id, ("patient",))
        names = people.shown_names(conn, {entry.by for entry in entries})
        born_told = born_of(events.record_of(conn, told.id).events)
    past = [(entry.body or {}, names.get(entry.by, entry.by), moment(entry.at)) for entry in reversed(entries)]
    if not typed.line("name"):
        typed = Typed({**typed.data, **_begun(now)}, typed.mistakes)
    return render(
        request, "identity.html.j2", status=409 if conflict else 422 if typed.mistakes else 200, patient=now,
        typed=typed, head=head, token=new_token(), conflict=conflict, past=past, merged=merged, born_told=born_told,
        row=_ROW, done=done,
    )  # fmt: skip


# -- erasing -----------------------------------------------------------------------------------------


@router.get("/patients/{patient}/erase")
def ask_to_erase(request: Request, who: Eraser, patient: str) -> Response:
    """What would be erased, and what it takes."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/erase")
    return told if isinstance(told, RedirectResponse) else _erasing(request, who, told, Typed())


@router.post("/patients/{patient}/erase")
def erase(request: Request, who: Eraser, patient: str, data: Sent) -> Response:
    """Erase the content by law, once the number was typed and the legal basis told."""
    reading = Reading(data)
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/erase")
    if isinstance(told, RedirectResponse):
        return told
    number = reading.line("number", "The number", needed="type it as it stands above, to be sure of the patient.")
    basis = reading.text("basis", "The legal basis", needed="name the request and the law that it rests on.")
    if number and number not in _numbers(told):
        reading.wrong("number", "This is none of the patient's numbers.", "look whether this is the right patient.")
    if not reading.ticked("understood"):
        reading.wrong("understood", "It is not ticked.", "tick it once you have read what is erased.")
    if reading.mistakes:
        return _erasing(request, who, told, reading.typed())
    try:
        with who.write() as conn:
            ledger.lock(conn, told.id, reading.line("head", "The head") or which_patient.UNSEEN_HEAD)
            erased = (told.id, *patients.merged_in(conn, told.id))
            patients.erase(conn, told.id, by=who.person.id, at=who.now, basis=basis)
            who.note(conn, "erased by law", patient=told.id)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
            told = patients.get(conn, told.id)
        return _erasing(request, who, told, reading.typed(), conflict=since)
    for one in erased:
        images.erase(who.settings.images, one)
    return RedirectResponse(f"/patients/{told.id}", status_code=303)


def _numbers(told: Patient) -> tuple[str, ...]:
    """What may be typed to be sure of the patient: one of their numbers, or the beginning of the database's own."""
    return tuple(value for _, value in told.identifiers) or (told.id[:8],)


def _erasing(
    request: Request, who: Current, told: Patient, typed: Typed, *, conflict: Sequence[Meanwhile] = ()
) -> Response:
    with who.read() as conn:
        held = holding(conn, told)
    return render(
        request, "erase.html.j2", status=409 if conflict else 422 if typed.mistakes else 200, held=held, typed=typed,
        numbers=told.identifiers or (("the database's own", told.id[:8]),), conflict=conflict,
    )  # fmt: skip
