# SPDX-License-Identifier: GPL-2.0-only
"""A line through cost against size, and what it says of a size that was not measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import theilslopes

# Fewer sizes cannot show that a line does not fit.
LEAST_SIZES = 3
# Of fewer points, even all in a row are no rare chance: 2 of 4! orders are more than 5 %.
LEAST_POINTS = 5
# A median further from the line than this part of it: not a line.
WORST_RESIDUAL = 0.10


@dataclass(frozen=True)
class FittedLine:
    """Theil-Sen: the median of all pairwise slopes (Sen 1968), with its 95 % interval.

    ``at`` is the median size, around which slopes of the interval turn; ``spread`` is the
    largest distance of a value from the line.
    """

    slope: float
    low: float
    high: float
    intercept: float
    at: float
    spread: float

    def predict(self, size: float) -> tuple[float, float, float]:
        """Predict the value at a size, with the ends of its interval; no cost is below zero."""
        middle = self.intercept + self.slope * self.at
        span = size - self.at
        ends = sorted((middle + self.low * span, middle + self.high * span))
        value = self.intercept + self.slope * size
        low, high = ends[0] - self.spread, ends[1] + self.spread
        return max(value, 0.0), max(low, 0.0), max(high, 0.0)


def fit(sizes: Sequence[float], values: Sequence[float]) -> FittedLine:
    """Fit a line through at least two sizes; ValueError for fewer."""
    x, y = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    if len(np.unique(x)) < 2:
        raise ValueError("a line takes two sizes")
    with np.errstate(invalid="ignore"):
        slope, _, low, high = theilslopes(y, x, alpha=0.95)
    if np.isnan(low):  # nearly all values are equal: by Sen's formula their variance is below zero
        rise, run = np.subtract.outer(y, y), np.subtract.outer(x, x)
        slopes = rise[run > 0] / run[run > 0]
        low, high = slopes.min(), slopes.max()
    slope, low, high = (float(value) + 0.0 for value in (slope, low, high))  # 0 for a -0
    intercept = float(np.median(y - slope * x))
    spread = float(np.max(np.abs(y - (intercept + slope * x))))
    return FittedLine(slope, low, high, intercept, float(np.median(x)), spread)


def why_not_a_line(sizes: Sequence[float], values: Sequence[float]) -> str:
    """Say why these values must not be extrapolated, empty when they may."""
    x, y = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    distinct = np.unique(x)
    if len(distinct) < LEAST_SIZES:
        return f"{len(distinct)} sizes were measured, a line takes {LEAST_SIZES}"
    if len(y) < LEAST_POINTS:
        return f"{len(y)} reps were measured, an interval of 95 % takes {LEAST_POINTS}"
    line = fit(sizes, values)
    for size in distinct:
        expected = line.intercept + line.slope * size
        distance = abs(float(np.median(y[x == size])) - expected)
        off = distance / expected if expected > 0 else np.inf if distance else 0.0
        if off > WORST_RESIDUAL:
            return f"at one size the line is {off:.0%} off: this does not grow like a line"
    return ""
