"""What may be uploaded as a source document, told by its content alone: a file's name decides and opens nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from nutation.record.errors import InputError
from nutation.web.papers import images, pdf_check
from nutation.web.settings import Settings

TYPES = {
    "referral": "Referral",
    "examination": "Examination",
    "imaging_report": "Imaging report",
    "injection_record": "Injection record",
    "therapy_record": "Therapy record",
    "operation_report": "Operation report",
    "payer_letter": "Letter of the payer",
    "other": "Other",
}
"""What an uploaded document can be."""

ALL_TYPES = {**TYPES, "letter": "Letter"}
"""With the letters that are written in a form, and not uploaded."""

MEDIA_TYPES = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
"""What is taken, and the ending of its name when it is saved."""

TITLE_MOST = 200
_MEGABYTE = 1_000_000
_NOT_PRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was looked into and may be kept."""

    content: bytes
    media_type: str
    pages: int
    title: str


def look_into(content: bytes, file_name: str, settings: Settings) -> Upload:
    """Look into a file. Raises InputError that names it, says what is wrong with it, and the mend."""
    title = title_of(file_name)
    try:
        media_type = media_type_of(content)
        if len(content) > settings.document_limit_mb * _MEGABYTE:
            raise InputError(
                f"It is larger than {settings.document_limit_mb} MB.",
                mend="scan it with fewer dots an inch, or split it.",
            )
        if media_type == "application/pdf":
            pages = pdf_check.apart(content, pages_most=settings.document_pages)
        else:
            pages = images.check(content, media_type)
    except InputError as error:
        raise InputError(error.problem, place=title, mend=error.mend) from None
    return Upload(content, media_type, pages, title)


def media_type_of(content: bytes) -> str:
    """The type that the first bytes tell. Raises InputError for any other than ``MEDIA_TYPES``."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if not content:
        raise InputError("The file is empty.", mend="check which file you meant.")
    raise InputError("It is not a PDF, PNG or JPEG.", mend="print it into a PDF, or take a picture of it.")


def title_of(file_name: str) -> str:
    """A title to begin with, from the name that the browser told: one line, printable, without path and ending."""
    name = re.split(r"[/\\]", file_name)[-1]
    stem, point, ending = name.rpartition(".")
    return one_line(stem if point and stem and len(ending) <= 5 else name) or "Document"


def one_line(text: str) -> str:
    """The text as one printable line of at most ``TITLE_MOST`` characters."""
    shown = "".join(" " if unicodedata.category(sign) in _NOT_PRINTED else sign for sign in text)
    return " ".join(shown.split())[:TITLE_MOST].strip()
