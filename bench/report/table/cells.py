# SPDX-License-Identifier: GPL-2.0-only
"""Summarize the samples of a run by cell: what every kind of report is made from."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.model.cell import VARIANTS, Cell
from bench.model.cell_state import CellState
from bench.model.method import OWN_PHASES, Method, Phase
from bench.model.units import KIB
from bench.report.table.growth import Estimate, extrapolate, growth
from bench.results.columns import ABSENT, NO_LINES, CellColumns
from bench.results.writer import Run
from bench.stats.ratios import median_ratio, ratio_interval
from bench.stats.samples import Samples, samples_of
from bench.stats.scaling import LEAST_SIZES, FittedLine
from bench.stats.summary import Summary, summarize

# Rows stand in this order: what is compared with first, the control last.
METHODS = (
    Method.RESET_OWNER,
    Method.REOPEN,
    Method.NEW_OWNER,
    Method.RESUME,
    Method.RESET_OWNER_BACK,
    Method.NEW_OWNER_BACK,
    Method.VFIO_REMAP,
    Method.VFIO_VADDR,
    Method.IOMMUFD_REMAP,
    Method.IOMMUFD_PROCESS,
    Method.EXEC_ONLY,
)
ORDER = (*METHODS, *(method for method in Method if method not in METHODS))
# What a method is held against: the first of these that was measured.
BASES: Mapping[Method, tuple[Method, ...]] = {
    Method.NEW_OWNER: (Method.RESET_OWNER, Method.REOPEN),
    Method.RESUME: (Method.RESET_OWNER, Method.REOPEN),
    Method.NEW_OWNER_BACK: (Method.RESET_OWNER_BACK,),
    Method.VFIO_VADDR: (Method.VFIO_REMAP,),
    Method.IOMMUFD_PROCESS: (Method.IOMMUFD_REMAP,),
    Method.REOPEN: (Method.RESET_OWNER,),
}


class CellTable:
    """Cells in the order of a table, each with what was measured of it."""

    def __init__(self, run: Run) -> None:
        self.unit = run.clock.unit
        self._columns = {cell: run.by_cell[cell] for cell in sorted(run.by_cell, key=place_of)}
        self._summaries: dict[tuple[Cell, tuple[Phase, ...]], Summary] = {}
        self._sizes: dict[tuple[object, ...], list[Cell]] = {}
        self._smallest: dict[tuple[object, ...], Cell] = {}
        for cell in sorted(self.measured, key=lambda cell: cell.mem):
            self._sizes.setdefault(_kind(cell), []).append(cell)
            self._smallest.setdefault(_but_mem(cell), cell)

    @property
    def cells(self) -> list[Cell]:
        return [*self._columns]

    @property
    def measured(self) -> list[Cell]:
        return [cell for cell in self._columns if self.ok(cell)]

    def ok(self, cell: Cell) -> CellColumns:
        """Return the samples that count: none of a cell that failed in any boot."""
        return self._columns.get(cell, NO_LINES).measured

    def pause(self, cell: Cell) -> Summary:
        """Summarize the pause of a measured cell."""
        return self.phases(cell, *Phase)

    def phases(self, cell: Cell, *phases: Phase) -> Summary:
        """Summarize the sum of some phases, rep by rep, of a measured cell."""
        key = (cell, phases)
        if key not in self._summaries:
            self._summaries[key] = summarize(self.ticks(cell, *phases), self.ok(cell).boot)
        return self._summaries[key]

    def ticks(self, cell: Cell, *phases: Phase) -> NDArray[np.int64]:
        """Return the sum of some phases of each rep; a phase that the cell has not adds 0."""
        parts = self.by_phase(cell)
        nothing = np.zeros(len(self.ok(cell)), np.int64)
        return sum((parts[phase] for phase in phases if phase in parts), nothing)

    def by_phase(self, cell: Cell) -> Mapping[Phase, NDArray[np.int64]]:
        """Return the ticks of every phase that the cell has, rep by rep."""
        return self.ok(cell).phases

    def settle(self, cell: Cell) -> Summary:
        """Summarize what is left out of the pause of a measured cell."""
        return summarize(self.ok(cell).settle)

    def after_pause(self, cell: Cell) -> Summary | None:
        """Summarize the first touch of all memory behind the pause; None where no rep timed it."""
        found = self.ok(cell).after_pause
        return summarize(found) if found.any() else None

    def with_touch(self, cell: Cell) -> NDArray[np.int64] | None:
        """Return the ticks of pause and `after_pause` of each rep; None where no rep timed it."""
        touched = self.ok(cell).after_pause
        return self.ticks(cell, *Phase) + touched if touched.any() else None

    def extents(self, cell: Cell) -> int:
        """Return the number of physically contiguous pieces of a measured cell's memory."""
        return int(self.ok(cell).extents[0])

    def counters(self, cell: Cell) -> dict[str, float]:
        """Return medians of what was counted beside the clock in every rep of a measured cell."""
        found = self.ok(cell).counters.items()
        return {name: summarize(each).median for name, each in found if ABSENT not in each}

    def own(self, cell: Cell) -> Summary:
        """Summarize what the method itself costs: release, claim and map."""
        return self.phases(cell, *OWN_PHASES)

    def base(self, cell: Cell) -> Cell | None:
        """Return the measured cell to compare with, which differs only in its method."""
        return next((other for other in self.bases(cell) if self.ok(other)), None)

    def bases(self, cell: Cell) -> list[Cell]:
        """Return cells of the run that it could be held against, the best first."""
        others = (replace(cell, method=method) for method in BASES.get(cell.method, ()))
        return [other for other in others if other in self._columns]

    def ratio(self, cell: Cell) -> float | None:
        """Return the median pause of its base over its own; None without a base."""
        base = self.base(cell)
        return median_ratio(self.side_of(base), self.side_of(cell)) if base else None

    def ratio_interval(self, cell: Cell) -> tuple[float, float] | None:
        """Return the 95 % interval of `ratio`; None for no base, or too few reps or boots.

        Of one boot it is enough: both methods took turns in it.
        """
        base = self.base(cell)
        return ratio_interval(self.side_of(base), self.side_of(cell)) if base else None

    def side_of(self, cell: Cell) -> Samples:
        """Return its pauses and their boots, to be held against another cell's or run's."""
        return samples_of(self.ok(cell).boot, self.ticks(cell, *Phase))

    def smallest(self, cell: Cell) -> Cell:
        """Return the measured cell with the least memory that differs in nothing else."""
        return self._smallest[_but_mem(cell)]

    def sizes(self, cell: Cell) -> list[Cell]:
        """Return measured cells that differ in nothing but their memory, by size."""
        return self._sizes.get(_kind(cell), [])

    def scaling(self, cell: Cell, *phases: Phase) -> tuple[FittedLine, str]:
        """Fit a line through medians of `sizes` against 4 KiB pages; return it, and why it is none.

        Of some phases, or of the whole pause. ValueError for fewer than two sizes.
        """
        return growth(self._by_mem(cell, *(phases or Phase)), 4 * KIB)

    def _by_mem(self, cell: Cell, *phases: Phase) -> dict[int, float]:
        return {each.mem: self.phases(each, *phases).median for each in self.sizes(cell)}

    def extrapolated(self, cell: Cell) -> tuple[Estimate | None, str]:
        """Estimate the pause of a cell that was skipped from smaller ones, with a 95 % interval.

        Or say why there is no estimate; nothing where so few were measured that none is expected.
        """
        if self.state(cell)[0] is not CellState.SKIPPED:
            return None, ""
        if sum(each.mem < cell.mem for each in self.sizes(cell)) < LEAST_SIZES:
            return None, ""
        return extrapolate(self._by_mem(cell, *Phase), cell.mem, 4 * KIB)

    def state(self, cell: Cell) -> tuple[CellState, str]:
        """Tell whether a cell was measured, and why not: see `state_of`."""
        return self._columns[cell].state


def _but_mem(cell: Cell) -> tuple[object, ...]:
    """Return all factors but those of memory."""
    return cell.without("mem", "file", "backing")


def _kind(cell: Cell) -> tuple[object, ...]:
    """Tell lines apart: distinct and repeated pages differ in tables and caches."""
    return cell.without("mem", "file")


def place_of(cell: Cell) -> tuple[object, ...]:
    """Return what tables are sorted by."""
    key = cell.sort_key("device", "pages", "mem", *VARIANTS, "file")
    return *key, ORDER.index(cell.method)
