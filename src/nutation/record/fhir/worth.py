"""Which resources can become events or matter; told from their codes alone, while a large input streams by."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from nutation.record.fhir.imaging import image_fields
from nutation.record.fhir.node import Concept, JsonObject, Node
from nutation.record.fhir.tables import examination, read_concept, relevant, table

_ALWAYS = ("hasMember", "partOf", "contained", "extension", "imagingStudy", "doNotPerform")
"""Elements that tie a resource to others, or may hold what its code does not say."""


def worth_keeping(resource: JsonObject) -> bool:
    """Whether a resource is read; a later version always is, since it may withdraw an earlier one."""
    kind = resource.get("resourceType")
    if kind not in _CODES or resource.get("status") == "entered-in-error" or _later_version(resource):
        return True
    if any(name in resource for name in _ALWAYS):
        return True
    codes, words = _CODES[cast(str, kind)], resource.get("conclusion")
    if words is not None and (not isinstance(words, str) or relevant(None, words)):
        return True
    return any(_part_matters(resource, path.split(".")) for path in codes)


_CODES: dict[str, tuple[str, ...]] = {
    "Claim": ("diagnosis.diagnosisCodeableConcept", "item.productOrService"),
    "DiagnosticReport": ("code", "conclusionCode"),
    "ExplanationOfBenefit": ("diagnosis.diagnosisCodeableConcept", "item.productOrService"),
    "Observation": ("code", "component.code"),
    "Procedure": ("code",),
    "ServiceRequest": ("code",),
}
"""Where the types that come in masses carry the codes that decide."""


def codes_of(resource: JsonObject) -> list[JsonObject]:
    """The codes of a resource that was let go."""
    found: list[JsonObject] = []
    for path in _CODES.get(str(resource.get("resourceType")), ()):
        found += [part for part in _parts(resource, path.split(".")) if isinstance(part, dict)]
    return found


def _later_version(resource: JsonObject) -> bool:
    meta = resource.get("meta")
    told = cast(JsonObject, meta).get("versionId") if isinstance(meta, dict) else None
    return told not in (None, "1")


def _parts(value: Any, path: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [part for item in cast("list[Any]", value) for part in _parts(item, path)]
    if not path:
        return [value]
    if not isinstance(value, dict):
        return [None]  # malformed
    held = cast(JsonObject, value)
    return _parts(held[path[0]], path[1:]) if path[0] in held else []


def _part_matters(resource: JsonObject, path: list[str]) -> bool:
    found = _parts(resource, path)
    if not found:
        return path == ["code"]  # a code that is missing: let the reader say so
    return any(not isinstance(part, dict) or _code_matters(_key(cast(JsonObject, part))) for part in found)


_Key = tuple[tuple[Any, ...], ...]
"""A code as something that can be looked up: its text, then system, code and display of each coding."""


def _key(code: JsonObject) -> _Key | None:
    """None for a code that is not well formed."""
    codings: Any = code.get("coding", [])
    if not isinstance(codings, list):
        return None
    parts: list[tuple[Any, ...]] = [(code.get("text"),)]
    for coding in cast("list[Any]", codings):
        if not isinstance(coding, dict):
            return None
        held = cast(JsonObject, coding)
        parts.append((held.get("system"), held.get("code"), held.get("display")))
    told = [value for part in parts for value in part]
    return tuple(parts) if all(value is None or isinstance(value, str) for value in told) else None


@lru_cache(maxsize=8192)
def _code_matters(key: _Key | None) -> bool:
    """Whether a code is known or relevant; masses of resources repeat few codes."""
    if key is None:
        return True  # let the reader say what is wrong with it
    (text,), *codings = key
    listed = [{"system": system, "code": code, "display": display} for system, code, display in codings]
    concept = read_concept(Node({"text": text, "coding": listed}, "code"))
    return concept is None or _known(concept) or relevant(concept)


def _known(concept: Concept) -> bool:
    if any(coding.system in ("nutation", "value") for coding in concept.codings):
        return True
    tables = ("observations", "procedures", "conditions", "states")
    if any(table(name).find(concept) is not None for name in tables):
        return True
    return examination(concept) is not None or image_fields(concept, []) is not None
