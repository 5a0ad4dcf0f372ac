"""Nutation's own extension: what an event tells and R4 has no element for, so that reading gives it back exactly.

A resource that Nutation wrote carries the extension ``event`` (every field of the event, one sub-extension a
field) and ``digest`` (a mark of the resource's own elements). A resource whose elements were changed since is
not read from the extension but as any hospital's, so that a correction made elsewhere is never overlooked.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime
from typing import Any, cast

from pydantic import ValidationError

from nutation.record.errors import InputError
from nutation.record.fhir.node import JsonObject, Malformed, Node
from nutation.record.head import Event
from nutation.record.identity import event_id
from nutation.record.kinds import KINDS

BASE = "https://nutation.dev/fhir/StructureDefinition/"
EVENT = f"{BASE}event"
DIGEST = f"{BASE}digest"
PATIENT = f"{BASE}patient"

_CODED = frozenset({"kind", "side", "certainty", "modality"})
_PERIOD = ("from", "to", "sure_from", "sure_to")
_SOURCE = ("system", "resource", "path", "version")
_BEYOND_DIGEST = frozenset({
    "id", "meta", "text", "extension", "language", "implicitRules", "contained", "display", "reference", "identifier",
    "userSelected",
})  # fmt: skip
_INTEGERS = range(-(2**31), 2**31)


_NOT_IN_FHIR = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def fit(text: str) -> str:
    """The text with the characters that FHIR cannot carry (control and half characters) replaced."""
    return _NOT_IN_FHIR.sub("\ufffd", text)


def text_element(name: str, text: str) -> JsonObject:
    """A sub-extension with a text: as it is where FHIR can carry it, else as the base64 of its UTF-8."""
    if not _NOT_IN_FHIR.search(text) and text.strip():
        return {"url": name, "valueString": text}
    return {"url": name, "valueBase64Binary": b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")}


def text_value(node: Node) -> str | None:
    """The text of such a sub-extension."""
    plain, packed = node.value.get("valueString"), node.value.get("valueBase64Binary")
    if isinstance(packed, str):
        try:
            return b64decode(packed, validate=True).decode("utf-8", "surrogatepass")
        except ValueError:
            raise Malformed(node.path, "is not base64.", "send the extension as Nutation wrote it.") from None
    return plain if isinstance(plain, str) else None


def _value(name: str, value: Any, event: Event) -> JsonObject:
    if isinstance(value, bool):
        return {"url": name, "valueBoolean": value}
    if isinstance(value, int) and value in _INTEGERS:
        return {"url": name, "valueInteger": value}
    if isinstance(value, (int, float)):
        if value != value or value in (float("inf"), float("-inf")):
            raise InputError(f"{name} is not a finite number.", place=f"event {event.id}", mend="correct the value.")
        return {"url": name, "valueDecimal": value}
    if isinstance(value, datetime):
        return {"url": name, "valueInstant": instant_text(value)}
    if isinstance(value, date):
        return {"url": name, "valueDate": value.isoformat()}
    if name in _CODED:
        return {"url": name, "valueCode": str(value)}
    return text_element(name, str(value))


def instant_text(moment: datetime) -> str:
    """A moment as FHIR's instant; one whose zone is no whole number of minutes is told in UTC."""
    offset = moment.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        moment = moment.astimezone(UTC)
    return moment.isoformat()


def encode(event: Event, order: int | None = None) -> JsonObject:
    """The extension ``event`` of an event; ``order`` is its place among those written together."""
    parts: list[JsonObject] = []
    empty: list[str] = []

    def add(name: str, value: Any) -> None:
        if isinstance(value, str) and not value:
            empty.append(name)
        elif value is not None:
            parts.append(_value(name, value, event))

    add("kind", event.kind)
    add("id", event.id or event_id(event.source, event.kind))
    for name in ("patient", "side", "certainty", "modality", "author", "encounter", "note"):
        add(name, getattr(event, name))
    days = [_value(name, getattr(event.happened, "from_" if name == "from" else name), event) for name in _PERIOD
            if getattr(event.happened, "from_" if name == "from" else name) is not None]  # fmt: skip
    if days:
        parts.append({"url": "happened", "extension": days})
    add("recorded_at", event.recorded_at)
    origin = [_value(name, getattr(event.source, name), event) for name in _SOURCE if getattr(event.source, name)]
    parts.append({"url": "source", "extension": origin})
    if event.retracted:
        add("retracted", True)
    for name in ("supersedes", "asked_not_known"):
        for value in getattr(event, name):
            add(name, value)
    for name, value in event.attributes().items():
        add(name, value)
    parts.extend({"url": "empty", "valueString": name} for name in empty)
    if order is not None:
        parts.append({"url": "order", "valueInteger": order})
    return {"url": EVENT, "extension": parts}


def _raw(node: Node) -> Any:
    if node.has("valueBase64Binary"):
        return text_value(node)
    found = node.choice("value")
    if found is None:
        raise Malformed(node.path, "has no value.", "send the extension as Nutation wrote it.")
    return found[1]


def decode(node: Node) -> tuple[Event, int | None]:
    """The event of an extension ``event`` and its order. Raises Malformed."""
    fields: dict[str, Any] = {"happened": {}, "source": {}}
    repeated: dict[str, list[Any]] = {"supersedes": [], "asked_not_known": []}
    order: int | None = None
    for part in node.children("extension"):
        name = str(part.value.get("url", ""))
        if name in ("happened", "source"):
            fields[name] = {str(sub.value.get("url")): _raw(sub) for sub in part.children("extension")}
        elif name in repeated:
            repeated[name].append(_raw(part))
        elif name == "empty":
            empty = str(_raw(part))
            if empty in repeated:
                repeated[empty].append("")
            else:
                fields[empty] = ""
        elif name == "order":
            order = int(part.number("valueInteger") or 0)
        else:
            fields[name] = _raw(part)
    cls = KINDS.get(str(fields.get("kind")))
    if cls is None:
        raise Malformed(node.path, f"names no kind of event ({fields.get('kind')!r}).", "correct the kind.")
    try:
        return cls.model_validate({**fields, **{name: tuple(values) for name, values in repeated.items()}}), order
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Malformed(
            f"{node.path}.{place}", f"cannot be read: {first['msg']}.", "send the extension as Nutation wrote it."
        ) from None


def digest(resource: JsonObject) -> str:
    """A mark of what the resource's own elements tell; servers may add ids, narrative and displays."""
    text = json.dumps(_telling(resource), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]


def _telling(value: Any) -> Any:
    if isinstance(value, dict):
        known = cast(JsonObject, value)
        parts = {key: _telling(part) for key, part in known.items() if key not in _BEYOND_DIGEST}
        return {key: part for key, part in parts.items() if part not in (None, {}, [])}
    if isinstance(value, list):
        return [_telling(part) for part in cast("list[Any]", value)]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(float(value))
    return value


def sealed(resource: JsonObject, *extensions: JsonObject) -> JsonObject:
    """The resource with Nutation's extensions and the digest of its own elements."""
    marks = [*extensions, {"url": DIGEST, "valueString": digest(resource)}]
    return {**resource, "extension": [*resource.get("extension", ()), *marks]}


def own_events(node: Node) -> tuple[list[tuple[Event, int | None]], bool] | None:
    """The events that Nutation wrote into a resource, and whether its own elements are as written.

    None where Nutation did not write it. Raises Malformed.
    """
    value = node.value.get("extension")
    if not isinstance(value, list):
        return None
    mark = next((part.value.get("valueString") for part in node.extensions(DIGEST)), None)
    if mark is None:
        return None
    return [decode(part) for part in node.extensions(EVENT)], mark == digest(node.value)
