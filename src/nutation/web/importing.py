"""A record that was uploaded: read as the command line reads it, and held by the page until somebody takes it.

Nothing is left on the disk: the file lies in a folder of its own while it is read. The name that the browser tells
is part of the events' source, so that the same file taken twice adds nothing; it never names a place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.record.kinds import Person
from nutation.record.plain_text import MOST_BYTES
from nutation.record.reading import read_record
from nutation.record.record import Record
from nutation.record.standing import standing
from nutation.report import words

LIMIT_BYTES = MOST_BYTES
"""The largest file: what the reader of own events takes whole; one patient's record is a thousandth of it."""
_HELD_MOST = 1_000_000
"""Longest text of a file that a page holds: what one field of a form may have; several MB of a record go into it."""
_NAME_MOST = 60
_SAID_MOST = 6000
"""Longest text of an error that is shown: a value in it can be as long as the file."""

_LEFT_OUT = "left out:"
"""How the reader's warnings of parts that were left out begin."""
_NOT_IN_A_NAME = re.compile(r"[^\w .()+=-]")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
_FOR_A_PAGE = (
    (" Or leave it out with --partial.", " Or tick: leave out what cannot be read."),
    ("or leave them out with --partial.", "or tick: leave out what cannot be read."),
    ("name one of them with --patient.", "name one of them under “Patient in the file”."),
    ("or name one with --patient.", "or name one under “Patient in the file”."),
)
"""What the reader's mends say of the command line, as the page says it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as the browser sent it, or as the page held it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file tells of one patient; ``left_out`` are the parts that could not be read."""

    upload: Upload
    record: Record
    partial: bool

    @property
    def sha256(self) -> str:
        """Which file it was, to the byte."""
        return hashlib.sha256(self.upload.content).hexdigest()

    @property
    def left_out(self) -> list[str]:
        """The parts that were left out, in the reader's words."""
        return parted(self.record.warnings)[0]

    @property
    def warnings(self) -> list[str]:
        """What else the reader wants to be looked at."""
        return parted(self.record.warnings)[1]

    @property
    def born(self) -> date | None:
        """The day of birth, where the file tells one to the day."""
        return born_of(self.record.events)

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """How many events of each kind there are."""
        return kinds_of(self.record.events)

    @property
    def days(self) -> tuple[date | None, date | None]:
        """The first and the last day on which something happened."""
        return days_of(self.record.events)


def parted(warnings: Iterable[str]) -> tuple[list[str], list[str]]:
    """The reader's warnings as what was left out, and what else wants to be looked at."""
    left_out, others = list[str](), list[str]()
    for text in warnings:
        head, rest = text[: len(_LEFT_OUT)], text[len(_LEFT_OUT) :]
        (left_out.append(rest.strip()) if head.lower() == _LEFT_OUT else others.append(text))
    return left_out, others


def born_of(events: Iterable[Event]) -> date | None:
    """The day of birth that standing events tell; None where they tell none, or several."""
    told = {
        event.happened.from_ for event in standing(events)
        if isinstance(event, Person) and event.happened.from_ == event.happened.to
    }  # fmt: skip
    return told.pop() if len(told) == 1 else None


def kinds_of(events: Iterable[Event]) -> list[tuple[str, int]]:
    """How many standing events of each kind there are, in words, the most frequent first."""
    return [(words.said(kind), number) for kind, number in Counter(e.kind for e in standing(events)).most_common()]


def days_of(events: Iterable[Event]) -> tuple[date | None, date | None]:
    """The first and the last day on which something happened, births left aside."""
    told = [event.happened for event in standing(events) if not isinstance(event, Person)]
    begun = [day for one in told if (day := one.from_ or one.to) is not None]
    over = [day for one in told if (day := one.to or one.from_) is not None]
    return min(begun, default=None), max(over, default=None)


# -- what the browser sent ---------------------------------------------------------------------------


async def uploaded(request: Request) -> Upload | None:
    """The file of the form (``file``), or the one that the page held (``held``); None where there is neither."""
    form = await request.form()
    file, held, name = form.get("file"), form.get("held"), form.get("held_name")
    if isinstance(file, UploadFile) and (file.filename or file.size):
        return Upload(_plain_name(file.filename or ""), await file.read(LIMIT_BYTES + 1))
    if isinstance(held, str) and held:
        content = unheld(held)
        return Upload(_plain_name(name if isinstance(name, str) else ""), content) if content is not None else None
    return None


def held(upload: Upload) -> str:
    """The file as text that a page holds until it is sent again; empty where it is too long for that."""
    text = base64.urlsafe_b64encode(zlib.compress(upload.content)).decode("ascii").rstrip("=")
    return text if len(text) <= _HELD_MOST else ""


def unheld(text: str) -> bytes | None:
    """The file back from a page; None where the text is none, or grows beyond what is read."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        opening = zlib.decompressobj()
        content = opening.decompress(packed, LIMIT_BYTES + 1)
    except (ValueError, binascii.Error, zlib.error):
        return None
    return content if opening.eof and len(content) <= LIMIT_BYTES else None


def _plain_name(told: str) -> str:
    """The name as the last part of a path, of signs that harm nowhere, with its ending."""
    last = re.split(r"[/\\]", told)[-1]
    name = _NOT_IN_A_NAME.sub("_", str(words.cleaned(last))).strip(" .")
    found = _ENDING.search(name)
    ending = found[0] if found is not None else ""
    return (name[: len(name) - len(ending)][:_NAME_MOST].strip(" .") or "record") + ending


# -- reading -----------------------------------------------------------------------------------------


def read_upload(upload: Upload, *, patient: str = "", partial: bool = False, earlier: Sequence[Event] = ()) -> Imported:
    """What the file tells of one patient, told by its content.

    ``patient`` picks one of several, ``earlier`` are events recorded already. Raises InputError with file, place and
    mend, as the page says them.
    """
    if len(upload.content) > LIMIT_BYTES:
        raise InputError(
            f"The file is larger than {LIMIT_BYTES // 2**20} MB.", file=upload.name,
            mend="one file holds one patient; take the others out of it.",
        )  # fmt: skip
    if not upload.content.strip():
        raise InputError("The file is empty.", file=upload.name, mend="check which file you meant.")
    with tempfile.TemporaryDirectory(prefix="nutation-import-") as folder:
        file = Path(folder) / upload.name
        file.write_bytes(upload.content)
        try:
            record = read_record(file, patient or None, partial=partial, earlier=earlier)
        except InputError as error:
            told = (_said(text, folder) for text in (error.problem, error.file, error.place, error.mend))
            problem, name, place, mend = told
            raise InputError(problem, file=name, place=place, mend=mend) from None
    warnings = tuple(_said(text, folder) for text in record.warnings)
    return Imported(upload, replace(record, warnings=warnings), partial)


def _said(text: str, folder: str) -> str:
    """The reader's text without the place where the file lay, and with the page's words for the command line's."""
    if len(text) > _SAID_MOST:
        text = f"{text[:_SAID_MOST]} … (cut here)"
    text = text.replace(f"{folder}/", "").replace(folder, "")
    for line, page in _FOR_A_PAGE:
        text = text.replace(line, page)
    return text


def entry_of(imported: Imported, token: str, added: int) -> dict[str, Any]:
    """What the ledger keeps of an import beside the events: which file it was, and what was left out of it."""
    return {
        "id": token, "file": imported.upload.name, "sha256": imported.sha256, "bytes": len(imported.upload.content),
        "record": imported.record.patient, "partial": imported.partial, "events": added,
        "left_out": len(imported.left_out),
    }  # fmt: skip
