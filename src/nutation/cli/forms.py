"""What ``case new`` asks in each form: the kinds of event it makes, with the fields in the order of asking."""

from __future__ import annotations

from nutation.record.kinds import PROVOCATION_TESTS

Form = tuple[tuple[str, tuple[str, ...]], ...]

FORMS: dict[str, Form] = {
    "safety_screen": (("safety_screen", ()),),
    "history": (
        ("onset", ("cause",)),
        ("pain_score", ("nrs", "site", "rates")),
        (
            "pain_pattern",
            (
                "below_l5", "unilateral", "groin", "radiates_below_knee", "insidious", "better_with_exercise",
                "better_with_rest", "night_pain_better_rising", "generalised",
            ),
        ),
        ("function", ()),
        ("nicotine", ("status", "free_since")),
    ),
    "examination": (
        (
            "examination",
            (*PROVOCATION_TESTS, "fortin_finger", "psis_tenderness", "centralisation", "hip_screen", "neurology",
             "straight_leg_raise", "tender_elsewhere"),
        ),
    ),
    "conservative_care": (
        ("treatment", ()),
        ("medication", ("drug", "drug_class", "for_this_pain", "result", "stopped_because")),
    ),
    "injection": (("injection", ()),),
    "imaging": (("imaging", ()),),
    "laboratory": (("laboratory", ()),),
    "score": (("score", ("instrument", "value")),),
    "attestation": (("attestation", ("statement", "holds")), ("completeness", ("of", "topic", "up_to"))),
    "operation": (("operation", ()),),
    "coverage": (("coverage", ()),),
    "gate_resolution": (("gate_resolution", ()),),
}  # fmt: skip
"""Form → the events it asks for; an empty tuple of fields means all of the kind's, as declared."""

ORDER = tuple(name for name in FORMS if name != "gate_resolution")
"""The order of asking where no step names a form: what is safe and light first."""


def fields_of(kind: str, named: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that a form asks of a kind."""
    from nutation.record.kinds import KINDS

    return named or KINDS[kind].attribute_names()


def form_of(name: str) -> str:
    """The form that a next step names, or the nearest that asks on the terminal."""
    return name if name in FORMS else "history"
