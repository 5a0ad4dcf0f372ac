"""Asking a joint for a fact by name, and reading a rule against it."""

from __future__ import annotations

from typing import Any

from nutation.criteria import JointView, Value, bind
from nutation.criteria.joint import evidence_of
from nutation.criteria.logic import Truth
from nutation.facts import CATALOGUE


def value(view: JointView, fact: str, **arguments: Any) -> Value:
    """The fact's value at the view's joint and day."""
    return view.value(bind(CATALOGUE[fact], arguments))


def truth(view: JointView, fact: str, **arguments: Any) -> Truth:
    """Whether a truth fact holds there."""
    return value(view, fact, **arguments).truth


def witnesses(view: JointView, fact: str, **arguments: Any) -> tuple[str, ...]:
    """Ids of the events that bear on the fact."""
    return evidence_of(value(view, fact, **arguments))
