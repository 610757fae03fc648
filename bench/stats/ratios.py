# SPDX-License-Identifier: GPL-2.0-only
"""How many times one pause fits into another, and how certain that is."""

import numpy as np

from bench.stats.samples import Floats, Samples
from bench.stats.summary import median_interval

# The range of five values holds their median in 93.75 %: within two points of 95 %.
LEAST_OF_RATIO = 5


def median_ratio(base: Samples, new: Samples) -> float:
    """Compute the median of base over that of new; infinite where that of new is 0.

    Over reps where neither side has a second boot, else over the medians of boots.
    """
    over, under = (float(np.median(values)) for values in _values(base, new))
    return over / under if under else float("inf")


def ratio_interval(
    base: Samples, new: Samples, *, one_boot_is_enough: bool = True
) -> tuple[float, float] | None:
    """Compute the 95 % interval of `median_ratio`, whatever the shapes of both sides.

    From the least ratio to the greatest that the intervals of the two medians allow: the
    sides of a joint confidence rectangle, each an exact one of order statistics (Conover,
    Practical Nonparametric Statistics, 3.2). A rank interval of the shift would be narrower,
    but right for sides of one shape only; one that adds the squares of both margins (MOVER:
    Zou and Donner 2008) fails where both sides have two levels.

    Over the medians of boots where a side has several, since reps of one boot share its luck;
    else over reps, which says nothing about another boot. ``one_boot_is_enough`` is false for
    sides that differ in their boots, where those differ by themselves. None where there are
    fewer than five values a side, where one boot is not enough, or for a value of zero.
    """
    values = _values(base, new)
    if any(len(each) < LEAST_OF_RATIO or each.min() <= 0 for each in values):
        return None
    if not (one_boot_is_enough or _several(base, new)):
        return None
    (low, high), (least, most) = map(_ends, values)
    return low / most, high / least


def _several(*sides: Samples) -> bool:
    return any(len(np.unique(side.boots)) > 1 for side in sides)


def _values(base: Samples, new: Samples) -> list[Floats]:
    several = _several(base, new)
    return [side.medians if several else side.values for side in (base, new)]


def _ends(values: Floats) -> tuple[float, float]:
    found = median_interval(values.tolist())
    return found or (float(values.min()), float(values.max()))
