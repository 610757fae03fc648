# SPDX-License-Identifier: GPL-2.0-only
"""A line through cost against size, and what it says of a size that was not measured.

The observations are sizes, by their medians, and not reps: what reps of a size share (where its
memory lies, what else ran meanwhile) is in all of them, and more reps do not make it less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from bench.stats.samples import Floats

# Fewer sizes cannot show that a line does not fit.
LEAST_SIZES = 3
# Fewer cannot tell a line that bends from one with noise.
LEAST_TO_EXTRAPOLATE = 4
# A median further from the line than this part of it: not a line.
WORST_RESIDUAL = 0.10
# A bend: the part by which the cost changes, beside the line, with this growth of the size. An
# interval holds what a smaller one does; of two page table levels more there is one of 0.17 %.
BEND_SPAN, LEAST_BEND = 64, 0.002
_BY_CHANCE = 0.01  # how often a line seems to bend
_CONFIDENCE = 0.95
# The ends of an interval, one over the other: of more nothing is known but its order.
MOST_APART = 2.0
_LEAST_WEIGHED = 1e-3  # of the greatest cost: less has no more weight, nor has nothing
_ROUNDING = 1e-12


@dataclass(frozen=True)
class _Fit:
    """Weighted least squares, of deviations as a part of the cost, whose noise grows with it.

    Draper and Smith, Applied Regression Analysis, 1.4 and 9.2. ``scale`` is such that
    ``scale @ scale.T`` times ``variance`` is that of the coefficients.
    """

    coefficients: Floats
    scale: Floats
    variance: float  # of a relative deviation
    free: int  # degrees of freedom

    def at(self, terms: Floats) -> float:
        return float(terms @ self.coefficients)

    def reach(self, terms: Floats) -> tuple[float, float]:
        """Return the interval of what one more measurement there would be."""
        value, lever = self.at(terms), float(np.sum((terms @ self.scale) ** 2))
        half = self._quantile() * (self.variance * (lever + value**2)) ** 0.5
        return value - half, value + half

    def interval(self, number: int) -> tuple[float, float]:
        """Return the interval of a coefficient, which takes a degree of freedom."""
        value, half = float(self.coefficients[number]), self._quantile() * self.error(number)
        return value - half, value + half

    def error(self, number: int) -> float:
        return float((self.variance * np.sum(self.scale[number] ** 2)) ** 0.5)

    def _quantile(self) -> float:
        return float(stdtrit(self.free, (1 + _CONFIDENCE) / 2))


@dataclass(frozen=True)
class FittedLine:
    """A line through medians of sizes; ``low`` and ``high`` are the 95 % interval of its slope.

    The interval is Student's, with as many degrees of freedom as there are sizes but two.
    ``bend`` is what the cost grows by beside the line for each `BEND_SPAN` of size, a part of it.
    """

    slope: float
    low: float
    high: float
    intercept: float
    bend: float
    bends: bool  # more than by chance, and by so much that it matters
    sizes: tuple[float, float]  # the least and the greatest
    line: _Fit
    curve: _Fit | None  # of fewer than four sizes there is none

    def value(self, size: float) -> float:
        """Return the cost that the line has at a size; no cost is below zero."""
        return max(self.intercept + self.slope * size, 0.0)

    def predict(self, size: float) -> tuple[float, float, float]:
        """Predict what a size would cost, with the ends of its 95 % interval; none below zero.

        The interval holds that of the line and that of a curve which may bend as much as the
        sizes allow: a bend that they are too noisy, or too few, to show is in it.
        """
        value, ends = self.value(size), [self.value(size)]
        for fit in filter(None, (self.line, self.curve)):
            ends += fit.reach(_terms(np.array([size]), self.sizes)[0, : len(fit.coefficients)])
        return value, max(min(ends), 0.0), max(*ends, 0.0)


def fit(sizes: Sequence[float], costs: Sequence[float]) -> FittedLine:
    """Fit a line through the median costs of at least two sizes; ValueError for fewer."""
    x, y = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if len(np.unique(x)) < 2:
        raise ValueError("a line takes two sizes")
    order = np.argsort(x)
    x, y = x[order], y[order]
    ends = float(x[0]), float(x[-1])
    terms = _terms(x, ends)
    line = _least_squares(terms[:, :2], y)
    curve = _least_squares(terms, y) if len(x) >= LEAST_TO_EXTRAPOLATE else None
    bend, bends = _bend(curve, terms[-1]) if curve else (0.0, False)
    # Equal counts are a line without a slope, to the last bit.
    intercept, slope = map(float, line.coefficients if np.ptp(y) else (y[0], 0.0))
    low, high = line.interval(1) if line.variance else (slope, slope)
    slope, low, high = (each / ends[1] + 0.0 for each in (slope, low, high))  # 0 for a -0
    return FittedLine(slope, low, high, intercept, bend, bends, ends, line, curve)


def _terms(sizes: Floats, ends: tuple[float, float]) -> Floats:
    """Return a row a size: 1, x, and x log x, whose part is the bend; x is 1 at the greatest.

    A cost that grows by a power a little above or below 1 is such a sum, but for terms of
    second order.
    """
    x = sizes / ends[1]
    return np.stack([np.ones_like(x), x, x * np.log(sizes / ends[0])], axis=1)


def _least_squares(terms: Floats, costs: Floats) -> _Fit:
    weighed = np.maximum(costs, _LEAST_WEIGHED * costs.max()) if costs.max() > 0 else costs + 1
    q, r = np.linalg.qr(terms / weighed[:, None])
    scale = np.linalg.inv(r)
    coefficients = scale @ (q.T @ (costs / weighed))
    off = (costs - terms @ coefficients) / weighed
    free = len(costs) - terms.shape[1]
    squares = float(off @ off) if np.abs(off).max() > _ROUNDING else 0.0
    return _Fit(coefficients, scale, squares / free if free else 0.0, free)


def _bend(curve: _Fit, last: Floats) -> tuple[float, bool]:
    """Return the bend, as a part of the cost of the greatest size, and whether it is one."""
    value, turn = curve.at(last), float(curve.coefficients[2])
    bend = turn * float(np.log(BEND_SPAN)) / value if value > 0 else 0.0
    error = curve.error(2)
    sure = abs(turn) > error * float(stdtrit(curve.free, 1 - _BY_CHANCE / 2))
    return bend, sure and abs(bend) > LEAST_BEND


def why_not_a_line(sizes: Sequence[float], costs: Sequence[float]) -> str:
    """Say why there is no line through the median costs of sizes, empty where there is one."""
    if len(sizes) < LEAST_SIZES:
        return f"{len(sizes)} sizes were measured, a line takes {LEAST_SIZES}"
    line = fit(sizes, costs)
    for size, cost in zip(sizes, costs, strict=True):
        expected = line.intercept + line.slope * size
        distance = abs(cost - expected)
        off = distance / expected if expected > 0 else np.inf if distance else 0.0
        if off > WORST_RESIDUAL:
            return f"at one size the line is {off:.0%} off: this does not grow like a line"
    if line.bends:
        return f"this does not grow like a line: it bends by {line.bend:+.1%} per {BEND_SPAN}x"
    return ""


def why_not_extrapolated(sizes: Sequence[float], costs: Sequence[float], size: float) -> str:
    """Say why the cost of ``size`` must not be taken from these, empty where it may."""
    if why := why_not_a_line(sizes, costs):
        return why
    if len(sizes) < LEAST_TO_EXTRAPOLATE:
        return f"{len(sizes)} sizes were measured, to see a line bend takes {LEAST_TO_EXTRAPOLATE}"
    _, low, high = fit(sizes, costs).predict(size)
    if high > MOST_APART * low:
        return "the sizes measured allow for costs that differ by more than twice"
    return ""
