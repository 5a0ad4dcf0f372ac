"""Whose record it is: every patient that the input names, and the one that is asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from nutation.record.errors import InputError
from nutation.record.fhir.collect import Collected, Fault
from nutation.record.fhir.extension import PATIENT, text_value
from nutation.record.fhir.families import SUBJECTS
from nutation.record.fhir.index import Held, Index
from nutation.record.fhir.node import JsonObject, Malformed, Node


@dataclass(slots=True)
class People:
    """The patients of one input by id, with where each is told."""

    index: Index
    places: dict[str, str] = field(default_factory=dict[str, str])
    patients: dict[str, Held] = field(default_factory=dict[str, Held])
    identifiers: dict[str, str] = field(default_factory=dict[str, str])
    owners: dict[int, str | None] = field(default_factory=dict[int, str | None])
    file: str = ""

    @classmethod
    def of(cls, found: Collected, faults: list[Fault]) -> People:
        """The patients of what was collected; resources that name none go to ``faults``."""
        people = cls(found.index, file=found.file)
        for held in found.kept:
            if held.type == "Patient" and not held.deleted:
                people._add(held)
        for held in [*found.kept, *found.subjects.values()]:
            if held.type == "Patient" or held.deleted:
                continue
            try:
                owner = people._owner(held)
            except Malformed as fault:
                owner = None
                if held.resource.keys() > {"resourceType", "subject"}:  # one that is read, not one let go
                    faults.append(Fault(held.file, f"{held.key}, {fault.path}", fault.problem, fault.mend))
            people.owners[held.position] = owner
            if owner is not None:
                people.places.setdefault(owner, held.key)
        return people

    def _add(self, held: Held) -> None:
        name = patient_name(held)
        self.places.setdefault(name, held.key)
        self.patients[name] = held
        self.owners[held.position] = name
        values = held.resource.get("identifier")
        for value in cast("list[object]", values) if isinstance(values, list) else []:
            if isinstance(value, dict):
                told = cast(JsonObject, value).get("value")
                if isinstance(told, str):
                    self.identifiers.setdefault(told, name)

    def _owner(self, held: Held) -> str | None:
        """The id of the patient that a resource is about; None where it is about no patient."""
        element = SUBJECTS.get(held.type, "subject")
        if held.type == "Appointment":
            actors = [actor for one in held.node.children("participant") if (actor := one.child("actor"))]
            return self._of_first(actors, held)
        if held.type == "Provenance":
            return self._of_first(held.node.children("target"), held)
        subject = held.node.child(element)
        if subject is None:
            raise Malformed(element, "names no patient.", "name the patient in it, or take the resource out.")
        return self._of_reference(subject, held)

    def _of_first(self, nodes: list[Node], held: Held) -> str | None:
        """The patient among several that a resource refers to."""
        for node in nodes:
            if "Patient/" in (node.text("reference") or ""):
                return self._of_reference(node, held)
        return None

    def _of_reference(self, node: Node, origin: Held) -> str | None:
        reference = node.text("reference")
        if reference is None:
            identifier = node.child("identifier")
            value = identifier.text("value") if identifier is not None else None
            if value is not None:
                return self.identifiers.get(value, value)
            if node.text("display"):
                raise Malformed(node.path, "names its patient by display alone.", "add the reference to the Patient.")
            raise Malformed(node.path, "names no patient.", "name the patient in it, or take the resource out.")
        outcome, held = self.index.resolve(reference, origin)
        if outcome == "nobody":
            raise Malformed(
                node.at("reference"), f"refers to {reference}, which is not in the input.",
                "add the Patient that it refers to, or correct the reference.",
            )  # fmt: skip
        if held is not None:
            return patient_name(held) if held.type == "Patient" else None
        kind, name = ["", *reference.partition("/_history/")[0].split("/")][-2:]
        return name if kind in ("Patient", "") else None

    def choose(self, wanted: str | None, source: str) -> str:
        """The patient asked for, or the only one. Raises InputError."""
        file = self.file or source
        if wanted is not None:
            plain = wanted.removeprefix("Patient/")
            found = plain if plain in self.places else self.identifiers.get(wanted)
            if found is None:
                raise InputError(
                    f"has no patient {wanted!r}; it tells of {self._listed() or 'none'}.", file=file,
                    mend="name one of them with --patient.",
                )  # fmt: skip
            return found
        if not self.places:
            raise InputError(
                "tells of no patient.", file=file, mend="send a bundle with a Patient and their resources."
            )
        if len(self.places) > 1:
            raise InputError(
                f"tells of {len(self.places)} patients: {self._listed()}.", file=file,
                mend="split it by patient, or name one with --patient.",
            )  # fmt: skip
        return next(iter(self.places))

    def _listed(self) -> str:
        shown = [f"{name} ({place})" for name, place in self.places.items()]
        more = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
        return ", ".join(shown[:20]) + more

    def resource(self, name: str) -> Held | None:
        """The Patient resource of a patient, if the input holds it."""
        return self.patients.get(name)

    def of_resource(self, held: Held) -> str | None:
        """The patient that a kept resource is about."""
        return self.owners.get(held.position)

    def warnings(self, chosen: str) -> list[str]:
        """What a reader should know about the choice."""
        told: list[str] = []
        if chosen not in self.patients:
            told.append(f"{self.file}: holds no Patient resource of {chosen}; birth date and sex are not known.")
        others = sum(1 for owner in self.owners.values() if owner not in (None, chosen))
        if others:
            told.append(f"{self.file}: {others} resources of other patients were not read.")
        return told


def patient_name(held: Held) -> str:
    """The patient's id as events name it: the one that Nutation wrote, else the resource's."""
    with suppress(Malformed):  # a malformed Patient is told of when it is read
        if isinstance(held.resource.get("extension"), list):
            for extension in held.node.extensions(PATIENT):
                if told := text_value(extension):
                    return told
        if "#" in held.id:  # contained: its own id says nothing outside
            identifiers = held.node.children("identifier")
            return next((value for one in identifiers if (value := one.text("value"))), held.id.rpartition("#")[2])
    return held.id
