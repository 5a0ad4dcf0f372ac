"""Facts about diagnoses and operations."""

from __future__ import annotations

from nutation.criteria.language import (
    REQUIRED,
    Count,
    Events,
    Exists,
    Fact,
    Is,
    LatestIs,
    Not,
    OneOf,
    Param,
    SinceLatest,
    all_of,
)

_STANDING = {"certainty": ("stated",), "modality": ("actual",), "absence_days": 180}
_FUSION = Events("operation", topic="si_joint")
_FUSED_QUESTION = "Was the sacroiliac joint operated on before, on which side, when and how?"

DIAGNOSES = (
    Fact(
        "diagnosis_active",
        Exists(
            Events(
                "diagnosis",
                topic=Param("category"),
                where=Not(OneOf("clinical_status", ("resolved", "inactive", "remission"))),
                certainty=Param("certainty"),
                modality=Param("modality"),
                absence_days=Param("absence_days"),
            )
        ),
        "A diagnosis of the category stands. One that is only coded or suspected leaves it open; none recorded is "
        "no absence: absence is stated, and relied on for absence_days.",
        "Is there a diagnosis of {category}, or is its absence stated?",
        params={"category": REQUIRED, **_STANDING},
        burden="document",
    ),
    Fact(
        "diagnosis_history",
        Exists(
            Events(
                "diagnosis",
                topic=Param("category"),
                certainty=Param("certainty"),
                modality=Param("modality"),
                absence_days=Param("absence_days"),
            )
        ),
        "A diagnosis of the category stands or stood.",
        "Was there ever a diagnosis of {category}?",
        params={"category": REQUIRED, **_STANDING},
        burden="document",
    ),
    Fact(
        "joint_fused",
        Exists(Events("operation", topic="si_joint", absence_days=Param("absence_days"))),
        "This joint was fused.",
        _FUSED_QUESTION,
        params={"absence_days": 180},
        burden="document",
    ),
    Fact(
        "other_joint_fused",
        Exists(Events("operation", topic="si_joint", absence_days=Param("absence_days"))),
        "The other joint was fused.",
        _FUSED_QUESTION,
        scope="other_joint",
        params={"absence_days": 180},
        burden="document",
    ),
    Fact(
        "joint_fusions_count",
        Count(_FUSION),
        "Fusions of this joint.",
        _FUSED_QUESTION,
        unit="operations",
        burden="document",
    ),
    Fact(
        "months_since_joint_fusion",
        SinceLatest(_FUSION, "months"),
        "Calendar months since this joint was last fused.",
        _FUSED_QUESTION,
        unit="months",
        burden="document",
    ),
    Fact(
        "days_since_other_joint_fusion",
        SinceLatest(_FUSION, "days"),
        "Days since the other joint was last fused: this joint's earlier findings are stale after it.",
        _FUSED_QUESTION,
        unit="days",
        scope="other_joint",
        burden="document",
    ),
    Fact(
        "prior_lumbar_fusion",
        Exists(Events("operation", topic="lumbar_fusion", absence_days=Param("absence_days"))),
        "The lumbar spine was fused.",
        "Was the lumbar spine fused before, and down to which level?",
        params={"absence_days": 180},
        burden="document",
    ),
    Fact(
        "prior_lumbosacral_fusion",
        Exists(
            Events(
                "operation",
                topic="lumbar_fusion",
                where=Is("fused_to_sacrum", True),
                absence_days=Param("absence_days"),
            )
        ),
        "The lumbar spine was fused to the sacrum.",
        "Was the lumbar spine fused before, and down to which level?",
        params={"absence_days": 180},
        burden="document",
    ),
    Fact(
        "operation_inadequate",
        Exists(Events("operation", topic="si_joint", where=OneOf("result", ("none", "temporary", "worse")))),
        "A fusion of this joint gave no lasting relief.",
        "What did the earlier fusion achieve?",
        burden="document",
    ),
    Fact(
        "adverse_event",
        Exists(
            Events(
                "adverse_event",
                topic=Param("category"),
                within_days=Param("within_days"),
                certainty=Param("certainty"),
            )
        ),
        "Something of the category went wrong at this joint or with the person.",
        "Did anything go wrong after the operation or the injection?",
        params={"category": REQUIRED, "within_days": None, "certainty": ("stated", "coded", "inferred")},
        burden="document",
    ),
    Fact(
        "planned_bilateral_same_day",
        LatestIs(Events("operation", topic="si_joint", modality=("intended",)), Is("bilateral", True)),
        "The fusion that is planned is of both joints on one day.",
        "Is a fusion of both joints on one day planned?",
        burden="document",
    ),
    Fact(
        "planned_device_is",
        LatestIs(
            Events("operation", topic="si_joint", modality=("intended",)),
            all_of(OneOf("device_kind", Param("kinds")), OneOf("route", Param("routes"))),
        ),
        "The fusion that is planned uses one of the devices, by one of the routes.",
        "Which device and route are planned?",
        params={"kinds": None, "routes": None},
        burden="document",
    ),
)
"""Facts of diagnoses and operations, joint by joint."""
