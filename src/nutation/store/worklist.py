"""The worklist's rows: one a joint under care, made with the answer, and read in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, String, Table, case, delete, func, insert, select

from nutation.store.schema import Instant, Plain, metadata, worklist_row
from nutation.store.upsert import upsert

SORTS = ("stage", "name", "due", "expires", "changed")
Sort = Literal["stage", "name", "due", "expires", "changed"]

_GATES = {"standing": 0, "not_screened": 1}
"""Within a stage, joints whose gate is shut come first."""

saved_view = Table(
    "saved_view",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("query", Plain, nullable=False),
    Column("changed_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One joint under care: its stage, what it waits for and from whom, and until when that is due."""

    patient: str
    side: str
    label: str
    search: str
    stage: str
    stage_order: int
    gate: str
    action: str
    waits_for: str
    waits_from: str
    as_of: date
    made_at: datetime
    action_other_side: bool = False
    form: str = ""
    due_on: date | None = None
    expires_on: date | None = None
    expires_what: str = ""
    probability: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What of the worklist is asked for; empty parts do not narrow it."""

    text: str = ""
    stages: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    waits_from: tuple[str, ...] = ()
    due_by: date | None = None
    sort: Sort = "stage"
    descending: bool = False
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, how many there are in all, and how many in each stage whatever stage was asked for."""

    rows: tuple[Row, ...]
    total: int
    stages: dict[str, int] = field(default_factory=dict[str, int])


def put(conn: Connection, patient_id: str, rows: Sequence[Row]) -> None:
    """Make the patient's rows these."""
    conn.execute(delete(worklist_row).where(worklist_row.c.patient == patient_id))
    if rows:
        conn.execute(insert(worklist_row), [asdict(row) for row in rows])


def of_patient(conn: Connection, patient_id: str) -> tuple[Row, ...]:
    """The patient's rows."""
    asked = select(worklist_row).where(worklist_row.c.patient == patient_id).order_by(worklist_row.c.side)
    return tuple(_row(row) for row in conn.execute(asked).mappings())


def page(conn: Connection, query: Query) -> Page:
    """The rows that ``query`` asks for."""
    t = worklist_row.c
    narrowed = _where(query)
    counted = select(t.stage, func.count()).where(*narrowed).group_by(t.stage)
    stages = dict(conn.execute(counted).all())
    where = [*narrowed, *([t.stage.in_(query.stages)] if query.stages else [])]
    total = sum(n for stage, n in stages.items() if not query.stages or stage in query.stages)
    asked = select(worklist_row).where(*where).order_by(*_order(query)).limit(query.limit).offset(query.offset)
    return Page(tuple(_row(row) for row in conn.execute(asked).mappings()), total, stages)


def _where(query: Query) -> list[ColumnElement[bool]]:
    t = worklist_row.c
    where: list[ColumnElement[bool]] = [
        t.search.contains(word, autoescape=True) for word in query.text.casefold().split()
    ]
    if query.gates:
        where.append(t.gate.in_(query.gates))
    if query.waits_from:
        where.append(t.waits_from.in_(query.waits_from))
    if query.due_by is not None:
        where.append(t.due_on <= query.due_by)
    return where


def _order(query: Query) -> list[ColumnElement[Any]]:
    t = worklist_row.c
    first: dict[str, list[ColumnElement[Any]]] = {
        "stage": [t.stage_order, case(_GATES, value=t.gate, else_=len(_GATES)), t.due_on.is_(None), t.due_on],
        "name": [t.label],
        "due": [t.due_on.is_(None), t.due_on],
        "expires": [t.expires_on.is_(None), t.expires_on],
        "changed": [t.made_at],
    }
    told = first[query.sort]
    if query.descending:
        told = [*told[:-1], told[-1].desc()] if query.sort != "stage" else [told[0].desc(), *told[1:]]
    return [*told, t.label, t.patient, t.side]


def _row(row: Any) -> Row:
    return Row(**{name: row[name] for name in Row.__dataclass_fields__})


def save_view(conn: Connection, person: str, name: str, query: dict[str, Any], at: datetime) -> None:
    """Keep a person's view under a name."""
    upsert(conn, saved_view, {"person": person, "name": name}, {"query": query, "changed_at": at})


def views(conn: Connection, person: str) -> dict[str, dict[str, Any]]:
    """A person's saved views by name."""
    asked = select(saved_view.c.name, saved_view.c.query).where(saved_view.c.person == person)
    return dict(conn.execute(asked.order_by(saved_view.c.name)).all())


def forget_view(conn: Connection, person: str, name: str) -> None:
    """Delete a person's view."""
    conn.execute(delete(saved_view).where(saved_view.c.person == person, saved_view.c.name == name))
