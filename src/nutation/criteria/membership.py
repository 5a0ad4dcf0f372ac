"""Whether one occasion belongs to a selection: yes, no, or not known, and why not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from nutation.criteria.language import (
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Condition,
    Events,
    IfAsked,
    Is,
    Known,
    Not,
    OneOf,
    Param,
    When,
)
from nutation.criteria.logic import Truth, all3, any3, not3
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion

CLOSED = "only closed expressions are evaluated"
OF_A_FIELD = (Is, OneOf, AtLeast, AtMost, Known)


def holds(condition: Condition, occasion: Occasion) -> Truth:
    """The condition on an occasion's attributes; an unrecorded attribute makes it not known."""
    told = occasion.values.get(str(condition.field)) if isinstance(condition, OF_A_FIELD) else None
    match condition:
        case Is(_, value):
            return None if told is None else told == value
        case OneOf(_, options):
            assert not isinstance(options, Param), CLOSED
            return True if options is None else None if told is None else told in options
        case AtLeast(_, number):
            return True if number is None else None if told is None else told >= number
        case AtMost(_, number):
            return True if number is None else None if told is None else told <= number
        case Known(field):  # two statements that disagree are not silence
            return None if str(field) in occasion.contradicted else told is not None
        case IfAsked(asked, part):
            return True if asked is False else holds(part, occasion)
        case When(asked, part):
            return holds(part, occasion) if asked is True else False
        case AllOf(parts):
            return all3([holds(part, occasion) for part in parts])
        case AnyOf(parts):
            return any3([holds(part, occasion) for part in parts])
        case Not(part):
            return not3(holds(part, occasion))


def fields_of(condition: Condition | None) -> frozenset[str]:
    """The attributes that a condition reads."""
    match condition:
        case None:
            return frozenset()
        case Is(field, _) | OneOf(field, _) | AtLeast(field, _) | AtMost(field, _) | Known(field):
            return frozenset({str(field)})
        case IfAsked(asked, part):
            return frozenset() if asked is False else fields_of(part)
        case When(asked, part):
            return fields_of(part) if asked is True else frozenset()
        case AllOf(parts) | AnyOf(parts):
            return frozenset[str]().union(*(fields_of(part) for part in parts))
        case Not(part):
            return fields_of(part)


def begun(occasion: Occasion, as_of: date) -> Truth:
    """Whether the occasion had begun by the as-of day."""
    if occasion.happened_from is not None and occasion.happened_from > as_of:
        return False
    return True if occasion.begins_by is not None and occasion.begins_by <= as_of else None


def recent(occasion: Occasion, since: date | None) -> Truth:
    """Whether the occasion reaches ``since`` or a later day."""
    if since is None:
        return True
    if occasion.happened_to is not None and occasion.happened_to < since:
        return False
    return True if occasion.ends_from is not None and occasion.ends_from >= since else None


def window_start(events: Events, as_of: date) -> date | None:
    """The first day of the selection's window; None where it reaches back for ever."""
    days = events.within_days
    assert not isinstance(days, Param), CLOSED
    return None if days is None else as_of - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Member:
    """An occasion with its standing towards a selection.

    ``core`` leaves the side out of account; ``sure`` is what counts for the joint. ``stale``: it would count
    but is older than the window.
    """

    occasion: Occasion
    core: Truth
    sure: Truth
    stale: bool


def member(events: Events, occasion: Occasion, as_of: date) -> Member:
    """How the occasion of the selection's kind stands towards it."""
    topic_field = KINDS[events.kind].TOPIC
    assert not isinstance(events.modality, Param), CLOSED
    assert not isinstance(events.certainty, Param), CLOSED
    parts: list[Truth] = []
    if occasion.modality not in events.modality:
        # What is only suspected keeps its criterion open; what was ordered, denied or a relative's counts not.
        parts.append(None if occasion.modality == "provisional" and "actual" in events.modality else False)
    if occasion.certainty not in events.certainty:
        parts.append(None)
    if occasion.doubtful:
        parts.append(None)
    if events.topic is not None and topic_field is not None:
        told = occasion.values.get(topic_field)
        parts.append(None if told is None else told == events.topic)
    if events.where is not None:
        parts.append(holds(events.where, occasion))
    parts.append(begun(occasion, as_of))
    apart_from_age = all3(parts)
    age = recent(occasion, window_start(events, as_of))
    core = all3([apart_from_age, age])
    sure = None if core is True and not occasion.side_known else core
    return Member(occasion, core, sure, stale=apart_from_age is not False and age is False)
