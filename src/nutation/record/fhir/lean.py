"""Resources without the parts that no reader asks for, so that a large input fits into memory."""

from __future__ import annotations

from typing import Any, cast

from nutation.record.fhir.node import JsonObject

_HEAD = frozenset({"resourceType", "id", "meta", "extension", "status", "subject", "patient", "encounter"})
_BILL = frozenset({"use", "billablePeriod", "created", "diagnosis", "item", "provider", "enterer"})
_WANTED: dict[str, frozenset[str]] = {
    "Claim": _HEAD | _BILL,
    "ExplanationOfBenefit": _HEAD | _BILL,
    "Encounter": _HEAD | {"period", "type", "serviceType", "reasonCode", "reasonReference"},
    "Medication": _HEAD | {"code"},
    "Organization": _HEAD | {"name", "identifier"},
    "Practitioner": _HEAD | {"name", "identifier"},
    "PractitionerRole": _HEAD | {"practitioner", "identifier"},
    "RelatedPerson": _HEAD | {"name", "identifier"},
}  # fmt: skip
_LINE = frozenset({"sequence", "productOrService", "modifier", "bodySite", "servicedDate", "servicedPeriod"})


def lean(resource: JsonObject) -> JsonObject:
    """The resource without its narrative, and of bills and visits only what is read."""
    wanted = _WANTED.get(str(resource.get("resourceType")))
    if wanted is None:
        plain = {name: part for name, part in resource.items() if name != "text"}
        if isinstance(plain.get("content"), list):
            plain["content"] = [_titled(part) for part in cast("list[Any]", plain["content"])]
        return plain
    kept = {name: part for name, part in resource.items() if name in wanted or name == "contained"}
    lines: Any = kept.get("item")
    if isinstance(lines, list):
        kept["item"] = [
            {name: part for name, part in cast(JsonObject, line).items() if name in _LINE}
            if isinstance(line, dict)
            else line
            for line in cast("list[Any]", lines)
        ]
    return kept


def _titled(content: Any) -> Any:
    """A document's content without the document itself."""
    if not isinstance(content, dict):
        return content
    held = cast(JsonObject, content)
    attachment = held.get("attachment")
    if not isinstance(attachment, dict):
        return held
    kept = {name: part for name, part in cast(JsonObject, attachment).items() if name != "data"}
    return {**held, "attachment": kept}
