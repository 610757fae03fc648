# SPDX-License-Identifier: GPL-2.0-only
"""Figures that are held against nothing: live updates by one method, and pin loops."""

from collections.abc import Sequence

from bench.model.cell import Cell, Clock, Phase
from bench.report.letter.factors import GAP, Factor, Names, alias_note, arrange, order
from bench.report.letter.numbers import Scale, scale_of
from bench.report.letter.table import Column, lines_of
from bench.report.table import pins
from bench.report.table.cells import CellTable
from bench.report.table.figures import Figures
from bench.stats.summary import Summary


def pauses(rows: Sequence[Figures], names: Names, unit: str) -> tuple[str, list[str], list[str]]:
    """What is the same in all rows, the table, and notes below it."""
    rows = sorted(rows, key=lambda row: order(row.cell))
    cells = [names.shown(row.cell) for row in rows]
    levels = [_level(row) for row in rows]
    scale = scale_of(levels, unit)
    decimals = scale.decimals(levels)
    medians = tuple(_median(row, scale, decimals) for row in rows)
    spans = tuple(_interval(row.pause, scale, decimals) for row in rows)
    figures = [
        Column(("median", f"({scale.unit})"), medians),
        Column(("95% CI",), spans),
        Column(("n",), tuple(str(row.pause.n) if row.pause else "-" for row in rows)),
    ]
    said, lines = _laid(cells, figures)
    guessed = ["~: extrapolated from the line through smaller sizes, not measured: no n"]
    notes = [
        *alias_note(cells),
        *_short(spans),
        *(guessed if any(r.estimate for r in rows) else []),
    ]
    return said, lines, notes


def _level(row: Figures) -> float | None:
    if row.pause:
        return row.pause.median
    return row.estimate[0] if row.estimate else None


def _median(row: Figures, scale: Scale, decimals: int) -> str:
    level = _level(row)
    if level is None:
        return row.state.value
    return f"{'' if row.pause else '~'}{scale.shown(level, decimals)}"


def _interval(summary: Summary | None, scale: Scale, decimals: int) -> str:
    if summary is None:
        return "extrapolated"
    if summary.interval is None:
        return "-"
    return "-".join(scale.shown(end, decimals) for end in summary.interval)


def _short(spans: Sequence[str]) -> list[str]:
    return ["-: no interval of the median, which takes 6 reps"] if "-" in spans else []


def _laid(cells: Sequence[Cell], figures: Sequence[Column]) -> tuple[str, list[str]]:
    taken = sum(column.width + GAP for column in figures) - GAP
    arrangement = arrange(cells, taken, leave=())
    columns = [_factor(factor, cells) for factor in arrangement.columns]
    return arrangement.said, lines_of([*columns, *figures], arrangement.grouped(cells))


def _factor(factor: Factor, cells: Sequence[Cell]) -> Column:
    values = tuple(factor.of(cell) for cell in cells)
    return Column((factor.head,), values, left=factor.head != "mem")


def pin_cells(table: CellTable) -> list[Cell]:
    found = [c for c in table.measured if Phase.PIN in c.method.experiment.phases]
    return sorted(found, key=lambda cell: (*order(cell), cell.method))


def pin_loops(table: CellTable, names: Names, clock: Clock) -> tuple[str, list[str], list[str]]:
    """Pinning and unpinning, each with its interval."""
    found = pin_cells(table)
    cells = [names.shown(cell) for cell in found]
    spans = {
        phase: [table.phases(cell, phase) for cell in found] for phase in (Phase.PIN, Phase.UNPIN)
    }
    medians = [span.median for each in spans.values() for span in each]
    scale = scale_of(medians, clock.unit)
    figures = []
    for phase, each in spans.items():
        decimals = scale.decimals(span.median for span in each)
        shown = tuple(scale.shown(span.median, decimals) for span in each)
        figures.append(Column((phase.value, f"({scale.unit})"), shown))
        ends = tuple(_interval(span, scale, decimals) for span in each)
        figures.append(Column(("95% CI",), ends))
    figures.append(Column(("n",), tuple(str(len(table.ok(cell))) for cell in found)))
    said, lines = _laid(cells, figures)
    return said, lines, [*alias_note(cells), *pins.pins(table, clock).lines]


def pin_verdict(table: CellTable) -> list[str]:
    """How long pinning takes; of loops that pin nothing, that they do not."""
    lines = [f"{line[:1].upper()}{line[1:]}" for line in pins.verdict(table).lines]
    return lines or ["Nothing was pinned: these are the costs beside pinning."]
