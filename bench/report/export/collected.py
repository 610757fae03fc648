# SPDX-License-Identifier: GPL-2.0-only
"""Cells of runs as those who collect results take them: a name, a number, or why there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.model.cell_state import CellState
from bench.model.visible import visible
from bench.report.table.cells import CellTable
from bench.report.table.environment import no_result
from bench.report.table.figures import Figures, figures
from bench.report.table.labels import labels
from bench.results.writer import Run
from bench.sides.names import cell_name


@dataclass(frozen=True)
class Collected:
    """A cell of a run. ``unit`` is ``ns`` or ``instructions``, which are never a time."""

    suite: str  # the run's name
    name: str
    unit: str
    row: Figures
    run: Run

    @property
    def failed(self) -> bool:
        """True for a cell that was to be measured and has no proven figure."""
        return self.row.state in (CellState.FAILED, CellState.MISSING)

    @property
    def reason(self) -> str:
        """Say in one line why there is no number."""
        why = visible(self.row.reason) or self.row.state.value
        return why if self.row.state is not CellState.EXTRAPOLATED else f"not measured: {why}"

    @property
    def ends(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the median, or the range of reps that are too few."""
        pause = self.row.pause
        return None if pause is None else pause.interval or (pause.low, pause.high)


def collected(runs: Sequence[Run]) -> Iterator[Collected]:
    """Yield every cell of every run, measured or not, in the order of the tables.

    Where figures are no result, as of a sequence that is wrong on purpose, no cell has one.
    """
    for run, label in zip(runs, labels(runs), strict=True):
        table, void = CellTable(run), _void(run)
        for found in figures(run, table):
            row = Figures(found.cell, CellState.SKIPPED, void) if void and found.pause else found
            name = visible(cell_name(row.cell))
            yield Collected(visible(label), name, table.unit, row, run)


def _void(run: Run) -> str:
    """Say why no figure of a run is a result, "" where they are."""
    if broken := run.facts.asked.broken:
        return f"NO RESULT: --break {broken}: the sequence is wrong on purpose"
    return " ".join(no_result(run))
