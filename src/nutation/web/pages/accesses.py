"""Who opened whose pages, and who changed accounts and modes: the list of accesses, without any content."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from nutation.store import accesses, people
from nutation.web.context import Current, needs
from nutation.web.rendering import render

router = APIRouter()
Auditor = Annotated[Current, Depends(needs("see_audit"))]
Id = Annotated[str, Query(max_length=32)]

_ID = re.compile(r"[0-9a-f]{32}")
_LINES = 200


@router.get("/accesses")
def accesses_page(
    request: Request, who: Auditor, person: Id = "", of: Id = "", before: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0
) -> Response:
    """The list, the latest first, of everybody or of one ``person`` or ``of`` one patient's pages (ids)."""
    wanted = {name: value for name, value in (("person", person), ("of", of)) if _ID.fullmatch(value)}
    with who.read() as conn:
        if "of" in wanted:
            lines = accesses.of_patient(conn, of, limit=_LINES, before=before or None)
        elif "person" in wanted:
            lines = accesses.of_person(conn, person, limit=_LINES, before=before or None)
        else:
            lines = accesses.latest(conn, limit=_LINES, before=before or None)
        names = people.shown_names(conn, [one for line in lines for one in (line.person, line.about) if one])
    older = lines[-1].id if len(lines) == _LINES else None
    return render(request, "accesses.html.j2", lines=lines, names=names, wanted=wanted, older=older)
