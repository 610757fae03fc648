# SPDX-License-Identifier: GPL-2.0-only
"""What a report of one run has in it, whoever shows it: the verdict first, then its tables."""

from collections.abc import Sequence
from itertools import groupby

from bench.model.cell import Cell, Clock
from bench.model.cell_state import CellState
from bench.model.method import OWN_PHASES, Experiment, Method, Phase
from bench.model.units import KIB, format_ratio
from bench.report.table import pins
from bench.report.table.cells import CellTable
from bench.report.table.columns import FACTOR_COLUMNS, factor_entries, factors
from bench.report.table.environment import environment, no_result
from bench.report.table.figures import Figures, figures
from bench.report.table.findings import baseline_note, methods_verdict, reference_sentences
from bench.report.table.functions import functions_section
from bench.report.table.section import (
    INTERVAL_HEAD,
    NO_ENTRY,
    NO_INTERVAL,
    Column,
    Entry,
    Section,
    Table,
    figures_under,
    make_table,
)
from bench.report.table.shared import (
    TOUCHED,
    Beside,
    beside,
    common_rows,
    common_table,
    common_verdict,
)
from bench.report.table.soak import soak_table, soak_verdicts, soaks
from bench.report.table.starts import starts_table, starts_verdict
from bench.results.writer import Run
from bench.stats.scaling import LEAST_SIZES
from bench.stats.summary import summarize

UNITS = {
    Clock.ICOUNT: (
        "instructions that the guest executed (icount), not a time",
        "k = 10^3, M = 10^6, G = 10^9",
    ),
    Clock.WALL: ("wall time",),
}
_PER_PAGE = "per 4K page"
_SETTLE = (
    "(settle): left out of the pause, since the new process maps the pages of bench's own program"
)
_AFTER = (
    "(after-pause): the new process touches all of its memory first, which a guest does by itself"
)
TOUCHED_NOTE = f"{TOUCHED}: the pause and the first touch of all memory behind it, together"


def contents(
    run: Run, cells: CellTable | None = None, wide: bool = False, others: Beside | None = None
) -> list[Section]:
    """Make all sections of a run; one that has nothing to say is left out.

    ``others`` is what further runs of the same report tell of it. Writers with the room ask for
    a ``wide`` one: medians of pauses have their 95 % intervals, and cells without a measurement
    are in a table.
    """
    cells = cells or CellTable(run)
    rows, soaked = figures(run, cells), soaks(run)
    others = others or beside(run, [run], [cells])
    common = common_rows(rows, others)
    said = (*common_verdict(common, others), *starts_verdict(run, cells))
    sections = (
        Section(lines=tuple(no_result(run))),
        soak_verdicts(soaked),
        Section(lines=(*methods_verdict(rows, cells.unit), *said, *baseline_note(run, rows))),
        Section(lines=tuple(reference_sentences(cells))),
        _damaged(run),
        soak_table(soaked, here=run.facts.executor.name == "host"),
        pins.pins_verdict(cells),
        _pauses(rows, cells, run.clock, wide),
        common_table(common, others, cells.unit),
        starts_table(run, cells, UNITS[run.clock][0]),
        pins.pins_table(cells, run.clock),
        pins.per_page_table(cells) if run.facts.executor.name == "uml" else Section(),
        _phases(cells),
        functions_section(run),
        pins.counters(cells),
        _own_costs(cells),
        _scaling(cells),
        unmeasured(rows) if wide else _without_figure(rows),
    )
    around = environment(run, intervals=any(section.has_interval for section in sections))
    return [section for section in (*sections, Section(lines=tuple(around))) if section]


def _damaged(run: Run) -> Section:
    title = "Damaged: what follows is made from the lines that are whole"
    return Section(title, lines=tuple(f"  {what}" for what in run.damage))


def _pauses(rows: Sequence[Figures], cells: CellTable, clock: Clock, wide: bool) -> Section:
    """Tabulate live updates that have a figure."""
    shown = [row for row in rows if _handed_over(row.cell) and (row.pause or row.estimate)]
    interval = (INTERVAL_HEAD,) if wide else ()
    touched = any(cells.after_pause(row.cell) for row in shown if row.pause)
    touch = (TOUCHED,) * touched
    columns = figures_under("extents", "median", *interval, "min", "max", "n", "ratio", *touch)
    made = [(*_pause(row, cells, wide), *[_touched(row, cells)] * touched) for row in shown]
    unit, *notes = UNITS[clock]
    notes.append("extents: physically contiguous pieces of memory")
    if touched:
        notes.append(TOUCHED_NOTE)
    if any(row.estimate for row in shown):
        notes.append(
            "~: not measured, from the line through smaller sizes; min and max: its 95 % interval"
        )
    if wide and any(row.pause and not row.pause.interval for row in shown):
        notes.append(NO_INTERVAL)
    return _section(
        f"Pause of a live update, in {unit}", make_table((*FACTOR_COLUMNS, *columns), made), notes
    )


def _pause(row: Figures, cells: CellTable, wide: bool) -> tuple[Entry, ...]:
    ends = row.pause.interval if row.pause else None
    interval = (Entry.interval(ends, cells.unit),) if wide else ()
    name = factor_entries(row.cell)
    if row.pause is None:
        value, low, high = (Entry.estimate(each, cells.unit) for each in row.estimate or ())
        left_out = Entry.reason(row.state)
        return (*name, NO_ENTRY, value, *interval, low, high, Entry.figure(0), left_out)
    values = row.pause.median, row.pause.low, row.pause.high
    median, low, high = (Entry.quantity(value, cells.unit) for value in values)
    extents, n = Entry.figure(cells.extents(row.cell)), Entry.figure(row.pause.n)
    return (*name, extents, median, *interval, low, high, n, Entry.ratio(row.ratio))


def _touched(row: Figures, cells: CellTable) -> Entry:
    """Make the cell of pause and after-pause, empty where none was timed."""
    found = cells.with_touch(row.cell) if row.pause else None
    return NO_ENTRY if found is None else Entry.quantity(summarize(found).median, cells.unit)


def _section(title: str, made: Table, notes: Sequence[str] = ()) -> Section:
    """Make a section of a table, empty where the table has no row."""
    return Section(title, tuple(notes), (made,) if made else ())


def _handed_over(cell: Cell) -> bool:
    return cell.method.experiment is Experiment.LIVE_UPDATE


def _costs(cell: Cell) -> bool:
    """Tell whether a cell has a cost of its own, beside the handover that all share."""
    return _handed_over(cell) and cell.method is not Method.EXEC_ONLY


def _phases(cells: CellTable) -> Section:
    """Tabulate the phases of each kind of cell, a column a method, and what is left out."""
    tables = [
        _phase_table(where, [*group], cells)
        for where, group in groupby(
            filter(_handed_over, cells.measured), lambda cell: " ".join(factors(cell)[:4])
        )
    ]
    settled = any(cells.settle(cell).median for cell in cells.measured)
    touched = any(cells.after_pause(cell) for cell in cells.measured)
    notes = (*[_SETTLE] * settled, *[_AFTER] * touched)
    return Section("Where it goes (medians)", notes, tuple(tables))


def _phase_table(where: str, group: Sequence[Cell], cells: CellTable) -> Table:
    spans = {f"  {p}": [cells.phases(cell, p).median for cell in group] for p in Phase}
    spans["  (settle)"] = [cells.settle(cell).median for cell in group]
    touched = [cells.after_pause(cell) for cell in group]
    spans["  (after-pause)"] = [each.median if each else 0 for each in touched]
    rows = [
        [Entry(name), *(Entry.quantity(median, cells.unit) for median in medians)]
        for name, medians in spans.items()
        if any(medians)
    ]
    columns = figures_under(*(cell.method.value for cell in group))
    return make_table((Column("", right=False, names=True), *columns), rows, where)


def _own_costs(cells: CellTable) -> Section:
    costly = [cell for cell in cells.measured if _costs(cell)]
    rows = [(*factor_entries(cell), *_own_cost(cells, cell)) for cell in costly]
    columns = (*FACTOR_COLUMNS, *figures_under("median", _PER_PAGE, "growth"))
    made = make_table(columns, rows).filled()
    note = "growth: of the cost / of the memory, against the smallest memory measured"
    title = "What the method itself costs: release + claim + map"
    return _section(title, made, [note] if len(made.columns) == len(columns) else ())


def _own_cost(cells: CellTable, cell: Cell) -> tuple[Entry, ...]:
    own = cells.own(cell).median
    each = f"{own / (cell.mem / (4 * KIB)):.4g}"
    return Entry.quantity(own, cells.unit), *map(Entry.figure, (each, _growth(cells, cell)))


def _growth(cells: CellTable, cell: Cell) -> str:
    """Spell the growth of the cost and of the memory; empty for the smallest memory."""
    least = cells.smallest(cell)
    if least == cell or not cells.own(least).median:
        return ""
    ratios = cells.own(cell).median / cells.own(least).median, cell.mem / least.mem
    return " / ".join(map(format_ratio, ratios))


def _scaling(cells: CellTable) -> Section:
    """Tabulate slope and fixed part of each method's cost, where there are enough sizes."""
    names = [Column(head, right=False, names=True) for head in ("device", "pages", "backing")]
    method = Column("method", right=False, names=True)
    columns = (*names, method, *figures_under("sizes", _PER_PAGE, INTERVAL_HEAD, "fixed"))
    rows = []
    for cell in cells.measured:
        sizes = cells.sizes(cell)
        if len(sizes) >= LEAST_SIZES and cell == sizes[0] and _costs(cell):
            rows.append(_scaling_row(cells, cell, len(sizes)))
    note = "slope of a line through the medians of sizes, and what is left at no memory"
    title = "Growth of release + claim + map with memory"
    return _section(title, make_table(columns, rows), (note,))


def _scaling_row(cells: CellTable, cell: Cell, sizes: int) -> tuple[Entry, ...]:
    line, why_not = cells.scaling(cell, *OWN_PHASES)
    texts = (cell.device, factors(cell)[1], cell.backing.value, cell.method.value)
    name = (*map(Entry, texts), Entry.figure(sizes))
    if why_not and (line.slope > 1 or line.bends):
        return (*name, Entry("no line"), Entry(why_not), NO_ENTRY)
    slopes = map(Entry.figure, (f"{line.slope:.4g}", f"{line.low:.4g} to {line.high:.4g}"))
    return (*name, *slopes, Entry.quantity(line.intercept, cells.unit))


def _without_figure(rows: Sequence[Figures]) -> Section:
    left = [row for row in rows if not row.pause and not row.estimate]
    lines = [f"  {' '.join(factors(row.cell))}: {row.state}: {row.reason}" for row in left]
    return Section("Without a figure", lines=tuple(lines))


def unmeasured(rows: Sequence[Figures]) -> Section:
    """List each cell that has no measurement, what it has instead, and why."""
    left = [row for row in rows if row.state is not CellState.MEASURED]
    columns = (*FACTOR_COLUMNS, Column("state", right=False), Column("reason", right=False))
    body = [(*factor_entries(row.cell), Entry.reason(row.state), Entry(row.reason)) for row in left]
    return _section("Cells that were not measured", make_table(columns, body))
