"""Letters written in a form: kept as a document with pages, and its text beside it as it was typed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from sqlalchemy import Connection

from nutation.report import letter as on_paper
from nutation.report.words import dated
from nutation.store import documents
from nutation.store.patients import Patient
from nutation.web.forms.answers import shown
from nutation.web.forms.read import Letter

_TEXT = "text/plain; charset=utf-8"
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Typeset:
    """A letter with its pages, made before the database is written to."""

    letter: Letter
    pdf: bytes


def typeset(letter: Letter, author: str, about: Patient) -> Typeset:
    """The letter on pages, each with who it is about; ``author`` entered it."""
    day = shown(letter.dated)
    title = letter.title or "Letter"
    born = f", born {about.born.isoformat()}" if about.born is not None else ""
    numbers = "".join(f", {value}" for _, value in about.identifiers)
    patient = f"{about.label}{dated(born)}{numbers}"
    pages = on_paper.pdf(
        title, letter.correspondent, dated(day) if day else "", letter.text, patient=patient, author=author
    )
    return Typeset(letter, pages)


def keep(conn: Connection, patient: str, made: Typeset, document: str) -> dict[str, Any]:
    """Keep pages and text; the body of the entry that tells of the ``document``."""
    letter = made.letter
    title = letter.title or "Letter"
    return {
        "id": document,
        "sha256": documents.put(conn, patient, made.pdf, _PDF),
        "text_sha256": documents.put(conn, patient, letter.text.encode(), _TEXT),
        "title": f"{title} ({letter.correspondent})" if letter.correspondent else title,
        "type": "letter",
        "dated": shown(letter.dated),
        "media_type": _PDF,
        "bytes": len(made.pdf),
        "pages": len(PdfReader(io.BytesIO(made.pdf)).pages),
    }
