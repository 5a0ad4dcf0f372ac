"""Page, picture and terminal text of a design search: the choice and its reasons, and nothing that is withheld."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from docs.words import NEVER_TO_A_PATIENT, NEVER_TO_ANYONE, found
from nutation.report import search_figure, search_html, search_terminal, search_told, stability_figures
from nutation.report.search_figure import Curve
from report import made_design
from report.test_plan_pages import text_of

ALL = ("flexion_extension", "lateral_bending", "axial_rotation")


def picture(document: dict[str, Any]) -> Curve:
    return search_figure.curve(document, search_told.told(document))


def page(document: dict[str, Any]) -> str:
    motion = stability_figures.motion_figure(document)
    return search_html.render(search_told.told(document), picture(document), motion)


def read(text: str) -> str:
    return unescape(text_of(text))


def terminal(document: dict[str, Any], width: int = 100) -> str:
    out = io.StringIO()
    search_terminal.render(search_told.told(document), Console(file=out, width=width))
    return re.sub(r"\s+", " ", out.getvalue())


@pytest.mark.parametrize("render", [terminal, lambda document: read(page(document))])
def test_the_choice_comes_first_with_what_it_rests_on_and_gives_up(render: Any) -> None:
    text = re.sub(r"\s+", " ", render(made_design.document()))
    assert "The search settles on “2 implants”: 2 × Test rod 7 mm, 50 and 45 mm long" in text
    assert "cannot be told apart from “plan”" in text
    assert "fewest, and then the shortest implants: 2 implants, 95 mm together" in text
    # what the choice gives up
    assert "“3 implants, more margin” has more margin (2.0 % of simulated executions over the grade" in text
    assert "holds less in every setting" in text
    assert text.index("settles on") < text.index("Motion less")
    # what was not solved is there, with the reason
    assert "3 implants, more purchase" in text
    assert "n 31.0 % of simulated executions an implant breaches" in text
    assert "no patient's risk" in text
    assert "no confidence interval" in text


@pytest.mark.parametrize("render", [terminal, lambda document: read(page(document))])
def test_what_it_is_not_is_said_and_words_are_kept(render: Any) -> None:
    text = re.sub(r"\s+", " ", render(made_design.document()))
    assert "no link between motion in such a model and relief has been shown" in text
    assert "Not for unsupervised clinical use" in text
    assert "the surgeon weighs margin against motion" in text
    assert not found(text, NEVER_TO_ANYONE)
    assert not found(text, NEVER_TO_A_PATIENT)


def test_percent_of_a_withheld_motion_stands_nowhere() -> None:
    shown = made_design.document(withheld=("lateral_bending",))
    base = shown["search"]["candidates"][0]["reduction_pct"]
    assert base["lateral_bending"] is None
    assert base["mean"] is None, "the mean rests on it"
    assert base["axial_rotation"]["base"] > 0
    assert shown["search"]["rests_on_withheld"] == ["lateral_bending"]
    for text in (terminal(shown), read(page(shown))):
        assert "place 1 of 4" in text
        assert "It rests on lateral bending too, whose degrees and percent are withheld" in text
    curve = picture(shown)
    assert "place 1" in curve.alt
    assert "less motion than intact" not in curve.alt


def test_the_picture_names_every_construct_and_is_the_same_each_time() -> None:
    shown = made_design.document()
    curve, again = picture(shown), picture(shown)
    assert curve == again
    for one in shown["search"]["candidates"]:
        assert f"{one['mark']}, {one['name']}: {100 * one['margin']['worst_share']:.1f} % over the grade" in curve.alt
    assert "chosen" in curve.alt
    assert "over the limit, not solved" in curve.alt
    assert curve.png.startswith(b"\x89PNG")
    drawn = ElementTree.fromstring(curve.svg)
    assert drawn.tag.endswith("svg")
    # Nothing in it points elsewhere, and no text hangs on the reader's fonts.
    text = curve.svg.decode()
    assert not re.search(r'(?:href|src)="(?!#)', text)
    assert "<text" not in text
    assert "<dc:date>" not in text


def test_letters_do_not_stand_on_points() -> None:
    at = [(10.0, 10.0), (12.0, 10.0), (200.0, 200.0)]
    assert search_figure._room((11.0, 10.0), at, (0, 0), (300, 300), 20.0) == pytest.approx(1.0)
    assert search_figure._room((100.0, 100.0), at, (0, 0), (300, 300), 20.0) == pytest.approx(32.0)
    assert search_figure._room((310.0, 10.0), at, (0, 0), (300, 300), 20.0) < 0


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_console(width: int) -> None:
    out = io.StringIO()
    search_terminal.render(search_told.told(made_design.document()), Console(file=out, width=width))
    assert max(map(len, out.getvalue().splitlines())) <= width


def test_hostile_names_stay_text() -> None:
    shown = made_design.document()
    shown["search"]["candidates"][0]["implants"][0]["system"] = "<script>x</script>"
    shown["patient"]["name"] = "<script>y</script>"
    assert "<script>" not in page(shown)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize(("width", "withheld"), [(390, ALL), (1400, ())])
def test_the_page_is_quiet_whole_and_fits(
    browser: Browser, tmp_path: Path, width: int, withheld: tuple[str, ...]
) -> None:
    file = tmp_path / "search.html"
    file.write_text(page(made_design.document(withheld=withheld)), "utf-8")
    shown = browser.new_page(viewport={"width": width, "height": 800})
    heard: list[str] = []
    shown.on("console", lambda message: heard.append(message.text))
    shown.on("pageerror", lambda error: heard.append(str(error)))
    shown.on(
        "request", lambda request: heard.append(request.url) if not request.url.startswith(("data:", "file:")) else None
    )
    shown.goto(file.as_uri())
    assert heard == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    shown.close()
