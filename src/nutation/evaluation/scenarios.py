"""Simpler readings of the examination beside the model: plain chains of published likelihood ratios.

They stop before the blocks: no likelihood ratio of a block was published, and the share of first positives that
a control did not bear out is no false-positive rate.
"""

from __future__ import annotations

from collections.abc import Iterable

from nutation.criteria.logic import Truth
from nutation.evaluation.answers import Probability, Scenario
from nutation.evaluation.chance import Array, summary
from nutation.evaluation.findings import JointFindings
from nutation.evaluation.parameters import prior_draws, ratio_draws
from nutation.evaluation.population import Population
from nutation.evidence import Entry, Evidence

DEFAULT = "saueressig2021"
_CHAINS: tuple[tuple[str, str | None], ...] = (
    (DEFAULT, None),
    ("vdwurff2006_3of5", "vdwurff"),
    ("laslett2005_3of6", "laslett"),
)
_DRAWS = 2000


def chained(prior: Array, ratio: Array) -> Array:
    """Probability after a finding of that likelihood ratio."""
    odds = prior / (1 - prior) * ratio
    return odds / (1 + odds)


def chain(prior: float, ratio: float) -> float:
    """Probability after a finding of that likelihood ratio: 0.20 and 2.13 give 0.35."""
    odds = prior / (1 - prior) * ratio
    return odds / (1 + odds)


def scenarios(evidence: Evidence, population: Population, found: JointFindings, seed: int) -> tuple[Scenario, ...]:
    """Every chain whose own battery is decided at the joint."""
    prior = prior_draws(evidence.entry(population.entry), seed, _DRAWS)
    return tuple(_scenarios(evidence, prior, found, seed))


def _scenarios(evidence: Evidence, prior: Array, found: JointFindings, seed: int) -> Iterable[Scenario]:
    before = summary(prior)
    for entry_id, battery in _CHAINS:
        positive = _decided(found, battery)
        if positive is None:
            continue
        entry = evidence.entry(entry_id)
        ratio = ratio_draws(entry, "lr_pos" if positive else "lr_neg", seed, _DRAWS)
        yield _scenario(entry, before, summary(chained(prior, ratio)), positive)


def _decided(found: JointFindings, battery: str | None) -> Truth:
    if battery is None:
        return found.known.battery
    return next((b.positive for b in found.batteries if b.name == battery), None)


def _scenario(entry: Entry, before: Probability, after: Probability, positive: bool) -> Scenario:
    place = "lr_pos" if positive else "lr_neg"
    interval = entry.interval_of(place)
    spread = f" ({interval.low:g} to {interval.high:g})" if interval else ", no interval published"
    return Scenario(
        id=entry.id,
        label=f"{entry.label}: plain likelihood ratio",
        before=before.median,
        after=after,
        citation=entry.citation,
        verified=entry.mark_of(place),
        basis=(
            f"The examination was {'positive' if positive else 'negative'}: likelihood ratio "
            f"{entry.number(place):g}{spread}, taken as measured against blocks. Blocks are not counted here."
        ),
        default=entry.id == DEFAULT,
    )
