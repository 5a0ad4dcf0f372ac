"""What a finding is worth before it is sought: each result, its chance, and what it would change."""

from __future__ import annotations

from collections.abc import Mapping

from nutation.evaluation.answers import Result
from nutation.evaluation.belief import Belief
from nutation.evaluation.known import Findings
from nutation.evaluation.latent import decide
from nutation.evidence import Evidence

Changes = Mapping[str, Mapping[str, tuple[str, ...]]]
"""For a finding's id and one of its results, the criteria elsewhere that it would change."""


def enumerated(
    belief: Belief, evidence: Evidence, options: Mapping[str, Findings], elsewhere: Mapping[str, tuple[str, ...]]
) -> tuple[Result, ...]:
    """Every result of a finding. ``options`` maps a result to the findings after it; they exclude each other and
    leave nothing out, so that the chances add up to 1."""
    now = decide(evidence, belief.probability().median).id
    found: list[Result] = []
    for name, after in options.items():
        probability = belief.probability(after)
        then = decide(evidence, probability.median)
        changes = (*((then.label,) if then.id != now else ()), *elsewhere.get(name, ()))
        found.append(Result(name, belief.chance(after), probability, changes))
    return tuple(found)


def value(results: tuple[Result, ...]) -> float | None:
    """The chance that the result changes a decision; None where the chance of a result is not known."""
    if any(result.chance is None for result in results):
        return None
    return sum(result.chance or 0.0 for result in results if result.changes)
