"""YAML as plain data (dicts, lists, text, numbers, truth, none), with the line of any place in it.

Numbers and truth values are YAML 1.2's (``yes`` and ``on`` are text); a date stays text, so that plain
data is also JSON. Custom tags, merge keys, repeated keys and documents that grow without bound through
aliases are refused. The parser is ruamel's pure one: the same result on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from nutation.evidence.errors import EvidenceError

MAX_CHARS = 2_000_000
"""Longest text that is read."""
MAX_NODES = 300_000
"""Most values that a document may hold once its aliases are written out."""

_TAG = "tag:yaml.org,2002:"

PathIn = Sequence[str | int]
"""A place in plain data: keys and list positions from the top."""


@dataclass(frozen=True, slots=True)
class Located:
    """Plain data from a file, and where in the file each part of it stands.

    ``plain`` is shared: read it, do not change it. ``origin`` is the text itself or the path to read it
    from again; that happens only when a line is asked for.
    """

    file: str
    plain: Any
    origin: str | Path

    def line_of(self, path: PathIn = ()) -> int:
        """Line (from 1) of the place at ``path``; of the nearest part above it when it is not there."""
        text = self.origin if isinstance(self.origin, str) else self.origin.read_text(encoding="utf-8")
        node = _compose(text, self.file)
        line = _line(node) if node is not None else 1
        for step in path:
            found = _step(node, step)
            if found is None:
                break
            line, node = found
        return line

    def at(self, path: PathIn = ()) -> Any:
        """The plain value at ``path``. Raises KeyError or IndexError when it is not there."""
        value = self.plain
        for step in path:
            value = value[step]
        return value


def parse(text: str, *, file: str, max_nodes: int = MAX_NODES) -> Located:
    """Read one YAML document. Raises EvidenceError with the line and the mend."""
    if len(text) > MAX_CHARS:
        raise EvidenceError(
            f"the file is longer than {MAX_CHARS} characters.", file=file, mend="split it into smaller files."
        )
    try:
        node = _compose(text, file)
        if node is None:
            return Located(file, None, text)
        _bound(node, file, max_nodes)
        return Located(file, _plain(node, file), text)
    except RecursionError:
        raise EvidenceError("values are nested too deeply.", file=file, mend="flatten them.") from None


@lru_cache(maxsize=8)
def _compose(text: str, file: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    reader = YAML(typ="safe", pure=True)
    try:
        return cast("Any", reader).compose(text)
    except MarkedYAMLError as error:
        fault = cast("Any", error)
        mark = fault.problem_mark or fault.context_mark
        place = f"line {mark.line + 1}" if mark is not None else ""
        problem = " ".join(str(fault.problem or fault.context or "it cannot be read").split())
        raise EvidenceError(
            f"this is not YAML: {problem}.", file=file, place=place,
            mend="check indentation, quotes and brackets there and on the line above.",
        ) from None  # fmt: skip
    except YAMLError as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "it cannot be read"
        raise EvidenceError(f"this is not YAML: {first}.", file=file, mend="write it as plain text.") from None


def _kind(node: Any) -> str:
    return cast("str", node.id)


def _line(node: Any) -> int:
    return cast("int", node.start_mark.line) + 1


def _step(node: Any, step: str | int) -> tuple[int, Any] | None:
    if _kind(node) == "mapping":
        for key, value in node.value:
            if key.value == str(step):
                return _line(key), value
    elif _kind(node) == "sequence" and isinstance(step, int) and 0 <= step < len(node.value):
        return _line(node.value[step]), node.value[step]
    return None


def _bound(root: Any, file: str, max_nodes: int) -> None:
    """Refuse a document that is endless or too large once aliases are written out; never writes them out."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: Any) -> int:
        key = id(node)
        if key in sizes:
            return sizes[key]
        if key in open_nodes:
            raise EvidenceError(
                "an alias contains itself.", file=file, place=f"line {_line(node)}", mend="write the value out."
            )
        open_nodes.add(key)
        total = 1
        if _kind(node) == "mapping":
            total += sum(1 + size(value) for _, value in node.value)
        elif _kind(node) == "sequence":
            total += sum(size(value) for value in node.value)
        open_nodes.discard(key)
        if total > max_nodes:
            raise EvidenceError(
                f"the document grows beyond {max_nodes} values when its aliases are written out.",
                file=file, place=f"line {_line(node)}", mend="write the values out, or split the file.",
            )  # fmt: skip
        sizes[key] = total
        return total

    size(root)


def _plain(node: Any, file: str) -> Any:
    kind = _kind(node)
    if kind == "sequence" and node.tag == _TAG + "seq":
        return [_plain(item, file) for item in node.value]
    if kind == "mapping" and node.tag == _TAG + "map":
        return _mapping(node, file)
    if kind == "scalar" and node.tag.startswith(_TAG):
        return _scalar(node, file)
    raise EvidenceError(
        f"the tag {node.tag} is not read.", file=file, place=f"line {_line(node)}", mend="remove the tag."
    )


def _mapping(node: Any, file: str) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in node.value:
        place = f"line {_line(key)}"
        if _kind(key) != "scalar":
            raise EvidenceError("a key is not a word.", file=file, place=place, mend="use a word as key.")
        if key.tag == _TAG + "merge":
            raise EvidenceError("merge keys (<<) are not read.", file=file, place=place, mend="write the fields out.")
        if key.value in plain:
            raise EvidenceError(
                f"the key {key.value!r} stands twice.", file=file, place=place, mend="keep one of the two."
            )
        plain[key.value] = _plain(value, file)
    return plain


def _scalar(node: Any, file: str) -> Any:
    tag, text = node.tag.removeprefix(_TAG), cast("str", node.value)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag in {"int", "float"}:
        return _number(node, tag, text, file)
    if tag in {"str", "timestamp", "value"}:
        return text
    raise EvidenceError(
        f"the tag {node.tag} is not read.", file=file, place=f"line {_line(node)}", mend="remove the tag."
    )


def _number(node: Any, tag: str, text: str, file: str) -> int | float:
    digits = text.lstrip("+-")
    try:
        if tag == "int" and not (len(digits) > 1 and digits.startswith("0")) and digits.isdigit():
            return int(text)
        number = float(text)
        if tag == "float" and math.isfinite(number):
            return number
    except ValueError:
        pass
    raise EvidenceError(
        f"{text} is not read as a number.", file=file, place=f"line {_line(node)}",
        mend="write a plain decimal number, or put quotes around a code.",
    )  # fmt: skip
