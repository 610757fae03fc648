# SPDX-License-Identifier: GPL-2.0-only
"""How certain a ratio of two pauses is."""

import numpy as np

from bench.stats.compare import shifts
from bench.stats.samples import Samples


def ratio_interval(
    base: Samples, new: Samples, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Compute where base / new lies: the interval of Hodges and Lehmann, of logarithms.

    Over reps where there is one boot, else over the medians of boots, since reps of one
    boot share its luck. None where there are too few (95 % take four a side), or where a
    value is zero and has no logarithm.
    """
    several = any(len(np.unique(side.boots)) > 1 for side in (base, new))
    values = [side.medians if several else side.values for side in (base, new)]
    if any(len(each) == 0 or each.min() <= 0 for each in values):
        return None
    over, under = (np.log(each) for each in values)
    shift = shifts(under, over, [confidence])[0]  # the second minus the first
    return (float(np.exp(shift.low)), float(np.exp(shift.high))) if shift.bounded else None
