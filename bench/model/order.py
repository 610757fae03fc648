# SPDX-License-Identifier: GPL-2.0-only
"""Reckon with the order of a block's reps. The standard library alone: workers do it too."""

from collections.abc import Callable, Collection, Sequence
from statistics import median
from typing import TypeVar

PRECISION = 0.001  # of the median

_Name = TypeVar("_Name", bound=str)


def order_without(order: Sequence[_Name], methods: Collection[str]) -> tuple[_Name, ...]:
    """Return an order without these methods; the first that is left does the warm-up."""
    left = [method for method in order[1:] if method not in methods]
    if order[0] not in methods:
        return (order[0], *left)
    return (left[0], *left) if left else ()


def reps_due(
    order: Sequence[str], least: int, pauses: Sequence[int], rank_of: Callable[[int], int]
) -> int:
    """Count the reps that a block has in the end, by the pauses of those that it has so far.

    ``order`` is the method of each rep, the warm-up first; then come rounds, in each of which
    every method has one rep. A block ends with the first round from the ``least`` -th on after
    which all medians are known, or with its order. Where the pauses do not reach that far, the
    round behind them is due at least. ``rank_of`` gives the rank of both ends of the interval of
    a median of so many values, counted from outside; 0: so few have none.
    """
    size = max(len({*order}), 1)
    for end in range(1 + least * size, len(order), size):
        if end > len(pauses) or _all_known(order[1:end], pauses[1:end], rank_of):
            return end
    return len(order)


def _all_known(order: Sequence[str], pauses: Sequence[int], rank_of: Callable[[int], int]) -> bool:
    by_method: dict[str, list[int]] = {}
    for method, pause in zip(order, pauses, strict=True):
        by_method.setdefault(method, []).append(pause)
    return all(median_is_known(each, rank_of(len(each))) for each in by_method.values())


def median_is_known(values: Sequence[int], rank: int) -> bool:
    """Tell whether both ends of the interval of the median are within PRECISION of the median.

    Without a ``rank`` it is the widest, from the least value to the greatest, whose coverage of
    n values is 1 - 2 ** (1 - n). One value has none.
    """
    if len(values) < 2:
        return False
    ordered = sorted(values)
    middle = median(ordered)
    outside = max(rank, 1)
    low, high = ordered[outside - 1], ordered[-outside]
    return max(high - middle, middle - low) <= PRECISION * middle
