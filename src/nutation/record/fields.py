"""What each field of each kind of event takes, read once from the event types.

Readers that see only text (YAML, JSON, CSV) turn it into values by these shapes, so that a fault is told
in the words of the field and not in those of a parser.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from nutation.record.head import Event, Source
from nutation.record.kinds import KINDS
from nutation.record.period import Period

Takes = Literal["word", "text", "truth", "number", "count", "date", "period", "instant", "texts", "source"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What one field takes: a closed list of ``words``, or a kind of value within ``low`` and ``high``."""

    name: str
    takes: Takes
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


HEAD: tuple[str, ...] = tuple(Event.model_fields)
"""Names of the fields that every kind has."""


@cache
def shapes(kind: str) -> Mapping[str, Shape]:
    """The fields of events of ``kind`` by name, those of the head first."""
    fields = {**Event.model_fields, **KINDS[kind].model_fields}
    return {name: _shape(name, field.annotation, field.metadata) for name, field in fields.items()}


@cache
def kinds_with(name: str) -> tuple[str, ...]:
    """The kinds of event that have a field of this name beyond the head."""
    return tuple(kind for kind, cls in KINDS.items() if name in cls.attribute_names())


@cache
def attribute_names() -> tuple[str, ...]:
    """Names of all fields beyond the head, over all kinds, each once."""
    return tuple(dict.fromkeys(name for cls in KINDS.values() for name in cls.attribute_names()))


def _shape(name: str, annotation: Any, metadata: list[Any]) -> Shape:
    low, high = _limits(metadata)
    inner = annotation
    while True:
        origin = get_origin(inner)
        if origin in (Union, types.UnionType):
            (inner,) = (part for part in get_args(inner) if part is not type(None))
        elif origin is Annotated:
            inner, *extra = get_args(inner)
            found = _limits(extra)
            low, high = found[0] if low is None else low, found[1] if high is None else high
        else:
            break
    if get_origin(inner) is Literal:
        return Shape(name, "word", words=tuple(str(word) for word in get_args(inner)))
    return Shape(name, _TAKES[get_origin(inner) or inner], low=low, high=high)


_TAKES: dict[Any, Takes] = {
    str: "text",
    bool: "truth",
    float: "number",
    int: "count",
    date: "date",
    datetime: "instant",
    Period: "period",
    Source: "source",
    tuple: "texts",
}


def _limits(metadata: list[Any]) -> tuple[float | None, float | None]:
    low = high = None
    for part in _flat(metadata):
        low = cast("float", part.ge) if getattr(part, "ge", None) is not None else low
        high = cast("float", part.le) if getattr(part, "le", None) is not None else high
    return low, high


def _flat(metadata: list[Any]) -> Iterator[Any]:
    """The constraints themselves: inside an annotation they stand wrapped in a field description."""
    for part in metadata:
        yield part
        yield from cast("list[Any]", getattr(part, "metadata", []))
