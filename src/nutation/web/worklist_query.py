"""What of the worklist is asked for, as an address tells it: read with tolerance, written back the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from sqlalchemy import Connection, func, select
from starlette.datastructures import QueryParams

from nutation.report.words import parse_day
from nutation.store.schema import worklist_row
from nutation.store.worklist import SORTS, Query, Sort
from nutation.web.look import WAITS_WORDS
from nutation.web.stages import STAGES

PAGE_ROWS = 50
"""Lines of one page: as many as are scrolled through rather than searched."""

GATES = ("standing", "not_screened", "addressed", "clear")
DUES: Mapping[str, int] = {"overdue": -1, "today": 0, "week": 7, "month": 30}
"""What can be asked of due dates, as days from today."""
DUE_WORDS: Mapping[str, str] = {
    "": "any day", "overdue": "overdue", "today": "today or before", "week": "within 7 days", "month": "within 30 days",
}  # fmt: skip
SORT_WORDS: Mapping[str, str] = {
    "stage": "stage, then due", "due": "due date", "expires": "what expires first", "name": "name",
    "changed": "changed last",
}  # fmt: skip

_TEXT_MOST = 100
_PAGE = re.compile(r"[1-9][0-9]{0,4}")
"""Pages that can be asked for: of five million lines. ``int`` takes other digits too, and raises for very long ones."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of an address of the worklist; empty parts do not narrow it."""

    text: str = ""
    stages: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    due: str = ""
    sort: str = "stage"
    page: int = 1

    def query(self, today: date) -> Query:
        """The same for the database."""
        days = DUES.get(self.due)
        due_by = today + timedelta(days=days) if days is not None else parse_day(self.due)
        return Query(
            text=self.text, stages=self.stages, gates=self.gates, waits_from=self.waits, due_by=due_by,
            sort=cast("Sort", self.sort), descending=self.sort == "changed", offset=(self.page - 1) * PAGE_ROWS,
            limit=PAGE_ROWS,
        )  # fmt: skip

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the address, without what is empty or as it is by itself."""
        told = [("text", self.text)] if self.text else []
        told += [("stage", one) for one in self.stages] + [("gate", one) for one in self.gates]
        told += [("waits", one) for one in self.waits]
        told += [("due", self.due)] if self.due else []
        told += [("sort", self.sort)] if self.sort != "stage" else []
        return told + ([("page", str(self.page))] if self.page > 1 else [])

    def plain(self) -> dict[str, list[str]]:
        """The same as plain data, for a saved view; the page is no part of a view."""
        kept: dict[str, list[str]] = {}
        for name, value in replace(self, page=1).pairs():
            kept.setdefault(name, []).append(value)
        return kept

    def address(self, base: str, **changed: Any) -> str:
        """The address with some parts changed; a change of anything but the page leads to the first page."""
        told = replace(self, **{"page": 1, **changed}).pairs()
        return f"{base}?{urlencode(told)}" if told else base

    @property
    def narrowed(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.text or self.stages or self.gates or self.waits or self.due)


def asked_of(params: QueryParams, *, named: bool = True) -> Asked:
    """What an address asks for; what makes no sense in it is left out. Without names nothing is searched by them."""
    return _asked({name: params.getlist(name) for name in params}, named=named)


def asked_of_plain(told: Mapping[str, Sequence[str]]) -> Asked:
    """What a saved view asks for."""
    return _asked(told, named=True)


def _asked(values: Mapping[str, Sequence[str]], *, named: bool) -> Asked:
    def last(name: str) -> str:
        told = values.get(name, ())
        return str(told[-1]) if told else ""

    def of(name: str, known: Sequence[str]) -> tuple[str, ...]:
        return tuple(one for one in known if one in values.get(name, ()))

    due, sort, page = last("due"), last("sort"), last("page")
    return Asked(
        text=last("text").replace("\0", "").strip()[:_TEXT_MOST] if named else "",
        stages=of("stage", STAGES),
        gates=of("gate", GATES),
        waits=of("waits", tuple(WAITS_WORDS)),
        due=due if due in DUES or parse_day(due) is not None else "",
        sort=sort if sort in SORTS and (named or sort != "name") else "stage",
        page=int(page) if _PAGE.fullmatch(page) else 1,
    )


def gate_counts(conn: Connection, query: Query) -> dict[str, int]:
    """How many lines stand at each state of the gate, whatever state was asked for."""
    t = worklist_row.c
    where = [t.search.contains(word, autoescape=True) for word in query.text.casefold().split()]
    where += [t.stage.in_(query.stages)] if query.stages else []
    where += [t.waits_from.in_(query.waits_from)] if query.waits_from else []
    where += [t.due_on <= query.due_by] if query.due_by is not None else []
    counted = select(t.gate, func.count().label("number")).where(*where).group_by(t.gate)
    return {row.gate: row.number for row in conn.execute(counted)}
