"""The look of the clinic's pages: words and drawings shared with the case page, scripts, the mode, messages.

Importing it furnishes the templates' environment: the case page's templates, filters and functions, so that a case
reads the same here and in its file, and what ``base.html.j2`` and ``ui.html.j2`` need.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from markupsafe import Markup

from nutation.report import html, words
from nutation.web import islands_build, modes
from nutation.web.context import Current
from nutation.web.rendering import environment

REPORT_TEMPLATES = Path(html.__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"

STAGE_WORDS: Mapping[str, str] = {
    "referred": "Referred", "evaluation": "Evaluation", "injection": "Injection", "decision": "Decision",
    "authorisation": "Authorisation", "planning": "Planning", "operation": "Operation", "recovery": "Recovery",
    "follow_up": "Follow-up", "closed": "Closed",
}  # fmt: skip
WAITS_WORDS: Mapping[str, str] = {
    "therapist": "therapist", "coordinator": "coordinator", "surgeon": "surgeon", "payer": "payer",
    "patient": "patient", "nobody": "nobody",
}  # fmt: skip
SIDE_WORDS: Mapping[str, str] = {"left": "left", "right": "right", "unknown": "side not known"}

MESSAGES: Mapping[str, str] = {
    "saved": "Saved.",
    "view-saved": "The view is saved.",
    "view-deleted": "The view is deleted.",
    "added": "The patient is added.",
    "merged": "Both records are read as one now.",
    "split": "The two records are parted again.",
    "recorded": "Recorded.",
    "sent": "Sent.",
}
"""What a page may say after an action: an address names a message, and never holds its text."""

_MODE_SECONDS = 5.0
"""How long the mode is remembered: a switch is seen on every page within this."""
_KEPT_MODE: dict[int, tuple[float, str]] = {}


def message(code: str | None) -> str:
    """The message of that code; nothing where there is none."""
    return MESSAGES.get(code or "", "")


def moment(at: datetime | None) -> str:
    """An instant as the clinic's clock shows it: ``1 Sep 2026, 14:03 CEST``."""
    if at is None:
        return ""
    local = at.astimezone()
    return f"{calendar_day(local.date())}, {local:%H:%M} {local.tzname() or ''}".rstrip()


def calendar_day(day: date | None) -> str:
    """A day as ``1 Sep 2026``; nothing for None."""
    return words.dated(day.isoformat()) if day is not None else ""


def island(name: str) -> str:
    """The element that loads a built script; nothing where it is not built, since every page works without."""
    if f"{name}.js" not in _built():
        return Markup("")
    return Markup('<script type="module" src="/static/built/{}.js?v={}"></script>').format(
        name, _built()[f"{name}.js"][:12]
    )


def style(name: str) -> str:
    """The element that loads one of our styles, whose address changes with its content."""
    return Markup('<link rel="stylesheet" href="/static/{}?v={}">').format(name, _style_version(name))


def without_scripts() -> str:
    """What is missing of the pages' scripts, as a sentence; nothing where they are there."""
    return "" if _built() else islands_build.missing()


def mode_mark(current: Current | None) -> str:
    """The mode that pages are marked with: research, clinic, or partly clinic where functions differ."""
    if current is None:
        return "research"
    key, now = id(current.store), time.monotonic()
    until, told = _KEPT_MODE.get(key, (0.0, ""))
    if now < until:
        return told
    with current.read() as conn:
        found = {mode.mode for mode in modes.every(conn).values()}
    told = "partly clinic" if len(found) > 1 else found.pop()
    _KEPT_MODE[key] = (now + _MODE_SECONDS, told)
    return told


def _built() -> Mapping[str, str]:
    return _built_of((islands_build.BUILT / islands_build.MANIFEST).stat().st_mtime_ns if _is_built() else 0)


def _is_built() -> bool:
    return (islands_build.BUILT / islands_build.MANIFEST).is_file()


@lru_cache(maxsize=2)
def _built_of(changed: int) -> Mapping[str, str]:
    return islands_build.hashes() if changed else {}


def _style_version(name: str) -> str:
    file = STATIC / name
    return f"{file.stat().st_mtime_ns:x}" if file.is_file() else "0"


def _furnish() -> None:
    from jinja2 import ChoiceLoader, FileSystemLoader
    from jinja2.defaults import DEFAULT_NAMESPACE
    from jinja2.filters import FILTERS

    made, case = environment(), html.environment()
    own = made.loader
    assert own is not None
    made.loader = ChoiceLoader([own, FileSystemLoader(REPORT_TEMPLATES)])
    filters, globals_ = cast("dict[str, Any]", made.filters), cast("dict[str, Any]", made.globals)
    filters.update({name: told for name, told in case.filters.items() if told is not FILTERS.get(name)})
    globals_.update({name: told for name, told in case.globals.items() if told is not DEFAULT_NAMESPACE.get(name)})
    filters |= {"moment": moment, "calendar_day": calendar_day}
    globals_ |= {
        "island": island, "style": style, "without_scripts": without_scripts, "mode_mark": mode_mark,
        "stage_words": STAGE_WORDS, "waits_words": WAITS_WORDS, "side_words": SIDE_WORDS,
    }  # fmt: skip


_furnish()
