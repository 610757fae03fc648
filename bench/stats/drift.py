# SPDX-License-Identifier: GPL-2.0-only
"""Find out whether values depend on when they were measured."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau, theilslopes

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
    """``p`` of no trend, ``change`` from first to last as a part of the median."""

    p: float
    change: float


def drift(values: ArrayLike) -> Drift:
    """Find the trend of values in the order in which they were measured.

    Mann-Kendall (Mann 1945: Kendall's tau of value and time) says whether, Theil and Sen's
    slope how much. Few values, or all equal: no drift, p = 1.
    """
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if len(array) < 3 or len(np.unique(array)) == 1:
        return Drift(1.0, 0.0)
    points = _thinned(array)
    slope = float(theilslopes(points)[0]) * (len(points) - 1)
    middle = abs(float(np.median(array)))
    change = slope / middle if middle else np.copysign(np.inf, slope) if slope else 0.0
    return Drift(float(kendalltau(np.arange(len(array)), array).pvalue), float(change))


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
