"""One pass over an input: keep what can matter, count the rest, and refuse what is not R4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from nutation.record.errors import InputError
from nutation.record.fhir.families import HELPERS, MAPPERS, SUBJECTS
from nutation.record.fhir.index import Held, Index, held_of
from nutation.record.fhir.json_file import Entry, check_depth
from nutation.record.fhir.node import Coding, JsonObject, Node
from nutation.record.fhir.observation import worth_keeping
from nutation.record.fhir.shape import other_release
from nutation.record.fhir.tables import read_coding
from nutation.record.record import Unmapped


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of the input that cannot be read, where it stands, and the mend."""

    file: str
    place: str
    problem: str
    mend: str

    def text(self) -> str:
        """The fault as one line."""
        where = ", ".join(part for part in (self.file, self.place) if part)
        return f"{where}: {self.problem} To mend it: {self.mend}"


@dataclass(slots=True)
class Collected:
    """What one pass kept, in the order of the input."""

    file: str = ""
    kept: list[Held] = field(default_factory=list[Held])
    index: Index = field(default_factory=Index)
    subjects: dict[str, Held] = field(default_factory=dict[str, Held])
    """A resource for each subject that only resources that were not kept name."""
    counted: Counter[Coding] = field(default_factory=Counter[Coding])
    first: dict[Coding, str] = field(default_factory=dict[Coding, str])

    def unmapped(self) -> list[Unmapped]:
        """The observations that were let go, one line a code."""
        return [
            Unmapped(self.first[coding], "code", coding.code, coding.url, coding.display, False,
                     "no event is made of this code." + (f" ({count} such)" if count > 1 else ""))
            for coding, count in self.counted.items()
        ]  # fmt: skip


def collect(entries: Iterable[tuple[str, Entry]], faults: list[Fault]) -> Collected:
    """Keep the resources that can become events or that others need; add what is not R4 to ``faults``."""
    found = Collected()
    for position, (file, entry) in enumerate(entries):
        found.file = found.file or file
        held = held_of(entry, file, position)
        if held.deleted:
            if held.type in MAPPERS:
                found.kept.append(held)
            continue
        release = other_release(held.resource)
        if release is not None:
            faults.append(Fault(
                file, f"{held.key}, {release[1]}", f"is not FHIR R4 but {release[0]}.", "export it as FHIR R4 (4.0.1)."
            ))  # fmt: skip
            continue
        if held.type in MAPPERS and not (held.type == "Observation" and not worth_keeping(held.resource)):
            try:
                check_depth(held.resource, file, held.key)
            except InputError as error:
                faults.append(Fault(file, held.key, error.problem, error.mend))
                continue
            found.kept.append(held)
            found.index.add(held)
        elif held.type in HELPERS:
            found.index.add(_brief(held))
        else:
            found.index.see(held)
            _count(found, held)
    return found


def _brief(held: Held) -> Held:
    """A helper with the elements that are asked of it alone."""
    wanted = ("resourceType", "id", "name", "code", "practitioner", "identifier")
    kept = {name: held.resource[name] for name in wanted if name in held.resource}
    return Held(kept, held.type, held.id, held.full_url, held.place, held.file, held.position)


def _count(found: Collected, held: Held) -> None:
    subject = held.resource.get(SUBJECTS.get(held.type, "subject"))
    reference = cast(JsonObject, subject).get("reference") if isinstance(subject, dict) else None
    if isinstance(reference, str) and not reference.startswith("#") and reference not in found.subjects:
        found.subjects[reference] = Held(
            {"resourceType": held.type, "subject": {"reference": reference}}, held.type, held.id, held.full_url,
            held.place, held.file, held.position,
        )  # fmt: skip
    if held.type != "Observation":
        return
    code = cast(JsonObject, held.resource["code"])
    codings = code.get("coding")
    listed = cast("list[object]", codings) if isinstance(codings, list) else []
    first = listed[0] if listed else None
    coding = read_coding(Node(cast(JsonObject, first) if isinstance(first, dict) else {}, "code.coding[0]"))
    found.counted[coding] += 1
    found.first.setdefault(coding, held.key)
