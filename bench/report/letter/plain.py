# SPDX-License-Identifier: GPL-2.0-only
"""A comparison as a table: both pauses, their ratio and its interval, n."""

from collections.abc import Sequence

from bench.model.cell_state import CellState
from bench.report.letter.factors import GAP, Factor, alias_note, arrange
from bench.report.letter.numbers import Scale, scale_of, span, times
from bench.report.letter.rows import Comparison, Row, Value
from bench.report.letter.table import Column, lines_of


def table(comparison: Comparison, unit: str) -> tuple[str, list[str], list[str]]:
    """What is the same in all rows, the table, and notes below it."""
    rows = comparison.rows
    figures = _figures(comparison, unit)
    cells = [row.cell for row in rows]
    arrangement = arrange(cells, sum(column.width + GAP for column in figures) - GAP)
    shown = [_factor(factor, rows) for factor in arrangement.columns]
    lines = lines_of([*shown, *figures], arrangement.grouped(cells))
    return arrangement.said, lines, [*alias_note(cells), *_notes(rows)]


def _factor(factor: Factor, rows: Sequence[Row]) -> Column:
    values = tuple(factor.of(row.cell) for row in rows)
    if factor.head == "mem":  # its star stands beside the column of digits
        values = tuple(
            v if v.endswith("*") or "*" not in "".join(values) else f"{v} " for v in values
        )
        return Column((factor.head,), values)
    return Column((factor.head,), values, left=True)


def _figures(comparison: Comparison, unit: str) -> list[Column]:
    rows = comparison.rows
    scale = scale_of([value.level for value in comparison.values], unit)
    columns = [
        Column((name, f"({scale.unit})"), pauses([getattr(row, side) for row in rows], scale))
        for name, side in ((comparison.base, "base"), (comparison.new, "new"))
    ]
    return [
        *columns,
        Column(("ratio",), tuple(map(_ratio, rows))),
        Column(("95% CI",), tuple(map(_interval, rows))),
        Column(("n",), tuple(map(_n, rows))),
    ]


def pauses(values: Sequence[Value], scale: Scale) -> tuple[str, ...]:
    """Medians, ``~`` before those that are estimates; a word where there is neither."""
    decimals = scale.decimals(value.level for value in values)
    return tuple(
        value.state.value
        if value.level is None
        else f"{'' if value.summary else '~'}{scale.shown(value.level, decimals)}"
        for value in values
    )


def _ratio(row: Row) -> str:
    if row.measured:
        return f"{times(row.gain)}x"
    return f"~{times(row.gain)}x" if row.ratio and row.ratio < float("inf") else "-"


def _interval(row: Row) -> str:
    if row.guessed:
        return CellState.EXTRAPOLATED.value
    return span(row.interval) if row.measured else "-"


def _n(row: Row) -> str:
    counts = (row.base.n, row.new.n)
    if not any(counts):
        return "-"
    return str(counts[0]) if counts[0] == counts[1] else f"{counts[0]}/{counts[1]}"


def _notes(rows: Sequence[Row]) -> list[str]:
    notes = []
    if any(row.measured and row.interval is None for row in rows):
        notes.append("-: no interval, which takes 4 reps a side (4 boots, where there are several)")
    if any(row.measured and max(row.base.boots, row.new.boots) > 1 for row in rows):
        notes.append("intervals are over the medians of boots: reps of one boot share its luck")
    if any(row.guessed for row in rows):
        notes.append("~: extrapolated from the line through smaller sizes, not measured: no n")
    return notes
