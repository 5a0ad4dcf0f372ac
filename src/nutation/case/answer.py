"""What a case answers with: the patient's story above, each joint below, one list of next steps, one action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from nutation.evaluation import Evaluation, Gate, NextFinding, Withheld
from nutation.indication import Disagreement, PolicyAnswer
from nutation.record.head import JointSide
from nutation.record.record import Record

Action = Literal[
    "refer_urgently", "ask", "examine", "image", "inject", "treat_conservatively", "request_authorisation",
    "plan_operation", "do_not_fuse", "work_up_failed_fusion", "follow_up",
]  # fmt: skip
Purpose = Literal["safety", "diagnosis", "payer"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One result that a next step can have, and what it changes."""

    result: str
    chance: float | None
    probability: dict[str, float] | None
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do next: what it moves, its burden, its form, and every result that it can have.

    ``value`` is the chance that its result changes a decision; None where no figure is held. ``tests`` names the
    provocation tests that may be done; ``rank`` is the order within a stage, the most urgent and worthiest first.
    """

    id: str
    side: JointSide | None
    label: str
    stage: str
    purpose: tuple[Purpose, ...]
    burden: str
    form: str
    value: float | None
    results: tuple[Outcome, ...]
    gate_items: tuple[str, ...]
    policies: tuple[str, ...]
    tests: tuple[str, ...]
    reason: str
    citation: tuple[str, ...]
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The one recommended action, of which joint, and why."""

    action: Action
    side: JointSide | None
    reason: str
    basis: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JointAnswer:
    """The four questions at one joint, as far as they are answered before the operation."""

    side: JointSide
    gate: Gate
    evaluation: Evaluation
    policies: tuple[PolicyAnswer, ...]
    disagreements: tuple[Disagreement, ...]
    findings: tuple[NextFinding, ...]
    withheld: tuple[Withheld, ...]
    device: str | None
    fused: bool | None
    pain_after_fusion: bool | None
    care_lasting: bool | None
    severity: float | None


@dataclass(frozen=True, slots=True)
class Case:
    """One patient's case at a day, as known by an instant."""

    record: Record
    as_of: date
    known_by: datetime | None
    laterality: str
    joints: tuple[JointAnswer, ...]
    next: tuple[NextStep, ...]
    recommendation: Recommendation
    warnings: tuple[str, ...]
    versions: dict[str, str]
