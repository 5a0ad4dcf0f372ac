"""Patients with a stored answer, browsers of the people of a clinic, and what a page's hidden fields hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from html import unescape
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from nutation.record.kinds import Person
from nutation.record.reading import read_record
from nutation.record.record import Record
from nutation.store import Store, answers, events, ledger, patients
from nutation.store.ledger import Entry
from report.answered_examples import EXAMPLES, answered
from web.made import NOW, add_person, field, sign_in_as

ALL = ("surgeon", "administrator")
"""Roles that together may open every page of these tests."""


def clinic(app: FastAPI, roles: Iterable[str] = ALL, *, shown: str = "Dr R. Halvorsen") -> TestClient:
    """A browser of somebody with these roles."""
    return sign_in_as(app, add_person(app.state.store, roles, shown=shown))


@cache
def _record(example: str) -> Record:
    return read_record(EXAMPLES / example / "events.yaml")


def patient_of(
    store: Store,
    example: str = "classic-degenerative",
    label: str = "Anna Berg",
    numbers: Iterable[tuple[str, str]] = (),
    *,
    with_answer: bool = True,
) -> str:
    """A patient with the events of an example, and with its answer where asked for."""
    record = _record(example)
    born = next((event.happened.from_ for event in record.events if isinstance(event, Person)), None)
    with store.write() as conn:
        one = patients.add(conn, label, by="test", at=NOW, born=born, identifiers=tuple(numbers))
        events.append_events(conn, one, record.events, by="test", at=NOW)
        if with_answer:
            answer_again(store, one, conn, answered(example))
    return one


def answer_again(store: Store, one: str, conn: Any, document: dict[str, Any]) -> None:
    """Keep a document as the answer of what is recorded now."""
    head = events.events_head(conn, one)
    as_of = date.fromisoformat(document["as_of"])
    answers.keep(
        conn, one, events_head=head, as_of=as_of, versions=document["versions"], document=document, made_at=NOW
    )


def entries(store: Store, one: str, *kinds: str) -> list[Entry]:
    with store.read() as conn:
        return ledger.entries(conn, one, kinds)


def bodies(store: Store, one: str, kind: str) -> list[dict[str, Any]]:
    return [entry.body or {} for entry in entries(store, one, kind)]


def hidden(page: str, *names: str) -> dict[str, str]:
    """The hidden fields of those names."""
    return {name: unescape(field(page, name)) for name in names}


def sends(client: TestClient, path: str, told: Mapping[str, Any], *names: str) -> Any:
    """Open the page of the path, fill in what is told beside its hidden fields, and send it."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    return client.post(path, data=hidden(page.text, *names) | dict(told))


def told_wrong(page: str) -> list[str]:
    """What the page's list of mistakes says."""
    found = re.search(r'id="wrong-title">.*?</section>', page, re.S)
    each = re.findall(r"<li>(?:<a[^>]*>)?(.*?)(?:</a>)?(?: To mend it|</li>)", found[0] if found else "", re.S)
    return [unescape(told) for told in each]
