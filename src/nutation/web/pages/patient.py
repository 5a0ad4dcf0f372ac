"""A patient's page: both joints on one timeline, gate, today's stored answers, next steps, events, history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.report import digest, timeline
from nutation.store import answers, patients
from nutation.store.worklist import Row
from nutation.web import judged_first, links_of_patient, look
from nutation.web.context import Current, needs
from nutation.web.forms import FORMS, form_named
from nutation.web.pages import stored_answers
from nutation.web.patient_view import Line, PatientView, anchors, numbered_sources, patient_view
from nutation.web.rendering import render

router = APIRouter()
router.include_router(stored_answers.router)
Reader = Annotated[Current, Depends(needs("see_patient"))]

_CORRECTED_BY = {
    section.kind: form.name for form in reversed(FORMS.values()) for section in form.sections()
}  # fmt: skip
"""The form that an event is first looked for on, by its kind; that page leads on to the right one."""
_LOOKS_MOST = 60
"""How often a page asks by itself whether the answer is there: three minutes, then a person asks."""


@router.get("/patients/{patient}")
def patient_page(
    request: Request, who: Reader, patient: str, saved: Annotated[str, Query(max_length=60)] = ""
) -> Response:
    """The patient's page. A merged patient's leads to the one they are read with."""
    with who.read() as conn:
        surviving = _surviving(conn, patient)
        view = patient_view(conn, patient) if surviving == patient else None
    if view is None:
        return RedirectResponse(f"/patients/{surviving}", status_code=303)
    if view.patient.erased_at is not None:
        return render(request, "patient_erased.html.j2", patient=view.patient, history=view.history)
    form = form_named(saved)
    told = f"Saved: {form.title}." if form is not None else look.message(request.query_params.get("told"))
    return render(request, "patient.html.j2", message=told, **_shown(request, who, view))


@router.get("/patients/{patient}/joints/{side}")
def joint_page(request: Request, who: Reader, patient: str, side: str) -> Response:
    """One joint in full: the reasons, witnesses and sources of its answers."""
    with who.read() as conn:
        surviving = _surviving(conn, patient)
        view = patient_view(conn, surviving)
    joint = _joint(view, side)
    return render(request, "patient_joint.html.j2", joint=joint, **_shown(request, who, view))


@router.get("/answers/moment")
def moment(
    request: Request,
    who: Reader,
    of: Annotated[str, Query(max_length=32)] = "",
    seen: Annotated[str, Query(max_length=64)] = "",
    look_number: Annotated[int, Query(ge=0, le=_LOOKS_MOST)] = 0,
) -> Response:
    """Whether the answer that a page waits for is there: then the page is loaded anew. It shows nothing of it."""
    with who.read() as conn:
        waiting = answers.waiting(conn, of)
        latest = answers.latest(conn, of) if waiting is None else None
    if waiting is None and latest is not None and latest.made_at.isoformat() != seen:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return render(
        request, "patient_waiting.html.j2", patient_id=of, due=waiting, seen=seen, look_number=look_number + 1,
        goes_on=look_number + 1 < _LOOKS_MOST,
    )  # fmt: skip


def _surviving(conn: Connection, patient: str) -> str:
    """Whom this id stands for today; 404 where it is nobody's."""
    try:
        patients.get(conn, patient)
    except InputError:
        raise HTTPException(404) from None
    return patients.surviving(conn, patient)


def _joint(view: PatientView, side: str) -> dict[str, Any]:
    joints = view.document["joints"] if view.document is not None else ()
    found = next((joint for joint in joints if joint["side"] == side), None)
    if found is None:
        raise HTTPException(404)
    return found


def _shown(request: Request, who: Current, view: PatientView) -> dict[str, Any]:
    """What the templates of a patient are written from."""
    app, one = request.app, view.patient.id
    named = anchors(view.events)

    def form_of(name: str, side: str | None = None) -> str:
        return links_of_patient.form(app, who, one, name, side or "")

    def next_of(row: Row) -> str:
        return links_of_patient.next_of(app, who, one, row.form, row.side)

    def correction_of(event: dict[str, Any]) -> str:
        return _correction(request, who, one, event)

    told: dict[str, Any] = {
        "view": view, "patient": view.patient, "document": view.document, "today": who.now.astimezone().date(),
        "places": links_of_patient.shown(links_of_patient.places(app, who, one)),
        "forms": links_of_patient.forms(app, who, one),
        "judgement": links_of_patient.place(app, who, one, "judgement", query=f"?question={judged_first.SOURCE}"),
        "override": links_of_patient.place(app, who, one, "override"),
        "plan": links_of_patient.place(app, who, one, "plan"),
        "form_of": form_of, "next_of": next_of, "correction_of": correction_of,
        "events": {event["id"]: event for event in view.events}, "anchors": named, "days": timeline.days(view.events),
        "plans": _plans(view), "decided": _decided(view), "look_number": 0, "goes_on": True,
    }  # fmt: skip
    if view.document is None:
        return told | {"overview": "", "sources": {}, "gate_state": "not_screened", "gate_rows": []}
    return told | {
        "overview": Markup(timeline.overview(view.events, named, view.document["as_of"])),  # noqa: S704 - escaped there
        "sources": numbered_sources(view.document),
        "gate_state": digest.gate_state(view.document["joints"]),
        "gate_rows": digest.gate_rows(view.document["joints"]),
    }


def _decided(view: PatientView) -> list[Line]:
    """The last conference and the last act against an answer: what a person decided stands beside what is advised."""
    last = {line.kind: line for line in reversed(view.history) if line.kind in ("override", "conference")}
    return sorted(last.values(), key=lambda line: line.at)


def _correction(request: Request, who: Current, patient: str, event: dict[str, Any]) -> str:
    """Where the event is corrected or withdrawn; nothing for one that no longer stands."""
    if not event["stands"]:
        return ""
    address = links_of_patient.form(request.app, who, patient, _CORRECTED_BY.get(event["kind"], "history"))
    return f"{address}?event={quote(event['id'], safe='')}" if address else ""


def _plans(view: PatientView) -> dict[str, str]:
    """What there is of a plan for each joint."""
    last: dict[str, str] = {}
    bodies: Sequence[dict[str, Any]] = [e.body for e in view.entries if e.kind == "plan" and e.body is not None]
    for body in bodies:
        if body.get("verdict") != "no_plan_within_limit":
            stated = bool(body.get("stated"))
            last[str(body.get("side"))] = "made, its side and levels stated" if stated else "made, nothing stated of it"
    return last
