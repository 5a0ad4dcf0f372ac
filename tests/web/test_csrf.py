"""A form is taken from our own page alone: every route that changes something, and every way to forge it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from nutation.store import Store, people
from nutation.web import csrf
from nutation.web.guard import guarded
from web.made import PASSWORD, add_person, browser, field, sign_in_as, signs_in


@pytest.fixture
def lee(store: Store) -> str:
    return add_person(store, ["administrator", "surgeon", "coordinator", "therapist"], name="lee", password=PASSWORD)


def test_tokens() -> None:
    one, other = csrf.token("a"), csrf.token("a")
    assert one != other  # nothing to be learnt from comparing two pages
    assert csrf.fits("a", one)
    assert csrf.fits("a", other)
    for wrong in (None, "", ".", one + "0", one[1:], one.partition(".")[2], csrf.token("b"), "\ud800.\ud800"):
        assert not csrf.fits("a", wrong)


def test_every_route_that_changes_something_refuses_a_form_without_token(app: FastAPI, lee: str) -> None:
    client = sign_in_as(app, lee)
    del client.headers[csrf.HEADER]
    changing = [one for one in guarded(app) if one.method in csrf.CHANGING]
    assert changing
    for one in changing:
        path = one.path.replace("{", "").replace("}", "")
        answer = client.request(one.method, path, data={"csrf": csrf.token("another"), "name": "x"})
        assert answer.status_code == 403, f"{one.method} {one.path}: {answer.status_code}"
        assert "The form was not taken" in answer.text


def test_no_route_changes_something_by_a_method_that_needs_no_token(app: FastAPI) -> None:
    assert {one.method for one in guarded(app)} <= {"GET"} | csrf.CHANGING


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"Origin": "http://testserver"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),  # a neighbour below the same domain
    ],
)
def test_the_browsers_own_word(store: Store, app: FastAPI, lee: str, headers: dict[str, str], taken: bool) -> None:
    client = sign_in_as(app, lee)
    answer = client.post("/people", data={"name": "new", "shown": "New"}, headers=headers)
    assert answer.status_code == (200 if taken else 403)
    with store.read() as conn:
        assert (people.by_name(conn, "new") is not None) == taken


def test_the_field_of_a_page_and_the_header_are_both_taken(app: FastAPI, lee: str) -> None:
    client = browser(app)
    signs_in(client, "lee", PASSWORD)
    token = field(client.get("/people").text)
    assert client.post("/people", data={"csrf": token, "name": "a", "shown": "A"}).status_code == 200
    parts = {"csrf": (None, token), "name": (None, "b"), "shown": (None, "B")}
    assert client.post("/people", files=parts).status_code == 200
    headers = {csrf.HEADER: token}
    assert client.post("/people", data={"name": "c", "shown": "C"}, headers=headers).status_code == 200
    assert client.post("/people", json={"csrf": token, "name": "d", "shown": "D"}).status_code == 403
    assert client.post("/people", data={"name": "e", "shown": "E"}).status_code == 403


def test_another_sessions_token_does_not_fit(store: Store, app: FastAPI, lee: str) -> None:
    other = add_person(store, ["administrator"], name="other", password=PASSWORD)
    theirs, mine = sign_in_as(app, other), sign_in_as(app, lee)
    mine.headers[csrf.HEADER] = theirs.headers[csrf.HEADER]
    assert mine.post("/people", data={"name": "new", "shown": "New"}).status_code == 403


def test_nobody_is_signed_in_by_another_sites_form(store: Store, app: FastAPI, lee: str) -> None:
    """Signing somebody in under a stranger's account would make them write into it."""
    stranger, victim = browser(app), browser(app)
    token = field(stranger.get("/sign-in").text)
    told = {"csrf": token, "name": "lee", "password": PASSWORD}
    assert victim.post("/sign-in", data=told).status_code == 403  # no cookie of a page of ours
    victim.get("/sign-in")
    assert victim.post("/sign-in", data=told).status_code == 403  # another browser's token
    assert stranger.post("/sign-in", data=told).status_code == 303
