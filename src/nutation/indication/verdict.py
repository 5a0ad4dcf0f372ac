"""Is fusion warranted by this rule set? Its criteria at one joint, and the verdict that they allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nutation.criteria import Answer, Gap, JointView, Witnesses, bind, evaluate, gap
from nutation.evidence import MARKS, Mark, weakest
from nutation.facts import CATALOGUE
from nutation.indication.applicability import (
    Applicability,
    PlanFit,
    Setting,
    Standing,
    applicability,
    setting,
)
from nutation.indication.policy import BoundCriterion, Policy
from nutation.indication.schema import PolicyKind
from nutation.record.record import Unmapped

Verdict = Literal["met", "not_met", "undetermined"]
SECONDARY = "Our reading of a secondary source; check the policy."
UNVERIFIED = "Rests on an unverified figure, so it cannot be called met; check the policy."


@dataclass(frozen=True, slots=True)
class CriterionAnswer:
    """One criterion at the joint: its two readings, its witnesses and what would settle it.

    ``gap`` is ``None`` where the criterion is false: only a new happening could make it true.
    """

    id: str
    topic: str
    text: str
    explain: str
    required: bool
    answer: Answer
    gap: Gap | None
    citation: tuple[str, ...]
    verified: Mark

    @property
    def state(self) -> str:
        """``true``, ``false`` or ``unknown``."""
        return self.answer.state

    @property
    def as_documented(self) -> str:
        """``true`` or ``false``: what is not known counts as not shown."""
        return self.answer.as_documented

    @property
    def witnesses(self) -> Witnesses:
        """The events that decided it, or would."""
        return self.answer.witnesses


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """What one rule set says of one joint.

    ``plan`` says whether the recorded plan uses the rule set: a verdict is that of the rule set also where it is
    another's. ``reasons`` say why the verdict is what it is; ``cautions`` and ``notes`` what a reader must know
    beside it.
    """

    id: str
    version: str
    title: str
    publisher: str
    kind: PolicyKind
    procedure: str
    procedure_reason: str
    applicability: Applicability
    applicability_reason: str
    plan: PlanFit
    basis: Mark
    verdict: Verdict
    as_documented: Literal["met", "not_met"]
    reasons: tuple[str, ...]
    cautions: tuple[str, ...]
    criteria: tuple[CriterionAnswer, ...]
    notes: tuple[str, ...]
    citation: tuple[str, ...]


def judge(
    policy: Policy, view: JointView, *, planned: Setting | None = None, unmapped: Iterable[Unmapped] = ()
) -> PolicyAnswer:
    """The policy's answer for the view's joint and day.

    ``planned`` (from ``setting``, made once for all policies) holds device, plan and day of service;
    ``unmapped`` what the reader could not turn into events: a relevant item forbids *met*.
    """
    told = policy.told
    planned = setting(view) if planned is None else planned
    standing = applicability(policy, planned, view)
    criteria = tuple(_criterion(bound, view) for bound in policy.criteria)
    fused = view.value(bind(CATALOGUE["joint_fused"], {})).truth is True
    verdict, basis, reasons = _verdict(policy, standing, criteria, tuple(unmapped), fused)
    cautions = list(standing.cautions)
    if basis in ("secondary", "derived"):
        cautions.insert(0, SECONDARY)
    elif basis == "unverified":
        cautions.insert(0, UNVERIFIED)
    return PolicyAnswer(
        id=policy.id,
        version=policy.version,
        title=told.title,
        publisher=told.publisher,
        kind=told.kind,
        procedure=standing.procedure,
        procedure_reason=standing.procedure_reason,
        applicability=standing.value,
        applicability_reason=standing.reason,
        plan=standing.plan,
        basis=basis,
        verdict=verdict,
        as_documented="met" if verdict == "met" else "not_met",
        reasons=reasons,
        cautions=tuple(dict.fromkeys(cautions)),
        criteria=criteria,
        notes=told.notes,
        citation=told.citation,
    )


def _criterion(bound: BoundCriterion, view: JointView) -> CriterionAnswer:
    told = bound.told
    return CriterionAnswer(
        id=told.id,
        topic=told.topic,
        text=told.text,
        explain=told.explain,
        required=told.required,
        answer=evaluate(bound.rule, view),
        gap=gap(bound.rule, view),
        citation=told.citation,
        verified=told.verified,
    )


def _verdict(
    policy: Policy,
    standing: Standing,
    criteria: Sequence[CriterionAnswer],
    unmapped: tuple[Unmapped, ...],
    fused: bool,
) -> tuple[Verdict, Mark, tuple[str, ...]]:
    """(verdict, basis, reasons). A refusal rests on its best mark: one false criterion suffices."""
    required = [c for c in criteria if c.required]
    failed = [c for c in required if c.answer.truth is False]
    open_ = [c for c in required if c.answer.truth is None]
    if standing.value in ("not_this_device", "not_covered"):
        return "not_met", standing.mark, (standing.reason,)
    if failed:
        best: Mark = next(mark for mark in MARKS if any(c.verified == mark for c in failed))
        return "not_met", best, tuple(f"Does not hold: {c.text}" for c in failed)
    marks: list[Mark] = [c.verified for c in required] or [policy.told.verified]
    basis: Mark = weakest(marks) if policy.told.whole else "unverified"
    reasons = [f"Not known: {c.text}" for c in open_]
    reasons += _bars(policy, standing, basis, unmapped, fused)
    return ("undetermined" if reasons else "met"), basis, tuple(reasons)


def _bars(policy: Policy, standing: Standing, basis: Mark, unmapped: tuple[Unmapped, ...], fused: bool) -> list[str]:
    """What forbids *met* even where every criterion holds."""
    bars: list[str] = []
    if not policy.told.whole:
        bars.append(f"Part of the rule set was not read, so it can be refused and not met: {policy.told.unseen}")
    elif basis == "unverified":
        bars.append("At least one criterion rests on a figure that is unverified.")
    if standing.value == "not_in_force" or standing.left_out:
        bars.append(standing.reason)
    if not policy.told.covered:
        bars.append(f"Within its scope it refuses the service: {policy.told.scope}")
    if standing.device_open:
        bars.append(f"Not recorded of the planned device: {', '.join(standing.device_open)}.")
    if fused and policy.told.kind != "injection":
        bars.append("This joint is fused already; a rule set for a first fusion does not grant another.")
    relevant = [item for item in unmapped if item.relevant]
    if relevant:
        shown = "; ".join(f"{item.label or item.code} ({item.resource})" for item in relevant[:3])
        more = f" and {len(relevant) - 3} more" if len(relevant) > 3 else ""
        bars.append(f"Parts of the record that matter could not be read: {shown}{more}.")
    return bars


def plain(answer: PolicyAnswer) -> dict[str, Any]:
    """The answer as the JSON document of ``case`` has it."""
    return {
        "id": answer.id,
        "version": answer.version,
        "title": answer.title,
        "publisher": answer.publisher,
        "kind": answer.kind,
        "procedure": answer.procedure,
        "procedure_reason": answer.procedure_reason,
        "applicability": answer.applicability,
        "applicability_reason": answer.applicability_reason,
        "plan": answer.plan,
        "basis": answer.basis,
        "verdict": answer.verdict,
        "as_documented": answer.as_documented,
        "reasons": list(answer.reasons),
        "cautions": list(answer.cautions),
        "notes": list(answer.notes),
        "citation": list(answer.citation),
        "criteria": [_plain_criterion(criterion) for criterion in answer.criteria],
    }


def _plain_criterion(criterion: CriterionAnswer) -> dict[str, Any]:
    witnesses = criterion.witnesses
    return {
        "id": criterion.id,
        "topic": criterion.topic,
        "text": criterion.text,
        "explain": criterion.explain,
        "required": criterion.required,
        "state": criterion.state,
        "as_documented": criterion.as_documented,
        "witnesses": {
            "for": list(witnesses.for_),
            "against": list(witnesses.against),
            "undecided": list(witnesses.undecided),
        },
        "stale": list(dict.fromkeys(event for leaf in criterion.answer.leaves for event in leaf.stale)),
        "gap": plain_gap(criterion.gap) if criterion.state == "unknown" else None,
        "citation": list(criterion.citation),
        "verified": criterion.verified,
    }


def plain_gap(found: Gap | None) -> list[dict[str, Any]] | None:
    """A gap as plain data: each finding with its question, its burden and why it is not known."""
    if found is None:
        return None
    return [
        {
            "fact": need.test.fact.name,
            "with": {name: value for name, value in need.test.fact.arguments if value is not None},
            "question": need.question,
            "burden": need.burden,
            "unknown_kind": need.unknown_kind,
        }
        for need in found.needs
    ]
