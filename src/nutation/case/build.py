"""One patient's whole story: asks the rooms below, in the pathway's order, and puts their answers together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import nutation
from nutation.case.answer import Case, JointAnswer, NextStep
from nutation.case.next_steps import after_fusion, next_steps, ordered
from nutation.case.recommendation import recommend
from nutation.case.telling import in_words
from nutation.case.what_if import changes
from nutation.criteria import JointView, bind
from nutation.evaluation import evaluate_joint, next_findings, screen
from nutation.evidence import Evidence, load
from nutation.facts import CATALOGUE
from nutation.indication import Policy, current, disagreements, judge, policies, setting
from nutation.record.head import JointSide
from nutation.record.occasions import Occasion, occasions
from nutation.record.record import Record
from nutation.record.standing import standing

SIDES: tuple[JointSide, ...] = ("left", "right")
_NO_PAYER_IS_ASKED = ("do_not_fuse", "work_up_failed_fusion", "follow_up", "treat_conservatively", "refer_urgently")
_NOT_A_QUESTION_OF_SOURCE = ("infectious", "fracture", "tumour")
_COMPLAINT = ("onset", "pain_score", "pain_pattern", "examination", "injection")


def build_case(
    record: Record,
    *,
    as_of: date,
    known_by: datetime | None = None,
    sides: Sequence[JointSide] = (),
    asked: Sequence[Policy] | None = None,
    procedure: str | None = None,
    evidence: Evidence | None = None,
    seed: int = 20260901,
) -> Case:
    """The case of one patient at ``as_of``, as known by ``known_by`` (all that is recorded, if None).

    ``sides`` names the joints (else those with findings), ``asked`` the policies (else one version of each),
    ``procedure`` the code asked about (else that of the planned operation). ``seed`` fixes the sampling.
    """
    evidence = evidence or load()
    told = occasions(standing(record.events, known_by))
    asked = current(policies(), as_of) if asked is None else asked
    views: dict[JointSide, JointView] = {side: JointView(told, side, as_of) for side in SIDES}
    found: tuple[JointSide, ...] = tuple(side for side in SIDES if _has_findings(views[side]))
    chosen = tuple(sides) or found or SIDES
    joints = tuple(_joint(views[side], asked, procedure, record, known_by, evidence, seed) for side in chosen)
    steps = ordered(step for joint in joints for step in _steps(joint))
    action = recommend(joints, steps)
    if action.action in _NO_PAYER_IS_ASKED:
        steps = tuple(step for step in steps if step.purpose != ("payer",))
    return Case(
        record=record,
        as_of=as_of,
        known_by=known_by,
        laterality=_laterality(found),
        joints=joints,
        next=steps,
        recommendation=action,
        warnings=(*record.warnings, *_withdrawn(record, known_by), *_warnings(told, views, chosen, as_of)),
        versions=_versions(asked, evidence),
    )


def versions_of(as_of: date, evidence: Evidence | None = None) -> dict[str, str]:
    """The versions by which a case is answered at ``as_of`` where no policy is named: software, evidence, policies."""
    return _versions(current(policies(), as_of), evidence or load())


def _versions(asked: Sequence[Policy], evidence: Evidence) -> dict[str, str]:
    told = {"nutation": nutation.__version__, "evidence": evidence.version}
    return told | {f"policy:{policy.id}": policy.version for policy in asked}


def _joint(
    view: JointView,
    asked: Sequence[Policy],
    procedure: str | None,
    record: Record,
    known_by: datetime | None,
    evidence: Evidence,
    seed: int,
) -> JointAnswer:
    gate = screen(view, evidence)
    evaluation = evaluate_joint(view, view.other, gate, evidence, seed=seed)
    if evaluation.mechanism.kind in _NOT_A_QUESTION_OF_SOURCE and gate.state == "standing":
        reason = f"{evaluation.mechanism.label} stands: no published series of this joint's pain includes it."
        evaluation = replace(evaluation, probability=None, withheld=reason, steps=(), scenarios=(), sensitivity=())
    if not gate.open:  # what the probability alone would have one do must not be read beside a gate that is shut
        evaluation = replace(evaluation, decision=None)
    planned = setting(view, procedure=procedure)
    answers = tuple(judge(policy, view, planned=planned, unmapped=record.unmapped) for policy in asked)
    findings, withheld = next_findings(view, view.other, gate, evidence, seed=seed)
    offered = [found.id for found in (*findings, *withheld)]
    if gate.open and (elsewhere := changes(record, view, known_by, asked, planned, answers, offered)):
        findings, withheld = next_findings(view, view.other, gate, evidence, seed=seed, changes=elsewhere)
    fused = _truth(view, "joint_fused")
    return JointAnswer(
        side=view.side,
        gate=gate,
        evaluation=evaluation,
        policies=answers,
        disagreements=tuple(disagreements(answers)),
        findings=findings,
        withheld=withheld,
        device=planned.device.text() if planned.device is not None else None,
        fused=fused,
        pain_after_fusion=_pain_after_fusion(view) if fused is True else None,
        care_lasting=_truth(view, "therapeutic_injection_lasting"),
        severity=_severity(view),
    )


def _steps(joint: JointAnswer) -> tuple[NextStep, ...]:
    told = next_steps(joint.side, joint.gate, joint.findings, joint.withheld, joint.policies)
    return (*after_fusion(joint.side, joint.gate), *told) if joint.pain_after_fusion is True else told


def _truth(view: JointView, name: str, **arguments: object) -> bool | None:
    return view.value(bind(CATALOGUE[name], arguments)).truth


def _severity(view: JointView) -> float | None:
    found = view.value(bind(CATALOGUE["pain_nrs_latest"], {})).range
    return found.lo if found.lo == found.hi else None


def _pain_after_fusion(view: JointView) -> bool | None:
    """Whether anything since the fusion tells of pain: a result that did not last, a loose implant, a new onset."""
    if _truth(view, "operation_inadequate") is True:
        return True
    if any(_truth(view, "imaging_shows", finding=f) is True for f in ("nonunion", "loosening", "malposition")):
        return True
    operated = [o.happened_from for o in view.of_kind("operation") if o.modality == "actual" and o.happened_from]
    last = max(operated, default=None)
    later = [
        o
        for kind in _COMPLAINT
        for o in view.of_kind(kind)
        if o.modality == "actual" and last is not None and o.happened_from is not None and o.happened_from > last
    ]
    return True if any(o.kind in ("onset", "injection") for o in later) else None


def _has_findings(view: JointView) -> bool:
    return any(o.side_known and o.modality == "actual" for kind in _COMPLAINT for o in view.of_kind(kind))


def _laterality(found: tuple[JointSide, ...]) -> str:
    return "both" if len(found) == 2 else found[0] if found else "unknown"


def _withdrawn(record: Record, known_by: datetime | None) -> list[str]:
    """What was corrected or withdrawn: an answer that this improved must not look as if it had always been so."""
    seen = {event.id: event for event in record.events if known_by is None or event.recorded_at <= known_by}
    found: list[str] = []
    for event in seen.values():
        for earlier in (seen[name] for name in event.supersedes if name in seen):
            what = "Withdrawn" if event.retracted else "Corrected"
            by = f" by {event.author}" if event.author else ""
            found.append(
                f"{what} on {event.recorded_at:%Y-%m-%d}{by}: {in_words(earlier)} ({earlier.happened.text()})."
            )
    return found


def _at_odds(told: Sequence[Occasion], chosen: Sequence[JointSide]) -> list[str]:
    """Examinations of one joint and day that disagree: what they disagree on is not known."""
    found: list[str] = []
    by_day: dict[tuple[JointSide | None, date], list[Occasion]] = {}
    for o in told:
        if o.kind == "examination" and o.modality == "actual" and o.joint in chosen and o.happened_from is not None:
            by_day.setdefault((o.joint, o.happened_from), []).append(o)
    for (side, day), same_day in by_day.items():
        names = sorted(
            name.replace("_", " ")
            for name in same_day[0].values
            if len({o.values[name] for o in same_day if o.values[name] not in (None, "not_done")}) > 1
        )
        if names:
            found.append(f"Contradicted: examinations of the {side} joint on {day} disagree on {', '.join(names)}.")
    return found


def _warnings(
    told: Sequence[Occasion], views: dict[JointSide, JointView], chosen: Sequence[JointSide], as_of: date
) -> list[str]:
    warnings: list[str] = []
    for o in told:
        if o.contradicted and o.joint in (None, *chosen):
            what, names = o.kind.replace("_", " "), ", ".join(sorted(o.contradicted))
            warnings.append(f"Contradicted: {what} of {o.happened_from} disagrees on {names} ({', '.join(o.events)}).")
        if o.disputed_by and o.joint in (None, *chosen):
            warnings.append(f"Disputed: {', '.join(o.events)} is denied by {', '.join(o.disputed_by)}.")
    later = {event for o in told if o.happened_from is not None and o.happened_from > as_of for event in o.events}
    planned = {event for o in told if o.modality == "intended" for event in o.events}
    if later - planned:
        warnings.append(
            f"{len(later - planned)} events begin after {as_of} and do not count: {', '.join(sorted(later - planned))}."
        )
    warnings.extend(_at_odds(told, chosen))
    left_unsided = {event for o in told if not o.side_known and o.joint == "left" for event in o.events}
    if left_unsided:
        warnings.append(
            f"{len(left_unsided)} events name no side and count for neither joint: {', '.join(sorted(left_unsided))}."
        )
    for side in chosen:
        warnings.extend(setting(views[side]).warnings)
    return list(dict.fromkeys(warnings))
