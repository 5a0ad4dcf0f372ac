"""Requests to payers: begun for one joint and policy, carried through their life step by step, none ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.report import submission
from nutation.store import ledger, people
from nutation.web import links_of_patient, look
from nutation.web.context import Current, needs
from nutation.web.papers import chart_requests, denials, prepared, request_life, request_views
from nutation.web.papers.chart_papers import TITLES, PaperName, Signed
from nutation.web.papers.prepared import Chart
from nutation.web.papers.request_life import MOVES, STATES
from nutation.web.papers.whose import surviving, today
from nutation.web.rendering import render

router = APIRouter()
Reader = Annotated[Current, Depends(needs("see_patient"))]
Submitter = Annotated[Current, Depends(needs("see_patient", "submit_request"))]
Text = Annotated[str, Form(max_length=8000)]
Line = Annotated[str, Form(max_length=200)]


@router.get("/patients/{patient}/requests")
def requests_page(
    request: Request, who: Reader, patient: str, side: Annotated[str, Query(max_length=10)] = "", told: str = ""
) -> Response:
    """The patient's requests, and what a new one can be begun for."""
    return _list(request, who, patient, side=side, message=told)


@router.post("/patients/{patient}/requests")
def begin(request: Request, who: Submitter, patient: str, choice: Line = "") -> Response:
    """Begin a request for one joint and policy."""
    side, _, policy = choice.partition(":")
    try:
        with who.write() as conn:
            whose = surviving(conn, patient)
            chart = prepared.chart_of(conn, whose)
            content = submission.content(chart.answered().document, policy, side, sources=chart.sources)
            made = chart_requests.begin(
                conn, whose, side=side, policy=content["policy"]["id"], policy_version=content["policy"]["version"],
                today=today(who), by=who.person.id, at=who.now,
            )  # fmt: skip
    except InputError as error:
        return _list(request, who, patient, side=side, problem=str(error))
    return RedirectResponse(f"/patients/{patient}/requests/{made}", status_code=303)


@router.get("/patients/{patient}/requests/{request_id}")
def request_page(request: Request, who: Reader, patient: str, request_id: str, told: str = "") -> Response:
    """One request: where it stands, its papers, what can be done, and its history."""
    return _show(request, who, patient, request_id, message=told)


@router.post("/patients/{patient}/requests/{request_id}/moves/{move}")
def make_move(
    request: Request,
    who: Submitter,
    patient: str,
    request_id: str,
    move: str,
    seen: Annotated[int, Form(ge=0, le=100_000)] = 0,
    on: Line = "",
    due_on: Line = "",
    number: Line = "",
    expires_on: Line = "",
    reason: Line = "",
    note: Text = "",
) -> Response:
    """Make a move of the request's life."""
    entered = {"on": on, "due_on": due_on, "number": number, "expires_on": expires_on, "reason": reason, "note": note}
    try:
        with who.write() as conn:
            whose = surviving(conn, patient)
            ledger.lock(conn, whose)  # what is signed is looked at and used with nobody writing between
            here = request_of(conn, whose, request_id)
            signed = request_life.MOVES[move].signed if move in MOVES else None
            papers: dict[str, str] = {}
            if signed is not None:
                made = prepared.papers_of(conn, prepared.chart_of(conn, whose), here)
                papers = prepared.standing_papers(made)
                _check_signed_before(made[signed].signed, on)
            chart_requests.take_step(
                conn, whose, request_id, move, entered, seen=seen, papers=papers, today=today(who), by=who.person.id,
                at=who.now,
            )  # fmt: skip
            who.note(conn, f"request: {move}" if move in MOVES else "request", patient=whose)
    except InputError as error:
        return _show(request, who, patient, request_id, problem=str(error), move=move, entered=entered)
    return RedirectResponse(f"/patients/{patient}/requests/{request_id}?told=recorded", status_code=303)


def _check_signed_before(signed: Signed | None, on: str) -> None:
    """Raises InputError where a paper would have been sent before it was signed."""
    if signed is not None and on and on < signed.on:
        raise InputError(f"This is before {signed.on}, when it was signed.", place="Day", mend="correct the day.")


@router.get("/request-days")
def days_page(request: Request, who: Annotated[Current, Depends(needs("submit_request"))], told: str = "") -> Response:
    """How many days the clinic allows for each state: what the forms' due dates begin with."""
    with who.read() as conn:
        days = {name: str(number) for name, number in chart_requests.due_days(conn).items()}
    return render(request, "request_days.html.j2", states=STATES, days=days, problem="", message=look.message(told))


@router.post("/request-days")
def keep_days(
    request: Request,
    who: Annotated[Current, Depends(needs("submit_request"))],
    sent: Line = "",
    more_information: Line = "",
    peer_to_peer: Line = "",
    denied: Line = "",
    appeal: Line = "",
) -> Response:
    """Keep them."""
    told = {
        "sent": sent, "more_information": more_information, "peer_to_peer": peer_to_peer, "denied": denied,
        "appeal": appeal,
    }  # fmt: skip
    try:
        with who.write() as conn:
            chart_requests.keep_due_days(conn, told, by=who.person.id, at=who.now)
            who.note(conn, "days allowed for requests changed")
    except InputError as error:
        return render(
            request, "request_days.html.j2", status=422, states=STATES, days=told, problem=str(error), message=""
        )
    return RedirectResponse("/request-days?told=saved", status_code=303)


# ── what pages show ──────────────────────────────────────────────────────────────────────────────────


def _show(
    request: Request,
    who: Current,
    patient: str,
    request_id: str,
    *,
    message: str = "",
    problem: str = "",
    move: str = "",
    entered: Mapping[str, str] | None = None,
) -> Response:
    """The request's page, with what was entered where it was not taken."""
    with who.read() as conn:
        whose = surviving(conn, patient)
        here = request_of(conn, whose, request_id)
        chart = prepared.chart_of(conn, whose)
        papers = prepared.papers_of(conn, chart, here)
        days = chart_requests.due_days(conn)
        names = people.shown_names(conn, {one.by for one in here.steps})
    standing = frozenset(prepared.standing_papers(papers))
    day = today(who)
    return render(
        request, "request.html.j2", status=422 if problem else 200, chart=chart, asked=here, papers=papers,
        chip=request_views.ENDED.get(here.now.state, "undetermined"), today=day, overdue=here.overdue(day),
        moves=request_views.moves(here, standing, day, days, move, entered or {}),
        history=request_views.history(here, names),
        reasons=denials.LABELS, denial=prepared.denial_of(here), gaps=_gaps(request, who, chart, here),
        titles=TITLES, problem=problem, message=look.message(message), here="requests", policy=_policy(chart, here),
    )  # fmt: skip


def _list(
    request: Request, who: Current, patient: str, *, side: str = "", message: str = "", problem: str = ""
) -> Response:
    with who.read() as conn:
        chart = prepared.chart_of(conn, surviving(conn, patient))
        known = chart_requests.every(conn, chart.patient.id)
    return render(
        request, "requests.html.j2", status=422 if problem else 200, chart=chart, requests=known,
        chips=request_views.ENDED, choices=request_views.choices(chart, side),
        side=side if side in ("left", "right") else "", today=today(who),
        problem=problem, message=look.message(message), here="requests",
    )  # fmt: skip


def _gaps(request: Request, who: Current, chart: Chart, here: chart_requests.Request) -> list[dict[str, Any]]:
    """What the denial speaks of, each with the form that closes it."""
    denied = here.last("denied")
    if denied is None or chart.answer is None:
        return []
    try:
        found = denials.gaps(chart.answer.document, here.policy, here.side, denied.reason)
    except InputError:
        return []
    return [
        {
            "gap": one,
            "steps": [
                (label, links_of_patient.form(request.app, who, chart.patient.id, form, side or here.side))
                for label, form, side in one.steps
            ],
        }
        for one in found
    ]


def _policy(chart: Chart, here: chart_requests.Request) -> dict[str, str]:
    """The policy in words, where the answer still holds it."""
    if chart.answer is not None:
        for joint in chart.answer.document["joints"]:
            for policy in joint["indication"]["policies"]:
                if joint["side"] == here.side and policy["id"] == here.policy:
                    return {"title": policy["title"], "publisher": policy["publisher"]}
    return {"title": here.policy, "publisher": ""}


def request_of(conn: Connection, patient: str, request_id: str) -> chart_requests.Request:
    """The request that an address names. Raises HTTPException where there is none."""
    try:
        return chart_requests.get(conn, patient, request_id)
    except InputError:
        raise HTTPException(404) from None


def paper_named(name: str) -> PaperName:
    """The paper that an address names. Raises HTTPException for another."""
    found: PaperName | None = next((one for one in TITLES if one.replace("_", "-") == name), None)
    if found is None:
        raise HTTPException(404)
    return found
