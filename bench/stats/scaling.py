# SPDX-License-Identifier: GPL-2.0-only
"""A line through cost against size, and what it says of a size that was not measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import theilslopes

# Fewer sizes cannot show that a line does not fit.
LEAST_SIZES = 3
# A median further from the line than this part of it: not a line.
WORST_RESIDUAL = 0.10


@dataclass(frozen=True)
class Line:
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
        """Value, and the interval within which it lies, at a size."""
        middle = self.intercept + self.slope * self.at
        span = size - self.at
        ends = sorted((middle + self.low * span, middle + self.high * span))
        value = self.intercept + self.slope * size
        return value, max(ends[0] - self.spread, 0.0), ends[1] + self.spread


def fit(sizes: Sequence[float], values: Sequence[float]) -> Line:
    """The line through at least two sizes; ValueError for fewer."""
    x, y = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    if len(np.unique(x)) < 2:
        raise ValueError("a line takes two sizes")
    slope, _, low, high = theilslopes(y, x, alpha=0.95)
    intercept = float(np.median(y - slope * x))
    spread = float(np.max(np.abs(y - (intercept + slope * x))))
    return Line(float(slope), float(low), float(high), intercept, float(np.median(x)), spread)


def why_not_a_line(sizes: Sequence[float], values: Sequence[float]) -> str:
    """Why these values must not be extrapolated, empty when they may."""
    x, y = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    distinct = np.unique(x)
    if len(distinct) < LEAST_SIZES:
        return f"{len(distinct)} sizes were measured, a line takes {LEAST_SIZES}"
    line = fit(sizes, values)
    for size in distinct:
        expected = line.intercept + line.slope * size
        off = abs(float(np.median(y[x == size])) - expected) / expected if expected > 0 else np.inf
        if off > WORST_RESIDUAL:
            return f"at one size the line is {off:.0%} off: this does not grow like a line"
    return ""
