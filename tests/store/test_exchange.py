"""The whole clinic out as FHIR and in again: row for row the same, and nothing of it can be changed on the way."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from databases import PostgreSQL, fresh_sqlite
from nutation.record.errors import InputError
from nutation.record.fhir import read_ndjson
from nutation.record.reading import read_record
from nutation.store import Draft, Store, accesses, answers, audit, documents, events, ledger, patients, people, settings
from nutation.store.exchange import LEFT_OUT, SECRET, export_clinic, import_clinic
from nutation.store.tables import metadata


def _fill(store: Store, examples: Path, now: datetime) -> list[str]:
    made: list[str] = []
    with store.write() as conn:
        who = people.add(conn, name="iyer", shown="Dr M. Iyer", title="pain physician", roles=["surgeon"], at=now)
        people.set_password(conn, who, "a hash that must not leave")
        for name in ("classic-degenerative", "bilateral", "hip-mimic-us-core"):
            record = read_record(examples / name)
            one = patients.add(conn, record.label or name, by=who, at=now, born=date(1970, 5, 5))
            events.append_events(
                conn, one, record.events, by=who, at=now, unmapped=record.unmapped, warnings=record.warnings
            )
            made.append(one)
        sha = documents.put(conn, made[0], b"%PDF-1.7 a report", "application/pdf")
        told = {"sha256": sha, "type": "imaging", "media_type": "application/pdf"}
        titles = {"d1": "Report <b>", "d2": "Line\u2028separator"}  # the second is what FHIR's strings cannot hold
        drafts = [Draft("document", {**told, "id": name, "title": title}) for name, title in titles.items()]
        ledger.append(conn, made[0], drafts, by=who, at=now)
        answers.keep(
            conn, made[0], events_head="a" * 64, as_of=now.date(), versions={"v": "1"}, document={"p": 0.1}, made_at=now
        )
        accesses.note(conn, "GET /patients/{patient}", at=now, person=who, patient=made[0])
        settings.put(conn, "judgement_first", True, by=who, at=now)
        patients.erase(conn, made[1], by=who, at=now, basis="Art. 17")
        audit.roll(conn, now)
    return made


def _rows(store: Store) -> dict[str, list[dict[str, object]]]:
    with store.read() as conn:
        return {
            table.name: sorted(
                (
                    {name: value for name, value in row.items() if name not in SECRET.get(table.name, ())}
                    for row in conn.execute(select(table)).mappings()
                ),
                key=repr,
            )
            for table in metadata.sorted_tables
            if table.name not in LEFT_OUT
        }


def test_out_and_in_again(
    store: Store, examples: Path, now: datetime, tmp_path: Path, sqlite_template: Path, postgresql: PostgreSQL
) -> None:
    made = _fill(store, examples, now)
    folder = tmp_path / "out"
    counts = export_clinic(store, folder, at=now)
    assert {"Patient.ndjson", "Procedure.ndjson", "Binary.ndjson", "DocumentReference.ndjson"} <= set(counts)
    assert "must not leave" not in "".join(file.read_text("utf-8") for file in folder.iterdir())
    with fresh_sqlite(tmp_path, sqlite_template) as sqlite, postgresql.fresh() as other:
        for url in (sqlite, other):
            into = Store.open(url)
            assert import_clinic(into, folder) == counts
            assert _rows(into) == _rows(store)
            with into.read() as conn:
                assert audit.verify(conn).faults == ()
                assert answers.how_many_wait(conn) == 2  # the one that was erased needs no answer
                assert people.credentials(conn, people.everyone(conn)[0].id).password_hash is None
            into.close()
    record = read_ndjson(folder, patient=made[0])  # another system reads the same events
    assert len(record.events) == len(read_record(examples / "classic-degenerative").events)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("Procedure.ndjson", "26", "27", "not as it was exported|changed since"),
        ("Basic.ndjson", "2026-09-01", "2027-09-01", "not as it was exported"),
        ("Binary.ndjson", "JVBER", "JVBEQ", "not as it was exported"),
    ],
)
def test_a_change_on_the_way_is_refused_and_nothing_kept(
    store: Store, examples: Path, now: datetime, tmp_path: Path, sqlite_template: Path, file: str, old: str, new: str,
    problem: str,
) -> None:  # fmt: skip
    _fill(store, examples, now)
    folder = tmp_path / "out"
    export_clinic(store, folder, at=now)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with fresh_sqlite(tmp_path, sqlite_template) as url:
        into = Store.open(url)
        with pytest.raises(InputError, match=problem):
            import_clinic(into, folder)
        assert not any(_rows(into).values())
        into.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_hashes_made_anew_do_not_hide_a_change(
    store: Store, examples: Path, now: datetime, tmp_path: Path, sqlite_template: Path
) -> None:
    """Somebody who changes an entry and the manifest too is caught by the entry's digest."""
    import hashlib

    _fill(store, examples, now)
    folder = tmp_path / "out"
    export_clinic(store, folder, at=now)
    file, manifest = folder / "Basic.ndjson", folder / "manifest.json"
    changed = file.read_text("utf-8").replace('\\"title\\":\\"Report', '\\"title\\":\\"Repurt', 1)
    file.write_text(changed, "utf-8")
    told = json.loads(manifest.read_text("utf-8"))
    told["files"]["Basic.ndjson"]["sha256"] = hashlib.sha256(changed.encode()).hexdigest()
    manifest.write_text(json.dumps(told), "utf-8")
    with fresh_sqlite(tmp_path, sqlite_template) as url:
        into = Store.open(url)
        with pytest.raises(InputError, match="does not verify"):
            import_clinic(into, folder)
        into.close()


def test_folders(store: Store, tmp_path: Path, now: datetime) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(InputError, match="not empty"):
        export_clinic(store, tmp_path / "full", at=now)
    with pytest.raises(InputError, match="no export"):
        import_clinic(store, tmp_path / "full")
