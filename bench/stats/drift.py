# SPDX-License-Identifier: GPL-2.0-only
"""Whether values depend on when they were measured: drift, wandering, warm-up."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau, norm, rankdata, theilslopes

from bench.stats.samples import Floats

_Key = TypeVar("_Key", bound=Hashable)

# Slopes are of all pairs: longer series are thinned to medians of so many neighbours.
MOST_POINTS = 1000
# Of many cells: more than chance gives one run in a hundred, and more than counts ever do.
_RARE = 0.01
_NOTICEABLE = 0.01
_ENOUGH = 200  # of each to see a trend, evenly: the slopes of all pairs of many take minutes


@dataclass(frozen=True)
class Drift:
    """``tau`` -1 to 1, ``p`` of no trend, ``change`` from first to last as a part of the median.

    ``p_wander`` is that of neighbours no more alike than any two: trends, steps and slow waves.
    """

    tau: float
    p: float
    change: float
    p_wander: float


def drift(values: ArrayLike) -> Drift:
    """Find the trend of values in the order in which they were measured.

    Mann-Kendall (Mann 1945: Kendall's tau of value and time) says whether, Theil and Sen's
    slope how much. Few values, or all equal: no drift, p = 1.
    """
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if len(array) < 3 or len(np.unique(array)) == 1:
        return Drift(0.0, 1.0, 0.0, 1.0)
    trend = kendalltau(np.arange(len(array)), array)
    points = _thinned(array)
    slope = float(theilslopes(points)[0]) * (len(points) - 1)
    middle = abs(float(np.median(array)))
    change = slope / middle if middle else np.copysign(np.inf, slope) if slope else 0.0
    return Drift(float(trend.statistic), float(trend.pvalue), float(change), wander_p(array))


def wander_p(values: Floats) -> float:
    """Compute the one-sided p of von Neumann's ratio of ranks (Bartels 1982), normal form.

    Small when neighbours are alike. Its variance 4(n-2)(5n^2-2n-9) / 5n(n+1)(n-1)^2 is that
    of Bartels. Fewer than ten values: 1, as the normal form is wrong there.
    """
    n = len(values)
    ranks = rankdata(values)
    spread = float(np.sum((ranks - ranks.mean()) ** 2))
    if n < 10 or spread == 0:
        return 1.0
    ratio = float(np.sum(np.diff(ranks) ** 2)) / spread
    variance = 4 * (n - 2) * (5 * n**2 - 2 * n - 9) / (5 * n * (n + 1) * (n - 1) ** 2)
    return float(norm.cdf((ratio - 2) / variance**0.5))


def drifting(cells: Mapping[_Key, ArrayLike]) -> dict[_Key, float]:
    """Return the change, a part of the median, of cells that depend on when they were measured."""
    found = {key: drift(_some(np.asarray(values))) for key, values in cells.items()}
    return {
        key: trend.change
        for key, trend in found.items()
        if trend.p * len(found) < _RARE and abs(trend.change) > _NOTICEABLE
    }


def _some(values: NDArray[Any]) -> NDArray[Any]:
    return values[:: -(-len(values) // _ENOUGH) or 1]


def _thinned(values: Floats) -> Floats:
    if len(values) <= MOST_POINTS:
        return values
    return np.array([np.median(block) for block in np.array_split(values, MOST_POINTS)])
