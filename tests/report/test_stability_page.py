"""The page and the terminal text of a study: the order first, words that may be used, nothing that is withheld."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from docs.words import NEVER_TO_A_PATIENT, NEVER_TO_ANYONE, found
from nutation.report import stability_figures, stability_html, stability_terminal, stability_told
from nutation.report.stability_figures import Figure
from nutation.stability.document import tell_study
from nutation.stability.study import Study
from report import made_plan, made_study
from report.test_plan_pages import text_of


def document(study: Study | None = None, other: Study | None = None) -> dict[str, Any]:
    pelvis = made_plan.pelvis()
    plans = dict.fromkeys(made_study.LEFT, "plan.json")
    beside = None if other is None else tell_study(other, pelvis)
    return {**tell_study(study or made_study.study(), pelvis, plans=plans), "other_joint": beside}


def page(study: Study | None = None, other: Study | None = None, figures: tuple[Figure, ...] = ()) -> str:
    return stability_html.render(stability_told.told(document(study, other)), figures)


def terminal(study: Study | None = None, width: int = 100) -> str:
    out = io.StringIO()
    stability_terminal.render(stability_told.told(document(study)), Console(file=out, width=width))
    return out.getvalue()


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("render", [terminal, lambda: text_of(page())])
def test_the_order_is_said_before_any_degree(render: Any) -> None:
    text = flat(render())
    order = text.index("For this pelvis the plan (not told apart from alternative 1) holds the joint best")
    assert order < text.index("°")
    assert "then the plan without implant 2" in text
    assert "Not distinguishable: the plan and alternative 1" in text


def test_a_group_does_not_hide_that_two_of_it_are_told_apart() -> None:
    told_of = document()
    untold, better = "not_distinguishable", "holds_better"
    told_of["order"]["groups"] = [["plan", "alternative 1", "without implant 2"]]
    for pair, verdict in zip(told_of["order"]["pairs"], (untold, untold, better), strict=True):
        pair["overall"] = verdict
    said = stability_told.told(told_of)["joints"][0]["answer"]
    assert (
        said["said"]
        == "For this pelvis the plan cannot be told apart from alternative 1 and the plan without implant 2"
    )
    assert "Within one place alternative 1 holds better than the plan without implant 2." in said["reason"]


def test_none_told_apart_is_an_answer() -> None:
    text = flat(terminal(made_study.study({"a": 0.50, "b": 0.505})))
    assert "For this pelvis a and b cannot be told apart" in text
    assert "holds the joint best" not in text
    assert "Survives the sweep: no" in text


@pytest.mark.parametrize("render", [terminal, lambda: text_of(page())])
def test_degrees_stand_beside_finite_elements_and_cadavers(render: Any) -> None:
    text = flat(render())
    for published in ("Lindsey 2018", "Lindsey 2015", "Lindsey 2014", "Soriano-Baron 2015", "cadavers"):
        assert published in text
    assert "finite elements" in text
    assert "73 %" in text
    assert "27 ± 24 %" in text
    assert "ensitivity range" in text
    assert "no confidence interval" in text


@pytest.mark.parametrize("render", [terminal, lambda: text_of(page())])
def test_what_it_is_not_is_said(render: Any) -> None:
    text = flat(render())
    for words in (
        "Not for unsupervised clinical use",
        "day of the operation",
        "fusion is not modelled",
        "Whether fusion is warranted",
        "what weight the leg may bear",
        "no link between motion in such a model and relief has been shown",
        "slide along it",
    ):
        assert words in text, words
    assert not found(text, NEVER_TO_ANYONE)
    assert not found(text, NEVER_TO_A_PATIENT)


@pytest.mark.parametrize("render", [terminal, lambda study: text_of(page(study))])
def test_standing_says_who_holds_better_under_which_load_and_nothing_of_weight(render: Any) -> None:
    text = flat(render(made_study.study(stance=True)))
    for words in (
        "what is ordered is so under 2 of 3 loads, and not under: walking, left leg",
        "vertical compression, 600 N; both legs",
        "It says nothing of what weight the leg may bear",
        "read it with that doubt",
        "models of many pelvises (unpublished) turn by 0.813 to 1.109°",
        "Degrees and percent are withheld under walking, left leg",
    ):
        assert words in text, words
    assert not found(text, NEVER_TO_ANYONE)
    assert "Standing and walking" not in flat(render(made_study.study()))


def test_the_page_says_for_whom_it_is_not() -> None:
    assert "not for the patient, not for a payer" in text_of(page())


def test_an_order_of_one_setting_is_not_given() -> None:
    for text in (terminal(made_study.study(swept=False)), text_of(page(made_study.study(swept=False)))):
        assert "No order is given: only base values were asked and nothing was swept" in flat(text)
        assert "holds the joint best" not in flat(text)
        assert "holds better" not in flat(text)


def test_a_withheld_motion_shows_no_degrees_of_it() -> None:
    study = made_study.study(withheld=("flexion_extension",))
    shown, text = document(study), text_of(page(study))
    assert "withheld" in text
    assert "9.00°" not in text
    assert shown["order"]["given"]
    assert "It rests on flexion and extension too, whose degrees are withheld" in text
    assert "9.00" not in flat(terminal(study))
    drawn = stability_figures.figures(shown)
    assert "flexion and extension: withheld" in drawn[0].alt
    assert "mean of the three: withheld" in drawn[1].alt


def test_unverified_figures_are_marked() -> None:
    text = page()
    assert 'class="mark mark-unverified"' in text
    assert "How bone holds a press-fit implant on the day of the operation" in text
    assert "Unverified figures that it rests on" in text


def test_every_section_says_whose_and_which_side() -> None:
    text = page()
    line = "Miriam Aldaya · T-100 · LEFT sacroiliac joint · CT of 3 August 2026"
    assert text.count(line) >= text.count("<section")
    assert "BOTH sacroiliac joints" in page(made_study.study({}), made_study.study({}, side="right"))


def test_hostile_text_stays_text() -> None:
    told = stability_told.told(document(made_study.study({"<script>x</script>": 0.4, "b": 0.7})))
    assert "<script>" not in stability_html.render(told)


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_console(width: int) -> None:
    assert max(map(len, terminal(width=width).splitlines())) <= width


def test_figures_tell_themselves_in_words() -> None:
    motion, difference = stability_figures.figures(document())
    assert "lateral bending, plan: 0.24°" in motion.alt
    assert "cannot be told apart" in difference.alt
    assert "holds better" in difference.alt
    assert all(one.png.startswith(b"\x89PNG") for one in (motion, difference))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("which", ["order", "quick", "withheld", "intact", "standing"])
def test_the_page_is_quiet_whole_and_fits(browser: Browser, tmp_path: Path, width: int, which: str) -> None:
    study, other = {
        "order": (made_study.study(), None),
        "quick": (made_study.study(swept=False), None),
        "withheld": (made_study.study(withheld=("flexion_extension", "lateral_bending", "axial_rotation")), None),
        "intact": (made_study.study({}), made_study.study({}, side="right")),
        "standing": (made_study.study(stance=True), None),
    }[which]
    file = tmp_path / "stability.html"
    file.write_text(page(study, other, stability_figures.figures(document(study, other))), "utf-8")
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
