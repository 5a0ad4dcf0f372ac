"""Adding a patient: nothing is created while it is open whether the person is here already."""

from __future__ import annotations

import re
from datetime import date

from fastapi import FastAPI
from sqlalchemy import func, select

from nutation.record.kinds import Coverage, Onset, Person
from nutation.store import Store, events, patients
from nutation.store.schema import patient as patient_table
from web.entries_made import clinic, patient_of, sends, told_wrong
from web.made import NOW

PATH = "/patients/add"


def how_many(store: Store) -> int:
    with store.read() as conn:
        return conn.execute(select(func.count()).select_from(patient_table)).scalar_one()


def made(location: str) -> str:
    found = re.fullmatch(r"/patients/([0-9a-f]{32})\?told=added", location)
    assert found is not None, location
    return found[1]


def test_a_name_is_enough(app: FastAPI, store: Store) -> None:
    answer = sends(clinic(app), PATH, {"name": "  Anna   Berg "}, "token")
    assert answer.status_code == 303
    with store.read() as conn:
        told = patients.get(conn, made(answer.headers["location"]))
    assert (told.label, told.born, told.identifiers, told.length) == ("Anna Berg", None, (), 1)


def test_what_the_referral_tells_becomes_events(app: FastAPI, store: Store) -> None:
    told = {
        "name": "Anna Berg", "born": "17.5.1979", "id.0.value": "MRN-17", "id.0.system": "this clinic",
        "person.0.sex": "female", "coverage.0.payer": "Aetna", "coverage.0.jurisdiction": "OH", "side": "left",
        "onset.0.cause": "childbirth", "onset.0.happened": "2024",
    }  # fmt: skip
    one = made(sends(clinic(app), PATH, told, "token").headers["location"])
    with store.read() as conn:
        known, record = patients.get(conn, one), events.record_of(conn, one)
    assert (known.born, known.identifiers) == (date(1979, 5, 17), (("this clinic", "MRN-17"),))
    person, coverage, onset = sorted(record.events, key=lambda event: ("person", "coverage", "onset").index(event.kind))
    assert isinstance(person, Person)
    assert (person.sex, person.happened.text(), person.side) == ("female", "1979-05-17", "none")
    assert isinstance(coverage, Coverage)
    assert (coverage.payer, coverage.jurisdiction) == ("Aetna", "OH")
    assert isinstance(onset, Onset)
    assert (onset.cause, onset.side, onset.happened.text()) == ("childbirth", "left", "2024")
    assert {event.author for event in record.events} == {"Dr R. Halvorsen"}


def test_a_day_of_birth_alone_makes_a_person_so_that_ages_are_known(app: FastAPI, store: Store) -> None:
    one = made(sends(clinic(app), PATH, {"name": "Anna Berg", "born": "1979-05-17"}, "token").headers["location"])
    with store.read() as conn:
        (person,) = events.record_of(conn, one).events
    assert isinstance(person, Person)
    assert (person.sex, person.happened.text()) == (None, "1979-05-17")


def test_a_sex_that_was_asked_and_is_not_known_is_kept_as_that(app: FastAPI, store: Store) -> None:
    told = {"name": "Anna Berg", "person.0.sex": "?"}
    one = made(sends(clinic(app), PATH, told, "token").headers["location"])
    with store.read() as conn:
        (person,) = events.record_of(conn, one).events
    assert isinstance(person, Person)
    assert (person.sex, person.asked_not_known, person.happened.text()) == (None, ("sex",), "date not known")
    wrong = sends(clinic(app), PATH, {"name": "Karl Kern", "person.0.sex": "king"}, "token")
    assert wrong.status_code == 422
    assert len(told_wrong(wrong.text)) == 1


def test_mistakes_are_told_at_their_field_and_nothing_typed_is_lost(app: FastAPI, store: Store) -> None:
    told = {
        "name": "", "born": "1979", "id.1.value": "77", "id.2.system": "insurance",
        "coverage.0.payer": "Aetna", "onset.0.happened": "3/4/2024",
    }  # fmt: skip
    answer = sends(clinic(app), PATH, told, "token")
    assert answer.status_code == 422
    wrong = told_wrong(answer.text)
    assert "The name is missing." in wrong
    assert "The day of birth: the day is needed, and this leaves it open." in wrong
    assert "It is not said what number this is." in wrong
    assert "insurance has no number." in wrong
    assert len(wrong) == 5
    for value in ("1979", "77", "insurance", "Aetna", "3/4/2024"):
        assert f'value="{value}"' in answer.text
    assert how_many(store) == 0


def test_a_day_of_birth_to_come_is_refused(app: FastAPI, store: Store) -> None:
    answer = sends(clinic(app), PATH, {"name": "Anna Berg", "born": "2026-09-02"}, "token")
    assert told_wrong(answer.text) == ["The day of birth: this day is still to come."]
    assert how_many(store) == 0


def test_who_may_be_the_same_is_shown_before_anything_is_created(app: FastAPI, store: Store) -> None:
    born = date(1979, 5, 17)
    with store.write() as conn:
        same_name = patients.add(conn, "Berg, Anna", by="test", at=NOW)
        same_birth = patients.add(conn, "Anna Lund", by="test", at=NOW, born=born)
        other_birth = patients.add(conn, "Anna Berg", by="test", at=NOW, born=date(1950, 1, 1))
        patients.add(conn, "Karl Lund", by="test", at=NOW, born=born)  # no name in common
    client = clinic(app)
    told = {"name": "anna BERG", "born": "1979-05-17"}
    answer = sends(client, PATH, told, "token")
    assert answer.status_code == 422
    assert re.findall(r'name="other\.([0-9a-f]{32})"', answer.text) == [same_name, same_birth]
    assert other_birth not in answer.text
    assert "Karl Lund" not in answer.text
    assert not re.search(r'name="other\.[^>]*checked', answer.text)  # nothing is ticked by itself
    halfway = client.post(PATH, data=told | {f"other.{same_name}": "yes"})
    assert halfway.status_code == 422
    assert re.findall(r'name="other\.([0-9a-f]{32})"[^>]*checked', halfway.text) == [same_name]
    assert how_many(store) == 4
    done = client.post(PATH, data=told | {f"other.{one}": "yes" for one in (same_name, same_birth)})
    assert done.status_code == 303
    assert how_many(store) == 5


def test_sent_twice_it_is_one_patient(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    told = {"name": "Anna Berg", "born": "1979-05-17", "token": "a" * 32}
    assert client.post(PATH, data=told).status_code == 303
    again = client.post(PATH, data=told)
    assert again.status_code == 422
    assert "Is it one of these?" in again.text
    assert how_many(store) == 1


def test_a_number_that_somebody_has_is_never_given_twice(app: FastAPI, store: Store) -> None:
    one = patient_of(store, label="Somebody Else", numbers=[("this clinic", "MRN-17")], with_answer=False)
    client = clinic(app)
    told = {"name": "Anna Berg", "id.0.value": "MRN-17", "id.0.system": "this clinic", f"other.{one}": "yes"}
    answer = sends(client, PATH, told, "token")
    assert answer.status_code == 422
    assert told_wrong(answer.text) == ["MRN-17 (this clinic) is the number of a patient who is here."]
    assert "Somebody Else" in answer.text
    assert how_many(store) == 1


def test_what_counts_nowhere_is_looked_at_first(app: FastAPI, store: Store) -> None:
    client = clinic(app)
    told = {"name": "Anna Berg", "onset.0.cause": "trauma", "token": "b" * 32}
    answer = client.post(PATH, data=told)
    assert "No side is given" in answer.text
    assert "It is not said since when it hurts" in answer.text
    assert how_many(store) == 0
    assert client.post(PATH, data=told | {"do": "anyway"}).status_code == 303


def test_script_in_every_field_stays_text(app: FastAPI, store: Store) -> None:
    attack = '"><script>alert(1)</script>'
    client = clinic(app)
    page = client.get(PATH).text
    names = {name for name in re.findall(r'name="([^"]+)"', page) if name not in ("csrf", "do")} - {
        "viewport", "color-scheme", "robots", "htmx-config", "text",
    }  # fmt: skip
    answer = client.post(PATH, data=dict.fromkeys(names, attack))
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    done = client.post(
        PATH, data={"name": attack, "id.0.value": attack, "id.0.system": attack, "coverage.0.payer": attack}
    )
    assert done.status_code == 303
    again = client.post(PATH, data={"name": attack})
    assert "Is it one of these?" in again.text
    assert "<script>alert" not in again.text
