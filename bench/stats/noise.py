# SPDX-License-Identifier: GPL-2.0-only
"""How much values differ when nothing changed, and what can be seen through that."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit
from scipy.stats import chi2

from bench.stats.samples import Floats

# A noise floor holds 95 % of A/A comparisons: so many standard deviations.
IN_FLOOR = 1.96
_GRID = 150  # places at which a distribution of errors is summed up
_MOST = 1e6  # standard errors: nothing is seen where it would take more


@dataclass(frozen=True)
class Noise:
    """How far whole sessions of one kernel lie apart.

    ``sd`` is the standard deviation of the logarithm of a session's level, ``freedom`` the
    degrees of freedom that it was estimated with, infinite where somebody named it.
    """

    sd: float
    freedom: float = float("inf")

    def of_ratio(self, base: int, new: int) -> float:
        """Return the standard error of the logarithm of a ratio of so many sessions a side."""
        return float(self.sd * np.sqrt(1 / base + 1 / new))


def noise_of_levels(levels: Sequence[float]) -> Noise:
    """Estimate the noise from the levels of sessions of one kernel, in their order.

    The greater of two estimates of the standard deviation: that about the mean, and that of
    von Neumann (1941) by differences of neighbours. Slow drift makes the first one greater;
    the second is what sides that follow one another differ by. ValueError for fewer than two
    levels, or one that is not above zero.
    """
    array = np.asarray(levels, dtype=np.float64)
    if len(array) < 2 or not 0 < array.min() <= array.max() < np.inf:
        raise ValueError("noise takes two levels, all above zero")
    logs = np.log(array)
    neighbours = float(np.sqrt(np.mean(np.diff(logs) ** 2) / 2))
    return Noise(max(float(logs.std(ddof=1)), neighbours), len(array) - 1)


def noise_of_floor(floor: float) -> Noise:
    """Return the noise of sessions whose A/A comparisons stay within ``floor`` 95 times of 100."""
    return Noise(float(np.log1p(floor)) / IN_FLOOR / 2**0.5)


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


def student_quantile(share: float, freedom: float) -> float:
    """Return the quantile of Student's t; of the normal distribution for infinite freedom."""
    return float(stdtrit(freedom, share) if np.isfinite(freedom) else ndtri(share))


def student_p(ratio: float, freedom: float) -> float:
    """Return the two-sided p of an estimate that is so many of its standard errors."""
    tail = stdtr(freedom, -abs(ratio)) if np.isfinite(freedom) else ndtr(-abs(ratio))
    return float(2 * tail)


def detectable(
    error: float, freedom: float, critical: float, limit: float = 0.0, power: float = 0.95
) -> float:
    """Compute the slowdown that would be found with a probability of ``power``: 0.05 is 5 %.

    ``error`` is the estimated standard error of the logarithm of a ratio, with so many degrees
    of ``freedom``; it is found if it is more than ``critical`` of its own standard errors, and
    more than ``limit``, a logarithm. The forecast and the measurement that is foretold each
    estimate the error anew, so that both chances are averaged over.
    """
    clears = seen_at(round(freedom, 1), round(critical, 2), power) * error  # rounded: kept
    exceeds = limit + student_quantile(power, freedom) * error
    largest = max(clears, exceeds)
    return float(np.expm1(largest)) if largest < _MOST else float("inf")


@lru_cache(maxsize=4096)
def seen_at(
    freedom: float, critical: float, power: float = 0.95, known: float | None = None
) -> float:
    """Compute which change, in estimated standard errors, a t test finds with this power.

    The c for which E[Phi(c s - critical s')] is the power: s and s' are two independent estimates
    of the standard error, each the root of a chi-squared variable over its degrees of freedom.
    s' is of the test, with ``freedom``, s that of the forecast, with as many if ``known`` does
    not say how many. Infinite where no change would be found so often.
    """
    known = freedom if known is None else known
    forecast, test = _errors(known)[:, None], _errors(freedom)

    def missing(change: float) -> float:
        return float(ndtr(change * forecast - critical * test).mean()) - power

    return float(brentq(missing, 0, _MOST)) if missing(_MOST) > 0 else float("inf")


@lru_cache(maxsize=256)
def _errors(freedom: float) -> Floats:
    """Return quantiles of an estimate of a standard error whose true value is 1."""
    if not np.isfinite(freedom):
        return np.ones(1)
    places = (np.arange(_GRID) + 0.5) / _GRID
    return np.asarray(np.sqrt(chi2.ppf(places, freedom) / freedom))
