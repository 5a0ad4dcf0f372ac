"""Two records of one person: found, shown side by side, joined with a reason, and parted again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.store import ConflictError, ledger, patients, people
from nutation.store.patients import Patient
from nutation.web import meanwhile, which_patient
from nutation.web.candidates import Candidate, candidates, with_identifier
from nutation.web.context import Current, needs
from nutation.web.entering import Reading, Sent, Typed
from nutation.web.holdings import differences, faults_together, holding
from nutation.web.look import moment
from nutation.web.meanwhile import Meanwhile
from nutation.web.pages.adding import MOST
from nutation.web.rendering import render

router = APIRouter()
Merger = Annotated[Current, Depends(needs("see_patient", "merge_patients"))]

_ID = re.compile(r"[0-9a-f]{32}")


@router.get("/patients/{patient}/merge")
def ask(request: Request, who: Merger, patient: str, other: str = "") -> Response:
    """Who may be the same person; with ``other`` (an id) both records side by side."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/merge" + (f"?other={other}" if _ID.fullmatch(other) else ""))
        if isinstance(told, RedirectResponse):
            return told
        if not other:
            return _choosing(request, conn, told, Typed())
        second = which_patient.standing(conn, other)
        if second.id == told.id:
            return RedirectResponse(f"/patients/{told.id}/merge", status_code=303)
    return _comparing(request, who, told, second, Typed())


@router.post("/patients/{patient}/merge")
def take(request: Request, who: Merger, patient: str, data: Sent) -> Response:
    """Look for somebody by number or name, or join the two records that were shown."""
    reading = Reading(data)
    with who.read() as conn:
        told = which_patient.standing(conn, patient)
        if data.get("do", ("",))[-1] == "find":
            found = _found(conn, reading, told)
            return _choosing(request, conn, told, reading.typed(), found)
        second = which_patient.standing(conn, reading.line("other", "The other patient"))
    keep = reading.line("keep", "Which record goes on")
    if keep not in (told.id, second.id):
        reading.wrong("keep", "It is not chosen which record goes on.", "choose the one that both are found under.")
    reason = reading.text("reason", "The reason", needed="write how you know that both are one person.")
    if not reading.ticked("compared"):
        reading.wrong("compared", "It is not ticked.", "compare name, birth, numbers and findings first.")
    if reading.mistakes:
        return _comparing(request, who, told, second, reading.typed())
    seen = {one: reading.line(f"head.{one}", "The head") or which_patient.UNSEEN_HEAD for one in (told.id, second.id)}
    try:
        with who.write() as conn:
            for one in sorted(seen):  # in one order, so that two who merge cannot wait for each other
                ledger.lock(conn, one, seen[one])
            from_id = second.id if keep == told.id else told.id
            patients.merge(conn, from_id, keep, by=who.person.id, at=who.now, reason=reason)
            who.note(conn, "merged", patient=from_id)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
            told, second = (which_patient.standing(conn, one.id) for one in (told, second))
        return _comparing(request, who, told, second, reading.typed(), conflict=since)
    except InputError as error:
        reading.wrong("", error.problem, error.mend)
        return _comparing(request, who, told, second, reading.typed())
    return RedirectResponse(f"/patients/{keep}?told=merged", status_code=303)


def _found(conn: Connection, reading: Reading, told: Patient) -> list[Candidate]:
    """Whoever has the number that was typed, of any kind or of the one told."""
    value = reading.line("value", "The number", needed="write the other record's number.", most=MOST)
    if not value:
        return []
    found = [with_identifier(conn, system, value) for system in patients.systems_of(conn, value)]
    others = {one.id: one for one in found if one is not None and one.id != told.id}
    if not others:
        reading.wrong("value", "Nobody else has this number.", "look at the other record's page for its numbers.")
    return list(others.values())


def _choosing(
    request: Request, conn: Connection, told: Patient, typed: Typed, found: Sequence[Candidate] = ()
) -> Response:
    alike = [one for one in candidates(conn, told.label, told.born, but=told.id) if one.id not in {f.id for f in found}]
    return render(
        request, "merge_choose.html.j2", status=422 if typed.mistakes else 200, patient=told, typed=typed,
        found=[*found, *alike],
    )  # fmt: skip


def _comparing(
    request: Request, who: Current, told: Patient, second: Patient, typed: Typed, *, conflict: Sequence[Meanwhile] = ()
) -> Response:
    with who.write() as conn:
        who.note(conn, "GET /patients/{patient}/merge", patient=second.id)
    with who.read() as conn:
        both = [holding(conn, one) for one in (told, second)]
        faults = faults_together(conn, told.id, second.id) if told.id != second.id else []
    return render(
        request, "merge.html.j2", status=409 if conflict else 422 if typed.mistakes else 200, both=both, typed=typed,
        differs=differences(*both), faults=faults, conflict=conflict,
    )  # fmt: skip


# -- parting -----------------------------------------------------------------------------------------


@router.get("/patients/{patient}/split")
def ask_to_split(request: Request, who: Merger, patient: str) -> Response:
    """The records that were joined with this one, each with its reason."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/split")
    return told if isinstance(told, RedirectResponse) else _splitting(request, who, told, Typed())


@router.post("/patients/{patient}/split")
def split(request: Request, who: Merger, patient: str, data: Sent) -> Response:
    """Part a record again, with the reason."""
    reading = Reading(data)
    with who.read() as conn:
        told, head = which_patient.written_to(conn, patient, reading.line("head", "The head"))
        joined = patients.merged_in(conn, told.id)
    part = reading.line("part", "Which record")
    if part not in joined:
        reading.wrong("part", "It is not chosen which record is parted.", "choose one of those shown.")
    reason = reading.text("reason", "The reason", needed="write how you know that they are two persons.")
    if reading.mistakes:
        return _splitting(request, who, told, reading.typed())
    try:
        with who.write() as conn:
            ledger.lock(conn, told.id, head)
            patients.split(conn, part, by=who.person.id, at=who.now, reason=reason)
            who.note(conn, "split", patient=part)
    except ConflictError as conflict:
        with who.read() as conn:
            since = meanwhile.since(conn, conflict.since)
            told = which_patient.standing(conn, told.id)
        return _splitting(request, who, told, reading.typed(), conflict=since)
    except InputError as error:
        reading.wrong("", error.problem, error.mend)
        return _splitting(request, who, told, reading.typed())
    return RedirectResponse(f"/patients/{part}?told=split", status_code=303)


def _splitting(
    request: Request, who: Current, told: Patient, typed: Typed, *, conflict: Sequence[Meanwhile] = ()
) -> Response:
    with who.read() as conn:
        held = [holding(conn, patients.get(conn, one)) for one in patients.merged_in(conn, told.id)]
        merges = [
            entry for one in held for entry in ledger.entries(conn, one.patient.id, ("merge",))
            if (entry.body or {}).get("from") == one.patient.id
        ]  # fmt: skip
        names = people.shown_names(conn, {entry.by for entry in merges})
    why = {
        entry.patient: ((entry.body or {}).get("reason", ""), names.get(entry.by, entry.by), moment(entry.at))
        for entry in merges
    }
    return render(
        request, "split.html.j2", status=409 if conflict else 422 if typed.mistakes else 200, patient=told, held=held,
        why=why, typed=typed, conflict=conflict,
    )  # fmt: skip
