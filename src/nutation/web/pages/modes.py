"""Research or clinic, function by function, with the person, the validation and the law that stand for clinic mode."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.store import people
from nutation.web import modes
from nutation.web.context import Current, needs
from nutation.web.modes import FUNCTIONS, Function
from nutation.web.rendering import render

router = APIRouter()
Administrator = Annotated[Current, Depends(needs("set_modes"))]
Text = Annotated[str, Form(max_length=4000)]


@router.get("/modes")
def modes_page(request: Request, who: Administrator) -> Response:
    """The mode of each function, and how it came to be."""
    return _modes(request, who)


@router.post("/modes/{function}")
def switch(
    request: Request,
    who: Administrator,
    function: str,
    mode: Annotated[Literal["research", "clinic"], Form()] = "research",
    responsible: Text = "",
    validation: Text = "",
    legal_basis: Text = "",
) -> Response:
    """Switch one function."""
    if function not in FUNCTIONS:
        raise HTTPException(404)
    told = {"responsible": responsible, "validation": validation, "legal_basis": legal_basis}
    try:
        with who.write() as conn:
            modes.switch(conn, cast("Function", function), mode, by=who.person.id, at=who.now, **told)
            who.note(conn, f"mode of {function}: {mode}")
    except InputError as error:
        return _modes(request, who, problem=str(error), asked=function, told=told)
    return RedirectResponse("/modes", status_code=303)


def _modes(
    request: Request, who: Current, *, problem: str = "", asked: str = "", told: dict[str, str] | None = None
) -> Response:
    with who.read() as conn:
        histories = {function: modes.history(conn, function) for function in FUNCTIONS}
        names = people.shown_names(conn, {one.by for past in histories.values() for one in past if one.by})
    return render(
        request, "modes.html.j2", status=422 if problem else 200, problem=problem, asked=asked, told=told or {},
        functions=FUNCTIONS, histories=histories, names=names,
    )  # fmt: skip
