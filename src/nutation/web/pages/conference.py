"""Case conferences: recorded with who was there, what was decided and who dissents; listed, read again and printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.report import words
from nutation.store import ConflictError, Draft, answers, events, ledger, people
from nutation.store.answers import Answer
from nutation.store.patients import Patient
from nutation.web import conferences, judging, meanwhile, which_patient
from nutation.web.answering import local_day
from nutation.web.conferences import Conference
from nutation.web.context import Current, needs
from nutation.web.entering import (
    Reading,
    Sent,
    Typed,
    answer_named,
    key_text,
    new_token,
    saved_before,
    token_of,
)
from nutation.web.meanwhile import Meanwhile
from nutation.web.pages.override import recommended
from nutation.web.rendering import render

router = APIRouter()
Holder = Annotated[Current, Depends(needs("see_patient", "hold_conference"))]


@router.get("/patients/{patient}/conference")
def ask(request: Request, who: Holder, patient: str, corrects: str = "", done: str = "") -> Response:
    """The conferences so far, and the form to record one; with ``corrects`` filled in as that one was."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/conference")
        if isinstance(told, RedirectResponse):
            return told
        before = _one(conn, told, corrects) if corrects else None
    typed = Typed({"on": [local_day(who.now).isoformat()]}) if before is None else conferences.typed_again(before)
    return _page(request, who, told, typed, head=told.head, token=new_token(), done=bool(done))


@router.post("/patients/{patient}/conference")
def take(request: Request, who: Holder, patient: str, data: Sent) -> Response:
    """Record a conference, with the answer that was on the table."""
    reading, token = Reading(data), token_of(data)
    with who.read() as conn:
        told, head = which_patient.written_to(conn, patient, reading.line("head", "The head"))
        answer = answer_named(conn, told.id, reading.line("answer", "The answer")) or answers.latest(conn, told.id)
        corrects = reading.line("corrects", "The corrected one")
        before = _one(conn, told, corrects) if corrects else None
    bodies = conferences.read(reading, today=local_day(who.now), answer=answer, token=token)
    if reading.mistakes:
        return _page(request, who, told, reading.typed(), head=head, token=token)
    if (looks := conferences.gate_warnings(bodies, answer)) and data.get("do", ("",))[-1] != "anyway":
        return _page(request, who, told, reading.typed(), head=head, token=token, looks=looks)
    bodies += conferences.taken_back(before, bodies) if before is not None else []
    try:
        with who.write() as conn:
            if not saved_before(conn, told.id, "conference", token):
                if answer is not None:
                    answers.cite(conn, answer)
                resting = {"events_head": events.events_head(conn, told.id)}
                drafts = [Draft("conference", body | resting) for body in bodies]
                ledger.append(conn, told.id, drafts, by=who.person.id, at=who.now, expected_head=head)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
        return _page(request, who, told, reading.typed(), head=conflict.head, token=token, conflict=since)
    return RedirectResponse(f"/patients/{told.id}/conference?done=1", status_code=303)


@router.get("/patients/{patient}/conference/{conference}")
def read_again(request: Request, who: Holder, patient: str, conference: str) -> Response:
    """One conference, for reading and printing."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, f"/conference/{conference}")
        if isinstance(told, RedirectResponse):
            return told
        found = _one(conn, told, conference)
        names = people.shown_names(conn, {found.by})
        answer = answers.stored(conn, found.owner, found.answer) if found.answer else None
    return render(
        request, "conference_one.html.j2", patient=told, one=found, by=names.get(found.by, found.by),
        recommended=recommended(answer) if answer is not None else "",
    )  # fmt: skip


def _one(conn: Connection, patient: Patient, name: str) -> Conference:
    found = next((one for one in conferences.every(conn, patient.id) if one.id == name), None)
    if found is None:
        raise HTTPException(404)
    return found


def _page(
    request: Request,
    who: Current,
    told: Patient,
    typed: Typed,
    *,
    head: str,
    token: str,
    conflict: Sequence[Meanwhile] = (),
    looks: Sequence[str] = (),
    done: bool = False,
) -> Response:
    with who.read() as conn:
        past = conferences.every(conn, told.id)
        names = people.shown_names(conn, {one.by for one in past})
        answer: Answer | None = answers.latest(conn, told.id)
        staff = [one.shown for one in people.everyone(conn) if one.disabled_at is None]
    joints = {joint["side"]: joint for joint in answer.document["joints"]} if answer is not None else {}
    return render(
        request, "conference.html.j2", patient=told, typed=typed, head=head, token=token, conflict=conflict,
        status=409 if conflict else 422 if typed.mistakes or looks else 200, looks=looks, done=done, past=past,
        names=names, answer=answer, key=typed.line("answer") or key_text(answer), joints=joints, staff=staff,
        recommended=recommended(answer) if answer is not None else "", sides=conferences.SIDES,
        actions=words.ACTIONS, roles=conferences.ROLES, rows=range(conferences.PRESENT),
        more=range(conferences.PRESENT, conferences.PRESENT + conferences.PRESENT_MORE),
        dissents=range(conferences.DISSENTS), gate_told=judging.gate_told,
    )  # fmt: skip
