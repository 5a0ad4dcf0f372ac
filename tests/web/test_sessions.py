"""The session's cookie and its ends: new at each sign-in, idle, old, signed out."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from fastapi import FastAPI

from nutation.store import Store, sessions
from nutation.web import keys
from web.made import NOW, PASSWORD, Clock, add_person, browser, field, made_app, settings_for, sign_in_as, signs_in


@pytest.fixture
def lee(store: Store) -> str:
    return add_person(store, ["administrator"], name="lee", password=PASSWORD)


@pytest.mark.parametrize(
    ("base_url", "told", "https"),
    [
        ("http://testserver", {}, False),
        ("https://testserver", {}, True),  # ended here, or told by a proxy that is trusted
        ("http://testserver", {"public_url": "https://testserver"}, True),  # ended by a proxy
    ],
)
def test_what_the_cookie_allows(
    store: Store, sqlite_url: str, lee: str, base_url: str, told: dict[str, str], https: bool
) -> None:
    client = browser(made_app(store, settings_for(sqlite_url, **told)), base_url)
    page = client.get("/sign-in")
    names = ("__Host-nutation", "__Host-nutation-visitor") if https else ("nutation", "nutation-visitor")
    data = {"csrf": field(page.text), "name": "lee", "password": PASSWORD}
    # The test's client keeps Secure cookies from http, as a browser would; a proxy hands them on.
    sent = {"Cookie": page.headers["set-cookie"].split(";")[0], "Origin": told.get("public_url", base_url)}
    answer = client.post("/sign-in", data=data, headers=sent)
    assert answer.status_code == 303
    cookie = SimpleCookie(answer.headers["set-cookie"])[names[0]]
    assert names[1] in page.headers["set-cookie"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
    assert cookie["secure"] == (True if https else "")
    assert cookie["domain"] == ""
    assert cookie["expires"] == ""  # the browser forgets it when it is closed
    assert ("strict-transport-security" in answer.headers) == https


def test_the_database_holds_no_token(store: Store, app: FastAPI, lee: str) -> None:
    client = browser(app)
    signs_in(client, "lee", PASSWORD)
    with store.read() as conn:
        assert sessions.find(conn, client.cookies["nutation"]) is None
        assert sessions.find(conn, keys.digest(client.cookies["nutation"])) is not None


def test_a_new_token_at_each_sign_in_and_the_planted_one_is_worth_nothing(store: Store, app: FastAPI, lee: str) -> None:
    planted = "planted-by-somebody"
    client = browser(app)
    client.cookies.set("nutation", planted)
    signs_in(client, "lee", PASSWORD)
    first = client.cookies.get("nutation", domain="testserver.local")
    assert first not in (None, planted)
    again = browser(app)
    again.cookies.set("nutation", first or "")
    assert again.get("/account").status_code == 200
    signs_in(again, "lee", PASSWORD)
    for old in (planted, first):
        other = browser(app)
        other.cookies.set("nutation", old or "")
        assert other.get("/account").status_code == 303


def test_idle_and_not_idle(app: FastAPI, lee: str, clock: Clock) -> None:
    client = sign_in_as(app, lee)
    for _ in range(4):
        clock.on(minutes=29)
        assert client.get("/account").status_code == 200  # every request begins the half hour anew
    clock.on(minutes=30)
    answer = client.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/account&idle=1")
    assert "You were signed out" in client.get(answer.headers["location"]).text
    assert client.get("/account").status_code == 303


def test_idleness_is_measured_within_a_minute_and_written_once_a_minute(app: FastAPI, lee: str, clock: Clock) -> None:
    client = sign_in_as(app, lee)
    client.get("/account")
    clock.on(seconds=59)
    client.get("/account")
    clock.on(minutes=29, seconds=1)
    assert client.get("/account").status_code == 303  # the use at 59 s was not noted: at most a minute is lost


def test_a_session_ends_by_age_however_busy(app: FastAPI, lee: str, clock: Clock) -> None:
    client = sign_in_as(app, lee)
    for _ in range(12 * 4 - 1):
        clock.on(minutes=15)
        assert client.get("/account").status_code == 200
    clock.on(minutes=15)
    assert client.get("/account").status_code == 303


def test_signing_out_ends_the_session_on_the_server(app: FastAPI, lee: str) -> None:
    client = sign_in_as(app, lee)
    token = client.cookies["nutation"]
    answer = client.post("/sign-out")
    assert answer.status_code == 200
    assert 'nutation=""' in answer.headers["set-cookie"]
    kept = browser(app)
    kept.cookies.set("nutation", token)
    assert kept.get("/account").status_code == 303


def test_without_the_second_factor_nothing_but_its_pages_opens(app: FastAPI, lee: str) -> None:
    client = sign_in_as(app, lee, second_factor=False)
    for place in ("/account", "/people", "/modes"):
        assert client.get(place).headers["location"] == "/sign-in/enrol"
    assert client.post("/people", data={"name": "x", "shown": "x"}).headers["location"] == "/sign-in/enrol"
    assert client.get("/sign-in/enrol").status_code == 200


def test_a_form_from_before_an_idle_log_out_is_still_taken(store: Store, app: FastAPI, lee: str, clock: Clock) -> None:
    """Nothing that was typed is lost: sign in again in another tab, go back, send again."""
    client = browser(app)
    signs_in(client, "lee", PASSWORD)
    form = {"csrf": field(client.get("/people").text), "name": "ruiz", "shown": "P. Ruiz", "roles": ["therapist"]}
    clock.on(minutes=31)
    refused = client.post("/people", data=form)
    assert refused.status_code == 401
    assert "what you entered is still in it" in refused.text
    signs_in(client, "lee", PASSWORD)
    assert client.post("/people", data=form).status_code == 200
    # Another person in the same browser does not inherit the form.
    add_person(store, ["administrator"], name="other", password=PASSWORD)
    signs_in(client, "other", PASSWORD)
    assert client.post("/people", data={**form, "name": "new"}).status_code == 403


def test_old_rows_are_removed(store: Store, app: FastAPI, lee: str, clock: Clock) -> None:
    client = browser(app)
    signs_in(client, "lee", PASSWORD)
    old = keys.digest(client.cookies["nutation"])
    clock.on(days=3)
    signs_in(browser(app), "lee", PASSWORD)
    with store.read() as conn:
        assert sessions.find(conn, old) is None


def test_scripts_are_sent_to_sign_in_too(app: FastAPI) -> None:
    answer = browser(app).get("/account", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")


def test_the_clock_of_tests_is_not_the_clock_of_the_program(store: Store, sqlite_url: str) -> None:
    from nutation.web.context import utc_now

    app = made_app(store, settings_for(sqlite_url))
    del app.state.clock
    assert (utc_now() - NOW).total_seconds() != 0
    assert browser(app).get("/sign-in").status_code == 200
