"""A small checker of resources against R4's StructureDefinitions: names, cardinality, types and required codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_PRIMITIVE = {
    "boolean": bool,
    "integer": int,
    "positiveInt": int,
    "unsignedInt": int,
    "decimal": (int, float),
    "string": str,
    "code": str,
    "uri": str,
    "url": str,
    "canonical": str,
    "id": str,
    "oid": str,
    "uuid": str,
    "date": str,
    "dateTime": str,
    "instant": str,
    "time": str,
    "markdown": str,
    "base64Binary": str,
    "xhtml": str,
}
_PATTERN = {
    "code": r"[^\s]+( [^\s]+)*",
    "id": r"[A-Za-z0-9\-.]{1,64}",
    "uri": r"\S*",
    "canonical": r"\S*",
    "date": r"\d{4}(-\d\d(-\d\d)?)?",
    "dateTime": r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?",
    "instant": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "base64Binary": r"[A-Za-z0-9+/]*={0,2}",
    "string": r"[ \r\n\t\S]+",
}


class Checker:
    """Checks resources against definitions (by type name) and required value sets (by address)."""

    def __init__(self, definitions: dict[str, dict[str, Any]], value_sets: dict[str, frozenset[str]]) -> None:
        self._value_sets = value_sets
        self._elements: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for name, definition in definitions.items():
            children: dict[str, list[dict[str, Any]]] = {}
            for element in definition["snapshot"]["element"]:
                parent, _, last = element["path"].rpartition(".")
                if last:
                    children.setdefault(parent, []).append(element)
            self._elements[name] = children

    def problems(self, resource: dict[str, Any]) -> list[str]:
        kind = resource["resourceType"]
        body = {key: value for key, value in resource.items() if key != "resourceType"}
        return list(self._object(body, kind, kind, kind))

    def _object(self, value: dict[str, Any], kind: str, path: str, place: str) -> Iterator[str]:
        if not value:
            yield f"{place} is empty"
        elements = self._elements[kind].get(path, [])
        known: set[str] = set()
        for element in elements:
            stem = element["path"].rpartition(".")[2]
            names = [stem]
            if stem.endswith("[x]"):
                names = [stem[:-3] + t["code"][0].upper() + t["code"][1:] for t in element["type"]]
            known.update(names)
            present = [name for name in names if name in value]
            if element["min"] and not present:
                yield f"{place}.{stem} is required"
            if len(present) > 1:
                yield f"{place}.{stem} stands {len(present)} times"
            for name in present:
                yield from self._element(value[name], element, name, kind, f"{place}.{name}")
        for name in value:
            if name not in known and not (name.startswith("_") and name[1:] in known):
                yield f"{place}.{name} is not an element of R4"

    def _element(self, value: Any, element: dict[str, Any], name: str, kind: str, place: str) -> Iterator[str]:
        many = element.get("base", element)["max"] != "1"
        if many != isinstance(value, list):
            yield f"{place} is {'not ' if many else ''}a list"
            return
        if many and not value:
            yield f"{place} is an empty list"
        if element["max"].isdigit() and many and len(value) > int(element["max"]):
            yield f"{place} has more than {element['max']}"
        for item in value if many else [value]:
            yield from self._one(item, element, name, kind, place)

    def _one(self, value: Any, element: dict[str, Any], name: str, kind: str, place: str) -> Iterator[str]:
        if "contentReference" in element:
            yield from self._object(value, kind, element["contentReference"].removeprefix("#"), place)
            return
        codes = [t["code"].rpartition("/")[2] for t in element["type"]]  # ids are FHIRPath's own System.String
        stem = element["path"].rpartition(".")[2].removesuffix("[x]")
        code = codes[0] if len(codes) == 1 else next(c for c in codes if name == stem + c[0].upper() + c[1:])
        code = {"System.String": "string"}.get(code, code)
        if code in _PRIMITIVE:
            if (
                not isinstance(value, _PRIMITIVE[code])
                or (isinstance(value, bool) and code != "boolean")
                or (isinstance(value, str) and not re.fullmatch(_PATTERN.get(code, r"(?s).+"), value))
            ):
                yield f"{place} is not a {code}: {value!r}"
            yield from self._binding([value], element, place)
        elif code in ("BackboneElement", "Element"):
            yield from self._object(value, kind, element["path"], place)
        elif code == "Resource":
            yield from self._object(
                {k: v for k, v in value.items() if k != "resourceType"},
                value["resourceType"],
                value["resourceType"],
                place,
            )
        else:
            yield from self._object(value, code, code, place)
            if code == "CodeableConcept" and value.get("coding"):
                yield from self._binding([one.get("code") for one in value["coding"]], element, place)

    def _binding(self, codes: list[Any], element: dict[str, Any], place: str) -> Iterator[str]:
        binding = element.get("binding", {})
        allowed = self._value_sets.get(binding.get("valueSet", "").partition("|")[0])
        if binding.get("strength") == "required" and allowed and not set(codes) & allowed:
            yield f"{place} holds none of the required codes: {codes}"
