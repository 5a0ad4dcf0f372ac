"""A backup of the whole database into one file while it runs, and its restoration into an empty one.

The file is a ZIP of one NDJSON a table with a manifest of counts and hashes, read within one transaction; it is the
same for SQLite and PostgreSQL, so a clinic can move from the one to the other with it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, func, insert, select, text

from nutation.record.errors import InputError
from nutation.store.engine import Store
from nutation.store.migrate import current, newest
from nutation.store.rows import plain_row, row_of
from nutation.store.tables import metadata

FORMAT = "nutation.backup.1"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: when it was made, of which tables' revision, and rows by table."""

    made_at: datetime
    revision: str
    rows: dict[str, int]


def backup(store: Store, file: Path, *, at: datetime) -> Manifest:
    """Write everything into ``file``; it appears whole or not at all, and others go on writing meanwhile."""
    if file.exists():
        raise InputError("The file exists already.", file=str(file), mend="name another; a backup is not overwritten.")
    revision = current(store.engine)
    unfinished = file.with_name(file.name + ".unfinished")
    tables: dict[str, dict[str, Any]] = {}
    try:
        with store.read() as conn, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as packed:
            for table in metadata.sorted_tables:
                tables[table.name] = _write(conn, table, packed)
            manifest = {"format": FORMAT, "made_at": at.isoformat(), "revision": revision, "tables": tables}
            packed.writestr("manifest.json", json.dumps(manifest, indent=1))
        unfinished.replace(file)
    except OSError as error:
        raise InputError(
            f"The backup cannot be written: {error.strerror}.", file=str(file), mend="name a folder with room for it."
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return Manifest(at, str(revision), {name: told["rows"] for name, told in tables.items()})


def _write(conn: Connection, table: Table, packed: zipfile.ZipFile) -> dict[str, Any]:
    rows, sha = 0, hashlib.sha256()
    asked = select(table).order_by(*table.primary_key.columns or table.columns).execution_options(yield_per=_BATCH)
    with packed.open(f"tables/{table.name}.ndjson", "w", force_zip64=True) as out:
        for row in conn.execute(asked).mappings():
            line = json.dumps(plain_row(table, row), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            out.write(line)
            sha.update(line)
            rows += 1
    return {"rows": rows, "sha256": sha.hexdigest()}


def restore(store: Store, file: Path) -> Manifest:
    """Bring back a backup into a database without patients; everything, or nothing where something is wrong.

    Raises InputError where the file is damaged or of another version, or the database is not empty.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            manifest = cast("dict[str, Any]", json.loads(packed.read("manifest.json")))
            _check(store, manifest, file)
            with store.write() as conn:
                for table in metadata.sorted_tables:
                    _read(conn, table, packed, manifest["tables"].get(table.name), file)
    except (OSError, zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise InputError(
            f"The file is no backup, or it is damaged ({error}).", file=str(file), mend="use another backup."
        ) from None
    rows = {name: told["rows"] for name, told in manifest["tables"].items()}
    return Manifest(datetime.fromisoformat(manifest["made_at"]).astimezone(UTC), manifest["revision"], rows)


def _check(store: Store, manifest: dict[str, Any], file: Path) -> None:
    if manifest.get("format") != FORMAT:
        raise InputError("The file is no backup of Nutation.", file=str(file), mend="use a file that `backup` wrote.")
    if manifest["revision"] != newest():
        raise InputError(
            f"The backup is of another version's tables ({manifest['revision']}, and {newest()} is needed).",
            file=str(file), mend="restore it with the Nutation that made it, and upgrade that database.",
        )  # fmt: skip
    check_empty(store, file)


def check_empty(store: Store, file: Path) -> None:
    """Refuse to fill a database that holds anything. Raises InputError."""
    with store.read() as conn:
        filled = [
            table.name for table in metadata.sorted_tables
            if conn.execute(select(func.count()).select_from(table)).scalar_one()
        ]  # fmt: skip
    if filled:
        raise InputError(
            f"The database is not empty ({', '.join(filled[:3])}).", file=str(file),
            mend="restore into a new database; nothing that is stored is overwritten.",
        )  # fmt: skip


def _read(conn: Connection, table: Table, packed: zipfile.ZipFile, told: dict[str, Any] | None, file: Path) -> None:
    if told is None:
        raise InputError(f"The backup lacks the table {table.name}.", file=str(file), mend="use another backup.")
    sha, rows = hashlib.sha256(), 0
    waiting: list[dict[str, Any]] = []
    for line in _lines(packed, table):
        sha.update(line)
        rows += 1
        waiting.append(row_of(table, json.loads(line)))
        if len(waiting) == _BATCH:
            conn.execute(insert(table), waiting)
            waiting = []
    if waiting:
        conn.execute(insert(table), waiting)
    count_on(conn, table)
    if sha.hexdigest() != told["sha256"] or rows != told["rows"]:
        raise InputError(f"The table {table.name} was altered.", file=str(file), mend="use another backup.")


def _lines(packed: zipfile.ZipFile, table: Table) -> Iterator[bytes]:
    with packed.open(f"tables/{table.name}.ndjson") as found:
        yield from found


def count_on(conn: Connection, table: Table) -> None:
    """Let a table whose ids the database counts go on after the highest that was put in."""
    for column in table.columns:
        if conn.dialect.name == "postgresql" and column.identity is not None:
            highest = conn.execute(select(func.max(column))).scalar()
            if highest is not None:
                named = {"table": table.name, "column": column.name, "highest": highest}
                conn.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"), named)
