# SPDX-License-Identifier: GPL-2.0-only
"""The part of a report that is about pin loops: verdict, table, what qualifies them."""

from bench.model.cell import Cell, Clock
from bench.model.method import Method, Phase
from bench.model.units import GIB, KIB, format_quantity, format_size
from bench.report.table.cells import CellTable
from bench.report.table.columns import backing_of
from bench.report.table.section import (
    INTERVAL_HEAD,
    NO_ENTRY,
    NO_INTERVAL,
    Column,
    Entry,
    Section,
    figures_under,
    make_table,
)
from bench.report.table.soak import is_footprint
from bench.stats.summary import Summary

_NAMES = tuple(
    Column(head, right=head in ("mem", "threads"), names=True)
    for head in ("pages", "tables", "mem", "backing", "threads", "method")
)
_TITLE = {
    Clock.WALL: (
        "Pin and unpin, wall time: medians, their 95 % intervals, GiB of memory a second",
    ),
    Clock.ICOUNT: (
        "Pin and unpin, in instructions that the guest executed (icount), not a time:",
        "medians, their 95 % intervals, instructions for each 4 KiB",
    ),
}
_NONE = Entry.figure("-")
# What each method does and does not, so that pinning can be told from the rest.
_MEANING = {
    Method.IO_URING: "io-uring pins pages; from Linux 6.12 on it unpins huge ones whole, where"
    " vhost-vdpa goes page by page",
    Method.GUP_TEST: "gup-test pins as vhost-vdpa does, 512 pages a call; the kernel's own clock",
    Method.IOTLB: "iotlb is IOTLB_UPDATE and IOTLB_INVALIDATE on the device",
    Method.MLOCK: "mlock pins nothing: page tables, and pages moved to another list",
    Method.POPULATE: "populate pins nothing: page tables alone, made and dropped",
}


def pins_verdict(table: CellTable) -> Section:
    """Say how long pinning takes with which pages and page tables, in a line for each size."""
    sizes: dict[int, list[str]] = {}
    for cell in _cells(table):
        if cell.method in (Method.IO_URING, Method.GUP_TEST, Method.IOTLB):
            pin = format_quantity(table.phases(cell, Phase.PIN).median, table.unit)
            sizes.setdefault(cell.mem, []).append(f"{pin} ({' '.join(_what(cell))})")
    unit = "" if table.unit == "ns" else " instructions"
    return Section(
        lines=tuple(
            f"pinning {format_size(mem)} takes{unit} {', '.join(spans)}"
            for mem, spans in sizes.items()
        )
    )


def _what(cell: Cell) -> tuple[str, ...]:
    threads = () if cell.threads == 1 else (f"{cell.threads} threads",)
    device = () if cell.method is Method.IO_URING else (cell.method.value,)
    return (*device, cell.pages.value, cell.ptes.value, *threads)


def pins_table(table: CellTable, clock: Clock) -> Section:
    """Tabulate pin and unpin of each cell, with their intervals and rates."""
    cells = _cells(table)
    if not cells:
        return Section()
    rate = "GiB/s" if clock is Clock.WALL else "per 4K"
    heads = ("pin", INTERVAL_HEAD, rate, "unpin", INTERVAL_HEAD, rate, "n")
    rows = [_row(table, cell, clock) for cell in cells]
    methods = [method for method in _MEANING if any(c.method is method for c in cells)]
    notes = [_MEANING[method] for method in methods] + _windows(table)
    if any(table.pause(cell).interval is None for cell in cells):
        notes.append(NO_INTERVAL)
    title, *more = _TITLE[clock]
    return Section(
        title, tuple(more), (make_table((*_NAMES, *figures_under(*heads)), rows),), tuple(notes)
    )


def _row(table: CellTable, cell: Cell, clock: Clock) -> tuple[Entry, ...]:
    spans = (table.phases(cell, phase) for phase in (Phase.PIN, Phase.UNPIN))
    figures = [figure for span in spans for figure in _figures(span, cell, table.unit, clock)]
    return (*_factors(cell), *figures, Entry.figure(len(table.ok(cell))))


def _factors(cell: Cell) -> tuple[Entry, ...]:
    size = (format_size(cell.mem), backing_of(cell), str(cell.threads))
    return tuple(map(Entry, (cell.pages.value, cell.ptes.value, *size, cell.method.value)))


def _figures(span: Summary, cell: Cell, unit: str, clock: Clock) -> tuple[Entry, ...]:
    """Make the cells of a median, its interval, and its rate."""
    interval = Entry.interval(span.interval, unit) if span.interval else _NONE
    if clock is Clock.ICOUNT:
        rate = Entry.figure(f"{span.median / (cell.mem / (4 * KIB)):.4g}")
    else:
        rate = Entry.figure(_rate(cell.mem / GIB / (span.median / 1e9))) if span.median else _NONE
    return Entry.quantity(span.median, unit), interval, rate


def per_page_table(table: CellTable) -> Section:
    """Tabulate pin and unpin of each 4 KiB page, with the intervals: for small pages by a clock."""
    rows = [
        (*_factors(cell), *_per_page(table, cell, Phase.PIN), *_per_page(table, cell, Phase.UNPIN))
        for cell in _cells(table)
        if cell.pages.small
    ]
    heads = figures_under("pin", INTERVAL_HEAD, "unpin", INTERVAL_HEAD)
    title = f"Pin and unpin of each 4 KiB page, {table.unit}"
    return Section(title, tables=(make_table((*_NAMES, *heads), rows),))


def _per_page(table: CellTable, cell: Cell, phase: Phase) -> tuple[Entry, Entry]:
    span, pages = table.phases(cell, phase), cell.mem / (4 * KIB)
    if span.interval is None:
        return Entry.figure(f"{span.median / pages:.4g}"), _NONE
    low, high = (f"{end / pages:.4g}" for end in span.interval)
    return Entry.figure(f"{span.median / pages:.4g}"), Entry.figure(f"{low} to {high}")


def _rate(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def _windows(table: CellTable) -> list[str]:
    """Note memory that was pinned in pieces, for a limit of the user or of io_uring."""
    found = {
        (cell.method, window)
        for cell in _cells(table)
        for window in {*table.ok(cell).window.tolist()}
        if 0 < window * cell.threads < cell.mem
    }
    return [
        f"{method} was in pieces of {format_size(window)}: what the memlock limit (ulimit -l)"
        " allows, or other programs of this user have left of it, 1 GiB at most"
        for method, window in sorted(found)
    ]


def counters(table: CellTable) -> Section:
    """Tabulate medians of what was counted beside the clock; empty where nothing was."""
    found = (item for cell in table.measured for item in table.ok(cell).counters.items())
    counted = {name for name, counts in found if (counts > 0).any()}
    names = sorted(name for name in counted if not is_footprint(name))
    if not names:
        return Section()
    rows = [
        (*_factors(cell), *(_count(medians.get(name)) for name in names))
        for cell in table.measured
        if (medians := table.counters(cell))
    ]
    title = "Counted beside the clock (medians)"
    if "page-faults" in names:
        title += "; page-faults: those of the process itself, not what pinning faults in"
    return Section(title, tables=(make_table((*_NAMES, *figures_under(*names)), rows),))


def _count(value: float | None) -> Entry:
    return NO_ENTRY if value is None else Entry.quantity(value, "instructions")


def _cells(table: CellTable) -> list[Cell]:
    return [cell for cell in table.measured if Phase.PIN in cell.method.experiment.phases]
