# SPDX-License-Identifier: GPL-2.0-only
"""The report on a terminal: verdict, tables, what qualifies them. Plain text, no colour."""

from itertools import groupby

from bench.model import (
    OWN_PHASES,
    Batch,
    Cell,
    Clock,
    Experiment,
    Handover,
    Method,
    Phase,
    Ptes,
)
from bench.report import pins
from bench.report.cells import CellTable
from bench.report.columns import backing_of, columns
from bench.report.environment import environment
from bench.stats.scaling import LEAST_SIZES
from bench.stats.summary import Summary
from bench.store import Run
from bench.units import KIB, format_quantity, format_size

_UNIT = {
    Clock.ICOUNT: "instructions that the guest executed (icount), not a time\n"
    "k = 10^3, M = 10^6, G = 10^9",
    Clock.WALL: "wall time",
}


def render(run: Run) -> str:
    """All of it; a section that has nothing to say is left out."""
    table = CellTable(run)
    sections = (
        _verdict(table),
        _damaged(run),
        pins.verdict(table),
        _pauses(table, run.clock),
        pins.pins(table, run.clock),
        _phases(table),
        pins.counters(table),
        _own_costs(table),
        _scaling(table),
        _without_figure(table, run),
        environment(run),
    )
    return "\n\n".join(section for section in sections if section)


def _verdict(table: CellTable) -> str:
    """One line for each pair of methods, over all cells that have both."""
    pairs: dict[tuple[Method, Method], list[tuple[float, Cell]]] = {}
    for cell in table.measured:
        base, ratio = table.base(cell), table.ratio(cell)
        if base and ratio is not None:
            pairs.setdefault((base.method, cell.method), []).append((ratio, cell))
    return "\n".join(_verdict_line(*methods, ratios) for methods, ratios in pairs.items())


def _damaged(run: Run) -> str:
    title = "Damaged: what follows is made from the lines that are whole"
    return "\n".join([title, *(f"  {what}" for what in run.damage)]) if run.damage else ""


def _verdict_line(base: Method, method: Method, ratios: list[tuple[float, Cell]]) -> str:
    least, cell = min(ratios, key=lambda pair: pair[0])
    where = " ".join(factors(cell)[:3])
    if len(ratios) == 1:
        return f"{base} pauses {_times(least)} as long as {method} ({where})"
    most = max(ratio for ratio, _ in ratios)
    return f"{base} pauses {_times(least)} to {_times(most)} as long as {method}, least at {where}"


def _times(ratio: float) -> str:
    if ratio >= 999.5:
        return f"{ratio:.0f}x"
    return f"{f'{ratio:#.3g}'.rstrip('.')}x"


def _pauses(table: CellTable, clock: Clock) -> str:
    factor_names = ("device", "pages", "mem", "backing", "method")
    head = (*factor_names, "runs", "median", "min", "max", "n", "ratio")
    rows: list[tuple[str, ...]] = [head]
    for cell in filter(_handed_over, table.cells):
        if table.ok(cell):
            ratio = table.ratio(cell)
            times = _times(ratio) if ratio is not None else ""
            figures = _summary(table.pause(cell), table.unit)
            rows.append((*factors(cell), str(table.runs(cell)), *figures, times))
        elif estimate := table.extrapolated(cell):
            values = (f"~{format_quantity(value, table.unit)}" for value in estimate)
            rows.append((*factors(cell), "", *values, "0", "extrapolated"))
    title = f"Pause of a live update, in {_UNIT[clock]}\nruns: of physically contiguous memory"
    if any("extrapolated" in row for row in rows):
        title += (
            "\n~: not measured, from the line through smaller sizes; min and max end its interval"
        )
    return f"{title}\n{columns(rows)}" if len(rows) > 1 else ""


def _handed_over(cell: Cell) -> bool:
    return cell.method.experiment is Experiment.LIVE_UPDATE


def _costs(cell: Cell) -> bool:
    """It has a part that another method has not."""
    return _handed_over(cell) and cell.method is not Method.EXEC_ONLY


def factors(cell: Cell) -> tuple[str, str, str, str, str]:
    """What a row begins with; what differs from the default is said."""
    pages = cell.pages.value
    if cell.ptes is not Ptes.COLD:
        pages += f" {cell.ptes}"
    if cell.regions != "1":
        pages += f" regions={cell.regions}"
    if cell.handover is not Handover.EXEC:
        pages += f" {cell.handover}"
    if cell.batch is Batch.OFF:
        pages += " unbatched"
    if cell.threads != 1:
        pages += f" threads={cell.threads}"
    return cell.device, pages, format_size(cell.mem), backing_of(cell), cell.method.value


def _summary(s: Summary, unit: str) -> tuple[str, ...]:
    values = (format_quantity(value, unit) for value in (s.median, s.low, s.high))
    return (*values, str(s.n))


def _phases(table: CellTable) -> str:
    """One column a method, one row a phase that any of them spends something in."""
    blocks = ["Where it goes (medians)"]
    for head, group in groupby(
        filter(_handed_over, table.measured), lambda cell: " ".join(factors(cell)[:4])
    ):
        cells = [*group]
        rows: list[tuple[str, ...]] = [(head, *(cell.method.value for cell in cells))]
        for phase in Phase:
            medians = [table.phases(cell, phase).median for cell in cells]
            if any(medians):
                figures = (format_quantity(median, table.unit) for median in medians)
                rows.append((f"  {phase}", *figures))
        blocks.append(columns(rows))
    return "\n".join(blocks) if len(blocks) > 1 else ""


def _own_costs(table: CellTable) -> str:
    cells = [cell for cell in table.measured if _costs(cell)]
    rows: list[tuple[str, ...]] = [
        ("device", "pages", "mem", "backing", "method", "median", "per 4K page", "growth")
    ]
    rows += [(*factors(cell), *_own_cost(table, cell)) for cell in cells]
    title = "What the method itself costs: release + claim + map"
    if any(row[-1] for row in rows[1:]):
        title += "\ngrowth: of the cost / of the memory, against the smallest memory measured"
    else:
        rows = [row[:-1] for row in rows]
    return f"{title}\n{columns(rows)}" if cells else ""


def _own_cost(table: CellTable, cell: Cell) -> tuple[str, str, str]:
    own = table.own(cell).median
    least = table.smallest(cell)
    growth = ""
    if least != cell and table.own(least).median:
        growth = f"{own / table.own(least).median:.3f}x / {cell.mem / least.mem:g}x"
    return format_quantity(own, table.unit), f"{own / (cell.mem / (4 * KIB)):.4g}", growth


def _scaling(table: CellTable) -> str:
    """Slope and fixed part of what each method costs, where enough sizes were measured."""
    head = ("device", "pages", "backing", "method", "sizes", "per 4K page", "interval", "fixed")
    rows: list[tuple[str, ...]] = [head]
    for cell in table.measured:
        sizes = table.sizes(cell)
        if len(sizes) >= LEAST_SIZES and cell == sizes[0] and _costs(cell):
            rows.append(_scaling_row(table, cell, len(sizes)))
    title = (
        "Growth of release + claim + map with memory: Theil-Sen slope, its 95 % interval, and\n"
        "what is left at no memory"
    )
    return f"{title}\n{columns(rows)}" if len(rows) > 1 else ""


def _scaling_row(table: CellTable, cell: Cell, sizes: int) -> tuple[str, ...]:
    line, why_not = table.scaling(cell, *OWN_PHASES)
    name = (cell.device, factors(cell)[1], cell.backing.value, cell.method.value, str(sizes))
    if why_not and line.slope > 1:
        return (*name, "no line", why_not, "")
    interval = f"{line.low:.4g} to {line.high:.4g}"
    return (*name, f"{line.slope:.4g}", interval, format_quantity(line.intercept, table.unit))


def _without_figure(table: CellTable, run: Run) -> str:
    cells = [c for c in table.cells if not table.ok(c) and not table.extrapolated(c)]
    lines = [f"  {' '.join(factors(cell))}: {table.problem(cell)}" for cell in cells]
    lines += [f"  {' '.join(factors(cell))}: {why}" for cell, why in run.missing.items()]
    return "\n".join(["Without a figure", *lines]) if lines else ""
