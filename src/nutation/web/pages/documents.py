"""Source documents: uploaded, typed and dated, looked at, and events pinned to their pages; and the readiness sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.report import readiness, words
from nutation.store import people
from nutation.web import look
from nutation.web.context import Current, needs
from nutation.web.papers import answering_files, chart_documents, prepared, uploads
from nutation.web.papers.chart_documents import Document
from nutation.web.papers.uploads import ALL_TYPES, TYPES, Upload
from nutation.web.papers.whose import surviving, today
from nutation.web.rendering import render

router = APIRouter()
Reader = Annotated[Current, Depends(needs("see_patient"))]
Uploader = Annotated[Current, Depends(needs("see_patient", "upload_document"))]
Line = Annotated[str, Form(max_length=500)]
Events = Annotated[list[str] | None, Form(max_length=500)]

_MEGABYTE = 1_000_000
_FORM_TEXT = "This form was sent without a file."


@dataclass(frozen=True, slots=True)
class Pin:
    """An event on a page, as the document's page shows it."""

    event: str
    page: int
    text: str
    stands: bool


@router.get("/patients/{patient}/documents")
def documents_page(request: Request, who: Reader, patient: str, told: str = "") -> Response:
    """The patient's documents, and the form to upload more."""
    return _list(request, who, patient, message=told)


@router.post("/patients/{patient}/documents")
def upload(
    request: Request,
    who: Uploader,
    patient: str,
    files: Annotated[list[UploadFile] | None, File()] = None,
    type: Line = "",  # noqa: A002 - the form's own name
    dated: Line = "",
    title: Line = "",
) -> Response:
    """Keep documents of one type and date: all, or none where one of them cannot be taken."""
    entered = {"type": type, "dated": dated, "title": title}
    sent = [one for one in files or [] if one.filename or one.size]
    found: list[Upload] = []
    problems: list[str] = []
    made: list[str] = []
    try:
        _check_sent(who, sent)
        for one in sent:
            try:
                content = one.file.read(who.settings.document_limit_mb * _MEGABYTE + 1)
                found.append(uploads.look_into(content, one.filename or "", who.settings))
            except InputError as error:
                problems.append(str(error))
        if not problems:
            with who.write() as conn:
                made = chart_documents.keep(
                    conn, surviving(conn, patient), found, **entered, today=today(who), by=who.person.id, at=who.now
                )
    except InputError as error:
        problems.append(str(error))
    if problems:
        return _list(request, who, patient, problems=problems, entered=entered)
    where = f"/{made[0]}" if len(made) == 1 else ""
    return RedirectResponse(f"/patients/{patient}/documents{where}?told=saved", status_code=303)


@router.get("/patients/{patient}/documents/{document}")
def document_page(
    request: Request, who: Reader, patient: str, document: str, told: str = "", page: str = ""
) -> Response:
    """One document: what it is, its pages, and what is pinned to them."""
    return _one(request, who, patient, document, message=told, page=page)


@router.get("/patients/{patient}/documents/{document}/content")
def document_content(who: Reader, patient: str, document: str, saved: bool = False) -> Response:
    """The document itself, as it was received."""
    with who.read() as conn:
        found = _document(conn, surviving(conn, patient), document)
        content = chart_documents.content(conn, found)
    return answering_files.document(found, content, saved=saved)


@router.post("/patients/{patient}/documents/{document}")
def describe(
    request: Request,
    who: Uploader,
    patient: str,
    document: str,
    title: Line = "",
    type: Line = "",  # noqa: A002 - the form's own name
    dated: Line = "",
) -> Response:
    """Correct title, type and date."""

    def kept(conn: Connection, whose: str) -> None:
        chart_documents.describe(
            conn, whose, document, title=title, type=type, dated=dated, today=today(who), by=who.person.id, at=who.now
        )

    return _changed(request, who, patient, document, kept)


@router.post("/patients/{patient}/documents/{document}/withdraw")
def withdraw(request: Request, who: Uploader, patient: str, document: str, reason: Line = "") -> Response:
    """Take a document out of the chart."""
    try:
        with who.write() as conn:
            whose = surviving(conn, patient)
            _document(conn, whose, document)
            chart_documents.withdraw(conn, whose, document, reason=reason, by=who.person.id, at=who.now)
    except InputError as error:
        return _one(request, who, patient, document, problem=str(error))
    return RedirectResponse(f"/patients/{patient}/documents?told=saved", status_code=303)


@router.post("/patients/{patient}/documents/{document}/pins")
def pin(
    request: Request, who: Uploader, patient: str, document: str, events: Events = None, page: Line = ""
) -> Response:
    """Pin events to a page."""

    def kept(conn: Connection, whose: str) -> None:
        if not page.strip().isdecimal() or len(page) > 6:
            raise InputError("The page is not a number.", place="page", mend="write the number of the page.")
        chart_documents.pin(conn, whose, document, events or [], int(page), by=who.person.id, at=who.now)

    return _changed(request, who, patient, document, kept, page=page, chosen=events or [])


@router.post("/patients/{patient}/documents/{document}/unpin")
def unpin(request: Request, who: Uploader, patient: str, document: str, event: Line = "", page: Line = "") -> Response:
    """Take a pin off."""

    def kept(conn: Connection, whose: str) -> None:
        number = int(page) if page.isdecimal() and len(page) <= 6 else 0
        chart_documents.unpin(conn, whose, document, event, number, by=who.person.id, at=who.now)

    return _changed(request, who, patient, document, kept)


@router.get("/patients/{patient}/readiness")
def readiness_page(request: Request, who: Reader, patient: str) -> Response:
    """What the readiness sheet says first, and the way to the whole."""
    with who.read() as conn:
        chart = prepared.chart_of(conn, surviving(conn, patient))
    model = readiness.model(chart.answer.document) if chart.answer is not None else None
    return render(request, "readiness.html.j2", chart=chart, model=model, here="readiness", wide=False)


@router.get("/patients/{patient}/readiness.pdf")
def readiness_pdf(who: Reader, patient: str) -> Response:
    """The readiness sheet of the stored answer."""
    with who.read() as conn:
        chart = prepared.chart_of(conn, surviving(conn, patient))
    return answering_files.paper(readiness.pdf(chart.answered().document), "readiness-sheet")


# ── what pages show ──────────────────────────────────────────────────────────────────────────────────


def _list(
    request: Request,
    who: Current,
    patient: str,
    *,
    message: str = "",
    problems: list[str] | None = None,
    entered: dict[str, str] | None = None,
) -> Response:
    with who.read() as conn:
        whose = surviving(conn, patient)
        chart = prepared.chart_of(conn, whose)
        gone = [one for one in chart_documents.every(conn, whose, withdrawn=True) if one.withdrawn]
        names = people.shown_names(conn, {one.by for one in (*chart.documents, *gone)})
    return render(
        request, "documents.html.j2", status=422 if problems else 200, chart=chart, gone=gone, names=names,
        types=TYPES, entered=entered or {"type": "", "dated": "", "title": ""}, problems=problems or [],
        message=look.message(message), here="documents",
    )  # fmt: skip


def _one(
    request: Request,
    who: Current,
    patient: str,
    document: str,
    *,
    message: str = "",
    problem: str = "",
    page: str = "",
    chosen: list[str] | None = None,
) -> Response:
    with who.read() as conn:
        whose = surviving(conn, patient)
        found = _document(conn, whose, document)
        chart = prepared.chart_of(conn, whose)
        names = people.shown_names(conn, {found.by})
    told = chart.told()
    opened = page if page.isdecimal() and len(page) <= 6 and 1 <= int(page) <= found.pages else "1"
    return render(
        request, "document.html.j2", status=422 if problem else 200, chart=chart, document=found, names=names,
        pins=_pins(told, found), events=_pinnable(told), types=ALL_TYPES if found.type not in TYPES else TYPES,
        problem=problem, message=look.message(message), page=opened, chosen=chosen or [], here="documents",
        size=f"{found.bytes / _MEGABYTE:.1f} MB" if found.bytes >= _MEGABYTE else f"{found.bytes // 1000 + 1} kB",
    )  # fmt: skip


def _pins(told: Sequence[Mapping[str, Any]], document: Document) -> list[tuple[int, list[Pin]]]:
    """What is pinned, by page."""
    known = {event["id"]: event for event in told}
    pages: dict[int, list[Pin]] = {}
    for event, page in document.pins:
        found = known.get(event)
        text = words.dated(f"{found['happened']['text']}: {found['text']}") if found is not None else event
        pages.setdefault(page, []).append(Pin(event, page, text, found is not None and found["stands"]))
    return sorted(pages.items())


def _pinnable(told: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Standing events that something could be read from, by kind, the latest first."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for event in reversed(told):
        if event["stands"] and event["kind"] not in ("signature", "person", "completeness"):
            kinds.setdefault(event["kind"], []).append(event)
    return [(words.sentence(words.said(kind)), events) for kind, events in sorted(kinds.items())]


def _changed(
    request: Request, who: Current, patient: str, document: str, change: Any, *, page: str = "",
    chosen: list[str] | None = None,
) -> Response:  # fmt: skip
    """Make a change and show the document again, or say why it was not made."""
    try:
        with who.write() as conn:
            whose = surviving(conn, patient)
            _document(conn, whose, document)
            change(conn, whose)
    except InputError as error:
        return _one(request, who, patient, document, problem=str(error), page=page, chosen=chosen)
    on = f"&page={page.strip()}" if page.strip().isdecimal() else ""
    return RedirectResponse(f"/patients/{patient}/documents/{document}?told=saved{on}", status_code=303)


def _check_sent(who: Current, sent: list[UploadFile]) -> None:
    most = who.settings.documents_at_once
    if not sent:
        raise InputError(_FORM_TEXT, mend="choose one file or more.")
    if len(sent) > most:
        raise InputError(f"At most {most} files are taken at once.", mend="upload them in parts.")


def _document(conn: Connection, patient: str, document: str) -> Document:
    try:
        return chart_documents.get(conn, patient, document)
    except InputError:
        raise HTTPException(404) from None
