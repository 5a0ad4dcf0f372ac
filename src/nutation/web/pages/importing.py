"""A record from a file: looked at first, then taken as a new patient or into one who is here, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.store import Draft, Entry, events, ledger, patients, people
from nutation.store.patients import Patient, name_key
from nutation.web import importing, which_patient
from nutation.web.answering import local_day
from nutation.web.candidates import Candidate, candidates, one_at_a_time, unanswered, with_identifier
from nutation.web.context import Current, needs
from nutation.web.entering import Reading, Sent, Typed, new_token, saved_before, token_of
from nutation.web.importing import Imported, Upload
from nutation.web.look import moment
from nutation.web.pages.adding import MOST
from nutation.web.rendering import render

router = APIRouter()
Adder = Annotated[Current, Depends(needs("see_patient", "add_patient"))]
Writer = Annotated[Current, Depends(needs("see_patient", "write_events"))]
Uploaded = Annotated[Upload | None, Depends(importing.uploaded)]

RECORD = "record"
"""The kind of number that a record's own id of its patient becomes."""
NEW = "new"
"""Answer to the question into whom a record is taken: a patient who is added with it."""
_KINDS = ("import", "events")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that was read, and who may be the person of whom it tells."""

    imported: Imported
    found: tuple[Candidate, ...] = ()
    match: Candidate | None = None
    differs: tuple[str, ...] = ()
    fresh: int = 0


@router.get("/patients/import")
def ask(request: Request, who: Adder) -> Response:
    """Choose a file."""
    return _page(request, Typed(), token=new_token())


@router.post("/patients/import")
def take(request: Request, who: Adder, data: Sent, upload: Uploaded) -> Response:
    """Read the file and show what it tells; with ``do`` = take, keep it."""
    reading, token = Reading(data), token_of(data)
    imported = _imported(reading, upload)
    if imported is None:
        return _page(request, reading.typed(), token=token, upload=upload)
    label, born = _person(reading, who, imported)
    target = reading.line("into", "Into whom")
    taking = data.get("do", ("",))[-1] == "take" and not reading.mistakes
    seen: _Seen | None = None
    try:
        with who.write() as conn:
            one_at_a_time(conn)
            seen = _seen_of_new(conn, imported, label, born)
            made = _take(conn, who, reading, seen, target, token) if taking else None
    except InputError as error:
        reading.wrong("", error.problem, error.mend)
        return _page(request, reading.typed(), token=token, upload=upload, seen=seen)
    if made is None:
        return _page(request, reading.typed(), token=token, upload=upload, seen=seen)
    return RedirectResponse(f"/patients/{made}/import?done=1", status_code=303)


@router.get("/patients/{patient}/import")
def ask_into(request: Request, who: Writer, patient: str, done: str = "") -> Response:
    """What was imported into this patient, and the form to choose another file."""
    with who.read() as conn:
        told = which_patient.opened(conn, patient, "/import")
        if isinstance(told, RedirectResponse):
            return told
        past = _past(conn, told.id)
    return _page(request, Typed(), token=new_token(), patient=told, past=past, done=bool(done))


@router.post("/patients/{patient}/import")
def take_into(request: Request, who: Writer, patient: str, data: Sent, upload: Uploaded) -> Response:
    """Read the file and show what it tells; with ``do`` = take, keep it with this patient."""
    reading, token = Reading(data), token_of(data)
    with who.read() as conn:
        told = which_patient.standing(conn, patient)
        earlier = events.record_of(conn, told.id).events
        past = _past(conn, told.id)
    imported = _imported(reading, upload, earlier)
    if imported is None:
        return _page(request, reading.typed(), token=token, upload=upload, patient=told, past=past)
    taking = data.get("do", ("",))[-1] == "take" and not reading.mistakes
    seen: _Seen | None = None
    try:
        with who.write() as conn:
            seen = _seen_of(conn, imported, told)
            one_person = not seen.differs or reading.ticked("same")
            if taking and not one_person:
                reading.wrong("same", "It is not answered whether this is one person.", "look at both, then tick it.")
            done = taking and one_person and _take_into(conn, who, imported, told.id, token)
    except InputError as error:
        reading.wrong("", error.problem, error.mend)
        return _page(request, reading.typed(), token=token, upload=upload, patient=told, past=past, seen=seen)
    if not done:
        return _page(request, reading.typed(), token=token, upload=upload, patient=told, past=past, seen=seen)
    return RedirectResponse(f"/patients/{told.id}/import?done=1", status_code=303)


# -- reading -----------------------------------------------------------------------------------------


def _imported(reading: Reading, upload: Upload | None, earlier: Sequence[Any] = ()) -> Imported | None:
    wanted = reading.line("wanted", "Patient in the file", most=MOST)
    if upload is None:
        reading.wrong("file", "No file was sent.", "choose the file of the record.")
        return None
    try:
        return importing.read_upload(upload, patient=wanted, partial=reading.ticked("partial"), earlier=earlier)
    except InputError as error:
        where = ", ".join(part for part in (error.file, error.place) if part)
        reading.wrong("file", f"{where}: {error.problem}" if where else error.problem, error.mend)
        return None


def _person(reading: Reading, who: Current, imported: Imported) -> tuple[str, date | None]:
    """Name and day of birth: what the file tells, or else what was typed."""
    label = reading.line("name", "The name", most=MOST) or imported.record.label[:MOST]
    typed = reading.day("born", "The day of birth", latest=local_day(who.now))
    return label, imported.born or typed


def _seen_of_new(conn: Connection, imported: Imported, label: str, born: date | None) -> _Seen:
    match = with_identifier(conn, RECORD, imported.record.patient[:MOST])
    found = [one for one in candidates(conn, label, born) if match is None or one.id != match.id]
    return _Seen(imported, tuple(found), match, fresh=len(imported.record.events))


def _seen_of(conn: Connection, imported: Imported, told: Patient) -> _Seen:
    """What speaks against the file being of this patient, and how much of it is new."""
    known = events.record_of(conn, told.id)
    ids = {event.id for event in known.events}
    record, differs = imported.record, list[str]()
    born = told.born or importing.born_of(known.events)
    if record.label and name_key(record.label) != name_key(told.label):
        differs.append(f"The file is of {record.label}, and this patient is {told.label}.")
    if imported.born is not None and born is not None and imported.born != born:
        differs.append(f"The person of the file was born on {imported.born}, and this patient on {born}.")
    holder = with_identifier(conn, RECORD, record.patient[:MOST])
    if holder is not None and holder.id != told.id:
        differs.append(f"The record's own number, {record.patient}, belongs to {holder.label}.")
    fresh = sum(event.id not in ids for event in record.events)
    return _Seen(imported, match=holder if differs else None, differs=tuple(differs), fresh=fresh)


# -- keeping -----------------------------------------------------------------------------------------


def _take(conn: Connection, who: Current, reading: Reading, seen: _Seen, target: str, token: str) -> str | None:
    """Keep the record with whom it was said to be of; None where that is still to be answered."""
    others = [one.id for one in seen.found if reading.ticked(one.box)]
    if target not in (NEW, ""):
        if target not in {one.id for one in (*seen.found, *([seen.match] if seen.match else []))}:
            raise InputError("This patient is none of those shown.", mend="choose one of them, or a new patient.")
        earlier = events.record_of(conn, target).events
        again = importing.read_upload(
            seen.imported.upload, patient=seen.imported.record.patient, partial=seen.imported.partial, earlier=earlier
        )
        _take_into(conn, who, again, target, token)
        return target
    if unanswered(seen.found, others) or (seen.match is not None and not reading.ticked(seen.match.box)):
        reading.wrong("into", "It is not answered who this is.", "choose, or tick that each is another person.")
        return None
    label, born = _person(reading, who, seen.imported)
    if not label:
        reading.wrong("name", "The file tells no name.", "write the patient's name.")
        return None
    made = patients.add(conn, label, by=who.person.id, at=who.now, born=born)
    _take_into(conn, who, seen.imported, made, token)
    return made


def _take_into(conn: Connection, who: Current, imported: Imported, patient: str, token: str) -> bool:
    """Append what is new, the record's own number, and which file it was. Taken twice it adds nothing."""
    record, by, at = imported.record, who.person.id, who.now
    if saved_before(conn, patient, "import", token):
        return True
    before = len(events.record_of(conn, patient).events)
    head = ledger.head(conn, patient)
    events.append_events(conn, patient, record.events, by=by, at=at, unmapped=record.unmapped, warnings=record.warnings)
    number = record.patient[:MOST]
    if patients.with_identifier(conn, RECORD, number) is None:
        patients.add_identifier(conn, patient, RECORD, number, by=by, at=at)
    if ledger.head(conn, patient) != head:
        added = len(events.record_of(conn, patient).events) - before
        ledger.append(conn, patient, [Draft("import", importing.entry_of(imported, token, added))], by=by, at=at)
    return True


# -- showing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Past:
    """An import as the page tells of it, with what could not become an event."""

    by: str
    at: str
    body: dict[str, Any]
    unmapped: tuple[dict[str, Any], ...]
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]


def _past(conn: Connection, patient: str) -> list[_Past]:
    """Every import into the patient, the latest first."""
    told: list[Entry] = ledger.entries(conn, patient, _KINDS)
    names = people.shown_names(conn, {entry.by for entry in told})
    made: list[_Past] = []
    for before, entry in zip([None, *told], told, strict=False):
        if entry.kind != "import" or entry.body is None:
            continue
        body = (before.body or {}) if before is not None and before.kind == "events" and before.at == entry.at else {}
        left_out, warnings = importing.parted(body.get("warnings", ()))
        unmapped = tuple(body.get("unmapped", ()))
        by = names.get(entry.by, entry.by)
        made.append(_Past(by, moment(entry.at), entry.body, unmapped, tuple(left_out), tuple(warnings)))
    return made[::-1]


def _page(
    request: Request,
    typed: Typed,
    *,
    token: str,
    upload: Upload | None = None,
    seen: _Seen | None = None,
    patient: Patient | None = None,
    past: Sequence[_Past] = (),
    done: bool = False,
) -> Response:
    kept = upload if upload is not None and len(upload.content) <= importing.LIMIT_BYTES else None
    return render(
        request, "importing.html.j2", status=422 if typed.mistakes else 200, typed=typed, token=token, seen=seen,
        patient=patient, past=past, done=done, limit_mb=importing.LIMIT_BYTES // 2**20, new=NEW,
        action=f"/patients/{patient.id}/import" if patient is not None else "/patients/import",
        held=importing.held(kept) if kept is not None else "", held_name=kept.name if kept is not None else "",
    )  # fmt: skip
