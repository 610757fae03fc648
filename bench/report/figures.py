# SPDX-License-Identifier: GPL-2.0-only
"""What an export says of each cell: its figures, or why it has none. Nothing is left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from bench.model import Cell, Phase
from bench.report.cells import CellTable
from bench.report.ticks import phase_ticks
from bench.stats.summary import Summary
from bench.store import Run


class State(StrEnum):
    MEASURED = "measured"
    SKIPPED = "skipped"
    FAILED = "failed"
    EXTRAPOLATED = "extrapolated"  # from smaller sizes, by a line: no measurement
    MISSING = "missing"  # planned, but the run was interrupted or damaged


@dataclass(frozen=True)
class Figures:
    """In the unit of the run. Without a pause nothing was measured that counts.

    ``estimate`` is what an extrapolated cell has: its value and a 95 % interval.
    ``ratio`` is how many of this cell's pauses fit into that of ``base``, by medians.
    """

    cell: Cell
    state: State
    reason: str = ""
    pause: Summary | None = None
    boots: int = 0
    phases: Mapping[Phase, float] = field(default_factory=dict)  # medians
    counters: Mapping[str, float] = field(default_factory=dict)  # medians
    ratio: float | None = None
    base: Cell | None = None
    estimate: tuple[float, float, float] | None = None


def figures(run: Run) -> list[Figures]:
    """Of every cell of a run, in the order of its table; those that left no line last."""
    table = CellTable(run)
    found = [_figures(table, cell) for cell in table.cells]
    return found + [Figures(cell, State.MISSING, why) for cell, why in run.missing.items()]


def _figures(table: CellTable, cell: Cell) -> Figures:
    problem = table.problem(cell)
    if problem.startswith("failed") or not table.ok(cell):
        return _without(table, cell, problem)
    base = table.base(cell)
    base = base if base and not table.problem(base).startswith("failed") else None
    return Figures(
        cell=cell,
        state=State.MEASURED,
        reason=problem,  # what kept another boot from measuring it too
        pause=table.pause(cell),
        boots=len({sample.boot for sample in table.ok(cell)}),
        phases=dict(_phases(table, cell)),
        counters=table.counters(cell),
        ratio=table.ratio(cell) if base else None,
        base=base,
    )


def _without(table: CellTable, cell: Cell, problem: str) -> Figures:
    """A cell that failed in one boot has no figure, whatever the others measured."""
    if problem.startswith("failed"):
        return Figures(cell, State.FAILED, problem.removeprefix("failed: "))
    reason = problem.removeprefix("skipped: ")
    if estimate := table.extrapolated(cell):
        return Figures(cell, State.EXTRAPOLATED, reason, estimate=estimate)
    if problem:
        return Figures(cell, State.SKIPPED, reason)
    return Figures(cell, State.MISSING, "only its warm-up is there")


def _phases(table: CellTable, cell: Cell) -> Iterator[tuple[Phase, float]]:
    """A phase by its median: medians do not add up to that of the pause."""
    for phase, (values, _) in phase_ticks(table.ok(cell)).items():
        yield phase, float(np.median(values))
