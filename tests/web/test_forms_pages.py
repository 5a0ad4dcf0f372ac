"""The forms' pages over a real database: saved once, beside what others entered, and never a tag of what was typed."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pypdf import PdfReader

from nutation.record.head import Event
from nutation.record.kinds import Examination, Injection, SafetyScreen
from nutation.record.standing import standing
from nutation.store import Store, documents, events, ledger, patients
from nutation.web.forms import FORMS
from web.made import Clock, add_person, field, sign_in_as

AT = datetime(2026, 8, 1, 9, tzinfo=UTC)


class Elements(HTMLParser):
    """The elements of a page as a browser reads them: their names and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def patient(store: Store) -> str:
    with store.write() as conn:
        return patients.add(conn, "Nora Empty", by="importer", at=AT)


@pytest.fixture
def surgeon(app: FastAPI, store: Store) -> TestClient:
    return sign_in_as(app, add_person(store, ["surgeon"], shown="Dr R. Halvorsen"))


def told(store: Store, patient: str) -> list[Event]:
    with store.read() as conn:
        return list(events.record_of(conn, patient).events)


def opened(client: TestClient, address: str) -> dict[str, str]:
    """The hidden fields of a form that a person opened."""
    page = client.get(address)
    assert page.status_code == 200, page.text
    return {name: field(page.text, name) for name in ("token", "head")}


def sends(client: TestClient, address: str, typed: dict[str, Any]) -> Any:
    return client.post(address, data=typed)


INJECTION = {"day": "2026-04-03", "side": "left", "injection.0.guidance": "fluoroscopy", "do": "save"}


def test_every_form_opens_and_nothing_in_it_is_ticked(surgeon: TestClient, patient: str) -> None:
    for form in FORMS:
        page = surgeon.get(f"/patients/{patient}/forms/{form}")
        assert page.status_code == 200
        elements = Elements(page.text)
        assert [a for a in elements.of("input") if "checked" in a] == [], form
        assert [a for a in elements.of("option") if "selected" in a and a.get("value")] == [], form
        assert "style" not in {name for _, attributes in elements.found for name in attributes}
        assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)
        ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
        assert len(set(ids)) == len(ids), form
        named = {part for _, a in elements.found for key in ("aria-labelledby", "aria-describedby", "for")
                 for part in (a.get(key) or "").split()}  # fmt: skip
        assert named <= set(ids), form


def test_an_empty_form_is_told_so_and_keeps_nothing(surgeon: TestClient, store: Store, patient: str) -> None:
    for form in FORMS:
        address = f"/patients/{patient}/forms/{form}"
        page = sends(surgeon, address, {**opened(surgeon, address), "do": "save"})
        assert page.status_code == 422
        assert ("Nothing was entered." if form != "letter" else "The letter is empty.") in page.text
    assert told(store, patient) == []


def test_saving_keeps_the_event_with_its_author_and_leads_to_the_patient(
    surgeon: TestClient, store: Store, patient: str
) -> None:
    address = f"/patients/{patient}/forms/injection?side=left"
    answer = sends(surgeon, address, {**opened(surgeon, address), **INJECTION})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/patients/{patient}?saved=injection")
    (event,) = told(store, patient)
    assert isinstance(event, Injection)
    assert (event.side, event.guidance, event.author) == ("left", "fluoroscopy", "Dr R. Halvorsen")
    assert event.source.system == "nutation clinic"


def test_sending_a_form_twice_adds_nothing(surgeon: TestClient, store: Store, patient: str, clock: Clock) -> None:
    address = f"/patients/{patient}/forms/injection?side=left"
    typed = {**opened(surgeon, address), **INJECTION}
    assert sends(surgeon, address, typed).status_code == 303
    clock.on(minutes=5)
    assert sends(surgeon, address, typed).status_code == 303
    assert len(told(store, patient)) == 1
    with store.read() as conn:
        assert [entry.kind for entry in ledger.entries(conn, patient)].count("events") == 1


def test_a_form_sent_again_with_other_answers_is_not_a_second_happening(
    surgeon: TestClient, store: Store, patient: str
) -> None:
    address = f"/patients/{patient}/forms/injection?side=left"
    typed = {**opened(surgeon, address), **INJECTION}
    sends(surgeon, address, typed)
    page = sends(surgeon, address, {**typed, "injection.0.guidance": "ct", "injection.0.note": "typed on"})
    assert page.status_code == 422
    assert "This form was saved already, with other answers." in page.text
    assert "typed on" in page.text
    assert len(told(store, patient)) == 1


def test_a_mistake_is_at_its_input_and_nothing_typed_is_lost(surgeon: TestClient, store: Store, patient: str) -> None:
    address = f"/patients/{patient}/forms/injection?side=left"
    typed = {**opened(surgeon, address), **INJECTION, "injection.0.volume_ml": "two", "injection.0.note": "Ein Wort"}
    page = sends(surgeon, address, typed)
    assert page.status_code == 422
    assert told(store, patient) == []
    elements = Elements(page.text)
    (volume,) = [a for a in elements.of("input") if a.get("name") == "injection.0.volume_ml"]
    assert (volume["value"], volume["aria-invalid"]) == ("two", "true")
    assert f'href="#{volume["id"]}"' in page.text
    checked = {(a["name"], a["value"]) for a in elements.of("input") if "checked" in a}
    assert checked == {("side", "left"), ("injection.0.guidance", "fluoroscopy")}
    assert "Ein Wort" in page.text
    assert field(page.text, "token") == typed["token"]


def test_what_counts_nowhere_is_looked_at_once_more(surgeon: TestClient, store: Store, patient: str) -> None:
    address = f"/patients/{patient}/forms/injection"
    typed = {**opened(surgeon, address), "injection.0.guidance": "ct", "do": "save"}
    page = sends(surgeon, address, typed)
    assert page.status_code == 422
    assert "No side is given" in page.text
    assert "No date is given" in page.text
    assert told(store, patient) == []
    assert sends(surgeon, address, {**typed, "do": "anyway"}).status_code == 303
    assert told(store, patient)[0].side == "unknown"


def test_two_who_write_at_once_keep_both_and_see_each_other(
    app: FastAPI, surgeon: TestClient, store: Store, patient: str
) -> None:
    other = sign_in_as(app, add_person(store, ["therapist"], shown="K. Dube"))
    mine, theirs = (f"/patients/{patient}/forms/{name}" for name in ("injection", "examination"))
    typed = {**opened(surgeon, mine), **INJECTION, "injection.0.note": "not lost"}
    battery = {"day": "2026-09-01", "examination.left.faber": "negative", "do": "save"}
    assert sends(other, theirs, {**opened(other, theirs), **battery}).status_code == 303
    page = sends(surgeon, mine, typed)
    assert page.status_code == 409
    assert "K. Dube" in page.text
    assert "examination of 1 Sep 2026, left" in page.text
    assert "not lost" in page.text
    assert [type(event) for event in told(store, patient)] == [Examination]
    again = {**typed, "head": field(page.text, "head"), "token": field(page.text, "token")}
    assert sends(surgeon, mine, again).status_code == 303
    assert [type(event) for event in told(store, patient)] == [Examination, Injection]


def test_a_page_that_names_no_head_sees_what_is_there_first(surgeon: TestClient, store: Store, patient: str) -> None:
    page = sends(surgeon, f"/patients/{patient}/forms/injection", {**INJECTION, "token": "not a token", "head": ""})
    assert page.status_code == 409
    assert re.fullmatch(r"[0-9a-f]{32}", field(page.text, "token"))
    assert told(store, patient) == []


# -- corrections -------------------------------------------------------------------------------------


@pytest.fixture
def injection(surgeon: TestClient, store: Store, patient: str) -> Event:
    address = f"/patients/{patient}/forms/injection"
    sends(surgeon, address, {**opened(surgeon, address), **INJECTION})
    (event,) = told(store, patient)
    return event


def test_a_form_opened_on_an_event_shows_it_and_supersedes_it(
    surgeon: TestClient, store: Store, patient: str, injection: Event
) -> None:
    address = f"/patients/{patient}/forms/injection?event={injection.id}"
    page = surgeon.get(address)
    chosen = {(a["name"], a["value"]) for a in Elements(page.text).of("input") if "checked" in a}
    assert chosen == {("side", "left"), ("injection.0.guidance", "fluoroscopy")}
    assert "Injection of 3 Apr 2026, left, recorded on 1 Sep 2026 by Dr R. Halvorsen." in page.text
    typed = {**opened(surgeon, address), **INJECTION, "injection.0.guidance": "ct"}
    assert sends(surgeon, address, typed).status_code == 303
    assert sends(surgeon, address, typed).status_code == 303, "sent twice, it adds nothing"
    before, after = told(store, patient)
    assert after.supersedes == (before.id,)
    assert standing([before, after]) == (after,)


def test_an_entry_is_withdrawn_with_a_reason(surgeon: TestClient, store: Store, patient: str, injection: Event) -> None:
    address = f"/patients/{patient}/forms/injection?event={injection.id}"
    hidden = opened(surgeon, address)
    page = sends(surgeon, address, {**hidden, "do": "withdraw", "reason": " "})
    assert page.status_code == 422
    assert "No reason is given." in page.text
    assert sends(surgeon, address, {**hidden, "do": "withdraw", "reason": "Another patient."}).status_code == 303
    assert standing(told(store, patient)) == ()


def test_a_correction_of_what_was_corrected_meanwhile_keeps_what_was_typed_and_replaces_both(
    surgeon: TestClient, store: Store, patient: str, injection: Event
) -> None:
    address = f"/patients/{patient}/forms/injection?event={injection.id}"
    one, two = opened(surgeon, address), opened(surgeon, address)
    assert sends(surgeon, address, {**one, **INJECTION, "injection.0.guidance": "ct"}).status_code == 303
    page = sends(surgeon, address, {**two, **INJECTION, "injection.0.guidance": "ultrasound"})
    assert page.status_code == 409
    typed = {**two, **INJECTION, "injection.0.guidance": "ultrasound", "head": field(page.text, "head")}
    assert sends(surgeon, address, typed).status_code == 303
    (last,) = standing(told(store, patient))
    assert isinstance(last, Injection)
    assert last.guidance == "ultrasound"


def test_an_entry_that_no_longer_stands_cannot_be_opened(
    surgeon: TestClient, store: Store, patient: str, injection: Event
) -> None:
    address = f"/patients/{patient}/forms/injection?event={injection.id}"
    sends(surgeon, address, {**opened(surgeon, address), "do": "withdraw", "reason": "Wrong."})
    page = surgeon.get(address)
    assert page.status_code in (400, 409, 422)
    assert "corrected or withdrawn already" in page.text
    assert surgeon.get(f"/patients/{patient}/forms/injection?event=nothing").status_code in (400, 404, 422)


def test_another_forms_event_leads_to_its_own_form(surgeon: TestClient, patient: str, injection: Event) -> None:
    answer = surgeon.get(f"/patients/{patient}/forms/history?event={injection.id}")
    assert (answer.status_code, answer.headers["location"]) == (
        303, f"/patients/{patient}/forms/injection?event={injection.id}",
    )  # fmt: skip


# -- what else a form keeps --------------------------------------------------------------------------


def test_a_letter_is_kept_on_pages_to_which_findings_are_pinned(
    surgeon: TestClient, store: Store, patient: str
) -> None:
    address, text = f"/patients/{patient}/forms/letter", "Dear Dr Iyer,\n<b>no</b> relief #[of] $pain$\n\nBest"
    typed = {
        **opened(surgeon, address), "day": "2026-08", "letter.title": "Answer", "letter.correspondent": "Dr Iyer",
        "letter.text": text,
    }  # fmt: skip
    place = sends(surgeon, address, typed)
    assert place.status_code == 303
    assert sends(surgeon, address, typed).status_code == 303, "sent twice, it adds nothing"
    with store.read() as conn:
        (entry,) = ledger.entries(conn, patient, ("document",))
        assert entry.body is not None
        kept = documents.get(conn, patient, entry.body["text_sha256"])
    assert (entry.body["title"], entry.body["type"], entry.body["dated"]) == ("Answer (Dr Iyer)", "letter", "2026-08")
    assert kept.content == text.encode()
    content = surgeon.get(f"{place.headers['location']}/content")
    assert content.headers["content-type"] == "application/pdf"
    (page,) = PdfReader(io.BytesIO(content.content)).pages
    for line in (
        "Nora Empty",
        "Answer",
        "Dr Iyer",
        "Aug 2026",
        "Dear Dr Iyer,",
        "<b>no</b> relief #[of] $pain$",
        "Best",
        "Entered by",
    ):
        assert line in page.extract_text()
    screen = f"/patients/{patient}/forms/safety_screen"
    told_ = {**opened(surgeon, screen), "day": "2026-08-01", "screen.0.fever": "denied"}
    assert sends(surgeon, screen, told_).status_code == 303
    pinned = {"events": told(store, patient)[0].id, "page": "1"}
    assert sends(surgeon, f"{place.headers['location']}/pins", pinned).status_code == 303
    with store.read() as conn:
        assert len(ledger.entries(conn, patient, ("pin",))) == 1


def test_a_saddle_numbness_stops_the_provocation_at_once(surgeon: TestClient, store: Store, patient: str) -> None:
    """The examination's form reads the gate from the events where no answer has been made since."""
    screen, exam = (f"/patients/{patient}/forms/{name}" for name in ("safety_screen", "examination"))
    assert "provocation tests" not in surgeon.get(exam).text.partition("</section>")[0]
    typed = {**opened(surgeon, screen), "day": "2026-09-01", "screen.0.saddle_numbness": "reported"}
    assert sends(surgeon, screen, typed).status_code == 303
    assert isinstance(told(store, patient)[0], SafetyScreen)
    assert "Not offered now: " in surgeon.get(exam).text
    assert "Compression of the cauda equina" in surgeon.get(exam).text


# -- who may, and what is not there ------------------------------------------------------------------


def test_only_who_holds_the_right_opens_and_sends_a_form(app: FastAPI, store: Store, patient: str) -> None:
    coordinator = sign_in_as(app, add_person(store, ["coordinator"]))
    researcher = sign_in_as(app, add_person(store, ["researcher"]))
    for form in ("safety_screen", "gate_resolution", "attestation"):
        address = f"/patients/{patient}/forms/{form}"
        assert coordinator.get(address).status_code == 403
        assert sends(coordinator, address, {"day": "2026-09-01"}).status_code == 403
    assert coordinator.get(f"/patients/{patient}/forms/injection").status_code == 200
    assert researcher.get(f"/patients/{patient}/forms/injection").status_code == 403
    assert told(store, patient) == []


def test_no_such_form_or_patient(surgeon: TestClient, patient: str) -> None:
    assert surgeon.get(f"/patients/{patient}/forms/nothing").status_code == 404
    assert surgeon.get(f"/patients/{'0' * 32}/forms/injection").status_code in (400, 404, 422)


def test_a_step_may_name_a_form_by_what_it_asks(surgeon: TestClient, patient: str) -> None:
    assert "History and pain map" in surgeon.get(f"/patients/{patient}/forms/pain_pattern").text


# -- attack ------------------------------------------------------------------------------------------

_ATTACK = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{7*7}}"


def test_what_is_typed_is_never_a_tag(surgeon: TestClient, patient: str) -> None:
    """Every input of every form, filled with a script, comes back as text; also where it is refused."""
    for form in FORMS:
        address = f"/patients/{patient}/forms/{form}"
        clean = Elements(surgeon.get(address).text)
        fields = [*clean.of("input"), *clean.of("textarea"), *clean.of("select")]
        names = {a["name"] for a in fields if a.get("name") and a["name"] not in ("csrf", "token", "head")}
        answer = surgeon.post(address, data={name: _ATTACK for name in names if name} | {"do": "save", "head": _ATTACK})
        assert answer.status_code in (303, 409, 422), form
        dirty = Elements(answer.text)
        assert len(dirty.of("script")) in (0, len(clean.of("script"))), form
        assert dirty.of("img") == [], form
        assert all("onerror" not in attributes for _, attributes in dirty.found), form
        assert "49" not in {a.get("value") for a in dirty.of("input")}, form


def test_what_was_kept_is_never_a_tag(surgeon: TestClient, store: Store, patient: str) -> None:
    """Text that came into the record is shown as text when it is corrected or met in a conflict."""
    address = f"/patients/{patient}/forms/medication"
    attack = {"medicine.0.drug": _ATTACK, "medicine.0.note": _ATTACK, "medicine.0.from": "2026"}
    before = opened(surgeon, address)
    assert sends(surgeon, address, {**opened(surgeon, address), **attack}).status_code == 303
    (event,) = told(store, patient)
    conflict = sends(surgeon, address, {**before, **attack, "token": "c" * 32})
    assert conflict.status_code == 409
    for page in (surgeon.get(f"{address}?event={event.id}"), conflict):
        assert "<script>alert" not in page.text
        assert Elements(page.text).of("img") == []
    assert surgeon.get(f"{address}?event={_ATTACK}&side={_ATTACK}").status_code in (400, 404, 422)
