# SPDX-License-Identifier: GPL-2.0-only
"""Order statistics of one cell's reps: nothing is assumed about their distribution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Summary:
    """In the unit of the values."""

    n: int
    median: float
    low: float
    high: float


def summarize(values: Sequence[int]) -> Summary:
    """Median and range of at least one value; ValueError for none."""
    if not values:
        raise ValueError("no value to summarize")
    array = np.asarray(values, dtype=np.int64)
    return Summary(len(values), float(np.median(array)), float(array.min()), float(array.max()))


def ratio(base: Summary, new: Summary) -> float:
    """How many times ``new`` fits into ``base``, by their medians."""
    return base.median / new.median if new.median else float("inf")
