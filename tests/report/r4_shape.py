"""A small check of resources against R4's own StructureDefinitions: elements, how many, types, required codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from record.fhir_corpus import definitions, value_sets

_TYPE_OF_ID = "http://hl7.org/fhirpath/System.String"
_PYTHON = {"boolean": bool, "integer": int, "positiveInt": int, "unsignedInt": int, "decimal": (int, float)}
_PATTERN = {
    "id": r"[A-Za-z0-9\-.]{1,64}", "code": r"[^\s]+(\s[^\s]+)*", "uri": r"\S+", "url": r"\S+", "canonical": r"\S+",
    "date": r"\d{4}(-\d\d(-\d\d)?)?", "dateTime": r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?",
    "instant": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "string": r"(?s)\s*\S.*",
    "markdown": r"(?s)\s*\S.*", "xhtml": r"(?s)<div xmlns=\"http://www\.w3\.org/1999/xhtml\">.*</div>",
}  # fmt: skip


@cache
def _definitions() -> dict[str, dict[str, Any]]:
    return definitions()


@cache
def _codes() -> dict[str, frozenset[str]]:
    return value_sets()


def faults(resource: dict[str, Any]) -> list[str]:
    """What is wrong with the resource, each with its place; an empty list where nothing is."""
    kind = resource["resourceType"]
    if kind not in _definitions():
        return [f"{kind} is no resource of R4"]
    content = {name: value for name, value in resource.items() if name != "resourceType"}
    return list(_object(content, kind, kind, kind))


def _elements(type_name: str, path: str) -> dict[str, dict[str, Any]]:
    """The children of a path within a type, by name."""
    found: dict[str, dict[str, Any]] = {}
    for element in _definitions()[type_name]["snapshot"]["element"]:
        parent, _, name = element["path"].rpartition(".")
        if parent == path:
            found[name] = element
    return found


def _object(value: dict[str, Any], type_name: str, path: str, place: str) -> Iterator[str]:
    elements = _elements(type_name, path)
    used: set[str] = set()
    for name, child in value.items():
        element, kind = _named(elements, name)
        if element is None:
            yield f"{place}.{name} is no element of {path}"
            continue
        used.add(element["path"])
        many = element["max"] != "1"
        if many != isinstance(child, list):
            yield f"{place}.{name} {'is' if many else 'is not'} repeated"
            continue
        for i, one in enumerate(child if many else [child]):
            yield from _one(one, element, kind, type_name, f"{place}.{name}" + (f"[{i}]" if many else ""))
        if many and not child:
            yield f"{place}.{name} is an empty list"
    for element in elements.values():
        if element["min"] and element["path"] not in used:
            yield f"{place} lacks {element['path']}"


def _named(elements: dict[str, dict[str, Any]], name: str) -> tuple[dict[str, Any] | None, str]:
    if name in elements:
        types = elements[name].get("type") or [{"code": ""}]
        return elements[name], types[0]["code"]
    for stem, element in elements.items():
        if stem.endswith("[x]") and name.startswith(stem[:-3]):
            for allowed in element["type"]:
                if name == stem[:-3] + allowed["code"][0].upper() + allowed["code"][1:]:
                    return element, allowed["code"]
    return None, ""


def _one(value: Any, element: dict[str, Any], kind: str, type_name: str, place: str) -> Iterator[str]:
    if "contentReference" in element:
        yield from _object(value, type_name, element["contentReference"].removeprefix("#"), place)
    elif kind in ("BackboneElement", "Element"):
        yield from _object(value, type_name, element["path"], place)
    elif kind == "Resource":
        yield from (f"{place}: {fault}" for fault in faults(value))
    elif kind == _TYPE_OF_ID or kind[0].islower():
        yield from _primitive(value, element, kind, place)
    else:
        if not isinstance(value, dict):
            yield f"{place} is no {kind}"
            return
        yield from _object(value, kind, kind, place)


def _primitive(value: Any, element: dict[str, Any], kind: str, place: str) -> Iterator[str]:
    wanted = _PYTHON.get(kind, str)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        yield f"{place} is no {kind}: {value!r}"
        return
    pattern = _PATTERN.get(kind)
    if pattern is not None and not re.fullmatch(pattern, value):
        yield f"{place} is no {kind}: {value!r}"
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and kind == "code":
        codes = _codes().get(binding["valueSet"].partition("|")[0])
        if codes is not None and value not in codes:
            yield f"{place}: {value!r} is not in {binding['valueSet']}"
