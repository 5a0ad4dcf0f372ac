"""Who may do what: the table of rights, right by right and role by role, then every page as every role."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nutation.store import Store, patients
from nutation.web import csrf, rights
from nutation.web.guard import Guarded, guarded
from nutation.web.rights import MEANING, PATIENT_CONTENT, RIGHTS, ROLES, Right, Role
from web.made import NOW, Clock, add_person, browser, sign_in_as
from web.route_rights import ROUTES

T, C, S, R, A = "therapist", "coordinator", "surgeon", "researcher", "administrator"
HOLDERS: dict[str, set[str]] = {
    "see_worklist": {T, C, S},
    "see_patient": {T, C, S},
    "see_without_names": {R},
    "add_patient": {T, C, S},
    "write_events": {T, C, S},
    "screen_safety": {T, S},
    "record_judgement": {T, S},
    "override_answer": {S},
    "hold_conference": {T, C, S},
    "upload_document": {T, C, S},
    "submit_request": {C, S},
    "sign": {S},
    "make_plan": {S},
    "confirm_plan": {S},
    "merge_patients": {C, S},
    "erase_patient": {A},
    "export_clinic": {A},
    "report_harm": {T, C, S},
    "review_harm": {S},
    "see_audit": {A},
    "manage_people": {A},
    "set_modes": {A},
}
"""Every right with the roles that hold it, written by hand and not from the code."""


# ── the table ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("right", get_args(Right))
def test_each_right_is_held_by_these_roles_and_no_other(right: Right) -> None:
    assert {role for role in get_args(Role) if right in RIGHTS[role]} == HOLDERS[right]


def test_the_table_is_whole() -> None:
    assert set(RIGHTS) == set(ROLES) == set(get_args(Role))
    assert list(MEANING) == list(get_args(Right))
    assert set(HOLDERS) == set(get_args(Right))
    assert all(told.endswith(".") for told in (*MEANING.values(), *ROLES.values()))


def test_what_the_roles_may_never_do() -> None:
    assert RIGHTS["patient"] == RIGHTS["carer"] == frozenset()
    assert RIGHTS["researcher"].isdisjoint(PATIENT_CONTENT)
    assert RIGHTS["administrator"].isdisjoint(PATIENT_CONTENT)
    for clinical in ("therapist", "coordinator", "surgeon"):
        assert RIGHTS[clinical].isdisjoint({"manage_people", "set_modes", "see_audit", "erase_patient"})


def test_roles_add_up_and_unknown_ones_add_nothing() -> None:
    assert rights.of(["researcher", "therapist"]) == RIGHTS["researcher"] | RIGHTS["therapist"]
    assert rights.of([]) == rights.of(["king", ""]) == frozenset()


# ── every page ───────────────────────────────────────────────────────────────────────────────────────


def _asked(route: Guarded) -> tuple[str, ...]:
    return route.rights or (route.by,)


def test_every_page_asks_for_the_rights_that_are_written_down(app: FastAPI) -> None:
    found = {f"{one.method} {one.path}": _asked(one) for one in guarded(app)}
    assert found
    missing = {place: asked for place, asked in found.items() if place not in ROUTES}
    assert not missing, f"write these into tests/web/route_rights.py, once you have thought about them: {missing}"
    assert found == {place: ROUTES[place] for place in found}
    gone = sorted(set(ROUTES) - set(found))
    assert not gone, f"there are no such pages any more: {gone}"


@pytest.fixture
def patient(store: Store) -> str:
    with store.write() as conn:
        return patients.add(conn, "Made Up", by="test", at=NOW)


def _opened(client: TestClient, route: Guarded, patient: str) -> tuple[int, str]:
    def filled(found: re.Match[str]) -> str:
        return {"patient": patient}.get(found[1].partition(":")[0], "0" * 32)

    path = re.sub(r"\{([^}]+)\}", filled, route.path)
    # A real app waits for the worker; here no body is sent, so that only who asks decides.
    answer = client.request(route.method, path)
    return answer.status_code, answer.text


@pytest.mark.parametrize("role", [*get_args(Role), None])
def test_every_page_as_every_role(store: Store, app: FastAPI, clock: Clock, patient: str, role: Role | None) -> None:
    """Refused with 403 exactly where a right is missing; never an error of the program."""
    add_person(store, ["administrator"])  # so that one remains, whatever is done
    person = add_person(store, [role] if role is not None else [])
    held = {right for right, holders in HOLDERS.items() if role in holders}
    for route in guarded(app):
        client = sign_in_as(app, person)  # anew: signing out is among the pages
        status, text = _opened(client, route, patient)
        place = f"{route.method} {route.path} as {role}"
        assert status < 500, place
        asked = ROUTES.get(f"{route.method} {route.path}", _asked(route))
        refused = status == 403 and "You may not do this" in text
        if asked in (("anyone",), ("signed_in",), ("half_signed_in",)):
            assert not refused, place
        else:
            assert refused == (not set(asked) <= held), place
        if asked != ("anyone",):
            assert status != 401 or "sign-in" in route.path, place


def test_every_page_without_a_session(app: FastAPI, patient: str) -> None:
    client = browser(app)
    for route in guarded(app):
        status, text = _opened(client, route, patient)
        place = f"{route.method} {route.path}"
        if route.by == "anyone":
            assert status in (200, 303, 403, 404), place
        elif route.method in csrf.CHANGING:
            assert (status, "You are not signed in" in text) == (401, True), place
        else:
            assert status == 303, place


@pytest.mark.parametrize("role", ["surgeon", "administrator"])
def test_every_page_before_the_second_factor(store: Store, app: FastAPI, patient: str, role: Role) -> None:
    person = add_person(store, [role])
    for route in guarded(app):
        if route.by in ("anyone", "half_signed_in"):
            continue
        client = sign_in_as(app, person, second_factor=False)
        assert _opened(client, route, patient)[0] == 303, f"{route.method} {route.path}"
