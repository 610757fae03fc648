# SPDX-License-Identifier: GPL-2.0-only
"""Several runs in one frame for pandas: what each measured of a cell, and how they differ."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.model.cell import Cell
from bench.report.table.cells import CellTable
from bench.report.table.figures import Figures, figures
from bench.report.table.labels import labels
from bench.results.writer import Run
from bench.sides.names import cell_name
from bench.stats.ratios import ratio_interval


def cells_frame(runs: Sequence[Run], tables: Sequence[CellTable] | None = None) -> pd.DataFrame:
    """Make a row for each cell of each run, in the order of the runs; ValueError for no run.

    Columns: ``run``, ``cell`` (its name), ``state`` and ``reason`` as in
    bench.report.table.figures; ``unit``; ``median``, ``n`` and ``boots`` of the pause (an
    extrapolated cell has a median and no n); ``change``, ``low`` and ``high``: the pause as
    a part of that of the same cell in the first run, less 1, and its 95 % interval. NaN
    where there is none: of estimates, and of cells that one of both did not measure.
    """
    if not runs:
        raise ValueError("a comparison takes a run")
    tables = tables or [*map(CellTable, runs)]
    rows = [
        {"run": label, "unit": run.clock.unit, **row}
        for run, label, table in zip(runs, labels(runs), tables, strict=True)
        for row in _rows(run, table, tables[0])
    ]
    return pd.DataFrame(rows)


def _rows(run: Run, table: CellTable, first: CellTable) -> Iterator[dict[str, Any]]:
    for row in figures(run, table):
        yield {
            "cell": cell_name(row.cell),
            "state": row.state.value,
            "reason": row.reason,
            **_pause(row),
            **_change(row.cell, table, first),
        }


def _pause(row: Figures) -> dict[str, Any]:
    if row.pause:
        return {"median": row.pause.median, "n": row.pause.n, "boots": row.boots}
    return {"median": row.estimate[0] if row.estimate else np.nan, "n": 0, "boots": 0}


def _change(cell: Cell, table: CellTable, first: CellTable) -> dict[str, float]:
    """Hold a cell against that of the first run; empty where one of both was not measured."""
    if table is first or not table.ok(cell) or not first.ok(cell):
        return {}
    before, after = first.pause(cell).median, table.pause(cell).median
    if not before:
        return {}
    low, high = ratio_interval(table.side_of(cell), first.side_of(cell)) or (np.nan, np.nan)
    return {"change": after / before - 1, "low": low - 1, "high": high - 1}


def geometric_means(frame: pd.DataFrame) -> dict[str, float]:
    """Compute the geometric mean of each run's changes from the first one, over all cells.

    Only of runs that measured exactly the cells that the first one did, at least two: a
    mean over others would be another question's.
    """
    measured = frame[frame["state"] == "measured"]
    runs = [str(run) for run in frame["run"].unique()]
    first = {*measured["cell"][measured["run"] == runs[0]]}
    found: dict[str, float] = {}
    for run in runs[1:] if "change" in frame and len(first) > 1 else ():
        group = measured[measured["run"] == run]
        ratios = 1 + group["change"]
        if {*group["cell"]} == first and (ratios > 0).all():  # NaN is not: it has no change
            found[run] = float(np.exp(np.log(ratios).mean()) - 1)
    return found
