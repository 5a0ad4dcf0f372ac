"""Ids and references of the resources that carry an answer out: the same for the same question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid5

from nutation.record.fhir.build import SERVER, resource_id, shown
from nutation.record.record import Record

PROFILE = f"{SERVER}/CodeSystem/"
_NAMESPACE = UUID("6f0f6a55-1c1f-5f0e-9d1c-2f6a0f4f5d11")
_RESOURCE = re.compile(r"(?:^|\s)([A-Z][A-Za-z]{2,40}/[A-Za-z0-9\-.]{1,64})(?=\s|$)")


class Pointers:
    """Names things within one bundle, and points from there to the patient and to the events' own resources."""

    def __init__(self, document: Mapping[str, Any], record: Record | None) -> None:
        asked = {name: document[name] for name in ("patient", "as_of", "known_by", "versions")}
        self._question = json.dumps(asked, sort_keys=True)
        self._events = {event["id"]: event for event in document["events"]}
        self._of_record = {event.id: event for event in record.events} if record is not None else {}
        label = shown(document["label"])
        patient = resource_id(document["patient"])
        self.patient: dict[str, Any] = {
            "reference": f"Patient/{patient}",
            "identifier": {"system": f"{SERVER}/patient", "value": shown(document["patient"]) or patient},
            **({"display": label} if label else {}),
        }

    def id(self, *parts: str) -> str:
        """The id of the resource for this part of this question."""
        return str(uuid5(_NAMESPACE, json.dumps([self._question, *parts])))

    def url(self, identifier: str) -> str:
        """The address of a resource within the bundle."""
        return f"urn:uuid:{identifier}"

    def to(self, *parts: str) -> dict[str, Any]:
        """A reference to a resource of the bundle."""
        return {"reference": self.url(self.id(*parts))}

    def references(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """References to the resources that these events were read from; by identifier where there is none."""
        return [found for name in dict.fromkeys(ids) if (found := self._reference(name)) is not None]

    def _reference(self, name: str) -> dict[str, Any] | None:
        told = self._events.get(name)
        if told is None:
            return None
        event = self._of_record.get(name)
        source = event.source.resource if event is not None else told["source"]
        match = _RESOURCE.search(source)
        literal = {"reference": match[1]} if match else {}
        return {
            **literal,
            "identifier": {"system": f"{SERVER}/event", "value": name},
            "display": shown(f"{told['happened']['text']}: {told['text']}")[:500],
        }
