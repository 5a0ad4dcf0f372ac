"""Is this joint the source of the pain? The safety gate, the model of joint and findings, the next finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nutation.evaluation.answers import (
    STAGES,
    TARGET,
    Alternative,
    BlockAnswer,
    Decision,
    Evaluation,
    Gate,
    GateItem,
    Mechanism,
    NextFinding,
    Probability,
    Reason,
    Result,
    Scenario,
    Step,
    Untouched,
    Withheld,
    plain,
)

if TYPE_CHECKING:
    from nutation.criteria import JointView
    from nutation.evaluation.next_step import Changes
    from nutation.evidence import Evidence

_SEED = 20260901


def screen(view: JointView, evidence: Evidence) -> Gate:
    """The safety gate at the view's joint and day: clear, standing, addressed or not screened, item by item."""
    from nutation.evaluation import gate

    return gate.screen(view, evidence)


def evaluate_joint(
    view: JointView, other_view: JointView, gate: Gate, evidence: Evidence, *, seed: int = _SEED
) -> Evaluation:
    """Whether the view's joint is the source of the pain: a probability built in steps, mechanism, differential.

    The same seed gives the same figures. NumPy is imported on the first call.
    """
    from nutation.evaluation import joint

    return joint.evaluate_joint(view, other_view, gate, evidence, seed=seed)


def next_findings(
    view: JointView,
    other_view: JointView,
    gate: Gate,
    evidence: Evidence,
    *,
    seed: int = _SEED,
    changes: Changes | None = None,
) -> tuple[tuple[NextFinding, ...], tuple[Withheld, ...]]:
    """What to find out next at the view's joint, in order, and what is not offered now and why.

    ``changes``: for a finding's id and one of its results, the criteria that it would change, from elsewhere.
    """
    from nutation.evaluation import next_step

    return next_step.next_findings(view, other_view, gate, evidence, seed=seed, changes=changes)


__all__ = [
    "STAGES",
    "TARGET",
    "Alternative",
    "BlockAnswer",
    "Decision",
    "Evaluation",
    "Gate",
    "GateItem",
    "Mechanism",
    "NextFinding",
    "Probability",
    "Reason",
    "Result",
    "Scenario",
    "Step",
    "Untouched",
    "Withheld",
    "evaluate_joint",
    "next_findings",
    "plain",
    "screen",
]
