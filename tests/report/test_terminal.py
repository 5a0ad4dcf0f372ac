"""The terminal page: the gate first, readable from 80 columns, plain in a pipe, closed to what a record may carry."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from docs.words import NEVER_TO_ANYONE, found
from nutation.report import terminal
from nutation.report.terminal_joint import bar
from report.answered_examples import NAMES, answered
from report.test_html import poisoned, small

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def piped(document: dict[str, object], width: int = 100) -> str:
    written = io.StringIO()
    terminal.render(document, Console(file=written, width=width))
    return written.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_every_example_makes_a_page_that_is_plain_in_a_pipe(name: str) -> None:
    text = piped(answered(name))
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert not found(text, NEVER_TO_ANYONE)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_console_nor_than_120(width: int) -> None:
    for name in ("bilateral", "septic-sacroiliitis", "discordant-policies"):
        assert max(len(line) for line in piped(answered(name), width).splitlines()) <= min(width, 120), name


def test_the_order_is_gate_action_source_fusion_next_basis() -> None:
    text = piped(answered("one-block-only"))
    parts = (
        "Safety gate", "Recommended action", "is it the source of the pain?", "What speaks against",
        "What is not known", "is fusion warranted?", "Next steps, in order", "Basis",
    )  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_the_notice_stands_at_the_top() -> None:
    told = answered("one-block-only")
    top = " ".join(piped(told).split())[:600]
    assert told["notice"] in top


def test_a_silent_record_is_not_screened_and_says_what_to_ask() -> None:
    # silent-infection: nobody asked about fever; silence is never "clear".
    text = piped(answered("silent-infection"))
    gate = text[text.index("Safety gate") : text.index("Recommended action")]
    assert "Not screened" in gate
    assert "Clear" not in gate
    assert "fever" in gate


def test_a_clear_gate_says_who_asked_and_when() -> None:
    text = " ".join(piped(answered("classic-degenerative")).split())
    assert "Clear. Asked on 1 Sep 2026 by Dr R. Halvorsen, orthopaedic surgeon, none reported." in text


def test_both_joints_of_a_bilateral_case_are_told_under_one_action() -> None:
    text = piped(answered("bilateral"))
    assert text.count("is it the source of the pain?") == 2
    assert text.count("Recommended action") == 1


def test_colour_says_nothing_that_words_do_not() -> None:
    told = answered("septic-sacroiliitis")
    written = io.StringIO()
    terminal.render(told, Console(file=written, width=100, force_terminal=True, color_system="standard"))
    coloured = written.getvalue()
    assert "\x1b[" in coloured
    stripped = "\n".join(line.rstrip() for line in ESCAPES.sub("", coloured).splitlines())
    assert stripped.strip() == piped(told).strip()


def test_a_console_without_unicode_gets_ascii() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    terminal.render(answered("discordant-policies"), Console(file=file, width=90))
    file.flush()
    text = raw.getvalue().decode("ascii")
    assert "O" in text
    assert "Safety gate" in text


def test_control_characters_of_a_record_never_reach_a_terminal() -> None:
    # A note could clear the screen, retitle the window or write over the gate.
    told = answered("one-block-only")
    told["label"] = "\x1b]0;owned\x07\x1b[2J\x9b31mName\r\u202eemaN"
    told["warnings"] = ["\x1b[8mhidden\x1b[0m [red]markup[/red] :smiley:"]
    written = io.StringIO()
    terminal.render(told, Console(file=written, width=100, force_terminal=True, color_system="standard"))
    rest = ESCAPES.sub("", written.getvalue())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", rest)
    assert "[red]markup[/red] :smiley:" in rest
    assert "\x1b[8m" not in written.getvalue()


def test_rich_markup_in_any_text_stays_text() -> None:
    told = poisoned(small(), None)
    text = " ".join(piped(told, 120).split())
    assert "<script>alert(1)</script>" in text


def test_a_probability_that_is_withheld_is_said_to_be() -> None:
    told = answered("fused-recurrent-pain")
    text = " ".join(piped(told).split())
    assert f"No probability is given. {told['joints'][0]['evaluation']['withheld']}" in text


@given(st.tuples(*[st.floats(0, 1)] * 3).map(sorted), st.integers(5, 60))
def test_a_bar_is_as_wide_as_asked_and_shows_its_median_inside_its_interval(shares: list[float], width: int) -> None:
    low, median, high = shares
    drawn = bar({"low": low, "median": median, "high": high}, width)
    assert len(drawn) == width
    assert drawn.count("●") == 1
    place = drawn.index("●")
    assert round(low * (width - 1)) <= place <= round(high * (width - 1))
    assert set(drawn) <= set("·─├┤●")


def test_long_lists_are_cut_and_a_question_of_both_joints_is_asked_once() -> None:
    told = answered("bilateral")
    step = told["next"][0]
    told["next"] = [{**step, "label": f"Question {n}?", "side": side} for n in range(15) for side in ("left", "right")]
    text = piped(told)
    assert text.count("Question 0?") == 1
    assert "document, both joints;" in text
    assert "Question 11?" in text
    assert "Question 12?" not in text
    assert "… and 3 more: --json, or --out DIR for the page" in text
    text = piped(answered("discogenic-centralisation"))
    against = text[text.index("What speaks against") : text.index("What is not known")]
    assert len([line for line in against.splitlines() if line.startswith("  - ")]) == 9
    assert "- and 5 more" in against


def test_the_terminal_page_loads_nothing_heavy() -> None:
    code = (
        "import sys; import nutation.report.terminal; "
        "heavy = {'numpy', 'jinja2', 'typst', 'ibis', 'duckdb', 'pyarrow', 'pydantic', 'ruamel'} & set(sys.modules); "
        "print(sorted(heavy))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_html_page_loads_its_templates_only_when_one_is_drawn() -> None:
    code = "import sys; import nutation.report.html; print('jinja2' in sys.modules, 'numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False False"
