"""Accounts: the first administrator, invitations, roles, keeping out, one's own password; and the settings."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from nutation.record.errors import InputError
from nutation.store import Store, people
from nutation.store.accesses import access
from nutation.web import identity, keys, links, signing_in
from nutation.web.settings import Settings
from web.made import KEY, NOW, PASSWORD, Clock, add_person, browser, field, made_app, settings_for, sign_in_as, signs_in

# ── links that work once ─────────────────────────────────────────────────────────────────────────────


def test_the_first_administrator(store: Store, app: FastAPI, settings: Settings) -> None:
    old = links.first_start(store, settings, at=NOW)
    link = links.first_start(store, settings, at=NOW)  # the server was started again
    assert old is not None
    assert link is not None
    assert link.startswith("http://127.0.0.1:8000/welcome/")
    old, link = old.removeprefix(settings.origin), link.removeprefix(settings.origin)
    client = browser(app)
    assert client.get(old).status_code == 404
    page = client.get(link)
    told = {"csrf": field(page.text), "name": "lee", "shown": "A. Lee", "title": "Practice manager"}
    for wrong in ({"password": "short", "again": "short"}, {"password": PASSWORD, "again": "other"}):
        answer = client.post(link, data={**told, **wrong})
        assert answer.status_code == 422
        assert PASSWORD not in answer.text
    assert client.post(link, data={**told, "password": PASSWORD, "again": PASSWORD}).status_code == 303
    assert client.post(link, data={**told, "password": PASSWORD, "again": PASSWORD}).status_code == 404
    assert links.first_start(store, settings, at=NOW) is None
    assert links.first_start(store, settings, at=NOW, anyway=True) is not None
    with store.read() as conn:
        made = people.by_name(conn, "lee")
        assert made is not None
        assert (made.roles, made.named) == (("administrator",), "A. Lee, Practice manager")
    assert signs_in(browser(app), "lee", PASSWORD).status_code == 303


def test_a_link_runs_out(store: Store, app: FastAPI, settings: Settings, clock: Clock) -> None:
    link = links.first_start(store, settings, at=NOW)
    assert link is not None
    clock.on(hours=72)
    assert browser(app).get(link.removeprefix(settings.origin)).status_code == 404


def test_the_way_into_the_demonstration_is_open_in_the_demonstration_alone(store: Store, sqlite_url: str) -> None:
    whom = add_person(store, ["surgeon"])
    for demo, status in ((False, 404), (True, 303)):
        settings = settings_for(sqlite_url, demo=demo)
        with store.write() as conn:
            link = links.make(conn, settings, "demonstration", person=whom, by=None, at=NOW)
        client = browser(made_app(store, settings))
        place = link.removeprefix(settings.origin)
        assert client.get(place.replace("/enter", "/welcome")).status_code == 404
        assert client.get(place).status_code == status
        assert client.get("/account").status_code == (200 if demo else 303)
        assert client.get(place).headers.get("location") == ("/sign-in" if demo else None)


# ── the administrator ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def administrator(store: Store) -> str:
    return add_person(store, ["administrator"], shown="Admin")


def test_a_person_is_invited_and_comes_in(store: Store, app: FastAPI, administrator: str) -> None:
    client = sign_in_as(app, administrator)
    told = {
        "name": "Ruiz",
        "shown": "<b>P. Ruiz",
        "title": "Physiotherapist",
        "roles": ["therapist", "patient", "king"],
    }
    page = client.post("/people", data=told)
    assert page.status_code == 200
    found = re.search(r'value="http://127.0.0.1:8000(/welcome/[^"]+)"', page.text)
    assert found is not None
    assert "<b>" not in page.text
    theirs = browser(app)
    form = theirs.get(found[1])
    chosen = {"csrf": field(form.text), "password": PASSWORD, "again": PASSWORD, "name": "other", "shown": "Other"}
    assert theirs.post(found[1], data=chosen).status_code == 303
    assert signs_in(theirs, "ruiz", PASSWORD).status_code == 303
    with store.read() as conn:
        made = people.by_name(conn, "ruiz")
        assert made is not None
        assert made.roles == ("therapist",)  # roles that cannot be given are not given
        assert made.shown == "<b>P. Ruiz"
        assert people.by_name(conn, "other") is None
    again = client.post("/people", data=told)
    assert again.status_code == 422
    assert "Somebody else signs in with this name" in again.text


def test_keeping_somebody_out_ends_their_sessions_at_once(store: Store, app: FastAPI, administrator: str) -> None:
    other = add_person(store, ["surgeon"], name="lee", password=PASSWORD)
    theirs, admin = sign_in_as(app, other), sign_in_as(app, administrator)
    assert theirs.get("/account").status_code == 200
    assert admin.post(f"/people/{other}/disable").status_code == 303
    assert theirs.get("/account").status_code == 303
    assert signs_in(browser(app), "lee", PASSWORD).status_code == 401
    assert admin.post(f"/people/{other}/enable").status_code == 303
    assert theirs.get("/account").status_code == 303  # the old session stays ended
    assert signs_in(browser(app), "lee", PASSWORD).status_code == 303


def test_another_role_holds_from_the_next_request(store: Store, app: FastAPI, administrator: str) -> None:
    other = add_person(store, ["therapist"])
    theirs, admin = sign_in_as(app, other), sign_in_as(app, administrator)
    assert theirs.get("/people").status_code == 403
    assert admin.post(f"/people/{other}", data={"shown": "X", "roles": ["administrator"]}).status_code == 303
    assert theirs.get("/people").status_code == 200


@pytest.mark.parametrize("act", ["disable", "change"])
def test_an_administrator_remains(store: Store, app: FastAPI, administrator: str, act: str) -> None:
    admin = sign_in_as(app, administrator)
    place = f"/people/{administrator}" + ("/disable" if act == "disable" else "")
    answer = admin.post(place, data={"shown": "Admin", "roles": ["surgeon"]})
    assert answer.status_code == 422
    assert admin.get("/people").status_code == 200


def test_resetting_the_second_factor(store: Store, app: FastAPI, administrator: str) -> None:
    whom = add_person(store, ["surgeon"])
    with store.write() as conn:
        people.begin_second_factor(conn, whom, identity.seal_secret(KEY, whom, identity.new_secret()))
        people.prove_second_factor(conn, whom, NOW)
        people.keep_recovery_codes(conn, whom, [keys.digest("a")])
    theirs = sign_in_as(app, whom)
    assert sign_in_as(app, administrator).post(f"/people/{whom}/reset-second-factor").status_code == 303
    assert theirs.get("/account").status_code == 303
    with store.read() as conn:
        assert people.credentials(conn, whom).totp_secret is None
        assert people.recovery_codes_left(conn, whom) == 0


def test_acts_upon_accounts_are_kept(store: Store, app: FastAPI, administrator: str) -> None:
    other = add_person(store, ["surgeon"])
    client = sign_in_as(app, administrator)
    client.post(f"/people/{other}/disable")
    with store.read() as conn:
        noted = conn.execute(select(access.c.person, access.c.about, access.c.what)).all()
    assert (administrator, other, "account disabled") in noted


# ── one's own account ────────────────────────────────────────────────────────────────────────────────


def test_another_password_signs_out_other_browsers(store: Store, app: FastAPI) -> None:
    whom = add_person(store, ["surgeon"], name="lee", password=PASSWORD)
    here, there = sign_in_as(app, whom), sign_in_as(app, whom)
    new = "sorrel kettle drum isthmus"
    wrong = here.post("/account/password", data={"old": "x", "new": new, "again": new})
    assert wrong.status_code == 422
    assert here.post("/account/password", data={"old": PASSWORD, "new": new, "again": new}).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    assert signs_in(browser(app), "lee", PASSWORD).status_code == 401
    assert signs_in(browser(app), "lee", new).status_code == 303


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ("/patients/1", True), ("/", True), ("//evil.example", False), ("/\\evil.example", False),
        ("https://evil.example", False), ("/\t/evil.example", False), ("/a\\b", False), ("/sign-out", False),
        ("", False), (None, False),
    ],
)  # fmt: skip
def test_where_one_goes_after_signing_in(told: str | None, taken: bool) -> None:
    assert signing_in.local_path(told) == (told if taken else None)


def test_settings_never_show_a_secret() -> None:
    told = {
        "NUTATION_DATABASE": "postgresql://lee:s3cret@db/x", "NUTATION_SECRET_KEY": "s3cret" * 8,
        "NUTATION_OIDC_CLIENT_SECRET": "s3cret",
    }  # fmt: skip
    made = Settings.from_environment(told)
    assert "s3cret" not in repr(made) + str(made) + made.model_dump_json()
    assert made.database_url.startswith("postgresql://lee:s3cret@")
    with pytest.raises(InputError, match="NUTATION_SECRET_KEY") as caught:
        Settings.from_environment({**told, "NUTATION_SECRET_KEY": "s3cret"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"host": "0.0.0.0"}, "NUTATION_HOST"),
        ({"public_url": "nutation.example.org"}, "NUTATION_PUBLIC_URL"),
        ({"oidc_issuer": "http://id.example.org", "oidc_client_id": "x"}, "NUTATION_OIDC_ISSUER"),
        ({"oidc_issuer": "https://id.example.org"}, "NUTATION_OIDC_CLIENT_ID"),
        ({"oidc_issuer": "https://id.example.org", "oidc_client_id": "x"}, "NUTATION_OIDC_ROLES"),
        ({"oidc_roles": '{"a": "king"}'}, "NUTATION_OIDC_ROLES"),
        ({"oidc_roles": "{"}, "NUTATION_OIDC_ROLES"),
        ({"local_accounts": False}, "NUTATION_LOCAL_ACCOUNTS"),
        ({"idle_minutes": "soon"}, "NUTATION_IDLE_MINUTES"),
        ({"argon2_mib": 1}, "NUTATION_ARGON2_MIB"),
    ],
)  # fmt: skip
def test_settings_that_are_refused_with_their_variable(more: dict[str, object], place: str) -> None:
    with pytest.raises(InputError) as caught:
        Settings.from_environment({}, database="sqlite:///x", secret_key="k" * 32, **more)
    assert caught.value.place == place


def test_nothing_is_open_beyond_this_machine_by_default() -> None:
    told = {"NUTATION_DATABASE": "sqlite:///x", "NUTATION_SECRET_KEY": "k" * 32, "NUTATION_DEMO": "1"}
    made = Settings.from_environment(told)
    assert made.host == "127.0.0.1"
    assert made.second_factor == "required"
    assert not made.demo  # no variable opens the way in without a password
    assert set(made.hosts) == {"127.0.0.1", "localhost", "[::1]"}
