"""The clinician's own judgement and acts against an answer: kept beside the answer, which never changes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from nutation.store import Store, answers, events, patients, settings
from nutation.web import judged_first
from report.answered_examples import answered
from web.entries_made import answer_again, bodies, clinic, hidden, patient_of, sends, told_wrong
from web.made import NOW, Clock

ONE_SIDE = "classic-degenerative"


def judges_first(store: Store) -> None:
    with store.write() as conn:
        settings.put(conn, judged_first.SETTING, True, by="test", at=NOW)


def latest(store: Store, one: str) -> answers.Answer:
    with store.read() as conn:
        found = answers.latest(conn, one)
    assert found is not None
    return found


def probability(document: dict[str, Any], side: str) -> str:
    joint = next(joint for joint in document["joints"] if joint["side"] == side)
    return f"{round(joint['evaluation']['probability']['median'] * 100)}\u00a0%"


def test_a_judgement_stands_beside_the_answer_and_changes_nothing(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    before = latest(store, one)
    side = before.document["joints"][0]["side"]
    client, path = clinic(app), f"/patients/{one}/judgement"
    told = {f"source.{side}": "unlikely", f"source.{side}.words": "The hip hurts more.", "next.patient": "examine"}
    assert sends(client, path, told, "head", "token").status_code == 303
    first, second = bodies(store, one, "judgement")
    assert (first["question"], first["side"], first["judgement"]) == ("source", side, "unlikely")
    assert (first["words"], first["before_answer"]) == ("The hip hurts more.", False)
    assert (second["question"], second["side"], second["judgement"]) == ("next", "", "examine")
    assert first["answer"] == before.key
    assert first["events_head"] == before.events_head
    after = latest(store, one)
    assert after.document == before.document
    assert after.cited
    page = client.get(path).text
    assert page.count(probability(before.document, side)) == 2  # then, and now
    assert "The hip hurts more." in page


def test_before_the_answer_nothing_of_it_is_on_the_page(app: FastAPI, store: Store) -> None:
    judges_first(store)
    one = patient_of(store)
    document = latest(store, one).document
    side = document["joints"][0]["side"]
    client, path = clinic(app), f"/patients/{one}/judgement"
    page = client.get(path).text
    assert "before the probability is shown" in page
    assert probability(document, side) not in page
    told = {f"source.{side}": "likely", f"warranted.{side}": "yes"}
    assert sends(client, path, told, "head", "token").status_code == 303
    assert {body["question"]: body["before_answer"] for body in bodies(store, one, "judgement")} == {
        "source": True, "warranted": False,  # only the probability was kept back
    }  # fmt: skip
    assert probability(document, side) in client.get(path).text
    again = {f"source.{side}": "open"}
    sends(client, path, again, "head", "token")
    assert [body["before_answer"] for body in bodies(store, one, "judgement")] == [True, False, False]


def test_new_findings_ask_again_and_keep_the_new_answer_back(app: FastAPI, store: Store, clock: Clock) -> None:
    judges_first(store)
    one = patient_of(store)
    document = latest(store, one).document
    side = document["joints"][0]["side"]
    client, path = clinic(app), f"/patients/{one}/judgement"
    sends(client, path, {f"source.{side}": "likely"}, "head", "token")
    with store.write() as conn:
        told = events.record_of(conn, one).events
        score = next(event for event in told if event.kind == "pain_score")
        events.append_events(conn, one, [score.model_copy(update={"id": "new", "note": "again"})], by="t", at=NOW)
        clock.on(minutes=1)
        answer_again(store, one, conn, answered(ONE_SIDE))
    page = client.get(path).text
    assert probability(document, side) not in page
    assert "Shown once a judgement of this joint is recorded." in page


def test_before_there_is_any_answer(app: FastAPI, store: Store) -> None:
    one = patient_of(store, with_answer=False)
    client, path = clinic(app), f"/patients/{one}/judgement"
    told = {"source.left": "likely", "warranted.right": "no"}
    assert sends(client, path, told, "head", "token").status_code == 303
    assert [(body["answer"], body["before_answer"]) for body in bodies(store, one, "judgement")] == [(None, True)] * 2
    assert "No answer is stored." in client.get(path).text


def test_a_standing_gate_is_never_kept_back(app: FastAPI, store: Store) -> None:
    judges_first(store)
    one = patient_of(store, "cauda-equina")
    assert "Safety gate" in clinic(app).get(f"/patients/{one}/judgement").text


def test_what_is_wrong_is_told_and_what_is_sent_twice_is_kept_once(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    side = latest(store, one).document["joints"][0]["side"]
    client, path = clinic(app), f"/patients/{one}/judgement"
    assert told_wrong(sends(client, path, {}, "head", "token").text) == ["Nothing was judged."]
    wrong = sends(client, path, {f"source.{side}": "certain", "next.patient.words": "Wait."}, "head", "token")
    assert told_wrong(wrong.text) == ["The answer: this is none of the answers.", "There are words and no answer."]
    assert "Wait." in wrong.text
    page = client.get(path).text
    for _ in range(2):
        sent = client.post(path, data=hidden(page, "head", "token") | {f"source.{side}": "open"})
        assert sent.status_code == 303
    assert len(bodies(store, one, "judgement")) == 1


def test_in_conflict_both_are_shown(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    side = latest(store, one).document["joints"][0]["side"]
    client, path = clinic(app), f"/patients/{one}/judgement"
    page = client.get(path).text
    sends(clinic(app, shown="Other"), path, {f"source.{side}": "likely"}, "head", "token")
    mine = {f"source.{side}": "unlikely", f"source.{side}.words": "I doubt it."}
    answer = client.post(path, data=hidden(page, "head", "token") | mine)
    assert answer.status_code == 409
    assert "Other" in answer.text
    assert "I doubt it." in answer.text
    assert client.post(path, data=hidden(answer.text, "head", "token") | mine).status_code == 303
    assert len(bodies(store, one, "judgement")) == 2


# -- acting against the answer -----------------------------------------------------------------------


def test_an_act_against_the_answer_needs_its_reason_and_cites_it(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    before = latest(store, one)
    client, path = clinic(app), f"/patients/{one}/override"
    bare = sends(client, path, {"action": "other"}, "head", "token", "answer")
    assert told_wrong(bare.text) == ["It is not said what is done.", "The reason is missing."]
    told = {"action": "treat_conservatively", "side": "left", "what": "six weeks", "reason": "She wants to wait."}
    assert sends(client, path, told, "head", "token", "answer").status_code == 303
    (body,) = bodies(store, one, "override")
    assert body["what"] == "Treat conservatively: six weeks"
    assert (body["action"], body["side"], body["reason"]) == ("treat_conservatively", "left", "She wants to wait.")
    assert body["answer"] == before.key
    assert body["recommended"] == before.document["recommendation"]["action"]
    after = latest(store, one)
    assert (after.document, after.cited) == (before.document, True)
    assert "She wants to wait." in client.get(path).text


def test_the_answer_that_was_on_the_page_is_cited_and_not_a_newer_one(app: FastAPI, store: Store) -> None:
    one = patient_of(store)
    seen = latest(store, one)
    client, path = clinic(app), f"/patients/{one}/override"
    page = client.get(path).text
    newer = answered(ONE_SIDE) | {"versions": {"software": "next"}}
    with store.write() as conn:
        answers.keep(
            conn, one, events_head=seen.events_head, as_of=seen.as_of, versions=newer["versions"], document=newer,
            made_at=NOW.replace(hour=23),
        )  # fmt: skip
    told = {"action": "follow_up", "reason": "Moved away."}
    assert client.post(path, data=hidden(page, "head", "token", "answer") | told).status_code == 303
    assert bodies(store, one, "override")[0]["answer"] == seen.key
    forged = client.post(path, data=hidden(client.get(path).text, "head", "token") | told | {"answer": "x/y/z"})
    assert forged.status_code == 422
    assert "newer one" in told_wrong(forged.text)[0]


def test_without_an_answer_there_is_nothing_to_act_against(app: FastAPI, store: Store) -> None:
    one = patient_of(store, with_answer=False)
    client, path = clinic(app), f"/patients/{one}/override"
    assert "no answer yet" in client.get(path).text
    answer = client.post(path, data={"action": "inject", "reason": "x"})
    assert answer.status_code == 422
    assert bodies(store, one, "override") == []


def test_a_form_of_a_record_that_was_joined_meanwhile_is_shown_again_for_the_other(app: FastAPI, store: Store) -> None:
    one, other = patient_of(store), patient_of(store, label="Berg, Anna")
    client, path = clinic(app), f"/patients/{one}/override"
    page = client.get(path).text
    with store.write() as conn:
        patients.merge(conn, one, other, by="test", at=NOW, reason="one person")
    told = {"action": "follow_up", "reason": "Moved away."}
    answer = client.post(path, data=hidden(page, "head", "token", "answer") | told)
    assert answer.status_code == 422  # the answer that was seen is not of this record
    assert "Moved away." in answer.text
    assert f'action="/patients/{other}/override"' in answer.text
    again = client.post(f"/patients/{other}/override", data=hidden(answer.text, "head", "token", "answer") | told)
    assert again.status_code == 409  # nobody saw what is there
    assert "one person" in again.text
    done = client.post(f"/patients/{other}/override", data=hidden(again.text, "head", "token", "answer") | told)
    assert done.status_code == 303


# -- the clinic's settings ---------------------------------------------------------------------------


def test_the_settings_are_kept_and_refused_in_words(app: FastAPI, store: Store) -> None:
    from nutation.web.stages import stage_settings

    client = clinic(app, ["administrator"])
    assert "judgement_first" in client.get("/settings").text
    told = {"judgement_first": "yes", "recovery_months": "9", "first_contact_days": "21"}
    assert client.post("/settings", data=told).status_code == 303
    with store.read() as conn:
        assert judged_first.asked_for(conn)
        assert (stage_settings(conn).recovery_months, stage_settings(conn).first_contact_days) == (9, 21)
    for value in ("0", "-1", "1.5", "x" * 600, "9" * 5000, "²", "٣"):
        wrong = client.post("/settings", data=told | {"recovery_months": value})
        assert wrong.status_code == 422, value
    assert client.post("/settings", data={}).status_code == 303
    with store.read() as conn:
        assert not judged_first.asked_for(conn)
        assert stage_settings(conn) == stage_settings(None)


def test_script_in_every_field_stays_text(app: FastAPI, store: Store) -> None:
    attack = '"><script>alert(1)</script>'
    one = patient_of(store, label=attack)
    side = latest(store, one).document["joints"][0]["side"]
    client = clinic(app)
    names = (f"source.{side}", f"source.{side}.words", "side", "action", "what", "reason", "answer", "head", "token")
    for page in ("judgement", "override"):
        path = f"/patients/{one}/{page}"
        assert "<script>alert" not in client.post(path, data=dict.fromkeys(names, attack)).text
    sends(
        client,
        f"/patients/{one}/judgement",
        {f"source.{side}": "open", f"source.{side}.words": attack},
        "head",
        "token",
    )
    told = {"action": "other", "what": attack, "reason": attack}
    sends(client, f"/patients/{one}/override", told, "head", "token", "answer")
    for page in ("judgement", "override"):
        shown = client.get(f"/patients/{one}/{page}").text
        assert "<script>alert" not in shown
        assert "alert(1)" in shown
