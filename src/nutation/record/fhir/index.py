"""Who refers to whom: every resource of one input by its addresses, and what a reference leads to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import unquote

from nutation.record.fhir.json_file import Entry
from nutation.record.fhir.node import JsonObject, Node

Outcome = Literal["held", "seen", "absent", "nobody"]
"""Where a reference leads: to a resource that was kept; to one of the input that was not; outside the input;
or, for an address that can only lie within (``#part``, ``urn:uuid:…``), to nobody."""


@dataclass(frozen=True, slots=True)
class Held:
    """A resource of the input with its addresses. ``key`` is ``Type/id``, the same for every version."""

    resource: JsonObject
    type: str
    id: str
    full_url: str
    place: str
    file: str
    position: int
    deleted: bool = False
    moment: str = ""

    @property
    def key(self) -> str:
        """``Type/id``."""
        return f"{self.type}/{self.id}"

    @property
    def base(self) -> str:
        """Address of the server that the resource is of; empty where the input names none."""
        if not self.full_url.startswith(("http://", "https://")):
            return ""
        return self.full_url.partition("/_history/")[0].removesuffix(f"/{self.key}").rstrip("/")

    @property
    def node(self) -> Node:
        """The resource as a node."""
        return Node(self.resource)


def content_mark(resource: JsonObject) -> str:
    """Eight characters that change with the resource's content."""
    text = json.dumps(resource, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def held_of(entry: Entry, file: str, position: int) -> Held:
    """The resource of an entry; one without an id takes the id of its address, else one of its content."""
    resource = entry.resource
    if not resource:
        kind, name = ["", *entry.url.partition("?")[0].strip("/").split("/")][-2:]
        return Held({}, kind, name, entry.full_url, entry.place, file, position, True, entry.moment)
    kind = str(resource["resourceType"])
    name = resource.get("id")
    if not isinstance(name, str) or not name:
        tail = entry.full_url.partition("/_history/")[0].replace(":", "/").rsplit("/", 1)[-1]
        name = tail or f"no-id-{content_mark(resource)}"
    return Held(resource, kind, name, entry.full_url, entry.place, file, position, moment=entry.moment)


@dataclass(slots=True)
class Index:
    """The resources of one input by key and by full address."""

    by_key: dict[str, list[Held]] = field(default_factory=dict[str, list[Held]])
    by_url: dict[str, Held] = field(default_factory=dict[str, Held])
    seen: set[str] = field(default_factory=set[str])

    def add(self, held: Held) -> None:
        """Keep a resource."""
        self.by_key.setdefault(held.key, []).append(held)
        if held.full_url:
            self.by_url[held.full_url.partition("/_history/")[0]] = held

    def see(self, held: Held) -> None:
        """Remember that a resource exists, without keeping it."""
        self.seen.add(held.key)
        if held.full_url:
            self.seen.add(held.full_url)

    def resolve(self, reference: str, origin: Held) -> tuple[Outcome, Held | None]:
        """Where ``reference`` of the resource ``origin`` leads."""
        plain = unquote(reference).partition("/_history/")[0].partition("|")[0]
        if plain.startswith("#"):
            part = _contained(origin, plain[1:])
            return ("held", part) if part is not None else ("nobody", None)
        if plain in self.by_url:
            return "held", self.by_url[plain]
        if plain in self.seen:
            return "seen", None
        if plain.startswith("urn:"):
            found = self._by_bare_id(plain.rsplit(":", 1)[-1])
            return ("held", found) if found is not None else ("nobody", None)
        key = "/".join(plain.split("/")[-2:])
        absolute = "://" in plain
        for held in reversed(self.by_key.get(key, [])):
            if not absolute or not held.base or plain == f"{held.base}/{key}":
                return "held", held
        return ("seen", None) if key in self.seen and not absolute else ("absent", None)

    def _by_bare_id(self, name: str) -> Held | None:
        return next((found[-1] for key, found in self.by_key.items() if key.endswith(f"/{name}")), None)


def _contained(origin: Held, name: str) -> Held | None:
    if not name:
        return origin
    parts = origin.resource.get("contained")
    for part in cast("list[object]", parts) if isinstance(parts, list) else []:
        if isinstance(part, dict):
            resource = cast(JsonObject, part)
            kind, own = resource.get("resourceType"), resource.get("id")
            if isinstance(kind, str) and isinstance(own, str) and own.lstrip("#") == name:
                return Held(resource, kind, f"{origin.id}#{name}", "", origin.place, origin.file, origin.position)
    return None
