"""“This answer was wrong or harmful”: reported from any patient's page, reviewed in one list, taken out as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.store import Draft, answers, events, ledger, patients, people
from nutation.store.answers import Answer
from nutation.store.patients import Patient
from nutation.web import harm_reports, judging, which_patient
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
from nutation.web.harm_reports import HARMS, KIND, PARTS, STATES, Report
from nutation.web.look import moment
from nutation.web.pages.override import recommended
from nutation.web.rendering import render

router = APIRouter()
Reporter = Annotated[Current, Depends(needs("see_patient", "report_harm"))]
Reviewer = Annotated[Current, Depends(needs("see_patient", "review_harm"))]

SIDES = {"left": "left", "right": "right", "both": "both", "": "the patient"}
_PAGE = re.compile(r"[a-z_-]{1,40}")


@dataclass(frozen=True, slots=True)
class _Line:
    """A report as a page lists it."""

    report: Report
    label: str
    by: str
    at: str
    harm: str
    part: str
    reviews: tuple[tuple[str, str, str, str], ...]


@router.get("/patients/{patient}/harm")
def ask(request: Request, who: Reporter, patient: str, page: str = "", done: str = "") -> Response:
    """The form, and what was reported of this patient so far; ``page`` names the page it was opened from."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/harm")
        if isinstance(told, RedirectResponse):
            return told
        answer, lines = answers.latest(conn, told.id), _lines(conn, _of(conn, told))
    typed = Typed({"page": [page if _PAGE.fullmatch(page) else "patient"], "answer": [key_text(answer)]})
    return _page(request, told, answer, lines, typed, token=new_token(), done=bool(done))


@router.post("/patients/{patient}/harm")
def take(request: Request, who: Reporter, patient: str, data: Sent) -> Response:
    """Keep the report with the whole case. Nothing that others entered meanwhile keeps it out."""
    reading, token = Reading(data), token_of(data)
    with who.read() as conn:
        told = which_patient.standing(conn, patient)
        seen = answer_named(conn, told.id, reading.line("answer", "The answer"))
        lines = _lines(conn, _of(conn, told))
    page = reading.line("page", "The page")
    body = {
        "id": token, "state": harm_reports.OPEN,
        "part": reading.one_of("part", "The part that was wrong", PARTS, needed="choose what comes nearest."),
        "side": reading.one_of("side", "The side", {code: text for code, text in SIDES.items() if code}),
        "what": reading.text("what", "What was wrong", needed="write it in a few sentences."),
        "noticed": reading.text("noticed", "How it was noticed", needed="write how and by whom."),
        "harm": reading.one_of("harm", "What came of it", HARMS, needed="choose one; it can be reported again."),
        "page": page if _PAGE.fullmatch(page) else "patient",
    }  # fmt: skip
    if reading.mistakes:
        return _page(request, told, seen, lines, reading.typed(), token=token)
    with who.write() as conn:
        if not saved_before(conn, told.id, KIND, token):
            ledger.lock(conn, told.id)
            answer = seen or answers.latest(conn, told.id)
            kept = harm_reports.snapshot(conn, told.id, answer, events.events_head(conn, told.id))
            ledger.append(conn, told.id, [Draft(KIND, body | kept)], by=who.person.id, at=who.now)
    return RedirectResponse(f"/patients/{told.id}/harm?done=1", status_code=303)


@router.get("/harm")
def reports(request: Request, who: Reviewer, done: str = "") -> Response:
    """Every report: the open ones first."""
    with who.read() as conn:
        lines = _lines(conn, harm_reports.every(conn))
    return render(request, "harm_reports.html.j2", lines=lines, states=STATES, done=bool(done))


@router.get("/harm/{report}")
def one_report(request: Request, who: Reviewer, report: str) -> Response:
    """One report with its snapshot, and the form to say what came of it."""
    return _one(request, who, report, Typed())


@router.post("/harm/{report}")
def review(request: Request, who: Reviewer, report: str, data: Sent) -> Response:
    """Say what came of a report."""
    reading = Reading(data)
    state = reading.one_of("state", "The state", STATES, needed="choose one.")
    told = reading.text("words", "What was found", needed="write what was found, and what is done about it.")
    if reading.mistakes:
        return _one(request, who, report, reading.typed())
    with who.write() as conn:
        found = _found(conn, report)
        if not found.reviews or (found.reviews[-1][0], found.reviews[-1][3]) != (who.person.id, told):
            harm_reports.review(conn, found, state, told, by=who.person.id, at=who.now)
    return RedirectResponse("/harm?done=1", status_code=303)


@router.get("/harm/{report}/export")
def export(who: Reviewer, report: str) -> Response:
    """The report as a JSON file, without the patient's name and numbers."""
    with who.write() as conn:
        found = _found(conn, report)
        by = {found.by, *(one for one, *_ in found.reviews)}
        told = harm_reports.exported(conn, found, people.shown_names(conn, by))
        who.note(conn, "report of harm taken out", patient=found.patient)
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    name = f'attachment; filename="harm-report-{found.id[:8]}.json"'
    return Response(text, media_type="application/json", headers={"content-disposition": name})


def _found(conn: Connection, name: str) -> Report:
    found = harm_reports.get(conn, name)
    if found is None:
        raise HTTPException(404)
    return found


def _one(request: Request, who: Current, name: str, typed: Typed) -> Response:
    with who.write() as conn:
        found = _found(conn, name)
        who.note(conn, "GET /harm/{report}", patient=found.patient)
        (line,) = _lines(conn, [found])
        answer = answers.stored(conn, found.patient, found.body["answer"]) if found.body.get("answer") else None
        whose = patients.surviving(conn, found.patient)
    sides = judging.sides_of(answer.document) if answer is not None else ()
    said = [(one.text, judging.answer_told(answer, one.question, one.side)) for one in judging.asked(sides)]
    return render(
        request, "harm_one.html.j2", status=422 if typed.mistakes else 200, line=line, typed=typed, states=STATES,
        said=said if answer is not None else (), answer=answer, whose=whose, sides=SIDES,
    )  # fmt: skip


def _of(conn: Connection, told: Patient) -> list[Report]:
    """The reports of a patient and of those merged into them."""
    owners = {told.id, *patients.merged_in(conn, told.id)}
    return [one for one in harm_reports.every(conn) if one.patient in owners]


def _lines(conn: Connection, found: Sequence[Report]) -> list[_Line]:
    by = {one.by for one in found} | {who for one in found for who, *_ in one.reviews}
    names = people.shown_names(conn, by)
    return [
        _Line(
            one, patients.get(conn, one.patient).label, names.get(one.by, one.by), moment(one.at),
            HARMS.get(str(one.body.get("harm")), ""), PARTS.get(str(one.body.get("part")), ""),
            tuple((names.get(who, who), moment(at), STATES.get(state, state), text)
                  for who, at, state, text in one.reviews),
        )
        for one in found
    ]  # fmt: skip


def _page(
    request: Request,
    told: Patient,
    answer: Answer | None,
    lines: Sequence[_Line],
    typed: Typed,
    *,
    token: str,
    done: bool = False,
) -> Response:
    return render(
        request, "harm.html.j2", status=422 if typed.mistakes else 200, patient=told, typed=typed, token=token,
        lines=lines, done=done, parts_of_it=PARTS, harms=HARMS, sides=SIDES, states=STATES,
        recommended=recommended(answer) if answer is not None else "",
    )  # fmt: skip
