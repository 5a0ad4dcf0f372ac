"""The plan's page, report and terminal text say the same, in words, with what is unknown as unknown."""

from __future__ import annotations

import io
import re
import struct
import zlib
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pypdf
import pytest
from rich.console import Console

from nutation.anatomy.pelvis import Pelvis
from nutation.planning.plan import Plan
from nutation.planning.views import views_of
from nutation.report import operation_sheet, plan_html, plan_pdf, plan_terminal, plan_told, plan_views, plan_words
from nutation.report.confirmation import Confirmation, missing
from nutation.report.plan_told import Picture
from report import made_plan as made

ON = date(2026, 9, 1)
NEVER = re.compile(r"\b(safe|safely|optimal|ruled out|candidate|guaranteed)\b", re.IGNORECASE)


def png(width: int = 8, height: int = 6) -> bytes:
    """A white picture, made by hand."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + b"\xff" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def told(plan: Plan | None = None, **changed: Any) -> dict[str, Any]:
    plan = plan or made.plan(basis=("a text of its own",))
    pelvis = changed.pop("pelvis", made.pelvis())
    implants = tuple(planned.implant for planned in plan.implants)
    views = plan_views.told(views_of(pelvis, plan.side, plan.approach, implants=implants))
    return plan_told.told(plan, pelvis, made_on=ON, views=views, seed=7, **changed)


def pictures(one: dict[str, Any]) -> tuple[Picture, ...]:
    drawn = [Picture(f"implant-{row['number']}", f"{row['number']}. {row['position']}", "Slices", "", "slices in words",
                     png()) for row in one["implants"]]  # fmt: skip
    views = [Picture(v["id"], f"view {v['id']}", v["title"], "", f"{v['title']} in words", png()) for v in one["views"]]
    return (*drawn, *views, Picture("levels", "levels", "Levels", "", "levels in words", png()))


class _Shape(HTMLParser):
    """What a reader's software goes by: headings, pictures, header cells, targets of links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.alts: list[str | None] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tables = self.scopes = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.alts.append(given.get("alt"))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and str(given.get("href", "")).startswith("#"):
            self.links.append(str(given["href"])[1:])
        self.tables += tag == "table"
        self.scopes += tag == "th" and given.get("scope") is not None


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)))


def test_every_section_says_whose_and_which_side() -> None:
    one = told()
    page = plan_html.render(one, pictures(one))
    shape = _Shape(page)
    assert (
        page.count("Miriam Aldaya · T-100 · LEFT sacroiliac joint · CT of 3 August 2026") >= page.count("<section") - 1
    )
    assert shape.headings[0] == 1
    assert shape.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(shape.headings, shape.headings[1:], strict=False))
    assert shape.alts
    assert all(shape.alts)
    assert set(shape.links) <= set(shape.ids)
    assert len(set(shape.ids)) == len(shape.ids)
    assert "Not for unsupervised clinical use" in page


def test_what_is_unknown_is_said_and_never_a_number() -> None:
    """The made plan has the S2 foramen unknown for each of three implants."""
    page = text_of(plan_html.render(told()))
    assert page.count("unknown") >= 3
    assert "that is not a large clearance" in page
    assert "it is not a patient's risk" in page


def test_the_answer_itself_names_what_the_input_does_not_show() -> None:
    """A reader of the first lines alone must not take a plan for judged against a structure that nobody saw."""
    what = "Not shown by the input, so not judged"
    plan, without_ct = made.plan(), made.pelvis()
    shown = tuple(
        replace(p, clearance=replace(p.clearance, unknown=frozenset()), margin=replace(p.margin, unknown=frozenset()))
        for p in plan.implants
    )
    seen = replace(plan, implants=shown)
    scanned = replace(without_ct, hu=np.zeros(without_ct.labels.shape, dtype=np.float32))

    def said(of: Plan, pelvis: Pelvis) -> str | None:
        return {row["what"]: row["said"] for row in told(of, pelvis=pelvis)["answer"]["facts"]}.get(what)

    assert said(plan, scanned) == "S2 foramen"
    assert said(seen, scanned) is None
    # A fused joint shows on a fine CT alone.
    fused = "whether the joint is fused already"
    assert said(plan, without_ct) == f"S2 foramen, {fused}"
    assert (
        said(replace(seen, warnings=("Slices are 3 mm apart: bridging of the joint was not judged.",)), scanned)
        == fused
    )


def test_a_person_s_word_ends_the_warnings_that_ask_for_it() -> None:
    asks = "Levels S1 and S2 are proposed by the software; a person has to confirm them."
    plan = made.plan(warnings=(asks, "Slices are 3 mm apart."))
    stated = Confirmation("left", frozenset({"S1", "S2"}), "Dr A", ON)
    assert asks in told(plan)["warnings"]
    assert asks in told(plan, confirmed=replace(stated, side="right"))["warnings"]
    settled = told(plan, confirmed=stated)["warnings"]
    assert asks not in settled
    assert "Slices are 3 mm apart." in settled
    sheet = operation_sheet.model(plan, made.pelvis(), made_on=ON, confirmed=stated)
    assert asks not in sheet["warnings"]
    assert asks in operation_sheet.model(plan, made.pelvis(), made_on=ON, confirmed=None)["warnings"]


def test_a_lean_says_against_what() -> None:
    """The detector leans otherwise against the pelvis than on the table: two unlike angles need their frames."""
    for view in told()["views"]:
        assert ("leaning" in view["from"]) == ("against the pelvis's own front plane" in view["from"])
    assert any("leaning" in view["from"] for view in told()["views"])


def test_no_plan_within_the_limit_leads_and_bars_the_sheet() -> None:
    over = made.plan(verdict="no_plan_within_limit", reason="every construct breaches more often than 5 %")
    one = told(over, confirmed=Confirmation("left", frozenset({"S1", "S2"}), "Dr A", ON))
    assert one["answer"]["said"] == "No plan within the limit"
    assert "not to be carried out" in one["sheet"]["missing"][0]
    assert "Every construct breaches" in text_of(plan_html.render(one))


def test_a_plan_without_implants_can_be_shown() -> None:
    none = made.plan(verdict="no_plan_within_limit", implants=(), spacing_mm=(), corridors={}, reason="no line found")
    one = told(none)
    assert "No implant is shown" in plan_html.render(one)
    assert plan_pdf.pdf(one).startswith(b"%PDF")
    assert one["structures"] == []


def test_the_input_is_escaped_and_runs_nothing() -> None:
    pelvis = made.pelvis(made.source(patient_name="<script>alert(1)</script>", described="<img src=x onerror=1>"))
    one = told(pelvis=pelvis)
    page = plan_html.render(one, [Picture("x", "slices", "<b>", "", '"><script>', png())])
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "default-src &#39;none&#39;" in page


def test_no_word_that_nobody_may_be_told() -> None:
    one = told()
    page = text_of(plan_html.render(one, pictures(one)))
    assert NEVER.findall(page) == []


def test_the_sources_are_cited_with_their_marks() -> None:
    one = told()
    assert ["KAM23"] in [row["citation"] for row in one["basis"]]
    page = plan_html.render(one)
    assert "a text of its own" in page
    assert "read at the source" in page
    assert "unverified" in page
    assert "Biomechanics 2023;3:511" in page


@pytest.mark.parametrize(
    ("confirmed", "open_points"),
    [
        (None, 2),
        (Confirmation("left", frozenset({"S1", "S2"}), "Dr A", ON), 0),
        (Confirmation("right", frozenset({"S1", "S2"}), "Dr A", ON), 1),
        (Confirmation("left", frozenset({"S1"}), "Dr A", ON), 1),
        (Confirmation("left", frozenset({"S1", "S2"}), "  ", ON), 2),
    ],
)
def test_a_sheet_needs_side_and_levels_from_a_named_person(confirmed: Confirmation | None, open_points: int) -> None:
    assert len(missing(made.plan(), made.source(), confirmed)) == open_points


def test_an_implant_outside_the_levels_told_apart_needs_a_word_of_its_own() -> None:
    plan = made.plan()
    last = replace(plan.implants[-1], level=None)
    plan = replace(plan, implants=(*plan.implants[:-1], last))
    both = Confirmation("left", frozenset({"S1", "S2"}), "Dr A", ON)
    assert any("ends outside S1 and S2" in text for text in missing(plan, made.source(), None))
    assert ["ends outside S1 and S2" in text for text in missing(plan, made.source(), both)] == [True]
    assert missing(plan, made.source(), replace(both, levels=frozenset({"S1", "S2", "S3"}))) == ()
    facts = {row["what"]: row["said"] for row in told(plan)["answer"]["facts"]}
    assert "outside these" in facts["Levels"]


def test_a_first_look_is_never_headed_as_a_plan() -> None:
    one = told(rough_bones=True)
    assert one["answer"]["verdict"] == "first_look"
    page = text_of(plan_html.render(one))
    assert "A first look at outlines that are too coarse" in page
    assert "A plan within the limit was found" not in page
    assert plan_pdf.pdf(one).startswith(b"%PDF")


def test_bones_of_a_first_look_give_no_sheet() -> None:
    stated = Confirmation("left", frozenset({"S1", "S2"}), "Dr A", ON)
    assert any("too coarse" in line for line in missing(made.plan(), made.source(), stated, rough_bones=True))


def test_an_unverified_side_is_named_as_missing() -> None:
    found = missing(made.plan(), made.source(orientation="unverified"), None)
    assert any("does not say which side is left" in line for line in found)


def test_the_report_as_pdf_says_the_same() -> None:
    one = told()
    reader = pypdf.PdfReader(io.BytesIO(plan_pdf.pdf(one, pictures(one))))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))
    assert "LEFT sacroiliac joint" in text
    assert "A plan within the limit was found" in text
    assert "S1 foramen" in text
    assert sum(len(page.images) for page in reader.pages) == len(pictures(one))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_the_terminal_says_the_answer_first_and_stays_ascii_where_it_must() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    plan_terminal.render(told(), Console(file=file, width=100))
    file.seek(0)
    text = file.read()
    assert text.index("LEFT sacroiliac joint") < text.index("A plan within the limit") < text.index("Warnings")
    assert "S2 foramen" in text
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize(("value", "said"), [(4.24, "4.2 mm"), (-1.26, "−1.3 mm"), (-0.04, "0.0 mm"), (0.0, "0.0 mm")])
def test_millimetres(value: float, said: str) -> None:
    assert plan_words.mm(value) == said


def test_shares_are_never_nothing_and_never_all() -> None:
    """4,000 simulations without a breach bound its share by 3/4,000 = 0.075 %: told as under 0.5 %."""
    assert plan_words.share(0.0, 0.0) == "under 0.5 %"
    assert plan_words.share(1.0, 0.0) == "over 99 %"
    assert plan_words.share(0.18, 0.006) == "18 % ± 0.6"


def test_directions_and_points_in_words() -> None:
    """x to the left, y backwards, z up: inwards from the left, 10 degrees forwards is y = -tan 10."""
    down = np.array([-1.0, -np.tan(np.radians(10)), -np.tan(np.radians(5))])
    assert plan_words.heading(down) == "10° forwards, 5° downwards"
    assert plan_words.heading(np.array([-1.0, 0.0, 0.0])) == "straight across"
    assert plan_words.point(np.array([-12.34, -5.0, 100.0])) == "R 12.3, A 5.0, S 100.0"
    assert plan_words.offset(np.array([0.0, -22.4, -3.0])) == "22 mm in front, 3 mm below"
    assert plan_words.person("Aldaya^Miriam^J") == "Miriam J Aldaya"
    assert plan_words.position("s1_upper") == "S1, upper"
