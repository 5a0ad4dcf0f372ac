"""What no single resource can show, told with the resources' names: events after death, or at odds on one day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from nutation.record.fhir.index import Held
from nutation.record.fhir.node import Malformed
from nutation.record.fhir.person import died_on
from nutation.record.head import Event

_DESCRIPTIVE = frozenset({"label", "code", "code_system", "drug", "answers"})
_OUTLIVE = frozenset({"coverage", "completeness", "attestation", "signature", "adverse_event"})


def after_death(events: Iterable[Event], patient: Held | None) -> Iterator[tuple[Event, str, str]]:
    """Events that are told as done after the patient's death: the event, the problem, the mend."""
    try:
        died = died_on(patient.node) if patient is not None else None
    except Malformed:
        return  # told when the Patient itself is read
    if died is None or died.to is None:
        return
    for event in events:
        first = event.happened.from_
        if first is not None and first > died.to and event.modality == "actual" and event.kind not in _OUTLIVE:
            yield event, f"happened on {first}, after the death on {died.to}.", "correct one of the two dates."


def at_odds(events: Iterable[Event]) -> list[str]:
    """A warning for each pair of standing events of one kind, day and side that tell different things."""
    superseded: set[str] = set()
    told: list[Event] = []
    for event in events:
        superseded.update(event.supersedes)
        one_day = event.happened.from_ is not None and event.happened.from_ == event.happened.to
        if one_day and not event.retracted and event.modality == "actual":
            told.append(event)
    days: dict[tuple[object, ...], list[Event]] = {}
    for event in told:
        if event.id not in superseded:
            identity = tuple(getattr(event, name) for name in event.IDENTITY)
            days.setdefault((event.kind, event.side, event.happened.from_, identity), []).append(event)
    warnings: list[str] = []
    for (kind, side, day, _), same in days.items():
        for other in same[1:]:
            differing = "" if _other_visit(same[0], other) else _differing(same[0], other)
            if differing and isinstance(day, date):
                where = "" if side == "none" else f", side {side}"
                warnings.append(
                    f"{same[0].source.text()} and {other.source.text()}: contradict each other on {day}{where} "
                    f"({kind}: {differing}); both are kept, and neither counts until one is corrected."
                )
    return warnings


def _differing(one: Event, other: Event) -> str:
    parts: list[str] = []
    for name, value in one.attributes().items():
        against = getattr(other, name)
        if name in _DESCRIPTIVE or value is None or against is None or value == against:
            continue
        shown = f"{value:g} and {against:g}" if isinstance(value, float) else f"{value} and {against}"
        parts.append(f"{name.replace('_', ' ')} {shown}")
    return ", ".join(parts)


def _other_visit(one: Event, other: Event) -> bool:
    same_source = one.source.system == other.source.system
    return same_source and None not in (one.encounter, other.encounter) and one.encounter != other.encounter
