"""What every page has in common: styles taken from the case page, nothing inline, words that are never used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.words import NEVER_TO_ANYONE, found
from nutation.web import islands_build, look
from nutation.web.rendering import TEMPLATES

STATIC = TEMPLATES.parent / "static"
OURS = sorted(TEMPLATES.glob("*.j2"))


def test_the_case_is_styled_as_on_the_case_page() -> None:
    known = set((look.REPORT_TEMPLATES / "case.css").read_text("utf-8").splitlines())
    for line in (STATIC / "case.css").read_text("utf-8").splitlines()[1:]:
        assert line in known, line


def test_the_colours_are_those_of_the_case_page() -> None:
    names = re.compile(r"(--[\w-]+: #[0-9a-f]{6});")
    pages = (STATIC / "clinic.css").read_text("utf-8")
    case = (look.REPORT_TEMPLATES / "case.css").read_text("utf-8")
    assert names.findall(pages) == names.findall(case)


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_no_template_holds_a_script_a_style_or_a_handler(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "<script" not in text
    assert "<style" not in text
    assert " style=" not in text
    assert not re.search(r"\son(click|load|submit|change|error|input|focus)=", text)
    assert "| safe" not in text or file.name == "enrol.html.j2"


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_words_that_promise_too_much_are_on_no_page(file: Path) -> None:
    text = re.sub(r"\{[{%#].*?[%#}]\}", " ", file.read_text("utf-8"), flags=re.S)
    assert found(text, NEVER_TO_ANYONE) == []


def test_messages_have_fixed_words() -> None:
    assert look.message("saved") == "Saved."
    assert look.message("<b>") == look.message(None) == ""


def test_without_built_scripts_pages_ask_for_none_and_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(islands_build, "BUILT", tmp_path / "built")
    assert look.island("clinic") == ""
    assert look.without_scripts() == "The scripts of the pages are not built."
