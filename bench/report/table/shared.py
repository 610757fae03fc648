# SPDX-License-Identifier: GPL-2.0-only
"""What is common to both pauses: how a ratio changes with it, and what a VMM's start makes of it.

A saving does not depend on it, a ratio does: the new process of a live update is a small program
here, and a VMM where VMs run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.model.cell import Backing, Cell, Clock, Handover
from bench.model.method import Phase
from bench.model.units import format_quantity
from bench.report.table.cells import CellTable
from bench.report.table.columns import FACTOR_COLUMNS, factor_entries
from bench.report.table.figures import Figures
from bench.report.table.findings import method_pairs, ratio_range
from bench.report.table.section import NO_ENTRY, Entry, Section, figures_under, make_table
from bench.report.table.starts import Start, start_of
from bench.results.writer import Run

_VMM = "QEMU"  # heads the column of its start
TOUCHED = "and touch"  # a pause; the ratio of two such is of another name
IF_TOUCHED = "if touched"
ADDED = (10**7, 10**8)  # ticks that a table adds to both pauses
ASK = "what a VMM's start adds: bench run vmm-start, and bench report with both directories"
COMMON_TITLE = "What is saved, and its ratio by what is common to both pauses"
TRANSFERRED = "by transfer: the new process was there before the pause"


@dataclass(frozen=True)
class Beside:
    """What the runs of a report tell of one of them, beside its own figures."""

    start: Start | None = None
    tables: tuple[CellTable, ...] = ()  # of runs under the same kernel, its own first


@dataclass(frozen=True)
class CommonRow:
    """A cell of a method that keeps what is pinned, and the pause that it is held against."""

    cell: Cell
    base: float
    pause: float
    shared: float  # the part of exec that both have
    by_transfer: float | None  # the ratio if the new process was there before the pause
    touched: float | None  # the ratio if both processes touch all of their memory too

    @property
    def saved(self) -> float:
        return self.base - self.pause

    def ratio(self, added: float = 0) -> float:
        """Return the ratio of the pauses if both have ``added`` ticks more."""
        return (self.base + added) / (self.pause + added)


def beside(run: Run, runs: Sequence[Run], tables: Sequence[CellTable]) -> Beside:
    """Find what the runs of a report, itself among them, tell of one of them.

    A VMM's start counts from a run whose ticks are the same: by its clock, and by the machine or
    the CPU that is emulated; under the same kernel, else under the same version of it.
    """
    like = [(each, table) for each, table in zip(runs, tables, strict=True) if _alike(run, each)]
    same = [pair for pair in like if _kernel(pair[0]) == _kernel(run)]
    starts = [start for pair in (*same, *like) if (start := start_of(*pair))]
    ordered = sorted(same, key=lambda pair: pair[0] is not run)
    return Beside(starts[0] if starts else None, tuple(table for _, table in ordered))


def _alike(run: Run, other: Run) -> bool:
    one, two = run.facts.executor, other.facts.executor
    machines = run.facts.machine.cpu == other.facts.machine.cpu or run.clock is Clock.ICOUNT
    versions = {_kernel(each).partition("+live-update")[0] for each in (run, other)}
    emulated = (one.accelerator, one.cpu_model) == (two.accelerator, two.cpu_model)
    return run.clock is other.clock and machines and emulated and len(versions) == 1


def _kernel(run: Run) -> str:
    return run.facts.executor.kernel


def common_rows(rows: Sequence[Figures], found: Beside) -> list[CommonRow]:
    """List measured cells with an execve() within the pause, and what they are held against."""
    pauses = {row.cell: row.pause.median for row in rows if row.pause}
    execs = {row.cell: row.phases.get(Phase.EXEC, 0.0) for row in rows}
    return [
        CommonRow(
            cell=row.cell,
            base=pauses[row.base],
            pause=pauses[row.cell],
            shared=min(execs[row.cell], execs[row.base]),
            by_transfer=_by_transfer(row.cell, row.base, found.tables),
            touched=_touched(row.cell, row.base, found.tables),
        )
        for pair in method_pairs(rows)
        if pair.method.keeps
        for row in pair.rows
        if row.cell.handover is Handover.EXEC and row.base and pauses[row.cell]
    ]


def _by_transfer(cell: Cell, base: Cell, tables: Iterable[CellTable]) -> float | None:
    one, two = (replace(each, handover=Handover.TRANSFER) for each in (cell, base))
    for table in tables:
        if table.ok(one) and table.ok(two) and table.pause(one).median:
            return table.pause(two).median / table.pause(one).median
    return None


def _touched(cell: Cell, base: Cell, tables: Iterable[CellTable]) -> float | None:
    for table in tables:
        one, two = (table.with_touch(each) for each in (cell, base))
        if one is not None and two is not None:
            return float(np.median(two) / np.median(one))
    return None


def largest(rows: Iterable[CommonRow]) -> list[CommonRow]:
    """Keep the rows of the largest memory of each kind of cell, in their order."""
    found: dict[Cell, CommonRow] = {}
    for row in rows:
        key = replace(row.cell, mem=0, file=0, backing=Backing.AUTO)
        if key not in found or row.cell.mem > found[key].cell.mem:
            found[key] = row
    return [*found.values()]


def common_verdict(rows: Sequence[CommonRow], found: Beside) -> list[str]:
    """Say what is left of the ratio by a transfer, and with a VMM's start in both pauses."""
    lines = []
    transferred = [row.by_transfer for row in rows if row.by_transfer]
    if transferred:
        lines.append(f"{ratio_range(transferred)} {TRANSFERRED}")
    if rows and found.start:
        span = ratio_range(row.ratio(found.start.added) for row in rows)
        lines.append(f"{span} with the start of {found.start.name} in both pauses")
    return lines


def common_table(rows: Sequence[CommonRow], found: Beside, unit: str) -> Section:
    """Tabulate savings, and ratios by what is common to both pauses."""
    added = added_to(found)
    heads = [more(ticks, unit) for ticks in added]
    heads[len(ADDED) :] = [f"{_VMM}: {head}" for head in heads[len(ADDED) :]]
    names = ("saved", "by transfer", IF_TOUCHED, "as measured", *heads)
    columns = (*FACTOR_COLUMNS, *figures_under(*names))
    made = [
        (
            *(*factor_entries(row.cell), Entry.quantity(row.saved, unit)),
            *(Entry.ratio(each) if each else NO_ENTRY for each in (row.by_transfer, row.touched)),
            *(Entry.ratio(row.ratio(ticks)) for ticks in (0, *added)),
        )
        for row in rows
    ]
    if not made:
        return Section()
    return Section(
        COMMON_TITLE, common_notes(rows, found, unit), (make_table(columns, made).filled(),)
    )


def more(ticks: float, unit: str) -> str:
    """Spell ticks that are added, with three digits at most: ``+10 M``, ``+64.3 M``."""
    number, _, suffix = format_quantity(ticks, unit).partition(" ")
    return f"+{float(number):.3g} {suffix}".rstrip()


def added_to(found: Beside) -> list[float]:
    """List the ticks that columns add to both pauses: round ones, then a VMM's start."""
    return [*ADDED, *([found.start.added] if found.start else [])]


def common_notes(rows: Sequence[CommonRow], found: Beside, unit: str) -> tuple[str, ...]:
    """Say what the columns of `common_table` are."""
    notes = ["saved: the same whatever else both pauses have; a ratio is not"]
    if any(row.by_transfer for row in rows):
        notes.append(TRANSFERRED)
    if any(row.touched for row in rows):
        notes.append(f"{IF_TOUCHED}: with the first touch of all memory behind both pauses")
    small = "as measured: the new process is bench's own small program"
    notes.append(f"{small}; {more(ADDED[0], unit)}: so much more in both")
    if found.start:
        start = found.start
        notes.append(
            f"{more(start.added, unit)}: the start of {start.name}, until it would map guest memory"
        )
    else:
        notes.append(ASK)
    return tuple(notes)
