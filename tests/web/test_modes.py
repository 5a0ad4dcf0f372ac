"""Research is the default; clinic names who answers for it, how it was tried out here, and by which law."""

from __future__ import annotations

from typing import get_args

import pytest
from fastapi import FastAPI

from nutation.record.errors import InputError
from nutation.store import Store
from nutation.web import modes
from nutation.web.modes import FUNCTIONS, Function, Mode
from web.made import NOW, add_person, sign_in_as

NAMED = {"responsible": "Dr A. Lee", "validation": "40 cases, report of 2026-08-01", "legal_basis": "§ 1"}


def test_every_function_begins_in_research(store: Store) -> None:
    with store.read() as conn:
        assert modes.every(conn) == dict.fromkeys(FUNCTIONS, Mode())
    assert set(FUNCTIONS) == set(get_args(Function))
    assert Mode().mode == "research"


@pytest.mark.parametrize("left_out", list(NAMED))
def test_clinic_needs_all_three(store: Store, left_out: str) -> None:
    told = {**NAMED, left_out: "  "}
    with pytest.raises(InputError, match=modes.LABELS[left_out]), store.write() as conn:
        modes.switch(conn, "planning", "clinic", **told, by="lee", at=NOW)
    with store.read() as conn:
        assert modes.mode_of(conn, "planning") == Mode()


def test_a_switch_is_one_functions_and_what_was_before_is_kept(store: Store) -> None:
    with store.write() as conn:
        modes.switch(conn, "planning", "clinic", **NAMED, by="lee", at=NOW)
        modes.switch(conn, "planning", "research", responsible="ignored", by="ruiz", at=NOW)
        past = modes.history(conn, "planning")
        assert [(one.mode, one.responsible, one.by) for one in past] == [
            ("research", "", ""),
            ("clinic", "Dr A. Lee", "lee"),
            ("research", "", "ruiz"),
        ]
        assert modes.mode_of(conn, "planning") == past[-1]
        assert modes.mode_of(conn, "stability") == Mode()


def test_the_page(store: Store, app: FastAPI) -> None:
    client = sign_in_as(app, add_person(store, ["administrator"], shown="A. Min"))
    refused = client.post("/modes/planning", data={"mode": "clinic", **NAMED, "legal_basis": ""})
    assert refused.status_code == 422
    assert "40 cases, report of 2026-08-01" in refused.text  # what was typed is not lost
    assert client.post("/modes/planning", data={"mode": "clinic", **NAMED}).status_code == 303
    page = client.get("/modes").text
    assert "Planning: clinic" in page
    assert "Stability: research" in page
    assert "A. Min" in page
    assert client.post("/modes/nothing", data={"mode": "clinic", **NAMED}).status_code == 404
    assert client.post("/modes/planning", data={"mode": "other"}).status_code == 422
