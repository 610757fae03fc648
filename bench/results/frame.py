# SPDX-License-Identifier: GPL-2.0-only
"""Make a pandas frame of stored runs: for plots, CSV and notebooks."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.model.cell import Cell
from bench.model.method import Phase
from bench.results.columns import ABSENT, PLAIN, CellColumns, Column
from bench.results.reader import Run


def frame_of(runs: Sequence[Run], names: Sequence[str]) -> pd.DataFrame:
    """One row a line, in the order of the runs and of their lines; ValueError for no run.

    Columns: ``run`` (its name), the cell's factors as the stored lines spell them (sizes in
    bytes), ``rep``, ``boot``, ``clock``, ``unit``, ``status``; ``pause`` and each phase in that
    unit, and ``settle``, which is left out of it, and ``after_pause`` behind it; ``pinned`` and
    ``window`` in bytes, ``extents`` (pieces of memory); ``counter_NAME`` for what was counted
    beside the clock. Numbers are whole, and NA where there is none: a cell without a rep, a phase
    that the experiment has not, and extents that only root can tell.
    A planned cell that left no line has a row too, whose status begins with ``missing: ``.
    """
    if not runs:
        raise ValueError("a frame takes a run")
    parts = [(n, cell, columns) for n, run in enumerate(runs) for cell, columns in _cells(run)]
    rows = _Rows([columns for *_, columns in parts], np.array([n for n, *_ in parts], np.int64))
    rep = rows.join(lambda part: part.rep)
    return pd.DataFrame(
        {
            "run": _categories(names, rows.run),
            **_factors([cell for _, cell, _ in parts], rows.part),
            "rep": _whole(rep, rep == ABSENT),
            "boot": _known(rows.join(lambda part: part.boot)),
            "clock": _categories([run.clock.value for run in runs], rows.run),
            "unit": _categories([run.clock.unit for run in runs], rows.run),
            "status": _statuses(rows),
            "pause": _present(rows.join(lambda part: part.pause)),
            **_ticks(rows),
            "pinned": _whole(rows.join(lambda part: part.pinned), rep == ABSENT),
            "extents": _known(rows.join(lambda part: part.extents)),
            "window": _whole(rows.join(lambda part: part.window), rep == ABSENT),
            "settle": _whole(rows.join(lambda part: part.settle), rep == ABSENT),
            "after_pause": _whole(rows.join(lambda part: part.after_pause), rep == ABSENT),
            **_counters(rows),
        },
        copy=False,
    )


def _cells(run: Run) -> list[tuple[Cell, CellColumns]]:
    """Return the cells with lines, then those without: a row of boot 0 behind all others."""
    behind = sum(map(len, run.by_cell.values()))
    found = [*run.by_cell.items()]
    for line, (cell, why) in enumerate(run.missing.items(), behind):
        numbers = {**dict.fromkeys(PLAIN, 0), "line": line, "rep": ABSENT, "pause": ABSENT}
        row = {name: np.array([value]) for name, value in numbers.items()}
        nothing = CellColumns(**row, phases={}, counters={}, statuses={0: f"missing: {why}"})
        found.append((cell, nothing))
    return found


class _Rows:
    """The columns of several cells, to be joined in the order of the runs and their lines.

    ``part`` and ``run`` are the numbers of each row's cell and run.
    """

    def __init__(self, parts: Sequence[CellColumns], runs: Column) -> None:
        self.parts = parts
        sizes = [len(part) for part in parts]
        lines = np.concatenate([np.zeros(0, np.int64), *(part.line for part in parts)])
        self.order = np.lexsort((lines, np.repeat(runs, sizes)))
        self.part = np.repeat(np.arange(len(parts)), sizes)[self.order]
        self.run = runs[self.part]
        self.starts = np.cumsum([0, *sizes])

    def join(self, column: Callable[[CellColumns], Column | None]) -> Column:
        """One column of all rows; ABSENT where a cell has it not."""
        found = ((part, column(part)) for part in self.parts)
        values = [np.full(len(p), ABSENT) if each is None else each for p, each in found]
        return np.concatenate([np.zeros(0, np.int64), *values])[self.order]


def _factors(cells: Sequence[Cell], codes: Column) -> dict[str, object]:
    """Return the columns of the factors: text as categories, of which there are few."""
    factors = [cell.factors() for cell in cells]
    columns: dict[str, object] = {}
    for name in factors[0] if factors else ():
        values = [row[name] for row in factors]
        numbers = isinstance(values[0], int)
        columns[name] = np.array(values)[codes] if numbers else _categories(values, codes)
    return columns


def _categories(values: Sequence[object], codes: Column) -> object:
    """Make a categorical of texts that may repeat: several cells have one device."""
    distinct = [*dict.fromkeys(map(str, values))]
    places = np.array([distinct.index(str(value)) for value in values], np.int64)
    return pd.Categorical.from_codes(places[codes], categories=pd.Index(distinct))


def _statuses(rows: _Rows) -> object:
    texts = ["ok"]
    codes = np.zeros(len(rows.order), np.int64)
    for start, part in zip(rows.starts, rows.parts, strict=False):
        for place, text in part.statuses.items():
            codes[start + place] = len(texts)
            texts.append(text)
    return _categories(texts, codes[rows.order])


def _ticks(rows: _Rows) -> dict[str, object]:
    """Return a column for each phase that any line has."""
    joined = {phase: rows.join(lambda part, p=phase: part.phases.get(p)) for phase in Phase}  # type: ignore[misc]
    return {
        phase.value: _present(ticks) for phase, ticks in joined.items() if (ticks != ABSENT).any()
    }


def _counters(rows: _Rows) -> dict[str, object]:
    names = sorted({name for part in rows.parts for name in part.counters})
    return {
        f"counter_{name}": _present(rows.join(lambda part, n=name: part.counters.get(n)))  # type: ignore[misc]
        for name in names
    }


def _present(values: Column) -> pd.arrays.IntegerArray:
    return _whole(values, values == ABSENT)


def _known(values: Column) -> pd.arrays.IntegerArray:
    """Make a column of numbers that begin at 1: 0 is NA."""
    return _whole(values, values == 0)


def _whole(values: Column, unknown: NDArray[np.bool_]) -> pd.arrays.IntegerArray:
    """Make a column of nullable 64-bit integers: a float would round them."""
    return pd.arrays.IntegerArray(values, unknown)
