# SPDX-License-Identifier: GPL-2.0-only
"""Order statistics of one cell's reps: nothing is assumed about their distribution."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Summary:
    """In the unit of the values."""

    n: int
    median: float
    low: float
    high: float
    interval: tuple[float, float] | None = None  # of the median, 95 %


def summarize(values: Sequence[int] | NDArray[np.int64]) -> Summary:
    """Compute median and range of at least one value; ValueError for none."""
    array = np.asarray(values, dtype=np.int64)
    if not len(array):
        raise ValueError("no value to summarize")
    return Summary(
        len(array),
        float(np.median(array)),
        float(array.min()),
        float(array.max()),
        median_interval(array),
    )


def median_interval(
    values: Sequence[float] | NDArray[np.int64], confidence: float = 0.95
) -> tuple[float, float] | None:
    """Find two of the values that hold the median of their distribution, whatever that is.

    The symmetric pair of order statistics (Conover, Practical Nonparametric Statistics,
    3.2) whose coverage, by the binomial distribution, is at least ``confidence``; the
    narrowest such pair. None for too few values: 95 % take six.
    """
    rank = _rank_of_ends(len(values), confidence)
    if rank == 0:
        return None
    ordered = np.sort(np.asarray(values, dtype=float))
    return float(ordered[rank - 1]), float(ordered[-rank])


@lru_cache(maxsize=256)
def _rank_of_ends(n: int, confidence: float) -> int:
    """Return the rank of both ends of `median_interval`, counted from outside; 0 for none."""
    if 0.5**n > (1 - confidence) / 2:  # not even from the least value to the greatest
        return 0
    # Imported late: a run decides on its first five reps without it, and stores them sooner.
    # bdtr is scipy.stats.binom.cdf; to import that takes half a second.
    from scipy.special import bdtr

    below = bdtr(np.arange(n // 2 + 1), n, 0.5)
    return int(np.count_nonzero(below <= (1 - confidence) / 2))


def ratio(base: Summary, new: Summary) -> float:
    """Compute how many times ``new`` fits into ``base``, by their medians."""
    return base.median / new.median if new.median else float("inf")
