"""Which resources can become events or matter; told from their codes alone, while a large input streams by."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, cast

from nutation.record.fhir.imaging import image_fields
from nutation.record.fhir.node import Concept, JsonObject, Malformed, Node
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
    return any(not isinstance(part, dict) or _code_matters(json.dumps(part, sort_keys=True)) for part in found)


@lru_cache(maxsize=8192)
def _code_matters(code: str) -> bool:
    """Whether a code, as JSON, is known or relevant; masses of resources repeat few codes."""
    try:
        concept = read_concept(Node(cast(JsonObject, json.loads(code)), "code"))
    except Malformed:
        return True
    return concept is None or _known(concept) or relevant(concept)


def _known(concept: Concept) -> bool:
    if any(coding.system in ("nutation", "value") for coding in concept.codings):
        return True
    tables = ("observations", "procedures", "conditions", "states")
    if any(table(name).find(concept) is not None for name in tables):
        return True
    return examination(concept) is not None or image_fields(concept, []) is not None
