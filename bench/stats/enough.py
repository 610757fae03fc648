# SPDX-License-Identifier: GPL-2.0-only
"""Tell when a block has been measured often enough, by its reps alone.

Whoever has the reps comes to the same end: a run by any number of jobs, one that goes on after a
kill, and a reader of what is stored.
"""

from collections.abc import Sequence

from bench.model.method import Method
from bench.stats.summary import summarize

PRECISION = 0.001  # of the median


def median_is_known(values: Sequence[int]) -> bool:
    """Tell whether both ends of the interval of the median are within PRECISION of the median.

    Fewer than six values have no interval of 95 %: then it is the widest, from the least value to
    the greatest, whose coverage of n values is 1 - 2 ** (1 - n). One value has none.
    """
    if len(values) < 2:
        return False
    found = summarize(values)
    low, high = found.interval or (found.low, found.high)
    return max(high - found.median, found.median - low) <= PRECISION * found.median


def reps_due(order: Sequence[Method], least: int, pauses: Sequence[int]) -> int:
    """Count the reps that a block has in the end, by the pauses of those that it has so far.

    ``order`` is the method of each rep, the warm-up first; then come rounds, in each of which
    every method has one rep. A block ends with the first round from the ``least`` -th on after
    which all medians are known, or with its order. Where the pauses do not reach that far, the
    round behind them is due at least.
    """
    size = max(len({*order}), 1)
    for end in range(1 + least * size, len(order), size):
        if end > len(pauses) or _all_known(order[1:end], pauses[1:end]):
            return end
    return len(order)


def _all_known(order: Sequence[Method], pauses: Sequence[int]) -> bool:
    reps = [*zip(order, pauses, strict=True)]
    return all(median_is_known([p for m, p in reps if m is method]) for method in {*order})
