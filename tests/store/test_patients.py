"""Who is this patient: duplicates, merge and split, erasure by law."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from nutation.record.errors import InputError
from nutation.record.record import Record
from nutation.store import Draft, Store, audit, documents, events, ledger, patients

BORN = date(1970, 5, 5)


def test_identifiers_find_the_patient_and_belong_to_one(store: Store, now: datetime) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="dr", at=now, born=BORN, identifiers=[("mrn", "17")])
        assert patients.with_identifier(conn, "mrn", "17") == one
        assert patients.with_identifier(conn, "mrn", "18") is None
        assert patients.get(conn, one).identifiers == (("mrn", "17"),)
    with pytest.raises(InputError, match="another patient"), store.write() as conn:
        patients.add(conn, "Bea Lund", by="dr", at=now, identifiers=[("mrn", "17")])


@pytest.mark.parametrize(
    ("label", "born", "alike"),
    [
        ("Berg, Anna", BORN, True),  # the same name in another order
        ("anna bérg", None, True),  # case and accents; the day of birth not told
        ("Anna Lund", BORN, True),  # a name in common and the same day of birth: married since
        ("Anna Berg", date(1980, 1, 1), False),  # the same name, born on another day
        ("Bea Lund", BORN, False),  # the same day of birth alone
        ("", None, False),
    ],
)
def test_possible_duplicates(store: Store, now: datetime, label: str, born: date | None, alike: bool) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="dr", at=now, born=BORN)
        assert [p.id for p in patients.duplicates(conn, label, born)] == ([one] if alike else [])
        assert patients.duplicates(conn, label, born, but=one) == []


def test_merge_reads_both_and_split_takes_it_back(store: Store, classic: Record, now: datetime) -> None:
    half = len(classic.events) // 2
    with store.write() as conn:
        a = patients.add(conn, "Anna Berg", by="dr", at=now, identifiers=[("mrn", "1")])
        b = patients.add(conn, "Anna Lund", by="dr", at=now, identifiers=[("mrn", "2")])
        events.append_events(conn, a, classic.events[:half], by="dr", at=now)
        events.append_events(conn, b, classic.events[half:], by="dr", at=now)
        before = events.record_of(conn, b), events.events_head(conn, b)
        patients.merge(conn, a, b, by="dr", at=now, reason="Same passport.")
    with store.read() as conn:
        both = events.record_of(conn, b)
        assert {e.id for e in both.events} == {e.id for e in classic.events}
        assert {e.patient for e in both.events} == {b}
        assert patients.with_identifier(conn, "mrn", "1") == b
        assert events.events_head(conn, b) != before[1]
        assert [r.patient for r in events.every_record(conn)] == [b]
    with store.write() as conn:
        patients.split(conn, a, by="dr", at=now, reason="Two passports.")
        assert events.record_of(conn, b).events == before[0].events
        assert patients.with_identifier(conn, "mrn", "1") == a
        assert {e.kind for e in ledger.entries(conn, a)} >= {"merge", "split"}
        assert audit.verify(conn).faults == ()


def test_a_merge_needs_a_reason_and_cannot_run_in_a_circle(store: Store, now: datetime) -> None:
    with store.write() as conn:
        a = patients.add(conn, "A", by="dr", at=now)
        b = patients.add(conn, "B", by="dr", at=now)
        with pytest.raises(InputError, match="reason"):
            patients.merge(conn, a, b, by="dr", at=now, reason=" ")
        patients.merge(conn, a, b, by="dr", at=now, reason="one person")
        with pytest.raises(InputError, match="one patient already"):
            patients.merge(conn, b, a, by="dr", at=now, reason="one person")
        with pytest.raises(InputError, match="not merged"):
            patients.split(conn, b, by="dr", at=now, reason="two persons")


def test_erasure_leaves_no_content_and_a_chain_that_verifies(store: Store, classic: Record, now: datetime) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="dr", at=now, born=BORN, identifiers=[("mrn", "1")])
        events.append_events(conn, one, classic.events, by="dr", at=now)
        sha = documents.put(conn, one, b"%PDF-1.7 a report", "application/pdf")
        audit.roll(conn, now)
        patients.erase(conn, one, by="dr", at=now, basis="Request of 1 September, Art. 17 GDPR")
    with store.read() as conn:
        assert [e.kind for e in ledger.entries(conn, one) if e.body is not None] == ["erasure"]
        assert all(e.salt is None for e in ledger.entries(conn, one) if e.body is None)
        told = patients.get(conn, one)
        assert (told.label, told.born, told.identifiers) == ("", None, ())
        assert patients.with_identifier(conn, "mrn", "1") is None
        with pytest.raises(InputError, match="no such document"):
            documents.get(conn, one, sha)
        verified = audit.verify(conn)
        assert verified.faults == ()
        assert verified.erased == len(ledger.entries(conn, one)) - 1
    with pytest.raises(InputError, match="erased by law"), store.write() as conn:
        ledger.append(conn, one, [Draft("events", {"events": []})], by="dr", at=now)
