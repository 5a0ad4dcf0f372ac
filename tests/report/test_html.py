"""The HTML page: whole in one file, true to the document, closed to what a record may carry, usable by everyone."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from docs.words import NEVER_TO_ANYONE, found
from nutation.report import html
from report.answered_examples import NAMES, answered

VOID = frozenset({"meta", "br", "img", "link", "input", "hr", "wbr", "base", "source", "embed", "area", "col"})


class Page(HTMLParser):
    """The elements of a page in order, each with its attributes, and the text that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.contents: dict[str, list[str]] = {"script": [], "style": []}
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.contents:
            self.contents[self.open[-1]].append(data)
        else:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @cached_property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: html.render(answered(name)) for name in NAMES}


@pytest.fixture(scope="module")
def parsed(pages: dict[str, str]) -> dict[str, Page]:
    return {name: Page(text) for name, text in pages.items()}


def test_every_example_makes_a_page_that_is_well_formed(pages: dict[str, str], parsed: dict[str, Page]) -> None:
    for name, page in parsed.items():
        assert page.open == [], name
        assert pages[name].startswith("<!DOCTYPE html>"), name
        ids = [a["id"] for _, a in page.elements if "id" in a]
        assert len(ids) == len(set(ids)), f"{name}: an id stands twice"


def test_nothing_is_fetched_and_every_link_leads_somewhere(parsed: dict[str, Page]) -> None:
    for name, page in parsed.items():
        assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in page.elements}, (
            name
        )
        assert all("src" not in a and "srcset" not in a and "style" not in a for _, a in page.elements), name
        assert "url(" not in "".join(page.contents["style"]), name
        ids = {a["id"] for _, a in page.elements if "id" in a}
        for link in page.all("a"):
            target = link["href"] or ""
            if target.startswith("#"):
                assert target[1:] in ids, f"{name}: {target} leads nowhere"
            else:
                assert target.startswith("https://"), f"{name}: {target}"
                assert link.get("rel") == "noopener noreferrer"


def test_the_policy_of_the_page_names_its_own_script_and_style_alone(pages: dict[str, str]) -> None:
    page = Page(pages["classic-degenerative"])
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none';")
    for kind in ("script", "style"):
        assert len(page.all(kind)) == 1
        digest = hashlib.sha256("".join(page.contents[kind]).encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></style></script>{{7*7}}<!--"
CODES = frozenset(
    {"state", "kind", "urgency", "verdict", "as_documented", "applicability", "basis", "verified", "action", "burden",
     "stage", "purpose", "validity", "result", "unknown_kind", "modality", "certainty", "side", "laterality", "topic",
     "happened", "as_of", "known_by", "asked_on", "expires_on", "recorded_at", "from", "to"}
)  # fmt: skip
"""Keys whose values are our own codes or dates; what a record or a rule set says in words stands under the others."""


def small() -> dict[str, Any]:
    """One joint, a few rule sets and events: every part of the page, quickly drawn."""
    told = answered("discordant-policies")
    joint = told["joints"][0]
    disagreeing = {p["policy"] for d in joint["indication"]["disagreements"] for p in (*d["holds"], *d["fails"])}
    joint["indication"]["policies"] = [
        p for p in joint["indication"]["policies"] if p["kind"] == "article" or p["id"] in disagreeing
    ][:3]
    told["events"] = told["events"][:12]
    told["joints"][0]["gate"]["items"][0]["state"] = "standing"
    told["joints"][0]["gate"]["items"][1]["state"] = "not_screened"
    told["joints"][0]["gate"]["items"][1]["missing"] = ["fever"]
    told["unmapped"] = [
        {"resource": "Observation/1", "path": "code", "code": "1-8", "system": "http://loinc.org", "label": "x",
         "relevant": True, "reason": "No map."}
    ]  # fmt: skip
    told["warnings"] = ["Two scores of one day disagree."]
    told["joints"][0]["withheld"] = [{"id": "b", "label": "Block", "stage": "injection", "reasons": ["The gate."]}]
    told["next"] = answered("one-block-only")["next"]
    told["events"][3]["note"] = "A note"
    told["events"][3]["author"] = "Dr X"
    told["events"][3]["asked_not_known"] = ["nrs"]
    return told


def text_keys(node: Any, under: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from text_keys(value, key)
    elif isinstance(node, list):
        for part in node:
            yield from text_keys(part, under)
    elif isinstance(node, str):
        yield under


def poisoned(node: Any, key: str | None, under: str = "") -> Any:
    """The document with the hostile text put behind every text under that key (under every key that is no code, if
    None)."""
    if isinstance(node, dict):
        return {name: poisoned(value, key, name) for name, value in node.items()}
    if isinstance(node, list):
        return [poisoned(part, key, under) for part in node]
    wanted = under == key if key is not None else under not in CODES
    return node + HOSTILE if isinstance(node, str) and wanted else node


def assert_harmless(text: str, about: str) -> None:
    page = Page(text)
    assert len(page.all("script")) == 1, about
    assert len(page.all("style")) == 1, about
    assert not page.all("img"), about
    handlers = [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    assert not handlers, about
    assert all(not (a.get("href") or "#").lower().startswith("javascript:") for a in page.all("a")), about
    assert "alert" not in "".join(page.contents["script"]), about


def test_markup_in_every_text_at_once_stays_text() -> None:
    text = html.render(poisoned(small(), None))
    assert_harmless(text, "all")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{7*7}}" in text
    assert "49" not in re.findall(r"alert\(1\)&gt;&lt;/style&gt;&lt;/script&gt;(\d+)", text)


@pytest.mark.slow
def test_markup_in_the_text_of_any_one_field_stays_text() -> None:
    # Codes are ours and closed: a page is refused rather than drawn with one that nobody knows, or drawn harmless.
    told = small()
    for key in sorted(set(text_keys(told))):
        try:
            text = html.render(poisoned(told, key))
        except (KeyError, ValueError):
            assert key in CODES, f"{key} is no code, and the page could not be drawn"
            continue
        assert_harmless(text, key)


def test_markup_in_names_of_sources_versions_and_events_stays_text() -> None:
    told = small()
    told["versions"] = {name + HOSTILE: value for name, value in told["versions"].items()}
    told["marks"] = {name + HOSTILE: value for name, value in told["marks"].items()}
    sources = {name: name + HOSTILE for name in told["sources"]}
    told["sources"] = {sources[name]: value for name, value in told["sources"].items()}

    def renamed(node: Any, under: str = "") -> Any:
        if isinstance(node, dict):
            return {k: renamed(v, k) for k, v in node.items()}
        if isinstance(node, list):
            return [renamed(part, under) for part in node]
        return sources.get(node, node) if under == "citation" and isinstance(node, str) else node

    assert_harmless(html.render(renamed(told)), "keys")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", " JavaScript:alert(1)", "file:///etc/passwd"]
)
def test_a_source_with_a_link_that_is_no_web_address_gets_no_link(link: str) -> None:
    told = small()
    for source in told["sources"].values():
        source["link"] = link
    page = Page(html.render(told))
    assert all((a["href"] or "").startswith("#") for a in page.all("a"))


def test_the_gate_stands_before_the_action_and_both_before_everything_else(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        sides = [joint["side"] for joint in answered(name)["joints"]]
        order = ["gate", "action", *(f"{s}{part}" for s in sides for part in ("", "-source", "-fusion"))]
        order += ["next", "timeline", "record", "sources", "basis"]
        places = [text.index(f' id="{i}"') for i in order]
        assert places == sorted(places), name


def test_a_gate_that_was_not_screened_is_never_called_clear(pages: dict[str, str]) -> None:
    for name in NAMES:
        states = {joint["gate"]["state"] for joint in answered(name)["joints"]}
        heading = re.search(r'id="gate-title">([^<]+)<', pages[name])
        assert heading is not None
        worst = ("standing", "Standing"), ("not_screened", "Not screened"), ("addressed", "Addressed")
        assert heading[1] == next((word for state, word in worst if state in states), "Clear"), name


def test_every_standing_or_unasked_item_is_told_with_what_closes_or_asks_it(parsed: dict[str, Page]) -> None:
    for name in NAMES:
        seen = parsed[name].text
        for joint in answered(name)["joints"]:
            for item in joint["gate"]["items"]:
                assert item["label"] in seen, f"{name}: {item['label']}"
                if item["state"] == "standing":
                    assert item["closes"] in seen, f"{name}: {item['closes']}"


def test_the_target_stands_beside_every_probability(parsed: dict[str, Page]) -> None:
    for name in NAMES:
        for joint in answered(name)["joints"]:
            assert f"That {joint['evaluation']['target']}" in parsed[name].text


def test_contrary_and_unknown_findings_stand_before_the_steps(pages: dict[str, str]) -> None:
    # As visible as the probability: in the panel beside it, not behind a fold.
    for name, text in pages.items():
        for joint in answered(name)["joints"]:
            if not joint["evaluation"]["steps"]:
                continue
            part = text[text.index(f'id="{joint["side"]}-source"') :]
            assert part.index("What speaks against") < part.index("How the probability comes about"), name
            assert part.index("What is not known") < part.index("How the probability comes about"), name
            assert "<details" not in part[: part.index("What is not known")], name


def test_a_negative_block_is_named_among_what_speaks_against(pages: dict[str, str]) -> None:
    # discordant-blocks: the second block gave no relief; the reader sees it beside the probability.
    part = Page(pages["discordant-blocks"]).text
    panel = part[part.index("What speaks against") : part.index("What is not known")]
    assert "negative" in panel.lower()


def test_every_figure_of_the_steps_carries_its_mark_in_words(pages: dict[str, str]) -> None:
    from nutation.report.words import MARKS

    text = pages["classic-degenerative"]
    ladder = text[text.index('<ol class="ladder"') : text.index("</ol>", text.index('<ol class="ladder"'))]
    for step, drawn in zip(
        answered("classic-degenerative")["joints"][0]["evaluation"]["steps"], ladder.split("<li ")[1:], strict=True
    ):
        assert MARKS[step["verified"]] in drawn, step["id"]


def test_every_criterion_is_told_with_both_readings(pages: dict[str, str]) -> None:
    told = answered("discordant-policies")
    seen = Page(pages["discordant-policies"]).text
    for policy in told["joints"][0]["indication"]["policies"]:
        for criterion in policy["criteria"]:
            assert re.sub(r"\s+", " ", criterion["text"]) in seen


def test_every_event_is_in_the_list_once_with_its_source(pages: dict[str, str]) -> None:
    for name in ("classic-degenerative", "bilateral"):
        told, seen = answered(name), Page(pages[name]).text
        assert len(re.findall(r' id="e-\d+"', pages[name])) == len(told["events"])
        for event in told["events"]:
            assert event["source"] in seen


def test_superseded_events_are_shown_as_such() -> None:
    told = answered("one-block-only")
    told["events"][4]["stands"] = False
    assert "superseded or withdrawn" in Page(html.render(told)).text


def test_a_probability_that_is_withheld_is_said_to_be() -> None:
    # fused-recurrent-pain: of a fused joint no probability is given, and the reason stands in its place.
    told = answered("fused-recurrent-pain")
    assert told["joints"][0]["evaluation"]["probability"] is None
    seen = Page(html.render(told)).text
    assert "No probability is given." in seen
    assert told["joints"][0]["evaluation"]["withheld"] in seen
    panel = seen[seen.index("What speaks against") : seen.index("What is not known")]
    assert "This joint is fused" in panel


def test_a_case_without_joints_steps_or_events_still_makes_a_page() -> None:
    told = answered("one-block-only")
    told |= {"joints": [], "next": [], "events": [], "sources": {}}
    assert "No event is recorded." in Page(html.render(told)).text


def test_words_that_promise_too_much_stand_on_no_page(parsed: dict[str, Page]) -> None:
    for name, page in parsed.items():
        assert not found(page.text, NEVER_TO_ANYONE), name


def test_the_same_document_gives_the_same_page_and_is_left_as_it_was() -> None:
    told = answered("bilateral")
    before = copy.deepcopy(told)
    assert html.render(told) == html.render(told)
    assert told == before


def test_control_characters_and_text_that_runs_backwards_do_not_reach_the_page() -> None:
    told = answered("one-block-only")
    told["label"] = "A\x00B\x1b[31mC\u202eD\ud800E"
    text = html.render(told)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
    text.encode("utf-8")


# --- colours


def palettes() -> dict[str, dict[str, str]]:
    style = (Path(html.__file__).parent / "templates" / "case.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return dict(zip(("light", "dark", "print"), colours, strict=True))


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2, of a colour as #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_the_guideline_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_text_has_the_contrast_that_wcag_asks(mode: str) -> None:
    colours = palettes()[mode]
    grounds = ("paper", "ground", "sunk", "hit")
    pairs = [(ink, ground) for ink in ("ink", "soft", "accent", "open", "no", "yes") for ground in grounds]
    pairs += [("yes", "yes-pale"), ("no", "no-pale"), ("open", "open-pale"), ("ink", "accent-pale")]
    for ink, ground in pairs:
        assert contrast(colours[ink], colours[ground]) >= 4.5, f"{mode}: {ink} on {ground}"


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_marks_of_the_charts_have_the_contrast_that_wcag_asks(mode: str) -> None:
    colours = palettes()[mode]
    for line in ("accent", "strong-line"):
        assert contrast(colours[line], colours["paper"]) >= 3.0, f"{mode}: {line}"
