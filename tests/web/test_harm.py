"""“This answer was wrong or harmful”: the whole case is kept with a report, reviewed, and taken out without names."""

from __future__ import annotations

import hashlib
import json
import re

from fastapi import FastAPI

from nutation.store import Store, accesses, answers, chain, ledger, patients
from report.answered_examples import answered
from web.entries_made import answer_again, bodies, clinic, hidden, patient_of, sends, told_wrong
from web.made import NOW, Clock

HIDDEN = ("token", "answer", "page")
TOLD = {
    "part": "source", "side": "left", "what": "Anna Berg's second block was of the right side.",
    "noticed": "By Dr Halvorsen, in the letter of MRN-17.", "harm": "near_miss",
}  # fmt: skip


def test_a_report_keeps_the_whole_case_to_the_byte(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    client, path = clinic(app), f"/patients/{one}/harm"
    with store.read() as conn:
        answer, head = answers.latest(conn, one), ledger.head(conn, one)
    assert answer is not None
    page = client.get(f"{path}?page=joint")
    done = client.post(path, data=hidden(page.text, *HIDDEN) | TOLD)
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=1")
    (body,) = bodies(store, one, "snapshot")
    assert {name: body[name] for name in TOLD} == TOLD
    assert (body["page"], body["state"], body["head"]) == ("joint", "open", head)
    assert body["answer"] == answer.key
    assert (body["events_head"], body["versions"]) == (answer.events_head, answer.versions)
    with store.read() as conn:
        kept = answers.stored(conn, one, body["answer"])
    assert kept is not None
    assert kept.cited
    assert hashlib.sha256(chain.canonical(kept.document)).hexdigest() == body["document_sha256"]
    assert "a reviewer looks at it" in client.get(f"{path}?done=1").text


def test_the_answer_on_the_page_is_kept_although_a_newer_is_there(app: FastAPI, store: Store, clock: Clock) -> None:
    one = patient_of(store)
    client, path = clinic(app), f"/patients/{one}/harm"
    page = client.get(path).text
    with store.read() as conn:
        seen = answers.latest(conn, one)
    assert seen is not None
    with store.write() as conn:
        patients.rename(conn, one, "Anna Lund", None, by="test", at=NOW, expected_head=None)
        clock.on(minutes=5)
        answer_again(store, one, conn, answered("classic-degenerative"))
    assert client.post(path, data=hidden(page, *HIDDEN) | TOLD).status_code == 303  # no conflict keeps a report out
    assert bodies(store, one, "snapshot")[0]["answer"] == seen.key


def test_without_an_answer_and_sent_twice(app: FastAPI, store: Store) -> None:
    one = patient_of(store, with_answer=False)
    client, path = clinic(app, ["therapist"]), f"/patients/{one}/harm"
    page = client.get(path).text
    for _ in range(2):
        assert client.post(path, data=hidden(page, *HIDDEN) | TOLD).status_code == 303
    (body,) = bodies(store, one, "snapshot")
    assert body["answer"] is None


def test_what_is_missing_is_told_and_nothing_is_lost(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    client, path = clinic(app), f"/patients/{one}/harm"
    answer = sends(client, path, {"what": "It was the hip.", "harm": "?"}, *HIDDEN)
    assert answer.status_code == 422
    assert told_wrong(answer.text) == [
        "The part that was wrong is missing.", "How it was noticed is missing.",
        "What came of it: this is none of the answers.",
    ]  # fmt: skip
    assert "It was the hip." in answer.text
    forged = client.post(path, data=TOLD | {"answer": "../..", "page": "<script>", "token": "x"})
    assert forged.status_code == 303
    (body,) = bodies(store, one, "snapshot")
    assert (body["page"], body["answer"] is not None) == ("patient", True)


def test_reviewed_with_words_and_the_open_ones_come_first(app: FastAPI, store: Store, clock: Clock) -> None:
    one, other = patient_of(store), patient_of(store, label="Karl Kern", with_answer=False)
    client = clinic(app)
    sends(client, f"/patients/{one}/harm", TOLD, *HIDDEN)
    clock.on(minutes=1)
    sends(client, f"/patients/{other}/harm", TOLD | {"what": "Another."}, *HIDDEN)
    second = bodies(store, other, "snapshot")[0]["id"]
    page = client.get(f"/harm/{second}").text
    assert "No answer was stored when this was reported." in page
    bare = client.post(f"/harm/{second}", data={})
    assert told_wrong(bare.text) == ["The state is missing.", "What was found is missing."]
    told = {"state": "reviewed", "words": "A wrong side in the letter; the form asks for it now."}
    for _ in range(2):  # sent twice it is one review
        assert client.post(f"/harm/{second}", data=told).status_code == 303
    assert [body.get("state") for body in bodies(store, other, "snapshot")] == ["open", "reviewed"]
    listed = client.get("/harm").text
    assert listed.index("Anna Berg") < listed.index("Karl Kern")  # the open one first, though it is older
    assert "the form asks for it now" in client.get(f"/patients/{other}/harm").text
    client.post(f"/harm/{second}", data={"state": "open", "words": "Not so."})
    assert client.get("/harm").text.index("Karl Kern") < client.get("/harm").text.index("Anna Berg")
    assert client.get(f"/harm/{'0' * 32}").status_code == 404
    assert client.post(f"/harm/{'0' * 32}", data=told).status_code == 404


def test_taken_out_as_a_file_without_name_and_numbers(app: FastAPI, store: Store) -> None:
    one = patient_of(store, numbers=[("clinic", "MRN-17")])
    client = clinic(app)
    sends(client, f"/patients/{one}/harm", TOLD, *HIDDEN)
    name = bodies(store, one, "snapshot")[0]["id"]
    client.post(f"/harm/{name}", data={"state": "reviewed", "words": "Berg knows of it."})
    answer = client.get(f"/harm/{name}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="harm-report-{name[:8]}.json"'
    told = json.loads(answer.content)
    assert told["format"] == "nutation harm report 1"
    assert (told["state"], told["harm"], told["reported_by"]) == ("reviewed", "near_miss", "Dr R. Halvorsen")
    assert told["what"] == "[not shown]'s second block was of the right side."
    assert told["answer_document"]["joints"]
    for hidden_text in ("Anna", "Berg", "MRN-17", one):
        assert not re.search(rf"\b{hidden_text}\b", answer.text), hidden_text
    assert [each["hash"] for each in told["entries_at_that_time"]][-1] == told["head"]
    with store.read() as conn:
        assert any("taken out" in access.what for access in accesses.of_patient(conn, one))


def test_reports_of_an_erased_patient_are_gone(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    client = clinic(app)
    sends(client, f"/patients/{one}/harm", TOLD, *HIDDEN)
    with store.write() as conn:
        patients.erase(conn, one, by="test", at=NOW, basis="law")
    page = client.get("/harm").text
    assert "Nothing was reported." in page


def test_script_in_every_field_stays_text(app: FastAPI, store: Store) -> None:
    attack = '"><script>alert(1)</script>'
    one = patient_of(store, label=attack)
    client, path = clinic(app), f"/patients/{one}/harm"
    assert "<script>alert" not in client.post(path, data=dict.fromkeys((*TOLD, *HIDDEN), attack)).text
    sends(client, path, TOLD | {"what": attack, "noticed": attack}, *HIDDEN)
    name = bodies(store, one, "snapshot")[0]["id"]
    assert "<script>alert" not in client.post(f"/harm/{name}", data={"state": attack, "words": attack}).text
    client.post(f"/harm/{name}", data={"state": "reviewed", "words": attack})
    for page in (path, "/harm", f"/harm/{name}"):
        assert "<script>alert" not in client.get(page).text
    assert client.get(f"/harm/{name}/export").headers["content-type"].startswith("application/json")
