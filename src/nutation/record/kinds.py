"""The kinds of event that the pathway needs. Every field may be unrecorded; enumerations are closed.

This module is the one declaration from which the columnar form, the FHIR and CSV readers and the
reference page of events are made (operations and what went wrong stand in ``kinds_operation``).
"""

# The discriminating ``kind`` narrows the base field on purpose; the models are frozen, so it is sound.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nutation.record.head import Event
from nutation.record.kinds_operation import AdverseEvent, CareResult, Count, Operation

Nrs = Annotated[float, Field(ge=0, le=10, description="0 to 10 numeric rating scale")]
Percent = Annotated[float, Field(ge=-1000, le=100)]
Positive = Annotated[float, Field(ge=0)]

TestResult = Literal["positive", "negative", "unfamiliar", "not_done"]
"""*positive* reproduces the familiar pain over this joint; *unfamiliar* hurts elsewhere or otherwise and
counts as negative, with a note; *not_done* is unknown."""
Finding = Literal["present", "absent"]
StopReason = Literal["completed", "no_benefit", "intolerance", "cost", "absence", "ongoing", "other"]

PROVOCATION_TESTS = (
    "distraction", "thigh_thrust", "compression", "sacral_thrust", "gaenslen", "faber", "long_ligament", "aslr",
)  # fmt: skip
"""Fields of Examination that hold a provocation test of the sacroiliac joint."""

DiagnosisCategory = Literal[
    "sij_dysfunction", "sij_degeneration", "sij_disruption", "infection", "tumour", "cancer_history", "fracture",
    "inflammatory_arthropathy", "crystal_arthropathy", "osteoporosis", "generalised_pain", "somatoform",
    "substance_use", "behavioural", "hip_disease", "radiculopathy", "neural_compression", "disc",
    "spondylolisthesis", "scoliosis", "cauda_equina", "sacral_dysplasia", "connective_tissue", "diabetes",
    "immunosuppression", "metal_allergy", "bleeding_disorder", "other",
]  # fmt: skip

Symptom = Literal[
    "fever", "recent_infection", "iv_drug_use", "immunosuppression", "acute_severe_onset", "cancer_history",
    "weight_loss", "night_rest_pain", "saddle_numbness", "bladder_bowel", "progressive_weakness",
    "recent_major_trauma", "osteoporosis", "long_term_steroid", "pregnant", "anticoagulation", "contrast_allergy",
    "metal_allergy", "active_skin_infection",
]  # fmt: skip
Reported = Literal["reported", "denied"]


class Person(Event):
    """Who the patient is; it happened on the day of birth."""

    kind: Literal["person"] = "person"
    SIDED: ClassVar[bool] = False
    sex: Literal["female", "male", "other"] | None = None


class Coverage(Event):
    """The plan that pays, and where the service is given."""

    kind: Literal["coverage"] = "coverage"
    IDENTITY = ("payer", "plan")
    COURSE = True
    SIDED = False
    payer: str | None = None
    plan: str | None = None
    jurisdiction: str | None = Field(default=None, description="Two-letter US state, or a country code.")


class PainScore(Event):
    """One rating of pain, 0 to 10, with what it rates and where."""

    kind: Literal["pain_score"] = "pain_score"
    IDENTITY = ("site", "rates")
    nrs: Nrs | None = None
    site: Literal["si_region", "low_back", "buttock", "groin", "leg", "elsewhere"] | None = None
    rates: Literal["current", "average", "worst", "movement"] | None = None


class PainPattern(Event):
    """How the pain behaves, as told in the history."""

    kind: Literal["pain_pattern"] = "pain_pattern"
    below_l5: bool | None = Field(default=None, description="Maximal below L5 over the posterior joint.")
    unilateral: bool | None = None
    groin: bool | None = None
    radiates_below_knee: bool | None = None
    worse_sitting: bool | None = None
    worse_loading_one_leg: bool | None = None
    insidious: bool | None = None
    better_with_exercise: bool | None = None
    better_with_rest: bool | None = None
    night_pain_better_rising: bool | None = None
    morning_stiffness_min: Count | None = None
    generalised: bool | None = None


class Onset(Event):
    """When the pain of this joint began, and why."""

    kind: Literal["onset"] = "onset"
    cause: (
        Literal[
            "trauma",
            "childbirth",
            "pregnancy",
            "lumbar_fusion",
            "cumulative",
            "insidious",
            "infection",
            "not_known",
        ]
        | None
    ) = None
    new_episode: bool | None = None


class Pregnancy(Event):
    """A pregnancy; it ends with its delivery."""

    kind: Literal["pregnancy"] = "pregnancy"
    COURSE = True
    SIDED = False
    outcome: Literal["ongoing", "delivered", "ended"] | None = None
    delivery: Literal["vaginal", "caesarean"] | None = None
    pelvic_girdle_pain: bool | None = None


class Trauma(Event):
    """An injury."""

    kind: Literal["trauma"] = "trauma"
    mechanism: Literal["road", "fall", "sport", "lifting", "childbirth", "other"] | None = None
    major_pelvic: bool | None = None


class Examination(Event):
    """One examination of one joint by one examiner: the battery belongs together."""

    kind: Literal["examination"] = "examination"
    distraction: TestResult | None = None
    thigh_thrust: TestResult | None = None
    compression: TestResult | None = None
    sacral_thrust: TestResult | None = None
    gaenslen: TestResult | None = None
    faber: TestResult | None = None
    long_ligament: TestResult | None = None
    aslr: TestResult | None = None
    fortin_finger: TestResult | None = Field(default=None, description="One finger within 1 cm of the PSIS, twice.")
    psis_tenderness: TestResult | None = None
    tender_elsewhere: Finding | None = None
    centralisation: Finding | None = None
    hip_screen: TestResult | None = Field(default=None, description="Groin pain on FABER or lost internal rotation.")
    neurology: Literal["normal", "stable_deficit", "progressive_deficit"] | None = None
    straight_leg_raise: TestResult | None = None


class Injection(Event):
    """An injection of the joint or beside it, with what its validity as a test needs."""

    kind: Literal["injection"] = "injection"
    role: Literal["diagnostic", "therapeutic", "both"] | None = None
    target: Literal["intra_articular", "posterior_ligaments", "lateral_branches", "other"] | None = None
    guidance: Literal["fluoroscopy", "ct", "ultrasound", "none"] | None = None
    contrast: Literal["intra_articular", "extra_articular", "not_used"] | None = None
    volume_ml: Positive | None = None
    anaesthetic: Literal["lidocaine", "bupivacaine", "ropivacaine", "other", "none"] | None = None
    steroid: bool | None = None
    sedation: Literal["none", "light", "deep"] | None = None
    other_injections_that_day: bool | None = None
    familiar_pain_before: bool | None = None
    score_before: Nrs | None = None
    score_after: Nrs | None = None
    scored_side_pain: bool | None = Field(default=None, description="The scores rate this side's pain alone.")
    same_movement: bool | None = Field(default=None, description="Both scores are of the same movement.")
    scored_after_hours: Positive | None = None
    relief_stated_pct: Percent | None = Field(default=None, description="A percentage told without its scores.")
    relief_hours: Positive | None = None
    relief_days: Positive | None = Field(default=None, description="How long a therapeutic effect lasted.")
    result: CareResult | None = None

    @model_validator(mode="after")
    def _not_before(self) -> Self:
        if self.score_before is not None and self.score_before == 0 and self.score_after not in (None, 0):
            raise ValueError("score_before is 0 and score_after is not: check which score is which")
        return self


class Treatment(Event):
    """A course of conservative care that was delivered."""

    kind: Literal["treatment"] = "treatment"
    IDENTITY = ("care", "aim")
    TOPIC = "care"
    COURSE = True
    care: (
        Literal[
            "physical_therapy", "home_exercise", "manual_therapy", "activity_modification", "bracing",
            "cognitive_behavioural", "acupuncture", "radiofrequency", "other",
        ]
        | None
    ) = None  # fmt: skip
    aim: Literal["si_joint", "lumbar", "hip", "general"] | None = None
    attended_sessions: Count | None = None
    in_person: bool | None = None
    supervised: bool | None = None
    home_programme: bool | None = None
    result: CareResult | None = None
    relief_days: Positive | None = None
    stopped_because: StopReason | None = None


class Medication(Event):
    """A medicine that was taken."""

    kind: Literal["medication"] = "medication"
    IDENTITY = ("drug", "drug_class")
    TOPIC = "drug_class"
    COURSE = True
    SIDED = False
    drug: str | None = None
    drug_class: (
        Literal[
            "nsaid", "paracetamol", "opioid", "neuropathic", "muscle_relaxant", "antidepressant", "corticosteroid",
            "immunosuppressant", "anticoagulant", "bone_active", "other",
        ]
        | None
    ) = None  # fmt: skip
    dose_mg: Positive | None = None
    doses_per_day: Positive | None = None
    mme_per_day: Positive | None = None
    for_this_pain: bool | None = None
    result: CareResult | None = None
    stopped_because: StopReason | None = None


class Diagnosis(Event):
    """A diagnosis or problem, coded or in words."""

    kind: Literal["diagnosis"] = "diagnosis"
    IDENTITY = ("category", "code")
    TOPIC = "category"
    COURSE = True
    category: DiagnosisCategory | None = None
    code: str | None = None
    code_system: str | None = None
    label: str | None = None
    clinical_status: Literal["active", "resolved", "inactive", "recurrence", "remission"] | None = None


class Imaging(Event):
    """An image and what its report says; a finding not named is not recorded."""

    kind: Literal["imaging"] = "imaging"
    IDENTITY = ("method", "region")
    TOPIC = "region"
    method: Literal["xray", "ct", "mri", "bone_scan", "ultrasound", "dexa", "other"] | None = None
    region: Literal["si_joint", "pelvis", "hip", "lumbar", "other"] | None = None
    degeneration: Finding | None = None
    disruption: Finding | None = None
    inflammation: Finding | None = None
    deep_marrow_oedema: Finding | None = None
    destruction: Finding | None = None
    fracture: Finding | None = None
    tumour: Finding | None = None
    infection: Finding | None = None
    hip_disease: Finding | None = None
    neural_compression: Finding | None = None
    sacral_dysplasia: Finding | None = None
    bridging: Finding | None = None
    loosening: Finding | None = None
    malposition: Finding | None = None
    nonunion: Finding | None = None
    t_score: float | None = None


class Laboratory(Event):
    """One laboratory result in the unit that the analyte names."""

    kind: Literal["laboratory"] = "laboratory"
    IDENTITY = ("analyte",)
    TOPIC = "analyte"
    SIDED = False
    analyte: (
        Literal[
            "crp",
            "esr",
            "leucocytes",
            "cotinine",
            "hba1c",
            "hla_b27",
            "vitamin_d",
            "urate",
            "blood_culture",
            "other",
        ]
        | None
    ) = None
    value: float | None = Field(
        default=None,
        description="crp mg/l, esr mm/h, leucocytes 10^9/l, cotinine ng/ml, hba1c %, vitamin_d ng/ml, urate mg/dl.",
    )
    positive: bool | None = None


class Score(Event):
    """A questionnaire's score; item answers are kept, item texts never."""

    kind: Literal["score"] = "score"
    IDENTITY = ("instrument",)
    TOPIC = "instrument"
    SIDED = False
    instrument: (
        Literal[
            "odi",
            "rmdq",
            "peg",
            "promis_pf",
            "promis_pi",
            "eq5d_index",
            "eq_vas",
            "pgic",
            "phq2",
            "sf36_pcs",
            "dsijq",
        ]
        | None
    ) = None
    value: float | None = None
    answers: str | None = Field(default=None, description="Item answers as a JSON list of numbers, null if left out.")

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        limits = {
            "odi": (0, 100), "rmdq": (0, 24), "peg": (0, 10), "eq5d_index": (-1, 1), "eq_vas": (0, 100),
            "pgic": (1, 7), "phq2": (0, 6), "promis_pf": (0, 100), "promis_pi": (0, 100), "sf36_pcs": (0, 100),
        }  # fmt: skip
        if self.value is not None and self.instrument in limits:
            low, high = limits[self.instrument]
            if not low <= self.value <= high:
                raise ValueError(f"{self.instrument} runs from {low} to {high}; {self.value} was given")
        return self


class Function(Event):
    """What the pain keeps the person from doing."""

    kind: Literal["function"] = "function"
    SIDED = False
    work_limited: bool | None = None
    sleep_limited: bool | None = None
    walking_limited: bool | None = None
    sitting_limited: bool | None = None
    daily_activities_limited: bool | None = None


class Nicotine(Event):
    """Tobacco and nicotine, as told."""

    kind: Literal["nicotine"] = "nicotine"
    SIDED = False
    status: Literal["never", "former", "current"] | None = None
    free_since: date | None = None


class SymptomReport(Event):
    """One warning symptom or risk, reported or denied."""

    kind: Literal["symptom"] = "symptom"
    IDENTITY = ("symptom",)
    TOPIC = "symptom"
    SIDED = False
    symptom: Symptom | None = None
    answer: Reported | None = None


class SafetyScreen(Event):
    """A dated screen by a clinician; only one that asked every item can clear the gate."""

    kind: Literal["safety_screen"] = "safety_screen"
    SIDED = False
    fever: Reported | None = None
    recent_infection: Reported | None = None
    iv_drug_use: Reported | None = None
    immunosuppression: Reported | None = None
    acute_severe_onset: Reported | None = None
    cancer_history: Reported | None = None
    weight_loss: Reported | None = None
    night_rest_pain: Reported | None = None
    saddle_numbness: Reported | None = None
    bladder_bowel: Reported | None = None
    progressive_weakness: Reported | None = None
    recent_major_trauma: Reported | None = None
    osteoporosis: Reported | None = None
    long_term_steroid: Reported | None = None
    pregnant: Reported | None = None
    anticoagulation: Reported | None = None
    contrast_allergy: Reported | None = None
    metal_allergy: Reported | None = None
    active_skin_infection: Reported | None = None


class GateResolution(Event):
    """A clinician's statement that a standing gate item was looked into, how, and with what result."""

    kind: Literal["gate_resolution"] = "gate_resolution"
    IDENTITY = ("item",)
    TOPIC = "item"
    item: str | None = Field(default=None, description="Id of the gate item, e.g. ``infection``.")
    investigation: str | None = None
    outcome: Literal["not_found", "treated", "accepted_by_specialist", "found"] | None = None


class Attestation(Event):
    """A named person's statement that something holds."""

    kind: Literal["attestation"] = "attestation"
    IDENTITY = ("statement",)
    TOPIC = "statement"
    SIDED = False
    statement: str | None = Field(default=None, description="What is attested, e.g. ``operator_trained``.")
    holds: bool | None = None


class Completeness(Event):
    """States that all events of a kind (of one topic, if named) up to a day are recorded.

    "No known infection" is one: ``of: diagnosis``, ``topic: infection``, and no such event.
    """

    kind: Literal["completeness"] = "completeness"
    IDENTITY = ("of", "topic")
    of: str | None = Field(default=None, description="The kind of event that is complete.")
    topic: str | None = None
    up_to: date | None = None
    expires_on: date | None = None


class Signature(Event):
    """A named clinician's signature under a content hash."""

    kind: Literal["signature"] = "signature"
    IDENTITY = ("content_sha256",)
    SIDED = False
    content_sha256: str | None = None
    signed_as: str | None = None


KINDS: dict[str, type[Event]] = {
    cls.model_fields["kind"].default: cls
    for cls in (
        Person, Coverage, PainScore, PainPattern, Onset, Pregnancy, Trauma, Examination, Injection, Treatment,
        Medication, Diagnosis, Imaging, Laboratory, Score, Function, Nicotine, Operation, AdverseEvent, SymptomReport,
        SafetyScreen, GateResolution, Attestation, Completeness, Signature,
    )
}  # fmt: skip
"""Every kind of event by name."""
