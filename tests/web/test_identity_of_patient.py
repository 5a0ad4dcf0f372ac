"""Who a patient is: corrected with a reason, joined and parted with a look at both, erased only on purpose."""

from __future__ import annotations

from datetime import date

from fastapi import FastAPI
from sqlalchemy import select

from nutation.record.kinds import Person
from nutation.record.standing import standing
from nutation.store import Store, accesses, audit, events, patients
from nutation.store.schema import entry as entry_table
from web.entries_made import bodies, clinic, entries, hidden, patient_of, sends, told_wrong
from web.made import NOW


def add(store: Store, label: str, born: date | None = None, **numbers: str) -> str:
    with store.write() as conn:
        return patients.add(conn, label, by="test", at=NOW, born=born, identifiers=tuple(numbers.items()))


def get(store: Store, one: str) -> patients.Patient:
    with store.read() as conn:
        return patients.get(conn, one)


def births(store: Store, one: str) -> list[tuple[str, str | None]]:
    with store.read() as conn:
        told = standing(events.record_of(conn, one).events)
    return [(event.happened.text(), event.sex) for event in told if isinstance(event, Person)]


# -- name, birth, numbers ----------------------------------------------------------------------------


def test_a_correction_needs_its_reason_and_the_events_follow(app: FastAPI, store: Store) -> None:
    one = patient_of(store, with_answer=False)
    ((_, sex),) = births(store, one)
    client, path = clinic(app), f"/patients/{one}/identity"
    told = {"name": "Anna Lund", "born": "1978-02-01", "do": "rename"}
    refused = sends(client, path, told, "head", "token")
    assert told_wrong(refused.text) == ["The reason is missing."]
    assert 'value="Anna Lund"' in refused.text
    assert get(store, one).label == "Anna Berg"
    done = sends(client, path, told | {"reason": "Passport seen"}, "head", "token")
    assert done.status_code == 303
    assert (get(store, one).label, get(store, one).born) == ("Anna Lund", date(1978, 2, 1))
    assert births(store, one) == [("1978-02-01", sex)]
    assert bodies(store, one, "patient")[-1] == {"label": "Anna Lund", "born": "1978-02-01", "reason": "Passport seen"}
    assert "Passport seen" in client.get(path).text


def test_a_birth_after_what_is_recorded_is_refused_and_nothing_is_half_done(app: FastAPI, store: Store) -> None:
    one = patient_of(store, with_answer=False)
    before = len(entries(store, one))
    told = {"name": "Anna Lund", "born": "2026-08-31", "reason": "typed wrong", "do": "rename"}
    answer = sends(clinic(app), f"/patients/{one}/identity", told, "head", "token")
    assert answer.status_code == 422
    assert "birth" in told_wrong(answer.text)[0]
    assert len(entries(store, one)) == before
    assert get(store, one).label == "Anna Berg"


def test_two_who_correct_at_once_are_told(app: FastAPI, store: Store) -> None:
    one = add(store, "Anna Berg")
    first, second = clinic(app, shown="First"), clinic(app, shown="Second")
    path = f"/patients/{one}/identity"
    page = second.get(path).text
    sends(first, path, {"name": "Anna Lund", "born": "", "reason": "married", "do": "rename"}, "head", "token")
    mine = {"name": "Anna Berg-Lund", "born": "", "reason": "letter", "do": "rename"}
    answer = second.post(path, data=hidden(page, "head", "token") | mine)
    assert answer.status_code == 409
    assert "Something was entered meanwhile" in answer.text
    assert "Name: Anna Lund" in answer.text
    assert 'value="Anna Berg-Lund"' in answer.text
    assert get(store, one).label == "Anna Lund"
    again = second.post(path, data=hidden(answer.text, "head", "token") | mine)
    assert again.status_code == 303
    assert get(store, one).label == "Anna Berg-Lund"


def test_numbers_are_added_and_taken_off_and_both_stay_in_the_chain(app: FastAPI, store: Store) -> None:
    one, other = add(store, "Anna Berg"), add(store, "Karl Kern", None, clinic="7")
    client, path = clinic(app), f"/patients/{one}/identity"
    assert sends(client, path, {"id.0.value": "", "do": "add"}, "head").status_code == 422
    taken = sends(client, path, {"id.0.value": "7", "id.0.system": "clinic", "do": "add"}, "head")
    assert told_wrong(taken.text) == ["The identifier 7 (clinic) belongs to another patient."]
    assert get(store, other).identifiers == (("clinic", "7"),)
    for _ in range(2):  # sent twice it is one entry
        done = sends(client, path, {"id.0.value": "8", "id.0.system": "clinic", "do": "add"}, "head")
        assert done.status_code == 303
    off = {"which.system": "clinic", "which.value": "8", "do": "withdraw"}
    assert told_wrong(client.post(path, data=off).text) == ["The reason is missing."]
    assert client.post(path, data=off | {"why": "Of her sister"}).status_code == 303
    assert get(store, one).identifiers == ()
    told = bodies(store, one, "identifier")
    assert told == [
        {"system": "clinic", "value": "8"},
        {"system": "clinic", "value": "8", "withdrawn": True, "reason": "Of her sister"},
    ]
    with store.read() as conn:
        assert audit.verify(conn).faults == ()
        assert patients.with_identifier(conn, "clinic", "8") is None


# -- joining -----------------------------------------------------------------------------------------


def test_both_records_are_shown_side_by_side_and_joined_with_a_reason(app: FastAPI, store: Store) -> None:
    one = patient_of(store, numbers=[("clinic", "1")], with_answer=False)
    other = add(store, "Berg, Anna", date(1950, 1, 1), clinic="2")
    client, path = clinic(app), f"/patients/{one}/merge"
    choosing = client.get(path).text
    assert "No other patient has this name" in choosing  # the births differ
    found = client.post(path, data={"do": "find", "value": "2"})
    assert f"/patients/{one}/merge?other={other}" in found.text
    page = client.get(f"{path}?other={other}")
    assert page.status_code == 200
    for told in ("The days of birth differ.", "not the same", "Berg, Anna", "1 Jan 1950", "injection 3"):
        assert told in page.text
    assert "The names differ." not in page.text
    names = ("other", f"head.{one}", f"head.{other}")
    bare = client.post(path, data=hidden(page.text, *names))
    assert len(told_wrong(bare.text)) == 3
    told = {"keep": one, "reason": "Same passport", "compared": "yes"}
    done = client.post(path, data=hidden(page.text, *names) | told)
    assert (done.status_code, done.headers["location"]) == (303, f"/patients/{one}?told=merged")
    assert get(store, other).merged_into == one
    assert bodies(store, one, "merge") == [{"from": other, "into": one, "reason": "Same passport"}]
    with store.read() as conn:  # the look at the other one's record is on the list of accesses
        assert any("merge" in access.what for access in accesses.of_patient(conn, other))


def test_pages_of_a_joined_record_lead_to_the_one_that_goes_on(app: FastAPI, store: Store) -> None:
    one, other = add(store, "Anna Berg"), add(store, "Berg, Anna")
    with store.write() as conn:
        patients.merge(conn, other, one, by="test", at=NOW, reason="one person")
    client = clinic(app)
    for page in ("identity", "import", "merge", "split", "erase", "judgement", "override", "conference", "harm"):
        answer = client.get(f"/patients/{other}/{page}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/patients/{one}/{page}")


def test_what_cannot_be_of_one_person_is_told_before(app: FastAPI, store: Store) -> None:
    one = patient_of(store, with_answer=False)
    with store.write() as conn:
        other = patients.add(conn, "Anna Berg", by="test", at=NOW)
        person = Person.model_validate(
            {"id": "p", "patient": other, "side": "none", "happened": "2026-01-01", "recorded_at": NOW,
             "source": {"system": "t"}}
        )  # fmt: skip
        events.append_events(conn, other, [person], by="test", at=NOW)
    page = clinic(app).get(f"/patients/{one}/merge?other={other}")
    assert "What speaks against it" in page.text
    assert "birth" in page.text.split("What speaks against it")[1].split("</section>")[0]


def test_a_record_that_changed_since_the_look_is_looked_at_again(app: FastAPI, store: Store) -> None:
    one, other = add(store, "Anna Berg"), add(store, "Berg, Anna")
    client, path = clinic(app), f"/patients/{one}/merge"
    page = client.get(f"{path}?other={other}").text
    with store.write() as conn:
        patients.rename(conn, other, "Berta Berg", None, by="test", at=NOW, expected_head=None)
    told = {"keep": one, "reason": "Same passport", "compared": "yes"}
    answer = client.post(path, data=hidden(page, "other", f"head.{one}", f"head.{other}") | told)
    assert answer.status_code == 409
    assert "Berta Berg" in answer.text
    assert "Same passport" in answer.text
    assert get(store, other).merged_into is None


def test_parted_again_with_a_reason(app: FastAPI, store: Store) -> None:
    one, other = add(store, "Anna Berg"), add(store, "Berg, Anna")
    with store.write() as conn:
        patients.merge(conn, other, one, by="test", at=NOW, reason="one person")
    client, path = clinic(app), f"/patients/{one}/split"
    page = client.get(path).text
    assert "one person" in page
    assert len(told_wrong(client.post(path, data=hidden(page, "head")).text)) == 2
    done = client.post(path, data=hidden(page, "head") | {"part": other, "reason": "Two passports"})
    assert (done.status_code, done.headers["location"]) == (303, f"/patients/{other}?told=split")
    assert get(store, other).merged_into is None
    assert "No record was joined" in client.get(path).text


def test_nobody_is_joined_with_themselves_or_nobody(app: FastAPI, store: Store) -> None:
    one = add(store, "Anna Berg")
    client, path = clinic(app), f"/patients/{one}/merge"
    assert client.get(f"{path}?other={one}").status_code == 303
    assert client.get(f"{path}?other={'0' * 32}").status_code == 404
    assert client.get(f"{path}?other='--").status_code == 404
    assert client.post(path, data={"other": "x"}).status_code == 404
    assert told_wrong(client.post(path, data={"do": "find", "value": "9"}).text) == ["Nobody else has this number."]


# -- erasing -----------------------------------------------------------------------------------------


def test_erased_only_with_number_basis_and_tick_and_the_chain_verifies(app: FastAPI, store: Store) -> None:
    one = patient_of(store, numbers=[("clinic", "MRN-17")])
    client, path = clinic(app), f"/patients/{one}/erase"
    page = client.get(path).text
    assert "injection 3" in page
    assert "MRN-17" in page
    wrong = client.post(path, data=hidden(page, "head") | {"number": "MRN-18"})
    assert told_wrong(wrong.text) == [
        "The legal basis is missing.", "This is none of the patient's numbers.", "It is not ticked.",
    ]  # fmt: skip
    told = {"number": "MRN-17", "basis": "Request of 1 Sep, Art. 17 GDPR", "understood": "yes"}
    assert client.post(path, data=told).status_code == 409  # a head that nobody saw
    done = client.post(path, data=hidden(page, "head") | told)
    assert done.status_code == 303
    assert get(store, one).erased_at is not None
    with store.read() as conn:
        kept = conn.execute(select(entry_table.c.body).where(entry_table.c.patient == one)).scalars().all()
        assert [body for body in kept if body is not None] == [{"basis": "Request of 1 Sep, Art. 17 GDPR"}]
        assert audit.verify(conn).faults == ()
    for page in ("identity", "merge", "judgement", "conference", "harm", "import"):
        answer = client.get(f"/patients/{one}/{page}")
        assert (answer.status_code, "erased by law" in answer.text) == (422, True)


def test_without_a_number_the_beginning_of_the_databases_own_is_typed(app: FastAPI, store: Store) -> None:
    one = add(store, "Anna Berg")
    told = {"number": one[:8], "basis": "law", "understood": "yes"}
    assert sends(clinic(app), f"/patients/{one}/erase", told, "head").status_code == 303


def test_script_in_every_field_stays_text(app: FastAPI, store: Store) -> None:
    attack = '"><script>alert(1)</script>'
    one, other = add(store, attack, None, clinic=attack), add(store, attack)
    client = clinic(app)
    names = ("name", "born", "reason", "id.0.value", "id.0.system", "number", "basis", "value", "head", "token", "why")
    for page, do in (("identity", "rename"), ("identity", "add"), ("erase", ""), ("merge", "find"), ("split", "")):
        answer = client.post(f"/patients/{one}/{page}", data=dict.fromkeys(names, attack) | {"do": do})
        assert answer.status_code in (303, 409, 422)
        assert "<script>alert" not in answer.text
    for page in ("identity", "erase", f"merge?other={other}", "split", "merge"):
        assert "<script>alert" not in client.get(f"/patients/{one}/{page}").text
