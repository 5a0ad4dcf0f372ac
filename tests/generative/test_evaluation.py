"""Laws that the model keeps for any findings, and the value of a finding against brute force."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nutation.evaluation.belief import Belief, believe
from nutation.evaluation.block_accuracy import both_positive
from nutation.evaluation.chance import Array
from nutation.evaluation.known import Findings
from nutation.evaluation.latent import decide
from nutation.evaluation.parameters import Parameters, parameters
from nutation.evaluation.population import Population
from nutation.evaluation.worth import enumerated, value
from nutation.evidence import load

EVIDENCE = load()
POPULATIONS = (
    "prior_suspected", "prior_persistent_below_l5", "prior_after_lumbosacral_fusion", "prior_procedural_workup",
    "latent_prior_after_lumbar_fusion", "latent_prior_after_childbirth",
)  # fmt: skip

TRUTH = st.sampled_from([None, True, False])
BLOCKS = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), max_size=4).map(tuple)
FINDINGS = st.builds(Findings, battery=TRUTH, centralises=TRUTH, blocks=BLOCKS)
DEPENDENCE = st.sampled_from([0.0, 0.1, 0.2, 0.3])
PEOPLE = st.sampled_from(POPULATIONS).map(lambda entry: Population(entry, "", None))


def belief(people: Population, known: Findings, dependence: float) -> Belief:
    return believe(EVIDENCE, people, known, dependence=dependence)


@given(PEOPLE, FINDINGS, DEPENDENCE, st.booleans())
def test_the_interval_holds_the_median_and_nothing_is_certain(
    people: Population, known: Findings, dependence: float, split: bool
) -> None:
    found = believe(EVIDENCE, people, known, dependence=dependence, split=split).probability()
    assert 0 < found.low <= found.median <= found.high < 1


@given(PEOPLE, FINDINGS, DEPENDENCE)
def test_more_positive_findings_never_lower_it(people: Population, known: Findings, dependence: float) -> None:
    """A positive battery over a negative or none, a positive block more or a better one, no centralisation."""
    now = belief(people, known, dependence)
    median = now.probability().median
    better = [known.with_block(1.0)]
    if known.battery is None:
        better.append(replace(known, battery=True))
    if known.battery is False:
        better.append(replace(known, battery=True))
    if known.centralises is True:
        better.append(replace(known, centralises=False))
    for i, weight in enumerate(known.blocks):
        raised = (*known.blocks[:i], min(1.0, weight + 0.25), *known.blocks[i + 1 :])
        better.append(replace(known, blocks=raised))
    for more in better:
        assert now.probability(more).median >= median - 1e-12, more


@given(PEOPLE, FINDINGS, DEPENDENCE)
def test_negative_findings_never_raise_it(people: Population, known: Findings, dependence: float) -> None:
    now = belief(people, known, dependence)
    median = now.probability().median
    worse = [known.with_block(0.0)]
    if known.battery is None and known.centralises is not True:
        worse.append(replace(known, battery=False))
    for less in worse:
        assert now.probability(less).median <= median + 1e-12, less


@given(PEOPLE, TRUTH, TRUTH, DEPENDENCE)
def test_two_concordant_blocks_stay_below_certainty(
    people: Population, battery: bool | None, centralises: bool | None, dependence: float
) -> None:
    found = belief(people, Findings(battery, centralises, (1.0, 1.0)), dependence).probability()
    assert found.median < 0.99
    assert found.high < 1


@given(PEOPLE, FINDINGS, st.permutations(range(4)), DEPENDENCE)
def test_the_order_of_blocks_has_no_weight(
    people: Population, known: Findings, order: list[int], dependence: float
) -> None:
    shuffled = tuple(known.blocks[i] for i in order if i < len(known.blocks))
    now = belief(people, known, dependence)
    assert now.probability(replace(known, blocks=shuffled)).median == pytest.approx(now.probability().median, abs=1e-9)


def by_brute_force(chosen: Parameters, prior: Array, known: Findings) -> tuple[Array, Array]:
    """(P(findings), P(source and findings)) from the joint distribution written out, result by result.

    Independent of the model's code: a table over state, centralisation, battery and two blocks, filled from the
    definition (marginals, covariances as shares of the largest possible, blocks of one state correlated).
    """
    model, r = chosen.model, chosen.model.dependence
    assumed, other, hit = model.centralising, model.battery_other, model.battery_source
    spared, weakened = assumed.non_centraliser * other, other + assumed.centraliser * (hit - other)
    central = (other - spared) / (weakened - spared)
    central_source = central * assumed.centralises_source * (1 - weakened) / (1 - other)
    total, source = np.zeros_like(prior), np.zeros_like(prior)
    for state in ("reached", "dorsal", "other"):
        weight = {
            "reached": prior * (1 - model.dorsal),
            "dorsal": prior * model.dorsal,
            "other": 1 - prior,
        }[state]
        block = model.block_sensitivity if state == "reached" else model.block_false_positive
        for centralises, battery in itertools.product((True, False), repeat=2):
            if known.centralises not in (None, centralises) or known.battery not in (None, battery):
                continue
            among = central_source if state != "other" else central
            chance = among if centralises else 1 - among
            positive = hit if state != "other" else weakened if centralises else spared
            chance = chance * (positive if battery else 1 - positive)
            # The battery that the block's errors go with: dorsal pain answers a block as where there is no source.
            # Where the pain centralises they go with none.
            beside = model.battery_source if state == "reached" else spared
            shared = 0 * block if centralises else r * (np.minimum(beside, block) - beside * block)
            within = {True: (block * beside + shared) / beside, False: (block * (1 - beside) - shared) / (1 - beside)}
            spread = both_positive(block, r) - (beside * within[True] ** 2 + (1 - beside) * within[False] ** 2)
            left = beside * within[True] * (1 - within[True]) + (1 - beside) * within[False] * (1 - within[False])
            mean = within[battery]
            rest = spread / left  # correlation left between the blocks once the battery is known
            both = mean * (mean + rest * (1 - mean))
            table = {(1, 1): both, (1, 0): mean - both, (0, 1): mean - both, (0, 0): 1 - 2 * mean + both}
            shown = np.zeros_like(prior)
            for results, share in table.items():
                weights = [w if result else 1 - w for w, result in zip(known.blocks, results, strict=False)]
                shown = shown + share * np.prod(weights)
            total = total + weight * chance * shown
            if state != "other":
                source = source + weight * chance * shown
    return total, source


FEW = st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=1).map(tuple)


@settings(max_examples=40)
@given(PEOPLE, TRUTH, TRUTH, FEW, DEPENDENCE)
def test_the_value_of_a_finding_is_brute_force(
    people: Population, battery: bool | None, centralises: bool | None, blocks: tuple[float, ...], dependence: float
) -> None:
    known = Findings(battery, centralises, blocks)
    now = belief(people, known, dependence)
    chosen, prior = now.parameters, now.prior
    before, source = by_brute_force(chosen, prior, known)
    assert np.median(source / before) == pytest.approx(now.probability().median, abs=1e-9)
    band = decide(EVIDENCE, float(np.median(source / before))).id
    options = {"positive": known.with_block(1.0), "negative": known.with_block(0.0)}
    if battery is None:
        options = {"positive": replace(known, battery=True), "negative": replace(known, battery=False)}
    expected = 0.0
    for more in options.values():
        after, both = by_brute_force(chosen, prior, more)
        if decide(EVIDENCE, float(np.median(both / after))).id != band:
            expected += float(np.mean(after / before))
    found = enumerated(now, EVIDENCE, options, {})
    assert sum(result.chance or 0 for result in found) == pytest.approx(1)
    assert value(found) == pytest.approx(expected, abs=1e-9)


@given(FINDINGS, DEPENDENCE)
def test_what_a_finding_is_worth_follows_the_prior(known: Findings, dependence: float) -> None:
    """From rare to frequent populations a positive block gets likelier, and leaves the joint more probable."""
    ordered = [belief(Population(e, "", None), known, dependence) for e in POPULATIONS[1:3]]
    more = known.with_block(1.0)
    low, high = (enumerated(b, EVIDENCE, {"positive": more, "negative": known.with_block(0.0)}, {})[0] for b in ordered)
    assert low.chance is not None
    assert high.chance is not None
    assert high.chance > low.chance
    assert high.probability is not None
    assert low.probability is not None
    assert high.probability.median > low.probability.median


@given(PEOPLE, FINDINGS, DEPENDENCE)
def test_a_finding_to_come_does_not_move_the_belief_on_average(
    people: Population, known: Findings, dependence: float
) -> None:
    """Draw by draw, the probability before is the mean of those after, weighted by their chances."""
    now = belief(people, known, dependence)
    model = now.parameters.model
    before = model.chance(now.prior, known)
    mean = np.zeros_like(now.prior)
    for more in (known.with_block(1.0), known.with_block(0.0)):
        mean = mean + model.chance(now.prior, more) / before * now.draws(more)
    np.testing.assert_allclose(mean, now.draws(), rtol=1e-8)


def test_draws_are_kept_in_every_sweep() -> None:
    assert all(parameters(EVIDENCE, dependence=d).draws > 1500 for d in (0.0, 0.1, 0.2, 0.3))
