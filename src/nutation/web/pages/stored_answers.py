"""Stored answers: one re-opened as it was given, and the same question asked again by the rules of today."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.report import digest, timeline
from nutation.store import answers, events, ledger, patients
from nutation.store.answers import Answer
from nutation.web import judged_first
from nutation.web.context import Current, needs
from nutation.web.differences import differences
from nutation.web.patient_view import anchors, clean, numbered_sources
from nutation.web.rendering import render

router = APIRouter()
Reader = Annotated[Current, Depends(needs("see_patient"))]

_PLACE = "/patients/{patient}/answers/{events_head}/{as_of}/{versions}"


@router.get(_PLACE)
def stored_answer(request: Request, who: Reader, patient: str, events_head: str, as_of: str, versions: str) -> Response:
    """The answer as it was given."""
    with who.read() as conn:
        answer = _stored(conn, patient, events_head, as_of, versions)
        told = patients.get(conn, patient)
        latest = answers.latest(conn, patient)
    document = clean(answer.document)
    shown = document["events"]
    named = anchors(shown)
    return render(
        request, "stored_answer.html.j2", patient=told, answer=answer, document=document, base=_base(answer),
        latest=latest is not None and latest.key == answer.key, sha=hashlib.sha256(_content(answer)).hexdigest(),
        **_case(document, named),
    )  # fmt: skip


@router.get(_PLACE + "/document.json")
def content(who: Reader, patient: str, events_head: str, as_of: str, versions: str) -> Response:
    """The very bytes that are stored."""
    with who.read() as conn:
        answer = _stored(conn, patient, events_head, as_of, versions)
    name = f"answer-{answer.as_of.isoformat()}.json"
    return Response(
        _content(answer),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.post(_PLACE + "/again")
def again(request: Request, who: Reader, patient: str, events_head: str, as_of: str, versions: str) -> Response:
    """Today's rules on the same findings and the same day, and what comes out differently. It stores nothing."""
    from nutation.case import build_case
    from nutation.case import document as document_of

    with who.read() as conn:
        answer = _stored(conn, patient, events_head, as_of, versions)
        told = patients.get(conn, patient)
        record = events.record_of(conn, patient)
    known = {event["id"] for event in answer.document["events"]}
    same = replace(record, events=tuple(event for event in record.events if event.id in known))
    now: dict[str, Any] = document_of(build_case(same, as_of=answer.as_of))
    return render(
        request, "asked_again.html.j2", patient=told, answer=answer, base=_base(answer),
        found=differences(clean(answer.document), clean(now)), since=len(record.events) - len(same.events),
    )  # fmt: skip


def _stored(conn: Connection, patient: str, events_head: str, as_of: str, versions: str) -> Answer:
    """The answer of that name; 404 where there is none, or where it waits for a judgement."""
    try:
        day = date.fromisoformat(as_of).isoformat()
    except ValueError:
        raise HTTPException(404) from None
    key = {"events_head": events_head, "as_of": day, "versions_sha256": versions}
    found = None if "\0" in events_head + versions else answers.stored(conn, patient, key)
    if found is None:
        raise HTTPException(404)
    if judged_first.asked_for(conn):
        entries = ledger.entries(conn, patient)
        if judged_first.kept_back(found.document, entries, found.events_head):
            raise HTTPException(404)
    return found


def _base(answer: Answer) -> str:
    return (
        f"/patients/{answer.patient}/answers/{answer.events_head}/{answer.as_of.isoformat()}/{answer.versions_sha256}"
    )


def _content(answer: Answer) -> bytes:
    """As ``store.schema.Packed`` writes it."""
    return json.dumps(answer.document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _case(document: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    """What the templates of the case page are written from."""
    return {
        "events": {event["id"]: event for event in document["events"]},
        "anchors": named,
        "sources": numbered_sources(document),
        "days": timeline.days(document["events"]),
        "overview": Markup(timeline.overview(document["events"], named, document["as_of"])),  # noqa: S704 - escaped there
        "gate_state": digest.gate_state(document["joints"]),
        "gate_rows": digest.gate_rows(document["joints"]),
    }
