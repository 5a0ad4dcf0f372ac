"""The administrator's list of people: who may sign in, with which roles, and how they get in for the first time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from nutation.record.errors import InputError
from nutation.store import people
from nutation.store import sessions as rows
from nutation.store.people import Person
from nutation.web import links
from nutation.web.context import Current, needs
from nutation.web.rendering import render
from nutation.web.rights import ROLES, Role, is_role

router = APIRouter()
Administrator = Annotated[Current, Depends(needs("manage_people"))]
Text = Annotated[str, Form(max_length=500)]
Roles = Annotated[list[str] | None, Form()]

GIVEN: tuple[Role, ...] = ("therapist", "coordinator", "surgeon", "researcher", "administrator")
"""Roles that can be given today; the patient's and the carer's come with their pages."""


@router.get("/people")
def people_page(request: Request, who: Administrator) -> Response:
    """Everybody who may sign in, and the form to add somebody."""
    return _list(request, who)


@router.post("/people")
def add(
    request: Request, who: Administrator, name: Text = "", shown: Text = "", title: Text = "", roles: Roles = None
) -> Response:
    """Add a person and show the link that invites them, once."""
    try:
        with who.write() as conn:
            made = people.add(conn, name=name, shown=shown, title=title, roles=_known(roles), at=who.now)
            who.note(conn, f"person added: {_said(roles)}", about=made)
            link = links.make(conn, who.settings, "invitation", person=made, by=who.person.id, at=who.now)
    except InputError as error:
        return _list(request, who, problem=str(error), name=name, shown=shown, title=title, roles=roles or [])
    return _invited(request, who, made, link)


@router.get("/people/{person}")
def person_page(request: Request, who: Administrator, person: str) -> Response:
    """One person's account."""
    return _one(request, who, person)


@router.post("/people/{person}")
def change(
    request: Request, who: Administrator, person: str, shown: Text = "", title: Text = "", roles: Roles = None
) -> Response:
    """Change name and roles; whose roles come from the provider keeps them."""
    try:
        with who.write() as conn:
            before = _person(conn, person)
            given = list(before.roles) if before.oidc_issuer else _known(roles)
            if "administrator" not in given:
                _leaves_an_administrator(conn, before)
            people.change(conn, before.id, shown=shown, title=title, roles=given)
            who.note(conn, f"account changed: {_said(given)}", about=before.id)
    except InputError as error:
        return _one(request, who, person, problem=str(error))
    return RedirectResponse(f"/people/{person}", status_code=303)


@router.post("/people/{person}/invite")
def invite(request: Request, who: Administrator, person: str) -> Response:
    """Another link to choose a password by; the one before no longer works, the password of today does."""
    with who.write() as conn:
        whom = _person(conn, person)
        if whom.name is None or whom.disabled_at is not None:
            raise InputError("Nobody can be invited who comes by a provider or is kept out.", place="invitation")
        link = links.make(conn, who.settings, "invitation", person=whom.id, by=who.person.id, at=who.now)
        who.note(conn, "invited", about=whom.id)
    return _invited(request, who, person, link)


@router.post("/people/{person}/disable")
def disable(request: Request, who: Administrator, person: str) -> Response:
    """Keep a person out, at once."""
    try:
        with who.write() as conn:
            whom = _person(conn, person)
            if whom.id == who.person.id:
                raise InputError("You cannot keep yourself out.", mend="ask another administrator.")
            _leaves_an_administrator(conn, whom)
            people.disable(conn, whom.id, who.now)
            rows.end_all(conn, whom.id)
            rows.drop_links(conn, whom.id)
            who.note(conn, "account disabled", about=whom.id)
    except InputError as error:
        return _one(request, who, person, problem=str(error))
    return RedirectResponse(f"/people/{person}", status_code=303)


@router.post("/people/{person}/enable")
def enable(who: Administrator, person: str) -> Response:
    """Let a person in again."""
    with who.write() as conn:
        whom = _person(conn, person)
        people.disable(conn, whom.id, None)
        who.note(conn, "account enabled", about=whom.id)
    return RedirectResponse(f"/people/{person}", status_code=303)


@router.post("/people/{person}/reset-second-factor")
def reset_second_factor(who: Administrator, person: str) -> Response:
    """Forget the second factor; the person is signed out and sets up another."""
    with who.write() as conn:
        whom = _person(conn, person)
        people.reset_second_factor(conn, whom.id)
        rows.end_all(conn, whom.id)
        who.note(conn, "second factor reset", about=whom.id)
    # An administrator who reset their own is signed out like anybody else.
    return RedirectResponse(f"/people/{person}", status_code=303)


def _person(conn: Connection, person_id: str) -> Person:
    found = None if "\0" in person_id else people.by_id(conn, person_id)
    if found is None:
        raise HTTPException(404)
    return found


def _known(roles: list[str] | None) -> list[Role]:
    return [role for role in roles or () if is_role(role) and role in GIVEN]


def _said(roles: list[str] | list[Role] | None) -> str:
    return ", ".join(sorted(_known(list(roles or ())))) or "no role"


def _leaves_an_administrator(conn: Connection, whom: Person) -> None:
    others = [one for one in people.with_role(conn, "administrator") if one.id != whom.id]
    if not others:
        raise InputError("There would be no administrator left.", mend="make somebody else administrator first.")


def _list(
    request: Request,
    who: Current,
    *,
    problem: str = "",
    name: str = "",
    shown: str = "",
    title: str = "",
    roles: list[str] | None = None,
) -> Response:
    with who.read() as conn:
        everyone = people.everyone(conn)
    return render(
        request, "people.html.j2", status=422 if problem else 200, everyone=everyone, problem=problem, name=name,
        shown=shown, title=title, roles=roles or [], given={role: ROLES[role] for role in GIVEN},
    )  # fmt: skip


def _one(request: Request, who: Current, person_id: str, *, problem: str = "") -> Response:
    with who.read() as conn:
        whom = _person(conn, person_id)
    return render(
        request, "person.html.j2", status=422 if problem else 200, whom=whom, problem=problem,
        given={role: ROLES[role] for role in GIVEN},
    )  # fmt: skip


def _invited(request: Request, who: Current, person_id: str, link: str) -> Response:
    with who.read() as conn:
        whom = _person(conn, person_id)
    return render(request, "invited.html.j2", whom=whom, link=link, hours=who.settings.link_hours)
