"""Schemathesis against every endpoint as every role: whatever is sent, the program never fails.

The application keeps its schema to itself, so the object is asked for it. In paths stand ids of what there is or
anything, and forms that are read field by field get the fields of their own page, filled with anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nutation.store import Store, answers
from nutation.web import csrf
from nutation.web.rights import RIGHTS
from web.attacked import EVERYBODY, USUAL, Attacked, attacked, filled, harmless
from web.made import add_person, browser, sign_in_as
from web.page_forms import Page

EXAMPLES = 3
"""What is generated for each endpoint; the first of them is sent as every role, the others as who may most."""

MOST = (*EVERYBODY, "researcher")
NONE = tuple(role for role, rights in RIGHTS.items() if not rights)
ROLES: tuple[tuple[str, ...] | None, ...] = (MOST, *((role,) for role in RIGHTS if role not in NONE), NONE, None)
"""Each role that holds a right, together those that hold none, and None for a browser that is not signed in."""

ODD = ("", "0", "-1", "1e400", "nan", "\0", "2026-02-30", "9" * 5000, "\u202e", "\U0001f9b4" * 50, "'", "<x>")
ANYTHING = st.text(max_size=40) | st.sampled_from(ODD)

Headers = Callable[[], dict[str, str]]
Ids = Mapping[str, str]


def ids_of(made: Attacked, one: Ids, person: str) -> Ids:
    """What the parameters of a path may be, so that it leads to what there is of one patient."""
    with made.store.read() as conn:
        answer = answers.latest(conn, one["patient"])
    assert answer is not None
    key = {"events_head": answer.events_head, "as_of": str(answer.as_of), "versions": answer.versions_sha256}
    return {**USUAL, **one, **key, "person": person, "name": "plan.json"}


def fields_of(made: Attacked, path: str, ids: Ids) -> list[str]:
    """Names of the fields on the page of that path."""
    answer = made.client.get(filled(path, ids))
    forms = Page(answer.text).forms if answer.status_code == 200 else []
    return sorted({name for form in forms for name in (*form.inputs, *dict(form.buttons), *form.files)} - {csrf.FIELD})


def signed_in(app: FastAPI, store: Store, roles: tuple[str, ...] | None) -> Headers:
    """The headers of a browser of somebody with these roles: a session of its own each time it is asked.

    What was sent before may have ended the sessions of everybody.
    """
    if roles is None:
        return dict
    person = add_person(store, roles)

    def headers() -> dict[str, str]:
        one = sign_in_as(app, person)
        return {"cookie": f"nutation={one.cookies['nutation']}", csrf.HEADER: one.headers[csrf.HEADER]}

    return headers


@pytest.mark.slow
def test_no_endpoint_fails_whatever_is_sent_as_whatever_role(app: FastAPI, store: Store) -> None:
    made = attacked(app)
    schema = schemathesis.openapi.from_dict(app.openapi())
    operations = [found.ok() for found in schema.get_all_operations()]
    # Pages first, and at last what ends accounts or erases: until then everything is there to be reached.
    operations.sort(key=lambda one: (one.method.lower() != "get", not harmless(one.path)))
    roles = {who: signed_in(app, store, who) for who in ROLES}
    person = add_person(store, ["therapist"])
    ids = [ids_of(made, one, person) for one in (made.one, made.other)]
    with browser(app) as client:
        reached = {one.label: attack(client, one, made, ids, roles) for one in operations}
    assert len(reached) > 90
    # The attack would be hollow if nearly everything ended at an id that does not exist, or at a right.
    pages = {label for label in reached if label.startswith("GET ")}
    opened = {label for label in pages if reached[label] & {200, 303}}
    assert len(opened) > 0.8 * len(pages), pages - opened
    refused = {label for label in reached if reached[label] <= {401, 403, 404, 405}}
    assert len(refused) < 0.2 * len(reached), refused


def attack(
    client: TestClient, operation: Any, made: Attacked, ids: list[Ids], roles: Mapping[Any, Headers]
) -> set[int]:
    """Send what Schemathesis generates for one endpoint; the statuses that came back to who may most."""
    by_field = operation.method.lower() == "post" and not operation.body
    names = fields_of(made, operation.path, ids[0]) if by_field else []
    told = st.dictionaries(st.sampled_from(names) | st.text(max_size=5), ANYTHING, max_size=12) if names else st.none()
    statuses: set[int] = set()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), typed=told, places=st.sampled_from([*ids, {}]))
    def sent(case: schemathesis.Case, typed: dict[str, str] | None, places: Ids) -> None:
        case.path_parameters = {name: places.get(name, value) for name, value in case.path_parameters.items()}
        asked = case.as_transport_kwargs(base_url="http://testserver")
        body = {name: asked[name] for name in ("data", "files", "json") if asked.get(name)}
        kind = {name: value for name, value in (asked.get("headers") or {}).items() if name.lower() == "content-type"}
        for who in ROLES if not statuses else ROLES[:1]:
            client.cookies.clear()
            answer = client.request(
                asked["method"], asked["url"], params=asked.get("params"), headers={**roles[who](), **kind},
                **({"data": typed} if typed is not None else body),
            )  # fmt: skip
            assert answer.status_code < 500, (operation.label, who, asked, typed, answer.text)
            if who == MOST:
                statuses.add(answer.status_code)

    sent()
    return statuses
