"""One recommended action for the case: safety first, one joint at a time, nothing invasive on thin ground."""

from __future__ import annotations

from collections.abc import Sequence

from nutation.case.answer import Action, JointAnswer, NextStep, Recommendation
from nutation.evaluation import GateItem
from nutation.indication import PolicyAnswer
from nutation.record.head import JointSide

_URGENT = ("emergency", "urgent")
_ACTION_OF_STAGE: dict[str, Action] = {
    "safety": "ask",
    "history": "ask",
    "document": "ask",
    "examination": "examine",
    "laboratory": "examine",
    "imaging": "image",
    "injection": "inject",
}


def recommend(joints: Sequence[JointAnswer], steps: Sequence[NextStep]) -> Recommendation:
    """The action for the patient: that of the joint that comes first, never two operations at once."""
    gated = [joint for joint in joints if not joint.gate.open]
    if gated:
        return _behind_the_gate(gated)
    ordered = sorted(joints, key=_order)
    answers = [_for_joint(joint, steps) for joint in ordered]
    first = _with_order(answers[0], ordered)
    waiting = [
        joint.side for joint, answer in zip(ordered[1:], answers[1:], strict=True) if answer.action == first.action
    ]
    if waiting and first.action in ("request_authorisation", "plan_operation", "inject"):
        later = f"The {waiting[0]} joint waits: one side at a time, and its findings are asked again afterwards."
        return Recommendation(first.action, first.side, f"{first.reason} {later}", first.basis)
    return first


def _order(joint: JointAnswer) -> tuple[bool, bool, float, float]:
    """The side that is planned, then the more painful, then the more probable one first."""
    probability = joint.evaluation.probability
    return (
        joint.device is None,
        joint.severity is None,
        -(joint.severity or 0.0),
        -(probability.median if probability is not None else 0.0),
    )


def _with_order(first: Recommendation, ordered: Sequence[JointAnswer]) -> Recommendation:
    if len(ordered) < 2 or first.action not in ("request_authorisation", "plan_operation", "inject"):
        return first
    reason = f"The {first.side} joint comes first: {_why_first(ordered)}. {first.reason}"
    return Recommendation(first.action, first.side, reason, first.basis)


def _why_first(ordered: Sequence[JointAnswer]) -> str:
    first, other = ordered[0], ordered[1]
    if first.device is not None and other.device is None:
        return "it is the one for which an operation is planned"
    if first.severity is not None and (other.severity is None or first.severity > other.severity):
        return "it hurts more"
    return "its probability is the higher one"


def _behind_the_gate(joints: Sequence[JointAnswer]) -> Recommendation:
    standing: dict[str, GateItem] = {}
    for joint in joints:
        standing |= {item.id: item for item in joint.gate.items if item.state == "standing"}
    # A risk factor or a contra-indication to one procedure is asked about; a warning is referred.
    warnings = [item for item in standing.values() if item.kind in ("sign", "combination")]
    if warnings:
        first = min(warnings, key=lambda item: ("emergency", "urgent", "soon", "routine").index(item.urgency))
        names = ", ".join(item.label for item in warnings)
        when = {
            "emergency": "the same day",
            "urgent": "today or tomorrow",
            "soon": "soon; it is not an emergency",
            "routine": "in the ordinary course",
        }[first.urgency]
        reason = f"Standing: {names}. Refer {when}. {first.closes}."
        return Recommendation("refer_urgently", None, reason, tuple(standing))
    if standing:
        first = next(iter(standing.values()))
        names = ", ".join(item.label for item in standing.values())
        return Recommendation(
            "ask", None, f"Standing: {names}. To be looked into first: {first.closes}.", tuple(standing)
        )
    missing = [item.label for item in joints[0].gate.items if item.state == "not_screened"]
    shown = ", ".join(missing[:4]) + (" and more" if len(missing) > 4 else "")
    return Recommendation(
        "ask",
        None,
        f"The safety screen comes before anything else; not asked yet: {shown}.",
        tuple(item.id for item in joints[0].gate.items if item.state == "not_screened"),
    )


def _for_joint(joint: JointAnswer, steps: Sequence[NextStep]) -> Recommendation:
    side = joint.side
    if joint.fused is True:
        if joint.pain_after_fusion is not True:
            return Recommendation(
                "follow_up", side, "This joint is fused and no pain since is recorded.", ("joint_fused",)
            )
        return Recommendation(
            "work_up_failed_fusion",
            side,
            "This joint is fused and hurts again: look for loosening, non-union, malposition, infection and the other "
            "joint before anything else.",
            ("joint_fused",),
        )
    mechanism, decision = joint.evaluation.mechanism, joint.evaluation.decision
    if mechanism.kind in ("inflammatory", "infectious", "fracture", "tumour"):
        reason = f"{mechanism.label} is not what a fusion treats; that is seen to first."
        return Recommendation("do_not_fuse", side, reason, ("mechanism",))
    if decision is not None and decision.id == "look_elsewhere":
        rival = next((a.label for a in joint.evaluation.differential if a.state == "for"), None)
        better = f" {rival} explains the pain better." if rival else ""
        return Recommendation(
            "do_not_fuse",
            side,
            f"This joint is an improbable source of the pain.{better} Treat what is found.",
            ("evaluation",),
        )
    return _when_source_is_open(joint, steps)


def _when_source_is_open(joint: JointAnswer, steps: Sequence[NextStep]) -> Recommendation:
    side = joint.side
    article = next((p for p in joint.policies if p.kind == "article"), None)
    states = {c.id: c.answer.truth for c in article.criteria} if article is not None else {}
    care = {name: states.get(name) for name in ("physical_therapy_failed", "medication_failed", "injections_failed")}
    if joint.care_lasting is True:
        reason = "Care works: an injection or a course of treatment gave lasting relief. Go on with it and look again."
        return Recommendation("follow_up", side, reason, ("care_lasting",))
    decision = joint.evaluation.decision
    if decision is not None and decision.id == "act":
        if article is not None and article.verdict == "met":
            return _when_warranted(joint, steps)
        if states.get("no_discordant_block") is False:
            return _discordant(side)
        if any(truth is False for truth in care.values()):
            reason = "Conservative care has not been shown to have failed: it comes before an operation."
            return Recommendation("treat_conservatively", side, reason, ("ARTICLE",))
    if _discordant_blocks(joint):
        return _discordant(side)
    step = next((s for s in steps if s.side in (None, side) and "payer" not in s.purpose), None)
    step = step or next((s for s in steps if s.side in (None, side)), None)
    if step is None:
        reason = "Nothing that is not known yet could change the answer: go on with conservative care and look again."
        return Recommendation("treat_conservatively", side, reason, ())
    return _step_taken(side, step)


def _step_taken(side: JointSide, step: NextStep) -> Recommendation:
    action = _ACTION_OF_STAGE[step.stage]
    where = step.side if step.side is not None else side
    label = step.label if step.label.endswith(("?", ".")) else f"{step.label}."
    return Recommendation(action, where, f"{label} {step.reason}".strip(), (step.id,))


def _discordant_blocks(joint: JointAnswer) -> bool:
    results = {block.result for block in joint.evaluation.blocks if block.validity == "valid"}
    return "negative" in results and "positive" in results


def _discordant(side: JointSide) -> Recommendation:
    return Recommendation(
        "treat_conservatively",
        side,
        "The blocks disagree: a control did not bear out the first one. A rule that asks for one block may be met by "
        "its letter; this recommendation does not follow it.",
        ("blocks",),
    )


def _when_warranted(joint: JointAnswer, steps: Sequence[NextStep]) -> Recommendation:
    """The source is supported and the three conditions hold: what stands between the patient and the operation?"""
    side = joint.side
    payers = [p for p in joint.policies if p.kind in ("coverage", "national") and p.plan != "other"]
    own = [p for p in payers if p.applicability == "applies"]
    met = [p for p in own if p.verdict == "met"]
    if met:
        names = ", ".join(f"the rule set of {p.publisher} ({p.id})" for p in met)
        reason = (
            f"The gate is {_gate(joint)}, the source is supported, the three conditions hold, and {names} is met "
            f"(basis: {met[0].basis})."
        )
        return Recommendation("request_authorisation", side, reason, tuple(p.id for p in met))
    if payers and all(p.applicability in ("not_this_device", "not_in_scope", "not_in_force") for p in payers):
        excluded = [p for p in payers if p.applicability == "not_this_device"]
        said = f"{excluded[0].publisher} ({excluded[0].id}): {excluded[0].applicability_reason}" if excluded else ""
        reason = f"No policy asked for speaks of the planned device or procedure. {said} Ask whether it is meant."
        return Recommendation("ask", side, reason, tuple(p.id for p in payers))
    if own:
        return _towards(joint, own, steps)
    refusing = [p for p in payers if p.applicability == "not_covered" and p.plan == "own"]
    if refusing:
        reason = f"The recorded plan refuses the service: {refusing[0].applicability_reason}"
        return Recommendation("treat_conservatively", side, reason, tuple(p.id for p in refusing))
    reason = (
        "The source is supported and the three conditions hold; no policy asked for is known to be the patient's own."
    )
    return Recommendation("plan_operation", side, reason, ("ARTICLE",))


def _gate(joint: JointAnswer) -> str:
    return "clear" if joint.gate.state == "clear" else "addressed"


def _towards(joint: JointAnswer, own: Sequence[PolicyAnswer], steps: Sequence[NextStep]) -> Recommendation:
    """The patient's own policy is not met yet: the first step that could meet it, else what it refuses."""
    ids = {p.id for p in own}
    for step in steps:
        if step.side in (None, joint.side) and ids & set(step.policies):
            return _step_taken(joint.side, step)
    why = " ".join(own[0].reasons[:2])
    named = f"The rule set of {own[0].publisher} ({own[0].id})"
    reason = f"{named} is not met, and nothing that is not known yet could change that. {why}"
    return Recommendation("treat_conservatively", joint.side, reason, tuple(sorted(ids)))
