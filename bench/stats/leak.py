# SPDX-License-Identifier: GPL-2.0-only
"""Decide whether something grows from handover to handover, and does not come back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import theilslopes

# Fewer checkpoints leave room for chance: four of four intervals rise in one of sixteen cases.
LEAST_CHECKPOINTS = 5
# What one handover in a hundred leaves behind: a leak on any path that a handover takes is a
# hundred times as much, and a cache that fills once is a few units in all.
BOUND = 0.01  # units a handover
# Of what was gained: more that is given back again is use that comes and goes.
_GIVEN_BACK = 0.1


@dataclass(frozen=True)
class Growth:
    """What is in use at the first and the last checkpoint, and the growth a handover.

    All in one unit, that of the counter. ``leaks`` is None where checkpoints are too few to tell.
    """

    first: float
    last: float
    slope: float
    leaks: bool | None


def growth(handovers: ArrayLike, used: ArrayLike, unit: float = 1.0) -> Growth:
    """Fit a robust line through what was in use after so many handovers.

    The slope is the median of all pairwise slopes (Theil-Sen), which one step or one odd
    checkpoint does not move. It is a leak where it is above `BOUND` and the growth is steady: use
    rises in more than half of the intervals, and gives back less than a tenth of what it gains.
    ``unit`` is the least amount that can leak, in the unit of ``used``: an object, a file, a page.
    ValueError for no checkpoint.
    """
    x, y = np.asarray(handovers, dtype=float), np.asarray(used, dtype=float)
    if not len(y):
        raise ValueError("a growth takes a checkpoint")
    slope = float(theilslopes(y, x)[0]) if len(y) > 1 else 0.0
    leaks = bool(slope > BOUND * unit and _steady(y)) if len(y) >= LEAST_CHECKPOINTS else None
    return Growth(float(y[0]), float(y[-1]), slope, leaks)


def _steady(used: NDArray[np.float64]) -> bool:
    steps = np.diff(used)
    gained, given = steps[steps > 0].sum(), -steps[steps < 0].sum()
    return bool((steps > 0).sum() * 2 > len(steps) and given <= _GIVEN_BACK * gained)
