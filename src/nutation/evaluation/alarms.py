"""Reading a rule as a warning: everything that may be so counts as so.

A warning fires on what is only coded, inferred or suspected, on what is of a side, a day or a status that is
not recorded, and on what two statements disagree about. A permission never reads a joint this way.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any

from nutation.criteria import JointView, Test
from nutation.criteria.language import (
    All,
    AtLeastOf,
    Criterion,
    Either,
    Events,
    Opposite,
)
from nutation.record.kinds import KINDS
from nutation.record.occasions import Occasion

_WORST: dict[str, dict[str, Any]] = {
    "symptom": {"answer": "reported"},
    "examination": {"neurology": "progressive_deficit", "hip_screen": "positive", "straight_leg_raise": "positive"},
    "pregnancy": {"outcome": "ongoing"},
    "trauma": {"major_pelvic": True},
    "laboratory": {"positive": True},
}
"""Of two contradicting statements, the one that warns."""


def widened(criterion: Criterion) -> Criterion:
    """The criterion over everything coded, inferred and suspected as well."""
    match criterion:
        case Test():
            return replace(criterion, fact=replace(criterion.fact, expression=_wide(criterion.fact.expression)))
        case Opposite(part):
            return Opposite(widened(part))
        case All(parts):
            return All(tuple(widened(part) for part in parts))
        case Either(parts):
            return Either(tuple(widened(part) for part in parts))
        case AtLeastOf(n, parts):
            return AtLeastOf(n, tuple(widened(part) for part in parts))


def _wide(expression: Any) -> Any:
    if isinstance(expression, Events):
        return replace(expression, certainty=("stated", "coded", "inferred"), modality=("actual", "provisional"))
    if is_dataclass(expression) and not isinstance(expression, type):
        return replace(expression, **{f.name: _wide(getattr(expression, f.name)) for f in fields(expression)})
    return expression


def warning_view(view: JointView) -> JointView:
    """The joint as a warning reads it: nothing is doubtful, every unknown side is this one, every vague day late."""
    return JointView((_worst(o, view.as_of) for o in view.occasions), view.side, view.as_of)


def _worst(occasion: Occasion, as_of: date) -> Occasion:
    if occasion.modality not in ("actual", "provisional"):
        return occasion
    values = dict(occasion.values)
    for name in occasion.contradicted:
        values[name] = _warning_value(occasion.kind, name, values.get(name))
    first, last = occasion.happened_from, occasion.happened_to
    if occasion.kind == "diagnosis" and values.get("clinical_status") is None:
        values["clinical_status"] = "active"
    if occasion.kind == "pregnancy" and values.get("outcome") is None and (last is None or last >= as_of):
        values["outcome"] = "ongoing"
    changed = replace(occasion, side_known=True, doubtful=False, values=values)
    if first is not None and first > as_of:
        return changed
    until = as_of if last is None or last > as_of else last
    if KINDS[occasion.kind].COURSE:
        begun = min(occasion.begins_by or as_of, as_of)
        return replace(changed, begins_by=begun, ends_from=max(until, occasion.ends_from or until))
    return replace(changed, happened_from=until, begins_by=until, ends_from=until, happened_to=until)


def _warning_value(kind: str, name: str, told: Any) -> Any:
    if kind == "imaging" and name not in ("method", "region", "t_score"):
        return "present"
    return _WORST.get(kind, {}).get(name, told)
