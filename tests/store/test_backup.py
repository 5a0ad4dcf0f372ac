"""A backup made while others write, restored into either database; nothing is lost and nothing overwritten."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from databases import PostgreSQL, fresh_sqlite
from nutation.record.errors import InputError
from nutation.record.record import Record
from nutation.store import Store, answers, audit, documents, events, patients
from nutation.store.backup import backup, restore
from nutation.store.tables import metadata


def _fill(store: Store, classic: Record, now: datetime) -> str:
    with store.write() as conn:
        one = patients.add(conn, "Anna Bérg", by="dr", at=now, born=date(1970, 5, 5), identifiers=[("mrn", "1")])
        events.append_events(conn, one, classic.events, by="dr", at=now)
        documents.put(conn, one, bytes(range(256)), "image/png")
        answers.keep(
            conn, one, events_head="a" * 64, as_of=now.date(), versions={"v": "1"}, document={"p": 0.1}, made_at=now
        )
        other = patients.add(conn, "A. Berg", by="dr", at=now)
        patients.merge(conn, other, one, by="dr", at=now, reason="one person")
        audit.roll(conn, now)
    return one


def _everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as conn:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def test_restored_into_either_database(
    store: Store, classic: Record, now: datetime, tmp_path: Path, sqlite_template: Path, postgresql: PostgreSQL
) -> None:
    _fill(store, classic, now)
    file = tmp_path / "clinic.zip"
    manifest = backup(store, file, at=now)
    assert manifest.rows["entry"] > 3
    before = _everything(store)
    with fresh_sqlite(tmp_path, sqlite_template) as sqlite, postgresql.fresh() as other:
        for url in (sqlite, other):
            into = Store.open(url)
            assert restore(into, file) == manifest
            assert _everything(into) == before
            with into.read() as conn:
                assert audit.verify(conn).faults == ()
            with pytest.raises(InputError, match="not empty"):
                restore(into, file)
            into.close()


def test_backup_is_one_moment_while_others_write(store: Store, classic: Record, now: datetime, tmp_path: Path) -> None:
    one = _fill(store, classic, now)
    with store.read() as conn:  # a snapshot is taken with the first read
        assert patients.get(conn, one).label == "Anna Bérg"
        with store.write() as writing:
            patients.rename(writing, one, "Anna Lund", None, by="dr", at=now, expected_head=None)
        assert patients.get(conn, one).label == "Anna Bérg"


def test_a_damaged_backup_restores_nothing(
    store: Store, classic: Record, now: datetime, tmp_path: Path, sqlite_template: Path
) -> None:
    _fill(store, classic, now)
    file, bad = tmp_path / "clinic.zip", tmp_path / "bad.zip"
    backup(store, file, at=now)
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(bad, "w") as out:
        for name in good.namelist():
            text = good.read(name)
            out.writestr(name, text.replace("Bérg".encode(), b"Birg") if "patient" in name else text)
    with fresh_sqlite(tmp_path, sqlite_template) as url:
        into = Store.open(url)
        with pytest.raises(InputError, match="was altered"):
            restore(into, bad)
        assert not any(_everything(into).values())
        (tmp_path / "no.zip").write_text("not a zip")
        with pytest.raises(InputError, match="no backup"):
            restore(into, tmp_path / "no.zip")
        into.close()
    with pytest.raises(InputError, match="exists already"):
        backup(store, file, at=now)
