"""An app of the real pages over a real database, a clock that tests turn, and browsers signed in as whom they like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from nutation.store import Store, people, sessions
from nutation.web import csrf, identity, keys
from nutation.web.app import create_app
from nutation.web.settings import Settings

NOW = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
KEY = SecretStr("k" * 32)
PASSWORD = "lorry puddle sonnet vetch"
CHEAP: dict[str, Any] = {"argon2_mib": 19}
_NUMBER = count(1)


class Clock:
    """What time the app believes it is."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def on(self, **by: float) -> None:
        self.now += timedelta(**by)


def settings_for(url: str, **told: Any) -> Settings:
    values: dict[str, Any] = {
        "database": url, "secret_key": KEY, "allowed_hosts": ("testserver",), "second_factor": "optional", **CHEAP,
    }  # fmt: skip
    return Settings(**{**values, **told})


def made_app(store: Store, settings: Settings, clock: Clock | None = None) -> FastAPI:
    app = create_app(store, settings)
    app.state.clock = clock or Clock()
    return app


def browser(app: FastAPI, base_url: str = "http://testserver") -> TestClient:
    return TestClient(app, base_url=base_url, follow_redirects=False)


def add_person(
    store: Store, roles: Iterable[str], *, name: str = "", password: str | None = None, shown: str = ""
) -> str:
    number = next(_NUMBER)
    with store.write() as conn:
        made = people.add(
            conn, name=name or f"person{number}", shown=shown or f"Person {number}", title="", roles=roles, at=NOW
        )
        if password is not None:
            people.set_password(conn, made, identity.hash_password(password, **CHEAP))
    return made


def sign_in_as(app: FastAPI, person: str, *, second_factor: bool = True) -> TestClient:
    """A browser with a session of this person, as if they had just signed in; its changes carry a token."""
    token, secret = keys.new_token(), keys.new_token()
    with app.state.store.write() as conn:
        sessions.begin(
            conn, keys.digest(token), person, at=app.state.clock(), csrf_secret=secret, second_factor=second_factor
        )
    client = browser(app)
    client.cookies.set("nutation", token)
    client.headers[csrf.HEADER] = csrf.token(secret)
    return client


def field(page: str, name: str = csrf.FIELD) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no field {name} in {page}"
    return found[1]


def signs_in(client: TestClient, name: str, password: str, goes_on: str = "") -> Any:
    """Fill in the form to sign in, as a person does."""
    page = client.get("/sign-in")
    told = {"csrf": field(page.text), "name": name, "password": password, "goes_on": goes_on}
    return client.post("/sign-in", data=told)
