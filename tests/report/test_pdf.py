"""Plain data on paper: hostile text stays text, every sign is shown or named, pages are accessible and numbered."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from nutation.record.errors import InputError
from nutation.report import readiness, submission
from report.answered_examples import answered, event_of, page_texts, text_of

CLASSIC, AETNA = "classic-degenerative", "AETNA_CPB0016"

MARKUP = [
    "#panic(1) #import \"x\": * #read(\"/etc/passwd\")", "$ sum_(i=0)^n x $", "*bold* _emph_ `raw` <label> @ref",
    "= Heading", "- list\n+ list\n/ term: x", "\\u{1F600} \\ \\\\", "]}) // comment /* x */",
    "\"quoted\" 'text' ~ -- ---",
    "https://example.org/a_b", "%PDF-1.7", "&lt;script&gt;<script>alert(1)</script>",
]  # fmt: skip


def flat(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("text", MARKUP)
def test_markup_stays_text(text: str) -> None:
    """Typst's, HTML's and PDF's own signs are printed as they are, in a name, a note and a field."""
    told = answered(CLASSIC)
    told["label"] = text
    event_of(told, "examination")["note"] = text
    event_of(told, "medication", drug="naproxen")["values"]["drug"] = text
    for pdf in (readiness.pdf(told), submission.pdf(told, AETNA)):
        printed = flat(text_of(pdf))
        assert printed.count(flat(text)) >= 3


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Łucja Žižka-Ñandú Ørsted", "Łucja Žižka-Ñandú Ørsted"),
        ("Ελένη Привет", "Ελένη Привет"),
        ("a\u0007b\u0000c", "a‹U+0007›b‹U+0000›c"),
        ("half \ud800 sign", "half ‹U+D800› sign"),
        # an override could turn a neighbour's "left" around
        ("Ada \u202etfel\u202c Bo", "Ada ‹U+202E›tfel‹U+202C› Bo"),
    ],
)
def test_signs_are_shown_or_named(text: str, printed: str) -> None:
    told = answered(CLASSIC) | {"label": text}
    assert flat(printed) in flat(text_of(submission.pdf(told, AETNA)))


def test_what_no_font_shows_is_named_by_its_code_point() -> None:
    """An empty box says nothing and looks like something. Whatever fonts are installed, no sign is lost silently."""
    told = answered(CLASSIC) | {"label": "山田 😀 \U000f0000"}
    text = flat(text_of(submission.pdf(told, AETNA)))
    for sign in ("山", "田", "😀", "\U000f0000"):
        assert sign in text or f"‹U+{ord(sign):04X}›" in text


def test_right_to_left_names_keep_to_themselves() -> None:
    """A Hebrew or Arabic name does not carry the date or side beside it along."""
    for name in ("שרה כהן", "فاطمة حسن"):
        told = answered(CLASSIC) | {"label": name}
        pages = page_texts(submission.pdf(told, AETNA))
        assert all("left sacroiliac joint · procedure 27279" in page for page in pages)
        assert all("born 1972-04-11" in page for page in pages)


def test_very_long_words_and_notes_stay_on_the_page() -> None:
    """A word of 3,000 letters and a note of many pages are broken, not cut off."""
    told = answered(CLASSIC)
    latest = [event for event in told["events"] if event["kind"] == "examination"][-1]
    latest["note"] = "W" * 3000 + " end of the word"
    event_of(told, "injection")["note"] = "line of a very long note\n" * 400 + "last line"
    for pdf in (submission.pdf(told, AETNA), readiness.pdf(told)):
        text = flat(text_of(pdf))
        assert text.count("W" * 100) >= 10
        assert "endoftheword" in text
        assert "lastline" in text


@settings(max_examples=6)
@given(st.text(max_size=60))
def test_any_text_is_printed(text: str) -> None:
    told = answered(CLASSIC)
    told["label"] = text or "x"
    event_of(told, "examination")["note"] = text
    assert readiness.pdf(told).startswith(b"%PDF-")


@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("us-letter", (612, 792))])
def test_paper(paper: str, size: tuple[int, int]) -> None:
    told = answered(CLASSIC)
    for pdf in (readiness.pdf(told, paper=paper), submission.pdf(told, AETNA, paper=paper)):
        for page in PdfReader(io.BytesIO(pdf)).pages:
            assert (round(page.mediabox.width), round(page.mediabox.height)) == size


def test_another_paper_is_refused() -> None:
    with pytest.raises(InputError, match=r"'a5' is no paper.*use one of a4, us-letter"):
        readiness.pdf(answered(CLASSIC), paper="a5")


def test_pages_are_tagged_titled_and_in_a_language() -> None:
    """PDF/UA-1: a screen reader finds title, language and structure."""
    reader = PdfReader(io.BytesIO(readiness.pdf(answered(CLASSIC))))
    catalogue = reader.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/Lang"].startswith("en")
    assert reader.metadata is not None
    assert reader.metadata.title == "Readiness sheet: Miriam Aldaya (fictional)"


def test_the_same_data_give_the_same_bytes() -> None:
    told = answered(CLASSIC)
    assert readiness.pdf(told) == readiness.pdf(answered(CLASSIC))


def test_typst_is_imported_only_when_a_page_is_made() -> None:
    code = "import sys, nutation.report.readiness, nutation.report.submission; sys.exit('typst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False).returncode == 0
