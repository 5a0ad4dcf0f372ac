"""Occasions: the events that tell of one happening, joined, so that a happening counts once.

One injection that arrives as procedure, observation, report and form is one occasion. Events of one
kind, joint and overlapping dates join and share their attributes; separate encounters of one source stay
apart; an event that fits several occasions adds none (it is *doubtful*: it can only raise an upper bound),
but what it disagrees with in one of them is contradicted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from nutation.record.derived import derive
from nutation.record.head import Certainty, Event, JointSide, Modality
from nutation.record.kinds import KINDS, SafetyScreen

_RANK: dict[str, int] = {"stated": 0, "coded": 1, "inferred": 2}
_DESCRIPTIVE = frozenset({"label", "code", "code_system", "drug", "answers", "payer", "plan"})
_JOINTS: tuple[JointSide, ...] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Occasion:
    """One happening at one joint (or of the person), with what its events say of it together.

    It began between ``happened_from`` and ``begins_by`` and ended between ``ends_from`` and
    ``happened_to``; ``None`` is unbounded. ``doubtful``: whether it is a happening of its own, or happened
    at all, is not known. ``may_be_of`` names the events that one of its events may tell of as well,
    ``disputed_by`` those that deny it.
    """

    id: str
    kind: str
    patient: str
    joint: JointSide | None
    side_known: bool
    happened_from: date | None
    begins_by: date | None
    ends_from: date | None
    happened_to: date | None
    recorded_at: datetime
    certainty: Certainty
    modality: Modality
    doubtful: bool
    values: Mapping[str, Any]
    contradicted: frozenset[str]
    asked_not_known: frozenset[str]
    events: tuple[str, ...]
    disputed_by: tuple[str, ...] = ()
    may_be_of: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


class _Group:
    """Events being gathered into one occasion."""

    def __init__(self, event: Event) -> None:
        self.members = [event]

    def fits(self, event: Event) -> bool:
        return all(_same_happening(event, member) for member in self.members)


def _same_happening(one: Event, other: Event) -> bool:
    if one.kind == "person" or set(one.supersedes) & set(other.supersedes):
        return True
    if not one.happened.overlaps(other.happened):
        return False
    if (
        one.source.system == other.source.system
        and one.encounter is not None
        and other.encounter is not None
        and one.encounter != other.encounter
    ):
        return False
    for name in one.IDENTITY:
        left, right = getattr(one, name), getattr(other, name)
        if left is not None and right is not None and left != right:
            return False
    two_examiners = one.author is not None and other.author is not None and one.author != other.author
    return not (one.kind == "examination" and two_examiners)


def _precision(event: Event) -> tuple[Any, ...]:
    """Sort key: the best dated and best identified first, so that the vaguer join them."""
    period = event.happened
    width = (period.to - period.from_).days if period.from_ and period.to else 10**6
    gaps = sum(getattr(event, name) is None for name in event.IDENTITY)
    return (width, gaps, event.encounter is None, event.author is None, str(period.from_), event.id)


def _joints(event: Event) -> tuple[tuple[JointSide | None, bool], ...]:
    if not event.SIDED:
        return ((None, True),)
    if event.side in ("left", "right"):
        return ((event.side, True),)
    return tuple((joint, event.side != "unknown") for joint in _JOINTS)


@dataclass(frozen=True, slots=True)
class _Merged:
    """What the events of one occasion say together, and which events of doubtful place contest it."""

    certainty: Certainty
    values: dict[str, Any]
    contradicted: frozenset[str]
    asked_not_known: frozenset[str]
    contested_by: frozenset[str]


def _merged(members: list[Event], rivals: list[Event]) -> _Merged:
    certainty = min(members, key=lambda event: _RANK[event.certainty]).certainty
    best = [event for event in members if event.certainty == certainty]
    against = [event for event in rivals if event.certainty == certainty]
    values: dict[str, Any] = {}
    contradicted: set[str] = set()
    contested_by: set[str] = set()
    for name in type(members[0]).attribute_names():
        told, all_told = _told(best, name), _told([*best, *against], name)
        if told and len(all_told) > 1 and name not in _DESCRIPTIVE:
            contradicted.add(name)
            contested_by |= {event.id for event in against if getattr(event, name) not in (None, *told)}
        values[name] = None if name in contradicted or not told else told[0]
    asked = frozenset(name for event in members for name in event.asked_not_known if values.get(name) is None)
    return _Merged(certainty, values, frozenset(contradicted), asked, frozenset(contested_by))


def _told(events: list[Event], name: str) -> list[Any]:
    """The different values told; that something goes on yields to a later account of how it ended."""
    told = [(value, event.recorded_at) for event in events if (value := getattr(event, name)) is not None]
    ended = max((at for value, at in told if value != "ongoing"), default=None)
    return list(dict.fromkeys(v for v, at in told if v != "ongoing" or ended is None or at > ended))


def _bounds(members: list[Event], course: bool) -> tuple[date | None, date | None, date | None, date | None]:
    """(happened_from, begins_by, ends_from, happened_to) of the joined events."""
    periods = [event.happened for event in members]
    if not course:
        froms = [p.from_ for p in periods if p.from_ is not None]
        tos = [p.to for p in periods if p.to is not None]
        first, last = max(froms, default=None), min(tos, default=None)
        if first is not None and last is not None and first > last:  # two corrections of one event disagree
            first, last = min(froms), max(tos)
        return first, last, first, last
    first = None if any(p.from_ is None for p in periods) else min(p.from_ for p in periods if p.from_)
    last = None if any(p.to is None for p in periods) else max(p.to for p in periods if p.to)
    spans = [(e.happened.sure_from or e.happened.to, _surely_until(e)) for e in members]
    covered = sorted((b, e) for b, e in spans if b is not None and e is not None and b <= e)
    if any(later[0] > earlier[1] for earlier, later in pairwise(covered)):  # a gap: claim the longest part alone
        begins_by, ends_from = max(covered, key=lambda span: span[1] - span[0])
        return first, begins_by, ends_from, last
    begins_by = min((b for b, _ in spans if b is not None), default=None)
    ends_from = max((e for _, e in spans if e is not None), default=None)
    return first, begins_by, ends_from, last


def _surely_until(event: Event) -> date | None:
    if event.happened.to is None and getattr(event, "stopped_because", None) == "ongoing":
        return event.recorded_at.date()
    return event.happened.sure_to or event.happened.from_


def _occasion(
    members: list[Event],
    joint: JointSide | None,
    side_known: bool,
    rivals: list[Event] | None = None,
    doubtful: bool = False,
) -> Occasion:
    """The occasion of the members; ``rivals`` may be of it, add nothing to it, and can contest what they say."""
    head, merged = members[0], _merged(members, rivals or [])
    values = merged.values | derive(head.kind, merged.values, merged.contradicted)
    first, begins_by, ends_from, last = _bounds(members, head.COURSE)
    match head.kind:
        case "operation":
            values["bilateral"] = any(event.side == "both" for event in members)
        case "onset":
            values["age_years"] = None  # known only beside the day of birth: see _with_age
        case _:
            pass
    return Occasion(
        id=f"{head.id}@{joint or 'person'}",
        kind=head.kind,
        patient=head.patient,
        joint=joint,
        side_known=side_known,
        happened_from=first,
        begins_by=begins_by,
        ends_from=ends_from,
        happened_to=last,
        recorded_at=min(event.recorded_at for event in members),
        certainty=merged.certainty,
        modality=head.modality,
        doubtful=doubtful,
        values=values,
        contradicted=merged.contradicted,
        asked_not_known=merged.asked_not_known,
        events=tuple(sorted({event.id for event in members} | merged.contested_by)),
        authors=tuple(dict.fromkeys(event.author for event in members if event.author)),
    )


def _gather(events: list[Event]) -> tuple[list[_Group], list[Event]]:
    """Actual events of one patient, kind and joint, in groups; and those that fit several groups."""
    groups: list[_Group] = []
    ambiguous: list[Event] = []
    for event in sorted(events, key=_precision):
        fitting = [group for group in groups if group.fits(event)]
        if not fitting:
            groups.append(_Group(event))
        elif len(fitting) == 1:
            fitting[0].members.append(event)
        else:
            ambiguous.append(event)
    for group in groups:  # one that joined before another occasion was there may be of that other, too
        others = [other for other in groups if other is not group]
        torn = [m for m in group.members if len(group.members) > 1 and any(other.fits(m) for other in others)]
        group.members = [m for m in group.members if m not in torn]
        ambiguous.extend(torn)
    return [group for group in groups if group.members], ambiguous


def _may_be_of(events: list[Event], others: list[Event]) -> tuple[str, ...]:
    return tuple(
        sorted(
            {other.id for event in events for other in others if other is not event and _same_happening(event, other)}
        )
    )


def _denied_by(members: list[Event], denials: list[Event]) -> tuple[str, ...]:
    topic = members[0].TOPIC
    return tuple(
        sorted(
            denial.id
            for denial in denials
            if (topic is None or getattr(denial, topic) is not None)
            and any(_same_happening(denial, member) for member in members)
        )
    )


def _symptoms_of(screen: Event) -> list[Event]:
    """The symptom reports that a safety screen contains, as events that keep the screen's id."""
    report = KINDS["symptom"]
    head = {
        name: getattr(screen, name) for name in Event.model_fields if name not in ("kind", "side", "asked_not_known")
    }
    return [
        report.model_validate({**head, "symptom": name, "answer": answer})
        for name in SafetyScreen.attribute_names()
        if (answer := getattr(screen, name)) is not None
    ]


def occasions(events: Iterable[Event]) -> tuple[Occasion, ...]:
    """The occasions that standing ``events`` tell of, per joint; of the person where a kind has no side.

    An event of both sides, or of none where its kind has one, gives an occasion at each joint; one of
    unknown side gives a doubtful-sided one at each. Answers of a safety screen are symptom reports too.
    """
    buckets: dict[tuple[str, str, JointSide | None, bool], list[Event]] = defaultdict(list)
    for event in events:
        for told in (event, *_symptoms_of(event)) if event.kind == "safety_screen" else (event,):
            for joint, side_known in _joints(told):
                buckets[told.patient, told.kind, joint, side_known].append(told)
    found: list[Occasion] = []
    for (_, _, joint, side_known), told in buckets.items():
        actual = [event for event in told if event.modality == "actual"]
        denials = [event for event in told if event.modality == "negated"]
        groups, ambiguous = _gather(actual)
        for group in groups:
            rivals = [event for event in ambiguous if group.fits(event)]
            occasion = _occasion(group.members, joint, side_known, rivals)
            contesting = [event for event in rivals if event.id in occasion.events]
            occasion = replace(occasion, may_be_of=_may_be_of(contesting, actual))
            if denied := _denied_by(group.members, denials):
                occasion = replace(occasion, doubtful=True, disputed_by=denied)
            found.append(occasion)
        for event in ambiguous:
            occasion = _occasion([event], joint, side_known, doubtful=True)
            found.append(replace(occasion, may_be_of=_may_be_of([event], actual)))
        others = [event for event in told if event.modality != "actual"]
        found.extend(_occasion([event], joint, side_known) for event in others)
    return tuple(sorted(_with_age(_with_both_sides(found)), key=lambda o: (o.kind, str(o.happened_from), o.id)))


def _with_both_sides(found: list[Occasion]) -> list[Occasion]:
    """Operations told joint by joint are bilateral too where both joints have one on the same day."""

    def key(o: Occasion) -> tuple[Any, ...]:
        return (o.patient, o.modality, o.values["target"], o.happened_from, o.happened_to)

    joints: dict[tuple[Any, ...], set[JointSide | None]] = defaultdict(set)
    for o in found:
        if o.kind == "operation" and o.side_known and o.happened_from is not None:
            joints[key(o)].add(o.joint)
    return [
        replace(o, values={**o.values, "bilateral": True})
        if o.kind == "operation" and o.values["target"] == "si_joint" and len(joints.get(key(o), ())) == len(_JOINTS)
        else o
        for o in found
    ]


def _with_age(found: list[Occasion]) -> list[Occasion]:
    """Onsets with the patient's completed years at that time, where both dates leave no doubt of it."""
    births = {o.patient: o for o in found if o.kind == "person"}
    return [
        replace(o, values={**o.values, "age_years": _age(births.get(o.patient), o)}) if o.kind == "onset" else o
        for o in found
    ]


def _age(birth: Occasion | None, onset: Occasion) -> float | None:
    if birth is None or None in (birth.happened_from, birth.happened_to, onset.happened_from, onset.happened_to):
        return None
    oldest, youngest = _years(birth.happened_from, onset.happened_to), _years(birth.happened_to, onset.happened_from)
    return float(oldest) if oldest == youngest else None


def _years(birth: date | None, day: date | None) -> int:
    assert birth is not None
    assert day is not None
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
