# SPDX-License-Identifier: GPL-2.0-only
"""Compute how long an instruction takes, and how well that foretells a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.model.units import number_of
from bench.stats.least import LEAST_OF_MEDIAN
from bench.stats.summary import median_interval


@dataclass(frozen=True)
class Measured:
    """One size of memory: what was counted of it in each rep, and timed in each boot."""

    counts: Sequence[int]  # instructions
    times: Sequence[int]  # ns, the fastest rep of each boot: what else runs only ever adds

    @property
    def count(self) -> float:
        return float(np.median(self.counts))

    @property
    def time(self) -> float:
        return float(np.median(self.times))


_MOST_OFF = 0.99  # of a prediction: nothing is foretold with more


@dataclass(frozen=True)
class Rate:
    """Nanoseconds an instruction: the median, and its 95 % interval."""

    value: float
    low: float
    high: float


def rate_of(sizes: Sequence[Measured]) -> Rate:
    """Divide the time of every boot by the count of its size; ValueError for fewer than six.

    The interval is that of the median of all boots of all sizes, and not of how well another
    size is foretold.
    """
    values = [time / size.count for size in sizes for time in size.times]
    interval = median_interval(values)
    if interval is None:
        raise ValueError(
            f"no interval of {number_of(len(values), 'boot')}: it takes {LEAST_OF_MEDIAN}"
        )
    return Rate(float(np.median(values)), *interval)


def prediction_error(rate: Rate, size: Measured) -> float:
    """Return how far what ``rate`` foretells of a size is off: 0.1 is 10 % too much."""
    return rate.value * size.count / size.time - 1


def predict(rate: Rate, count: float, error: float) -> Rate:
    """Return the time of a count, its interval widened by a known ``error`` of prediction.

    As far off to either side: what was foretold with an error e took foretold / (1 + e).
    """
    off = min(abs(error), _MOST_OFF)
    return Rate(rate.value * count, rate.low * count / (1 + off), rate.high * count / (1 - off))
