"""What is believed of one joint: draws of the prior and the model, and the findings so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nutation.evaluation.answers import Probability
from nutation.evaluation.chance import Array, stream, summary
from nutation.evaluation.known import Findings
from nutation.evaluation.parameters import (
    SEED,
    Battery,
    Parameters,
    as_truth,
    flat,
    parameters,
    prior_draws,
)
from nutation.evaluation.population import Population
from nutation.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Belief:
    """Draws of P(source) before any finding, the model, and what has been found."""

    prior: Array
    parameters: Parameters
    known: Findings

    def draws(self, known: Findings | None = None) -> Array:
        """P(source | findings), draw by draw; of other findings than one's own, if given."""
        return self.parameters.model.posterior(self.prior, self.known if known is None else known)

    def probability(self, known: Findings | None = None) -> Probability:
        """The same as median and interval."""
        return summary(self.draws(known))

    def chance(self, more: Findings) -> float:
        """P(``more`` | findings so far), over all draws; ``more`` extends the findings so far."""
        model = self.parameters.model
        before, after = model.chance(self.prior, self.known), model.chance(self.prior, more)
        return float(np.mean(after / before))

    def given(self, known: Findings) -> Belief:
        """The belief after other findings."""
        return replace(self, known=known)


def believe(
    evidence: Evidence,
    population: Population,
    known: Findings,
    *,
    split: bool = False,
    seed: int = SEED,
    dependence: float | None = None,
    battery: Battery = "saueressig2021",
    referee_corrected: bool = False,
) -> Belief:
    """The belief about a joint of a patient of that population.

    ``split``: the patient's probability is shared between two joints. ``referee_corrected``: the published
    prevalence is read as what blocks called positive, and the share that truly is the source solved for.
    """
    chosen = parameters(evidence, seed=seed, dependence=dependence, battery=battery)
    n = chosen.draws
    prior = prior_draws(evidence.entry(population.entry), seed, n)
    if referee_corrected:
        prior = as_truth(prior, chosen, double=population.referee != "single")
    if split:
        both = flat(evidence.entry("latent_bilateral_share"), stream(seed, "both sides"), n)
        prior = prior * (1 + both) / 2
    return Belief(prior, chosen, known)
