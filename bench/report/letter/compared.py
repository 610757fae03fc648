# SPDX-License-Identifier: GPL-2.0-only
"""What a letter compares: two methods of one run, or one method under two kernels."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from bench.errors import CannotJudge, UsageError
from bench.model.cell import Cell, Clock
from bench.model.cell_state import CellState, state_of
from bench.model.method import Experiment, Method
from bench.report.letter.factors import Names, cell_order, cell_place
from bench.report.letter.numbers import Scale
from bench.report.table.cells import CellTable
from bench.report.table.figures import Figures
from bench.report.table.findings import method_pairs
from bench.results.writer import Run
from bench.sides import (
    Breakdown,
    Explanation,
    Side,
    breakdown,
    differences,
    explain,
    keys_of,
    side_of,
)
from bench.stats.ratios import ratio_interval
from bench.stats.samples import samples_of
from bench.stats.summary import Summary, ratio, summarize

BASE, NEW = "base", "new"  # how two kernels are told apart in a table


@dataclass(frozen=True)
class Value:
    """One figure of a table, or why there is none.

    Median and interval in ``summary`` and the ``spread`` (standard deviation over mean) are over
    reps where there is one boot, else over the medians of boots. ``phases`` has the median of each.
    """

    state: CellState
    reason: str = ""
    summary: Summary | None = None
    boots: int = 0
    spread: float | None = None
    estimate: float | None = None
    phases: Mapping[str, float] = field(default_factory=dict)

    @property
    def level(self) -> float | None:
        """The median, or what it is estimated to be."""
        return self.summary.median if self.summary else self.estimate

    def shown(self, scale: Scale, decimals: int) -> str:
        """Spell the median, ``~`` before an estimate, or the state where there is neither."""
        if self.level is None:
            return self.state.value
        return f"{'' if self.summary else '~'}{scale.shown(self.level, decimals)}"

    @property
    def n(self) -> int:
        return self.summary.n if self.summary else 0


def value_of(boots: ArrayLike, ticks: ArrayLike) -> Value:
    """Summarize at least one rep, given the ticks and the boot of each."""
    side = samples_of(boots, ticks)
    medians = side.medians
    alone = medians if len(medians) > 1 else side.values
    summary = summarize(np.asarray(ticks), side.boots)
    mean = float(alone.mean())
    spread = float(alone.std(ddof=1)) / mean if len(alone) > 1 and mean > 0 else None
    return Value(CellState.MEASURED, "", summary, len(medians), spread)


@dataclass(frozen=True)
class ComparedRow:
    """``ratio`` is how many of ``new`` fit into ``base``; ``control`` is the handover alone."""

    cell: Cell  # as it is shown: its method is that of ``new``
    base: Value
    new: Value
    ratio: float | None = None
    interval: tuple[float, float] | None = None  # of the ratio, 95 %
    apart: bool = False  # each side is of one boot, which differs by itself: no interval
    control: float | None = None  # median
    phases: Breakdown | None = None  # of the difference between two kernels
    explanation: Explanation | None = None  # of the same, by function

    @property
    def measured(self) -> bool:
        both = self.base.summary and self.new.summary
        return bool(both) and self.ratio is not None and math.isfinite(self.ratio)

    @property
    def guessed(self) -> bool:
        """Tell whether one of both is extrapolated."""
        return CellState.EXTRAPOLATED in (self.base.state, self.new.state)

    @property
    def same(self) -> bool:
        """Tell whether the interval of the ratio holds 1."""
        return bool(self.interval and self.interval[0] <= 1 <= self.interval[1])

    @property
    def gain(self) -> float:
        return self.ratio or 0.0


@dataclass(frozen=True)
class Comparison:
    """``base`` and ``new`` head the columns; ``of`` is what both are of, where that is one."""

    base: str
    new: str
    rows: tuple[ComparedRow, ...]
    of: str = ""
    quantity: str = "pause"

    @property
    def values(self) -> list[Value]:
        return [value for row in self.rows for value in (row.base, row.new)]

    @property
    def measured(self) -> list[ComparedRow]:
        """Rows in which two things are compared, the worst first."""
        return sorted((row for row in self.rows if row.measured), key=lambda row: row.gain)

    def named(self, side: str) -> str:
        """``new-owner``, or ``new-owner with base``."""
        return f"{self.of} with {side}" if self.of else side


@dataclass(frozen=True)
class Hole:
    """A cell without a figure, or with less than was planned."""

    where: str
    what: str  # the method, and of which kernel
    state: CellState
    reason: str


def within(table: CellTable, found: Sequence[Figures], names: Names) -> list[Comparison]:
    """Compare each two methods of a run that `method_pairs` holds against each other."""
    figures = {row.cell: row for row in found}
    return [_methods(pair.base, pair.method, table, figures, names) for pair in method_pairs(found)]


def _methods(
    base: Method,
    method: Method,
    table: CellTable,
    figures: Mapping[Cell, Figures],
    names: Names,
) -> Comparison:
    """Compare two methods, in a row for every cell that was to have both, measured or not."""
    cells = [cell for cell in figures if cell.method is method]
    both = [cell for cell in cells if replace(cell, method=base) in figures]
    rows = []
    for cell in sorted(both, key=cell_order):
        row, other = figures[cell], figures[replace(cell, method=base)]
        held = row.base == other.cell
        rows.append(
            ComparedRow(
                cell=names.shown(cell),
                base=value_of_figures(table, other),
                new=value_of_figures(table, row),
                ratio=row.ratio if held else None,
                interval=row.ratio_interval if held else None,
                control=_control(figures.get(replace(cell, method=Method.EXEC_ONLY))),
            )
        )
    return Comparison(base.value, method.value, tuple(rows))


def value_of_figures(table: CellTable, row: Figures) -> Value:
    """Make the value of a cell of a run: a summary, an estimate, or why there is neither."""
    if row.state is CellState.MEASURED:
        found = value_of(table.ok(row.cell).boot, table.ticks(row.cell, *row.phases))
        return replace(found, phases={str(phase): ticks for phase, ticks in row.phases.items()})
    return Value(row.state, row.reason, estimate=row.estimate[0] if row.estimate else None)


def _control(row: Figures | None) -> float | None:
    return row.pause.median if row and row.pause else None


def alone(found: Sequence[Figures]) -> list[Figures]:
    """List live updates that are measured or estimated, and in no table of two methods.

    The control is one of them only where there is nothing else.
    """
    cells = {row.cell for row in found}
    twos = [(pair.base, pair.method) for pair in method_pairs(found)]
    shown = {
        replace(cell, method=method)
        for cell in cells
        for two in twos
        if cell.method in two and all(replace(cell, method=other) in cells for other in two)
        for method in two
    }
    live = [r for r in found if r.cell.method.experiment is Experiment.LIVE_UPDATE]
    left = [r for r in live if (r.pause or r.estimate) and r.cell not in shown]
    methods = [r for r in left if r.cell.method is not Method.EXEC_ONLY]
    return methods or ([] if shown else left)


def holes(found: Iterable[Figures], names: Names) -> list[Hole]:
    """List the cells of a run that have no figure, or less than was planned."""
    return [
        Hole(cell_place(names.shown(row.cell)), row.cell.method.value, row.state, row.reason)
        for row in found
        if row.reason
    ]


def sides(runs: Sequence[Run], base: Sequence[Run]) -> tuple[Side, Side]:
    """Read what was measured on two kernels, each in any number of boots, as (base, new).

    CannotJudge for damaged runs and for unlike ones, as `bench compare` has it.
    """
    old, new = side_of(base), side_of(runs)
    unlike = differences(old, new)
    if unlike:
        raise CannotJudge(f"these cannot be compared: {'; '.join(unlike)}", "measure both alike")
    if not old.cells.keys() & new.cells.keys():
        raise UsageError("--base: no cell was measured in both", "name runs of one scenario")
    return old, new


def between(base: Side, new: Side, names: Names) -> list[Comparison]:
    """Compare two kernels method by method, with every cell that either side knows."""
    keys = cells_of(base, new)
    methods = [m for m in Method if any(key.method is m for key in keys)]
    found = []
    for method in methods:
        cells = sorted((key for key in keys if key.method is method), key=cell_order)
        rows = tuple(_across(cell, base, new, names) for cell in cells)
        pins = method.experiment is Experiment.PIN
        quantity = "pin + unpin" if pins else "pause"
        found.append(Comparison(BASE, NEW, rows, method.value, quantity))
    return found


def cells_of(base: Side, new: Side) -> list[Cell]:
    """List the cells that either side knows, each once."""
    return [key for key in keys_of(base, new) if isinstance(key, Cell)]


def _across(cell: Cell, base: Side, new: Side, names: Names) -> ComparedRow:
    old, now = _of_side(cell, base), _of_side(cell, new)
    row = ComparedRow(names.shown(cell), old, now)
    if not (old.summary and now.summary):
        return row
    before, after = (samples_of(s.cells[cell].boots, s.cells[cell].values) for s in (base, new))
    gain = ratio(old.summary, now.summary)
    phases = breakdown(base.cells[cell], new.cells[cell])
    counted = new.unit == Clock.ICOUNT.unit
    interval = ratio_interval(before, after, one_boot_is_enough=counted)
    why = _explained(cell, base, new, gain)
    apart = not counted and max(old.boots, now.boots) == 1
    return replace(row, ratio=gain, interval=interval, apart=apart, phases=phases, explanation=why)


def _explained(cell: Cell, base: Side, new: Side, gain: float | None) -> Explanation | None:
    """Name the functions that a cell's pauses differ by, where both sides have a profile."""
    before, after = base.functions(cell), new.functions(cell)
    return explain(cell, before, after, 1 / gain - 1) if before and after and gain else None


def _of_side(cell: Cell, side: Side) -> Value:
    series = side.cells.get(cell)
    if series is not None:
        by_boot = series.phases_by_boot().items()
        phases = {str(phase): float(np.median(medians)) for phase, medians in by_boot}
        return replace(value_of(series.boots, series.values), phases=phases)
    return Value(*state_of([side.without.get(cell, "missing: it knows no such cell")]))


def holes_between(comparisons: Iterable[Comparison]) -> list[Hole]:
    """List the cells that one of two kernels did not measure."""
    return [
        Hole(cell_place(row.cell), comparison.named(name), value.state, value.reason)
        for comparison in comparisons
        for row in comparison.rows
        for name, value in ((BASE, row.base), (NEW, row.new))
        if value.state is not CellState.MEASURED
    ]
