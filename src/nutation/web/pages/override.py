"""Acting against an answer: what is done instead and why, beside the answer that it departs from, which stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from nutation.report import digest, words
from nutation.store import ConflictError, Draft, answers, events, ledger, patients, people
from nutation.store.answers import Answer
from nutation.store.patients import Patient
from nutation.web import judging, meanwhile, which_patient
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
from nutation.web.look import moment
from nutation.web.meanwhile import Meanwhile
from nutation.web.rendering import render

router = APIRouter()
Decider = Annotated[Current, Depends(needs("see_patient", "override_answer"))]

SIDES = {"": "the patient", "left": "left joint", "right": "right joint", "both": "both joints"}
OTHER = "other"
INSTEAD = {**words.ACTIONS, OTHER: "Something else"}
"""What can be done instead: what a recommendation can be, or something that has no name there."""

_LINE_MOST = 500


@dataclass(frozen=True, slots=True)
class _Line:
    """An act against an answer as the page tells it."""

    side: str
    what: str
    reason: str
    by: str
    at: str
    answer: str


@router.get("/patients/{patient}/override")
def ask(request: Request, who: Decider, patient: str, side: str = "", done: str = "") -> Response:
    """What the answer recommends, and the form to depart from it."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/override")
        if isinstance(told, RedirectResponse):
            return told
        answer, lines = answers.latest(conn, told.id), _lines(conn, told.id)
    typed = Typed({"side": [side if side in SIDES else ""]})
    return _page(request, told, answer, lines, typed, head=told.head, token=new_token(), done=bool(done))


@router.post("/patients/{patient}/override")
def take(request: Request, who: Decider, patient: str, data: Sent) -> Response:
    """Keep what is done instead, and the answer that was on the page with it."""
    reading, token = Reading(data), token_of(data)
    with who.read() as conn:
        told, head = which_patient.written_to(conn, patient, reading.line("head", "The head"))
        seen = answer_named(conn, told.id, reading.line("answer", "The answer"))
        answer, lines = answers.latest(conn, told.id), _lines(conn, told.id)
    if answer is None:
        reading.wrong("", "There is no answer yet to act against.", "wait until it is made, then open this page again.")
    body = _body(reading, token)
    if not reading.mistakes and seen is None:
        reading.wrong("", "The answer that was on the page is a newer one now.", "look at it, then send this again.")
    if reading.mistakes or seen is None:
        return _page(request, told, answer, lines, reading.typed(), head=head, token=token)
    try:
        with who.write() as conn:
            if not saved_before(conn, told.id, "override", token):
                answers.cite(conn, seen)
                recommended = seen.document["recommendation"]
                resting = {
                    "events_head": events.events_head(conn, told.id), "answer": seen.key,
                    "recommended": recommended["action"], "recommended_side": recommended["side"],
                }  # fmt: skip
                draft = Draft("override", body | resting)
                ledger.append(conn, told.id, [draft], by=who.person.id, at=who.now, expected_head=head)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
        return _page(
            request, told, answer, lines, reading.typed(), head=conflict.head, token=token, conflict=since
        )  # fmt: skip
    return RedirectResponse(f"/patients/{told.id}/override?done=1", status_code=303)


def _body(reading: Reading, token: str) -> dict[str, Any]:
    side = reading.one_of("side", "The side", {code: text for code, text in SIDES.items() if code})
    action = reading.one_of("action", "What is done instead", INSTEAD, needed="choose what comes nearest.")
    described = reading.line("what", "The description", most=_LINE_MOST)
    if action == OTHER and not described:
        reading.wrong("what", "It is not said what is done.", "describe it in a few words.")
    reason = reading.text("reason", "The reason", needed="write it: nothing is done against an answer without one.")
    label = INSTEAD.get(action, "")
    what = described if action == OTHER else f"{label}: {described}" if described else label
    return {"id": token, "side": side, "action": action, "what": what, "reason": reason}


def _lines(conn: Connection, patient: str) -> list[_Line]:
    owners = (patient, *patients.merged_in(conn, patient))
    told = [entry for one in owners for entry in ledger.entries(conn, one, ("override",))]
    names = people.shown_names(conn, {entry.by for entry in told})
    made: list[_Line] = []
    for entry in sorted(told, key=lambda one: (one.at, one.seq), reverse=True):
        body = entry.body or {}
        then = answers.stored(conn, entry.patient, body["answer"]) if body.get("answer") else None
        made.append(
            _Line(
                SIDES.get(str(body.get("side") or ""), ""), str(body.get("what") or ""), str(body.get("reason") or ""),
                names.get(entry.by, entry.by), moment(entry.at), recommended(then),
            )
        )  # fmt: skip
    return made


def recommended(answer: Answer | None) -> str:
    """What an answer recommends, in one line with its day."""
    if answer is None:
        return "not kept"
    side = answer.document["recommendation"]["side"]
    of_side = f", {side}" if side else ""
    return f"{digest.action(answer.document)}{of_side} (answer of {words.dated(answer.as_of.isoformat())})"


def _page(
    request: Request,
    told: Patient,
    answer: Answer | None,
    lines: Sequence[_Line],
    typed: Typed,
    *,
    head: str,
    token: str,
    conflict: Sequence[Meanwhile] = (),
    done: bool = False,
) -> Response:
    return render(
        request, "override.html.j2", status=409 if conflict else 422 if typed.mistakes else 200, patient=told,
        typed=typed, head=head, token=token, conflict=conflict, done=done, answer=answer, lines=lines,
        key=key_text(answer), sides=SIDES, instead=INSTEAD, gate_told=judging.gate_told,
        recommended=digest.action(answer.document) if answer is not None else "",
    )  # fmt: skip
