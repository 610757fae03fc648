# SPDX-License-Identifier: GPL-2.0-only
"""Write the samples of runs as JSON within a page: by cell and boot, a list a column."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bench.model.cell_state import CellState
from bench.report.export.exports import cell_object, run_object
from bench.report.table.figures import Figures
from bench.report.table.labels import labels
from bench.results.columns import ABSENT, NO_LINES, CellColumns, Column
from bench.results.writer import Run

FORMAT = 2  # 1 had runs for what is extents
# Beyond so many samples in all, phases and counters stay where they are: they are most of it.
MOST_WHOLE = 20_000
# Beyond so many only every second, third, ... rep is there: of more the page would be slow to open.
MOST_PAUSES = 100_000
# In a page: none of these can end an element or begin a character reference.
_MARKUP = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def embedded(runs: Sequence[Run], rows: Sequence[Sequence[Figures]]) -> tuple[str, tuple[str, ...]]:
    """Return JSON that HTML takes for nothing but text, and what is left out of it.

    ``rows`` are the figures of each run. Numbers are those of samples.jsonl, unchanged.
    """
    total = sum(len(each) for run in runs for each in run.by_cell.values())
    whole, step = total <= MOST_WHOLE, -(-total // MOST_PAUSES) or 1
    found = [
        _run(run, label, of_run, whole, step)
        for run, label, of_run in zip(runs, labels(runs), rows, strict=True)
    ]
    text = json.dumps({"format": FORMAT, "runs": found}, separators=(",", ":"))
    for char, escape in _MARKUP.items():
        text = text.replace(char, escape)
    return text, tuple(_left_out(total, whole, step))


def _left_out(total: int, whole: bool, step: int) -> Iterable[str]:
    if not whole:
        yield f"phases, counters, pinned memory and extents: {total:,} samples are too many"
    if step > 1:
        yield f"reps between: 1 of {step} is there, of each cell and boot"


def _run(run: Run, label: str, rows: Sequence[Figures], whole: bool, step: int) -> dict[str, Any]:
    cells = [_cell(row, run.by_cell.get(row.cell, NO_LINES), whole, step) for row in rows]
    found = run_object(run, label, cells)
    found["cells"] = found.pop("cells")  # by far the largest: it stands last
    return found


def _cell(row: Figures, lines: CellColumns, whole: bool, step: int) -> dict[str, Any]:
    found = cell_object(row)
    if row.state is CellState.EXTRAPOLATED and row.estimate:
        found["extrapolated"] = [*row.estimate]
    found["boots"] = {
        boot: _columns(reps.take(np.arange(len(reps))[::step]), whole)
        for boot, reps in lines.by_boot().items()
    }
    return found


def _columns(reps: CellColumns, whole: bool) -> dict[str, Any]:
    """``status`` names the reps that are no samples, as warm-ups are."""
    found: dict[str, Any] = {
        "rep": reps.rep.tolist(),
        "pause": reps.pause.tolist(),
        "status": {int(reps.rep[place]): text for place, text in reps.statuses.items()},
    }
    if whole:
        found["phases"] = {phase: _present(ticks) for phase, ticks in reps.phases.items()}
        counted = {name: each for name, each in reps.counters.items() if (each != ABSENT).any()}
        found["counters"] = {name: _present(counts) for name, counts in counted.items()}
        for name in ("pinned", "extents", "window", "settle", "after_pause"):
            found[name] = getattr(reps, name).tolist()
    return found


def _present(column: Column) -> list[int | None]:
    return [None if value == ABSENT else value for value in column.tolist()]
