# SPDX-License-Identifier: GPL-2.0-only
"""How far two sides lie apart: estimates with intervals, and p values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr, t

from bench.stats.pairwise import kth_differences
from bench.stats.ranks import cut_of_averages, cut_of_pairs
from bench.stats.samples import Floats

# All averages of so many pairs are made: two million.
MOST_PAIRS = 2000


@dataclass(frozen=True)
class Shift:
    """new - base, in the unit of the values; of logarithms it is the logarithm of a ratio.

    Without an interval (too few values for its confidence) the ends are infinite.
    """

    estimate: float
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


def shifts(base: Floats, new: Floats, confidences: Sequence[float]) -> list[Shift]:
    """Estimate new - base as the median of all differences, with an interval a confidence.

    Hodges and Lehmann (1963). The interval inverts Mann-Whitney's test: Moses in Hollander,
    Wolfe and Chicken, 4.3. Right for any continuous distribution that is the same on both sides
    but for its place, with exact coverage for up to 30 values a side.
    """
    n, m = len(base), len(new)
    pairs = n * m
    cuts = [cut_of_pairs(n, m, (1 - confidence) / 2) for confidence in confidences]
    ends = [rank for cut in cuts if cut for rank in (cut, pairs + 1 - cut)]
    ranks = [(pairs + 1) // 2, pairs // 2 + 1, *ends]
    found = dict(zip(ranks, kth_differences(np.sort(base), np.sort(new), ranks), strict=True))
    estimate = (found[ranks[0]] + found[ranks[1]]) / 2
    return [
        Shift(estimate, found[cut], found[pairs + 1 - cut])
        if cut
        else Shift(estimate, -np.inf, np.inf)
        for cut in cuts
    ]


def hodges_lehmann_paired(differences: Floats, confidence: float = 0.95) -> Shift:
    """Estimate by the median of all pairs' averages, with the interval of the signed rank.

    Hodges and Lehmann (1963); interval: Tukey in Hollander, Wolfe and Chicken, 3.3. Right
    for symmetric differences, as those of two equal sides in random order are. ValueError
    above 2000: all averages are made.
    """
    n = len(differences)
    if n > MOST_PAIRS:
        raise ValueError(f"{n} pairs: averages are made of up to {MOST_PAIRS}")
    first, second = np.triu_indices(n)
    averages = np.sort((differences[first] + differences[second]) / 2)
    cut = cut_of_averages(n, (1 - confidence) / 2)
    low, high = (averages[cut - 1], averages[-cut]) if cut else (-np.inf, np.inf)
    return Shift(float(np.median(averages)), float(low), float(high))


def welch(base: Floats, new: Floats) -> float:
    """Compute the two-sided p of Welch's t test (1947) of at least two values a side.

    1 when all values are equal, 0 when both sides have no spread but differ.
    """
    parts = [values.var(ddof=1) / len(values) for values in (base, new)]
    apart = float(new.mean() - base.mean())
    if sum(parts) <= _rounding(base, new) ** 2:
        return 0.0 if abs(apart) > _rounding(base, new) else 1.0
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (base, new), strict=True)
    )
    return float(2 * t.sf(abs(apart) / sum(parts) ** 0.5, freedom))


def paired_t(differences: Floats) -> float:
    """Compute the two-sided p of Student's t test; degenerate input as for ``welch``."""
    spread = differences.std(ddof=1) / len(differences) ** 0.5
    apart = abs(float(differences.mean()))
    if spread <= _rounding(differences):
        return 0.0 if apart > _rounding(differences) else 1.0
    return float(2 * t.sf(apart / spread, len(differences) - 1))


def _rounding(*sides: Floats) -> float:
    """Differences up to this are those of rounding, not of values."""
    return 8 * float(np.spacing(max(np.abs(values).max() for values in sides)))


def go_together(base: Floats, new: Floats) -> float:
    """Compute Spearman's rank correlation of two sides in order; 0 if one is constant."""
    if len(np.unique(base)) < 2 or len(np.unique(new)) < 2:
        return 0.0
    return float(spearmanr(base, new).statistic)
