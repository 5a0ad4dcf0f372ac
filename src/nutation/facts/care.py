"""Facts about conservative care: what was delivered, for how long, and what it achieved."""

from __future__ import annotations

from nutation.criteria.language import (
    REQUIRED,
    Condition,
    Duration,
    Events,
    Exists,
    Fact,
    IfAsked,
    Is,
    Known,
    LatestIs,
    Not,
    OneOf,
    Param,
    Sum,
    all_of,
    any_of,
)

WITHIN = Param("within_days")
ANY_TIME = {"within_days": None}
AIMS = ("si_joint", "lumbar", "general")
"""Aims of care that may help this joint's pain; care of the hip is not care of the joint."""

_SELECTED: tuple[Condition, ...] = (
    OneOf("care", Param("care")),
    OneOf("aim", Param("aims")),
    IfAsked(Param("in_person"), Is("in_person", True)),
    IfAsked(Param("supervised"), Is("supervised", True)),
)
_CHOICE = {"care": REQUIRED, "aims": AIMS, "in_person": False, "supervised": False, **ANY_TIME}
_INADEQUATE = all_of(
    OneOf("result", ("none", "temporary", "worse")),
    Not(OneOf("stopped_because", ("cost", "absence"))),
)
_WHICH = "Which care was delivered ({care}), from when to when, how many sessions, and with what result?"


def _courses(*more: Condition) -> Events:
    return Events("treatment", where=all_of(*_SELECTED, *more), within_days=WITHIN)


CARE = (
    Fact(
        "care_delivered",
        Exists(_courses()),
        "A course of one of the named kinds of care was delivered (in person, supervised, where that is asked).",
        _WHICH,
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "care_delivered_months",
        Duration(_courses(), "months"),
        "Calendar months that courses of the named kinds covered together, each day once.",
        _WHICH,
        unit="months",
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "care_delivered_weeks",
        Duration(_courses(), "weeks"),
        "Weeks that courses of the named kinds covered together, each day once.",
        _WHICH,
        unit="weeks",
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "care_sessions",
        Sum(_courses(), "attended_sessions"),
        "Sessions attended in courses of the named kinds.",
        "How many sessions were attended ({care})?",
        unit="sessions",
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "care_inadequate",
        Exists(_courses(_INADEQUATE)),
        "A delivered course of the named kinds had a recorded inadequate result (none, temporary, worse); one that "
        "was stopped for cost or absence did not fail.",
        "What did the care achieve ({care}), for how long, and why did it stop?",
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "care_failed_latest",
        LatestIs(_courses(Known("result")), _INADEQUATE),
        "The latest course of the named kinds whose result is recorded had an inadequate one: an earlier failure does "
        "not hide a later relief that lasts, nor an old success a later failure.",
        "What did the last course of this care achieve, for how long, and why did it stop?",
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "care_lasting",
        Exists(_courses(Is("result", "lasting"))),
        "A course of the named kinds gave lasting relief.",
        "Did the care give lasting relief?",
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "care_intolerance",
        Exists(_courses(Is("stopped_because", "intolerance"))),
        "A course of the named kinds was stopped because it was not tolerated.",
        "Was care stopped because it was not tolerated?",
        params=_CHOICE,
        burden="document",
    ),
    Fact(
        "home_programme_delivered",
        Exists(
            Events(
                "treatment", where=any_of(Is("home_programme", True), Is("care", "home_exercise")), within_days=WITHIN
            )
        ),
        "A home programme of exercise was carried out.",
        "Was a home exercise programme carried out, and for how long?",
        params=ANY_TIME,
        burden="document",
    ),
)
"""Facts of conservative care."""
