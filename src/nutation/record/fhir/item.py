"""One resource while it is read: what a mapper asks of it, and the events, warnings and gaps it makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from pydantic import ValidationError

from nutation.record.fhir.index import Held, Index
from nutation.record.fhir.node import Concept, Malformed, Node
from nutation.record.fhir.tables import concept_at, relevant
from nutation.record.fhir.when import age_period, happened, period_node, until
from nutation.record.head import Certainty, Event, Modality, Side, Source
from nutation.record.identity import event_id
from nutation.record.kinds import KINDS
from nutation.record.period import Period
from nutation.record.record import Unmapped


@dataclass(slots=True)
class Shared:
    """What the resources of one input share while they are read."""

    index: Index
    patient: str
    imported_at: datetime
    born: Period | None = None
    authors: dict[str, str] = field(default_factory=dict[str, str])
    parents: dict[str, Held] = field(default_factory=dict[str, Held])
    """The panel that lists an observation as a member, by the member's key."""


@dataclass(slots=True)
class Item:
    """One resource of the patient, being read."""

    held: Held
    node: Node
    shared: Shared
    system: str
    version: str
    recorded_at: datetime
    retracting: bool = False
    events: list[Event] = field(default_factory=list[Event])
    warnings: list[str] = field(default_factory=list[str])
    unmapped: list[Unmapped] = field(default_factory=list[Unmapped])

    @property
    def key(self) -> str:
        """``Type/id`` of the resource."""
        return self.held.key

    def emit(
        self, kind: str, path: str, when: Period | None, *, side: Side = "none", certainty: Certainty = "stated",
        modality: Modality = "actual", asked: Iterable[str] = (), note: str | None = None,
        encounter: str | None = None, author: str | None = None, **fields: Any,
    ) -> None:  # fmt: skip
        """Make one event of the element at ``path``. Raises Malformed where its values cannot be."""
        cls = KINDS[kind]
        source = Source(system=self.system, resource=self.key, path=path, version=self.version)
        told = {name: value for name, value in fields.items() if value is not None}
        if not cls.SIDED:
            side = "none"
        elif side == "unknown" and not self.retracting and modality != "family":
            self.warn(path, "tells no side; it counts for neither joint until the side is known.")
        try:
            event = cls.model_validate({
                "id": event_id(source, kind), "kind": kind, "patient": self.shared.patient, "side": side,
                "happened": when or until(self.recorded_at.date(), course=cls.COURSE), "recorded_at": self.recorded_at,
                "source": source, "author": author or self.author(), "encounter": encounter or self.encounter(),
                "certainty": certainty, "modality": modality, "note": note,
                **({"retracted": True} if self.retracting else {"asked_not_known": tuple(asked), **told}),
            })  # fmt: skip
        except ValidationError as error:
            first = error.errors()[0]
            message = str(first["msg"]).removeprefix("Value error, ")
            raise Malformed(
                path, f"gives {kind} an impossible value: {message}.", "correct it at its source."
            ) from None
        self.events.append(event)

    def warn(self, path: str, problem: str) -> None:
        """Note something that a reader of the answer should know."""
        if not self.retracting:
            self.warnings.append(f"{self.held.file}, {self.key}{f', {path}' if path else ''}: {problem}")

    def refuse(self, path: str, problem: str, mend: str) -> NoReturn:
        """Refuse the resource."""
        raise Malformed(path, problem, mend)

    def leave(
        self, path: str, concept: Concept | None, reason: str, *, matters: bool | None = None, words: str = ""
    ) -> None:
        """List a part of which no event is made."""
        if self.retracting:
            return
        first = concept.first if concept else None
        label = (concept.label if concept else "") or words[:120]
        self.unmapped.append(
            Unmapped(
                resource=self.key, path=path, code=first.code if first else "", system=first.url if first else "",
                label=label, relevant=relevant(concept, words) if matters is None else matters, reason=reason,
            )
        )  # fmt: skip

    def target(self, node: Node | None, *, needed: bool = False) -> Held | None:
        """The resource that a Reference leads to; a warning (``needed``: a refusal) where it leads to nobody."""
        if node is None:
            return None
        reference = node.text("reference")
        if reference is None:
            return None
        outcome, held = self.shared.index.resolve(reference, self.held)
        if outcome == "nobody" or (outcome == "absent" and needed):
            problem = f"refers to {reference}, which is not in the input."
            if needed:
                self.refuse(node.path, problem, "add the resource that it refers to, or take the reference out.")
            self.warn(node.path, problem)
        return held

    def reference_key(self, node: Node | None) -> str | None:
        """``Type/id`` that a Reference names, or its identifier; None where it names nothing."""
        if node is None:
            return None
        held = self.target(node)
        if held is not None:
            return held.key
        if reference := node.text("reference"):
            return reference.partition("/_history/")[0]
        identifier = node.child("identifier")
        return identifier.text("value") if identifier else None

    def encounter(self) -> str | None:
        """The encounter that the resource names."""
        node = self.node.value.get("encounter")
        if isinstance(node, list):  # Claim has several; which one is not told
            return None
        return self.reference_key(self.node.child("encounter"))

    def author(self) -> str | None:
        """Who says it: performer, asserter, recorder, requester; a Provenance's agent where none is named."""
        for name in (
            "asserter",
            "recorder",
            "requester",
            "informationSource",
            "source",
            "author",
            "performer",
            "practitioner",
        ):
            value = self.node.value.get(name)
            nodes = self.node.children(name) if isinstance(value, list) else [self.node.child(name)]
            for node in nodes:
                if node is not None and (found := self._name(node.child("actor") or node)):
                    return found
        return self.shared.authors.get(self.key)

    def _name(self, node: Node) -> str | None:
        if shown := node.text("display"):
            return shown
        held = self.target(node)
        if held is None:
            return node.text("reference")
        return person_name(held.node) or held.key

    def happened(self, stem: str, *, course: bool = False) -> Period | None:
        """When it happened, from ``stem[x]``, else from its encounter; None where nothing tells."""
        found = happened(self.node, stem, course=course) or age_period(self.node, stem, self.shared.born)
        return found or self.encounter_period()

    def encounter_period(self) -> Period | None:
        """The days of the encounter that the resource names."""
        if isinstance(self.node.value.get("encounter"), list):
            return None
        visit = self.target(self.node.child("encounter"))
        period = visit.node.child("period") if visit is not None and visit.type == "Encounter" else None
        return period_node(period, course=False) if period is not None else None

    def notes(self) -> str | None:
        """The resource's annotations as one text."""
        if not isinstance(self.node.value.get("note"), list):
            return None
        texts = [text for note in self.node.children("note") if (text := note.text("text"))]
        return " ".join(texts) or None

    def sites(self) -> list[Concept]:
        """Body sites, whether the resource has one or a list."""
        value = self.node.value.get("bodySite")
        if isinstance(value, list):
            from nutation.record.fhir.tables import concepts_at

            return concepts_at(self.node, "bodySite")
        found = concept_at(self.node, "bodySite")
        return [found] if found else []


def person_name(node: Node) -> str | None:
    """A person's or an organisation's name as text."""
    value = node.value.get("name")
    if isinstance(value, str):
        return value.strip() or None
    for name in node.children("name") if isinstance(value, list) else []:
        if shown := name.text("text"):
            return shown
        parts = [*name.texts("given"), name.text("family") or ""]
        if shown := " ".join(part for part in parts if part):
            return shown
    return None
