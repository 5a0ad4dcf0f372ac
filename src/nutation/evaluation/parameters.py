"""The model's draws, made once for each version of the evidence, seed and assumption, and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from nutation.evaluation.battery_accuracy import ATTEMPTS, BatteryAccuracy, Unknowns, derive, from_ratios
from nutation.evaluation.block_accuracy import BlockAccuracy, Series, both_positive, calibrate
from nutation.evaluation.centralising import Centralising
from nutation.evaluation.chance import Array, counted, positive, share, stream
from nutation.evaluation.joint_states import Model
from nutation.evaluation.rules import EvidenceKey
from nutation.evidence import Entry, Evidence

DRAWS = 2000
"""Draws of the published figures; a little fewer are kept, where the rest can be made to fit them."""
_BLOCK_DRAWS = 6000
SEED = 20260901
"""Seed of every answer that names none: the same record gives the same figures."""

Battery = Literal["saueressig2021", "vdwurff2006_3of5"]

ASSUMED_OF_BLOCKS = ("latent_block_sensitivity", "latent_dorsal_share", "latent_dependence")
ASSUMED_OF_BATTERY = (*ASSUMED_OF_BLOCKS, "latent_study_prevalence", "latent_double_blocks")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The model with what it was made from."""

    model: Model
    blocks: BlockAccuracy
    battery: BatteryAccuracy
    seed: int

    @property
    def draws(self) -> int:
        """How many draws every parameter has."""
        return len(self.battery)


def parameters(
    evidence: Evidence, *, seed: int = SEED, dependence: float | None = None, battery: Battery = "saueressig2021"
) -> Parameters:
    """The model's draws. ``dependence`` None is the standard one; ``battery`` names the published figures."""
    if dependence is None:
        dependence = evidence.entry("latent_dependence").number("standard")
    return _parameters(EvidenceKey(evidence), seed, dependence, battery)


def sweep(evidence: Evidence) -> tuple[float, ...]:
    """The dependences over which every answer is repeated."""
    entry = evidence.entry("latent_dependence")
    assert isinstance(entry.value, dict)
    return tuple(entry.number(name) for name in entry.value if name.startswith("sweep_"))


def flat(entry: Entry, rng: np.random.Generator, n: int) -> Array:
    """Draws that are equally likely anywhere in the entry's range."""
    interval = entry.interval_of()
    assert interval is not None, f"{entry.id} has no range"
    return rng.uniform(interval.low, interval.high, n)


@lru_cache(maxsize=32)
def _parameters(key: EvidenceKey, seed: int, dependence: float, battery: Battery) -> Parameters:
    evidence = key.evidence
    blocks = _blocks(key, seed, dependence)
    judged = _battery(evidence, blocks, seed, battery)
    return Parameters(
        model=Model(
            block_sensitivity=blocks.sensitivity[judged.block],
            block_false_positive=blocks.false_positive[judged.block],
            battery_source=judged.source,
            battery_other=judged.other,
            dorsal=judged.dorsal,
            centralising=judged.centralising,
            dependence=dependence,
        ),
        blocks=blocks,
        battery=judged,
        seed=seed,
    )


@lru_cache(maxsize=16)
def _blocks(key: EvidenceKey, seed: int, dependence: float) -> BlockAccuracy:
    evidence = key.evidence
    wide = evidence.entry("latent_block_sensitivity").interval_of()
    assert wide is not None
    whole, positives = evidence.entry("maigne1996_control_block"), evidence.entry("mit15_control_block")
    return calibrate(
        wide.low,
        wide.high,
        Series(int(whole.number("first_positive")), int(whole.number("borne_out")), int(whole.number("examined"))),
        Series(int(positives.number("first_positive")), int(positives.number("borne_out")), None),
        dependence,
        seed=seed,
        draws=_BLOCK_DRAWS,
    )


def _battery(evidence: Evidence, blocks: BlockAccuracy, seed: int, battery: Battery) -> BatteryAccuracy:
    entry = evidence.entry(battery)
    if battery == "vdwurff2006_3of5":
        sensitivity = counted(
            stream(seed, "battery sensitivity"), entry.number("tp"), entry.number("tp") + entry.number("fn"), DRAWS
        )
        false_positive = counted(
            stream(seed, "battery false positives"), entry.number("fp"), entry.number("fp") + entry.number("tn"), DRAWS
        )
    else:
        sensitivity, false_positive = from_ratios(
            ratio_draws(entry, "lr_pos", seed, DRAWS), ratio_draws(entry, "lr_neg", seed, DRAWS)
        )
        possible = (sensitivity > 0) & (sensitivity < 1) & (false_positive > 0) & (false_positive < sensitivity)
        sensitivity, false_positive = sensitivity[possible], false_positive[possible]
    n = len(sensitivity) * ATTEMPTS
    ratio = evidence.entry("latent_non_centralisers")
    spread = ratio.interval_of()
    assert spread is not None

    def drawn(entry_id: str) -> Array:
        return flat(evidence.entry(entry_id), stream(seed, entry_id), n)

    unknowns = Unknowns(
        prevalence=drawn("latent_study_prevalence"),
        dorsal=drawn("latent_dorsal_share"),
        double=np.ones(n) if battery == "vdwurff2006_3of5" else drawn("latent_double_blocks"),
        centralising=Centralising(
            non_centraliser=np.minimum(
                positive(stream(seed, ratio.id), ratio.number(), spread.low, spread.high, spread.level, n), spread.high
            ),
            centraliser=drawn("latent_centraliser_battery"),
            centralises_source=drawn("latent_centralisation_in_source"),
        ),
    )
    return derive(sensitivity, false_positive, blocks, unknowns)


def ratio_draws(entry: Entry, place: str, seed: int, n: int) -> Array:
    """Draws of a published likelihood ratio; the figure itself where no interval was published."""
    interval = entry.interval_of(place)
    if interval is None:
        return np.full(n, entry.number(place))
    return positive(
        stream(seed, f"{entry.id} {place}"), entry.number(place), interval.low, interval.high, interval.level, n
    )


def prior_draws(entry: Entry, seed: int, n: int) -> Array:
    """Draws of a pre-test probability: from its interval, its range or its counts, as far as published."""
    rng = stream(seed, f"prior {entry.id}")
    value = entry.value
    place = "" if not isinstance(value, dict) else "share"
    interval = entry.interval_of(place)
    if interval is not None:
        return share(rng, entry.number(place), interval.low, interval.high, interval.level, n)
    assert isinstance(value, dict)
    if "share" not in value:
        low, high = entry.number("low"), entry.number("high")
        middle = 1 / (1 + np.sqrt((1 - low) * (1 - high) / (low * high)))  # halfway on the log-odds
        return share(rng, float(middle), low, high, None, n)
    of = entry.number("of") if "of" in value else float(entry.n or 0)
    events = entry.number("events") if "events" in value else round(entry.number("share") * of)
    return counted(rng, events, of, n)


def as_truth(prior: Array, chosen: Parameters, *, double: bool) -> Array:
    """The share of joints that are the source, where ``prior`` is the share that a block called positive."""
    model = chosen.model
    hit, miss = model.block_sensitivity, model.block_false_positive
    if double:
        hit, miss = both_positive(hit, model.dependence), both_positive(miss, model.dependence)
    reached = (1 - model.dorsal) * hit + model.dorsal * miss
    return np.clip((prior - miss) / (reached - miss), 0.001, 0.999)
