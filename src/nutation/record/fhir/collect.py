"""One pass over an input: keep what can matter, count the rest, and refuse what is not R4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import cast

from nutation.record.errors import InputError
from nutation.record.fhir.families import HELPERS, MAPPERS, SUBJECTS
from nutation.record.fhir.index import Held, Index, held_of
from nutation.record.fhir.json_file import Entry, check_depth
from nutation.record.fhir.lean import lean
from nutation.record.fhir.node import JsonObject
from nutation.record.fhir.shape import other_release
from nutation.record.fhir.worth import codes_of, worth_keeping
from nutation.record.record import Unmapped

_Code = tuple[str, str, str]
"""Resource type, system and code."""


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
    counted: Counter[_Code] = field(default_factory=Counter[_Code])
    """Codes of resources that were let go, by type and system."""
    first: dict[tuple[str, str, str], tuple[str, str]] = field(
        default_factory=dict[tuple[str, str, str], tuple[str, str]]
    )
    """The first of each, and its name."""

    def unmapped(self) -> list[Unmapped]:
        """The codes of what was let go, one line each."""
        return [
            Unmapped(*_first(self.first[key], key), False, _REASON + (f" ({count} such)" if count > 1 else ""))
            for key, count in self.counted.items()
        ]


_REASON = "no event is made of this code."


def _first(shown: tuple[str, str], key: _Code) -> tuple[str, str, str, str, str]:
    return shown[0], "code", key[2], key[1], shown[1]


def collect(entries: Iterable[tuple[str, Entry]], faults: list[Fault], known: Collection[str] = ()) -> Collected:
    """Keep the resources that can become events or that others need; add what is not R4 to ``faults``.

    ``known`` are keys of resources read before, of which every version is kept.
    """
    found = Collected()
    for position, (file, entry) in enumerate(entries):
        found.file = found.file or file
        held = held_of(entry, file, position)
        if held.deleted:
            if held.type in MAPPERS:
                found.kept.append(held)
            continue
        if not (held.key in known or held.key in found.index.by_key or worth_keeping(held.resource)):
            found.index.see(held)
            _count(found, held)
            continue
        release = other_release(held.resource)
        if release is not None:
            problem = f"is not FHIR R4 but {release[0]}."
            faults.append(Fault(file, f"{held.key}, {release[1]}", problem, "export it as FHIR R4 (4.0.1)."))
        elif held.type in MAPPERS:
            try:
                check_depth(held.resource, file, held.key)
            except InputError as error:
                faults.append(Fault(file, held.key, error.problem, error.mend))
                continue
            held = _lean(held)
            if twice := _told_twice(found, held):
                faults.append(twice)
                continue
            found.kept.append(held)
            found.index.add(held)
        elif held.type in HELPERS:
            found.index.add(_lean(held))
        else:
            found.index.see(held)
            _count(found, held)
    return found


def _told_twice(found: Collected, held: Held) -> Fault | None:
    """A fault where one version of one resource stands twice and tells different things."""
    version = _version_id(held)
    for other in found.index.by_key.get(held.key, ()):
        same = version is not None and version == _version_id(other) and held.base == other.base
        if same and other.resource != held.resource:
            problem = f"stands twice as version {version}, with different content ({other.place} and {held.place})."
            return Fault(held.file, held.key, problem, "keep the right one, or give each its own version.")
    return None


def _version_id(held: Held) -> str | None:
    meta = held.resource.get("meta")
    told = cast(JsonObject, meta).get("versionId") if isinstance(meta, dict) else None
    return told if isinstance(told, str) else None


def _lean(held: Held) -> Held:
    return replace(held, resource=lean(held.resource))


def _count(found: Collected, held: Held) -> None:
    subject = held.resource.get(SUBJECTS.get(held.type, "subject"))
    reference = cast(JsonObject, subject).get("reference") if isinstance(subject, dict) else None
    if isinstance(reference, str) and not reference.startswith("#") and reference not in found.subjects:
        found.subjects[reference] = Held(
            {"resourceType": held.type, "subject": {"reference": reference}}, held.type, held.id, held.full_url,
            held.place, held.file, held.position,
        )  # fmt: skip
    for code in codes_of(held.resource):
        codings = code.get("coding")
        listed = cast("list[object]", codings) if isinstance(codings, list) else []
        first = cast(JsonObject, listed[0]) if listed and isinstance(listed[0], dict) else code
        key = (held.type, str(first.get("system") or ""), str(first.get("code") or ""))
        found.counted[key] += 1
        if key not in found.first:
            found.first[key] = (held.key, str(first.get("display") or code.get("text") or ""))


def gathered(unmapped: Iterable[Unmapped]) -> list[Unmapped]:
    """What matters as it is; what does not, once for each type, code and reason, with how often it stands."""
    kept: dict[tuple[str, ...], list[Unmapped]] = {}
    for number, one in enumerate(unmapped):
        kind = one.resource.partition("/")[0]
        key = (str(number),) if one.relevant else (kind, one.code, one.system, one.label, one.reason)
        kept.setdefault(key, []).append(one)
    return [
        same[0] if len(same) == 1 else replace(same[0], reason=f"{same[0].reason} ({len(same)} such)")
        for same in kept.values()
    ]
