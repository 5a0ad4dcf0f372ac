"""YAML as plain data, from the stream of parser events: bounded in depth and in size, with places.

The stream comes from PyYAML's C parser where that is installed (20 times faster) and from ruamel's own
otherwise; the tree is made here, so both give the same. Scalars are never guessed at: see
:mod:`nutation.record.plain_text`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, cast

from nutation.record.errors import InputError
from nutation.record.plain_text import DEEPEST, Bare, PathIn, Plain, too_deep

MOST_NODES = 1_000_000
"""Most values that a file may hold once its aliases are written out."""

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")}


def parse_yaml(text: str, file: str) -> Plain:
    """Read one YAML document. Raises InputError with line, column and mend."""
    reader = _Reader(_stream(text, file), file)
    return Plain(file, reader.document(), reader.where)


def _stream(text: str, file: str) -> Iterator[Any]:
    """Parser events, each with its kind as a word; a syntax error becomes an InputError."""
    events, failure = _parser(text)
    try:
        yield from events
    except failure as error:
        raise _refused(error, text, file) from None
    except RecursionError:
        raise too_deep(file) from None


def _parser(text: str) -> tuple[Iterator[Any], type[Exception]]:
    try:
        fast: Any = importlib.import_module("yaml")
        loader = fast.CSafeLoader
        return fast.parse(text, Loader=loader), fast.YAMLError
    except (ImportError, AttributeError):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        return cast("Any", YAML(typ="safe", pure=True)).parse(text), YAMLError


def _refused(error: Any, text: str, file: str) -> InputError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    told = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).strip()
    problem = f"This is not YAML: {told.splitlines()[0] if told else 'it cannot be read'}."
    mend = "check indentation, quotes and brackets there and on the line above."
    if mark is None:
        return InputError(problem, file=file, mend=mend)
    lines = text.split("\n")
    if mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]:
        mend = "use spaces there, not tabs."
    elif "alias" in told:
        mend = "write the value out."
    return InputError(problem, file=file, place=f"line {mark.line + 1}, column {mark.column + 1}", mend=mend)


class _Reader:
    """Makes the tree from the stream, and remembers where each part of it stands."""

    def __init__(self, stream: Iterator[Any], file: str) -> None:
        self._stream = stream
        self._file = file
        self._places: dict[PathIn, tuple[int, int]] = {}
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._nodes = 0

    def where(self, path: PathIn) -> str:
        """``line 4, column 7`` of the part at ``path``; of the nearest part above it that is there."""
        while path and path not in self._places:
            path = path[:-1]
        line, column = self._places.get(path, (0, 0))
        return f"line {line + 1}, column {column + 1}"

    def document(self) -> Any:
        data: Any = None
        documents = 0
        for event in self._stream:
            match type(event).__name__:
                case "StreamStartEvent" | "StreamEndEvent" | "DocumentEndEvent":
                    pass
                case "DocumentStartEvent":
                    documents += 1
                    if documents > 1:
                        raise self._error(event, "A second document begins here.", "write one patient into one file.")
                case _:
                    data = self._node(event, ())
        if data is None:
            raise InputError(
                "The file holds nothing but comments.", file=self._file, mend="write `patient:` and `events:` into it."
            )
        return data

    def _error(self, event: Any, problem: str, mend: str) -> InputError:
        mark = event.start_mark
        return InputError(problem, file=self._file, place=f"line {mark.line + 1}, column {mark.column + 1}", mend=mend)

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            raise self._error(
                event, f"The file grows beyond {MOST_NODES} values when its aliases are written out.",
                "write the values out, or split the file.",
            )  # fmt: skip

    def _node(self, event: Any, path: PathIn) -> Any:
        if len(path) > DEEPEST:
            raise too_deep(self._file, f"line {event.start_mark.line + 1}")
        mark = event.start_mark
        self._places.setdefault(path, (mark.line, mark.column))
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._alias(event)
        if (tag := event.tag) is not None and str(tag) not in _TAGS:
            raise self._error(event, f"The tag {tag} is not read.", "remove the tag.")
        anchor: str | None = event.anchor
        before = self._nodes
        self._count(event, 1)
        if anchor is not None:
            self._anchors[anchor] = None
        if kind == "ScalarEvent":
            made = _scalar(event)
        elif kind == "MappingStartEvent":
            made = self._mapping(path)
        else:
            made = self._sequence(path)
        if anchor is not None:
            self._anchors[anchor] = (made, self._nodes - before)
        return made

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise self._error(event, f"The alias *{event.anchor} names nothing before it.", "write the value out.")
        known = self._anchors[event.anchor]
        if known is None:
            raise self._error(event, f"The alias *{event.anchor} contains itself.", "write the value out.")
        made, nodes = known
        self._count(event, nodes)
        return made

    def _mapping(self, path: PathIn) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while type(event := next(self._stream)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent":
                raise self._error(event, "A key is not a word.", "use a word as key.")
            key = str(event.value)
            if key in made:
                raise self._error(event, f"The key {key!r} stands twice.", "keep one of the two.")
            here = (*path, key)
            self._places[here] = (event.start_mark.line, event.start_mark.column)
            made[key] = self._node(next(self._stream), here)
        return made

    def _sequence(self, path: PathIn) -> list[Any]:
        made: list[Any] = []
        while type(event := next(self._stream)).__name__ != "SequenceEndEvent":
            made.append(self._node(event, (*path, len(made))))
        return made


def _scalar(event: Any) -> str | None:
    text = str(event.value)
    if event.style in (None, "") and event.tag != "tag:yaml.org,2002:str":
        return None if text in ("", "~", "null", "Null", "NULL") else Bare(text)
    return text
