"""A small set of evidence on disk that tests spoil in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SET = 'version: "1"\n'
SOURCES = """\
ABC01: {citation: "Abc 2001, Journal", doi: 10.1000/abc}
DEF02: {citation: "Def 2002, Journal", pmc: PMC1234567}
GENERAL: {citation: "General clinical knowledge; no source was read"}
"""
ACCURACY = """\
title: Accuracy
entries:
  - id: first
    label: The first figure
    value: {sens: 0.94, lr_pos: 4.3}
    interval: {sens: {low: 0.8, high: 0.99, level: 0.95}}
    marks: {lr_pos: derived}
    n: 48
    unit: share, ratio
    population: low back pain
    citation: ABC01
    verified: verified
  - id: second
    label: The second figure
    value: 12.5
    interval: {low: 10, high: 15, level: 0.9}
    unit: percent
    population: low back pain
    citation: [ABC01, DEF02]
    verified: secondary
    note: Read elsewhere.
"""

MakeSet = Callable[..., Path]


@pytest.fixture
def make_set(tmp_path: Path) -> MakeSet:
    """Writes a good set, with files replaced or added (``path="text"``; None leaves a file out)."""

    def make(name: str = "set", files: dict[str, str | None] | None = None) -> Path:
        directory = tmp_path / name
        good: dict[str, str | None] = {"set.yaml": SET, "sources.yaml": SOURCES, "accuracy.yaml": ACCURACY}
        for relative, text in {**good, **(files or {})}.items():
            if text is not None:
                path = directory / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        return directory

    return make


@pytest.fixture
def accuracy() -> str:
    """The entry file of the good set."""
    return ACCURACY
