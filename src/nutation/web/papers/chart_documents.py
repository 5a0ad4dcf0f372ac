"""A patient's source documents and the pins on their pages, as the chain of entries tells them.

An entry ``document`` holds what is known of one (the last with its id holds), an entry ``pin`` ties an event to a page
or, with ``removed``, unties it. Documents of a patient who was merged into this one are read with theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.record.period import parse_partial_date
from nutation.record.standing import standing
from nutation.report.submission_sources import SourceDocument
from nutation.store import documents as blobs
from nutation.store import events, ledger, patients
from nutation.store.ledger import Draft, Entry
from nutation.web.papers.uploads import ALL_TYPES, TYPES, Upload, one_line

UNDATED = "not dated"


@dataclass(frozen=True, slots=True)
class Document:
    """A source document: ``owner`` is the patient in whose chain it stands; ``pins`` are (event, page), in order."""

    id: str
    owner: str
    title: str
    type: str
    dated: str
    media_type: str
    bytes: int
    pages: int
    sha256: str
    at: datetime
    by: str
    withdrawn: str = ""
    pins: tuple[tuple[str, int], ...] = ()

    @property
    def type_said(self) -> str:
        """The type in words."""
        return ALL_TYPES.get(self.type, self.type)

    @property
    def dated_said(self) -> str:
        """The date, or that there is none."""
        return self.dated or UNDATED


def every(conn: Connection, patient_id: str, *, withdrawn: bool = False) -> list[Document]:
    """The patient's documents, the latest dated first and the undated last; ``withdrawn`` ones too if asked for."""
    found: list[Document] = []
    for owner in (patient_id, *patients.merged_in(conn, patient_id)):
        found += _of_chain(owner, ledger.entries(conn, owner, ("document", "pin")))
    shown = [one for one in found if withdrawn or not one.withdrawn]
    return sorted(sorted(shown, key=lambda one: one.at, reverse=True), key=lambda one: one.dated, reverse=True)


def get(conn: Connection, patient_id: str, document: str) -> Document:
    """The document of that id. Raises InputError where the patient has none, or it was withdrawn."""
    found = next((one for one in every(conn, patient_id) if one.id == document), None)
    if found is None:
        raise InputError("There is no such document.", mend="open it from the patient's documents.")
    return found


def content(conn: Connection, told: Document) -> bytes:
    """The document's bytes, as they were received. Raises InputError where they were erased or altered."""
    return blobs.get(conn, told.owner, told.sha256).content


def keep(
    conn: Connection,
    patient_id: str,
    uploads: Sequence[Upload],
    *,
    type: str,  # noqa: A002 - the word of the entry
    dated: str,
    title: str = "",
    today: date,
    by: str,
    at: datetime,
) -> list[str]:
    """Keep uploads as documents of one type and date, all or none, and return their ids.

    A ``title`` goes before the files' names; several are numbered. Raises InputError where one is here already.
    """
    _check(type, dated, today)
    ledger.lock(conn, patient_id)
    known = {one.sha256: one for one in every(conn, patient_id)}
    drafts: list[Draft] = []
    for number, upload in enumerate(uploads, 1):
        sha = blobs.put(conn, patient_id, upload.content, upload.media_type)
        if (same := known.get(sha)) is not None:
            raise InputError(
                f"It is here already, as “{same.title}”, {same.type_said.lower()}, {same.dated_said}.",
                place=upload.title, mend="open that document, and correct its type or date if they are wrong.",
            )  # fmt: skip
        named = one_line(title)
        if named and len(uploads) > 1:
            named = f"{named} ({number})"
        body: dict[str, Any] = {
            "id": uuid4().hex, "sha256": sha, "title": named or upload.title, "type": type, "dated": dated.strip(),
            "media_type": upload.media_type, "bytes": len(upload.content), "pages": upload.pages,
        }  # fmt: skip
        known[sha] = _document(patient_id, body, at, by)
        drafts.append(Draft("document", body))
    ledger.append(conn, patient_id, drafts, by=by, at=at)
    return [draft.body["id"] for draft in drafts]


def describe(
    conn: Connection,
    patient_id: str,
    document: str,
    *,
    title: str,
    type: str,  # noqa: A002
    dated: str,
    today: date,
    by: str,
    at: datetime,
) -> None:
    """Correct title, type and date. Raises InputError."""
    _check(type, dated, today, ALL_TYPES)
    if not one_line(title):
        raise InputError("The document has no title.", place="Title", mend="write what it is.")
    ledger.lock(conn, patient_id)
    told = get(conn, patient_id, document)
    _append(conn, told, {"title": one_line(title), "type": type, "dated": dated.strip()}, by=by, at=at)


def withdraw(conn: Connection, patient_id: str, document: str, *, reason: str, by: str, at: datetime) -> None:
    """Take a document out of the chart, such as one of another patient; its content is no longer shown to anyone."""
    if not reason.strip():
        raise InputError("Taking a document out needs its reason.", place="Why", mend="write why it is taken out.")
    ledger.lock(conn, patient_id)
    told = get(conn, patient_id, document)
    _append(conn, told, {"withdrawn": one_line(reason)}, by=by, at=at)


def pin(
    conn: Connection, patient_id: str, document: str, pinned: Sequence[str], page: int, *, by: str, at: datetime
) -> None:
    """Tie events to a page (from 1) of a document; those that are tied already stay so. Raises InputError."""
    ledger.lock(conn, patient_id)
    told = get(conn, patient_id, document)
    if not 1 <= page <= told.pages:
        raise InputError(f"The document has {told.pages} pages.", place="Page", mend=f"write 1 to {told.pages}.")
    if not pinned:
        raise InputError("No event is chosen.", place="Findings", mend="choose what was read from this page.")
    known = {event.id for event in standing(events.record_of(conn, patient_id).events)}
    if not known.issuperset(pinned):
        raise InputError("An event that was chosen no longer stands.", place="Findings", mend="choose again.")
    fresh = [event for event in dict.fromkeys(pinned) if (event, page) not in told.pins]
    _append_pins(conn, told, [{"event": event, "document": document, "page": page} for event in fresh], by=by, at=at)


def unpin(conn: Connection, patient_id: str, document: str, event: str, page: int, *, by: str, at: datetime) -> None:
    """Untie an event from a page; nothing happens where it is not tied. Raises InputError."""
    ledger.lock(conn, patient_id)
    told = get(conn, patient_id, document)
    if (event, page) in told.pins:
        body = {"event": event, "document": document, "page": page, "removed": True}
        _append_pins(conn, told, [body], by=by, at=at)


def heirs(told: Iterable[Event]) -> dict[str, tuple[str, ...]]:
    """Of every event, corrected ones too, the standing events that it lives on in: what was pinned stays pinned."""
    found = list(told)
    later: dict[str, list[str]] = {}
    for event in found:
        for earlier in event.supersedes:
            later.setdefault(earlier, []).append(event.id)
    now = {event.id for event in standing(found)}

    def reached(name: str, seen: frozenset[str]) -> tuple[str, ...]:
        if name in now:
            return (name,)
        return tuple(one for heir in later.get(name, ()) if heir not in seen for one in reached(heir, seen | {heir}))

    return {event.id: tuple(dict.fromkeys(reached(event.id, frozenset({event.id})))) for event in found}


def sources(documents: Sequence[Document], living: Mapping[str, tuple[str, ...]]) -> list[SourceDocument]:
    """The documents that events are pinned to, as a submission takes them, in the order of their dates.

    ``living`` are the ``heirs`` of the patient's events.
    """
    told: list[SourceDocument] = []
    for one in sorted(documents, key=lambda one: (one.dated or "9", one.at, one.id)):
        pins: dict[str, tuple[int, ...]] = {}
        for event, page in one.pins:
            for heir in living.get(event, ()):
                pins[heir] = tuple(sorted({*pins.get(heir, ()), page}))
        if pins:
            told.append(SourceDocument(one.id, one.title, one.type_said, one.dated_said, one.pages, one.sha256, pins))
    return told


def _check(type: str, dated: str, today: date, types: Mapping[str, str] = TYPES) -> None:  # noqa: A002
    if type not in types:
        raise InputError("What the document is was not chosen.", place="Kind", mend="choose one of the kinds.")
    if not dated.strip():
        return
    try:
        first, _ = parse_partial_date(dated)
    except ValueError as error:
        problem, _, mend = str(error).partition("; ")
        raise InputError(f"{problem}.", place="Day on it", mend=f"{mend or 'correct it'}.") from None
    if first > today:
        raise InputError("The date lies ahead.", place="Day on it", mend="write the day that stands on the document.")


def _append(conn: Connection, told: Document, change: dict[str, Any], *, by: str, at: datetime) -> None:
    body = {
        "id": told.id, "sha256": told.sha256, "title": told.title, "type": told.type, "dated": told.dated,
        "media_type": told.media_type, "bytes": told.bytes, "pages": told.pages,
    }  # fmt: skip
    ledger.append(conn, told.owner, [Draft("document", {**body, **change})], by=by, at=at)


def _append_pins(conn: Connection, told: Document, bodies: list[dict[str, Any]], *, by: str, at: datetime) -> None:
    ledger.append(conn, told.owner, [Draft("pin", body) for body in bodies], by=by, at=at)


def _document(owner: str, body: dict[str, Any], at: datetime, by: str) -> Document:
    return Document(
        id=body["id"], owner=owner, title=body["title"], type=body["type"], dated=body["dated"] or "",
        media_type=body["media_type"], bytes=body["bytes"], pages=body["pages"], sha256=body["sha256"], at=at, by=by,
        withdrawn=body.get("withdrawn", ""),
    )  # fmt: skip


def _of_chain(owner: str, entries: Sequence[Entry]) -> list[Document]:
    bodies: dict[str, tuple[dict[str, Any], Entry]] = {}
    pins: dict[str, dict[tuple[str, int], None]] = {}
    for entry in entries:
        if entry.body is None:  # erased by law
            continue
        if entry.kind == "document":
            first = bodies[entry.body["id"]][1] if entry.body["id"] in bodies else entry
            bodies[entry.body["id"]] = (entry.body, first)
            continue
        tied = pins.setdefault(entry.body["document"], {})
        place = (entry.body["event"], int(entry.body["page"]))
        if entry.body.get("removed"):
            tied.pop(place, None)
        else:
            tied[place] = None
    found: list[Document] = []
    for name, (body, first) in bodies.items():
        told = _document(owner, body, first.at, first.by)
        tied = sorted(pins.get(name, {}), key=lambda place: (place[1], place[0]))
        found.append(replace(told, pins=tuple(tied)))
    return found
