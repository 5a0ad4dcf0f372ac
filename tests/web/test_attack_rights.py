"""The rights table attacked from the side: ids of another patient, tricks with paths and methods, borrowed tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nutation.store import Store, answers, events, ledger, people
from nutation.web import csrf, links
from nutation.web.guard import Guarded, guarded
from nutation.web.settings import Settings
from web.attacked import NAME, Attacked, attacked_in, filled
from web.made import NOW, PASSWORD, Clock, add_person, browser, field, made_app, settings_for, sign_in_as

OF_A_PATIENT = ("document", "request_id", "plan", "comparison", "conference")
"""Parameters that name something of one patient."""


@pytest.fixture(scope="module")
def made(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked_in(tmp_path_factory.mktemp("attacked"), sqlite_template) as made:
        yield made


def routes(app: FastAPI, *methods: str) -> Iterator[Guarded]:
    return (one for one in guarded(app) if one.method in methods)


def heads(store: Store, *ids: str) -> list[str]:
    with store.read() as conn:
        return [ledger.head(conn, one) for one in ids]


# ── another patient's ────────────────────────────────────────────────────────────────────────────────


def test_what_is_of_one_patient_is_not_reached_under_another(made: Attacked) -> None:
    both = (made.one["patient"], made.other["patient"])
    before = heads(made.store, *both)
    tried = 0
    for route in routes(made.app, "GET", "POST"):
        named = {found.partition(":")[0] for found in NAME.findall(route.path)}
        if "patient" not in named or not (stolen := named & set(OF_A_PATIENT)):
            continue
        path = filled(route.path, {**made.other, "patient": made.one["patient"], "sha": "0" * 64})
        told = {"title": "x", "type": "other", "reason": "x", "page": "1", "seen": "1", "on": "2026-08-01"}
        told |= {"side": "left", "levels": "S1", "looked": "yes", "implant": "1", "shift": "1 deeper", "read": "yes"}
        told |= {"why_now": "x"}
        sends_json = route.path.endswith("/check")
        answer = made.client.request(
            route.method, path, data=None if sends_json or route.method == "GET" else told,
            json={"ask": "move"} if sends_json else None,
        )  # fmt: skip
        assert answer.status_code == (409 if sends_json else 404), (route, stolen, answer.status_code)
        assert "Bea Lund" not in answer.text
        tried += 1
    assert tried > 20
    assert heads(made.store, *both) == before


def test_another_patients_answer_event_and_entry_are_not_taken_from_a_hidden_field(made: Attacked) -> None:
    base, other = f"/patients/{made.one['patient']}", made.other["patient"]
    with made.store.read() as conn:
        answer = answers.latest(conn, other)
        event = events.record_of(conn, other).events[-1].id
    assert answer is not None
    key = f"{answer.events_head}/{answer.as_of}/{answer.versions_sha256}"
    before = heads(made.store, made.one["patient"], other)
    assert made.client.get(f"{base}/answers/{key}").status_code == 404
    assert made.client.get(f"{base}/answers/{key}/document.json").status_code == 404
    assert made.client.post(f"{base}/answers/{key}/again").status_code == 404
    head = before[0]
    told = {"head": head, "answer": key, "action": "follow_up", "side": "left", "reason": "x", "what": "x"}
    assert made.client.post(f"{base}/override", data=told).status_code == 422  # this answer is none of the patient's
    assert made.client.get(f"{base}/conference?corrects={made.other['conference']}").status_code == 404
    told = {"head": head, "corrects": made.other["conference"], "on": "2026-08-01"}
    assert made.client.post(f"{base}/conference", data=told).status_code == 404
    assert "There is no such entry" in made.client.get(f"{base}/forms/history?event={event}").text
    told = {"events": event, "page": "1"}
    assert made.client.post(f"{base}/documents/{made.one['document']}/pins", data=told).status_code == 422
    told = {"part": other, "reason": "x", "head": head}
    assert made.client.post(f"{base}/split", data=told).status_code == 422
    assert heads(made.store, made.one["patient"], other) == before


# ── paths and methods ────────────────────────────────────────────────────────────────────────────────

PATHS = (
    "/static/../settings", "/static/%2e%2e/%2e%2e/app.py", "/static/..%2f..%2fapp.py", "/static//etc/passwd",
    "/static/built/..%5c..%5capp.py", "/static/%00", "/%2fpeople", "/people%2f", "/people/..;/worklist",
    "/PEOPLE", "/people%00", "/people%20", "/.%2fpeople", "/worklist/../people", "/openapi.json", "/docs", "/redoc",
    "/.env", "/.git/config",
)  # fmt: skip


@pytest.mark.parametrize("role", ["researcher", "surgeon"])
def test_tricks_with_paths_open_nothing(made: Attacked, role: str) -> None:
    """The page of people is the administrator's: no spelling of its address opens it to others, or a file to anyone."""
    client = sign_in_as(made.app, add_person(made.store, [role]))
    client.follow_redirects = True
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code in (403, 404), path
        assert "Somebody who may sign in" not in answer.text
        assert "def create_app" not in answer.text


def test_a_plans_file_is_one_that_the_plan_has(made: Attacked) -> None:
    base = f"/patients/{made.one['patient']}/plans/{made.one['plan']}/files"
    assert made.client.get(f"{base}/plan.json").status_code == 200
    odd = ("../plan.json", "..%2f..%2fplan.json", "%2e%2e/%2e%2e/etc/passwd", "plan.json/", "/etc/passwd", "PLAN.JSON")
    for name in odd:
        assert made.client.get(f"{base}/{name}").status_code in (404, 405), name


def test_a_method_is_what_it_is(made: Attacked) -> None:
    """No header, field or query turns one method into another, and none that a route does not have does anything."""
    before = heads(made.store, made.one["patient"])
    known: dict[str, set[str]] = {}
    for route in guarded(made.app):
        known.setdefault(route.path, set()).add(route.method)
    override = dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), "POST")
    with made.client as client:
        for path, methods in known.items():
            place = filled(path, made.one)
            for method in {"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - methods:
                answer = client.request(method, place, headers=override)
                assert answer.status_code in (404, 405), (method, path)
                assert "access-control-allow-origin" not in answer.headers
        told = {"_method": "POST", "title": "x", "reason": "x"}
        for path in ("documents", "harm", "identity"):
            base = f"/patients/{made.one['patient']}/{path}"
            assert client.get(base, params=told, headers=override).status_code == 200
    assert heads(made.store, made.one["patient"]) == before


# ── borrowed tokens ──────────────────────────────────────────────────────────────────────────────────


def test_no_form_is_taken_with_a_borrowed_token_or_from_elsewhere(made: Attacked) -> None:
    """Every route that changes something, with the session of somebody who may do everything."""
    client, stranger = (sign_in_as(made.app, one) for one in (made.me, add_person(made.store, ["surgeon"])))
    mine, theirs = client.headers[csrf.HEADER], stranger.headers[csrf.HEADER]
    forged: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "another session's": ({csrf.HEADER: theirs}, {}),
        "another session's field": ({}, {csrf.FIELD: theirs}),
        "from another site": ({csrf.HEADER: mine, "Origin": "https://evil.example"}, {}),
    }
    del client.headers[csrf.HEADER]
    before = heads(made.store, made.one["patient"])
    with client:
        for route in routes(made.app, "POST"):
            place = filled(route.path, made.one)
            for how, (headers, data) in forged.items():
                answer = client.post(place, headers=headers, data=data)
                assert (answer.status_code, "The form was not taken" in answer.text) == (403, True), (route.path, how)
            answer = client.post(f"{place}?{csrf.FIELD}={mine}", content=b"{}", headers={"Content-Type": "text/plain"})
            assert answer.status_code == 403, route.path
    assert heads(made.store, made.one["patient"]) == before


# ── links that work once ─────────────────────────────────────────────────────────────────────────────


def _link(store: Store, settings: Settings, purpose: links.Purpose, person: str | None) -> str:
    with store.write() as conn:
        return links.make(conn, settings, purpose, person=person, by=None, at=NOW).removeprefix(settings.origin)


def _chooses(client: TestClient, path: str, **told: str) -> int:
    page = client.get(path)
    fields = {"csrf": field(page.text)} if 'name="csrf"' in page.text else {}
    return client.post(path, data={**fields, "password": PASSWORD, "again": PASSWORD, **told}).status_code


def test_a_link_works_once_for_its_purpose_and_not_after_another(
    store: Store, settings: Settings, clock: Clock
) -> None:
    app = made_app(store, settings, clock)
    person = add_person(store, ["surgeon"], name="lee")
    old = _link(store, settings, "invitation", person)
    new = _link(store, settings, "invitation", person)
    client = browser(app)
    assert (_chooses(client, old), _chooses(client, new)) == (403, 303)  # a dead link's page has no form to send
    with store.read() as conn:
        kept = people.credentials(conn, person).password_hash
    replayed = {"password": "another puddle sonnet", "again": "another puddle sonnet"}
    assert _chooses(browser(app), new, **replayed) == 403
    for token in (new.rpartition("/")[2], new.rpartition("/")[2].swapcase(), "", "%00", "0" * 43):
        assert client.get(f"/enter/{token}").status_code == 404  # no demonstration here
        assert client.get(f"/welcome/{token}").status_code == 404
    with store.read() as conn:
        assert people.credentials(conn, person).password_hash == kept


def test_a_link_of_the_demonstration_is_no_invitation(store: Store, sqlite_url: str, clock: Clock) -> None:
    settings = settings_for(sqlite_url, demo=True)
    app = made_app(store, settings, clock)
    person = add_person(store, ["surgeon"])
    into = _link(store, settings, "demonstration", person)
    invitation = _link(store, settings, "invitation", person)
    token = into.rpartition("/")[2]
    assert browser(app).get(f"/welcome/{token}").status_code == 404
    answer = browser(app).get(f"/enter/{invitation.rpartition('/')[2]}")
    assert (answer.headers["location"], "nutation=" in answer.headers.get("set-cookie", "")) == ("/sign-in", False)
    assert browser(app).get(into).headers["location"] == "/"
    again = browser(app).get(into)
    assert (again.headers["location"], "nutation=" in again.headers.get("set-cookie", "")) == ("/sign-in", False)
