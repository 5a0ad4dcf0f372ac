"""The papers of a request: drafts and signed ones as PDF, the clinician's own words in them, and their signature."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.store import documents, ledger
from nutation.web.context import Current, needs
from nutation.web.identity import PASSWORD_MOST
from nutation.web.pages.requests import paper_named, request_of
from nutation.web.papers import answering_files, chart_papers, looks, prepared, signing
from nutation.web.papers.chart_papers import PLACES, TITLES
from nutation.web.papers.signing import Proof
from nutation.web.papers.whose import surviving
from nutation.web.rendering import render

router = APIRouter()
Reader = Annotated[Current, Depends(needs("see_patient"))]
Submitter = Annotated[Current, Depends(needs("see_patient", "submit_request"))]
Signer = Annotated[Current, Depends(needs("see_patient", "sign"))]
Text = Annotated[str, Form(max_length=20_000)]

_SHA = re.compile(r"[0-9a-f]{64}")


@router.get("/patients/{patient}/requests/{request_id}/{paper}/draft.pdf")
def draft(who: Reader, patient: str, request_id: str, paper: str) -> Response:
    """The paper as it would be today: a draft, marked on every page."""
    name = paper_named(paper)
    with who.read() as conn:
        whose = surviving(conn, patient)
        chart = prepared.chart_of(conn, whose)
        here = request_of(conn, whose, request_id)
        made = prepared.papers_of(conn, chart, here)[name]
        pages = prepared.pages_of(conn, chart, here, name) if made.content is not None else []
    return answering_files.paper(prepared.pdf(chart, here, made, pages), f"{paper}-draft")


@router.get("/patients/{patient}/requests/{request_id}/{paper}/signed/{sha}.pdf")
def signed(who: Reader, patient: str, request_id: str, paper: str, sha: str) -> Response:
    """A paper as it was signed, byte for byte."""
    name = paper_named(paper)
    with who.read() as conn:
        whose = surviving(conn, patient)
        here = request_of(conn, whose, request_id)
        kept = chart_papers.of_request(conn, whose, here)[name]
        found = next((one for one in kept.signatures if one.pdf_sha256 == sha), None)
        if found is None or not _SHA.fullmatch(sha):
            raise HTTPException(404)
        content = documents.get(conn, found.owner, sha).content
    return answering_files.paper(content, f"{paper}-signed-{found.on}")


@router.get("/patients/{patient}/requests/{request_id}/{paper}")
def paper_page(request: Request, who: Reader, patient: str, request_id: str, paper: str) -> Response:
    """The paper before it is signed: what it says, what to look at, and the signature."""
    return _paper(request, who, patient, request_id, paper)


@router.post("/patients/{patient}/requests/{request_id}/{paper}/words")
def keep_words(
    request: Request,
    who: Submitter,
    patient: str,
    request_id: str,
    paper: str,
    seen: Annotated[int, Form(ge=0, le=100_000)] = 0,
    why_now: Text = "",
    answer: Text = "",
    alternatives: Text = "",
    contrary: Text = "",
) -> Response:
    """Save the clinician's own words."""
    name = paper_named(paper)
    told = {"why_now": why_now, "answer": answer, "alternatives": alternatives, "contrary": contrary}
    own_words = {place: told[place] for place in PLACES[name]}
    try:
        with who.write() as conn:
            whose = surviving(conn, patient)
            here = request_of(conn, whose, request_id)
            head = ledger.head(conn, whose)
            chart_papers.keep_words(
                conn, whose, here, name, own_words, seen=seen, head=head, by=who.person.id, at=who.now
            )
    except InputError as error:
        return _paper(request, who, patient, request_id, paper, problem=str(error), own_words=own_words)
    return RedirectResponse(f"/patients/{patient}/requests/{request_id}/{paper}", status_code=303)


@router.post("/patients/{patient}/requests/{request_id}/{paper}/sign")
def sign(
    request: Request,
    who: Signer,
    patient: str,
    request_id: str,
    paper: str,
    sha: Annotated[str, Form(max_length=64)] = "",
    read: Annotated[str, Form(max_length=10)] = "",
    password: Annotated[str, Form(max_length=PASSWORD_MOST)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Sign what was read."""
    name = paper_named(paper)
    try:
        with who.read() as conn:
            whose = surviving(conn, patient)
            request_of(conn, whose, request_id)
        if not read:
            raise InputError("Nobody said that it was read.", place="Signature", mend="read it, and tick the box.")
        signing.prove(who, Proof(password, code))
        signing.sign(who, whose, request_id, name, sha)
    except InputError as error:
        return _paper(request, who, patient, request_id, paper, problem=str(error))
    return RedirectResponse(f"/patients/{patient}/requests/{request_id}/{paper}", status_code=303)


def _paper(
    request: Request,
    who: Current,
    patient: str,
    request_id: str,
    paper: str,
    *,
    problem: str = "",
    own_words: dict[str, str] | None = None,
) -> Response:
    name = paper_named(paper)
    notes: list[str] = []
    with who.read() as conn:
        whose = surviving(conn, patient)
        chart = prepared.chart_of(conn, whose)
        here = request_of(conn, whose, request_id)
        made = prepared.papers_of(conn, chart, here)[name]
        pages = prepared.pages_of(conn, chart, here, name) if made.content is not None else []
    if made.content is not None:
        document = chart.answered().document
        notes += looks.of_words(document, here.policy, here.side, name, made.kept.own_words)
        names = [(one["number"], page) for one in made.content.get("documents", ()) for page in one["shown"]]
        notes += looks.of_pages(document, here.policy, here.side, pages, names)
    return render(
        request, "request_paper.html.j2", status=422 if problem else 200, chart=chart, asked=here, made=made,
        name=name, path=paper, title=TITLES[name], places=PLACES[name], notes=notes, problem=problem,
        own_words=own_words or made.kept.own_words, proof=signing.asks(who), here="requests",
        exhibits={one["number"]: one for one in (made.content or {}).get("exhibits", ())},
    )  # fmt: skip
