# SPDX-License-Identifier: GPL-2.0-only
"""Order statistics of one cell's reps: nothing is assumed about their distribution."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.stats.samples import samples_of


@dataclass(frozen=True)
class Summary:
    """In the unit of the values. Median and interval are of reps, or of boots that are several."""

    n: int  # of reps, as are the least and the greatest
    median: float
    low: float
    high: float
    interval: tuple[float, float] | None = None  # of the median, 95 %


def summarize(
    values: Sequence[int] | NDArray[np.int64], boots: NDArray[np.int64] | None = None
) -> Summary:
    """Compute median and range of at least one value; ValueError for none.

    ``boots``, where they are known, say which boot each value is of. With several the median
    is that of the boots' medians, and so is its interval: reps of one boot share its luck.
    """
    array = np.asarray(values, dtype=np.int64)
    if not len(array):
        raise ValueError("no value to summarize")
    alone: NDArray[Any] = array
    if boots is not None and (boots != boots[0]).any():
        alone = samples_of(boots, array).medians
    return Summary(
        len(array),
        float(np.median(alone)),
        float(array.min()),
        float(array.max()),
        median_interval(alone),
    )


def median_interval(
    values: Sequence[float] | NDArray[Any], confidence: float = 0.95
) -> tuple[float, float] | None:
    """Find two of the values that hold the median of their distribution, whatever that is.

    The symmetric pair of order statistics (Conover, Practical Nonparametric Statistics,
    3.2) whose coverage, by the binomial distribution, is at least ``confidence``; the
    narrowest such pair. None for too few values: 95 % take six.
    """
    rank = rank_of_ends(len(values), confidence)
    if rank == 0:
        return None
    ordered = np.sort(np.asarray(values, dtype=float))
    return float(ordered[rank - 1]), float(ordered[-rank])


@lru_cache(maxsize=256)
def rank_of_ends(n: int, confidence: float = 0.95) -> int:
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
