# SPDX-License-Identifier: GPL-2.0-only
"""The samples of a run by cell: what every kind of report is made from."""

from dataclasses import replace
from itertools import groupby

from bench.model import OWN_PHASES, Cell, Method, Pages, Phase, Sample
from bench.stats.scaling import LEAST_SIZES, Line, fit, why_not_a_line
from bench.stats.summary import Summary, ratio, summarize
from bench.store import Run
from bench.units import KIB

# Rows stand in this order: what is compared with first, the control last.
METHODS = (Method.RESET_OWNER, Method.REOPEN, Method.NEW_OWNER, Method.EXEC_ONLY)
_ORDER = (*METHODS, *(method for method in Method if method not in METHODS))


class CellTable:
    """Cells in the order of a table, each with what was measured of it."""

    def __init__(self, run: Run) -> None:
        self.unit = run.clock.unit
        ordered = sorted(run.samples, key=lambda sample: _place(sample.cell))
        self._samples = {cell: [*group] for cell, group in groupby(ordered, lambda s: s.cell)}

    @property
    def cells(self) -> list[Cell]:
        return [*self._samples]

    @property
    def measured(self) -> list[Cell]:
        return [cell for cell in self._samples if self.ok(cell)]

    def ok(self, cell: Cell) -> list[Sample]:
        return [sample for sample in self._samples.get(cell, []) if sample.ok]

    def pause(self, cell: Cell) -> Summary:
        """Of a measured cell."""
        return summarize([sum(sample.phases.values()) for sample in self.ok(cell)])

    def phases(self, cell: Cell, *phases: Phase) -> Summary:
        """Of the sum of some phases, rep by rep, of a measured cell."""
        return summarize([sum(s.phases.get(p, 0) for p in phases) for s in self.ok(cell)])

    def runs(self, cell: Cell) -> int:
        """Physically contiguous runs of a measured cell's memory: what an iotlb entry is."""
        return self.ok(cell)[0].runs

    def counters(self, cell: Cell) -> dict[str, float]:
        """Medians of what was counted beside the clock, in every rep of a measured cell."""
        samples = self.ok(cell)
        names = set.intersection(*(set(sample.counters) for sample in samples))
        return {name: summarize([s.counters[name] for s in samples]).median for name in names}

    def own(self, cell: Cell) -> Summary:
        """What the method itself costs: release, claim and map."""
        return self.phases(cell, *OWN_PHASES)

    def base(self, cell: Cell) -> Cell | None:
        """The measured cell to compare with: it differs only in its method."""
        if cell.method not in (Method.NEW_OWNER, Method.REOPEN):
            return None
        others = (replace(cell, method=method) for method in METHODS[:2])
        return next((other for other in others if other != cell and self.ok(other)), None)

    def ratio(self, cell: Cell) -> float | None:
        """How many of this cell's pauses fit into that of its base."""
        base = self.base(cell)
        return ratio(self.pause(base), self.pause(cell)) if base else None

    def smallest(self, cell: Cell) -> Cell:
        """The measured cell with the least memory that differs in nothing else."""
        like = [c for c in self.measured if _but_mem(c) == _but_mem(cell)]
        return min(like, key=lambda c: c.mem)

    def sizes(self, cell: Cell) -> list[Cell]:
        """Measured cells that differ from this one in nothing but their memory, by size."""
        like = [c for c in self.measured if _kind(c) == _kind(cell)]
        return sorted(like, key=lambda c: c.mem)

    def scaling(self, cell: Cell, *phases: Phase) -> tuple[Line, str]:
        """The line through all reps of `sizes` against 4 KiB pages, and why it is none.

        Of some phases, or of the whole pause. ValueError for fewer than two sizes.
        """
        wanted = phases or tuple(Phase)
        points = [
            (c.mem / (4 * KIB), sum(sample.phases.get(phase, 0) for phase in wanted))
            for c in self.sizes(cell)
            for sample in self.ok(c)
        ]
        pages, ticks = [x for x, _ in points], [y for _, y in points]
        return fit(pages, ticks), why_not_a_line(pages, ticks)

    def extrapolated(self, cell: Cell) -> tuple[float, float, float] | None:
        """Pause of a cell that was left out, from smaller ones, and its 95 % interval."""
        smaller = [c for c in self.sizes(cell) if c.mem < cell.mem]
        if len(smaller) < LEAST_SIZES or not self.problem(cell).startswith("skipped"):
            return None
        line, why_not = self.scaling(cell)
        return None if why_not else line.predict(cell.mem / (4 * KIB))

    def problem(self, cell: Cell) -> str:
        """Why a cell has no sample, empty when it has."""
        statuses = [sample.status for sample in self._samples[cell]]
        return next((status for status in statuses if status.startswith(("failed", "skipped"))), "")


def _but_mem(cell: Cell) -> tuple[object, ...]:
    variant = (cell.ptes, cell.handover, cell.regions, cell.batch, cell.threads)
    return cell.device, cell.pages, cell.method, *variant


def _kind(cell: Cell) -> tuple[object, ...]:
    """Distinct and repeated pages are not one line: their tables and caches differ."""
    return *_but_mem(cell), cell.backing


def _place(cell: Cell) -> tuple[object, ...]:
    pages = [*Pages].index(cell.pages)
    ways = (cell.handover.value, cell.regions, cell.batch.value, cell.threads)
    variant = (cell.ptes.value, *ways, cell.file)
    return cell.device, pages, cell.mem, variant, _ORDER.index(cell.method)
