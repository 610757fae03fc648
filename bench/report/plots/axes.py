# SPDX-License-Identifier: GPL-2.0-only
"""What stands on the axes of a plot: ticks, labels that do not overlap, names that fit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.model.units import GIB, format_quantity, format_size
from bench.model.visible import visible


@dataclass(frozen=True)
class AxisScale:
    """An axis: its kind and the options of that, as matplotlib calls them, its ends and ticks."""

    kind: str
    ends: tuple[float, float]
    ticks: list[float]
    labels: list[str]
    options: Mapping[str, float] = field(default_factory=dict)


def scale(values: Sequence[float], unit: str, log: bool | None = None, most: int = 4) -> AxisScale:
    """Room for all values. Without ``log`` the axis is logarithmic where they differ much.

    A zero has no logarithm: such an axis is linear from there to the smallest other value.
    """
    above = [value for value in values if value > 0]
    if log is None:
        log = min(values) > 0 and max(values) / min(values) > 3
    if not log or not above:
        low, high = limits(values, log=False)
        ticks = linear_ticks(low, high, most)
        return AxisScale("linear", (low, high), ticks, tick_labels(ticks, unit))
    low, high = limits(above, log=True)
    ticks = log_ticks(low, high, most)
    if len(above) == len(values):
        return AxisScale("log", (low, high), ticks, tick_labels(ticks, unit))
    labels = tick_labels([0.0, *ticks], unit)
    return AxisScale("symlog", (-low / 3, high), [0.0, *ticks], labels, {"linthresh": low})


def size_scale(sizes: Sequence[float], inches: float) -> AxisScale:
    """Of memory in GiB, ascending: as many of the sizes are labelled as there is room for."""
    low, high = limits(sizes, log=True)
    per_inch = math.log(high / low) / inches
    shown = [sizes[n] for n in apart([math.log(size) for size in sizes], 0.62 * per_inch)]
    return AxisScale("log", (low, high), shown, [format_size(round(size * GIB)) for size in shown])


def elide(text: str, most: int) -> str:
    """At most so many characters: of a long path both ends tell more than its middle."""
    if len(text) <= most:
        return text
    head = (most - 1) // 3
    return f"{text[:head]}\u2026{text[len(text) - (most - 1 - head) :]}"


def quantity(value: float, unit: str) -> str:
    """As `format_quantity`, without zeros at its end: ``2 ms``."""
    number, space, suffix = format_quantity(value, unit).partition(" ")
    return f"{float(number):g}{space}{suffix}" if value else "0"


def _percent(part: float) -> str:
    """With its sign, unless that is all it has."""
    return f"{round(100 * part, 9):+g} %".replace("+0 %", "0 %").replace("-0 %", "0 %")


def tick_labels(ticks: Sequence[float], unit: str) -> list[str]:
    """Of ticks, times or counts, of ratios (``x``) or of differences from 1 (``%``).

    Different ticks never share a label: where four digits are too few, all are written.
    """
    if unit in ("x", "%"):
        return [f"{t:g}x" if unit == "x" else _percent(t - 1) for t in ticks]
    short = [quantity(tick, unit) for tick in ticks]
    if len({*short}) == len({*ticks}):
        return short
    suffix = " ns" if unit == "ns" else ""
    return [f"{tick:,.10g}{suffix}" for tick in ticks]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Powers of ten within the range, with 2 and 5 times them where that leaves few."""
    for factors in ((1, 2, 5), (1, 3), (1,)):
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        found = [f * 10.0**e for e in range(first, last + 1) for f in factors]
        found = [tick for tick in found if low <= tick <= high]
        if len(found) <= most:
            break
    else:
        found = found[:: math.ceil(len(found) / most)]
    return found if len(found) > 1 else linear_ticks(low, high, 3)


def linear_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers within the range, at least two of them where they fit."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((f * power for f in (1, 2, 2.5, 5) if f * power >= raw), 10 * power)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def limits(values: Sequence[float], log: bool) -> tuple[float, float]:
    """A little more than the range of the values, and never nothing."""
    low, high = min(values), max(values)
    if log:
        room = max((high / low) ** 0.06, 1.05)
        return low / room, high * room
    room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def apart(places: Sequence[float], least: float) -> list[int]:
    """Which of ascending places to label, so that labels are ``least`` apart; the last always."""
    chosen: list[int] = []
    for number in reversed(range(len(places))):
        if not chosen or places[chosen[-1]] - places[number] >= least:
            chosen.append(number)
    return chosen[::-1]


def spread(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Places moved to be ``least`` apart and between the ends, in their order.

    What does not fit between the ends goes below the lower one.
    """
    order = np.argsort(places, kind="stable").tolist()
    moved = [0.0] * len(places)
    floor = low
    for number in order:
        moved[number] = max(float(places[number]), floor)
        floor = moved[number] + least
    ceiling = high
    for number in reversed(order):
        moved[number] = min(moved[number], ceiling)
        ceiling = moved[number] - least
    return moved


def count_ticks(last: int, most: int = 6) -> list[float]:
    """Of places that are counted from 0: whole numbers."""
    return [tick for tick in linear_ticks(0, last, most) if tick == round(tick)]


def names_of(texts: Sequence[str], most: int) -> dict[str, str]:
    """What each text is called where there is little room: no two by one name."""
    names: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        short = elide(visible(text), most)
        same = [name for name in names.values() if name.partition(" #")[0] == short]
        names[text] = f"{short} #{len(same) + 1}" if same else short
    return names
