"""A case as a researcher opens it, from the worklist without names: its answers, and what they rest on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from nutation.report import words
from nutation.store import answers, patients, worklist
from nutation.web.context import Current, needs
from nutation.web.rendering import render
from nutation.web.without_names import document_without_names

router = APIRouter()
Researcher = Annotated[Current, Depends(needs("see_without_names"))]


@router.get("/research/patients/{patient}")
def case_page(request: Request, who: Researcher, patient: str) -> Response:
    """One patient's stored answer without names and free text."""
    with who.read() as conn:
        if not worklist.of_patient(conn, patient) or (kept := answers.latest(conn, patient)) is None:
            raise HTTPException(404)
        known = patients.get(conn, patient)
    names = [known.label, *(value for _, value in known.identifiers)]
    told = document_without_names(kept.document, patient, names)
    return render(request, "case_without_names.html.j2", told=words.cleaned(told), made_at=kept.made_at, words=words)
