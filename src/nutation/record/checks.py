"""What the events of one patient cannot say together, whatever they were read from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter

from nutation.record.faults import Fault
from nutation.record.head import Event
from nutation.record.kinds import KINDS, Completeness, Injection, Nicotine, Person, Pregnancy
from nutation.record.occasions import Occasion, occasions
from nutation.record.period import Period
from nutation.record.standing import standing

_CLOCKS = timedelta(days=1)  # a day's date can run ahead of an instant told in another time zone
_ROUNDING_PCT = 5.0  # a percentage told in words is seldom told more finely


def check(events: Sequence[Event]) -> tuple[list[Fault], list[str]]:
    """Errors and warnings over ``events`` of one patient.

    Errors cannot all be true (a visit before birth, a report of what had not happened yet); each names the
    event's id. Warnings may be true and want a look (two results of one day that differ).
    """
    stand = standing(events)
    errors = [fault for rule in _ERRORS for fault in rule(events if rule in _OVER_ALL else stand)]
    warnings = [text for rule in _WARNINGS for text in rule(events if rule in _OVER_ALL else stand)]
    return errors, list(dict.fromkeys(warnings))


def named(event: Event) -> str:
    """The event as a reader would name it: ``injection of 2026-03-01, left``."""
    side = f", {event.side}" if event.SIDED and event.side in ("left", "right", "both") else ""
    return f"{event.kind} of {event.happened.text()}{side}"


# -- errors ------------------------------------------------------------------------------------------


def _one_patient(events: Iterable[Event]) -> Iterator[Fault]:
    patients = {event.patient: event for event in events}
    if len(patients) > 1:
        yield Fault(
            f"The events are of {len(patients)} patients: {', '.join(sorted(patients)[:5])}.",
            "give one patient's events, or name the patient.",
        )


def _one_birth(events: Iterable[Event]) -> Iterator[Fault]:
    births = [event for event in events if isinstance(event, Person) and event.modality == "actual"]
    for other in births[1:]:
        if not other.happened.overlaps(births[0].happened):
            yield Fault(
                f"Two dates of birth are given: {births[0].happened.text()} and {other.happened.text()}.",
                "keep the right one; if these are two persons, write two files.",
                event=other.id,
            )


def _after_birth(events: Iterable[Event]) -> Iterator[Fault]:
    told = [event for event in events if event.modality == "actual"]
    born = max((day for event in told if isinstance(event, Person) and (day := event.happened.from_)), default=None)
    if born is None:
        return
    for event in told:
        day = event.happened.to
        if day is not None and day < born and not isinstance(event, Person):
            yield Fault(
                f"The {named(event)} lies before the birth on {born}.",
                "correct the date of birth or the date of this event.",
                event=event.id,
            )


def _after_it_happened(events: Iterable[Event]) -> Iterator[Fault]:
    for event in events:
        start = event.happened.from_
        if event.modality == "actual" and start is not None and start > event.recorded_at.date() + _CLOCKS:
            yield Fault(
                f"The {named(event)} was recorded on {event.recorded_at.date()}, before it happened.",
                "correct one of the dates; if it is only planned, write modality: intended.",
                event=event.id,
            )


def _not_of_the_future(events: Iterable[Event]) -> Iterator[Fault]:
    for event in events:
        told = event.recorded_at.date() + _CLOCKS
        if isinstance(event, Nicotine) and event.free_since is not None and event.free_since > told:
            yield Fault(
                f"free_since ({event.free_since}) is later than the day it was recorded ({event.recorded_at.date()}).",
                "correct one of the dates.", event=event.id,
            )  # fmt: skip
        if isinstance(event, Completeness) and event.up_to is not None:
            if event.expires_on is not None and event.expires_on < event.up_to:
                yield Fault(
                    f"The statement expires on {event.expires_on}, before the day it reaches to ({event.up_to}).",
                    "correct one of the dates.", event=event.id,
                )  # fmt: skip
            if event.up_to > told:
                yield Fault(
                    f"Completeness up to {event.up_to} was stated on {event.recorded_at.date()}, before that day.",
                    "nobody can know what is still to come: state it up to the day of the statement.", event=event.id,
                )  # fmt: skip


def _same_id(events: Iterable[Event]) -> Iterator[Fault]:
    seen: dict[str, Event] = {}
    for event in events:
        if (other := seen.setdefault(event.id, event)) is not event and other != event:
            yield Fault(
                f"Two different events carry the id {event.id}: {named(other)} and {named(event)}.",
                "give each its own id, or let a correction name the earlier one in supersedes.",
                event=event.id,
            )


def _no_circle(events: Iterable[Event]) -> Iterator[Fault]:
    try:
        TopologicalSorter({event.id: event.supersedes for event in events}).prepare()
    except CycleError as error:
        ring = [str(one) for one in error.args[1]]
        yield Fault(
            f"These events supersede each other in a ring: {' -> '.join(ring[:6])}.",
            "take one of them out of supersedes; else none of them counts.",
            event=ring[0],
        )


# -- warnings ----------------------------------------------------------------------------------------


def _told_twice(events: Iterable[Event]) -> Iterator[str]:
    counts: dict[str, int] = defaultdict(int)
    for event in events:
        counts[event.id] += 1
    yield from (f"The event {one} stands {n} times; it counts once." for one, n in counts.items() if n > 1)


def _unknown_supersedes(events: Iterable[Event]) -> Iterator[str]:
    listed = list(events)
    known = {event.id for event in listed}
    for event in listed:
        for earlier in event.supersedes:
            if earlier not in known:
                yield f"The {named(event)} supersedes {earlier}, which is not in this record."


def _contradicted(events: Iterable[Event]) -> Iterator[str]:
    listed = overlapping(events)
    by_id = {event.id: event for event in listed}
    for occasion in occasions(listed):
        if not occasion.contradicted or not occasion.side_known:
            continue
        members = [by_id[one] for one in occasion.events]
        days = Period.model_validate({"from": occasion.happened_from, "to": occasion.happened_to}).text()
        where = f" ({occasion.joint})" if occasion.joint and occasion.joint in {e.side for e in members} else ""
        topic = occasion.values.get(KINDS[occasion.kind].TOPIC or "")
        for name in sorted(occasion.contradicted):
            told = sorted({str(value) for e in members if (value := _told(e, occasion, name)) is not None})
            yield (
                f"{occasion.kind}{f' {topic}' if topic else ''} of {days}{where}: {name} is told as "
                f"{' and as '.join(told)}; it counts as not known until one is corrected."
            )


def overlapping(events: Iterable[Event]) -> tuple[Event, ...]:
    """Events that share days, kind and identity with another, or correct the same one: few of many.

    Only these can tell of one occasion, and joining occasions costs more than finding them.
    """
    kinds: dict[str, list[Event]] = defaultdict(list)
    corrections: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        kinds["symptom" if event.kind == "safety_screen" else event.kind].append(event)
        for earlier in event.supersedes:
            corrections[earlier].append(event)
    found = {event.id: event for several in corrections.values() if len(several) > 1 for event in several}
    for kind, members in kinds.items():
        identities: dict[tuple[object, ...], list[Event]] = defaultdict(list)
        told = [tuple(getattr(event, name) for name in KINDS[event.kind].IDENTITY) for event in members]
        exact = kind != "symptom" and all(None not in identity for identity in told)
        for event, identity in zip(members, told, strict=True):
            identities[identity if exact else ()].append(event)
        for alike in identities.values():
            found |= _sharing_days(alike)
    return tuple(found.values())


def _sharing_days(events: list[Event]) -> dict[str, Event]:
    """Those of ``events`` whose days overlap with another's."""
    found: dict[str, Event] = {}
    longest: Event | None = None  # of those that began before, the one that reaches furthest
    for event in sorted(events, key=lambda e: e.happened.from_ or date.min):
        if longest is not None and longest.happened.overlaps(event.happened):
            found |= {longest.id: longest, event.id: event}
        if longest is None or (event.happened.to or date.max) >= (longest.happened.to or date.max):
            longest = event
    return found


def _told(event: Event, occasion: Occasion, name: str) -> object:
    """What ``event`` says of the occasion's attribute; a safety screen answers under the symptom's own name."""
    if event.kind != occasion.kind:
        name = str(occasion.values.get("symptom"))
    return getattr(event, name, None)


def _stated_relief(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        if not isinstance(event, Injection) or event.relief_stated_pct is None:
            continue
        if event.score_before and event.score_after is not None:
            scored = 100.0 * (event.score_before - event.score_after) / event.score_before
            if abs(scored - event.relief_stated_pct) > _ROUNDING_PCT:
                yield (
                    f"The {named(event)}: the stated relief is {event.relief_stated_pct:g} %, the scores give "
                    f"{scored:.0f} %; the scores are used."
                )


def _unlikely(events: Iterable[Event]) -> Iterator[str]:
    listed = list(events)
    if any(isinstance(event, Pregnancy) and event.modality == "actual" for event in listed) and any(
        isinstance(event, Person) and event.sex == "male" for event in listed
    ):
        yield "A pregnancy is recorded and the sex is recorded as male: check that both are of this patient."
    for event in listed:
        if isinstance(event, Nicotine) and event.status == "never" and event.free_since is not None:
            yield f"The {named(event)} says never and free since {event.free_since}: check which holds."
    born = next((e.happened.to for e in listed if isinstance(e, Person) and e.modality == "actual"), None)
    latest = max((d for e in listed if e.modality == "actual" and (d := e.happened.from_)), default=None)
    if born is not None and latest is not None and _years(born, latest) > _OLDEST_YEARS:
        yield f"By these dates the patient was {_years(born, latest)} years old on {latest}: check the date of birth."


_OLDEST_YEARS = 115


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


_ERRORS: tuple[Callable[[Iterable[Event]], Iterator[Fault]], ...] = (
    _one_patient, _one_birth, _after_birth, _after_it_happened, _not_of_the_future, _same_id, _no_circle,
)  # fmt: skip
_WARNINGS: tuple[Callable[[Iterable[Event]], Iterator[str]], ...] = (
    _told_twice, _unknown_supersedes, _contradicted, _stated_relief, _unlikely,
)  # fmt: skip
_OVER_ALL = frozenset[object]({_one_patient, _same_id, _no_circle, _told_twice, _unknown_supersedes})
"""Rules over every event; the others are over those that stand."""
