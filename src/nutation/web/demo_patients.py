"""The demonstration's patients: the project's fictional examples, moved to today, at every stage of the pathway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import nutation
from nutation.record.errors import InputError
from nutation.record.head import Event, Source
from nutation.record.kinds import KINDS
from nutation.record.period import Period
from nutation.record.reading import read_record
from nutation.record.record import Record

VISIT = date(2026, 9, 1)
"""The day to which the examples' dates run."""

Change = Callable[[Sequence[Event], date], Sequence[Event]]


@dataclass(frozen=True, slots=True)
class MadeUp:
    """One fictional patient: whose story is borrowed, what is changed in it, and how far the request has come.

    ``visit_days_ago`` is how long ago the last visit was; ``requests`` are the states that the request for
    authorisation went through, each with the days since; ``image_id`` is the patient's id in the practice image;
    ``planned``: a plan is made on its bones, and its side and levels are stated.
    """

    name: str
    example: str
    visit_days_ago: int = 1
    change: Change | None = None
    requests: tuple[tuple[str, int], ...] = ()
    policy: str = "AETNA_CPB0016"
    image_id: str = ""
    planned: bool = False


def record_of(told: MadeUp, today: date) -> Record:
    """The patient's record with its dates moved, so that the last visit was as long ago as told."""
    record = read_record(_examples() / told.example)
    visit = today - timedelta(days=told.visit_days_ago)
    moved: Sequence[Event] = [_moved(event, visit - VISIT) for event in record.events]
    if told.change is not None:
        moved = told.change(moved, visit)
    return Record(record.patient, tuple(moved), record.unmapped, record.warnings, told.name)


def _examples() -> Path:
    """The examples: in the wheel beside the package's modules, in a checkout at its root."""
    package = Path(nutation.__file__).parent
    for folder in (package / "examples", package.parent.parent / "examples"):
        if (folder / "classic-degenerative").is_dir():
            return folder
    raise InputError("The example patients are not installed.", mend="install Nutation from a wheel or a checkout.")


def _moved(event: Event, by: timedelta) -> Event:
    """The event with every date moved by the same time."""
    days = {name: _plus(value, by) for name, value in event.attributes().items() if isinstance(value, date)}
    period = event.happened
    happened = Period.model_validate(
        {
            "from": _plus(period.from_, by), "to": _plus(period.to, by), "sure_from": _plus(period.sure_from, by),
            "sure_to": _plus(period.sure_to, by),
        }
    )  # fmt: skip
    if event.kind == "person":
        return event
    return event.model_copy(update={**days, "happened": happened, "recorded_at": event.recorded_at + by})


def _plus(day: date | None, by: timedelta) -> date | None:
    return None if day is None else day + by


# -- what is changed in a borrowed story ---------------------------------------------------------------


def only_referred(events: Sequence[Event], visit: date) -> Sequence[Event]:
    """Nothing is known yet but who was referred and how they are insured."""
    return [event for event in events if event.kind in ("person", "coverage")]


def nothing_ordered(events: Sequence[Event], visit: date) -> Sequence[Event]:
    """The story up to the decision: no operation is ordered."""
    return [event for event in events if not (event.kind == "operation" and event.modality == "intended")]


def operated(days_ago: int, *, pain_since: Sequence[tuple[int, float]] = ()) -> Change:
    """The ordered operation was done ``days_ago`` days before the visit; pain scores at days after it."""

    def changed(events: Sequence[Event], visit: date) -> Sequence[Event]:
        day = visit - timedelta(days=days_ago)
        order = next(event for event in events if event.kind == "operation" and event.modality == "intended")
        before = [event for event in events if event is not order and (event.happened.from_ or day) < day]
        told: dict[str, Any] = {
            "happened": Period.on(day), "recorded_at": _noon(order, day), "modality": "actual", "note": None,
            "id": f"{order.id}-done",
        }  # fmt: skip
        scores = [
            _made(order, "pain_score", day + timedelta(days=after), nrs=nrs, site="si_region", rates="average")
            for after, nrs in pain_since
        ]
        return [*before, order.model_copy(update=told), *scores]

    return changed


def ordered_for(in_days: int) -> Change:
    """The operation has its day, ``in_days`` days after the visit."""

    def changed(events: Sequence[Event], visit: date) -> Sequence[Event]:
        day = Period.on(visit + timedelta(days=in_days))
        return [
            event.model_copy(update={"happened": day, "note": None})
            if event.kind == "operation" and event.modality == "intended"
            else event
            for event in events
        ]

    return changed


def _made(like: Event, kind: str, day: date, **told: Any) -> Event:
    source = Source(system="nutation demonstration", resource=f"{kind}/{day}")
    plain = {
        "id": f"{kind}-{day}", "patient": like.patient, "side": like.side, "happened": Period.on(day),
        "recorded_at": _noon(like, day), "source": source,
    }  # fmt: skip
    return KINDS[kind].model_validate(plain | told)


def _noon(like: Event, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=like.recorded_at.tzinfo)


_CLASSIC = "classic-degenerative"
_SENT = (("draft", 24), ("sent", 21))

PATIENTS: tuple[MadeUp, ...] = (
    MadeUp("Nora Eklund", _CLASSIC, 3, only_referred),
    MadeUp("Oskar Brandt", "trauma", 2, only_referred),
    MadeUp("Therese Valcourt", "silent-cauda-equina", 1),
    MadeUp("Dennis Orr", "cauda-equina", 0),
    MadeUp("Jordan Pike", "septic-sacroiliitis", 1),
    MadeUp("Ellis Warrender", "silent-infection", 4),
    MadeUp("Rosalind Teague", "silent-tumour", 9),
    MadeUp("Edwin Sørli", "hip-mimic", 12),
    MadeUp("Gunnar Falk", "silent-hip-disease", 6),
    MadeUp("Tomas Reyes", "discogenic-centralisation", 15),
    MadeUp("Bilal Hadžić", "axial-spondyloarthritis", 5),
    MadeUp("Hazel Morrow", "insufficiency-fracture", 7),
    MadeUp("Colleen Draper", "one-block-only", 3),
    MadeUp("Leonard Voss", "discordant-blocks", 10),
    MadeUp("Paulette Grange", "lasting-injection-relief", 14),
    MadeUp("Miriam Aldaya", _CLASSIC, 1, nothing_ordered),
    MadeUp("Ruth Feldmann", "bilateral", 2, nothing_ordered),
    MadeUp("Adaeze Bright", "postpartum", 8, nothing_ordered),
    MadeUp("Iris Lindgren", "discordant-policies", 3),
    MadeUp("Henrik Solberg", _CLASSIC, 6, requests=(("draft", 4),)),
    MadeUp("Walter Kinsey", "after-lumbar-fusion", 20, requests=_SENT, policy="NASS_2015"),
    MadeUp("Amara Nwosu", _CLASSIC, 28, requests=(*_SENT, ("more_information", 5))),
    MadeUp("Marcus Oyelaran", "trauma", 30, requests=(*_SENT, ("peer_to_peer", 2))),
    MadeUp("Ingrid Halloran", _CLASSIC, 35, requests=(*_SENT, ("denied", 8))),
    MadeUp("Pavel Dvorak", _CLASSIC, 26, requests=(*_SENT, ("approved", 6)), image_id="PHANTOM"),
    MadeUp("Lucia Ferrante", _CLASSIC, 30, ordered_for(42), (*_SENT, ("approved", 15)), planned=True),
    MadeUp("Johan Lindqvist", _CLASSIC, 0, operated(18, pain_since=((7, 5.0),))),
    MadeUp("Fatima Rahal", "trauma", 0, operated(40, pain_since=((14, 4.0), (35, 3.0)))),
    MadeUp("Stefan Albrecht", _CLASSIC, 0, operated(400, pain_since=((42, 3.0), (180, 2.0), (365, 2.0)))),
    MadeUp("Gloria Manning", "fused-recurrent-pain", 2),
)
"""Thirty fictional patients, from the first letter to a fused joint that hurts again."""
