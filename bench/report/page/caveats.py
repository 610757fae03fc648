# SPDX-License-Identifier: GPL-2.0-only
"""Say what to keep in mind when reading a run's figures: damage, gaps, few reps."""

from collections.abc import Sequence

from bench.model.cell import Clock
from bench.model.cell_state import CellState
from bench.report.table.figures import Figures
from bench.results.writer import Run

_SAID = {
    CellState.EXTRAPOLATED: "its figure, marked ~, is from the line through smaller sizes",
    CellState.FAILED: "no figure, whatever other boots measured",
    CellState.SKIPPED: "no figure",
    CellState.MISSING: "no figure",
}


def caveats(run: Run, rows: Sequence[Figures]) -> list[str]:
    """Return a line for each caveat, the worst first."""
    damaged = [f"damaged, what is shown is from the lines that are whole: {d}" for d in run.damage]
    return [*damaged, *_gaps(rows), *_few(run, rows)]


def _gaps(rows: Sequence[Figures]) -> list[str]:
    counts = {state: sum(row.state is state for row in rows) for state in _SAID}
    found = [
        f"{n} of {len(rows)} cells {state}: {_SAID[state]}" for state, n in counts.items() if n
    ]
    torn = sum(bool(row.reason) for row in rows if row.state is CellState.MEASURED)
    return found + ([f"{torn} measured cells were not measured in every boot"] if torn else [])


def _few(run: Run, rows: Sequence[Figures]) -> list[str]:
    measured = [row for row in rows if row.pause]
    found = []
    if any(row.pause and row.pause.interval is None for row in measured):
        found.append("fewer than 6 reps give no 95 % interval of a median: the range is shown")
    if run.clock is Clock.WALL and measured and max(row.boots for row in measured) == 1:
        found.append("one boot: how much another boot of the same kernel differs is not known")
    return found
