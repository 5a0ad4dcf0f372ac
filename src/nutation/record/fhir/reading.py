"""From resources to one patient's record: choose the patient, read each resource, link versions, check the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from nutation.record.checks import check
from nutation.record.errors import InputError
from nutation.record.fhir.at_odds import after_death, at_odds
from nutation.record.fhir.collect import Collected, Fault, collect, gathered
from nutation.record.fhir.extension import own_events
from nutation.record.fhir.families import MAPPERS
from nutation.record.fhir.index import Held, content_mark
from nutation.record.fhir.item import Item, Shared, person_name
from nutation.record.fhir.json_file import (
    Entry,
    check_depth,
    entries_in,
    entries_of,
    entries_of_lines,
    whole_characters,
)
from nutation.record.fhir.node import JsonObject, Malformed, Node
from nutation.record.fhir.people import People
from nutation.record.fhir.person import born_on
from nutation.record.fhir.versions import Version, link
from nutation.record.fhir.when import recorded_instant
from nutation.record.head import Event
from nutation.record.record import Record, Unmapped

_RECORDED = ("issued", "recordedDate", "recorded", "authoredOn", "authored", "dateAsserted", "date", "created")


def read_bundle(
    path: Path | str, *, partial: bool = False, patient: str | None = None, imported_at: datetime | None = None,
    earlier: Iterable[Event] = (),
) -> Record:  # fmt: skip
    """One patient's record from a FHIR R4 bundle, or a lone resource, in a JSON file.

    A file with faults is refused as a whole, every fault listed; ``partial`` leaves the faulty resources out
    and lists them as warnings. ``patient`` (an id or an identifier) chooses one patient of several.
    ``imported_at`` stands for the recording where a resource names none. Versions of a resource supersede
    older ones, those among ``earlier`` events too. Raises InputError.
    """
    file, earlier = Path(path), tuple(earlier)
    faults: list[Fault] = []
    found = collect(((str(file), entry) for entry in entries_of(file)), faults, _keys(earlier))
    return _read(found, file.name, faults, partial, patient, imported_at, earlier)


def read_ndjson(
    folder: Path | str, *, partial: bool = False, patient: str | None = None, imported_at: datetime | None = None,
    earlier: Iterable[Event] = (),
) -> Record:  # fmt: skip
    """One patient's record from a folder of NDJSON files, or one such file (a resource a line); see ``read_bundle``."""
    place = Path(folder)
    if not place.exists():
        raise InputError("there is no such folder.", file=str(place), mend="check the path.")
    files = [place]
    if place.is_dir():
        files = sorted(file for file in place.iterdir() if file.suffix.lower() in (".ndjson", ".jsonl"))
    if not files:
        raise InputError("holds no .ndjson file.", file=str(place), mend="name the folder that holds them.")
    earlier = tuple(earlier)
    faults: list[Fault] = []

    def unreadable(error: InputError) -> None:
        faults.append(Fault(error.file, error.place, error.problem, error.mend))

    def lines() -> Iterator[tuple[str, Entry]]:
        for file in files:
            for entry in entries_of_lines(file, unreadable):
                yield str(file), entry

    found = collect(lines(), faults, _keys(earlier))
    return _read(found, place.name, faults, partial, patient, imported_at, earlier)


def read_resources(
    resources: Iterable[Mapping[str, Any]], source_name: str, *, partial: bool = False, patient: str | None = None,
    imported_at: datetime | None = None, earlier: Iterable[Event] = (),
) -> Record:  # fmt: skip
    """One patient's record from resources, or bundles, as plain dictionaries; see ``read_bundle``."""

    def entries() -> Iterator[tuple[str, Entry]]:
        for position, resource in enumerate(resources):
            check_depth(resource, source_name, f"resource[{position}]")
            for entry in entries_in(whole_characters(dict(resource), source_name), source_name):
                yield source_name, entry

    earlier = tuple(earlier)
    faults: list[Fault] = []
    return _read(
        collect(entries(), faults, _keys(earlier)), source_name, faults, partial, patient, imported_at, earlier
    )


def _keys(earlier: Iterable[Event]) -> frozenset[str]:
    return frozenset(event.source.resource for event in earlier)


def _read(
    found: Collected, source: str, faults: list[Fault], partial: bool, patient: str | None,
    imported_at: datetime | None, earlier: Iterable[Event],
) -> Record:  # fmt: skip
    imported = imported_at or datetime.now(UTC)
    people = People.of(found, faults)
    if faults and not people.places:  # what names the patient is what cannot be read
        raise refusal(faults)
    chosen = people.choose(patient, source)
    shared = Shared(found.index, chosen, imported)
    me = people.resource(chosen)
    if me is not None:
        with suppress(Malformed):  # told when the Patient itself is read
            shared.born = born_on(me.node)
    _prepare(found, shared)
    warnings = people.warnings(chosen)
    unmapped: list[Unmapped] = []
    versions: list[Version] = []
    labelled: list[tuple[int, Event]] = []
    for held in found.kept:
        if people.of_resource(held) == chosen or held.deleted:
            _one(held, shared, source, faults, warnings, unmapped, versions, labelled)
    events = [*labelled, *link(versions, earlier)]
    told = [event for _, event in sorted(events, key=lambda pair: pair[0])]
    told = _without_impossible(told, me, faults, warnings, found.file or source)
    if faults and not partial:
        raise refusal(faults)
    warnings += [f"left out: {fault.text()}" for fault in faults]
    label = None
    if me is not None:
        with suppress(Malformed):  # listed already: reading the Patient asked for the name too
            label = person_name(me.node)
    return Record(
        chosen, tuple(told), (*gathered(unmapped), *found.unmapped()), tuple(dict.fromkeys(warnings)), label or ""
    )


def refusal(faults: list[Fault]) -> InputError:
    """One error that lists every fault."""
    if len(faults) == 1:
        one = faults[0]
        mend = f"{one.mend} Or leave it out with --partial."
        return InputError(one.problem, file=one.file, place=one.place, mend=mend)
    listed = "".join(f"\n  {number}. {fault.text()}" for number, fault in enumerate(faults, start=1))
    return InputError(
        f"{len(faults)} parts cannot be read, so nothing was taken.{listed}\n",
        file=faults[0].file, mend="correct them at their source, or leave them out with --partial.",
    )  # fmt: skip


def _prepare(found: Collected, shared: Shared) -> None:
    """Who wrote what (Provenance), and which panel lists which observation."""
    for held in found.kept:
        try:
            if held.type == "Provenance" and own_events(held.node) is None:
                _authors(held, shared)
            elif held.type == "Observation":
                for member in held.node.children("hasMember"):
                    _, target = shared.index.resolve(member.text("reference") or "", held)
                    if target is not None and target.key != held.key:
                        shared.parents[target.key] = held
        except Malformed:
            continue  # told when the resource itself is read


def _authors(held: Held, shared: Shared) -> None:
    names = [
        who.text("display") or who.text("reference")
        for agent in held.node.children("agent")
        if (who := agent.child("who")) is not None
    ]
    name = next((name for name in names if name), None)
    for target in held.node.children("target"):
        _, known = shared.index.resolve(target.text("reference") or "", held)
        if known is not None and name is not None:
            shared.authors[known.key] = name


def _recorded(node: Node, imported: datetime) -> datetime:
    meta = node.child("meta")
    places = [(meta, "lastUpdated")] if meta is not None else []
    places += [(node, name) for name in _RECORDED]
    for holder, name in places:
        text = holder.text(name) if isinstance(holder.value.get(name), str) else None
        if text is None:
            continue
        moment = recorded_instant(text, holder.at(name))
        if moment > max(datetime.now(UTC), imported) + timedelta(days=1):
            raise Malformed(holder.at(name), f"is {text}, which is still to come.", "correct the date.")
        return moment if "T" in text else min(moment, imported)
    return imported


def _version(node: Node) -> str:
    meta = node.child("meta")
    told = (meta.text("versionId") or meta.text("lastUpdated")) if meta is not None else None
    return told or f"content-{content_mark(node.value)}"


def _system(held: Held, source: str) -> str:
    meta = held.resource.get("meta")
    told = cast(JsonObject, meta).get("source") if isinstance(meta, dict) else None
    return held.base or (told if isinstance(told, str) and told else source)


def _one(
    held: Held, shared: Shared, source: str, faults: list[Fault], warnings: list[str], unmapped: list[Unmapped],
    versions: list[Version], labelled: list[tuple[int, Event]],
) -> None:  # fmt: skip
    try:
        if held.deleted:
            moment = recorded_instant(held.moment, "response.lastModified") if held.moment else shared.imported_at
            versions.append(Version((_system(held, source), held.key), "deleted", moment, held.position, (), True))
            return
        node = held.node
        own = own_events(node)
        if own is not None and own[1]:
            labelled.extend((held.position if order is None else order, event) for event, order in own[0])
            return
        item = Item(held, node, shared, _system(held, source), _version(node), _recorded(node, shared.imported_at))
        item.retracting = _withdrawn(node)
        _map(item, MAPPERS.get(held.type))
        replaced = tuple(event.id for event, _ in own[0]) if own is not None else ()
        if own is not None:
            item.warn("", "was changed after Nutation wrote it; it is read from its own elements.")
            item.events = _replacing(item, own[0], replaced)
    except Malformed as fault:
        place = f"{held.key}, {fault.path}" if fault.path else held.key
        faults.append(Fault(held.file, place, fault.problem, fault.mend))
        return
    warnings.extend(item.warnings)
    unmapped.extend(item.unmapped)
    key = (item.system, item.key)
    versions.append(Version(key, item.version, item.recorded_at, held.position, tuple(item.events), item.retracting))


def _map(item: Item, mapper: Callable[[Item], None] | None) -> None:
    if mapper is None:
        return
    try:
        mapper(item)
    except Malformed:
        if not item.retracting:  # what was entered in error need not be readable
            raise
        item.events.clear()


def _replacing(item: Item, own: list[tuple[Event, int | None]], replaced: tuple[str, ...]) -> list[Event]:
    """The events of a resource that was changed, in the place of those that Nutation wrote into it."""
    kinds = {event.kind for event, _ in own}
    found = [
        event.model_copy(update={"supersedes": replaced}) if event.kind in kinds else event for event in item.events
    ]
    if any(event.supersedes for event in found):
        return found
    first = own[0][0] if own else None
    if first is None:
        return found
    withdrawal = first.model_copy(update={
        "id": f"{first.id}-changed-{item.version[-8:]}", "retracted": True, "supersedes": replaced,
        "recorded_at": item.recorded_at,
    })  # fmt: skip
    return [*found, withdrawal]


def _withdrawn(node: Node) -> bool:
    """Whether the resource says that it was entered in error."""
    if node.value.get("status") == "entered-in-error":
        return True
    verification = node.value.get("verificationStatus")
    if isinstance(verification, dict):
        codings = Node(cast(JsonObject, verification), "verificationStatus").children("coding")
        return any(coding.value.get("code") == "entered-in-error" for coding in codings)
    return False


_TOLD_BY_AT_ODDS = "counts as not known until one is corrected."
"""The end of a warning of ``record.checks`` that ``at_odds`` tells with the resources' names."""


def _without_impossible(
    events: list[Event], me: Held | None, faults: list[Fault], warnings: list[str], file: str
) -> list[Event]:
    """The events that can be true together; the others, with all of their resource, go to ``faults``."""
    by_id = {event.id: event for event in events}
    bad: set[str] = set()

    def blame(event: Event, problem: str, mend: str) -> None:
        bad.add(event.source.resource or event.id)
        place = ", ".join(part for part in (event.source.resource or event.id, event.source.path) if part)
        faults.append(Fault(file, place, problem, mend))

    errors, told = check(events)
    for error in errors:
        if error.event in by_id:
            blame(by_id[error.event], error.problem, error.mend)
    for event, problem, mend in after_death(events, me):
        blame(event, problem, mend)
    kept = [event for event in events if (event.source.resource or event.id) not in bad]
    warnings += at_odds(kept)
    warnings += [f"{file}: {text}" for text in told if not text.endswith(_TOLD_BY_AT_ODDS)]
    return kept
