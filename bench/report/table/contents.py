# SPDX-License-Identifier: GPL-2.0-only
"""What a report of a run consists of: verdict, tables, what qualifies them."""

from collections.abc import Sequence
from itertools import groupby

from bench.model.cell import OWN_PHASES, Cell, Clock, Experiment, Method, Phase
from bench.model.units import KIB, format_quantity
from bench.report.table import pins, reference
from bench.report.table.cells import CellTable
from bench.report.table.columns import FACTORS, factors
from bench.report.table.environment import environment
from bench.report.table.figures import Figures, figures
from bench.report.table.findings import times, verdict
from bench.report.table.section import Rows, Section
from bench.results.writer import Run
from bench.stats.scaling import LEAST_SIZES
from bench.stats.summary import Summary

UNITS = {
    Clock.ICOUNT: (
        "instructions that the guest executed (icount), not a time",
        "k = 10^3, M = 10^6, G = 10^9",
    ),
    Clock.WALL: ("wall time",),
}


def contents(run: Run, table: CellTable | None = None) -> list[Section]:
    """All of it; a section that has nothing to say is left out."""
    table = table or CellTable(run)
    rows = figures(run, table)
    sections = (
        Section(lines=tuple(verdict(rows))),
        Section(lines=tuple(reference.sentences(table))),
        _damaged(run),
        pins.verdict(table),
        _pauses(table, run.clock),
        pins.pins(table, run.clock),
        _phases(table),
        pins.counters(table),
        _own_costs(table),
        _scaling(table),
        _without_figure(rows),
        Section(lines=tuple(environment(run))),
    )
    return [section for section in sections if section]


def _damaged(run: Run) -> Section:
    title = "Damaged: what follows is made from the lines that are whole"
    return Section(title, lines=tuple(f"  {what}" for what in run.damage))


def _pauses(table: CellTable, clock: Clock) -> Section:
    head = (*FACTORS, "runs", "median", "min", "max", "n", "ratio")
    rows: list[tuple[str, ...]] = [head]
    for cell in filter(_handed_over, table.cells):
        if table.ok(cell):
            ratio = table.ratio(cell)
            gain = times(ratio) if ratio is not None else ""
            summary = _summary(table.pause(cell), table.unit)
            rows.append((*factors(cell), str(table.runs(cell)), *summary, gain))
        elif estimate := table.extrapolated(cell):
            values = (f"~{format_quantity(value, table.unit)}" for value in estimate)
            rows.append((*factors(cell), "", *values, "0", "extrapolated"))
    unit, *notes = UNITS[clock]
    notes.append("runs: of physically contiguous memory")
    if any("extrapolated" in row for row in rows):
        notes.append(
            "~: not measured, from the line through smaller sizes; min and max end its interval"
        )
    return _table(f"Pause of a live update, in {unit}", rows, notes)


def _table(title: str, rows: Rows, notes: Sequence[str] = ()) -> Section:
    """Empty where only the head is left."""
    return Section(title, tuple(notes), (rows,) if len(rows) > 1 else ())


def _handed_over(cell: Cell) -> bool:
    return cell.method.experiment is Experiment.LIVE_UPDATE


def _costs(cell: Cell) -> bool:
    """It has a part that another method has not."""
    return _handed_over(cell) and cell.method is not Method.EXEC_ONLY


def _summary(s: Summary, unit: str) -> tuple[str, ...]:
    values = (format_quantity(value, unit) for value in (s.median, s.low, s.high))
    return (*values, str(s.n))


def _phases(table: CellTable) -> Section:
    """One column a method, one row a phase that any of them spends something in."""
    tables: list[Rows] = []
    for head, group in groupby(
        filter(_handed_over, table.measured), lambda cell: " ".join(factors(cell)[:4])
    ):
        cells = [*group]
        rows: list[tuple[str, ...]] = [(head, *(cell.method.value for cell in cells))]
        for phase in Phase:
            medians = [table.phases(cell, phase).median for cell in cells]
            if any(medians):
                shown = (format_quantity(median, table.unit) for median in medians)
                rows.append((f"  {phase}", *shown))
        tables.append(rows)
    return Section("Where it goes (medians)", tables=tuple(tables))


def _own_costs(table: CellTable) -> Section:
    cells = [cell for cell in table.measured if _costs(cell)]
    rows: list[tuple[str, ...]] = [(*FACTORS, "median", "per 4K page", "growth")]
    rows += [(*factors(cell), *_own_cost(table, cell)) for cell in cells]
    title = "What the method itself costs: release + claim + map"
    if any(row[-1] for row in rows[1:]):
        note = "growth: of the cost / of the memory, against the smallest memory measured"
        return _table(title, rows, (note,))
    return _table(title, [row[:-1] for row in rows])


def _own_cost(table: CellTable, cell: Cell) -> tuple[str, str, str]:
    own = table.own(cell).median
    least = table.smallest(cell)
    growth = ""
    if least != cell and table.own(least).median:
        growth = f"{own / table.own(least).median:.3f}x / {cell.mem / least.mem:g}x"
    return format_quantity(own, table.unit), f"{own / (cell.mem / (4 * KIB)):.4g}", growth


def _scaling(table: CellTable) -> Section:
    """Slope and fixed part of what each method costs, where enough sizes were measured."""
    head = ("device", "pages", "backing", "method", "sizes", "per 4K page", "interval", "fixed")
    rows: list[tuple[str, ...]] = [head]
    for cell in table.measured:
        sizes = table.sizes(cell)
        if len(sizes) >= LEAST_SIZES and cell == sizes[0] and _costs(cell):
            rows.append(_scaling_row(table, cell, len(sizes)))
    note = "Theil-Sen slope, its 95 % interval, and what is left at no memory"
    return _table("Growth of release + claim + map with memory", rows, (note,))


def _scaling_row(table: CellTable, cell: Cell, sizes: int) -> tuple[str, ...]:
    line, why_not = table.scaling(cell, *OWN_PHASES)
    name = (cell.device, factors(cell)[1], cell.backing.value, cell.method.value, str(sizes))
    if why_not and line.slope > 1:
        return (*name, "no line", why_not, "")
    interval = f"{line.low:.4g} to {line.high:.4g}"
    return (*name, f"{line.slope:.4g}", interval, format_quantity(line.intercept, table.unit))


def _without_figure(rows: Sequence[Figures]) -> Section:
    left = [row for row in rows if not row.pause and not row.estimate]
    lines = [f"  {' '.join(factors(row.cell))}: {row.state}: {row.reason}" for row in left]
    return Section("Without a figure", lines=tuple(lines))
