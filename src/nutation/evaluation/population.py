"""Which published pre-test probability fits this patient, chosen from the record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from nutation.criteria import JointView
from nutation.evaluation.asking import truth, witnesses


@dataclass(frozen=True, slots=True)
class Population:
    """A population of the literature that the patient belongs to, and why.

    ``referee``: whether its figure was read off one block, two, or neither.
    """

    entry: str
    reason: str
    referee: Literal["single", "double"] | None
    witnesses: tuple[str, ...] = ()


_CHOICES: tuple[tuple[str, dict[str, Any], Population], ...] = (
    (
        "prior_lumbosacral_fusion",
        {},
        Population("prior_after_lumbosacral_fusion", "the lumbar spine was fused to the sacrum", "single"),
    ),
    (
        "prior_lumbar_fusion",
        {},
        Population("latent_prior_after_lumbar_fusion", "the lumbar spine was fused", None),
    ),
    (
        "onset_cause_in",
        {"causes": ("pregnancy", "childbirth")},
        Population("latent_prior_after_childbirth", "the pain began with pregnancy or childbirth", None),
    ),
    (
        "pain_below_l5",
        {},
        Population("prior_persistent_below_l5", "the pain is strongest below L5", "double"),
    ),
)
"""Facts in order, with the population that each one chooses when it holds."""

WITHOUT_PATTERN = Population("prior_suspected", "where the pain is strongest is not known", "double")
NOT_BELOW_L5 = Population("prior_procedural_workup", "the pain is not strongest below L5", "single")
BELOW_L5 = _CHOICES[-1][2]


def population(view: JointView) -> Population:
    """The population whose published figure is the probability before any finding."""
    for fact, arguments, chosen in _CHOICES:
        if truth(view, fact, **arguments) is True:
            return replace(chosen, witnesses=witnesses(view, fact, **arguments))
    if truth(view, "pain_below_l5") is False:
        return replace(NOT_BELOW_L5, witnesses=witnesses(view, "pain_below_l5"))
    return WITHOUT_PATTERN
