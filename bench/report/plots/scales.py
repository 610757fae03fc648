# SPDX-License-Identifier: GPL-2.0-only
"""Axes whose ticks matplotlib places, spelled as the report spells its figures."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FixedLocator,
    Formatter,
    FuncFormatter,
    Locator,
    LogLocator,
    MaxNLocator,
    NullLocator,
    SymmetricalLogLocator,
)

from bench.model.units import GIB, format_quantity, format_size


def quantity(value: float, unit: str) -> str:
    """Spell a quantity as `format_quantity` does, without zeros at its end: ``2 ms``."""
    number, space, suffix = format_quantity(value, unit).partition(" ")
    return f"{float(number):g}{space}{suffix}" if value else "0"


class QuantityFormatter(Formatter):
    """Spell ticks as quantities, with the digits that it takes to tell them apart."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Spell each tick with one number of digits: none is a hundredth of a step off."""
        digits = _digits(values)
        return [_spelled(value, self.unit, digits) for value in values]


def _digits(values: Sequence[float]) -> int:
    near = min(map(abs, np.diff(values)), default=math.inf) / 100
    for digits in range(4, 17):
        if all(abs(float(f"{value:.{digits}g}") - value) < near for value in values):
            return digits
    return 17  # those of a float


def _spelled(value: float, unit: str, digits: int) -> str:
    """Spell a value in the unit that `format_quantity` takes for it, with ``digits`` digits."""
    number, _, suffix = format_quantity(value, unit).partition(" ")
    power = 10.0 ** round(math.log10(value / float(number))) if float(number) else 1.0
    return f"{value / power:.{digits}g} {suffix}".rstrip() if value else "0"


@FuncFormatter
def ratio_formatter(value: float, _: int | None) -> str:
    """Spell a tick of ratios without zeros at its end: ``0.5x``, ``1000x``, ``1e6x``."""
    number, _e, exponent = f"{value:g}".partition("e")
    return f"{number}e{int(exponent)}x" if exponent else f"{number}x"


@FuncFormatter
def change_formatter(value: float, _: int | None) -> str:
    """Spell a tick of ratios as a difference from 1: ``+2 %``, ``0 %``."""
    percent = round(100 * (value - 1), 9)
    return f"{percent:+g} %" if percent else "0 %"


def set_log(
    axes: Axes, which: str, values: Iterable[float], formatter: Formatter, most: int
) -> None:
    """Make the x or y axis logarithmic, with about ``most`` ticks.

    Where one of the values is 0, the axis is linear from there to the smallest other one.
    """
    found = [*values]
    change, axis = (axes.set_xscale, axes.xaxis) if which == "x" else (axes.set_yscale, axes.yaxis)
    if min(found) > 0:
        change("log")
        set_ticks(axis, _log_locator(max(found) / min(found), most), formatter)
        return
    smallest = min((value for value in found if value > 0), default=1.0)
    change("symlog", linthresh=smallest)
    locator = SymmetricalLogLocator(linthresh=smallest, base=10)
    locator.set_params(numticks=most)
    set_ticks(axis, locator, formatter)


def _log_locator(span: float, most: int) -> Locator:
    """1, 2 and 5 times powers of ten; those alone over many decades, round steps within one."""
    if span < 5:
        return MaxNLocator(most)
    return LogLocator(subs=(1, 2, 5), numticks=9) if span < 100 else LogLocator(numticks=most)


def set_ticks(axis: Axis, locator: Locator, formatter: Formatter) -> None:
    """Give an axis its ticks and none between them."""
    axis.set_major_locator(locator)
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())


def set_sizes(axes: Axes, sizes: Sequence[float]) -> None:
    """Make the x axis one of memory in GiB, ascending, with ticks at sizes that were measured.

    Those that are less than a fifth of the axis from the next larger tick have none.
    """
    axes.set_xscale("log", base=2)
    apart = (sizes[-1] / sizes[0]) ** 0.2
    ticks: list[float] = []
    for size in reversed(sizes):
        ticks += [size] if not ticks or ticks[-1] / size >= apart * (1 - 1e-9) else []
    spell = FuncFormatter(lambda size, _: format_size(round(size * GIB)))
    set_ticks(axes.xaxis, FixedLocator(ticks), spell)
    if len(sizes) == 1:  # no range to make room around
        axes.set_xlim(sizes[0] / math.sqrt(2), sizes[0] * math.sqrt(2))
