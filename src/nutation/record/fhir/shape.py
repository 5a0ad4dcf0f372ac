"""Which release of FHIR a resource is of, from its profiles and from elements that R4 does not have."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from nutation.record.fhir.node import JsonObject
from nutation.record.fhir.tables import Row, table


@cache
def _signs() -> dict[str, list[Row]]:
    signs: dict[str, list[Row]] = {}
    for row in table("shapes").rows:
        signs.setdefault(row["type"], []).append(row)
    return signs


def _within(resource: JsonObject, path: str) -> object:
    value: Any = resource
    for step in path.split("."):
        if isinstance(value, list) and step.isdigit():
            known = cast("list[Any]", value)
            value = known[int(step)] if int(step) < len(known) else None
        elif isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step)
        else:
            return None
    return value


def other_release(resource: JsonObject) -> tuple[str, str] | None:
    """(release, the element that tells it) where a resource is not of R4; None where nothing says so."""
    kind = resource.get("resourceType")
    version = resource.get("fhirVersion")
    if isinstance(version, str) and version and not version.startswith("4.0"):
        versions = cast("dict[str, str]", table("shapes").extra["versions"])
        return versions.get(version[:1], "R4B" if version.startswith("4.") else version), f"fhirVersion {version}"
    meta = resource.get("meta")
    profiles = cast("dict[str, Any]", meta).get("profile") if isinstance(meta, dict) else None
    for profile in cast("list[object]", profiles) if isinstance(profiles, list) else []:
        for sign, release in cast("dict[str, str]", table("shapes").extra["profiles"]).items():
            if isinstance(profile, str) and f"hl7.org/fhir{sign}" in profile:
                return release, f"meta.profile {profile}"
    if not isinstance(kind, str):
        return None
    for row in _signs().get(kind, ()):
        if not row["element"]:
            return row["release"], f"the resource type {kind}"
        value = _within(resource, row["element"])
        fits = {"present": value is not None, "text": isinstance(value, str),
                "object": isinstance(value, dict), "list": isinstance(value, list)}  # fmt: skip
        if fits[row["test"]]:
            return row["release"], row["element"]
    return None
