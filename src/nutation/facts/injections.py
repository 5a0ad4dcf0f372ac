"""Facts about injections: which blocks were valid, positive, negative; what therapeutic ones achieved.

A block is valid only if side, guidance, contrast, volume, agent, sedation, other injections that day, the
familiar pain before and the time of the score all allow to read it; every figure of that is a parameter.
"""

from __future__ import annotations

from nutation.criteria.language import (
    REQUIRED,
    AtLeast,
    AtMost,
    Condition,
    Count,
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
    When,
    all_of,
    any_of,
)

WITHIN = Param("within_days")
ANY_TIME = {"within_days": None}

VALIDITY = {
    "guidance": ("fluoroscopy", "ct"),
    "intra_articular": True,
    "contrast_required": True,
    "volume_ml_max": None,
    "no_other_injections": False,
    "no_deep_sedation": False,
    "familiar_pain_before": False,
    "score_before_min": None,
    "scored_within_hours": None,
    "same_movement": False,
    **ANY_TIME,
}
"""What makes a block readable, with the defaults that a policy may sharpen; None or False asks nothing."""

_DIAGNOSTIC = OneOf("role", ("diagnostic", "both"))
_READABLE: tuple[Condition, ...] = (
    _DIAGNOSTIC,
    OneOf("guidance", Param("guidance")),
    IfAsked(Param("intra_articular"), Is("target", "intra_articular")),
    IfAsked(Param("contrast_required"), Is("contrast", "intra_articular")),
    AtMost("volume_ml", Param("volume_ml_max")),
    Not(Is("anaesthetic", "none")),
    IfAsked(Param("no_other_injections"), Is("other_injections_that_day", False)),
    IfAsked(Param("no_deep_sedation"), OneOf("sedation", ("none", "light"))),
    IfAsked(Param("familiar_pain_before"), Is("familiar_pain_before", True)),
    AtLeast("score_before", Param("score_before_min")),
    AtMost("scored_after_hours", Param("scored_within_hours")),
    IfAsked(Param("same_movement"), Is("same_movement", True)),
)
_RELIEF = any_of(
    AtLeast("relief_pct", Param("relief_pct_min")),
    When(Param("accept_stated_pct"), AtLeast("relief_any_pct", Param("relief_pct_min"))),
)
_THRESHOLD = {"relief_pct_min": REQUIRED, "accept_stated_pct": False, "relief_hours_min": None}
_ASK_BLOCK = (
    "Record the block with side, guidance, contrast, volume, agent, sedation, other injections that day, and the "
    "scores of this side's pain before and after."
)


def _blocks(*more: Condition) -> Events:
    return Events("injection", where=all_of(*_READABLE, *more), within_days=WITHIN)


_THERAPEUTIC: tuple[Condition, ...] = (
    OneOf("role", ("therapeutic", "both")),
    OneOf("guidance", Param("guidance")),
    IfAsked(Param("intra_articular"), Is("target", "intra_articular")),
    IfAsked(Param("steroid"), Is("steroid", True)),
)
_THERAPY = {"guidance": None, "intra_articular": False, "steroid": False, **ANY_TIME}
_ASK_THERAPY = "Which therapeutic injections were given, and how long did each one help?"


def _therapeutic(*more: Condition) -> Events:
    return Events("injection", where=all_of(*_THERAPEUTIC, *more), within_days=WITHIN)


INJECTIONS = (
    Fact(
        "valid_blocks",
        Count(_blocks()),
        "Diagnostic blocks of this joint that can be read, whatever their result.",
        _ASK_BLOCK,
        unit="blocks",
        params=VALIDITY,
        burden="injection",
    ),
    Fact(
        "positive_blocks",
        Count(_blocks(_RELIEF, AtLeast("relief_hours", Param("relief_hours_min")))),
        "Readable blocks with at least the asked relief, computed from the two scores (or stated, where accepted).",
        _ASK_BLOCK,
        unit="blocks",
        params={**VALIDITY, **_THRESHOLD},
        burden="injection",
    ),
    Fact(
        "negative_blocks",
        Count(_blocks(Not(_RELIEF))),
        "Readable blocks with less than the asked relief.",
        _ASK_BLOCK,
        unit="blocks",
        params={**VALIDITY, "relief_pct_min": REQUIRED, "accept_stated_pct": False},
        burden="injection",
    ),
    Fact(
        "diagnostic_injections",
        Count(Events("injection", where=_DIAGNOSTIC, within_days=WITHIN)),
        "Diagnostic injections of this joint, readable or not.",
        "Which diagnostic injections were given?",
        unit="injections",
        params=ANY_TIME,
        burden="document",
    ),
    Fact(
        "therapeutic_injections",
        Count(_therapeutic()),
        "Therapeutic injections of this joint.",
        _ASK_THERAPY,
        unit="injections",
        params=_THERAPY,
        burden="document",
    ),
    Fact(
        "therapeutic_injection_given",
        Exists(_therapeutic()),
        "A therapeutic injection of this joint was given.",
        _ASK_THERAPY,
        params=_THERAPY,
        burden="document",
    ),
    Fact(
        "therapeutic_injection_inadequate",
        Exists(_therapeutic(OneOf("result", ("none", "temporary", "worse")))),
        "A therapeutic injection gave no adequate lasting relief.",
        _ASK_THERAPY,
        params=_THERAPY,
        burden="document",
    ),
    Fact(
        "therapeutic_injection_failed_latest",
        LatestIs(_therapeutic(Known("result")), OneOf("result", ("none", "temporary", "worse"))),
        "The latest therapeutic injection whose result is recorded gave no adequate lasting relief.",
        _ASK_THERAPY,
        params=_THERAPY,
        burden="document",
    ),
    Fact(
        "therapeutic_injection_lasting",
        Exists(_therapeutic(Is("result", "lasting"))),
        "A therapeutic injection gave lasting relief: that is care that works.",
        _ASK_THERAPY,
        params=_THERAPY,
        burden="document",
    ),
)
"""Facts of injections, joint by joint."""
