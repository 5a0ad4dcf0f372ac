"""Events go into the ledger and come back as the same record."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nutation.record.errors import InputError
from nutation.record.head import Event
from nutation.record.kinds import KINDS
from nutation.record.reading import read_record
from nutation.record.record import Record
from nutation.store import ConflictError, Store, events, ledger, patients


def _event(kind: str, day: str, recorded: datetime, **told: object) -> Event:
    plain = {"id": f"{kind}-{day}", "patient": "x", "happened": day, "recorded_at": recorded, "source": {"system": "t"}}
    return KINDS[kind].model_validate({**plain, **told})


def _add(store: Store, record: Record, now: datetime) -> str:
    with store.write() as conn:
        one = patients.add(conn, record.label or record.patient, by="dr", at=now)
        events.append_events(
            conn, one, record.events, by="dr", at=now, unmapped=record.unmapped, warnings=record.warnings
        )
    return one


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_example_comes_back_as_it_was(store: Store, examples: Path, now: datetime) -> None:
    folders = sorted(folder for folder in examples.iterdir() if (folder / "record.json").exists())
    assert len(folders) >= 20
    for folder in folders:
        record = read_record(folder)
        one = _add(store, record, now)
        with store.read() as conn:
            back = events.record_of(conn, one)
        assert back.events == tuple(e.model_copy(update={"patient": one}) for e in record.events), folder.name
        assert back.unmapped == record.unmapped
        assert back.warnings == record.warnings


def test_importing_twice_adds_nothing(store: Store, classic: Record, now: datetime) -> None:
    one = _add(store, classic, now)
    with store.read() as conn:
        head = ledger.head(conn, one)
    with store.write() as conn:
        again = events.append_events(
            conn, one, classic.events, by="dr", at=now + timedelta(days=1), unmapped=classic.unmapped,
            warnings=classic.warnings,
        )  # fmt: skip
    assert again == head


def test_an_id_that_tells_something_else_is_refused(store: Store, now: datetime) -> None:
    first = _event("pain_score", "2026-03-01", now, side="left", nrs=7)
    one = _add(store, Record("x", (first,)), now)
    with pytest.raises(InputError, match="tells something else"), store.write() as conn:
        events.append_events(conn, one, [first.model_copy(update={"nrs": 3.0})], by="dr", at=now)
    with store.read() as conn:
        (kept,) = events.record_of(conn, one).events
    assert kept.attributes()["nrs"] == 7


def test_what_cannot_be_true_beside_the_record_is_refused_whole(store: Store, now: datetime) -> None:
    born = _event("person", "1970-05-05", now, side="none", sex="female")
    one = _add(store, Record("x", (born,)), now)
    good = _event("pain_score", "2026-03-01", now, side="left", nrs=7)
    bad = _event("injection", "1960-01-01", now, side="left")
    with pytest.raises(InputError, match="before the birth"), store.write() as conn:
        events.append_events(conn, one, [good, bad], by="dr", at=now)
    with store.read() as conn:
        assert events.record_of(conn, one).events == (born.model_copy(update={"patient": one}),)


def test_a_stale_head_is_told_before_anything_else(store: Store, now: datetime) -> None:
    one = _add(store, Record("x", (_event("person", "1970-05-05", now, side="none"),)), now)
    with store.read() as conn:
        seen = ledger.head(conn, one)
    fresh = [_event("pain_score", f"2026-03-0{n}", now, side="left", nrs=n) for n in (1, 2)]
    with store.write() as conn:
        events.append_events(conn, one, fresh[:1], by="a", at=now, expected_head=seen)
    with pytest.raises(ConflictError) as caught, store.write() as conn:
        events.append_events(conn, one, fresh[1:], by="b", at=now, expected_head=seen)
    (meanwhile,) = caught.value.since
    assert meanwhile.body is not None
    assert meanwhile.body["events"][0]["id"] == "pain_score-2026-03-01"


def test_documents_do_not_change_what_an_answer_rests_on(store: Store, classic: Record, now: datetime) -> None:
    one = _add(store, classic, now)
    with store.write() as conn:
        before = events.events_head(conn, one)
        ledger.append(conn, one, [ledger.Draft("document", {})], by="dr", at=now)
        assert events.events_head(conn, one) == before
        events.append_events(conn, one, [_event("pain_score", "2026-08-30", now, nrs=4)], by="dr", at=now)
        assert events.events_head(conn, one) != before
