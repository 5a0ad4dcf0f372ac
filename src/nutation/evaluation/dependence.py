"""What one result says about the next one in joints of the same state: tests err together.

Within a group (joints that are the source, or not) a block is positive with probability ``b`` and the
provocation battery with ``c``. Part of their errors is shared: their covariance is the share ``r`` of the
largest that two such results can have. Two blocks correlate with ``r``; once the battery's result is known,
a part of that correlation is used up, and the rest stands between the blocks.
"""

from __future__ import annotations

import numpy as np

from nutation.evaluation.chance import Array


def block_given_battery(battery: Array, block: Array, dependence: float) -> tuple[Array, Array, Array]:
    """(P(block positive | battery positive), P(… | battery negative), blocks' remaining correlation).

    Averaged over the battery's results they give back ``block`` and the blocks' correlation ``dependence``.
    """
    shared = dependence * (np.minimum(battery, block) - battery * block)
    explained = shared**2 / (battery * (1 - battery))
    whole = block * (1 - block)
    remaining = (dependence * whole - explained) / (whole - explained)
    return block + shared / battery, block - shared / (1 - battery), remaining


def sequence(mean: Array, correlation: Array, positives: int, negatives: int) -> Array:
    """P(a given order of so many positive and negative blocks), each positive with ``mean``.

    The beta-binomial chain: a positive block makes the next one likelier to be positive, a negative one less.
    """
    odds = correlation / (1 - correlation)
    chance = np.ones_like(mean)
    for i in range(positives):
        chance = chance * (mean + i * odds)
    for i in range(negatives):
        chance = chance * (1 - mean + i * odds)
    for i in range(positives + negatives):
        chance = chance / (1 + i * odds)
    return chance
