"""The evaluation of one joint: source, mechanism and differential, side by side and never multiplied."""

from __future__ import annotations

from dataclasses import replace

from nutation.criteria import JointView
from nutation.evaluation.answers import TARGET, Evaluation, Gate
from nutation.evaluation.differential import differential
from nutation.evaluation.findings import JointFindings, joint_findings
from nutation.evaluation.latent import DORSAL_NOTE, infer
from nutation.evaluation.mechanism import mechanism
from nutation.evaluation.parameters import SEED
from nutation.evaluation.population import population
from nutation.evaluation.scenarios import scenarios
from nutation.evidence import Evidence, weakest

_SPLIT = ("both_sides", "not_known")


def evaluate_joint(
    view: JointView, other_view: JointView, gate: Gate, evidence: Evidence, *, seed: int = SEED
) -> Evaluation:
    """Whether the view's joint is the source of the pain, at its day, with its mechanism and differential.

    ``other_view`` is the same patient's other joint at the same day: the sides share one patient's probability.
    """
    assert other_view.side != view.side
    found = joint_findings(view, evidence)
    withheld = _withheld(found)
    unanswered = Evaluation(
        side=view.side,
        target=TARGET,
        probability=None,
        withheld=withheld,
        laterality=found.laterality,
        steps=(),
        scenarios=(),
        sensitivity=(),
        dependence_range=None,
        untouched=found.untouched,
        blocks=found.blocks,
        decision=None,
        mechanism=mechanism(view, gate, evidence),
        differential=differential(view, evidence),
        notes=tuple(_notes(found, gate)),
        citation=(),
        verified="verified",
    )
    if withheld is not None:
        return unanswered
    people = population(view)
    answer = infer(evidence, people, found, split=found.laterality in _SPLIT, seed=seed)
    assumed = [evidence.entry(i) for step in answer.steps for i in step.assumptions]
    return replace(
        unanswered,
        probability=answer.probability,
        steps=answer.steps,
        scenarios=scenarios(evidence, people, found, seed),
        sensitivity=answer.sensitivity,
        dependence_range=answer.dependence_range,
        decision=answer.decision,
        citation=tuple(dict.fromkeys(key for step in answer.steps for key in step.citation)),
        verified=weakest((*(step.verified for step in answer.steps), *(entry.verified for entry in assumed))),
    )


def _withheld(found: JointFindings) -> str | None:
    if found.fused:
        return "This joint was fused; every published figure is of joints that were not."
    if found.laterality == "other_side":
        return "Pain is recorded on the other side alone."
    return None


def _notes(found: JointFindings, gate: Gate) -> list[str]:
    notes = [f"The probability is that {TARGET}; it is not the chance that a fusion helps."]
    if any(block.validity == "valid" and block.result == "negative" for block in found.blocks):
        notes.append(DORSAL_NOTE)
    readable = found.valid_blocks
    if len(readable) > 1 and {b.result for b in readable} > {"negative"}:
        notes.append("The blocks disagree; every one of them is counted.")
    if found.stale_since is not None:
        notes.append(f"A sacroiliac joint was fused on {found.stale_since}: findings from before it are not counted.")
    if found.laterality in _SPLIT:
        notes.append("The patient's probability is split over two joints; each joint's own findings are counted apart.")
    if not gate.open:
        notes.append(
            "The gate is neither clear nor addressed: an infected joint answers to provocation and blocks too."
        )
    return notes
