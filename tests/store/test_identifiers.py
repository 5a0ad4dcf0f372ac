"""Identifiers taken off, looked for by value alone; a setting forgotten; entries of one kind across patients."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from nutation.record.errors import InputError
from nutation.store import Draft, Store, across, audit, ledger, patients, settings


def test_a_number_taken_off_is_free_for_another_and_stays_in_the_chain(store: Store, now: datetime) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="t", at=now, identifiers=[("clinic", "7"), ("payer", "7")])
        other = patients.add(conn, "Karl Kern", by="t", at=now)
        assert patients.systems_of(conn, "7") == ["clinic", "payer"]
        for reason, value in ((" ", "7"), ("wrong", "8")):
            with pytest.raises(InputError):
                patients.withdraw_identifier(conn, one, "clinic", value, reason=reason, by="t", at=now)
        patients.withdraw_identifier(conn, one, "clinic", "7", reason="of her brother", by="t", at=now)
        assert patients.get(conn, one).identifiers == (("payer", "7"),)
        patients.add_identifier(conn, other, "clinic", "7", by="t", at=now)
    with store.read() as conn:
        assert patients.with_identifier(conn, "clinic", "7") == other
        told = [entry.body for entry in ledger.entries(conn, one, ("identifier",))]
        assert told[-1] == {"system": "clinic", "value": "7", "withdrawn": True, "reason": "of her brother"}
        assert audit.verify(conn).faults == ()


def test_what_stands_beside_the_chain_follows_an_entry_that_takes_off(store: Store, now: datetime) -> None:
    body = {"system": "clinic", "value": "7", "withdrawn": True}
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="t", at=now, identifiers=[("clinic", "7")])
        patients.apply(conn, one, "identifier", body)
        assert patients.get(conn, one).identifiers == ()


def test_a_correction_keeps_its_reason(store: Store, now: datetime) -> None:
    with store.write() as conn:
        one = patients.add(conn, "Anna Berg", by="t", at=now)
        patients.rename(conn, one, "Anna Lund", None, by="t", at=now, expected_head=None, reason=" passport ")
        assert ledger.entries(conn, one)[-1].body == {"label": "Anna Lund", "born": None, "reason": "passport"}


def test_a_forgotten_setting_is_as_never_set(store: Store, now: datetime) -> None:
    with store.write() as conn:
        settings.put(conn, "x", 3, by="t", at=now)
        settings.forget(conn, "x")
        settings.forget(conn, "x")
        assert settings.get(conn, "x", 5) == 5


def test_entries_of_a_kind_across_patients_in_the_order_of_time(store: Store, now: datetime) -> None:
    with store.write() as conn:
        several = [patients.add(conn, name, by="t", at=now) for name in ("Anna", "Karl")]
        for number, one in enumerate((several[1], several[0], several[1])):
            at = now + timedelta(minutes=number)
            ledger.append(conn, one, [Draft("snapshot", {"n": number})], by="t", at=at)
    with store.read() as conn:
        assert [(entry.body or {})["n"] for entry in across.entries(conn, "snapshot")] == [0, 1, 2]
