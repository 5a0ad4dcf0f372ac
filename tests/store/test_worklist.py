"""The worklist's rows: narrowed, ordered, counted by stage; saved views."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from nutation.store import Store, patients, worklist
from nutation.store.worklist import Query, Row

STAGES = ("referred", "evaluation", "decision")


@pytest.fixture
def filled(store: Store, now: datetime) -> Store:
    with store.write() as conn:
        for n, name in enumerate(["Anna Berg", "Bea Lund", "Carl 100% Åberg"]):
            one = patients.add(conn, name, by="dr", at=now)
            row = Row(
                patient=one, side="left", label=name, search=f"{name.casefold()} mrn{n}", stage=STAGES[n],
                stage_order=n, gate="clear" if n else "not_screened", action="ask", waits_for="something",
                waits_from="therapist", as_of=now.date(), made_at=now + timedelta(minutes=n),
                due_on=date(2026, 9, 10 - n) if n < 2 else None,
            )  # fmt: skip
            worklist.put(conn, one, [row])
    return store


def _names(store: Store, query: Query) -> list[str]:
    with store.read() as conn:
        return [row.label.split()[0] for row in worklist.page(conn, query).rows]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query(), ["Anna", "Bea", "Carl"]),
        (Query(descending=True), ["Carl", "Bea", "Anna"]),
        (Query(sort="due"), ["Bea", "Anna", "Carl"]),
        (Query(sort="changed", descending=True), ["Carl", "Bea", "Anna"]),
        (Query(text="LUND"), ["Bea"]),
        (Query(text="mrn2 åberg"), ["Carl"]),
        (Query(text="%"), ["Carl"]),  # a sign that a database would take for anything
        (Query(text="' OR 1=1 --"), []),
        (Query(stages=("referred", "decision")), ["Anna", "Carl"]),
        (Query(gates=("clear",)), ["Bea", "Carl"]),
        (Query(due_by=date(2026, 9, 9)), ["Bea"]),
        (Query(limit=1, offset=1), ["Bea"]),
    ],
)
def test_queries(filled: Store, query: Query, names: list[str]) -> None:
    assert _names(filled, query) == names


def test_stages_are_counted_whatever_stage_is_shown(filled: Store) -> None:
    with filled.read() as conn:
        told = worklist.page(conn, Query(stages=("referred",)))
    assert told.total == 1
    assert told.stages == dict.fromkeys(STAGES, 1)


def test_saved_views(filled: Store, now: datetime) -> None:
    with filled.write() as conn:
        worklist.save_view(conn, "dr", "mine", {"text": "a"}, now)
        worklist.save_view(conn, "dr", "mine", {"text": "b"}, now)
        assert worklist.views(conn, "dr") == {"mine": {"text": "b"}}
        assert worklist.views(conn, "other") == {}
        worklist.forget_view(conn, "dr", "mine")
        assert worklist.views(conn, "dr") == {}
