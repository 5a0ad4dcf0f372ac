"""What a researcher sees holds no name and nothing that somebody typed, on every example patient."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from nutation.case import build_case, document
from nutation.record.fields import shapes
from nutation.record.reading import read_record
from nutation.store import Store, answers, ledger, patients, worklist
from nutation.store.worklist import Row
from nutation.web.without_names import CODED, HIDDEN, document_without_names, row_without_names
from web.made import NOW, add_person, sign_in_as

PATIENT = "0123456789abcdef0123456789abcdef"
AS_OF = date(2026, 9, 1)
NAMES = ("classic-degenerative", "bilateral")


def told_of(examples: Path, name: str) -> dict[str, Any]:
    record = read_record(examples / name)
    return document(build_case(record, as_of=AS_OF))


def typed(told: dict[str, Any]) -> set[str]:
    """Everything that somebody typed, found by another way than the code goes: by the fields' own shapes."""
    found = {told["label"], told["patient"]}
    for event in told["events"]:
        found |= {event[name] for name in ("author", "note", "source", "encounter")}
        fields = shapes(event["kind"])
        found |= {v for k, v in event["values"].items() if fields[k].takes == "text" and k not in CODED}
    return {text for text in found if text}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_typed_is_left(examples: Path, name: str) -> None:
    told = told_of(examples, name)
    secret = typed(told)
    assert any("Dr" in text for text in secret)
    plain = document_without_names(told, PATIENT)
    left = json.dumps(plain, ensure_ascii=False)
    public = {one["publisher"] for joint in told["joints"] for one in joint["indication"]["policies"]}
    for text in secret - public:
        assert text not in left, text
    assert all("payer" not in event["values"] for event in plain["events"])
    born = next((event["happened"]["text"] for event in told["events"] if event["kind"] == "person"), None)
    assert born is not None
    assert born not in left
    assert born[:4] in left
    assert plain["label"] == "Patient 01234567"
    assert told == told_of(examples, name)  # what was handed over is untouched


def test_what_answers_the_questions_stays(examples: Path) -> None:
    told = told_of(examples, "classic-degenerative")
    plain = document_without_names(told, PATIENT)
    for kept in ("recommendation", "versions", "sources", "marks", "laterality"):
        assert plain[kept] == told[kept]
    assert [step["id"] for step in plain["next"]] == [step["id"] for step in told["next"]]
    for before, after in zip(told["joints"], plain["joints"], strict=True):
        assert after["evaluation"]["probability"] == before["evaluation"]["probability"]
        policies = [(one["id"], one["verdict"]) for one in before["indication"]["policies"]]
        assert [(one["id"], one["verdict"]) for one in after["indication"]["policies"]] == policies
        assert HIDDEN in after["gate"]["basis"]  # by whom it was asked
    assert [event["id"] for event in plain["events"]] == [event["id"] for event in told["events"]]


def test_a_name_hidden_in_a_code_or_a_sentence(examples: Path) -> None:
    told = told_of(examples, "classic-degenerative")
    event = next(event for event in told["events"] if "code" in event["values"])
    event["values"]["code"] = "seen with Mrs Aldaya"
    event["note"] = "ok"
    told["warnings"] = ["MIRIAM ALDAYA (FICTIONAL) has the number 4711-Z and it looks ok."]
    plain = document_without_names(told, PATIENT, known=["4711-Z"])
    left = json.dumps(plain)
    assert "Aldaya" not in left
    assert plain["warnings"] == [f"{HIDDEN} has the number {HIDDEN} and it looks ok."]


def test_the_pages_of_a_researcher(store: Store, app: FastAPI, examples: Path) -> None:
    told = told_of(examples, "classic-degenerative")
    with store.write() as conn:
        patient = patients.add(conn, told["label"], by="test", at=NOW, identifiers=[("urn:mrn", "4711-Z")])
        made = {"events_head": ledger.head(conn, patient), "as_of": AS_OF, "versions": told["versions"]}
        answers.keep(conn, patient, **made, document=told, made_at=NOW)
        row = Row(patient, "left", told["label"], "x", "decision", 4, "clear", "ask", "Dr X", "surgeon", AS_OF, NOW)
        worklist.put(conn, patient, [row])
        merged = patients.add(conn, "Without Answer", by="test", at=NOW)
    client = sign_in_as(app, add_person(store, ["researcher"]))
    listed, page = client.get("/research/worklist"), client.get(f"/research/patients/{patient}")
    assert (listed.status_code, page.status_code) == (200, 200)
    assert patient[:8] in listed.text
    assert "AETNA" in page.text
    for text in ("Aldaya", "Halvorsen", "Iyer", "4711-Z", "Dr X", "1972-04-11", "Ordered at this visit"):
        assert text not in listed.text + page.text, text
    assert client.get(f"/research/patients/{merged}").status_code == 404
    assert client.get(f"/research/patients/{'0' * 32}").status_code == 404
    assert client.get("/account").status_code == 200


def test_a_line_of_the_worklist() -> None:
    row = Row(PATIENT, "left", "M. Aldaya", "4711", "evaluation", 1, "clear", "ask", "Dr X", "surgeon", AS_OF, NOW)
    plain = row_without_names(row)
    assert (plain.label, plain.search, plain.patient) == ("Patient 01234567", "", PATIENT)
    assert "Dr X" not in plain.waits_for
