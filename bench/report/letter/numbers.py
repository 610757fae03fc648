# SPDX-License-Identifier: GPL-2.0-only
"""Figures of a column: one unit for all of them, named in its head."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"))
_COUNTS = ((1e9, "G insn"), (1e6, "M insn"), (1e3, "k insn"), (1.0, "insn"))
_MOST = 6  # decimals
GUESSED = "~: extrapolated from the line through smaller sizes, not measured"


@dataclass(frozen=True)
class Scale:
    """Ticks that make one of ``unit``; a count of instructions has no unit of time."""

    ticks: float
    unit: str

    def decimals(self, values: Iterable[float | None]) -> int:
        """Count the decimals that leave the smallest value four digits."""
        least = min((value / self.ticks for value in values if value), default=1.0)
        return min(max(3 - math.floor(math.log10(least)), 0), _MOST if self.ticks > 1 else 1)

    def shown(self, value: float, decimals: int) -> str:
        return f"{value / self.ticks:.{decimals}f}"


def scale_of(values: Iterable[float | None], unit: str, floor: float = 1) -> Scale:
    """Choose the largest unit in which no value is below ``floor``, and none has seven digits."""
    found = [value for value in values if value]
    least, most = min(found, default=1.0), max(found, default=1.0)
    scales = _TIMES if unit == "ns" else _COUNTS
    fitting = (scale for scale in scales if least >= floor * scale[0] or most >= scale[0] * 1e6)
    return Scale(*next(fitting, scales[-1]))


def counts(found: Iterable[int]) -> str:
    """Spell the range of counts: ``10``, or ``8 to 10``; ``0`` of none."""
    numbers = sorted({*found}) or [0]
    return " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))


def share(value: float) -> str:
    """Spell a share in percent with two digits: ``71 %``, ``0.02 %``."""
    percent = 100 * value
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"
