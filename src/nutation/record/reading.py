"""One door for every record: what a file or folder holds is told by its content, not by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.record.native import read_events
from nutation.record.record import Record

_HEAD_BYTES = 256 * 1024
_FHIR = re.compile(rb'(?<!\\)"resourceType"\s*:')
_LINES = (".ndjson", ".jsonl")
_IN_FOLDER = ("events.yaml", "events.yml", "events.json", "events.csv", "record.json")

_NOT_READ: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", "export the record as FHIR JSON, or write its events."),
    (b"PK\x03\x04", "a ZIP archive or an Office file", "unpack it, or save the table as CSV."),
    (b"\x1f\x8b", "compressed", "unpack it first (gunzip)."),
    (b"<", "XML", "export FHIR as JSON."),
    (b"SQLite format 3", "a database", "export the record as FHIR JSON or CSV."),
)


def read_record(
    path: Path | str, patient: str | None = None, *, partial: bool = False, earlier: Iterable[Event] = ()
) -> Record:
    """One patient's record from a FHIR R4 Bundle (JSON), a folder or file of NDJSON, or own events.

    ``patient`` picks one where the input may tell of several; ``partial`` leaves faulty parts out and lists
    them. ``earlier`` are events that are known already: newer versions of their FHIR resources supersede them.
    Raises InputError naming file, place and mend.
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, patient, partial, earlier)
    head = _head(path)
    if path.suffix.lower() in _LINES or _is_lines(head):
        from nutation.record.fhir import read_ndjson

        return read_ndjson(path, patient=patient, partial=partial, earlier=earlier)
    if head[:1] in (b"{", b"[") and _FHIR.search(head):
        from nutation.record.fhir import read_bundle

        return read_bundle(path, patient=patient, partial=partial, earlier=earlier)
    record = read_events(path, partial=partial)
    if patient is not None and record.patient != patient:
        raise InputError(
            f"The file tells of {record.patient!r}, not of {patient!r}.",
            file=str(path), mend="name that patient, or none.",
        )  # fmt: skip
    return record


def _head(path: Path) -> bytes:
    """The beginning of the file, without byte order mark and white space."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}.", file=str(path), mend="check the path."
        ) from None
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for sign, what, mend in _NOT_READ:
        if head.startswith(sign):
            raise InputError(f"The file is {what}, which is not read.", file=str(path), mend=mend)
    return head


def _is_lines(head: bytes) -> bool:
    """Whether the first lines are FHIR resources, each whole on a line of its own."""
    lines = [line.strip() for line in head.split(b"\n", 2)[:2]]
    return len(lines) == 2 and all(
        line.startswith(b"{") and line.endswith(b"}") and _FHIR.search(line) is not None for line in lines
    )


def _read_folder(path: Path, patient: str | None, partial: bool, earlier: Iterable[Event]) -> Record:
    if any(file.suffix.lower() in _LINES for file in path.iterdir()):
        from nutation.record.fhir import read_ndjson

        return read_ndjson(path, patient=patient, partial=partial, earlier=earlier)
    for name in _IN_FOLDER:
        if (path / name).is_file():
            return read_record(path / name, patient, partial=partial, earlier=earlier)
    raise InputError(
        "The folder holds no record.",
        file=str(path),
        mend=f"put .ndjson files into it, or one of {', '.join(_IN_FOLDER)}; or name a file.",
    )
