"""Scripts typed into every field of every form: kept as text, shown as text, on every page that shows them."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from nutation.store import Store
from nutation.store.schema import entry
from nutation.web import csrf
from nutation.web.entering import field_id
from nutation.web.guard import guarded
from nutation.web.settings import Settings
from web.attacked import PAYLOADS, Attacked, add_plan, attacked, crawled, harmless, pattern_of, typist
from web.made import PASSWORD, Clock, add_person, made_app, sign_in_as
from web.page_forms import Page, PageForm
from web.papers_made import pdf_of, picture_of

OURS = re.compile(r"/(?!/)|#|\?|https://|\Z")
"""What an address in a page may begin with: a place of ours, or a source that is cited."""

KNOWN = {
    "signed": "Dr R. Halvorsen", "wanted": "", "password": PASSWORD, "person.0.happened": "1972-04-11", "page": "1",
    "read": "yes", "expires_on": "2027-08-01",
}  # fmt: skip
"""What has to be right before a form is taken."""

_ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "srcset", "xlink:href"}
_REORDERS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_NEVER = {"iframe", "object", "embed", "base", "style", "frame", "applet", "animate", "set", "foreignobject", "x"}


def checked(page: Page, place: str) -> None:
    """Nothing of what was typed became an element, an attribute, an address, a computed value or another order."""
    for tag, told in page.elements:
        assert tag not in _NEVER, (place, tag, told)
        assert "http-equiv" not in told, (place, told)
        for name, value in told.items():
            assert not name.startswith("on"), (place, tag, told)
            assert name not in ("style", "srcdoc"), (place, tag, told)
            if name in _ADDRESSES:
                assert OURS.match(value), (place, tag, told)
        if tag == "script":
            assert told.get("src", "").startswith("/static/built/"), (place, told)
        if tag == "link":
            assert told["href"].startswith("/static/"), (place, told)
    for inside, words in page.texts:
        assert inside != "script", (place, words)
        assert str(71977 * 83137) not in words, (place, words)
        assert not _REORDERS.search(words), (place, words)


def attack(made: Attacked, begin: list[str], taken: dict[str, bool], seen: set[str]) -> None:
    """Look at every page, and attack its forms: once with payloads in every field, then filled in so that it is taken.

    ``taken`` holds of each kind of form whether it was taken at last: those are left alone. ``seen`` gets every page.
    """
    for place, answer, page in list(crawled(made.client, begin)):
        assert answer.status_code < 500, place
        seen.add(pattern_of(place))
        if page is None:
            continue
        checked(page, place)
        for form in page.forms:
            kind = pattern_of(form.action)
            mine = form.action.startswith(f"/people/{made.me}")  # without a role the attack would be over
            if form.method == "post" and harmless(form.action) and not taken.get(kind) and not mine:
                everywhere = form.filled(typist(len(taken)), everywhere=True)
                taken[kind] = _sent(made.client, form, everywhere, once=True)
                taken[kind] |= _opened_and_sent(made.client, place, form)


def _opened_and_sent(client: TestClient, place: str, form: PageForm) -> bool:
    """Fill in the form so that it can be taken, and send it; whether it was.

    Where it was not, open the page anew: others may have been sent since. Then choose the last of every choice.
    """
    kind = pattern_of(form.action)
    for opened, last in ((False, False), (True, False), (True, True)):
        if opened:
            forms = Page(client.get(place).text).forms
            form = next((one for one in forms if pattern_of(one.action) == kind), form)
        told = form.filled(typist(len(kind), printable=last), last=last)
        if _sent(client, form, told | {name: [KNOWN[name]] for name in told if name in KNOWN}):
            return True
    return False


def _sent(client: TestClient, form: PageForm, told: dict[str, list[str]], *, once: bool = False) -> bool:
    """Send a form, and again without what is wrong in it, or with what it asks; whether it was taken.

    What comes back is checked.
    """
    told = {**told, **{name: [value] for name, value in form.buttons[:1]}}
    files = _files(form) if form.files else None
    for _ in range(1 if once else 4):
        data = {name: values[0] if len(values) == 1 else values for name, values in told.items() if values}
        answer = client.post(form.action, data=data, files=files)
        assert answer.status_code < 500, (form.action, answer.text[:300])
        if answer.status_code == 303:
            answer = client.get(answer.headers["location"])
        if not answer.headers.get("content-type", "").startswith("text/html"):
            break
        page = Page(answer.text)
        checked(page, f"after POST {form.action}")
        wrong = set(re.findall(r'id="(f-[a-z0-9-]+?)-wrong', answer.text))
        better = {name: [] if field_id(name) in wrong else values for name, values in told.items()}
        if asked := re.findall(r'name="do" value="(anyway|take)"', answer.text):
            again = next(one for one in page.forms if one.action == form.action)
            better = {**again.filled(typist(0)), **better, "do": asked[:1]}
        if better == told or not (asked or answer.status_code == 422):
            break
        told = better
    return answer.status_code in (200, 303)


def _files(form: PageForm) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Files with a name that would run; the record in one of them tells nothing but payloads."""
    name, kind = f"{PAYLOADS[1]}{PAYLOADS[0]}", pattern_of(form.action)
    if form.action.endswith("/documents"):
        made = [(f"{name}.pdf", pdf_of(kind)), (f"{name}.png", picture_of(size=(30, 40)))]
    elif form.action.endswith("/import"):
        text = " ".join(PAYLOADS[:3]).replace('"', "")
        scores = (
            f'  - {{kind: pain_score, happened: 2026-08-0{n}, side: left, nrs: {n}, note: "{text}", '
            f'author: "{text}", encounter: "{text}"}}\n'
            for n in (1, 2)
        )
        told = f'patient: "{text} {kind}"\nlabel: "{text}"\nevents:\n' + "".join(scores)
        made = [(f"{name}.yaml", told.encode())]
    else:
        made = [(f"{name}.nii", b"volume")]
    return [(form.files[0], (one, content, "text/html")) for one, content in made]


def _missing(made: Attacked, method: str, found: set[str]) -> set[str]:
    """Routes that no address of those found is of."""

    def of(path: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{[^}]*\\}", r"[^?]+", re.escape(path)) + r"(\?.*)?")

    return {
        one.path for one in guarded(made.app)
        if one.method == method and not any(of(one.path).fullmatch(address) for address in found)
    }  # fmt: skip


SENT_ELSEWHERE = {
    # They sign out, end accounts or erase.
    "/sign-out", "/account/other-sessions", "/account/password", "/people/{person}/disable",
    "/people/{person}/reset-second-factor", "/patients/{patient}/erase",
    # Before sign-in, or without a free text that is kept.
    "/sign-in", "/sign-in/code", "/welcome/{token}", "/account/recovery-codes", "/people/{person}/enable",
    "/patients/{patient}/documents/{document}/unpin", "/patients/{patient}/split",
    # Of a plan with implants and images: what they take is read strictly (tests/planning, test_plan_images).
    "/patients/{patient}/plans", "/patients/{patient}/plans/{plan}/check", "/patients/{patient}/plans/{plan}/move",
    "/patients/{patient}/plans/{plan}/open", "/patients/{patient}/plans/{plan}/state",
}  # fmt: skip
NOT_LINKED = {
    "/answers/moment", "/enter/{token}", "/patients/{patient}/plans/{plan}/viewer/{name}", "/patients/{patient}/split",
    "/sign-in", "/sign-in/code", "/sign-in/provider", "/sign-in/provider/back", "/welcome/{token}",
}  # fmt: skip
NOT_TAKEN = {
    "/patients/*/requests/*/peer-to-peer/sign", "/patients/*/merge", "/patients/*/forms/history?event",
    "/sign-in/enrol",
}  # fmt: skip
"""Forms that ask for more than a crawler knows: a signed paper, another's number, a change, a code."""


@pytest.mark.slow
def test_no_script_that_was_typed_becomes_one_and_no_log_tells_of_anybody(
    store: Store, settings: Settings, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "images").mkdir()
    app = made_app(store, settings.model_copy(update={"images": tmp_path / "images"}), clock)
    made = attacked(app)
    for ids in (made.one, made.other):
        add_plan(store, ids["patient"], " ".join(PAYLOADS))
    base = f"/patients/{made.one['patient']}"
    other = add_person(store, ["therapist"])
    begin = [
        f"{base}/requests/{made.one['request_id']}/submission", base, "/worklist", "/people", "/account",
        f"/people/{other}", "/request-days", f"/research/patients/{made.one['patient']}",
    ]  # fmt: skip
    taken: dict[str, bool] = {}
    seen = set[str]()
    with made.client:
        for _ in range(2):  # some forms are there only once others were sent
            attack(made, begin, taken, seen)
            made.answer()
    researcher = sign_in_as(app, add_person(store, ["researcher"]))
    for place, answer, page in crawled(researcher, ["/research/worklist", f"/research{base}"]):
        seen.add(pattern_of(place))
        if place == "/":  # the sign at the head of each page: it leads to the researcher's own worklist
            assert (answer.status_code, answer.headers["location"]) == (303, "/research/worklist")
            continue
        assert answer.status_code == 200, place
        assert page is not None, place
        checked(page, place)
    assert {kind for kind, fine in taken.items() if not fine} <= NOT_TAKEN
    assert _missing(made, "POST", set(taken)) <= SENT_ELSEWHERE
    assert _missing(made, "GET", seen) <= NOT_LINKED
    with store.read() as conn:
        rows = conn.execute(select(entry.c.kind, entry.c.body)).all()
    kept = {one.kind for one in rows if "a()" in json.dumps(one.body)}
    assert kept >= {
        "events", "patient", "identifier", "document", "request", "submission", "judgement", "override", "conference",
        "snapshot", "import", "plan",
    }  # fmt: skip
    _tells_of_nobody(made, caplog)


def _tells_of_nobody(made: Attacked, caplog: pytest.LogCaptureFixture) -> None:
    """The log of the whole session: one line a request, and no name, number, id, token or typed text in any."""
    log = [f"{record.name} {record.getMessage()}" for record in caplog.records if record.name != "httpx"]
    assert sum(" POST /patients/{patient}/forms/{form} 303 " in line for line in log) > 10
    text = "\n".join(log)
    ids = (*made.one.values(), *made.other.values(), made.me)
    secret = ("Berg", "Lund", "Halvorsen", "MRN-", "a()", "made up", "made-up", *ids)
    for word in (*secret, made.client.cookies["nutation"], made.client.headers[csrf.HEADER]):
        assert word not in text, [line for line in log if word in line][:3]
