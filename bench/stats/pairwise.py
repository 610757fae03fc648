# SPDX-License-Identifier: GPL-2.0-only
"""The k-th of all differences between two sorted sides, without making them all.

The matrix new[j] - base[i] is sorted along both axes, so the differences up to x are counted
in one pass; bracketing k by such counts and enumerating what is left between the brackets is the
idea of Johnson and Mizoguchi (1978). For a million samples the matrix has 250 thousand
million places; this takes about ten counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.stats.samples import Floats

SMALL = 2_000_000  # differences that may be made at once
THIN = 1000  # quantiles a side, to start near the goal


@dataclass(frozen=True)
class Bracket:
    """Two values, and how many differences are not above each; the k-th lies between."""

    low: float
    high: float
    below: int
    up_to: int

    @property
    def inside(self) -> int:
        return self.up_to - self.below


def kth_differences(base: Floats, new: Floats, ranks: Sequence[int]) -> list[float]:
    """Find the differences of these ranks, 1 the lowest, of two sorted sides.

    Exact; where ``base + x`` rounds, differences that are equal but for the last bits may
    stand for one another.
    """
    if len(base) * len(new) <= SMALL:
        all_of_them = np.subtract.outer(new, base).ravel()
        places = [rank - 1 for rank in ranks]
        return [float(value) for value in np.partition(all_of_them, places)[places]]
    thin = np.sort(np.subtract.outer(_thinned(new), _thinned(base)).ravel())
    found: dict[int, float] = {}
    for rank in ranks:
        if rank not in found:
            found |= _kth(base, new, rank, thin, others=ranks)
    return [found[rank] for rank in ranks]


def _thinned(ordered: Floats) -> Floats:
    places = (np.arange(THIN) + 0.5) / THIN * len(ordered)
    return ordered[places.astype(np.int64)]


def _count(base: Floats, new: Floats, x: float) -> int:
    return int(np.searchsorted(new, base + x, side="right").sum(dtype=np.int64))


def _kth(
    base: Floats, new: Floats, rank: int, thin: Floats, others: Sequence[int]
) -> dict[int, float]:
    """Find the value of this rank, and of those others that come with it."""
    last_bits = 4 * float(np.spacing(max(abs(base[0]), abs(base[-1]), abs(new[0]), abs(new[-1]))))
    bracket = _first_bracket(base, new, rank, thin, last_bits)
    step = 0
    while bracket.inside > SMALL and bracket.high - bracket.low > 4 * last_bits:
        smaller = _narrowed(base, new, rank, bracket, step)
        step = step + 1 if 2 * smaller.inside > bracket.inside else 0
        bracket = smaller
    together = [other for other in others if bracket.below < other <= bracket.up_to]
    return dict(zip(together, _enumerated(base, new, together, bracket), strict=True))


def _first_bracket(base: Floats, new: Floats, rank: int, thin: Floats, last_bits: float) -> Bracket:
    """Bracket the same quantile of the thinned sides.

    The narrowest try comes first: where many differences are equal, it is all of one value.
    """
    goal = min(int(rank / (len(base) * len(new)) * len(thin)), len(thin) - 1)
    for slack in (0, 2 * THIN, 8 * THIN):
        low = float(thin[max(goal - slack, 0)]) - last_bits
        high = float(thin[min(goal + slack, len(thin) - 1)]) + last_bits
        below, up_to = _count(base, new, low), _count(base, new, high)
        if below < rank <= up_to:
            return Bracket(low, high, below, up_to)
    low, high = float(new[0] - base[-1]) - last_bits, float(new[-1] - base[0]) + last_bits
    return Bracket(low, high, 0, len(base) * len(new))


def _narrowed(base: Floats, new: Floats, rank: int, bracket: Bracket, step: int) -> Bracket:
    """Narrow by one count: just beside where a straight line points to, or at the middle.

    The side alternates with where the goal lies, so that both ends move; every second try
    that did not halve the bracket is a bisection, so that the worst case is one too.
    """
    width = bracket.high - bracket.low
    share = (rank - bracket.below) / bracket.inside
    beside = share + 0.02 if share < 0.5 else share - 0.02
    x = bracket.low + width * (0.5 if step % 2 else beside)
    if not bracket.low < x < bracket.high:
        x = bracket.low + width / 2
    count = _count(base, new, x)
    if count < rank:
        return Bracket(x, bracket.high, count, bracket.up_to)
    return Bracket(bracket.low, x, bracket.below, count)


def _enumerated(base: Floats, new: Floats, ranks: Sequence[int], bracket: Bracket) -> list[float]:
    starts = np.searchsorted(new, base + bracket.low, side="right")
    lengths = np.searchsorted(new, base + bracket.high, side="right") - starts
    if bracket.inside > SMALL:  # the bracket is as narrow as floats are: all equal
        row = int(np.argmax(lengths))
        return [float(new[starts[row]] - base[row])] * len(ranks)
    before = np.cumsum(lengths) - lengths
    columns = np.arange(bracket.inside) + np.repeat(starts - before, lengths)
    values = new[columns] - np.repeat(base, lengths)
    places = [rank - bracket.below - 1 for rank in ranks]
    return [float(value) for value in np.partition(values, places)[places]]
