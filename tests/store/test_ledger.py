"""Appending: order, the optimistic lock, and writers at the same time, on both databases."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from nutation.record.errors import InputError
from nutation.store import ConflictError, Draft, Store, ledger, patients
from nutation.store.answers import how_many_wait, waiting


def _patient(store: Store, now: datetime) -> str:
    with store.write() as conn:
        return patients.add(conn, "Anna Berg", by="dr", at=now)


def test_entries_follow_each_other(store: Store, now: datetime) -> None:
    one = _patient(store, now)
    with store.write() as conn:
        head = ledger.append(conn, one, [Draft("judgement", {"n": 1}), Draft("judgement", {"n": 2})], by="dr", at=now)
    with store.read() as conn:
        found = ledger.entries(conn, one)
        assert [e.seq for e in found] == [1, 2, 3]
        assert [e.body for e in found[1:]] == [{"n": 1}, {"n": 2}]
        assert [e.prev for e in found[1:]] == [e.hash for e in found[:-1]]
        assert found[-1].hash == head == ledger.head(conn, one)
        assert found[0].at == now
        assert [e.kind for e in ledger.entries(conn, one, ["patient"])] == ["patient"]


def test_second_of_two_editors_is_told_what_the_first_wrote(store: Store, now: datetime) -> None:
    one = _patient(store, now)
    with store.read() as conn:
        seen = ledger.head(conn, one)
    with store.write() as conn:
        ledger.append(conn, one, [Draft("judgement", {"says": "first"})], by="a", at=now, expected_head=seen)
    with pytest.raises(ConflictError) as caught, store.write() as conn:
        ledger.append(conn, one, [Draft("judgement", {"says": "second"})], by="b", at=now, expected_head=seen)
    assert [(e.by, e.body) for e in caught.value.since] == [("a", {"says": "first"})]
    with store.write() as conn:  # on top of what was shown, it is kept
        ledger.append(
            conn, one, [Draft("judgement", {"says": "second"})], by="b", at=now, expected_head=caught.value.head
        )
    with store.read() as conn:
        assert [e.body["says"] for e in ledger.entries(conn, one, ["judgement"]) if e.body] == ["first", "second"]


def test_a_failed_transaction_keeps_nothing(store: Store, now: datetime) -> None:
    one = _patient(store, now)
    with store.read() as conn:
        before = ledger.head(conn, one)

    def write_and_fail() -> None:
        with store.write() as conn:
            ledger.append(conn, one, [Draft("judgement", {})], by="dr", at=now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with store.read() as conn:
        assert ledger.head(conn, one) == before
        assert len(ledger.entries(conn, one)) == 1


def test_writers_at_the_same_time_lose_nothing(store: Store, now: datetime) -> None:
    one = _patient(store, now)
    wrong: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for n in range(10):
                with store.write() as conn:
                    ledger.append(conn, one, [Draft("judgement", {"by": name, "n": n})], by=name, at=now)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    with store.read() as conn:
        found = ledger.entries(conn, one)
    assert [e.seq for e in found] == list(range(1, 42))
    assert [e.prev for e in found[1:]] == [e.hash for e in found[:-1]]


def test_of_writers_with_one_head_only_one_is_taken(store: Store, now: datetime) -> None:
    one = _patient(store, now)
    with store.read() as conn:
        seen = ledger.head(conn, one)
    results: list[str] = []
    start = threading.Barrier(4)

    def write(name: str) -> None:
        start.wait()
        try:
            with store.write() as conn:
                ledger.append(conn, one, [Draft("judgement", {})], by=name, at=now, expected_head=seen)
            results.append("kept")
        except ConflictError:
            results.append("told")

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["kept", "told", "told", "told"]


def test_an_entry_makes_the_patient_due_in_the_same_transaction(store: Store, now: datetime) -> None:
    one = _patient(store, now)
    with store.read() as conn:
        first = waiting(conn, one)
        assert first is not None
        assert how_many_wait(conn) == 1
    with store.write() as conn:
        ledger.append(conn, one, [Draft("events", {"events": []})], by="dr", at=now + timedelta(minutes=1))
    with store.read() as conn:
        second = waiting(conn, one)
        assert second is not None
        assert second.ticket != first.ticket
        assert how_many_wait(conn) == 1


def test_no_such_patient(store: Store, now: datetime) -> None:
    with pytest.raises(InputError, match="no such patient"), store.write() as conn:
        ledger.append(conn, "0" * 32, [Draft("judgement", {})], by="dr", at=now)
    with pytest.raises(InputError, match="no such patient"), store.read() as conn:
        ledger.head(conn, "0" * 32)
