"""Stored answers re-opened as they were given, asked again, and what differs between two answers."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from nutation.evidence import load
from nutation.store import Store, answers
from nutation.web.differences import Difference, differences
from report.answered_examples import answered
from web.filled import Clinic, clinic_in


@pytest.fixture(scope="module")
def clinic(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Clinic]:
    with clinic_in(tmp_path_factory.mktemp("answers"), sqlite_template) as made:
        yield made


def place(clinic: Clinic, example: str) -> str:
    with clinic.store.read() as conn:
        told = answers.latest(conn, clinic.ids[example])
    assert told is not None
    return f"/patients/{told.patient}/answers/{told.events_head}/{told.as_of}/{told.versions_sha256}"


def stored_bytes(store: Store, patient: str) -> bytes:
    with store.read() as conn:
        packed = conn.execute(text("SELECT document FROM answer WHERE patient = :p"), {"p": patient}).scalar_one()
    return zlib.decompress(packed)


def test_an_answer_is_given_back_byte_for_byte(clinic: Clinic) -> None:
    one = place(clinic, "bilateral")
    answer = clinic.as_("surgeon").get(f"{one}/document.json")
    assert answer.content == stored_bytes(clinic.store, clinic.ids["bilateral"])
    assert answer.headers["content-disposition"].startswith("attachment")
    page = clinic.as_("surgeon").get(one)
    assert page.status_code == 200
    assert "A stored answer, as it was given" in page.text
    assert "86 %" in page.text
    assert one in clinic.as_("surgeon").get(f"/patients/{clinic.ids['bilateral']}").text


def test_asked_again_by_the_same_rules_nothing_differs(clinic: Clinic) -> None:
    page = clinic.as_("therapist").post(f"{place(clinic, 'one-block-only')}/again")
    assert page.status_code == 200
    assert "No difference" in page.text


def test_asked_again_after_the_rules_changed_the_differences_are_listed(clinic: Clinic) -> None:
    # As if an older set of evidence had given another figure and another verdict.
    one = clinic.ids["classic-degenerative"]
    with clinic.store.read() as conn:
        told = answers.latest(conn, one)
    assert told is not None
    older = copy.deepcopy(told.document)
    older["versions"]["evidence"] = "2020.01.01"
    older["joints"][0]["evaluation"]["probability"]["median"] = 0.5
    older["joints"][0]["indication"]["policies"][0]["verdict"] = "undetermined"
    with clinic.store.write() as conn:
        answers.keep(
            conn, one, events_head=told.events_head, as_of=told.as_of, versions=older["versions"], document=older,
            made_at=told.made_at,
        )  # fmt: skip
    sha = answers.versions_sha256(older["versions"])
    page = clinic.as_("surgeon").post(f"/patients/{one}/answers/{told.events_head}/{told.as_of}/{sha}/again").text
    assert "50 % (76 to 97 %)" in page
    assert "91 % (76 to 97 %)" in page
    assert "2020.01.01" in page
    assert "differences" in page


@pytest.mark.parametrize("wrong", ["0" * 64 + "/2026-09-01/" + "0" * 64, "x/yesterday/y", "a%00b/2026-09-01/c"])
def test_what_is_not_stored_is_not_found(clinic: Clinic, wrong: str) -> None:
    one = clinic.ids["bilateral"]
    for more in ("", "/document.json"):
        assert clinic.as_("surgeon").get(f"/patients/{one}/answers/{wrong}{more}").status_code == 404
    assert clinic.as_("surgeon").post(f"/patients/{one}/answers/{wrong}/again").status_code == 404


# ── what differs: pure ──────────────────────────────────────────────────────────────────────────────


def change(example: str, *path: Any, to: Any) -> tuple[Difference, ...]:
    before = answered(example)
    after = copy.deepcopy(before)
    at: Any = after
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = to
    return differences(before, after)


def test_the_same_answer_has_no_difference() -> None:
    assert differences(answered("bilateral"), answered("bilateral")) == ()


LEFT = "Left joint"


@pytest.mark.parametrize(
    ("path", "to", "expected"),
    [
        (
            ("joints", 0, "gate", "items", 0, "state"), "standing",
            (LEFT, "Safety gate: Compression of the cauda equina", "Clear", "Standing"),
        ),
        (("joints", 0, "fused"), True, (LEFT, "Fused", "No", "Yes")),
        (("joints", 0, "fused"), None, (LEFT, "Fused", "No", "Not known")),
        (
            ("recommendation", "action"), "inject",
            ("Patient", "Recommended action", "Request authorisation, left joint", "Inject, left joint"),
        ),
        (("versions", "evidence"), "2027.1.1", ("Made by", "evidence", load().version, "2027.1.1")),
        (("warnings",), ["Look here"], ("Patient", "Warnings: Look here", "–", "told")),
        (
            ("joints", 0, "indication", "policies", 0, "basis"), "verified",
            (LEFT, "AETNA CPB0016", "Met, applies, secondary source", "Met, applies, read at the source"),
        ),
    ],
)  # fmt: skip
def test_one_change_is_one_difference(path: tuple[Any, ...], to: Any, expected: tuple[str, ...]) -> None:
    found = change("classic-degenerative", *path, to=to)
    assert [(one.where, one.what, one.before, one.after) for one in found] == [expected]


def test_a_step_that_came_and_a_joint_that_went_are_told() -> None:
    before = answered("bilateral")
    after = {**before, "next": [], "joints": before["joints"][1:]}
    told = [(one.where, one.what) for one in differences(before, after)]
    assert told == [("Left joint", "Answered"), ("Patient", "Next step")]
