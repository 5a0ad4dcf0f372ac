"""Words that promise what a record cannot stand nowhere that a reader could meet them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from docs.console import ROOT, pages
from docs.words import NEVER_TO_A_PAYER, NEVER_TO_ANYONE, found

SOURCE = ROOT / "src" / "nutation"
SPEAKS = ("cli", "report", "case", "evaluation", "indication", "facts")
"""Rooms whose sentences reach a reader; what lies below them speaks of files and places alone."""
TEMPLATES = (".html", ".jinja", ".j2", ".typ", ".txt", ".md", ".js")
CODES = frozenset({"confirmed"})
"""Codes of FHIR value sets that are banned as words; as codes they are one whole lower-case constant."""


def test_the_search_finds_words_and_not_parts_of_them() -> None:
    assert found("It is Safe to proceed; ruled\nout.", NEVER_TO_ANYONE) == ["safe", "ruled out"]
    assert found("safety gate, unconfirmed, not_confirmed, fail-safe", NEVER_TO_ANYONE) == []


def sentences(file: Path) -> Iterator[tuple[int, str]]:
    """Text constants of a Python file that a reader could see, with their lines; docstrings only of commands."""
    tree = ast.parse(file.read_text("utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    if "cli" in file.relative_to(SOURCE).parts[0]:
        documentation -= {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
        }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str) and node.value not in CODES:
            yield node.lineno, node.value


def speaking_files(suffixes: tuple[str, ...]) -> list[Path]:
    places = [place for room in SPEAKS for place in (SOURCE / room, SOURCE / f"{room}.py")]
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    return sorted(file for file in files if file.suffix in suffixes)


def test_code_says_none_of_them() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {phrase!r} in {text!r}"
        for file in speaking_files((".py",))
        for line, text in sentences(file)
        for phrase in found(text, NEVER_TO_ANYONE)
    ]
    assert not wrong, "\n".join(wrong)


def test_templates_say_none_of_them() -> None:
    wrong: list[str] = []
    for file in speaking_files(TEMPLATES):
        # What stands between a template's own brackets is an expression, such as Jinja's `| safe`.
        text = re.sub(r"\{[{%#].*?[}%#]\}", " ", file.read_text("utf-8"), flags=re.DOTALL)
        wrong += [f"{file.relative_to(ROOT)}: {phrase!r}" for phrase in found(text, NEVER_TO_ANYONE)]
    assert not wrong, "\n".join(wrong)


def test_the_submission_says_nothing_that_is_not_for_a_payer() -> None:
    wrong: list[str] = []
    for file in speaking_files((*TEMPLATES, ".py")):
        if "submission" not in file.stem:
            continue
        if file.suffix == ".py":
            texts = [text for _, text in sentences(file)]
        else:
            texts = [re.sub(r"\{[{%#].*?[}%#]\}", " ", file.read_text("utf-8"), flags=re.DOTALL)]
        wrong += [f"{file.relative_to(ROOT)}: {phrase!r}" for text in texts for phrase in found(text, NEVER_TO_A_PAYER)]
    assert not wrong, "\n".join(wrong)


def strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)


DATA = sorted((SOURCE / "evidence" / "data").rglob("*.yaml"))


@pytest.mark.parametrize("file", [pytest.param(file, id=str(file.relative_to(SOURCE))) for file in DATA])
def test_data_says_none_of_them(file: Path) -> None:
    tree = YAML(typ="safe", pure=True).load(file.read_text("utf-8"))
    wrong = [
        f"{phrase!r} in {text!r}"
        for text in strings(tree)
        if text not in CODES
        for phrase in found(text, NEVER_TO_ANYONE)
    ]
    assert not wrong, "\n".join(wrong)


PROSE = [ROOT / "README.md", *pages()]


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PROSE])
def test_pages_mention_them_only_as_code(page: Path) -> None:
    text = re.sub(r"^( *)```.*?^\1```$", " ", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`]*`", " ", text)
    assert not found(text, NEVER_TO_ANYONE)
