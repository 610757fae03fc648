# SPDX-License-Identifier: GPL-2.0-only
"""Tell what lies between reps of one boot from what lies between boots."""

from dataclasses import dataclass

import numpy as np

from bench.stats.samples import Floats, Samples


@dataclass(frozen=True)
class Spread:
    """Parts of the median of all boots' medians; NaN where there are too few values."""

    boots: int
    within: float  # standard deviation of reps about the mean of their boot, pooled
    between: float  # standard deviation of the medians of boots
    span: float  # the highest median of a boot less the lowest


def spread_of(samples: Samples) -> Spread:
    """Compute how far reps of a boot, and boots, lie apart; ValueError for no sample.

    The pooled variance has one degree of freedom less for each boot.
    """
    medians = samples.medians
    if not len(medians):
        raise ValueError("no sample has no spread")
    middle = float(np.median(medians))
    found = (_within(samples), _deviation(medians), float(np.ptp(medians)))
    return Spread(len(medians), *(value / middle if middle else np.nan for value in found))


def _within(samples: Samples) -> float:
    _, places, counts = np.unique(samples.boots, return_inverse=True, return_counts=True)
    means = np.bincount(places, samples.values) / counts
    free = len(samples.values) - len(counts)
    squares = float(np.sum((samples.values - means[places]) ** 2))
    return (squares / free) ** 0.5 if free else np.nan


def _deviation(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan
