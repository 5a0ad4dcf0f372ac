"""Stored answers: kept once, given back as they were, made due by entries and by a new day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from nutation.store import Store, answers, patients

VERSIONS = {"nutation": "0.1.0", "evidence": "2026.11.29"}
DAY = date(2026, 9, 1)


def _keep(store: Store, one: str, head: str, day: date, at: datetime, said: str) -> None:
    with store.write() as conn:
        answers.keep(conn, one, events_head=head, as_of=day, versions=VERSIONS, document={"said": said}, made_at=at)


def test_an_answer_is_never_written_over(store: Store, now: datetime) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="dr", at=now)
    _keep(store, one, "a" * 64, DAY, now, "first")
    _keep(store, one, "a" * 64, DAY, now + timedelta(hours=1), "second")
    with store.read() as conn:
        told = answers.latest(conn, one)
        assert told is not None
        assert told.document == {"said": "first"}
        assert told.made_at == now
        again = answers.stored(conn, one, told.key)
        assert again == told


def test_yesterdays_answer_is_tidied_away_unless_a_decision_cites_it(store: Store, now: datetime) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="dr", at=now)
    _keep(store, one, "a" * 64, DAY, now, "1")
    with store.write() as conn:
        cited = answers.latest(conn, one)
        assert cited is not None
        answers.cite(conn, cited)
    for n in (1, 2):
        _keep(store, one, "a" * 64, DAY + timedelta(days=n), now + timedelta(days=n), str(1 + n))
    with store.read() as conn:
        assert answers.stored(conn, one, cited.key) is not None
        gone = {**cited.key, "as_of": str(DAY + timedelta(days=1))}
        assert answers.stored(conn, one, gone) is None
        last = answers.latest(conn, one)
        assert last is not None
        assert last.document == {"said": "3"}


def test_due_is_taken_once_and_settled_by_its_own_ticket(store: Store, now: datetime) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="dr", at=now)
    with store.write() as conn:
        told = answers.take_due(conn, now)
        assert told is not None
        assert answers.take_due(conn, now) is None  # another worker holds it
    with store.write() as conn:
        answers.settle(conn, replace(told, ticket="another"))
        assert answers.waiting(conn, one) is not None  # it became due again meanwhile
        answers.settle(conn, told)
        assert answers.waiting(conn, one) is None


def test_a_worker_that_died_is_followed_by_another_but_not_for_ever(store: Store, now: datetime) -> None:
    with store.write() as conn:
        patients.add(conn, "Anna Berg", by="dr", at=now)
    later = now
    for attempt in range(1, 6):
        with store.write() as conn:
            told = answers.take_due(conn, later)
        assert told is not None
        assert told.attempts == attempt
        later += timedelta(minutes=3)
    with store.write() as conn:
        answers.failed(conn, told, "too deep")
        assert answers.take_due(conn, later) is None
        held = answers.waiting(conn, told.patient)
        assert held is not None
        assert held.error == "too deep"
        assert answers.make_all_due(conn, DAY, VERSIONS, later) == 0  # a worker that starts anew does not try at once
        assert answers.make_all_due(conn, DAY + timedelta(days=1), VERSIONS, later + timedelta(days=1)) == 1
        assert answers.take_due(conn, later + timedelta(days=1)) is not None


def test_a_new_day_or_version_makes_everyone_due(store: Store, now: datetime) -> None:
    with store.write() as conn:
        ids = [patients.add(conn, name, by="dr", at=now) for name in ("A", "B")]
        for one in ids:
            told = answers.take_due(conn, now)
            assert told is not None
            answers.keep(
                conn, told.patient, events_head=one * 2, as_of=DAY, versions=VERSIONS, document={}, made_at=now
            )
            answers.settle(conn, told)
        assert answers.make_all_due(conn, DAY, VERSIONS, now) == 0
        assert answers.make_all_due(conn, DAY + timedelta(days=1), VERSIONS, now) == 2
        assert answers.make_all_due(conn, DAY, {**VERSIONS, "evidence": "2027"}, now) == 0  # they wait already


def test_numbers_of_any_length_come_back_as_they_were_kept(store: Store, now: datetime) -> None:
    with store.write() as conn:
        told = patients.add(conn, "Anna Berg", by="dr", at=now)
    document = {"whole": 10**30, "half": 0.1, "long": 123456789012345678, "sign": "Zoë ‒ \u2028", "none": None}
    with store.write() as conn:
        answers.keep(conn, told, events_head="0" * 64, as_of=DAY, versions=VERSIONS, document=document, made_at=now)
    with store.read() as conn:
        kept = answers.latest(conn, told)
    assert kept is not None
    assert kept.document == document
    assert isinstance(kept.document["whole"], int)
