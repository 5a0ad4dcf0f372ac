"""The whole clinic as FHIR R4 (NDJSON), out and in again without loss.

What other systems understand is written as what they expect: Patient, the events' resources, Practitioner,
DocumentReference with its Binary. What FHIR has no place for (the chains' hashes, requests, stored answers) is a
Basic resource that holds the row as an extension; an entry of events names them, and is put together again from
their resources and checked against its digest. Passwords, second factors and sessions never leave.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, select

from nutation.record.errors import InputError
from nutation.record.fhir import write_bundle
from nutation.record.fhir.build import own_code, own_value, shown
from nutation.record.fhir.extension import BASE, own_events, text_element, text_value
from nutation.record.fhir.node import Malformed, Node
from nutation.record.record import Record
from nutation.store import audit, events
from nutation.store.answers import make_all_due
from nutation.store.backup import check_empty, count_on
from nutation.store.engine import Store
from nutation.store.exchange_files import Files, read_lines
from nutation.store.migrate import newest
from nutation.store.rows import plain_row, row_of
from nutation.store.schema import blob, entry, patient
from nutation.store.tables import metadata

JsonObject = dict[str, Any]

ROW = f"{BASE}row"
FORMAT = "nutation.export.1"

LEFT_OUT = frozenset({"session", "sign_in_try", "one_time_link", "recovery_code", "due", "worklist_row", "plan_job"})
"""Tables of secrets, which stay, and of what is made anew from the rest."""
SECRET = {"person": ("password_hash", "totp_secret", "totp_since")}
"""Columns that are written empty."""


def export_clinic(store: Store, folder: Path, *, at: datetime) -> dict[str, int]:
    """Write everything into a new folder and return the number of resources by file; others go on writing meanwhile.

    Raises InputError where the folder holds anything.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("The folder is not empty.", file=str(folder), mend="name a new one.")
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder)
    with store.read() as conn:
        for row in list(conn.execute(select(patient).order_by(patient.c.created_at, patient.c.id)).mappings()):
            files.add_all(_of_patient(conn, row))
        for table in metadata.sorted_tables:
            if table.name not in LEFT_OUT:
                files.add_all(_rows(conn, table))
    return files.finish({"format": FORMAT, "made_at": at.astimezone(UTC).isoformat(), "revision": newest()})


def _of_patient(conn: Connection, row: Any) -> Iterator[JsonObject]:
    one, label = row["id"], row["label"]
    told = [
        events.event_of(event, one)
        for body in conn.execute(
            select(entry.c.body).where(entry.c.patient == one, entry.c.kind == "events").order_by(entry.c.seq)
        ).scalars()
        if body is not None
        for event in body["events"]
    ]
    bundle = write_bundle(Record(one, tuple(told), label=label))
    for part in bundle["entry"]:
        resource = part["resource"]
        if resource["resourceType"] != "Patient":
            resource = {**resource, "id": _short(one, resource["id"])}
        yield resource
    for found in conn.execute(select(blob).where(blob.c.patient == one)).mappings():
        if found["content"] is not None:
            yield {
                "resourceType": "Binary", "id": _short(one, found["sha256"]), "contentType": found["media_type"],
                "data": base64.b64encode(found["content"]).decode("ascii"),
            }  # fmt: skip
    documents = select(entry.c.body).where(entry.c.patient == one, entry.c.kind == "document")
    for body in conn.execute(documents.order_by(entry.c.seq)).scalars():
        if body is not None and body.get("sha256"):
            yield _document_reference(one, body)


def _document_reference(one: str, body: JsonObject) -> JsonObject:
    attachment = {
        "contentType": body.get("media_type", "application/octet-stream"),
        "url": f"Binary/{_short(one, body['sha256'])}",
        "title": shown(str(body.get("title", ""))) or "document",
    }
    return {
        "resourceType": "DocumentReference", "id": _short(one, str(body.get("id", body["sha256"]))),
        "status": "current", "subject": {"reference": f"Patient/{one}"}, "type": own_value(str(body.get("type", ""))),
        "content": [{"attachment": attachment}],
    }  # fmt: skip


def _short(one: str, name: str) -> str:
    """An id that no two patients share, as short as FHIR wants it."""
    return f"{one[:16]}-{hashlib.sha256(f'{one}/{name}'.encode()).hexdigest()[:32]}"


def _rows(conn: Connection, table: Table) -> Iterator[JsonObject]:
    asked = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=50)
    for number, row in enumerate(conn.execute(asked).mappings(), 1):
        told = plain_row(table, row)
        if table is blob and told["content"] is not None:
            told["content"] = "Binary"
        if table is entry and told["kind"] == "events" and told["body"] is not None:
            told["body"] = {**told["body"], "events": [event["id"] for event in told["body"]["events"]]}
        told |= dict.fromkeys(SECRET.get(table.name, ()))
        yield {
            "resourceType": "Basic", "id": f"{table.name.replace('_', '-')}-{number}",
            "code": own_code(f"row.{table.name}"),
            **({"subject": {"reference": f"Patient/{told['patient']}"}} if told.get("patient") else {}),
            "extension": [
                {
                    "url": ROW,
                    "extension": [
                        text_element("table", table.name),
                        text_element("row", json.dumps(told, ensure_ascii=False, separators=(",", ":"))),
                    ],
                }
            ],
        }  # fmt: skip
        if table.name == "person" and told["name"]:
            yield {"resourceType": "Practitioner", "id": told["id"], "name": [{"text": shown(told["shown"]) or "-"}]}


def import_clinic(store: Store, folder: Path) -> dict[str, int]:
    """Bring an exported clinic into an empty database: everything, or nothing where something is wrong.

    Every entry is checked against its digest and every chain verified before anything is kept. Returns the number of
    resources by file. Raises InputError.
    """
    check_empty(store, folder)
    manifest = _manifest(folder)
    told = _Read(folder)
    counts: dict[str, int] = {}
    for name, expected in manifest["files"].items():
        counts[name] = read_lines(folder / name, expected, told.take)
    with store.write() as conn:
        for table in metadata.sorted_tables:
            rows = [told.whole(table, row) for row in told.rows.get(table.name, ())]
            if rows:
                conn.execute(insert(table), rows)
                count_on(conn, table)
        found = audit.verify(conn)
        if found.faults:
            first = found.faults[0]
            raise InputError(
                f"The export does not verify: {first.problem} ({len(found.faults)} faults).", file=str(folder),
                place=first.place, mend="export anew; the files were changed since they were written.",
            )  # fmt: skip
        now = datetime.now(UTC)
        make_all_due(conn, now.date(), {"import": now.isoformat()}, now)
    return counts


def _manifest(folder: Path) -> JsonObject:
    file = folder / "manifest.json"
    try:
        told = cast("JsonObject", json.loads(file.read_text("utf-8")))
    except (OSError, ValueError):
        raise InputError(
            "The folder is no export of a clinic.", file=str(folder), mend="name the folder that `export` wrote; a "
            "single patient's FHIR is imported on the clinic's page.",
        ) from None  # fmt: skip
    if told.get("format") != FORMAT or told.get("revision") != newest():
        raise InputError(
            f"The export is of another version ({told.get('revision')}, and {newest()} is needed).",
            file=str(file), mend="export with the same version of Nutation as imports.",
        )  # fmt: skip
    return told


class _Read:
    """What was read of the files: rows by table, and the events and bytes that are put back into them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows: dict[str, list[JsonObject]] = {}
        self._events: dict[tuple[str, str], JsonObject] = {}
        self._bytes: dict[str, bytes] = {}

    def take(self, resource: JsonObject, place: str) -> None:
        kind = resource.get("resourceType")
        if kind == "Binary":
            self._bytes[str(resource["id"])] = base64.b64decode(resource["data"])
        elif kind == "Basic":
            self._row(resource, place)
        elif kind not in ("DocumentReference", "Practitioner"):
            self._take_events(resource, place)

    def _row(self, resource: JsonObject, place: str) -> None:
        node = Node(resource, str(resource.get("id")))
        parts = {
            str(part.value.get("url")): text_value(part)
            for row in node.extensions(ROW)
            for part in row.children("extension")
        }
        if parts.get("table") not in metadata.tables or parts["table"] in LEFT_OUT:
            raise InputError("The resource names no table.", file=place, mend="leave the files as they were written.")
        self.rows.setdefault(str(parts["table"]), []).append(json.loads(parts["row"] or "null"))

    def _take_events(self, resource: JsonObject, place: str) -> None:
        try:
            found = own_events(Node(resource, str(resource.get("id"))))
        except Malformed as error:
            raise InputError(str(error), file=place, mend="leave the files as they were written.") from None
        if found is None or not found[1]:
            raise InputError(
                "The resource was changed since it was exported.", file=place,
                mend="import the whole clinic as it was written, and enter the change as a correction.",
            )  # fmt: skip
        for event, _ in found[0]:
            self._events[event.patient, event.id] = events.plain(event)

    def whole(self, table: Table, row: JsonObject) -> JsonObject:
        """The row with the events or bytes that it names put back."""
        place = f"{table.name} {row.get('patient', '')} {row.get('seq', '')}".strip()
        try:
            if table is entry and row["kind"] == "events" and row["body"] is not None:
                told = [self._events[row["patient"], name] for name in row["body"]["events"]]
                row = {**row, "body": {**row["body"], "events": told}}
            if table is blob and row["content"] is not None:
                content = self._bytes[_short(row["patient"], row["sha256"])]
                return {**row_of(table, {**row, "content": None}), "content": content}
            return row_of(table, row)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"Something that belongs to it is missing ({error}).", file=str(self._folder), place=place,
                mend="use the whole folder as it was written.",
            ) from None  # fmt: skip
