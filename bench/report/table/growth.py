# SPDX-License-Identifier: GPL-2.0-only
"""The line of pauses against memory, and what it says of a size that was not measured."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bench.stats.scaling import LEAST_SIZES, FittedLine, fit, why_not_a_line

# Pairs of points grow with the square of these: of more reps a size lends its quantiles.
MOST_POINTS = 1000

Estimate = tuple[float, float, float]  # a value, and the ends of its 95 % interval


def growth(ticks: Mapping[int, NDArray[np.int64]], step: int) -> tuple[FittedLine, str]:
    """Fit a line to the ticks of every rep, by bytes of memory, and say why it is no line.

    The slope is in ticks for each ``step`` bytes. The reason is empty for a line that holds.
    ValueError for fewer than two sizes.
    """
    points = [(mem / step, tick) for mem in ticks for tick in thinned(ticks[mem], len(ticks))]
    sizes, values = [size for size, _ in points], [tick for _, tick in points]
    return fit(sizes, values), why_not_a_line(sizes, values)


def extrapolate(ticks: Mapping[int, NDArray[np.int64]], mem: int, step: int) -> Estimate | None:
    """Extrapolate to ``mem`` bytes, which were skipped, from ticks by bytes of memory.

    None where fewer than three smaller sizes were measured, or where no line holds.
    """
    if sum(size < mem for size in ticks) < LEAST_SIZES:
        return None
    line, why_not = growth(ticks, step)
    return None if why_not else line.predict(mem / step)


def thinned(ticks: NDArray[np.int64], sizes: int) -> list[float]:
    """Take all ticks of one of so many sizes, or quantiles of too many for a line."""
    most = max(MOST_POINTS // sizes, 1)
    if len(ticks) > most:
        return [*map(float, np.quantile(ticks, (np.arange(most) + 0.5) / most))]
    return [*map(float, ticks)]
