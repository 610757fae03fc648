# SPDX-License-Identifier: GPL-2.0-only
"""The samples of a run by cell: what every kind of report is made from."""

from dataclasses import replace
from itertools import groupby

from bench.model import OWN_PHASES, Cell, Method, Pages, Phase, Sample
from bench.stats.summary import Summary, ratio, summarize
from bench.store import Run

# Rows stand in this order: what is compared with first, the control last.
METHODS = (Method.RESET_OWNER, Method.REOPEN, Method.NEW_OWNER, Method.EXEC_ONLY)


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

    def own(self, cell: Cell) -> Summary:
        """What the method itself costs: release, claim and map."""
        return self.phases(cell, *OWN_PHASES)

    def base(self, cell: Cell) -> Cell | None:
        """The measured cell to compare with: it differs only in its method."""
        if cell.method in (Method.RESET_OWNER, Method.EXEC_ONLY):
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

    def problem(self, cell: Cell) -> str:
        """Why a cell has no sample, empty when it has."""
        statuses = [sample.status for sample in self._samples[cell]]
        return next((status for status in statuses if status.startswith(("failed", "skipped"))), "")


def _but_mem(cell: Cell) -> tuple[object, ...]:
    return cell.device, cell.pages, cell.method, cell.ptes, cell.handover, cell.regions


def _place(cell: Cell) -> tuple[object, ...]:
    pages = [*Pages].index(cell.pages)
    variant = (cell.ptes.value, cell.handover.value, cell.regions, cell.file)
    return cell.device, pages, cell.mem, variant, METHODS.index(cell.method)
