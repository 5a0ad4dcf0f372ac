"""Examples as case documents, their submissions, and the text of a PDF: shared by the tests of printed pages."""

from __future__ import annotations

import copy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
from ruamel.yaml import YAML

from nutation.case import build_case, document
from nutation.record.errors import InputError
from nutation.record.reading import read_record
from nutation.report import submission

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(folder.parent.name for folder in EXAMPLES.glob("*/events.yaml"))


@cache
def _answered(name: str) -> dict[str, Any]:
    expected = YAML(typ="safe").load((EXAMPLES / name / "expected.yaml").read_text(encoding="utf-8"))
    record = read_record(EXAMPLES / name / "events.yaml")
    return document(build_case(record, as_of=date.fromisoformat(str(expected["as_of"]))))


def answered(name: str) -> dict[str, Any]:
    """The example's document, free to be changed."""
    return copy.deepcopy(_answered(name))


@cache
def drafts() -> tuple[tuple[str, str, str], ...]:
    """(example, side, policy) of every submission that can be drafted from the examples."""
    found: list[tuple[str, str, str]] = []
    for name in NAMES:
        for joint in _answered(name)["joints"]:
            for policy in joint["indication"]["policies"]:
                try:
                    submission.content(_answered(name), policy["id"], joint["side"])
                except InputError:
                    continue
                found.append((name, joint["side"], policy["id"]))
    return tuple(found)


def page_texts(pdf: bytes) -> list[str]:
    """The text of each page, with the breaks that long words were given taken out."""
    opened = pypdfium2.PdfDocument(pdf)
    return [opened[i].get_textpage().get_text_bounded().replace("\u200b", "") for i in range(len(opened))]


def text_of(pdf: bytes) -> str:
    """All text, white space single."""
    return " ".join(" ".join(page_texts(pdf)).split())


def policy_of(told: dict[str, Any], policy_id: str, side: str | None = None) -> dict[str, Any]:
    joint = next(j for j in told["joints"] if side in (None, j["side"]))
    return next(p for p in joint["indication"]["policies"] if p["id"] == policy_id)


def event_of(told: dict[str, Any], kind: str, **values: Any) -> dict[str, Any]:
    return next(
        e for e in told["events"] if e["kind"] == kind and all(e["values"].get(k) == v for k, v in values.items())
    )
