"""Facts about the person: age, scores, function, nicotine, laboratory, medication, warnings."""

from __future__ import annotations

from nutation.criteria.language import (
    REQUIRED,
    Events,
    Exists,
    Fact,
    Is,
    Known,
    Latest,
    LatestIs,
    OneOf,
    Param,
    SinceDate,
    SinceEarliest,
    SinceEnd,
    SinceLatest,
    all_of,
    any_of,
)

WITHIN = Param("within_days")
ANY_TIME = {"within_days": None}
WARNING = {"certainty": ("stated", "coded", "inferred")}

_INADEQUATE = any_of(
    OneOf("result", ("none", "temporary", "worse")), OneOf("stopped_because", ("no_benefit", "intolerance"))
)

PERSON = (
    Fact(
        "age_years",
        SinceEarliest(Events("person"), "years"),
        "Completed years since birth.",
        "What is the date of birth?",
        unit="years",
    ),
    Fact(
        "sex_is",
        LatestIs(Events("person"), Is("sex", Param("sex"))),
        "The recorded sex.",
        "What is the recorded sex?",
        params={"sex": REQUIRED},
    ),
    Fact(
        "score_latest",
        Latest(Events("score", topic=Param("instrument"), within_days=WITHIN), "value"),
        "The latest score of a questionnaire; an older one than allowed is shown and not counted.",
        "What is the current score of the questionnaire {instrument}?",
        unit="points",
        params={"instrument": REQUIRED, **ANY_TIME},
    ),
    Fact(
        "quality_of_life_impaired",
        LatestIs(
            Events("function", within_days=WITHIN),
            any_of(
                *(Is(f"{field}_limited", True) for field in ("work", "sleep", "walking", "sitting", "daily_activities"))
            ),
        ),
        "The latest account of function names work, sleep, walking, sitting or daily activities as limited.",
        "What does the pain keep the patient from doing: work, sleep, walking, sitting, daily activities?",
        params=ANY_TIME,
    ),
    Fact(
        "nicotine_never",
        LatestIs(Events("nicotine"), Is("status", "never")),
        "The latest account says that nicotine was never used.",
        "Has the patient ever used tobacco or nicotine?",
    ),
    Fact(
        "nicotine_current",
        LatestIs(Events("nicotine"), Is("status", "current")),
        "The latest account says that nicotine is used now.",
        "Does the patient use tobacco or nicotine now?",
    ),
    Fact(
        "nicotine_free_days",
        SinceDate(Events("nicotine", where=Is("status", "former")), "free_since"),
        "Days since nicotine was given up, by the latest account of a former user.",
        "Since which day has the patient been free of nicotine?",
        unit="days",
    ),
    Fact(
        "laboratory_latest",
        Latest(Events("laboratory", topic=Param("analyte"), within_days=WITHIN), "value"),
        "The latest result of an analyte, in the unit that its name fixes.",
        "What is the current result of {analyte}?",
        params={"analyte": REQUIRED, **ANY_TIME},
        burden="laboratory",
    ),
    Fact(
        "cotinine_latest_ng_ml",
        Latest(Events("laboratory", topic="cotinine", within_days=WITHIN), "value"),
        "The latest cotinine.",
        "What is the current cotinine level?",
        unit="ng/ml",
        params=ANY_TIME,
        burden="laboratory",
    ),
    Fact(
        "hba1c_latest_pct",
        Latest(Events("laboratory", topic="hba1c", within_days=WITHIN), "value"),
        "The latest glycated haemoglobin.",
        "What is the current HbA1c?",
        unit="%",
        params=ANY_TIME,
        burden="laboratory",
    ),
    Fact(
        "laboratory_positive",
        LatestIs(Events("laboratory", topic=Param("analyte"), within_days=WITHIN), Is("positive", True)),
        "The latest result of an analyte is reported positive.",
        "Is the result of {analyte} positive?",
        params={"analyte": REQUIRED, **ANY_TIME},
        burden="laboratory",
    ),
    Fact(
        "medication_tried",
        Exists(Events("medication", where=all_of(Is("for_this_pain", True), OneOf("drug_class", Param("classes"))))),
        "A medicine was taken for this pain.",
        "Which medicines were taken for this pain, and with what result?",
        params={"classes": None},
    ),
    Fact(
        "medication_inadequate",
        Exists(
            Events(
                "medication",
                where=all_of(Is("for_this_pain", True), OneOf("drug_class", Param("classes")), _INADEQUATE),
            )
        ),
        "A medicine taken for this pain had a recorded inadequate result; stopping for cost or absence is none.",
        "What did the medicines taken for this pain achieve, and why were they stopped?",
        params={"classes": None},
    ),
    Fact(
        "medication_failed_latest",
        LatestIs(
            Events(
                "medication",
                where=all_of(Is("for_this_pain", True), OneOf("drug_class", Param("classes")), Known("result")),
            ),
            OneOf("result", ("none", "temporary", "worse")),
        ),
        "The latest medicine for this pain whose result is recorded gave no adequate lasting relief.",
        "What did the medicines taken for this pain achieve, and why were they stopped?",
        params={"classes": None},
    ),
    Fact(
        "medicine_taken",
        Exists(
            Events(
                "medication",
                where=OneOf("drug_class", Param("classes")),
                within_days=WITHIN,
                certainty=Param("certainty"),
            )
        ),
        "A medicine of one of the classes is or was taken, for whatever reason.",
        "Which medicines does the patient take?",
        params={"classes": REQUIRED, **ANY_TIME, **WARNING},
    ),
    Fact(
        "pregnant_now",
        LatestIs(Events("pregnancy"), Is("outcome", "ongoing")),
        "The latest account of a pregnancy says that it is ongoing.",
        "Is the patient pregnant?",
    ),
    Fact(
        "months_since_delivery",
        SinceEnd(Events("pregnancy", where=Is("outcome", "delivered")), "months"),
        "Months since the latest delivery.",
        "When was the last delivery?",
        unit="months",
    ),
    Fact(
        "attested",
        LatestIs(
            Events("attestation", topic=Param("statement"), where=Known("holds"), within_days=WITHIN), Is("holds", True)
        ),
        "A named person's latest statement says that it holds.",
        "Will the clinician attest: {statement}?",
        params={"statement": REQUIRED, **ANY_TIME},
        burden="document",
    ),
    Fact(
        "symptom_reported",
        Exists(
            Events(
                "symptom",
                topic=Param("symptom"),
                where=Is("answer", "reported"),
                within_days=WITHIN,
                certainty=Param("certainty"),
            )
        ),
        "The warning symptom or risk was reported, in a screen or by itself; a later denial does not unsay it.",
        "Was {symptom} asked for, and what was the answer?",
        params={"symptom": REQUIRED, **ANY_TIME, **WARNING},
    ),
    Fact(
        "symptom_present",
        LatestIs(
            Events("symptom", topic=Param("symptom"), where=Known("answer"), within_days=WITHIN),
            Is("answer", "reported"),
        ),
        "The latest answer about the symptom or risk is that it is there; false where it was denied.",
        "Was {symptom} asked for, and what was the answer?",
        params={"symptom": REQUIRED, **ANY_TIME},
    ),
    Fact(
        "days_since_screen",
        SinceLatest(Events("safety_screen")),
        "Days since the latest safety screen.",
        "Has a clinician asked every item of the safety screen?",
        unit="days",
    ),
)
"""Facts of the person, the same at either joint."""
