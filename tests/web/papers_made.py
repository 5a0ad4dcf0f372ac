"""What the tests of papers share: an app of their pages, an example patient with a stored answer, PDFs to upload."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pypdfium2
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
)

from nutation.case import build_case, document
from nutation.record.head import Event
from nutation.record.reading import read_record
from nutation.record.record import Record
from nutation.store import Store, answers, events, patients
from nutation.web.guard import check_routes, guard
from nutation.web.pages import documents, request_papers, requests
from nutation.web.papers import chart_documents
from nutation.web.papers.uploads import Upload
from nutation.web.settings import Settings
from web.made import NOW, Clock, add_person, sign_in_as

EXAMPLES = Path(__file__).parents[2] / "examples"
DAY = date(2026, 9, 1)
_MINUTES = count(1)
PASSWORD = "lorry puddle sonnet vetch"


def papers_app(store: Store, settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The pages of papers alone, with everything that stands before pages."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    guard(app, store, settings)
    for pages in (documents, requests, request_papers):
        app.include_router(pages.router)
    check_routes(app)
    app.state.clock = clock or Clock()
    return app


@cache
def example(name: str) -> Record:
    return read_record(EXAMPLES / name)


@cache
def answer_of(name: str, known: tuple[str, ...] = ()) -> dict[str, Any]:
    record = example(name)
    chosen = tuple(event for event in record.events if not known or event.id in known)
    return document(build_case(Record(patient=record.patient, events=chosen, label=record.label), as_of=DAY))


def added(store: Store, name: str, *, without: Iterable[str] = ()) -> str:
    """A patient of the example, with today's answer stored. ``without`` are ids of events left out."""
    record, gone = example(name), set(without)
    with store.write() as conn:
        made = patients.add(conn, record.label, by="import", at=NOW)
        chosen = [event for event in record.events if event.id not in gone]
        events.append_events(conn, made, chosen, by="import", at=NOW)
        _keep(conn, made, name, tuple(event.id for event in chosen) if gone else ())
    return made


def answer_again(store: Store, patient: str, as_of: date = DAY) -> None:
    """Answer anew, as the worker does."""
    with store.write() as conn:
        told = document(build_case(events.record_of(conn, patient), as_of=as_of))
        answers.keep(
            conn, patient, events_head=events.events_head(conn, patient), as_of=as_of, versions=told["versions"],
            document=told, made_at=NOW + timedelta(minutes=next(_MINUTES)),
        )  # fmt: skip


def append(store: Store, patient: str, *more: Event) -> None:
    with store.write() as conn:
        events.append_events(conn, patient, more, by="import", at=NOW)


def _keep(conn: Any, patient: str, name: str, known: tuple[str, ...]) -> None:
    told = {**answer_of(name, known), "patient": patient}
    answers.keep(
        conn, patient, events_head=events.events_head(conn, patient), as_of=DAY, versions=told["versions"],
        document=told, made_at=NOW,
    )  # fmt: skip


def as_role(app: FastAPI, *roles: str, shown: str = "", password: str | None = None) -> TestClient:
    return sign_in_as(app, add_person(app.state.store, roles, shown=shown, password=password))


# ── PDFs ─────────────────────────────────────────────────────────────────────────────────────────────


def writer_of(*lines: str, size: tuple[float, float] = (595, 842)) -> PdfWriter:
    """A PDF with a page for each line of text."""
    writer = PdfWriter()
    for line in lines:
        page = writer.add_blank_page(*size)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})}
        )
        told = DecodedStreamObject()
        told.set_data(f"BT /F1 14 Tf 60 {size[1] - 90:g} Td ({line}) Tj ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(told)
    return writer


def written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_of(*lines: str) -> bytes:
    return written(writer_of(*lines))


def with_field(writer: PdfWriter, text: str) -> PdfWriter:
    """The first page with a filled field: its text is in the annotation's look, not in the page."""
    look = DecodedStreamObject()
    look.set_data(f"0.8 1 0.8 rg 0 0 200 24 re f 0 g BT /F1 12 Tf 6 7 Td ({text}) Tj ET".encode("latin-1"))
    look.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject([FloatObject(side) for side in (0, 0, 200, 24)]),
            NameObject("/Resources"): writer.pages[0]["/Resources"],
        }
    )
    field = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/Rect"): ArrayObject([FloatObject(side) for side in (60, 600, 260, 624)]),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
        }
    )
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(field)])
    return writer


def picture_of(kind: str = "PNG", size: tuple[int, int] = (300, 400), **told: Any) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, "#d8e4e8").save(out, kind, **told)
    return out.getvalue()


def texts_of(pdf: bytes) -> list[str]:
    """The text of each page, quickly."""
    opened = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_bounded().replace("\u200b", "") for page in opened]


def read_texts_of(pdf: bytes) -> list[str]:
    """The text of each page by another reader, which also finds what is hidden under something else."""
    return [page.extract_text().replace("\u200b", "") for page in PdfReader(io.BytesIO(pdf)).pages]


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(texts_of(pdf)).split())


def kept(store: Store, patient: str, content: bytes, pins: dict[int, list[str]], *, title: str = "Scan") -> str:
    """A document with its pins, without the way through the browser: the address of its page."""
    shown = Upload(content, "application/pdf", len(PdfReader(io.BytesIO(content)).pages), title)
    with store.write() as conn:
        (made,) = chart_documents.keep(
            conn, patient, [shown], type="injection_record", dated="2026-04-14", today=DAY, by="dr", at=NOW
        )
        for page, names in pins.items():
            chart_documents.pin(conn, patient, made, names, page, by="dr", at=NOW)
    return f"/patients/{patient}/documents/{made}"


def upload(client: TestClient, patient: str, *files: tuple[str, bytes], **told: str) -> Any:
    sent = [("files", (name, content, "application/octet-stream")) for name, content in files]
    data = {"type": "injection_record", "dated": "2026-04-14", **told}
    return client.post(f"/patients/{patient}/documents", data=data, files=sent)
