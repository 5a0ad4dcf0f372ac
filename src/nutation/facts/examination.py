"""Facts from the examination of the joint; a battery counts within one examination."""

from __future__ import annotations

from nutation.criteria.language import REQUIRED, Events, Fact, Is, Known, LatestIs, OneOf, Param, Tally

WITHIN = Param("within_days")
ANY_TIME = {"within_days": None}


def _sign(name: str, field: str, definition: str, question: str, value: str = "positive") -> Fact:
    return Fact(
        name,
        LatestIs(Events("examination", where=Known(field), within_days=WITHIN), Is(field, value)),
        definition,
        question,
        params=ANY_TIME,
        burden="examination",
    )


EXAMINATION = (
    Fact(
        "provocation_positive",
        Tally(Events("examination", within_days=WITHIN), Param("battery")),
        "Provocation tests of the named battery that reproduce the familiar pain over this joint, within one "
        "examination: the latest complete one, else the latest; a test not done may be either.",
        "Examine this joint with every provocation test of the battery, in one examination.",
        unit="tests",
        params={"battery": REQUIRED, **ANY_TIME},
        burden="examination",
    ),
    _sign(
        "fortin_positive",
        "fortin_finger",
        "The patient points with one finger within 1 cm of the posterior superior iliac spine, twice.",
        "Ask the patient to point with one finger to the pain, twice.",
    ),
    _sign(
        "psis_tenderness_positive",
        "psis_tenderness",
        "Pressure over the posterior superior iliac spine is familiarly tender.",
        "Palpate over the posterior superior iliac spine.",
    ),
    _sign(
        "tender_elsewhere",
        "tender_elsewhere",
        "Tenderness of similar severity elsewhere.",
        "Palpate for tenderness elsewhere.",
        value="present",
    ),
    _sign(
        "centralisation",
        "centralisation",
        "Repeated movements of the spine centralise the pain, which points to a disc.",
        "Examine for centralisation with repeated movements.",
        value="present",
    ),
    _sign(
        "hip_screen_positive",
        "hip_screen",
        "The hip screen is positive: groin pain on FABER or lost internal rotation.",
        "Examine the hip: groin pain on FABER, internal rotation.",
    ),
    _sign(
        "straight_leg_raise_positive",
        "straight_leg_raise",
        "Raising the straight leg reproduces leg pain.",
        "Examine with the straight leg raised.",
    ),
    _sign(
        "neurology_progressive",
        "neurology",
        "The latest neurological examination found a progressive deficit.",
        "Examine strength, sensation and reflexes of the legs.",
        value="progressive_deficit",
    ),
    Fact(
        "neurology_deficit",
        LatestIs(
            Events("examination", where=Known("neurology"), within_days=WITHIN),
            OneOf("neurology", ("stable_deficit", "progressive_deficit")),
        ),
        "The latest neurological examination found a deficit.",
        "Examine strength, sensation and reflexes of the legs.",
        params=ANY_TIME,
        burden="examination",
    ),
    Fact(
        "test_positive",
        LatestIs(Events("examination", where=Known(Param("test")), within_days=WITHIN), Is(Param("test"), "positive")),
        "One named test was positive when it was last done.",
        "Repeat the test: {test}.",
        params={"test": REQUIRED, **ANY_TIME},
        burden="examination",
    ),
)
"""Facts of the examination, joint by joint."""
