"""The operation sheet: side big and in words, a draft unless a person has spoken, every clinical line with its mark."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Any

import numpy as np
import pypdf
import pytest

from nutation.evidence import load
from nutation.report import operation_sheet
from nutation.report.confirmation import Confirmation
from report import made_plan as made
from report.test_plan_pages import NEVER, pictures, told

ON = date(2026, 9, 1)
STATED = Confirmation("left", frozenset({"S1", "S2"}), "Dr A. Surgeon", ON)
APPROACHES = ("lateral", "inline", "posterior", "posterolateral", "s2ai")


def text_of(content: bytes) -> list[str]:
    return [re.sub(r"\s+", " ", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def sheet(confirmed: Confirmation | None = STATED, **changed: Any) -> list[str]:
    pelvis = changed.pop("pelvis", made.pelvis())
    one = told()
    views = one["views"]
    return text_of(
        operation_sheet.pdf(
            changed.pop("plan", made.plan()),
            pelvis,
            made_on=ON,
            confirmed=confirmed,
            views=views,
            pictures=pictures(one),
            **changed,
        )
    )


def test_side_levels_and_person_stand_on_every_page() -> None:
    pages = sheet()
    assert 1 <= len(pages) <= 3
    for page in pages:
        assert "LEFT sacroiliac joint" in page
        assert "Miriam Aldaya" in page
        assert "DRAFT" not in page
    assert "LEFT sacroiliac joint S1 and S2" in pages[0]
    assert "Side and levels stated by Dr A. Surgeon on 1 September 2026" in pages[0]


@pytest.mark.parametrize(
    ("confirmed", "pelvis"), [(None, made.pelvis()), (STATED, made.pelvis(made.source(patient_id="", patient_name="")))]
)
def test_a_draft_says_so_on_every_page(confirmed: Confirmation | None, pelvis: Any) -> None:
    """Unconfirmed, or of nobody in particular."""
    assert all("DRAFT" in page for page in sheet(confirmed, pelvis=pelvis))


def test_entries_are_told_from_the_spine() -> None:
    """The first entry (54, 4, 20) from the left PSIS (40, 26, 4): 22 mm in front, 16 mm above."""
    model = operation_sheet.model(made.plan(), made.pelvis(), made_on=ON, confirmed=STATED)
    assert model["entries"][0]["from_psis"] == "22 mm in front, 16 mm above"
    assert model["entries"][0]["joint_at"] == "32 mm deep"
    assert "Between both PSIS: 80 mm." in model["landmarks"]
    between = np.linalg.norm(np.array([40.0, 26.0, 4.0]) - np.array([100.0, -70.0, 30.0]))
    assert f"(ASIS): {between:.0f} mm." in model["landmarks"][0]


def test_a_round_section_needs_no_broach() -> None:
    from dataclasses import replace

    plan = made.plan()
    first = plan.implants[0]
    screw = replace(first, implant=replace(first.implant, size=replace(first.implant.size, section="circle")))
    model = operation_sheet.model(made.plan(implants=(screw, *plan.implants[1:])), made.pelvis(), made_on=ON,
                                  confirmed=STATED)  # fmt: skip
    steps = [[row["step"] for row in step["rows"]] for step in model["steps"]]
    assert "Broach" not in steps[0]
    assert "Broach" in steps[1]


@pytest.mark.parametrize("approach", APPROACHES)
def test_every_approach_has_every_section(approach: str) -> None:
    model = operation_sheet.model(made.plan(approach=approach), made.pelvis(), made_on=ON, confirmed=STATED)
    for section in ("preparation", "anaesthesia", "positioning", "access", "stop", "graft", "closure", "monitoring"):
        assert model[section], f"{approach} has no {section}"
        assert not NEVER.search(" ".join(row["text"] for row in model[section]))
        assert "{" not in " ".join(row["text"] for row in model[section])
    assert all(step["rows"] for step in model["steps"])


def test_every_line_of_the_document_is_cited_and_marked() -> None:
    plain: Any = load().document(operation_sheet.DOCUMENT).plain
    rows = [row for section in plain.values() if isinstance(section, list) for row in section]
    assert len(rows) > 40
    assert all(row["citation"] and row["verified"] for row in rows)
    known = {name for row in rows for name in row.get("approaches", ())}
    assert known == set(APPROACHES)


def test_a_view_that_cannot_be_given_is_named() -> None:
    pages = sheet(views_missing=("True lateral",))
    assert "This pelvis cannot give: True lateral" in " ".join(pages)


def test_the_record_is_on_the_sheet() -> None:
    record = {"patient": "ex-1", "label": "Miriam Aldaya", "action": "Plan the operation",
              "facts": [{"what": "Allergy to metal", "said": "standing"}]}  # fmt: skip
    assert "Allergy to metal standing" in sheet(record=record)[0]
