# SPDX-License-Identifier: GPL-2.0-only
"""Tables in the style of the letter itself: two methods or kernels, one alone, pin loops."""

from collections.abc import Iterable, Sequence

from bench.model.cell import Cell, Clock
from bench.model.cell_state import CellState
from bench.model.method import Phase
from bench.model.units import format_ratio, format_ratio_interval
from bench.report.letter.compared import ComparedRow, Comparison, Value, value_of_figures
from bench.report.letter.factors import (
    LETTER_GAP,
    METHOD,
    LetterFactor,
    LetterTable,
    Names,
    alias_note,
    arrange,
    cell_order,
)
from bench.report.letter.numbers import GUESSED, Scale, scale_of
from bench.report.table import pins
from bench.report.table.cells import CellTable
from bench.report.table.figures import Figures
from bench.report.table.section import Column, Entry, Table, make_table
from bench.report.table.shared import IF_TOUCHED, Beside, CommonRow, added_to, common_notes, more
from bench.stats.least import LEAST_OF_MEDIAN
from bench.stats.ratios import LEAST_OF_RATIO

_Texts = tuple[Column, Sequence[str]]  # what stands in a column


def plain_table(comparison: Comparison, unit: str) -> LetterTable:
    """Lay out a comparison: both medians, their ratio, its interval, and how many reps."""
    rows = comparison.rows
    cells = [row.cell for row in rows]
    scale = scale_of([value.level for value in comparison.values], unit)
    figures = [
        _medians(comparison.base, [row.base for row in rows], scale),
        _medians(comparison.new, [row.new for row in rows], scale),
        (Column("ratio"), [*map(_ratio, rows)]),
        (Column("95% CI"), [*map(_ratio_interval, rows)]),
        (Column("n"), [*map(_reps, rows)]),
    ]
    said, lines = laid_out(cells, figures, (METHOD,))
    return LetterTable(said, lines, [*alias_note(cells), *_notes(rows)])


def _medians(name: str, values: Sequence[Value], scale: Scale) -> _Texts:
    decimals = scale.decimals(value.level for value in values)
    return Column(name, unit=f"({scale.unit})"), [v.shown(scale, decimals) for v in values]


def _ratio(row: ComparedRow) -> str:
    if row.measured:
        return format_ratio(row.gain)
    return f"~{format_ratio(row.gain)}" if row.ratio and row.ratio < float("inf") else "-"


def _ratio_interval(row: ComparedRow) -> str:
    if row.guessed:
        return CellState.EXTRAPOLATED.value
    return format_ratio_interval(row.interval) if row.measured else "-"


def _reps(row: ComparedRow) -> str:
    counts = (row.base.n, row.new.n)
    if not any(counts):
        return "-"
    return str(counts[0]) if counts[0] == counts[1] else f"{counts[0]}/{counts[1]}"


def _notes(rows: Sequence[ComparedRow]) -> list[str]:
    notes = []
    if any(row.apart for row in rows):
        notes.append("-: one boot a side: no interval between kernels")
    if any(row.measured and row.interval is None and not row.apart for row in rows):
        least = LEAST_OF_RATIO
        notes.append(
            f"-: no interval, which takes {least} reps a side ({least} boots, where there are"
            " several)"
        )
    if any(row.measured and max(row.base.boots, row.new.boots) > 1 for row in rows):
        notes.append("intervals are over the medians of boots: reps of one boot share its luck")
    if any(row.guessed for row in rows):
        notes.append(f"{GUESSED}: no n")
    return notes


def alone_table(rows: Sequence[Figures], cells: CellTable, names: Names) -> LetterTable:
    """Lay out pauses that are held against nothing: median, its interval, how many reps."""
    rows = sorted(rows, key=lambda row: cell_order(row.cell))
    shown = [names.shown(row.cell) for row in rows]
    values = [value_of_figures(cells, row) for row in rows]
    scale = scale_of([value.level for value in values], cells.unit)
    decimals = scale.decimals(value.level for value in values)
    spans = [
        _interval(row.pause.interval, scale, decimals) if row.pause else row.state.value
        for row in rows
    ]
    figures: list[_Texts] = [
        _medians("median", values, scale),
        (Column("95% CI"), spans),
        (Column("n"), [str(row.pause.n) if row.pause else "-" for row in rows]),
    ]
    said, lines = laid_out(shown, figures)
    none = f"-: no interval of the median, which takes {LEAST_OF_MEDIAN} reps (or boots)"
    short = [none] * ("-" in spans)
    guessed = [f"{GUESSED}: no n"] if any(row.estimate for row in rows) else []
    return LetterTable(said, lines, [*alias_note(shown), *short, *guessed])


def _interval(ends: tuple[float, float] | None, scale: Scale, decimals: int) -> str:
    return "-".join(scale.shown(end, decimals) for end in ends) if ends else "-"


def pin_cells(cells: CellTable) -> list[Cell]:
    """List the measured cells of pin loops, in the order of a letter."""
    found = [cell for cell in cells.measured if Phase.PIN in cell.method.experiment.phases]
    return sorted(found, key=lambda cell: (*cell_order(cell), cell.method))


def pins_table(cells: CellTable, names: Names, clock: Clock) -> LetterTable:
    """Lay out pinning and unpinning, each with its interval."""
    found = pin_cells(cells)
    shown = [names.shown(cell) for cell in found]
    spans = {
        phase: [cells.phases(cell, phase) for cell in found] for phase in (Phase.PIN, Phase.UNPIN)
    }
    scale = scale_of([span.median for each in spans.values() for span in each], clock.unit)
    figures: list[_Texts] = []
    for phase, each in spans.items():
        decimals = scale.decimals(span.median for span in each)
        medians = [scale.shown(span.median, decimals) for span in each]
        figures.append((Column(phase.value, unit=f"({scale.unit})"), medians))
        ends = [_interval(span.interval, scale, decimals) for span in each]
        figures.append((Column("95% CI"), ends))
    figures.append((Column("n"), [str(len(cells.ok(cell))) for cell in found]))
    said, lines = laid_out(shown, figures)
    return LetterTable(said, lines, [*alias_note(shown), *pins.pins_table(cells, clock).lines])


def common_table(rows: Sequence[CommonRow], others: Beside, names: Names, unit: str) -> LetterTable:
    """Lay out savings, and ratios by what is common to both pauses."""
    rows = sorted(rows, key=lambda row: cell_order(row.cell))
    shown = [names.shown(row.cell) for row in rows]
    scale = scale_of([abs(row.saved) for row in rows], unit)
    decimals = scale.decimals(abs(row.saved) for row in rows)
    figures: list[_Texts] = [
        (
            Column("saved", unit=f"({scale.unit})"),
            [scale.shown(row.saved, decimals) for row in rows],
        )
    ]
    if any(row.by_transfer for row in rows):
        ratios = [format_ratio(row.by_transfer) if row.by_transfer else "-" for row in rows]
        figures.append((Column("transfer"), ratios))
    if any(row.touched for row in rows):
        ratios = [format_ratio(row.touched) if row.touched else "-" for row in rows]
        figures.append((Column(IF_TOUCHED), ratios))
    added = {"measured": 0.0, **{more(ticks, unit): ticks for ticks in added_to(others)}}
    for head, ticks in added.items():
        figures.append((Column(head), [format_ratio(row.ratio(ticks)) for row in rows]))
    methods = (METHOD,) if len({row.cell.method for row in rows}) == 1 else ()
    said, lines = laid_out(shown, figures, methods)
    return LetterTable(said, lines, [*alias_note(shown), *common_notes(rows, others, unit)])


def laid_out(
    cells: Sequence[Cell], figures: Sequence[_Texts], leave: Sequence[LetterFactor] = ()
) -> tuple[str, list[str]]:
    """Lay out a row a cell, beside figures; return what all rows share, and the lines."""
    widths = (max(map(len, (c.head, c.unit, *texts))) + LETTER_GAP for c, texts in figures)
    arrangement = arrange(cells, sum(widths) - LETTER_GAP, leave)
    columns = [*(_factor(factor, cells) for factor in arrangement.columns), *figures]
    rows = [map(Entry, row) for row in zip(*(texts for _, texts in columns), strict=True)]
    table = make_table((column for column, _ in columns), rows)
    return arrangement.said, _lines(table, arrangement.grouped(cells))


def _factor(factor: LetterFactor, cells: Sequence[Cell]) -> _Texts:
    """Make the column of a factor; the star of a size stands beside the digits."""
    texts = [factor.of(cell) for cell in cells]
    if any(text.endswith("*") for text in texts):
        texts = [text if text.endswith("*") else f"{text} " for text in texts]
    return Column(factor.head, right=factor.head == "mem", names=True), texts


def _lines(table: Table, groups: Iterable[tuple[str, list[int]]]) -> list[str]:
    """Write heads, their units, then each group: its name, where it has one, and its rows."""
    heads = [[column.head for column in table.columns], [column.unit for column in table.columns]]
    rows = [[entry.text for entry in row] for row in table.rows]
    columns = zip(table.columns, zip(*heads, *rows, strict=True), strict=True)
    aligned = [[_aligned(text, column, texts) for text in texts] for column, texts in columns]
    first, units, *others = (
        (" " * LETTER_GAP).join(row).rstrip() for row in zip(*aligned, strict=True)
    )
    lines = [first, *([units] if units else [])]
    for number, (name, places) in enumerate(groups):
        lines += [*([""] if name and number else []), *([f"{name}:"] if name else [])]
        lines += [others[at] for at in places]
    return lines


def _aligned(text: str, column: Column, texts: Iterable[str]) -> str:
    width = max(map(len, texts))
    return text.rjust(width) if column.right else text.ljust(width)
