"""A patient of whom every criterion of every rule set holds, for tests that then change one thing.

Right joint, asked on 2026-06-15. Each event has a name; a test replaces or drops events by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from nutation.criteria import JointView
from nutation.indication import CriterionAnswer, PolicyAnswer, judge, policy, setting
from nutation.record.head import Event
from nutation.record.kinds import KINDS, PROVOCATION_TESTS
from nutation.record.occasions import occasions
from nutation.record.standing import standing

AS_OF = date(2026, 6, 15)
STATEMENTS = (
    "no_severe_pain_of_other_cause", "trial_exclusions_read_in_full", "pain_moderate_or_severe",
    "pain_does_not_radiate", "operator_trained", "operator_uses_image_guidance", "relief_lasted_as_anaesthetic",
    "painful_movements_possible_after_block",
)  # fmt: skip


def event(name: str, kind: str, happened: str, side: str = "right", **told: Any) -> Event:
    """One event, recorded on the as-of day (or on ``recorded``), with its name as id."""
    head = {
        "id": name,
        "patient": "p1",
        "side": side,
        "happened": happened,
        "recorded_at": told.pop("recorded", AS_OF.isoformat()),
        "source": {"system": "test", "resource": name},
        "author": "Dr Example",
    }
    return KINDS[kind].model_validate({**head, **told})


def block(name: str, happened: str, before: float = 8, after: float = 1, **told: Any) -> Event:
    """A diagnostic block that can be read, with its two scores."""
    readable: dict[str, Any] = {
        "role": "diagnostic", "target": "intra_articular", "guidance": "fluoroscopy", "contrast": "intra_articular",
        "volume_ml": 1.5, "anaesthetic": "lidocaine", "sedation": "none", "other_injections_that_day": False,
        "familiar_pain_before": True, "scored_side_pain": True, "same_movement": True, "scored_after_hours": 1,
        "score_before": before, "score_after": after, "encounter": name,
    }  # fmt: skip
    return event(name, "injection", happened, **{**readable, **told})


def examination(name: str = "examination", positive: int | tuple[str, ...] = 8, **told: Any) -> Event:
    """A complete examination with the first ``positive`` provocation tests (or the named ones) positive."""
    found = PROVOCATION_TESTS[:positive] if isinstance(positive, int) else positive
    results = {test: "positive" if test in found else "negative" for test in PROVOCATION_TESTS}
    more = {"fortin_finger": "positive", "psis_tenderness": "positive", "tender_elsewhere": "absent"}
    return event(name, "examination", "2026-05-20", **{**results, **more, **told})


def complete(of: str, up_to: str = AS_OF.isoformat(), **told: Any) -> Event:
    """The statement that every event of the kind is recorded."""
    name = f"complete_{of}"
    return event(name, "completeness", up_to, side="both", of=of, up_to=up_to, **told)


def course(name: str, care: str, happened: str = "2025-01-01/2025-12-31", **told: Any) -> Event:
    """A course of care that did not help enough."""
    failed: dict[str, Any] = {
        "care": care, "aim": "si_joint", "attended_sessions": 20, "in_person": True, "supervised": True,
        "home_programme": True, "result": "temporary", "stopped_because": "no_benefit",
    }  # fmt: skip
    return event(name, "treatment", happened, **{**failed, **told})


def whole_patient() -> dict[str, Event]:
    """Every event of the patient by name."""
    told = [
        event("person", "person", "1976-03-01", side="none", sex="female"),
        event("onset", "onset", "2023-06-01", cause="insidious"),
        event("pain", "pain_score", "2026-06-01", nrs=7, site="si_region", rates="average"),
        event("odi", "score", "2026-06-01", side="none", instrument="odi", value=48),
        event("function", "function", "2026-06-01", side="none", work_limited=True, walking_limited=True),
        event(
            "pattern", "pain_pattern", "2026-06-01", below_l5=True, unilateral=True, radiates_below_knee=False,
            generalised=False,
        ),
        examination(),
        course("therapy", "physical_therapy"),
        course("home", "home_exercise"),
        course("activity", "activity_modification"),
        course("belt", "bracing"),
        course("manual", "manual_therapy"),
        event(
            "nsaid", "medication", "2025-01-01/2025-12-31", side="none", drug_class="nsaid", for_this_pain=True,
            result="none", stopped_because="no_benefit",
        ),
        event(
            "steroid", "injection", "2025-10-05", role="therapeutic", target="intra_articular", guidance="fluoroscopy",
            contrast="intra_articular", steroid=True, result="temporary", relief_days=21, encounter="steroid",
        ),
        block("block_1", "2026-01-12"),
        block("block_2", "2026-02-16"),
        event(
            "film", "imaging", "2026-03-02", method="xray", region="pelvis", degeneration="present",
            hip_disease="absent",
        ),
        event(
            "ct", "imaging", "2026-03-09", method="ct", region="si_joint", degeneration="present", destruction="absent",
            inflammation="absent", fracture="absent", tumour="absent", infection="absent",
        ),
        event("mri", "imaging", "2026-03-16", method="mri", region="lumbar", side="none", neural_compression="absent"),
        event("nicotine", "nicotine", "2026-06-01", side="none", status="never"),
        event("cotinine", "laboratory", "2026-06-01", side="none", analyte="cotinine", value=2),
        event("hba1c", "laboratory", "2026-06-01", side="none", analyte="hba1c", value=5.4),
        event(
            "diagnosis", "diagnosis", "2025-01-01/", category="sij_degeneration", code="M53.3",
            clinical_status="active",
        ),
        *(
            event(f"said_{name}", "attestation", "2026-06-10", side="none", statement=name, holds=True)
            for name in STATEMENTS
        ),
        *(complete(kind) for kind in ("diagnosis", "injection", "treatment", "medication", "trauma", "operation")),
        event(
            "plan", "operation", "2026-06-15", modality="intended", target="si_joint", route="lateral",
            transfixing=True, device_kind="titanium_triangular", regulatory="cleared_device", graft=False, implants=3,
        ),
    ]  # fmt: skip
    return {one.id: one for one in told}


def with_events(*changed: Event, without: tuple[str, ...] = ()) -> dict[str, Event]:
    """The whole patient with events replaced (same name) or added, and others left out."""
    told = {name: one for name, one in whole_patient().items() if name not in without}
    return {**told, **{one.id: one for one in changed}}


def view_of(events: Mapping[str, Event], as_of: date = AS_OF) -> JointView:
    """The right joint of the events."""
    return JointView(occasions(standing(events.values())), "right", as_of)


def answer_of(policy_id: str, events: Mapping[str, Event], *, as_of: date = AS_OF, **more: Any) -> PolicyAnswer:
    """The policy's answer on the events."""
    view = view_of(events, as_of)
    chosen = policy(policy_id, more.pop("version", None), on=as_of)
    unmapped = more.pop("unmapped", ())
    return judge(chosen, view, planned=setting(view, **more), unmapped=unmapped)


def criterion_of(answer: PolicyAnswer, criterion_id: str) -> CriterionAnswer:
    """One criterion of an answer."""
    return next(criterion for criterion in answer.criteria if criterion.id == criterion_id)
