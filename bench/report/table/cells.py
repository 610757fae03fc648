# SPDX-License-Identifier: GPL-2.0-only
"""The samples of a run by cell: what every kind of report is made from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.model.cell import OWN_PHASES, Cell, Method, Pages, Phase, Sample
from bench.model.cell_state import CellState, state_of
from bench.model.units import KIB
from bench.report.table.growth import Estimate, extrapolate, growth
from bench.report.table.ticks import phase_ticks
from bench.results.writer import Run
from bench.stats.ratios import ratio_interval
from bench.stats.samples import Samples, samples_of
from bench.stats.scaling import FittedLine
from bench.stats.summary import Summary, ratio, summarize

# Rows stand in this order: what is compared with first, the control last.
METHODS = (
    Method.RESET_OWNER,
    Method.REOPEN,
    Method.NEW_OWNER,
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
    Method.VFIO_VADDR: (Method.VFIO_REMAP,),
    Method.IOMMUFD_PROCESS: (Method.IOMMUFD_REMAP,),
    Method.REOPEN: (Method.RESET_OWNER,),
}


class CellTable:
    """Cells in the order of a table, each with what was measured of it."""

    def __init__(self, run: Run) -> None:
        self.unit = run.clock.unit
        groups = _by_cell(run.samples)
        self._samples = {cell: groups[cell] for cell in sorted(groups, key=place_of)}
        self._ok = {cell: _complete(found) for cell, found in self._samples.items()}
        self._ticks: dict[Cell, dict[Phase, NDArray[np.int64]]] = {}
        self._summaries: dict[tuple[Cell, tuple[Phase, ...]], Summary] = {}
        self._sizes: dict[tuple[object, ...], list[Cell]] = {}
        self._smallest: dict[tuple[object, ...], Cell] = {}
        for cell in sorted(self.measured, key=lambda cell: cell.mem):
            self._sizes.setdefault(_kind(cell), []).append(cell)
            self._smallest.setdefault(_but_mem(cell), cell)

    @property
    def cells(self) -> list[Cell]:
        return [*self._samples]

    @property
    def measured(self) -> list[Cell]:
        return [cell for cell, samples in self._ok.items() if samples]

    def ok(self, cell: Cell) -> Sequence[Sample]:
        return self._ok.get(cell, [])

    def pause(self, cell: Cell) -> Summary:
        """Of a measured cell."""
        return self.phases(cell, *Phase)

    def phases(self, cell: Cell, *phases: Phase) -> Summary:
        """Of the sum of some phases, rep by rep, of a measured cell."""
        key = (cell, phases)
        if key not in self._summaries:
            self._summaries[key] = summarize(self.ticks(cell, *phases))
        return self._summaries[key]

    def ticks(self, cell: Cell, *phases: Phase) -> NDArray[np.int64]:
        """The sum of some phases of each rep; those that the cell has not are nothing."""
        parts = self.by_phase(cell)
        nothing = np.zeros(len(self.ok(cell)), np.int64)
        return sum((parts[phase] for phase in phases if phase in parts), nothing)

    def by_phase(self, cell: Cell) -> Mapping[Phase, NDArray[np.int64]]:
        """The ticks of every phase that the cell has, rep by rep."""
        if cell not in self._ticks:
            found = phase_ticks(self.ok(cell))
            self._ticks[cell] = {phase: values for phase, (values, _) in found.items()}
        return self._ticks[cell]

    def runs(self, cell: Cell) -> int:
        """Physically contiguous runs of a measured cell's memory: what an iotlb entry is."""
        return self.ok(cell)[0].runs

    def counters(self, cell: Cell) -> dict[str, float]:
        """Medians of what was counted beside the clock, in every rep of a measured cell."""
        samples = self.ok(cell)
        names = [n for n in samples[0].counters if all(n in s.counters for s in samples)]
        return {name: summarize([s.counters[name] for s in samples]).median for name in names}

    def own(self, cell: Cell) -> Summary:
        """What the method itself costs: release, claim and map."""
        return self.phases(cell, *OWN_PHASES)

    def base(self, cell: Cell) -> Cell | None:
        """The measured cell to compare with: it differs only in its method."""
        return next((other for other in self.bases(cell) if self.ok(other)), None)

    def bases(self, cell: Cell) -> list[Cell]:
        """Cells of the run that it could be held against, the best first."""
        others = (replace(cell, method=method) for method in BASES.get(cell.method, ()))
        return [other for other in others if other in self._samples]

    def ratio(self, cell: Cell) -> float | None:
        """How many of this cell's pauses fit into that of its base."""
        base = self.base(cell)
        return ratio(self.pause(base), self.pause(cell)) if base else None

    def ratio_interval(self, cell: Cell) -> tuple[float, float] | None:
        """The 95 % interval of `ratio`; None for no base, or too few reps or boots."""
        base = self.base(cell)
        return ratio_interval(self.side_of(base), self.side_of(cell)) if base else None

    def side_of(self, cell: Cell) -> Samples:
        """Its pauses and their boots, to be held against another cell's or run's."""
        return samples_of([sample.boot for sample in self.ok(cell)], self.ticks(cell, *Phase))

    def smallest(self, cell: Cell) -> Cell:
        """The measured cell with the least memory that differs in nothing else."""
        return self._smallest[_but_mem(cell)]

    def sizes(self, cell: Cell) -> list[Cell]:
        """Measured cells that differ from this one in nothing but their memory, by size."""
        return self._sizes.get(_kind(cell), [])

    def scaling(self, cell: Cell, *phases: Phase) -> tuple[FittedLine, str]:
        """The line through all reps of `sizes` against 4 KiB pages, and why it is none.

        Of some phases, or of the whole pause. ValueError for fewer than two sizes.
        """
        return growth(self._by_mem(cell, *(phases or Phase)), 4 * KIB)

    def _by_mem(self, cell: Cell, *phases: Phase) -> dict[int, NDArray[np.int64]]:
        return {each.mem: self.ticks(each, *phases) for each in self.sizes(cell)}

    def extrapolated(self, cell: Cell) -> Estimate | None:
        """Pause of a cell that was left out, from smaller ones, and its 95 % interval."""
        if self.state(cell)[0] is not CellState.SKIPPED:
            return None
        return extrapolate(self._by_mem(cell, *Phase), cell.mem, 4 * KIB)

    def state(self, cell: Cell) -> tuple[CellState, str]:
        """Tell whether a cell was measured, and why not: see `state_of`."""
        samples = self._samples[cell]
        return state_of(("ok",) if self._ok[cell] is samples else (s.status for s in samples))


def _by_cell(samples: Iterable[Sample]) -> dict[Cell, list[Sample]]:
    """By the object first: a million samples share some hundred cells, and a hash takes long."""
    same: dict[int, list[Sample]] = {}
    groups: dict[Cell, list[Sample]] = {}
    for sample in samples:
        group = same.get(id(sample.cell))
        if group is None:
            group = same[id(sample.cell)] = groups.setdefault(sample.cell, [])
        group.append(sample)
    return groups


def _complete(samples: list[Sample]) -> list[Sample]:
    """Those that count: none of a cell that failed in any boot."""
    kept = [sample for sample in samples if sample.ok]
    if len(kept) == len(samples):
        return samples
    return [] if any(sample.status.startswith("failed") for sample in samples) else kept


def _but_mem(cell: Cell) -> tuple[object, ...]:
    variant = (cell.ptes, cell.handover, cell.regions, cell.batch, cell.threads)
    return cell.device, cell.pages, cell.method, *variant


def _kind(cell: Cell) -> tuple[object, ...]:
    """Distinct and repeated pages are not one line: their tables and caches differ."""
    return *_but_mem(cell), cell.backing


def place_of(cell: Cell) -> tuple[object, ...]:
    """What tables are sorted by."""
    pages = [*Pages].index(cell.pages)
    ways = (cell.handover.value, cell.regions, cell.batch.value, cell.threads)
    variant = (cell.ptes.value, *ways, cell.file)
    return cell.device, pages, cell.mem, variant, ORDER.index(cell.method)
