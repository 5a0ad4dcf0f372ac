"""Until when a finding counts: the windows of the rules that it now satisfies, turned into days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from nutation.criteria.language import Test, tests_of
from nutation.indication import policy
from nutation.record.errors import InputError
from nutation.record.kinds import KINDS
from nutation.report.on_paper import SPEAKING


def last_days(document: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """(last day on which it counts, event) → the rule sets in which it then no longer does.

    Only findings that a criterion which holds rests on, of rule sets that speak of the case; a rule set that the
    package does not hold (a clinic's own file) is left out.
    """
    events = {event["id"]: event for event in document["events"]}
    found: dict[tuple[str, str], list[str]] = {}
    for joint in document["joints"]:
        for told in joint["indication"]["policies"]:
            if told["applicability"] not in SPEAKING:
                continue
            leaves = _leaves(told["id"], told["version"])
            for criterion in told["criteria"]:
                if criterion["state"] == "true":
                    for name in criterion["witnesses"]["for"]:
                        for day in _days(events.get(name), leaves.get(criterion["id"], ())):
                            found.setdefault((day, name), []).append(told["id"])
    return found


def _leaves(policy_id: str, version: str) -> dict[str, tuple[Test, ...]]:
    try:
        bound = policy(policy_id, version)
    except InputError:
        return {}
    return {criterion.told.id: tests_of(criterion.rule) for criterion in bound.criteria}


def _days(event: Mapping[str, Any] | None, leaves: Iterable[Test]) -> Iterable[str]:
    """The first of the last days that the leaves' windows give this event; none where no window is over it."""
    if event is None:
        return
    days = [day for leaf in leaves if (day := _last_day(event, leaf)) is not None]
    if days:
        yield min(days).isoformat()


def _last_day(event: Mapping[str, Any], leaf: Test) -> date | None:
    selected = getattr(leaf.fact.expression, "events", None)
    if selected is None:
        return None
    if event["kind"] == "completeness" and event["values"].get("of") == selected.kind:
        up_to = event["values"].get("up_to")
        return date.fromisoformat(up_to) + timedelta(days=selected.absence_days) if up_to else None
    if event["kind"] != selected.kind or selected.within_days is None:
        return None
    happened = event["happened"]
    course = KINDS[event["kind"]].COURSE
    ended = happened.get("sure_to") or (happened.get("to") if course else happened.get("from"))
    return date.fromisoformat(ended) + timedelta(days=selected.within_days) if ended else None
