"""Small patients for these tests: events by name, one joint at one day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from nutation.criteria import JointView
from nutation.record.head import Event
from nutation.record.kinds import KINDS, SafetyScreen
from nutation.record.occasions import occasions
from nutation.record.standing import standing

AS_OF = date(2026, 9, 1)
DOCTOR = "Dr Example"
SCREENED = SafetyScreen.attribute_names()


def event(name: str, kind: str, happened: str, side: str = "left", **told: Any) -> Event:
    """One event with its name as id, recorded by a doctor on the day that is asked about."""
    head = {
        "id": name,
        "patient": "p1",
        "side": side,
        "happened": happened,
        "recorded_at": AS_OF.isoformat(),
        "source": {"system": "test", "resource": name},
        "author": DOCTOR,
    }
    return KINDS[kind].model_validate({**head, "kind": kind, **told})


def screen_event(name: str = "screen", happened: str = "2026-09-01", **told: Any) -> Event:
    """A safety screen that asked everything and heard nothing, except what ``told`` changes (None: not asked)."""
    return event(name, "safety_screen", happened, **{**dict.fromkeys(SCREENED, "denied"), **told})


def examined(name: str = "examination", happened: str = "2026-08-20", **told: Any) -> Event:
    """An examination of hip, nerves and centralisation without a finding, and what ``told`` adds."""
    found = {
        "hip_screen": "negative",
        "neurology": "normal",
        "straight_leg_raise": "negative",
        "centralisation": "absent",
    }
    return event(name, "examination", happened, **{**found, **told})


def battery(positive: int) -> dict[str, str]:
    """Results of the six tests of both batteries, the first ``positive`` of them positive."""
    tests = ("distraction", "thigh_thrust", "compression", "gaenslen", "faber", "sacral_thrust")
    return {test: "positive" if i < positive else "negative" for i, test in enumerate(tests)}


def block(name: str, happened: str, before: float | None = 8, after: float | None = 1, **told: Any) -> Event:
    """A diagnostic block with all that its reading needs: 8 to 1 of 10 is 87.5 % relief."""
    readable: dict[str, Any] = {
        "role": "diagnostic", "target": "intra_articular", "guidance": "fluoroscopy", "contrast": "intra_articular",
        "volume_ml": 1.5, "anaesthetic": "lidocaine", "sedation": "none", "other_injections_that_day": False,
        "familiar_pain_before": True, "scored_side_pain": True, "same_movement": True, "scored_after_hours": 1,
        "score_before": before, "score_after": after,
    }  # fmt: skip
    return event(name, "injection", happened, **{**readable, **told})


def history() -> tuple[Event, ...]:
    """A woman of 54 with two years of left-sided pain below L5 that rest eases and exercise does not."""
    return (
        event("person", "person", "1972-04-11", side="none", sex="female"),
        event("onset", "onset", "2024-09-01", cause="cumulative"),
        event(
            "pattern", "pain_pattern", "2026-08-20", below_l5=True, unilateral=True, insidious=False,
            better_with_exercise=False, better_with_rest=True, night_pain_better_rising=False,
        ),
    )  # fmt: skip


def asked() -> tuple[Event, ...]:
    """Everything that the gate needs to be clear, and nothing more."""
    return (*history(), screen_event(), examined())


def view_of(events: Iterable[Event], side: Any = "left", as_of: date = AS_OF) -> JointView:
    """The joint as the evaluator sees it."""
    return JointView(occasions(standing(events)), side, as_of)


def without(events: Iterable[Event], *names: str) -> tuple[Event, ...]:
    """The events but those of these names."""
    return tuple(e for e in events if e.id not in names)
