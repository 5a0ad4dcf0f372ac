"""JSON as plain data: numbers keep their text, keys stand once, and a place is found when it is asked for."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, cast

from nutation.record.errors import InputError
from nutation.record.plain_text import DEEPEST, Bare, PathIn, Plain, too_deep

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.S)


class _TwiceError(Exception):
    """A key stands twice in one object."""


def parse_json(text: str, file: str) -> Plain:
    """Read one JSON document. Raises InputError with line, column and mend."""
    try:
        data = json.loads(
            text, object_pairs_hook=_once, parse_int=Bare, parse_float=Bare, parse_constant=_no_number
        )  # fmt: skip
    except json.JSONDecodeError as error:
        raise InputError(
            f"This is not JSON: {error.msg[:1].lower()}{error.msg[1:]}.",
            file=file, place=f"line {error.lineno}, column {error.colno}",
            mend="check quotes, commas and brackets there and before it; the file may be cut off.",
        ) from None  # fmt: skip
    except _TwiceError as error:
        raise InputError(
            f"The key {error} stands twice in one object.", file=file, mend="keep one of the two."
        ) from None
    except ValueError as error:
        raise InputError(f"This is not JSON: {error}.", file=file, mend="write numbers as plain decimals.") from None
    except RecursionError:
        raise too_deep(file) from None
    _bounded(data, file)
    return Plain(file, data, lambda path: _where(text, path))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _TwiceError(repr(key))
            seen.add(key)
    return made


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _bounded(data: Any, file: str) -> None:
    layer: list[Any] = [data]
    for _ in range(DEEPEST):
        layer = [part for value in layer for part in _parts(value)]
        if not layer:
            return
    raise too_deep(file)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _where(text: str, path: PathIn) -> str:
    """Line and column of the part at ``path`` (of its key, in an object), or of the nearest part above it."""
    best = matched = 0
    walk: list[str | int] = []  # key or position in each object or list that is open
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "}]":
            walk.pop()
        elif sign == ",":
            walk[-1] = last + 1 if isinstance(last := walk[-1], int) else ""
        elif sign != ":":
            if walk and walk[-1] == "":  # a key comes next
                walk[-1] = str(json.loads(sign))
            now = tuple(walk)
            if matched <= len(now) <= len(path) and path[: len(now)] == now and (now or not matched):
                best, matched = token.start(), len(now) + 1
            if sign in "{[":
                walk.append("" if sign == "{" else 0)
            if matched > len(path):
                break
    line = text.count("\n", 0, best) + 1
    return f"line {line}, column {best - text.rfind(chr(10), 0, best)}"
