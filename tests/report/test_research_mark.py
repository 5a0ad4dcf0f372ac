"""Every output of the research mode says that it is one, and that it is not for unsupervised clinical use."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from rich.console import Console

from nutation.case import NOTICE, build_case, document
from nutation.record.reading import read_record
from nutation.report import fhir_out, html, readiness, submission, terminal

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return document(build_case(read_record(EXAMPLES / "classic-degenerative"), as_of=date(2026, 9, 1)))


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_output_carries_it(told: dict[str, Any]) -> None:
    assert "research mode" in NOTICE
    assert "not for unsupervised clinical use" in NOTICE
    assert (told["mode"], told["notice"]) == ("research", NOTICE)

    page = Console(file=io.StringIO(), width=100)
    terminal.render(told, page)
    assert NOTICE in words(page.file.getvalue())  # type: ignore[attr-defined]  # a StringIO

    assert "not for unsupervised clinical use" in words(html.render(told))

    for sheet in PdfReader(io.BytesIO(readiness.pdf(told))).pages:
        assert "not for unsupervised clinical use" in words(sheet.extract_text())
    draft = PdfReader(io.BytesIO(submission.pdf(told, "AETNA_CPB0016", "left")))
    assert all("Draft" in sheet.extract_text() or "DRAFT" in sheet.extract_text() for sheet in draft.pages)

    for entry in fhir_out.bundle(told)["entry"]:
        tags = entry["resource"]["meta"]["tag"]
        assert any("research" in str(tag).lower() for tag in tags), entry["resource"]["resourceType"]
