"""A few words for telling a record in a test: events as plain data, seen at the left joint on 1 September 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from nutation.criteria import BoundFact, JointView, Test, Value
from nutation.criteria.language import Expression
from nutation.record.head import Event, JointSide
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion, occasions

AS_OF = date(2026, 9, 1)
COMPLETE = {"up_to": AS_OF, "happened": "2026-09-01"}


def event(kind: str, happened: Any, **told: Any) -> Event:
    """An event of the left side, recorded on 2 September 2026 unless told otherwise."""
    head = {
        "patient": "p",
        "side": "left",
        "source": {"system": "test"},
        "recorded_at": datetime(2026, 9, 2, tzinfo=UTC),
    }
    return KINDS[kind].model_validate(head | {"happened": happened} | told)


def complete(kind: str, topic: str | None = None, **told: Any) -> Event:
    """The statement that all events of the kind up to 1 September 2026 are recorded."""
    return event("completeness", **({"happened": "2026-09-01", "up_to": AS_OF} | told), of=kind, topic=topic)


def numbered(*events: Event) -> list[Event]:
    """The events with ids e1, e2, … in the order told, where they have none."""
    return [e if e.id else e.model_copy(update={"id": f"e{n}"}) for n, e in enumerate(events, 1)]


def joined(*events: Event) -> tuple[Occasion, ...]:
    """The occasions at the left joint and of the person."""
    return tuple(o for o in occasions(numbered(*events)) if o.joint in (None, "left"))


def seen(*events: Event, as_of: date = AS_OF, side: JointSide = "left") -> JointView:
    """The joint."""
    return JointView(occasions(numbered(*events)), side, as_of)


def fact(expression: Expression, name: str = "asked", **told: Any) -> BoundFact:
    """The closed expression as a fact."""
    return BoundFact(
        name, expression, (), **({"scope": "joint", "unit": "", "question": "?", "burden": "question"} | told)
    )


def value(expression: Expression, *events: Event, as_of: date = AS_OF) -> Value:
    """What the expression comes to."""
    return seen(*events, as_of=as_of).value(fact(expression))


def span(expression: Expression, *events: Event, as_of: date = AS_OF) -> tuple[float, float]:
    """The range that the expression comes to."""
    return tuple(value(expression, *events, as_of=as_of).range)


def at_least(expression: Expression, minimum: float) -> Test:
    """The expression held against a lower bound."""
    return Test(fact(expression), minimum=minimum)
