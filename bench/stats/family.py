# SPDX-License-Identifier: GPL-2.0-only
"""Many comparisons at once: what a p value is worth when it is the smallest of many."""

from collections.abc import Sequence

import numpy as np

from bench.stats.samples import Floats


def holm(p_values: Sequence[float]) -> Floats:
    """Adjusted p values (Holm 1979): below alpha with a chance of alpha if nothing changed.

    Holds however the comparisons depend on each other; cells of one boot do.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted
