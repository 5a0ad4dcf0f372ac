"""A clinic in which there is one of everything, what is typed into it by somebody who means harm, and a crawler.

The crawler follows every link as a browser does, and hands over each page with its forms.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from fastapi import FastAPI
from fastapi.testclient import TestClient

from databases import fresh_sqlite
from nutation.store import Draft, Store, documents, ledger
from nutation.web.answering import answer_all
from web.entries_made import patient_of
from web.made import NOW, PASSWORD, add_person, made_app, settings_for, sign_in_as
from web.page_forms import Input, Page
from web.papers_made import pdf_of

EVERYBODY = ("surgeon", "coordinator", "therapist", "administrator")
"""Roles that together may open every page with names."""

ORIGIN = "http://testserver"

PAYLOADS = (
    "<script>a()</script>",
    '"><img src=x onerror=a()>',
    "' onfocus=a() autofocus '",
    '" onclick="a()" style="x:a"',
    "</textarea></title></style><script>a()</script>",
    "javascript:a()//data:text/html,x",
    "<svg/onload=a()><animate onbegin=a()>",
    "<a href=javascript:a()>x</a>",
    "<iframe srcdoc='&lt;script&gt;a()'></iframe>",
    "<base href=//evil.example/><meta http-equiv=refresh>",
    "&lt;script&gt;a()&#60;/script&#x3e;",
    "{{ 71977*83137 }}${71977*83137}<%= 71977*83137 %>#{71977*83137}",
    "--><!--<![CDATA[<x/onclick=a()>]]>",
    "\u202e\u2066a\\u003cscript\\u003e\\x3cscript\\x3e",
)
"""Each would do something, put where text becomes markup, an attribute, an address or a template."""

NAME = re.compile(r"\{([^}]+)\}")
"""A parameter of a path."""
USUAL = {"side": "left", "form": "injection", "paper": "submission", "move": "withdraw", "function": "planning"}
"""What a parameter may be that is no id."""

LINE = 190
"""What a name, a title or a number may have, in characters."""
TEXT = 900


def typist(first: int, *, printable: bool = False) -> Callable[[Input], str]:
    """Types as many payloads as the field takes, beginning with the one at ``first``: each field gets other ones."""
    number, payloads = first, [one for one in PAYLOADS if one.isprintable() or not printable]

    def typed(one: Input) -> str:
        nonlocal number
        number += 3
        most = one.most or (TEXT if one.kind == "textarea" else 78 if one.name in ("name", "number") else LINE)
        told, at = "", number
        while len(told) + len(nxt := payloads[at % len(payloads)]) < most and at < number + len(payloads):
            told, at = f"{told} {nxt}".strip(), at + 1
        return told or "x"

    return typed


@contextmanager
def attacked_in(folder: Path, template: Path) -> Iterator[Attacked]:
    """The same over a database of its own, for tests that leave it as it is."""
    with fresh_sqlite(folder, template) as url:
        store = Store.open(url)
        yield attacked(made_app(store, settings_for(url)))
        store.close()


@dataclass
class Attacked:
    """The app, a browser that may do everything, and the ids of what there is of two patients."""

    app: FastAPI
    store: Store
    client: TestClient
    me: str
    one: dict[str, str] = field(default_factory=dict[str, str])
    other: dict[str, str] = field(default_factory=dict[str, str])

    def answer(self) -> None:
        answer_all(self.store, lambda: NOW)


def attacked(app: FastAPI) -> Attacked:
    """Two patients, each with a document, a request, a conference, a report of harm, a plan and a comparison."""
    store: Store = app.state.store
    me = add_person(store, EVERYBODY, shown="Dr R. Halvorsen", password=PASSWORD)
    client = sign_in_as(app, me)
    made = Attacked(app, store, client, me)
    made.one = _filled(made, patient_of(store, "classic-degenerative", "Anna Berg", [("clinic", "MRN-1")]))
    made.other = _filled(made, patient_of(store, "bilateral", "Bea Lund", [("clinic", "MRN-2")]))
    made.answer()
    return made


def _filled(made: Attacked, patient: str) -> dict[str, str]:
    base, client = f"/patients/{patient}", made.client
    sent = client.post(
        f"{base}/documents", data={"type": "referral", "dated": "2026-08-01", "title": f"Referral {patient[:4]}"},
        files=[("files", ("referral.pdf", pdf_of(f"Of {patient}"), "application/pdf"))],
    )  # fmt: skip
    document = _last(sent, rf"{base}/documents/([0-9a-f]+)")
    choice = Page(client.get(f"{base}/requests").text)
    begun = next(form for form in choice.forms if form.action == f"{base}/requests")
    request = _last(client.post(f"{base}/requests", data=begun.filled(lambda one: "x")), rf"{base}/requests/(\w+)")
    for page in ("conference", "harm"):
        form = next(form for form in Page(client.get(f"{base}/{page}").text).forms if form.action == f"{base}/{page}")
        told = form.filled(lambda one: "made up")
        sent = client.post(f"{base}/{page}", data=told)
        if sent.status_code == 422:
            sent = client.post(f"{base}/{page}", data={**told, "do": "anyway"})
        assert sent.status_code == 303, sent.text
    plan, comparison = add_plan(made.store, patient, "Made Up")
    with made.store.read() as conn:
        kinds = {entry.kind: entry.body or {} for entry in ledger.entries(conn, patient)}
    return {
        "patient": patient, "document": document, "request_id": request, "plan": plan, "comparison": comparison,
        "conference": kinds["conference"]["id"],
        "report": next(body["id"] for kind, body in kinds.items() if "harm" in kind or kind == "snapshot"),
    }  # fmt: skip


def filled(path: str, ids: Mapping[str, str]) -> str:
    """A path of a route with ids for its parameters, and usual words where it asks for none."""
    return NAME.sub(lambda found: {**USUAL, **ids}.get(found[1].partition(":")[0], "plan.json"), path)


def _last(answer: Any, pattern: str) -> str:
    assert answer.status_code == 303, answer.text
    found = re.match(pattern, answer.headers["location"])
    assert found is not None, answer.headers["location"]
    return found[1]


FRAME = {"origin_mm": [0, 0, 0], "axes": {"left": [1, 0, 0], "posterior": [0, 1, 0], "cranial": [0, 0, 1]}}


def add_plan(store: Store, patient: str, text: str) -> tuple[str, str]:
    """A plan and a comparison as the worker keeps them, with ``text`` wherever an image or a person named something."""
    plan, comparison = f"{patient[:16]}{'a' * 16}", f"{patient[:16]}{'b' * 16}"
    told = {
        "patient": {"name": text, "id": text}, "image": {"date": text}, "pelvic_frame": FRAME,
        "implants": [], "error": text, "warnings": [text], "as_of": "2026-09-01",
    }  # fmt: skip
    body = {
        "id": plan, "side": "left", "of": "", "options": {}, "edit": {"implant": 1, "shift": text, "tilt": text},
        "verdict": "planned", "reason": text, "approach": "lateral", "orientation": "dicom", "levels": ["S1"],
        "stated": {"plan": plan, "side": "left", "levels": "S1", "by": text, "on": ""}, "sheet_missing": [text],
    }  # fmt: skip
    with store.write() as conn:
        sha = documents.put(conn, patient, json.dumps(told).encode(), "application/json")
        page = documents.put(conn, patient, b"<script>attack()</script>", "text/html")
        drafts = [
            Draft("plan", {**body, "files": {"plan.json": sha, "report.html": page}}),
            Draft("stability", {"id": comparison, "plan": plan, "side": "left", "files": {"stability.html": page}}),
        ]
        ledger.append(conn, patient, drafts, by="program", at=NOW)
    return plan, comparison


# ── crawling ─────────────────────────────────────────────────────────────────────────────────────────

_ID = re.compile(r"[0-9a-f]{32,64}|\d{4}-\d\d-\d\d|[A-Za-z0-9_-]{43}")
_ENDS_IT = re.compile(
    r"/sign-out|/other-sessions|/erase$|/disable$|/reset-second-factor$|/moves/withdraw$|/account/password$"
)
"""Forms after which nobody is signed in any more, or nothing is left to look at."""


def pattern_of(address: str) -> str:
    """The address without ids and values: pages of one pattern are of one kind."""
    parts = urlsplit(address)
    names = sorted({pair.partition("=")[0] for pair in parts.query.split("&") if pair})
    return _ID.sub("*", parts.path) + ("?" + "&".join(names) if names else "")


def crawled(client: TestClient, begin: Iterable[str], *, alike: int = 1) -> Iterator[tuple[str, Any, Page | None]]:
    """Every page that links lead to from where it begins, at most ``alike`` of each kind; None for what is no page."""
    waiting, seen = deque(begin), Counter[str]()
    known = set(waiting)
    while waiting:
        address = waiting.popleft()
        answer = client.get(address)
        if answer.status_code == 303 and answer.headers["location"] not in known:
            known.add(answer.headers["location"])
            waiting.append(answer.headers["location"])
        if not answer.headers.get("content-type", "").startswith("text/html"):
            yield address, answer, None
            continue
        page = Page(answer.text)
        yield address, answer, page
        for _, told in page.elements:
            href = told.get("href", "").partition("#")[0]
            leads = urljoin(ORIGIN + address, href)
            if not href or not leads.startswith(ORIGIN + "/") or leads.startswith(ORIGIN + "/static/"):
                continue
            place = leads.removeprefix(ORIGIN)
            if place not in known and seen[pattern_of(place)] < alike:
                known.add(place)
                seen[pattern_of(place)] += 1
                waiting.append(place)


def harmless(action: str) -> bool:
    """Whether the crawl can go on after the form was sent."""
    return _ENDS_IT.search(action) is None
