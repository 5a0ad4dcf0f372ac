"""People, sessions, links and the list of accesses, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import DBAPIError

from nutation.record.errors import InputError
from nutation.store import Store, accesses, people, sessions
from nutation.store.accesses import access


def add(store: Store, now: datetime, name: str | None = "lee", **told: object) -> str:
    values = {"shown": "A. Lee", "title": "Surgeon", "roles": ["surgeon", "administrator", "surgeon"], **told}
    with store.write() as conn:
        return people.add(conn, name=name, at=now, **values)  # pyright: ignore[reportArgumentType]


def at_once(store: Store, do: Callable[[Connection], object], times: int = 8) -> list[object]:
    def once(_: int) -> object:
        with store.write() as conn:
            return do(conn)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(once, range(times)))


def test_a_person_comes_back_as_they_were_added(store: Store, now: datetime) -> None:
    made = add(store, now, "Lee")
    with store.read() as conn:
        person = people.by_name(conn, " LEE ")
        assert person is not None
        assert person == people.by_id(conn, made)
        assert people.by_name(conn, "le") is None
        assert people.by_name(conn, "le\0e") is None
        assert people.shown_names(conn, [made, "nobody"]) == {made: "A. Lee, Surgeon"}
    assert (person.name, person.roles, person.created_at) == ("lee", ("administrator", "surgeon"), now)
    assert (person.has_password, person.second_factor_since, person.disabled_at) == (False, None, None)


@pytest.mark.parametrize("name", ["LEE", "\uff2c\uff45\uff45", " lee"])
def test_one_name_is_one_person(store: Store, now: datetime, name: str) -> None:
    add(store, now)
    with pytest.raises(InputError, match="Somebody else"):
        add(store, now, name)


@pytest.mark.parametrize(
    "told", [{"name": ""}, {"name": "a\0b"}, {"name": "x" * 201}, {"shown": " "}, {"shown": "a\nb"}]
)
def test_names_that_are_refused(store: Store, now: datetime, told: dict[str, str]) -> None:
    with pytest.raises(InputError):
        add(store, now, **told)
    with store.read() as conn:
        assert people.everyone(conn) == []


def test_of_two_who_take_a_name_at_once_one_gets_it(store: Store, now: datetime) -> None:
    def one(conn: Connection) -> object:
        return people.add(conn, name="lee", shown="Lee", title="", roles=[], at=now)

    def tried(_: int) -> str:
        try:
            with store.write() as conn:
                one(conn)
        except InputError:
            return "taken"
        return "got"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(tried, range(6))) == ["got"] + ["taken"] * 5


def test_who_comes_by_a_provider(store: Store, now: datetime) -> None:
    one = add(store, now, None, oidc=("https://id", "1"))
    other = add(store, now, None, oidc=("https://other", "1"))
    with store.read() as conn:
        found = [people.by_subject(conn, issuer, "1") for issuer in ("https://id", "https://other", "https://x")]
    assert [person.id if person else None for person in found] == [one, other, None]


def test_roles_and_being_kept_out(store: Store, now: datetime) -> None:
    one, other = add(store, now), add(store, now, "other", shown="B. Other")
    with store.write() as conn:
        assert [person.id for person in people.with_role(conn, "administrator")] == [one, other]
        people.disable(conn, one, now)
        people.change(conn, other, shown="C. New", title="", roles=["therapist"])
        assert people.with_role(conn, "administrator") == []
        assert [(person.shown, person.roles) for person in people.with_role(conn, "therapist")] == [
            ("C. New", ("therapist",))
        ]
        people.disable(conn, one, None)
        assert len(people.with_role(conn, "administrator")) == 1


def test_secrets_are_in_no_repr(store: Store, now: datetime) -> None:
    made = add(store, now)
    with store.write() as conn:
        people.set_password(conn, made, "$argon2id$hash")
        people.begin_second_factor(conn, made, "sealed")
        known = people.credentials(conn, made)
        assert (known.password_hash, known.totp_secret) == ("$argon2id$hash", "sealed")
        assert "hash" not in repr(known).replace("password_hash", "")
        assert "argon2" not in repr(people.by_id(conn, made))


def test_a_code_and_a_recovery_code_work_once_even_at_once(store: Store, now: datetime) -> None:
    made = add(store, now)
    with store.write() as conn:
        people.keep_recovery_codes(conn, made, ["a" * 64, "b" * 64])
    assert at_once(store, lambda conn: people.use_step(conn, made, 7)).count(True) == 1
    assert at_once(store, lambda conn: people.use_recovery_code(conn, made, "a" * 64)).count(True) == 1
    with store.write() as conn:
        assert people.recovery_codes_left(conn, made) == 1
        people.prove_second_factor(conn, made, now)
        assert not people.begin_second_factor(conn, made, "another")
        people.reset_second_factor(conn, made)
        assert people.recovery_codes_left(conn, made) == 0
        assert people.begin_second_factor(conn, made, "another")


def test_sessions(store: Store, now: datetime) -> None:
    made = add(store, now)
    with store.write() as conn:
        for number in range(3):
            sessions.begin(conn, f"{number}", made, at=now, csrf_secret="c", second_factor=number > 0)
        sessions.seen(conn, "1", now + timedelta(hours=1))
        found = sessions.find(conn, "1")
        assert found == sessions.Session("1", made, now, now + timedelta(hours=1), "c", True)
        assert sessions.end_all(conn, made, but="1") == 2
        sessions.forget_before(conn, now + timedelta(minutes=59))
        assert sessions.find(conn, "1") is not None
        sessions.end(conn, "1")
        assert sessions.find(conn, "1") is None


def test_tries_are_counted_in_a_window(store: Store, now: datetime) -> None:
    with store.write() as conn:
        for minute in range(5):
            sessions.note_try(conn, ("a", "b"), now + timedelta(minutes=minute))
        assert sessions.tries(conn, "a", since=now + timedelta(minutes=2)) == 2  # the edge itself is out
        sessions.forget_tries(conn, "b", at=now)
        sessions.forget_tries(conn, "a")
        assert [sessions.tries(conn, key, since=now - timedelta(1)) for key in ("a", "b")] == [0, 4]


def test_links(store: Store, now: datetime) -> None:
    made = add(store, now)
    hour = timedelta(hours=1)
    with store.write() as conn:
        for digest, person in (("1", None), ("2", made), ("3", made)):
            sessions.make_link(conn, digest, "invitation", person=person, by=None, at=now, lasts=hour)
        assert [sessions.link(conn, digest, at=now) is not None for digest in "123"] == [True, False, True]
        assert sessions.link(conn, "3", at=now + hour) is None
        assert sessions.use_link(conn, "3", at=now + hour) is None
    used = at_once(store, lambda conn: sessions.use_link(conn, "3", at=now))
    assert sum(one is not None for one in used) == 1
    with store.write() as conn:
        sessions.make_link(conn, "4", "invitation", person=made, by=made, at=now, lasts=hour)
        sessions.drop_links(conn, made)
        assert sessions.link(conn, "4", at=now) is None
        assert sessions.link(conn, "1", at=now) is not None


def test_the_list_of_accesses_is_only_added_to(store: Store, now: datetime) -> None:
    patient = "a" * 32
    with store.write() as conn:
        for number in range(3):
            accesses.note(conn, f"GET {number}", at=now, person="p", patient=patient if number else None)
        accesses.note(conn, "x" * 500, at=now, person=None, about="q", refused=True, request="r")
    with store.read() as conn:
        assert [one.what for one in accesses.of_patient(conn, patient)] == ["GET 2", "GET 1"]
        page = accesses.of_person(conn, "p", limit=2)
        assert [one.what for one in page] == ["GET 2", "GET 1"]
        assert [one.what for one in accesses.of_person(conn, "p", before=page[-1].id)] == ["GET 0"]
        last = accesses.latest(conn)[0]
        assert (last.what, last.about, last.refused, last.request) == ("x" * 200, "q", True, "r")
    for change in (update(access).values(person="other"), delete(access)):
        with pytest.raises(DBAPIError, match="only added to"), store.write() as conn:
            conn.execute(change)
    with store.read() as conn:
        assert len(accesses.latest(conn)) == 4
