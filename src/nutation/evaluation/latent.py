"""Is this joint the source? The answer step by step, and how it stands under other assumptions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nutation.evaluation.answers import BlockAnswer, Decision, Probability, Scenario, Step
from nutation.evaluation.belief import Belief, believe
from nutation.evaluation.findings import JointFindings
from nutation.evaluation.known import Findings
from nutation.evaluation.parameters import ASSUMED_OF_BATTERY, ASSUMED_OF_BLOCKS, SEED, sweep
from nutation.evaluation.population import Population
from nutation.evidence import Evidence, weakest

_CENTRAL = ("latent_non_centralisers", "latent_centraliser_battery", "latent_centralisation_in_source")
_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth")
DORSAL_NOTE = (
    "A block inside the joint that does not help lowers the probability and does not exclude the joint: "
    "it does not reach the dorsal ligaments."
)


@dataclass(frozen=True, slots=True)
class Inference:
    """The probability of one joint, its steps, and its readings under other assumptions."""

    probability: Probability
    steps: tuple[Step, ...]
    sensitivity: tuple[Scenario, ...]
    dependence_range: tuple[float, float]
    decision: Decision


def infer(
    evidence: Evidence, population: Population, found: JointFindings, *, split: bool = False, seed: int = SEED
) -> Inference:
    """The probability that the joint is the source, from its population's prior and its findings."""
    belief = believe(evidence, population, found.known, split=split, seed=seed)
    probability = belief.probability()
    swept = tuple(_swept(evidence, population, found.known, split, seed, probability.median))
    medians = [scenario.after.median for scenario in swept]
    others = tuple(_others(evidence, population, found, split, seed, probability.median))
    return Inference(
        probability=probability,
        steps=tuple(_steps(evidence, population, found, belief, split, seed)),
        sensitivity=(*swept, *others),
        dependence_range=(min(medians), max(medians)),
        decision=decide(evidence, probability.median),
    )


def decide(evidence: Evidence, median: float) -> Decision:
    """What a probability alone would have one do next."""
    entry = evidence.entry("latent_action_thresholds")
    low, block, supported = (entry.number(p) for p in ("look_elsewhere_below", "block_from", "supported_from"))
    bands = (
        ("look_elsewhere", "look for another source first", 0.0, low),
        ("examine", "examine and ask further", low, block),
        ("block", "a controlled block would tell more", block, supported),
        ("act", "the source is supported", supported, 1.0),
    )
    chosen = next(band for band in reversed(bands) if median >= band[2])
    return Decision(*chosen, citation=entry.citation, verified=entry.verified)


def _assumed(evidence: Evidence, ids: tuple[str, ...]) -> str:
    names = [evidence.entry(i).label for i in ids if evidence.entry(i).verified == "unverified"]
    return f" Rests on {len(names)} unverified assumptions: {'; '.join(names)}." if names else ""


def _steps(
    evidence: Evidence, population: Population, found: JointFindings, belief: Belief, split: bool, seed: int
) -> Iterable[Step]:
    whole = believe(evidence, population, Findings(), seed=seed)
    now = whole.probability()
    entry = evidence.entry(population.entry)
    label = f"Before any finding: {entry.label[0].lower()}{entry.label[1:]}"
    yield Step(
        "prior", label, None, now.median, now, entry.citation, entry.verified,
        f"Chosen because {population.reason}. Published in {entry.population}. {entry.note}".rstrip(),
        population.witnesses,
    )  # fmt: skip
    known = Findings()
    if split:
        before, now = now, belief.probability(known)
        entry = evidence.entry("latent_bilateral_share")
        yield Step(
            "both_sides", "The patient's probability split over two joints", before.median, now.median, now,
            entry.citation, entry.verified, entry.note, assumptions=(entry.id,),
        )  # fmt: skip
    if found.known.battery is not None:
        known = replace(known, battery=found.known.battery)
        before, now = now, belief.probability(known)
        yield _battery_step(evidence, found, before, now)
    if found.known.centralises is not None:
        known = replace(known, centralises=found.known.centralises)
        before, now = now, belief.probability(known)
        yield _centralisation_step(evidence, found, before, now)
    for position, block in enumerate(found.valid_blocks):
        assert block.weight is not None
        known = known.with_block(block.weight)
        before, now = now, belief.probability(known)
        yield _block_step(evidence, block, position, before, now)


def _battery_step(evidence: Evidence, found: JointFindings, before: Probability, now: Probability) -> Step:
    entry, battery = evidence.entry("saueressig2021"), found.battery
    assert battery is not None
    count = f"{battery.low}" if battery.low == battery.high else f"{battery.low} to {battery.high}"
    word = "positive" if battery.positive else "negative"
    return Step(
        "battery",
        f"Provocation battery {word} ({count} of {len(battery.tests)}, at least {battery.at_least} asked)",
        before.median,
        now.median,
        now,
        entry.citation,
        weakest((entry.mark_of("lr_pos"), entry.mark_of("lr_neg"))),
        "Published against blocks, which err themselves; the accuracy used is the one with which the examination "
        f"shows likelihood ratios {entry.number('lr_pos'):g} and {entry.number('lr_neg'):g} against such blocks."
        + _assumed(evidence, ASSUMED_OF_BATTERY),
        battery.witnesses,
        ASSUMED_OF_BATTERY,
    )


def _centralisation_step(evidence: Evidence, found: JointFindings, before: Probability, now: Probability) -> Step:
    entry = evidence.entry("laslett_review_3plus")
    present = found.known.centralises
    return Step(
        "centralisation",
        "The pain centralises" if present else "The pain does not centralise",
        before.median,
        now.median,
        now,
        entry.citation,
        weakest((entry.verified, evidence.entry("latent_non_centralisers").verified)),
        f"Without those whose pain centralises the battery's specificity rose from {entry.number('spec'):g} to "
        f"{entry.number('spec_non_centralisers'):g}; in those whose pain does, it says little."
        + _assumed(evidence, _CENTRAL),
        found.centralisation_witnesses,
        _CENTRAL,
    )


def _block_step(evidence: Evidence, block: BlockAnswer, position: int, before: Probability, now: Probability) -> Step:
    whole, positives = evidence.entry("maigne1996_control_block"), evidence.entry("mit15_control_block")
    ordinal = _ORDINALS[position] if position < len(_ORDINALS) else f"{position + 1}th"
    basis = (
        "Accuracy of a block such that the two series come out: "
        f"{positives.number('not_confirmed'):.0f} of {positives.number('first_positive'):.0f} and "
        f"{whole.number('not_confirmed'):.0f} of {whole.number('first_positive'):.0f} first positives not borne out."
    )
    assumed = ASSUMED_OF_BLOCKS
    if block.weight not in (0.0, 1.0):
        assumed = (*assumed, "latent_intermediate_weight")
        basis += " Relief between the thresholds counts for less."
    if block.result == "negative":
        basis += f" {DORSAL_NOTE}"
    return Step(
        f"block_{position + 1}",
        f"{ordinal} block: {block.result}, {block.relief_pct:.0f} % relief on {block.happened}",
        before.median,
        now.median,
        now,
        (*positives.citation, *whole.citation),
        weakest((positives.verified, whole.verified)),
        basis + _assumed(evidence, assumed),
        block.witnesses,
        assumed,
    )


def _swept(
    evidence: Evidence, population: Population, known: Findings, split: bool, seed: int, before: float
) -> Iterable[Scenario]:
    entry = evidence.entry("latent_dependence")
    for dependence in sweep(evidence):
        belief = believe(evidence, population, known, split=split, seed=seed, dependence=dependence)
        yield Scenario(
            "dependence", f"Results of one joint err together: {dependence:g}", before, belief.probability(),
            entry.citation, entry.verified, entry.note, dependence,
            default=dependence == entry.number("standard"),
        )  # fmt: skip


def _others(
    evidence: Evidence, population: Population, found: JointFindings, split: bool, seed: int, before: float
) -> Iterable[Scenario]:
    vdw = evidence.entry("vdwurff2006_3of5")
    if found.known.battery is not None:
        belief = believe(evidence, population, found.known, split=split, seed=seed, battery="vdwurff2006_3of5")
        yield Scenario(
            "battery_vdwurff", "The examination as accurate as van der Wurff found it", before, belief.probability(),
            vdw.citation, vdw.verified, "The same model, with the examination's accuracy from one study of 60.",
        )  # fmt: skip
    if population.referee == "double":
        prior = evidence.entry(population.entry)
        belief = believe(evidence, population, found.known, split=split, seed=seed, referee_corrected=True)
        yield Scenario(
            "prior_corrected", "The prior read as what blocks called positive", before, belief.probability(),
            prior.citation, weakest((prior.verified, "derived")),
            "Published prevalence counts the false positives of the blocks it was read from; here they are taken out.",
        )  # fmt: skip
    readable = found.known
    unread = [b for b in found.blocks if b.validity == "unknown" and b.weight is not None]
    for block in unread:
        readable = readable.with_block(block.weight or 0.0)
    if unread:
        belief = believe(evidence, population, readable, split=split, seed=seed)
        yield Scenario(
            "blocks_taken_as_readable",
            f"{len(unread)} block(s) whose record is incomplete, read as if they were valid",
            before,
            belief.probability(),
            ("GENERAL",),
            "unverified",
            "What is missing: " + "; ".join(dict.fromkeys(m for b in unread for m in b.missing)) + ".",
        )
