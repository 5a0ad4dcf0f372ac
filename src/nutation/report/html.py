"""The case as one self-contained HTML page for the treating team: no request leaves it, nothing in it runs but ours.

The page is internal. It shows probabilities, gaps and every rule set, which a submission to a payer never does.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nutation.report import chart, digest, timeline, words
from nutation.report.digest import Plain

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_WORDS: dict[str, Mapping[str, str]] = {
    "actions": words.ACTIONS, "gate": words.GATE, "item_kinds": words.ITEM_KINDS, "verdicts": words.VERDICTS,
    "states": words.STATES, "shown": words.SHOWN, "applicability": words.APPLICABILITY, "kinds": words.KINDS,
    "marks": words.MARKS, "unknown": words.UNKNOWN, "burdens": words.BURDENS, "purposes": words.PURPOSES,
    "validity": words.VALIDITY, "alternative": words.ALTERNATIVE, "certainty": words.CERTAINTY,
    "modality": words.MODALITY, "sides": words.SIDES, "symptoms": words.SYMPTOMS,
}  # fmt: skip


def render(document: Plain) -> str:
    """The case document (``nutation.case.document``) as one HTML page.

    Every text of the document is escaped; links lead within the page, or to a source's own http(s) address.
    """
    from markupsafe import Markup

    told: Plain = words.cleaned(document)
    style, script = asset("case.css"), asset("case.js")
    events = {event["id"]: event for event in told["events"]}
    anchors = {event: f"e-{place}" for place, event in enumerate(events, 1)}
    sources = {key: place for place, key in enumerate(_cited(told), 1)}
    return (
        environment()
        .get_template("case.html.j2")
        .render(
            document=told,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=_content_policy(style, script),
            events=events,
            anchors=anchors,
            sources=sources,
            days=timeline.days(told["events"]),
            overview=Markup(timeline.overview(told["events"], anchors, told["as_of"])),  # noqa: S704 - escaped there
            gate_state=digest.gate_state(told["joints"]),
            gate_rows=digest.gate_rows(told["joints"]),
        )
    )


def _cited(document: Plain) -> Sequence[str]:
    """Keys of the sources in the order in which the page comes to cite them, then the rest."""
    found: dict[str, None] = {}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():  # pyright: ignore[reportUnknownVariableType]
                if key == "citation":
                    found.update(dict.fromkeys([value] if isinstance(value, str) else value))  # pyright: ignore
                else:
                    walk(value)
        elif isinstance(node, list):
            for part in node:  # pyright: ignore[reportUnknownVariableType]
                walk(part)

    for joint in document["joints"]:
        walk([joint["gate"], joint["evaluation"], joint["indication"]])
    walk(document["next"])
    return [key for key in found if key in document["sources"]] + [k for k in document["sources"] if k not in found]


@lru_cache(maxsize=8)
def asset(name: str) -> str:
    """A style or script of the pages, as text."""
    return (_TEMPLATES / name).read_text("utf-8")


def _content_policy(style: str, script: str) -> str:
    """A policy under which a browser loads nothing and runs only the page's own script, known by its hash."""
    return (
        f"default-src 'none'; style-src '{content_hash(style)}'; script-src '{content_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def content_hash(text: str) -> str:
    """A style or script as a content policy names it: by its hash."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of all pages, with the words that they share as filters."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters, globals_ = cast("dict[str, Any]", made.filters), cast("dict[str, Any]", made.globals)
    for told in (
        words.percent, words.span, words.interval, words.of_hundred, words.day, words.dated, words.said, words.sentence,
        words.topic, words.joint, words.count, words.event_label, words.worth, words.band,
        words.mark_meaning,
    ):  # fmt: skip
        filters[told.__name__] = told
    filters["word"] = _word
    filters["web"] = web_address
    globals_["digest"] = digest
    globals_["axis"], globals_["rung"] = _as_markup(chart.axis), _as_markup(chart.rung)
    globals_["whisker"] = _as_markup(chart.whisker)
    return made


def _as_markup(draw: Callable[..., str]) -> Callable[..., str]:
    """What chart draws is made of numbers alone, so it may pass as markup."""
    from markupsafe import Markup

    def drawn(*figures: Any, **options: Any) -> str:
        return Markup(draw(*figures, **options))  # noqa: S704 - numbers alone

    return drawn


def _word(code: Any, table: str) -> str:
    return words.word(_WORDS[table], code)


def web_address(link: Any) -> str:
    """The link if it is an http(s) address, else nothing: evidence of a clinic's own can hold any text."""
    text = str(link or "").strip()
    return text if text.lower().startswith(("https://", "http://")) else ""
