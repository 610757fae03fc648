# SPDX-License-Identifier: GPL-2.0-only
"""How much values differ when nothing changed, and what can be seen through that."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t


def noise_floor(ratios: Sequence[float], share: float = 0.95) -> float:
    """Compute what most A/A comparisons stay within: 0.03 is 3 %, up as well as down.

    ``ratios`` are new / base of runs of the same thing, whose distance from 1 is taken as
    a logarithm. Of fewer than 20 it is the greatest: an order statistic is never rounded
    down. ValueError for none, or for a ratio that is not above zero.
    """
    array = np.asarray(ratios, dtype=np.float64)
    if not len(array) or array.min() <= 0:
        raise ValueError("a noise floor takes ratios, all above zero")
    return float(np.expm1(np.quantile(np.abs(np.log(array)), share, method="higher")))


def minimum_detectable_effect(
    boots: tuple[int, int],
    deviation: float,
    *,
    limit: float = 0.0,
    confidence: float = 0.98,
    power: float = 0.95,
) -> float:
    """Compute the slowdown that a gate finds with a probability of ``power``: 0.05 is 5 %.

    ``deviation`` is the relative one of boots, ``limit`` is the gate's effect threshold. Of two
    conditions the harder one: the interval clears zero (two-sample t: Kalibera and Jones 2013),
    and the estimate clears the limit.
    Infinite for fewer than two boots a side.
    """
    base, new = boots
    if min(base, new) < 2:
        return float("inf")
    error = deviation * np.sqrt(1 / base + 1 / new)
    freedom = base + new - 2
    found = t.ppf(power, freedom)
    clears = t.ppf((1 + confidence) / 2, freedom) + found
    return float(np.expm1(max(clears * error, np.log1p(limit) + found * error)))
