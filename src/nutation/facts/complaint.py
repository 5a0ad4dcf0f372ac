"""Facts about the complaint: duration, cause, severity, pattern."""

from __future__ import annotations

from nutation.criteria.language import (
    REQUIRED,
    Events,
    Exists,
    Fact,
    IfAsked,
    Is,
    Known,
    Latest,
    LatestIs,
    OneOf,
    Param,
    SinceEarliest,
    all_of,
)

WITHIN = Param("within_days")
ANY_TIME = {"within_days": None}


def _pattern(name: str, field: str, definition: str, question: str) -> Fact:
    return Fact(
        name,
        LatestIs(Events("pain_pattern", where=Known(field), within_days=WITHIN), Is(field, True)),
        definition,
        question,
        params=ANY_TIME,
    )


COMPLAINT = (
    Fact(
        "pain_duration_months",
        SinceEarliest(Events("onset"), "months"),
        "Calendar months since the pain of this joint began; a date of recording bounds it from below alone.",
        "When did the pain of this side begin?",
        unit="months",
    ),
    Fact(
        "onset_cause_in",
        LatestIs(Events("onset", where=Known("cause")), OneOf("cause", Param("causes"))),
        "The pain of this joint began with one of the named causes.",
        "What brought the pain on?",
        params={"causes": REQUIRED},
    ),
    Fact(
        "pain_nrs_latest",
        Latest(
            Events(
                "pain_score",
                where=all_of(Known("nrs"), OneOf("rates", Param("rates")), OneOf("site", Param("sites"))),
                within_days=WITHIN,
            ),
            "nrs",
        ),
        "The latest rating of this side's pain, 0 to 10.",
        "How strong is the pain of this side, from 0 to 10?",
        unit="points of 10",
        params={"rates": None, "sites": ("si_region", "low_back", "buttock"), **ANY_TIME},
    ),
    _pattern(
        "pain_below_l5",
        "below_l5",
        "The pain is strongest below L5 over the posterior joint.",
        "Where is the pain strongest: below L5 over the posterior joint, or elsewhere?",
    ),
    _pattern("pain_unilateral", "unilateral", "The pain is typically of one side.", "Is the pain of one side?"),
    _pattern("pain_groin", "groin", "The pain reaches the groin.", "Does the pain reach the groin?"),
    _pattern(
        "pain_radiates_below_knee",
        "radiates_below_knee",
        "The pain runs below the knee.",
        "Does the pain run below the knee?",
    ),
    _pattern("pain_generalised", "generalised", "The pain is everywhere.", "Is the pain elsewhere in the body too?"),
    _pattern("pain_onset_insidious", "insidious", "The pain came on insidiously.", "Did the pain come on slowly?"),
    _pattern("pain_better_with_exercise", "better_with_exercise", "Exercise eases it.", "Does exercise ease the pain?"),
    _pattern("pain_better_with_rest", "better_with_rest", "Rest eases it.", "Does rest ease the pain?"),
    _pattern(
        "pain_at_night_better_rising",
        "night_pain_better_rising",
        "It hurts at night and eases on rising.",
        "Does it hurt at night and ease on getting up?",
    ),
    Fact(
        "age_at_onset_years",
        Latest(Events("onset"), "age_years"),
        "Completed years of age when the pain of this joint began.",
        "At what age did the pain begin?",
        unit="years",
    ),
    Fact(
        "trauma_within",
        Exists(
            Events(
                "trauma",
                where=IfAsked(Param("major_only"), Is("major_pelvic", True)),
                within_days=WITHIN,
                certainty=Param("certainty"),
            )
        ),
        "An injury within the window (of the pelvis and major, where that is asked).",
        "Was there an injury, when, and of what?",
        params={"major_only": False, "certainty": ("stated",), **ANY_TIME},
    ),
)
"""Facts of the complaint, joint by joint."""
