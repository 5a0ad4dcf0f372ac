"""A JSON object with its path, read with care: a wrong shape is an error that names the place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

JsonObject = dict[str, Any]

_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


class Malformed(Exception):  # noqa: N818  (not an error of the program: a fault of the input)
    """A resource cannot be read as it stands; caught per resource and told with file and resource."""

    def __init__(self, path: str, problem: str, mend: str) -> None:
        self.path, self.problem, self.mend = path, problem, mend
        super().__init__(f"{path}: {problem}")


def said(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float, Decimal)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON object of a resource and the path that leads to it."""

    value: JsonObject
    path: str = ""

    def at(self, name: str) -> str:
        """Path of the element ``name``."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the element is there and not null."""
        return self.value.get(name) is not None

    def child(self, name: str) -> Node | None:
        """The object under ``name``; raises Malformed where something else stands there."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._wrong(name, "one object", value)
        return Node(cast(JsonObject, value), self.at(name))

    def children(self, name: str) -> list[Node]:
        """The objects of the list under ``name``; raises Malformed where something else stands there."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "a list of objects", value)
        found: list[Node] = []
        for position, item in enumerate(cast("list[object]", value)):
            if item is None:
                continue
            if not isinstance(item, dict):
                raise self._wrong(f"{name}[{position}]", "an object", item)
            found.append(Node(cast(JsonObject, item), f"{self.at(name)}[{position}]"))
        return found

    def text(self, name: str) -> str | None:
        """The text under ``name``, stripped; None where it is left out or empty."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(name, "text", value)
        return value.strip() or None

    def texts(self, name: str) -> list[str]:
        """The texts of the list under ``name``."""
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "a list of texts", value)
        return [item for item in cast("list[object]", value) if isinstance(item, str)]

    def number(self, name: str) -> float | None:
        """The finite number under ``name``."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            raise self._wrong(name, "a number", value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise Malformed(self.at(name), "is too large a number.", "check the value.")
        return number

    def flag(self, name: str) -> bool | None:
        """The truth value under ``name``."""
        value = self.value.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(name, "true or false", value)

    def choice(self, stem: str) -> tuple[str, object] | None:
        """The element ``stem[x]`` that is there, with its full name and raw value. Raises Malformed for two."""
        size = len(stem)
        told = [
            name
            for name, value in self.value.items()
            if value is not None and name.startswith(stem) and len(name) > size and name[size].isupper()
        ]
        if len(told) > 1:
            raise Malformed(
                self.at(told[1]), f"stands beside {told[0]}; R4 allows one {stem}[x].", "send the one that is right."
            )
        return (told[0], self.value[told[0]]) if told else None

    def absent_reason(self, name: str) -> str | None:
        """Why the primitive ``name`` is absent, from the extension on ``_name``."""
        holder = self.value.get(f"_{name}")
        if not isinstance(holder, dict):
            return None
        for extension in Node(cast(JsonObject, holder), self.at(f"_{name}")).children("extension"):
            if extension.value.get("url") == _ABSENT_REASON:
                return extension.text("valueCode")
        return None

    def extensions(self, url: str) -> Iterator[Node]:
        """The extensions of this object with the url."""
        return (node for node in self.children("extension") if node.value.get("url") == url)

    def _wrong(self, name: str, wanted: str, value: object) -> Malformed:
        return Malformed(
            self.at(name), f"is {said(value)} where R4 has {wanted}.", f"send {wanted} there, or leave it out."
        )


@dataclass(frozen=True, slots=True)
class Coding:
    """A code; ``system`` is the short name of the data files where known, else the address as sent."""

    system: str
    code: str
    display: str
    url: str


@dataclass(frozen=True, slots=True)
class Concept:
    """A CodeableConcept, or a lone Coding: its codes and its words."""

    codings: tuple[Coding, ...]
    text: str
    path: str

    @property
    def label(self) -> str:
        """The shortest fair name: the text, else a display, else the code."""
        shown = next((coding.display for coding in self.codings if coding.display), "")
        return self.text or shown or (self.codings[0].code if self.codings else "")

    @property
    def words(self) -> str:
        """All its words in lower case, for a search by word."""
        return " ".join((self.text, *(coding.display for coding in self.codings))).lower()

    @property
    def first(self) -> Coding:
        """The first coding; an empty one if there is none."""
        return self.codings[0] if self.codings else Coding("", "", "", "")
