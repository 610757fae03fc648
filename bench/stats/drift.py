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
# Iglewicz and Hoaglin (1993): beyond 3.5 robust deviations a value is an outlier.
OUTLIER = 3.5 * 1.4826
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
    """Trend of values in the order in which they were measured.

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
    """One-sided p of the rank version of von Neumann's ratio (Bartels 1982), normal form.

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
    """Those whose values depend on when they were measured: their change, a part of the median."""
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


def warm_up(values: ArrayLike, least: float = 0.01) -> int:
    """How many leading values are not yet like the rest.

    Those in an unbroken row at the start that are outliers against the second half of the
    series: further from its median than 3.5 robust deviations, and than the part ``least``
    of it. Chosen over truncation rules such as MSER-5 (White 1997), which take series of
    hundreds, and over dropping the first rep always, which hides that a cold rep is slow.
    For several boots give the medians over boots, rep by rep. At most half of the series;
    0 for fewer than six values.
    """
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if len(array) < 6:
        return 0
    settled = array[len(array) // 2 :]
    middle = np.median(settled)
    far = max(OUTLIER * float(np.median(np.abs(settled - middle))), least * abs(float(middle)))
    outliers = np.abs(array[: len(array) // 2] - middle) > far
    return len(outliers) if outliers.all() else int(np.argmin(outliers))
