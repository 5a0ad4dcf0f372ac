"""Case conferences: who was there, what was decided joint by joint, who dissents; and what the worklist makes of it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from nutation.store import Store, answers, patients
from nutation.web.stages_ledger import done_for
from web.entries_made import bodies, clinic, entries, hidden, patient_of, sends, told_wrong
from web.made import NOW

HIDDEN = ("head", "token", "answer")


def typed(**more: str) -> dict[str, str]:
    told = {
        "on": "2026-09-01", "present.0.name": "R. Halvorsen", "present.0.role": "Surgeon", "present.2.name": "K. Dube",
        "present.2.role": "Physiotherapist",
    }  # fmt: skip
    return told | {name.replace("__", "."): value for name, value in more.items()}


def recommended(store: Store, one: str) -> dict[str, Any]:
    with store.read() as conn:
        found = answers.latest(conn, one)
    assert found is not None
    return found.document["recommendation"]


def test_a_conference_is_kept_joint_by_joint_and_moves_the_worklist(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    action = recommended(store, one)["action"]
    assert action == "request_authorisation"
    client, path = clinic(app), f"/patients/{one}/conference"
    told = typed(
        question__left="Fuse now?", action__left=action, action__right="follow_up", words__right="No pain there.",
        dissent__0__who="K. Dube", dissent__0__why="Would wait.", follow__what="Ask the payer", follow__who="C. Okafor",
        follow__on="2026-09-15",
    )  # fmt: skip
    assert sends(client, path, told, *HIDDEN).status_code == 303
    left, right = bodies(store, one, "conference")
    assert (left["side"], left["action"], left["outcome"], left["question"]) == (
        "left",
        action,
        "operation",
        "Fuse now?",
    )
    assert (right["side"], right["outcome"], right["decided"]) == ("right", "", "Follow up: No pain there.")
    assert left["present"] == [
        {"name": "R. Halvorsen", "role": "Surgeon"}, {"name": "K. Dube", "role": "Physiotherapist"},
    ]  # fmt: skip
    assert (left["dissent"], left["follow_up"]["on"]) == ("K. Dube: Would wait.", "2026-09-15")
    assert left["id"] == right["id"]
    with store.read() as conn:
        found = answers.latest(conn, one)
    assert found is not None
    assert (left["answer"], found.cited) == (found.key, True)
    chain = entries(store, one)
    assert (done_for(chain, "left", None).outcome, done_for(chain, "right", None).outcome) == ("operation", "")
    listed = client.get(path).text
    assert "What follows: Ask the payer, C. Okafor, until 15 Sep 2026" in listed
    assert "K. Dube (Physiotherapist)" in listed
    page = client.get(f"/patients/{one}").text.partition('id="action"')[2].partition("</section>")[0]
    assert "Follows: Ask the payer, C. Okafor, until 15 Sep 2026" in page  # beside what is advised
    assert "Request authorisation" in listed
    printed = client.get(f"{path}/{left['id']}")
    for text in ("K. Dube, Physiotherapist", "Fuse now?", "Would wait.", "Ask the payer, C. Okafor, until 15 Sep 2026"):
        assert text in printed.text
    assert client.get(f"{path}/{'0' * 32}").status_code == 404


def test_what_is_missing_is_told_together(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    client, path = clinic(app), f"/patients/{one}/conference"
    assert told_wrong(sends(client, path, {"on": "2026-09-02"}, *HIDDEN).text) == [
        "The day: this day is still to come."
    ]
    assert told_wrong(sends(client, path, {"on": "2026-09-01"}, *HIDDEN).text) == ["Nobody was there."]
    assert told_wrong(sends(client, path, typed(), *HIDDEN).text) == ["Nothing was decided."]
    told = typed(
        question__left="Why?", present__5__role="Nurse", dissent__1__who="K. Dube", follow__who="C. Okafor",
        action__right="king", closes__right="yes",
    )  # fmt: skip
    wrong = sends(client, path, told, *HIDDEN)
    assert told_wrong(wrong.text) == [
        "The name is missing.", "It is not said what was decided.", "What was decided: this is none of the answers.",
        "Why is missing.", "It is not said what follows.",
    ]  # fmt: skip
    for text in ("Why?", "Nurse", "C. Okafor"):
        assert text in wrong.text
    assert bodies(store, one, "conference") == []


def test_another_decision_than_the_answers_needs_its_words(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    client, path = clinic(app), f"/patients/{one}/conference"
    bare = sends(client, path, typed(action__left="do_not_fuse"), *HIDDEN)
    assert told_wrong(bare.text) == ["This is not what the answer recommends."]
    told = typed(action__left="do_not_fuse", words__left="The hip first.", closes__left="yes")
    assert sends(client, path, told, *HIDDEN).status_code == 303
    (body,) = bodies(store, one, "conference")
    assert body["decided"] == "Do not fuse this joint. Care of this joint ends here: The hip first."
    assert body["outcome"] == "closed"
    both = typed(action__left="plan_operation", words__left="x", closes__left="yes")
    assert told_wrong(sends(client, path, both, *HIDDEN).text) == ["Care ends, and an operation is decided."]


def test_a_shut_gate_is_looked_at_before_an_operation_is_decided(app: FastAPI, store: Store) -> None:
    one = patient_of(store, "cauda-equina")
    client, path = clinic(app), f"/patients/{one}/conference"
    told = typed(action__left="plan_operation", words__left="Decided so.")
    look = sends(client, path, told, *HIDDEN)
    assert look.status_code == 422
    assert "The safety gate of the left joint: Standing" in look.text
    assert bodies(store, one, "conference") == []
    assert client.post(path, data=hidden(look.text, *HIDDEN) | told | {"do": "anyway"}).status_code == 303


def test_a_correction_replaces_and_takes_back_what_it_no_longer_says(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    action = recommended(store, one)["action"]
    client, path = clinic(app), f"/patients/{one}/conference"
    sends(client, path, typed(action__left=action, words__left="left"), *HIDDEN)
    first = bodies(store, one, "conference")[0]["id"]
    begun = client.get(f"{path}?corrects={first}").text
    assert 'value="K. Dube"' in begun
    told = typed(action__right="follow_up", words__right="It was the right one.") | {"corrects": first}
    assert client.post(path, data=hidden(begun, *HIDDEN) | told).status_code == 303
    chain = entries(store, one)
    assert (done_for(chain, "left", None).outcome, done_for(chain, "right", None).outcome) == ("", "")
    page = client.get(path).text
    assert "corrected since" in page
    assert "corrected since" in client.get(f"{path}/{first}").text
    second = bodies(store, one, "conference")[-1]["id"]
    assert "Taken back" not in client.get(f"{path}/{second}").text
    assert client.get(f"{path}?corrects={'0' * 32}").status_code == 404


def test_conflict_and_sending_twice(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    client, path = clinic(app), f"/patients/{one}/conference"
    page = client.get(path).text
    with store.write() as conn:
        patients.rename(conn, one, "Anna Lund", None, by="test", at=NOW, expected_head=None)
    told = typed(action__left="examine", words__left="Once more.")
    answer = client.post(path, data=hidden(page, *HIDDEN) | told)
    assert answer.status_code == 409
    assert "Name: Anna Lund" in answer.text
    assert "Once more." in answer.text
    for _ in range(2):
        assert client.post(path, data=hidden(answer.text, *HIDDEN) | told).status_code == 303
    assert len(bodies(store, one, "conference")) == 1


def test_without_an_answer_it_can_be_recorded_too(app: FastAPI, store: Store) -> None:
    one = patient_of(store, with_answer=False)
    client, path = clinic(app, ["coordinator"]), f"/patients/{one}/conference"
    assert sends(client, path, typed(action__left="inject"), *HIDDEN).status_code == 303
    assert bodies(store, one, "conference")[0]["answer"] is None


def test_script_in_every_field_stays_text(app: FastAPI, store: Store) -> None:
    attack = '"><script>alert(1)</script>'
    one = patient_of(store)
    client, path = clinic(app), f"/patients/{one}/conference"
    fields = (
        "on", "present.0.name", "present.0.role", "question.left", "action.left", "words.left", "dissent.0.who",
        "dissent.0.why", "follow.what", "follow.who", "follow.on",
    )  # fmt: skip
    assert "<script>alert" not in client.post(path, data=dict.fromkeys(fields, attack)).text
    told = dict.fromkeys(fields, attack) | {"on": "2026-09-01", "action.left": "examine", "follow.on": ""}
    assert sends(client, path, told, *HIDDEN).status_code == 303
    name = bodies(store, one, "conference")[0]["id"]
    for page in (path, f"{path}/{name}", f"{path}?corrects={name}"):
        shown = client.get(page).text
        assert "<script>alert" not in shown
        assert "alert(1)" in shown
