# SPDX-License-Identifier: GPL-2.0-only
"""The line of pauses against memory, and what it says of a size that was not measured."""

from collections.abc import Mapping

from bench.stats.scaling import FittedLine, fit, why_not_a_line, why_not_extrapolated

Estimate = tuple[float, float, float]  # a value, and the ends of its 95 % interval


def growth(medians: Mapping[int, float], step: int) -> tuple[FittedLine, str]:
    """Fit a line to medians of ticks, by bytes of memory, and say why it is no line.

    The slope is in ticks for each ``step`` bytes. The reason is empty for a line that holds.
    ValueError for fewer than two sizes.
    """
    sizes, values = _points(medians, step)
    return fit(sizes, values), why_not_a_line(sizes, values)


def extrapolate(medians: Mapping[int, float], mem: int, step: int) -> tuple[Estimate | None, str]:
    """Extrapolate to ``mem`` bytes, which were skipped, from medians of ticks of smaller sizes.

    Or say why not: too few smaller sizes, or no line that holds.
    """
    smaller = {size: ticks for size, ticks in medians.items() if size < mem}
    sizes, values = _points(smaller, step)
    if why_not := why_not_extrapolated(sizes, values, mem / step):
        return None, why_not
    return fit(sizes, values).predict(mem / step), ""


def _points(medians: Mapping[int, float], step: int) -> tuple[list[float], list[float]]:
    return [mem / step for mem in medians], [*medians.values()]
