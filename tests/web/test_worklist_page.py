"""The worklist as a page: what it shows, narrows and orders; who sees names; views; and nothing in a name runs."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from starlette.datastructures import QueryParams

from nutation.store import patients, settings, worklist
from nutation.web.worklist_query import Asked, asked_of
from web.filled import NASTY, Clinic, clinic_in
from web.made import NOW

ALL = ["Carl Ek", NASTY, "Eva Dahl", "Anna Berg", "Bea Lund", "Bea Lund"]
"""Everybody, in the order of stages and due dates."""


@pytest.fixture(scope="module")
def clinic(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Clinic]:
    with clinic_in(tmp_path_factory.mktemp("worklist"), sqlite_template) as made:
        yield made


def names(page: str) -> list[str]:
    """The patients of the page in their order."""
    return [unescape(name) for name in re.findall(r"data-row>([^<]*)</a>", page)]


def test_home_leads_everybody_to_their_first_page(clinic: Clinic) -> None:
    assert clinic.as_("surgeon").get("/").headers["location"] == "/worklist"
    assert clinic.as_("researcher").get("/").headers["location"] == "/research/worklist"
    assert clinic.as_("administrator").get("/").headers["location"] == "/people"


def test_joints_stand_by_stage_with_their_counts(clinic: Clinic) -> None:
    page = clinic.as_("surgeon").get("/worklist").text
    heads = re.findall(r"<h2>([^<]+)</h2>", page)
    assert heads == ["Evaluation", "Injection", "Decision"]
    # Carl is due today; the other in evaluation has no day. Bea's two joints are two lines.
    assert names(page) == ["Carl Ek", NASTY, "Eva Dahl", "Anna Berg", "Bea Lund", "Bea Lund"]
    assert "6 joints" in page
    told = dict(re.findall(r'>([A-Z][\w -]+) <span class="number">(\d+)</span>', page))
    assert (told["All"], told["Evaluation"], told["Decision"], told["Recovery"]) == ("6", "2", "3", "0")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("stage=decision", ["Anna Berg", "Bea Lund", "Bea Lund"]),
        ("gate=standing", ["Carl Ek"]),
        ("gate=standing&gate=not_screened", ["Carl Ek", NASTY]),
        ("waits=therapist", [NASTY]),
        ("waits=nobody", ["Bea Lund"]),
        ("text=LUND", ["Bea Lund", "Bea Lund"]),
        ("text=%25", []),
        ("text=mrn-", ALL),
        ("due=today", ["Carl Ek"]),
        ("due=overdue", []),
        ("sort=name&stage=decision", ["Anna Berg", "Bea Lund", "Bea Lund"]),
        ("page=2", []),
        # What makes no sense is left out rather than answered with an error.
        ("sort=drop&page=-3&due=never&stage=nowhere&gate=", ALL),
    ],
)  # fmt: skip
def test_what_narrows_and_orders(clinic: Clinic, asked: str, expected: list[str]) -> None:
    answer = clinic.as_("coordinator").get(f"/worklist?{asked}")
    assert answer.status_code == 200
    assert names(answer.text) == expected


def test_a_line_opens_the_patient_and_the_form_that_it_waits_for(clinic: Clinic) -> None:
    page = clinic.as_("therapist").get("/worklist").text
    one = clinic.ids["silent-infection"]
    assert f'href="/patients/{one}" data-row' in page
    assert f'href="/patients/{one}/forms/safety_screen?side=right"' in page


def test_a_link_is_there_only_for_who_may_follow_it(clinic: Clinic) -> None:
    # A coordinator enters events, and does not ask the safety screen.
    page = clinic.as_("coordinator").get("/worklist").text
    assert "/forms/safety_screen" not in page
    assert "Ask the safety screen" in page


def test_a_name_that_would_run_is_text(clinic: Clinic) -> None:
    for address in ("/worklist", f"/worklist?text={NASTY}"):
        page = clinic.as_("surgeon").get(address).text
        assert "<script>alert" not in page
        assert "alert(&#39;x&#39;)" in page


def test_researchers_see_no_name_and_no_order_of_names(clinic: Clinic) -> None:
    researcher = clinic.as_("researcher")
    assert researcher.get("/worklist").status_code == 403
    page = researcher.get("/research/worklist").text
    for label in ("Berg", "Lund", "alert(", "MRN"):
        assert label not in page
    assert 'href="/patients/' not in page
    shown = re.findall(r'class="code"[^>]*>(Patient [0-9a-f]{8})<', page)
    assert len(shown) == 6
    # Nobody finds out whether somebody is here by searching, and the order is not that of names.
    assert "6 joints" in researcher.get("/research/worklist?text=Berg&sort=name").text
    decision = re.findall(
        r'class="code"[^>]*>(Patient [0-9a-f]{8})<', researcher.get("/research/worklist?stage=decision").text
    )
    assert decision == sorted(decision)


def test_others_see_neither(clinic: Clinic) -> None:
    assert clinic.as_("administrator").get("/worklist").status_code == 403
    assert clinic.as_("administrator").get("/research/worklist").status_code == 403
    assert clinic.as_("surgeon").get("/research/worklist").status_code == 403


def test_views_are_saved_replaced_and_deleted(clinic: Clinic) -> None:
    client = clinic.as_("coordinator")
    told = {"name": "Standing, mine", "asked": "gate=standing&page=3&sort=due"}
    answer = client.post("/worklist/views", data=told)
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "The view is saved." in page
    assert 'href="/worklist?gate=standing&amp;sort=due">Standing, mine</a>' in page
    client.post("/worklist/views", data={**told, "asked": "stage=decision"})
    page = client.get("/worklist").text
    assert 'href="/worklist?stage=decision">Standing, mine</a>' in page
    assert "Standing, mine" not in clinic.as_("therapist").get("/worklist").text
    client.post("/worklist/views/forget", data={"name": "Standing, mine"})
    assert "Standing, mine" not in client.get("/worklist").text
    assert client.post("/worklist/views", data={"name": " ", "asked": ""}).status_code == 422


def test_messages_are_the_programs_own_words(clinic: Clinic) -> None:
    page = clinic.as_("surgeon").get("/worklist?told=<b>You+won</b>").text
    assert "You won" not in page


def test_with_judgement_first_the_list_tells_no_probability(clinic: Clinic) -> None:
    assert "91 %" in clinic.as_("surgeon").get("/worklist").text
    with clinic.store.write() as conn:
        settings.put(conn, "judgement_first", True, by="person", at=NOW)
    try:
        page = clinic.as_("surgeon").get("/worklist").text
        assert "91 %" not in page
        assert "Probability" not in page
    finally:
        with clinic.store.write() as conn:
            settings.put(conn, "judgement_first", False, by="person", at=NOW)


def test_long_lists_are_paged(clinic: Clinic) -> None:
    with clinic.store.read() as conn:
        row = worklist.of_patient(conn, clinic.ids["classic-degenerative"])[0]
    with clinic.store.write() as conn:
        many = [patients.add(conn, f"Patient {n:02}", by="person", at=NOW) for n in range(60)]
        for n, one in enumerate(many):
            due_on = NOW.date() + timedelta(days=n)
            worklist.put(conn, one, [replace(row, patient=one, label=f"P {n:02}", stage="planning", due_on=due_on)])
    try:
        first = clinic.as_("surgeon").get("/worklist?stage=planning").text
        assert len(names(first)) == 50
        assert "1 to 50 of 60" in first
        following = re.search(r'rel="next" href="([^"]+)"', first)
        assert following is not None
        second = clinic.as_("surgeon").get(unescape(following[1])).text
        assert names(second) == [f"P {n:02}" for n in range(50, 60)]
        assert "51 to 60 of 60" in second
        assert 'rel="prev"' in second
    finally:
        with clinic.store.write() as conn:
            for one in many:
                worklist.put(conn, one, [])


def test_an_address_is_written_as_it_is_read() -> None:
    asked = Asked("a b&c", ("evaluation", "decision"), ("standing",), ("payer",), "week", "due", 3)
    address = asked.address("/worklist", page=3)
    assert asked_of(QueryParams(address.partition("?")[2])) == asked
    assert Asked().address("/worklist") == "/worklist"
