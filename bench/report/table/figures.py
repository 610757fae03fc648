# SPDX-License-Identifier: GPL-2.0-only
"""What an export says of each cell: its figures, or why it has none. Nothing is left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bench.errors import CannotJudge
from bench.model.cell import Cell
from bench.model.cell_state import CellState
from bench.model.method import Phase
from bench.report.table.cells import CellTable
from bench.report.table.growth import Estimate
from bench.results.writer import Run
from bench.sides.names import cell_name
from bench.stats.summary import Summary


@dataclass(frozen=True)
class Figures:
    """In the unit of the run. Without a pause nothing was measured that counts.

    ``estimate`` is what an extrapolated cell has: its value and a 95 % interval.
    ``ratio`` is how many of this cell's pauses fit into that of ``base``, by medians; it
    has no interval where one of both is an estimate.
    """

    cell: Cell
    state: CellState
    reason: str = ""
    pause: Summary | None = None
    boots: int = 0
    phases: Mapping[Phase, float] = field(default_factory=dict)  # medians: they do not add up
    counters: Mapping[str, float] = field(default_factory=dict)  # medians
    own: float | None = None  # median of what the method itself costs
    ratio: float | None = None
    ratio_interval: tuple[float, float] | None = None  # 95 %
    base: Cell | None = None
    estimate: Estimate | None = None


def figures(run: Run, table: CellTable | None = None) -> list[Figures]:
    """Make the figures of every cell of a run, in the order of its table, missing cells last."""
    table = table or CellTable(run)
    found = [_figures(table, cell) for cell in table.cells]
    return found + [Figures(cell, CellState.MISSING, why) for cell, why in run.missing.items()]


def require_measured(run: Run, table: CellTable) -> None:
    """Raise CannotJudge, with the first reason, for a run of which no cell has a figure."""
    if table.measured:
        return
    rows = figures(run, table)
    states = [row.state for row in rows]
    why = ", ".join(f"{states.count(state)} {state}" for state in CellState if state in states)
    if rows:
        why += f"; the first: {cell_name(rows[0].cell)}: {rows[0].state}: {rows[0].reason}"
    raise CannotJudge(f"{run.path}: no cell was measured ({why or 'it has no sample'})")


def _figures(table: CellTable, cell: Cell) -> Figures:
    state, reason = table.state(cell)
    value, why_not = table.extrapolated(cell)
    if value:
        return _estimated(table, cell, reason, value)
    if state is not CellState.MEASURED:
        return Figures(cell, state, f"{reason}; not extrapolated: {why_not}" if why_not else reason)
    return Figures(
        cell=cell,
        state=state,
        reason=reason,
        pause=table.pause(cell),
        boots=len({*table.ok(cell).boot.tolist()}),
        phases={phase: table.phases(cell, phase).median for phase in table.by_phase(cell)},
        counters=table.counters(cell),
        own=table.own(cell).median,
        ratio=table.ratio(cell),
        ratio_interval=table.ratio_interval(cell),
        base=table.base(cell),
    )


def _estimated(table: CellTable, cell: Cell, reason: str, estimate: Estimate) -> Figures:
    """Make an estimate's figures, with its ratio to a base that is an estimate too."""
    found = Figures(cell, CellState.EXTRAPOLATED, reason, estimate=estimate)
    for base in table.bases(cell):
        if of_base := table.extrapolated(base)[0]:
            ratio = of_base[0] / estimate[0] if estimate[0] else None
            return replace(found, ratio=ratio, base=base)
    return found
