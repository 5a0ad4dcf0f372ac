"""The data files of codes: a table each, kept as text inside YAML so that hundreds of rows load in a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, cast

from nutation.record.fhir.node import Coding, Concept, JsonObject, Node

_ALIASES = {"hcpcs": "cpt"}  # claims send both under either address, and no code is in both


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: a code of a system (``prefix``: every code that begins so) and its cells."""

    system: str
    code: str
    prefix: bool
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def listed(self, column: str) -> tuple[str, ...]:
        """A cell of several entries, parted by commas."""
        return tuple(part.strip() for part in self.cells[column].split(",") if part.strip())

    def pairs(self, column: str) -> dict[str, Any]:
        """A cell ``name=value, name=value``; true and false are truth values."""
        found: dict[str, Any] = {}
        for part in self.listed(column):
            name, _, value = part.partition("=")
            found[name.strip()] = {"true": True, "false": False}.get(value.strip(), value.strip())
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """A file of rows, and what else the file holds (``extra``)."""

    rows: tuple[Row, ...]
    extra: Mapping[str, Any]
    exact: Mapping[tuple[str, str], Row] = field(repr=False)
    prefixes: Mapping[str, tuple[Row, ...]] = field(repr=False)

    def row(self, coding: Coding) -> Row | None:
        """The row of a coding: its own code first, then the longest beginning."""
        system = _ALIASES.get(coding.system, coding.system)
        code = tidy_code(system, coding.code)
        if found := self.exact.get((system, code)):
            return found
        return next((row for row in self.prefixes.get(system, ()) if code.startswith(row.code)), None)

    def find(self, concept: Concept | None) -> tuple[Row, Coding] | None:
        """The first coding of a concept that the table knows, and its row; own codes before beginnings."""
        if concept is None:
            return None
        found = [(row, coding) for coding in concept.codings if (row := self.row(coding)) is not None]
        return next((pair for pair in found if not pair[0].prefix), found[0] if found else None)


def tidy_code(system: str, code: str) -> str:
    """A code as the tables write it: upper case for ICD with its dot, a procedure code without modifiers."""
    if system == "icd10cm":
        plain = code.strip().upper().replace(".", "")
        return plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"
    if system == "cpt":
        return re.split(r"[-\s:]", code.strip().upper(), maxsplit=1)[0]
    return code.strip()


@cache
def table(name: str) -> Table:
    """The table ``codes/NAME.yaml``."""
    from nutation.evidence.plain_yaml import parse

    text = (resources.files("nutation.record.fhir.codes") / f"{name}.yaml").read_text(encoding="utf-8")
    plain = cast("dict[str, Any]", parse(text, file=f"fhir/codes/{name}.yaml").plain)
    columns = cast("list[str]", plain.pop("columns"))
    rows: list[Row] = []
    for line in cast("str", plain.pop("rows")).splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != len(columns):
            raise ValueError(f"fhir/codes/{name}.yaml: {len(columns)} cells are wanted in the row {line.strip()!r}")
        named = dict(zip(columns, cells, strict=True))
        system, code = named.get("system", ""), named.get("code", "")
        prefix = code.endswith("*")
        rows.append(Row(_ALIASES.get(system, system), code.removesuffix("*"), prefix, named))
    exact = {(row.system, row.code): row for row in reversed(rows) if not row.prefix}
    starts: dict[str, list[Row]] = {}
    for row in sorted((row for row in rows if row.prefix), key=lambda row: -len(row.code)):
        starts.setdefault(row.system, []).append(row)
    return Table(tuple(rows), plain, exact, {system: tuple(found) for system, found in starts.items()})


@cache
def system_names() -> Mapping[str, str]:
    """Short name of a code system by each address it is sent under."""
    return {row["url"]: row["system"] for row in table("systems").rows}


def read_coding(node: Node) -> Coding:
    """A Coding; its system by short name where known."""
    url = node.text("system") or ""
    return Coding(system_names().get(url, url), node.text("code") or "", node.text("display") or "", url)


def read_concept(node: Node | None) -> Concept | None:
    """A CodeableConcept; None where there is none, or an empty one."""
    if node is None:
        return None
    codings = tuple(read_coding(coding) for coding in node.children("coding"))
    text = node.text("text") or ""
    return Concept(codings, text, node.path) if codings or text else None


def concept_at(node: Node, name: str) -> Concept | None:
    """The CodeableConcept under ``name``."""
    return read_concept(node.child(name))


def concepts_at(node: Node, name: str) -> list[Concept]:
    """The CodeableConcepts of the list under ``name``."""
    return [concept for child in node.children(name) if (concept := read_concept(child)) is not None]


@cache
def _pattern(words: tuple[str, ...], begin: bool) -> re.Pattern[str]:
    ends = "" if begin else r"(?!\w)"
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(word) for word in words) + ")" + ends)


def has_word(text: str, words: Iterable[str], *, begin: bool = False) -> bool:
    """Whether one of ``words`` stands in the lower-case ``text`` as a word (``begin``: as a word's beginning)."""
    chosen = tuple(words)
    return bool(chosen) and _pattern(chosen, begin).search(text) is not None


def relevant(concept: Concept | None, words: str = "") -> bool:
    """Whether a code, or words, could matter to an answer about the joint."""
    known = table("relevant")
    text = f"{concept.words if concept else ''} {words.lower()}"
    if any(known.row(coding) is not None for coding in (concept.codings if concept else ())):
        return True
    return has_word(text, cast("list[str]", known.extra["words"]), begin=True)


def lone_coding(value: JsonObject, path: str) -> Concept:
    """A Coding that stands alone, as a concept."""
    return Concept((read_coding(Node(value, path)),), "", path)


def examination(concept: Concept | None) -> tuple[str, str] | None:
    """The field of an examination that a code's name tells of, and whether it is a test or a finding."""
    if concept is None:
        return None
    for row in table("examinations").rows:
        if has_word(concept.words, (row["name"],)):
            return row["field"], row["answer"]
    return None
