# SPDX-License-Identifier: GPL-2.0-only
"""Rank statistics: their distribution when nothing changed, and what ranks say of two sides.

Nothing here builds the matrix of all pairs: sorting takes n log n.
"""

from functools import lru_cache

import numpy as np
from scipy.stats import mannwhitneyu, norm, wilcoxon

from bench.stats.samples import Floats

# Up to so many a side the exact distribution is used; above, the normal one is as good.
EXACT = 30
EXACT_PAIRS = 50


@lru_cache(maxsize=256)
def u_distribution(n: int, m: int) -> Floats:
    """Compute P(U <= u) for u = 0 .. n*m, of equal sides without ties.

    By the recursion of Mann and Whitney (1947), on counts of arrangements: only sums of
    numbers that are not negative, so nothing cancels.
    """
    above = [np.ones(1)] * (m + 1)  # arrangements of i of one side and 0 .. m of the other
    for i in range(1, n + 1):
        row = [np.ones(1)]
        for j in range(1, m + 1):
            counts = np.zeros(i * j + 1)
            counts[j:] += above[j]
            counts[: i * (j - 1) + 1] += row[j - 1]
            row.append(counts)
        above = row
    cumulative = np.cumsum(above[m])
    return np.asarray(cumulative / cumulative[-1])


@lru_cache(maxsize=64)
def w_distribution(n: int) -> Floats:
    """Compute P(W <= w) for w = 0 .. n(n+1)/2, of n symmetric differences (Wilcoxon 1945)."""
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1
    for rank in range(1, n + 1):
        counts[rank:] += counts[:-rank].copy()
    cumulative = np.cumsum(counts)
    return np.asarray(cumulative / cumulative[-1])


def cut_of_pairs(n: int, m: int, tail: float) -> int:
    """Count how many of the n*m ordered differences may be cut off at each end.

    The k-th lowest is then below the shift with a probability of at least 1 - ``tail``
    (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 4.3). 0: none, too
    few values for this tail.
    """
    if max(n, m) <= EXACT:
        return _below(u_distribution(n, m), tail)
    middle, deviation = n * m / 2, (n * m * (n + m + 1) / 12) ** 0.5
    return _normal_cut(middle, deviation, tail)


def cut_of_averages(n: int, tail: float) -> int:
    """Count the same for the n(n+1)/2 averages of pairs of n differences (the same book, 3.3)."""
    if n <= EXACT_PAIRS:
        return _below(w_distribution(n), tail)
    middle, deviation = n * (n + 1) / 4, (n * (n + 1) * (2 * n + 1) / 24) ** 0.5
    return _normal_cut(middle, deviation, tail)


def _below(cumulative: Floats, tail: float) -> int:
    # A tail of 1/252 must not miss 1/252 by the last bit.
    return int(np.searchsorted(cumulative, tail * (1 + 1e-12), side="right"))


def _normal_cut(middle: float, deviation: float, tail: float) -> int:
    return max(int(np.floor(middle + norm.ppf(tail) * deviation)), 0)


def slower_share(base: Floats, new: Floats) -> float:
    """Compute in what part of all pairs the new value is the greater; a tie is half a pair.

    Vargha and Delaney's A (2000), the U of Mann and Whitney over n*m. 0.5: no difference.
    """
    ordered, wanted = np.sort(base), np.sort(new)  # sorted queries stay in the cache
    below = np.searchsorted(ordered, wanted, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(ordered, wanted, side="right").sum(dtype=np.int64)
    return float((below + not_above) / 2 / (len(base) * len(new)))


def mann_whitney(base: Floats, new: Floats) -> float:
    """Compute the two-sided p that both sides are one distribution; 1 if all values are equal."""
    values = np.concatenate([base, new])
    distinct = len(np.unique(values))
    if distinct == 1:
        return 1.0
    if distinct == len(values) and max(len(base), len(new)) <= EXACT:
        below = int(np.searchsorted(np.sort(base), new).sum())
        rare = min(below, len(base) * len(new) - below)
        return min(2 * float(u_distribution(len(base), len(new))[rare]), 1.0)
    return min(float(mannwhitneyu(new, base, method="asymptotic").pvalue), 1.0)


def signed_rank(differences: Floats) -> float:
    """Compute the two-sided p of differences symmetric about zero; 1 if all are zero."""
    sizes = np.abs(differences)
    if not sizes.any():
        return 1.0
    exact = len(np.unique(sizes)) == len(sizes) <= EXACT_PAIRS and bool(sizes.all())
    p = wilcoxon(differences, method="exact" if exact else "approx").pvalue
    return min(float(p), 1.0)
