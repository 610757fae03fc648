# SPDX-License-Identifier: GPL-2.0-only
"""What a VMM's start costs until it would map guest memory, in the run that measured it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.model.cell import Cell
from bench.model.method import Experiment, Method
from bench.model.units import format_quantity
from bench.report.table.cells import CellTable
from bench.report.table.section import (
    INTERVAL_HEAD,
    NO_INTERVAL,
    Column,
    Entry,
    Section,
    figures_under,
    make_table,
)
from bench.results.writer import Run

_NOTES = (
    "from before execve() until it opens the file of guest memory: loading, constructors, set-up",
    "what a VMM does behind that, until DRIVER_OK, is not in it: its devices above all",
    "start-helper: bench's own program, whose start is in the exec of every pause already",
)


@dataclass(frozen=True)
class Start:
    """What a VMM's start adds to both pauses, in ticks: its own less that of the helper."""

    name: str  # of the VMM, with its version
    added: float
    whole: float
    helper: float


def start_of(run: Run, table: CellTable) -> Start | None:
    """Return what the start adds in a run that measured both; None for any other run."""
    for cell in start_cells(table):
        helper = replace(cell, method=Method.START_HELPER)
        if cell.method is Method.START_VMM and table.ok(helper):
            whole, less = table.pause(cell).median, table.pause(helper).median
            return Start(vmm_name(run), max(whole - less, 0.0), whole, less)
    return None


def start_cells(table: CellTable) -> list[Cell]:
    """List the measured cells of starts, in the order of the table."""
    return [c for c in table.measured if c.method.experiment is Experiment.VMM_START]


def vmm_name(run: Run) -> str:
    """Name the VMM of a run: ``QEMU 7.2.22``."""
    version = run.facts.executor.qemu.partition("version ")[2].partition(" ")[0]
    return f"QEMU {version}".rstrip()


def starts_verdict(run: Run, table: CellTable) -> list[str]:
    """Say what the start takes, and what it adds to a pause."""
    found = start_of(run, table)
    if not found:
        return []
    whole, helper, added = (
        format_quantity(ticks, table.unit) for ticks in (found.whole, found.helper, found.added)
    )
    unit = "" if table.unit == "ns" else f" {table.unit}"
    return [
        f"{found.name} takes {whole}{unit} until it would map guest memory, "
        f"bench's own program {helper}: {added} more in each pause"
    ]


def starts_table(run: Run, table: CellTable, unit: str) -> Section:
    """Tabulate the starts; ``unit`` says what a tick is."""
    rows = [*_rows(run, table)]
    if not rows:
        return Section()
    columns = (
        Column("method", right=False, names=True),
        Column("program", right=False, names=True),
        *figures_under("median", INTERVAL_HEAD, "min", "max", "n"),
    )
    short = any(table.pause(cell).interval is None for cell in start_cells(table))
    notes = (*_NOTES, *[NO_INTERVAL] * short)
    made = make_table(columns, rows).filled()
    return Section(f"Start until guest memory is opened, in {unit}", notes, (made,))


def _rows(run: Run, table: CellTable) -> Iterator[tuple[Entry, ...]]:
    for cell in start_cells(table):
        name = vmm_name(run) if cell.method is Method.START_VMM else "bench-helper"
        found = table.pause(cell)
        values = (found.low, found.high)
        yield (
            *(Entry(cell.method.value), Entry(name), Entry.quantity(found.median, table.unit)),
            Entry.interval(found.interval, table.unit),
            *(Entry.quantity(value, table.unit) for value in values),
            Entry.figure(found.n),
        )
