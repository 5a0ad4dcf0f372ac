"""One list of next steps: what the evaluation seeks and what the policies lack, merged and put in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nutation.case.answer import NextStep, Outcome, Purpose
from nutation.criteria import Need
from nutation.evaluation import STAGES, Gate, NextFinding, Probability, Withheld
from nutation.indication import PolicyAnswer
from nutation.record.head import JointSide
from nutation.record.kinds import KINDS

_STAGE_OF_BURDEN = {
    "none": "history",
    "question": "history",
    "examination": "examination",
    "document": "document",
    "laboratory": "laboratory",
    "imaging": "imaging",
    "injection": "injection",
}
_FORM_OF_KIND = {
    "examination": "examination",
    "injection": "injection",
    "treatment": "conservative_care",
    "medication": "conservative_care",
    "imaging": "imaging",
    "laboratory": "laboratory",
    "diagnosis": "attestation",
    "attestation": "attestation",
    "operation": "operation",
    "nicotine": "history",
    "safety_screen": "safety_screen",
    "symptom": "safety_screen",
}


def next_steps(
    side: JointSide,
    gate: Gate,
    findings: Sequence[NextFinding],
    withheld: Sequence[Withheld],
    policies: Sequence[PolicyAnswer],
) -> tuple[NextStep, ...]:
    """Steps for one joint, without order. What is withheld for the diagnosis is not offered for a payer either."""
    kept_back = {w.stage for w in withheld}
    known = {policy.id for policy in policies}
    steps = [replace(_of_finding(side, f, known), rank=n) for n, f in enumerate(findings)]
    if gate.state == "standing":  # what a payer lacks is of no moment while a warning stands
        return tuple(steps)
    for step in _of_policies(side, policies):
        invasive = step.stage in ("imaging", "injection")
        if invasive and (not gate.open or step.stage in kept_back):
            continue
        steps.append(step)
    return (*steps, *_about_device(side, policies))


def after_fusion(side: JointSide, gate: Gate) -> tuple[NextStep, ...]:
    """What to look into where a fused joint hurts again, the least burden first; an image only past the gate."""
    work_up = (
        ("other_joint", "examination", "examination", "Examine the other joint, the hip and the lumbar spine", (
            "another source: it is worked up", "no other source: the fused joint itself is looked into")),
        ("infection_of_implants", "laboratory", "laboratory", "CRP, ESR and leucocytes: are the implants infected?", (
            "raised: an infection is looked for first", "normal: one sign less")),
        ("implants_ct", "imaging", "imaging", "CT of the joint: loosening, non-union, malposition of an implant", (
            "present: a revision is another question, with its own risk", "absent: other sources are looked for")),
    )  # fmt: skip
    return tuple(
        NextStep(
            id=name,
            side=side,
            label=label,
            stage=stage,
            purpose=("diagnosis",),
            burden=stage,
            form=form,
            value=None,
            results=tuple(_outcome(told) for told in results),
            gate_items=(),
            policies=(),
            tests=(),
            reason="A fused joint that hurts again fails most often by non-union or a loose implant.",
            citation=("IJS23",),
            rank=rank,
        )
        for rank, (name, stage, form, label, results) in enumerate(work_up)
        if gate.open or stage != "imaging"
    )


def _outcome(told: str) -> Outcome:
    result, _, change = told.partition(": ")
    return Outcome(result, None, None, (change,))


def _about_device(side: JointSide, policies: Sequence[PolicyAnswer]) -> list[NextStep]:
    """Whether the planned device is meant, where it alone keeps policies from speaking of the operation."""
    payers = [p for p in policies if p.kind in ("coverage", "national") and p.plan != "other"]
    refused = [p for p in payers if p.applicability == "not_this_device"]
    if not refused or any(p.applicability == "applies" for p in payers):
        return []
    return [
        NextStep(
            id="device",
            side=side,
            label="Is this device meant? Record its route, transfixation, kind and class, graft and decortication",
            stage="document",
            purpose=("payer",),
            burden="document",
            form="operation",
            value=None,
            results=(
                Outcome("another device", None, None, tuple(f"{p.id}: is asked anew" for p in refused)),
                Outcome("this device", None, None, tuple(f"{p.id}: {p.applicability_reason}" for p in refused)),
            ),
            gate_items=(),
            policies=tuple(p.id for p in refused),
            tests=(),
            reason=refused[0].applicability_reason,
            citation=refused[0].citation,
        )
    ]


def ordered(steps: Iterable[NextStep]) -> tuple[NextStep, ...]:
    """One list for the case: the same step of both joints once, safety first, then by stage, worth and reach."""
    once: dict[tuple[str, JointSide | None], NextStep] = {}
    for step in steps:
        key = (step.id, step.side)
        once[key] = step if key not in once else replace(once[key], policies=(*once[key].policies, *step.policies))
    return tuple(
        sorted(
            once.values(),
            key=lambda s: (STAGES.index(s.stage), "payer" in s.purpose, s.rank, -len(s.policies), s.id),  # pyright: ignore[reportArgumentType]
        )
    )


def _interval(probability: Probability | None) -> dict[str, float] | None:
    if probability is None:
        return None
    return {"median": probability.median, "low": probability.low, "high": probability.high, "level": probability.level}


def _of_finding(side: JointSide, finding: NextFinding, known: set[str]) -> NextStep:
    named = (re.split(r" becomes |: ", text)[0] for result in finding.results for text in result.changes)
    purpose: tuple[Purpose, ...] = (finding.purpose,)
    return NextStep(
        id=finding.id,
        side=None if finding.purpose == "safety" else side,
        label=finding.label,
        stage=finding.stage,
        purpose=purpose,
        burden=finding.burden,
        form=finding.form,
        value=finding.value,
        results=tuple(Outcome(r.result, r.chance, _interval(r.probability), r.changes) for r in finding.results),
        gate_items=tuple(move.removeprefix("gate: ") for move in finding.moves if move.startswith("gate: ")),
        policies=tuple(dict.fromkeys(name for name in named if name in known)),
        tests=finding.tests,
        reason=finding.reason,
        citation=finding.citation,
    )


def _of_policies(side: JointSide, policies: Sequence[PolicyAnswer]) -> list[NextStep]:
    """What would settle the criteria that are not known, one step per question, naming the policies it moves."""
    needs: dict[tuple[str, str], list[tuple[Need, str, str]]] = {}
    for policy in policies:
        if policy.applicability in ("not_this_device", "not_in_force", "not_in_scope", "not_covered"):
            continue
        for criterion in policy.criteria:
            if criterion.answer.truth is None and criterion.gap is not None:
                for need in criterion.gap.needs:
                    key = (need.test.fact.name, need.question + _topic(need))
                    needs.setdefault(key, []).append((need, policy.id, criterion.text))
    return [_of_need(side, name, told) for (name, _), told in needs.items()]


def _topic(need: Need) -> str:
    words = [
        v for k, v in need.test.fact.arguments if k in ("category", "statement", "instrument", "analyte", "finding")
    ]
    return " ".join(str(word) for word in words if word)


def _of_need(side: JointSide, name: str, told: list[tuple[Need, str, str]]) -> NextStep:
    need = told[0][0]
    topic = _topic(need)
    expression = need.test.fact.expression
    person = not KINDS[expression.events.kind].SIDED
    ids = tuple(dict.fromkeys(policy for _, policy, _ in told))
    label = need.question
    return NextStep(
        id=f"payer:{name}{':' + topic.replace(' ', '_') if topic else ''}",
        side=None if person else side,
        label=label,
        stage=_STAGE_OF_BURDEN[need.burden],
        purpose=("payer",),
        burden=need.burden,
        form=_FORM_OF_KIND.get(expression.events.kind, "history"),
        value=None,
        results=(
            Outcome("shown", None, None, tuple(f"{policy}: {text} becomes true" for _, policy, text in told)),
            Outcome(
                "not shown",
                None,
                None,
                tuple(f"{policy}: {text} becomes false or stays open" for _, policy, text in told),
            ),
        ),
        gate_items=(),
        policies=ids,
        tests=(),
        reason=_why(need),
        citation=(),
    )


def _why(need: Need) -> str:
    return {
        "never_asked": "It is not recorded.",
        "asked_not_known": "It was asked and is not known.",
        "stale": "What is recorded is older than the rule allows.",
        "contradicted": "What is recorded contradicts itself.",
        None: "",
    }[need.unknown_kind]
