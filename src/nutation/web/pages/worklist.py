"""The worklist: every joint under care by stage, what each waits for and from whom. It reads rows and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import QueryParams

from nutation.record.errors import InputError
from nutation.store import answers, worklist
from nutation.store.worklist import Page, Row
from nutation.web import judged_first, links_of_patient, look, signing_in
from nutation.web.context import Current, needs, signed_in
from nutation.web.rendering import render
from nutation.web.stages import STAGES
from nutation.web.without_names import row_without_names
from nutation.web.worklist_query import (
    DUE_WORDS,
    GATES,
    PAGE_ROWS,
    SORT_WORDS,
    Asked,
    asked_of,
    asked_of_plain,
    gate_counts,
)

router = APIRouter()
Everybody = Annotated[Current, Depends(signed_in)]
Reader = Annotated[Current, Depends(needs("see_worklist"))]
Researcher = Annotated[Current, Depends(needs("see_without_names"))]

WORKLIST, RESEARCH = "/worklist", "/research/worklist"
_VIEWS_MOST = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is shown: where it leads, and where what it waits for is done."""

    row: Row
    href: str
    next_href: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A link that narrows the list, with how many lines it leads to."""

    label: str
    href: str
    number: int
    here: bool
    code: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A saved view."""

    name: str
    href: str


@router.get("/")
def home(who: Everybody) -> Response:
    """To the first page of whoever is signed in."""
    if who.may("see_worklist"):
        return RedirectResponse(WORKLIST, status_code=303)
    if who.may("see_without_names"):
        return RedirectResponse(RESEARCH, status_code=303)
    return RedirectResponse(signing_in.home_of(who.rights), status_code=303)


@router.get(WORKLIST)
def worklist_page(request: Request, who: Reader) -> Response:
    """All joints under care, with names."""
    return _list(request, who, asked_of(request.query_params), named=True)


@router.get(RESEARCH)
def research_page(request: Request, who: Researcher) -> Response:
    """The same without names, to those who may see no more."""
    return _list(request, who, asked_of(request.query_params, named=False), named=False)


@router.post(f"{WORKLIST}/views")
def save_view(
    who: Reader, name: Annotated[str, Form(max_length=80)] = "", asked: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Keep what is asked for now under a name; a view of that name is replaced."""
    told, name = asked_of(QueryParams(parse_qsl(asked))), name.replace("\0", "").strip()
    if not name:
        raise InputError("The view has no name.", place="name", mend="write what it shows.")
    with who.write() as conn:
        known = worklist.views(conn, who.person.id)
        if name not in known and len(known) >= _VIEWS_MOST:
            raise InputError(f"There are {_VIEWS_MOST} views already.", place="name", mend="delete one first.")
        worklist.save_view(conn, who.person.id, name, dict(told.plain()), who.now)
    return RedirectResponse(told.address(WORKLIST) + _also(told, "view-saved"), status_code=303)


@router.post(f"{WORKLIST}/views/forget")
def forget_view(who: Reader, name: Annotated[str, Form(max_length=80)] = "") -> Response:
    """Delete a view."""
    with who.write() as conn:
        worklist.forget_view(conn, who.person.id, name.replace("\0", ""))
    return RedirectResponse(f"{WORKLIST}?told=view-deleted", status_code=303)


def _also(asked: Asked, code: str) -> str:
    return f"{'&' if asked.pairs() else '?'}told={code}"


def _list(request: Request, who: Current, asked: Asked, *, named: bool) -> Response:
    base, today = (WORKLIST if named else RESEARCH), who.now.astimezone().date()
    with who.read() as conn:
        query = asked.query(today)
        page = worklist.page(conn, query)
        gates = gate_counts(conn, query)
        waiting = answers.how_many_wait(conn)
        views = worklist.views(conn, who.person.id) if named else {}
        judgement_first = judged_first.asked_for(conn)
    lines = _lines(request.app, who, page, named=named)
    by_stage = asked.sort == "stage"
    groups = [
        (stage if by_stage else "", list(told))
        for stage, told in groupby(lines, key=lambda line: line.row.stage if by_stage else "")
    ]
    return render(
        request, "worklist.html.j2", wide=True, named=named, base=base, asked=asked, today=today, groups=groups,
        total=page.total, first=(asked.page - 1) * PAGE_ROWS + 1, last=(asked.page - 1) * PAGE_ROWS + len(lines),
        stages=_stages(asked, base, page), gates=_gates(asked, base, gates), due_words=DUE_WORDS, sort_words=SORT_WORDS,
        views=[View(name, asked_of_plain(told).address(WORKLIST)) for name, told in views.items()],
        saved=asked.address("")[1:],
        waiting=waiting, probabilities=not judgement_first, message=look.message(request.query_params.get("told")),
        add=links_of_patient.place(request.app, who, "", "add") if named else "", page_rows=PAGE_ROWS,
        newer=asked.address(base, page=asked.page - 1) if asked.page > 1 else "",
        older=asked.address(base, page=asked.page + 1) if asked.page * PAGE_ROWS < page.total else "",
    )  # fmt: skip


def _lines(app: FastAPI, who: Current, page: Page, *, named: bool) -> list[Line]:
    if not named:
        # The order in which the rows came goes by names where all else is alike: here it may not tell anything.
        bare = [row_without_names(row) for row in page.rows]
        return [Line(row, f"/research/patients/{row.patient}", "") for row in sorted(bare, key=_without_order_of_names)]
    return [
        Line(
            row, f"/patients/{row.patient}",
            links_of_patient.next_of(app, who, row.patient, row.form, row.side),
        )
        for row in page.rows
    ]  # fmt: skip


def _without_order_of_names(row: Row) -> tuple[int, bool, date, str]:
    return row.stage_order, row.due_on is None, row.due_on or date.max, row.patient


def _stages(asked: Asked, base: str, page: Page) -> list[Filter]:
    everything = Filter("All", asked.address(base, stages=()), sum(page.stages.values()), not asked.stages)
    return [
        everything,
        *(
            Filter(
                look.STAGE_WORDS[stage], asked.address(base, stages=(stage,)), page.stages.get(stage, 0),
                stage in asked.stages, stage,
            )
            for stage in STAGES
        ),
    ]  # fmt: skip


def _gates(asked: Asked, base: str, counted: dict[str, int]) -> list[Filter]:
    """Each state of the gate as a switch: the one that is on leads back to all."""
    return [
        Filter(gate, asked.address(base, gates=() if gate in asked.gates else (gate,)), counted.get(gate, 0),
               gate in asked.gates, gate)
        for gate in GATES
    ]  # fmt: skip
