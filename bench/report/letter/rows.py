# SPDX-License-Identifier: GPL-2.0-only
"""What a letter compares: two methods of a run, or two kernels, row by row."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from bench.model.cell import Cell
from bench.model.cell_state import CellState
from bench.stats.samples import samples_of
from bench.stats.summary import Summary, median_interval, summarize


@dataclass(frozen=True)
class Value:
    """One figure of a table, or why there is none.

    The interval in ``summary`` and the ``spread`` (standard deviation over mean) are over
    reps where there is one boot, else over the medians of boots.
    """

    state: CellState
    reason: str = ""
    summary: Summary | None = None
    boots: int = 0
    spread: float | None = None
    estimate: float | None = None

    @property
    def level(self) -> float | None:
        """The median, or what it is estimated to be."""
        return self.summary.median if self.summary else self.estimate

    @property
    def interval(self) -> tuple[float, float] | None:
        return self.summary.interval if self.summary else None

    @property
    def n(self) -> int:
        return self.summary.n if self.summary else 0


def value_of(boots: ArrayLike, ticks: ArrayLike) -> Value:
    """Of at least one rep: the ticks, and the boot that each was measured in."""
    medians = samples_of(boots, ticks).medians
    several = len(medians) > 1
    alone = medians if several else np.asarray(ticks, dtype=np.float64)
    summary = replace(summarize(np.asarray(ticks)), interval=median_interval(alone.tolist()))
    mean = float(alone.mean())
    spread = float(alone.std(ddof=1)) / mean if len(alone) > 1 and mean > 0 else None
    return Value(CellState.MEASURED, "", summary, len(medians), spread)


@dataclass(frozen=True)
class Row:
    """``ratio`` is how many of ``new`` fit into ``base``; ``control`` is the handover alone."""

    cell: Cell  # as it is shown: its method is that of ``new``
    base: Value
    new: Value
    ratio: float | None = None
    interval: tuple[float, float] | None = None  # of the ratio, 95 %
    control: float | None = None  # median

    @property
    def measured(self) -> bool:
        both = self.base.summary and self.new.summary
        return bool(both) and self.ratio is not None and math.isfinite(self.ratio)

    @property
    def guessed(self) -> bool:
        """There is a ratio or a difference, but an extrapolated one."""
        return CellState.EXTRAPOLATED in (self.base.state, self.new.state)

    @property
    def gain(self) -> float:
        return self.ratio or 0.0


@dataclass(frozen=True)
class Comparison:
    """``base`` and ``new`` head the columns; ``of`` is what both are of, where that is one."""

    base: str
    new: str
    rows: tuple[Row, ...]
    of: str = ""
    quantity: str = "pause"

    @property
    def values(self) -> list[Value]:
        return [value for row in self.rows for value in (row.base, row.new)]

    @property
    def measured(self) -> list[Row]:
        """Rows in which two things are compared, the worst first."""
        return sorted((row for row in self.rows if row.measured), key=lambda row: row.gain)

    def named(self, side: str) -> str:
        """``new-owner``, or ``new-owner with base``."""
        return f"{self.of} with {side}" if self.of else side
