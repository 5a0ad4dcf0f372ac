"""The data files of codes: every row sourced and marked, and every value one that the events know."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import TypeAdapter

from nutation.record.fhir.tables import Row, table
from nutation.record.head import Event
from nutation.record.kinds import KINDS, DiagnosisCategory, Symptom

MARKED = (
    "sides",
    "body_sites",
    "observations",
    "answers",
    "units",
    "examinations",
    "conditions",
    "states",
    "procedures",
    "imaging",
    "medications",
    "relevant",
)
MARKS = {"verified", "secondary", "derived", "unverified"}


@pytest.mark.parametrize("name", MARKED)
def test_every_row_has_a_mark_and_a_citation_and_stands_once(name):
    rows = table(name).rows
    assert rows
    for row in rows:
        assert row["verified"] in MARKS, row
        assert row["citation"], row
        if row["verified"] in ("verified", "secondary"):
            assert "general knowledge" not in row["citation"], row
    keys = [
        tuple(cell for column, cell in row.cells.items() if column not in ("label", "verified", "citation"))
        for row in rows
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", ["conditions", "states", "procedures", "imaging", "observations", "medications"])
def test_a_code_stands_in_one_row(name):
    codes = [(row.system, row.code, row.prefix) for row in table(name).rows]
    assert len(set(codes)) == len(codes)


def fits(row: Row, kind: str, fields: dict) -> None:
    cls: type[Event] = KINDS[kind]
    for field, value in fields.items():
        assert field in cls.attribute_names(), (row, field)
        TypeAdapter(cls.model_fields[field].annotation).validate_python(value)


def test_what_a_row_sets_is_a_field_with_that_value():
    for row in table("procedures").rows:
        fits(row, row["kind"], row.pairs("set"))
    for row in table("states").rows:
        fits(row, row["kind"], row.pairs("set"))
    for row in table("imaging").rows:
        fits(row, "imaging", row.pairs("set"))
    for row in table("observations").rows:
        fits(row, row["kind"], row.pairs("says"))
        assert not row["field"] or row["field"] in KINDS[row["kind"]].attribute_names()
    for row in table("medications").rows:
        fits(row, "medication", {"drug_class": row["drug_class"] or None})
    for row in table("examinations").rows:
        assert row["field"] in KINDS["examination"].attribute_names()


def test_categories_and_symptoms_are_known():
    for row in table("conditions").rows:
        assert set(row.listed("categories")) <= set(get_args(DiagnosisCategory))
        assert set(row.listed("flags")) <= {"onset", "person", "trauma", "trauma_major"}
    assert {row["symptom"] for row in table("allergies").rows} <= set(get_args(Symptom))
    findings = table("imaging").extra["findings"]
    assert set(findings) <= set(get_args(DiagnosisCategory))
    assert set(findings.values()) <= set(KINDS["imaging"].attribute_names())


def test_no_descriptor_of_a_procedure_code_is_shipped():
    # CPT's descriptors belong to the American Medical Association: our labels are a few words of our own.
    for name in ("procedures", "imaging"):
        for row in table(name).rows:
            if row.system == "cpt":
                assert len(row["label"].split()) <= 5
