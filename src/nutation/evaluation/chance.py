"""Draws from published figures: each interval becomes a distribution, and draws become an interval again.

Every stream has a name, so that adding one leaves the others' draws as they were.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from nutation.evaluation.answers import Probability

Array = NDArray[np.float64]

LEVEL = 0.9
"""Level of every interval that evaluation gives."""
_NORMAL_QUANTILE = {0.8: 1.2816, 0.9: 1.6449, 0.95: 1.9600, 0.99: 2.5758}


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one named stream under a seed."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def half_width_z(level: float | None) -> float:
    """Standard deviations from the middle to an end of an interval of ``level``.

    An observed range over studies (``None``) is read as a 90 % interval: its ends were seen.
    """
    return _NORMAL_QUANTILE[level if level is not None else LEVEL]


def positive(rng: np.random.Generator, value: float, low: float, high: float, level: float | None, n: int) -> Array:
    """Draws of a ratio: normal on the logarithm, about ``value``, as wide as the interval."""
    sigma = np.log(high / low) / (2 * half_width_z(level))
    return np.exp(rng.normal(np.log(value), sigma, n))


def share(rng: np.random.Generator, value: float, low: float, high: float, level: float | None, n: int) -> Array:
    """Draws of a share of 1: normal on the log-odds, about ``value``, as wide as the interval."""

    def logit(p: float) -> float:
        return float(np.log(p / (1 - p)))

    sigma = (logit(high) - logit(low)) / (2 * half_width_z(level))
    return 1 / (1 + np.exp(-rng.normal(logit(value), sigma, n)))


def counted(rng: np.random.Generator, positive_n: float, of: float, n: int) -> Array:
    """Draws of a share that was counted as ``positive_n`` of ``of`` (Jeffreys's prior)."""
    return rng.beta(positive_n + 0.5, of - positive_n + 0.5, n)


def summary(draws: Array) -> Probability:
    """The median of draws, and the interval that leaves as many draws out below as above."""
    low, median, high = np.quantile(draws, ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2))
    return Probability(float(median), float(low), float(high), LEVEL)
