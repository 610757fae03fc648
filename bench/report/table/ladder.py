# SPDX-License-Identifier: GPL-2.0-only
"""The same cells under several kernels, one below the other: how good a baseline can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.model.cell import Cell, Handover
from bench.model.method import Experiment, Method, Phase
from bench.report.table.cells import BASES, CellTable, place_of
from bench.report.table.columns import FACTOR_COLUMNS, factor_entries
from bench.report.table.contents import TOUCHED_NOTE, UNITS
from bench.report.table.findings import place_of_cell, ratio_range, savings
from bench.report.table.section import NO_ENTRY, Column, Entry, Section, figures_under, make_table
from bench.report.table.shared import TOUCHED, beside
from bench.report.table.starts import Start
from bench.results.comparable import facts_of, unlike
from bench.results.writer import Run
from bench.stats.summary import Summary, ratio, summarize

# What each baseline is there for: of several methods the one that is held against others first.
_FOR = {base: method for method, bases in reversed([*BASES.items()]) for base in bases}
MORE = "... "  # stands for the name of the first kernel
_KERNEL = Column("kernel", right=False, names=True)

Boots = dict[str, list[CellTable]]  # by the name of their kernel, in the order of runs
Pauses = dict[tuple[Cell, str], Summary]  # by cell and kernel, as `_pauses` orders them


@dataclass(frozen=True)
class Rung:
    """A baseline under one kernel, and what it is held against there."""

    cell: Cell
    kernel: str  # the first by its name, others by what they have beside it
    base: Summary
    other: Summary
    touched: float | None = None  # the ratio with the first touch of all memory behind both

    @property
    def ratio(self) -> float:
        return ratio(self.base, self.other)

    @property
    def saved(self) -> float:
        return self.base.median - self.other.median


def rungs_of(runs: Sequence[Run], tables: Sequence[CellTable]) -> list[Rung]:
    """List the baselines of each cell, kernel by kernel; none for fewer than two kernels."""
    boots = _by_kernel(runs, tables)
    return [*_rungs(_pauses(boots), boots)]


def ladder_verdict(
    rungs: Sequence[Rung], runs: Sequence[Run], tables: Sequence[CellTable]
) -> list[str]:
    """Say of each method what it saves of its best baseline; ``rungs`` are those of the runs."""
    start = beside(runs[0], runs, tables).start
    return [*_verdicts(rungs, start, tables[0].unit)]


def ladder(runs: Sequence[Run], tables: Sequence[CellTable]) -> list[Section]:
    """Make a verdict by the best baseline, and a table; nothing for fewer than two kernels."""
    boots = _by_kernel(runs, tables)
    pauses = _pauses(boots)
    rungs = {(rung.cell, rung.kernel): rung for rung in _rungs(pauses, boots)}
    if not rungs:
        return []
    unit = tables[0].unit
    rows = [
        (
            *(*factor_entries(cell), Entry(kernel), Entry.quantity(pause.median, unit)),
            *(Entry.figure(pause.n), *_gain(rungs.get((cell, kernel)), unit)),
            _touched(cell, boots[kernel], unit),
        )
        for (cell, kernel), pause in pauses.items()
    ]
    heads = ("median", "n", "saved", "ratio", TOUCHED)
    columns = (*FACTOR_COLUMNS, _KERNEL, *figures_under(*heads))
    notes = (
        *UNITS[runs[0].clock],
        "saved, ratio: by the method that the baseline is for, under the same kernel",
        *[TOUCHED_NOTE] * any(row[-1] is not NO_ENTRY for row in rows),
    )
    title = "Pause of a live update under each kernel"
    verdict = Section(lines=tuple(ladder_verdict([*rungs.values()], runs, tables)))
    return [verdict, Section(title, notes, (make_table(columns, rows).filled(),))]


def _by_kernel(runs: Sequence[Run], tables: Sequence[CellTable]) -> Boots:
    """Group runs by their kernels, without those that are not alike in something else."""
    facts = [facts_of(run.facts) for run in runs]
    first, found = facts[0].get("kernel", "not known"), Boots()
    for each, table in zip(facts, tables, strict=True):
        if unlike(facts[0], each):
            continue
        name = each.get("kernel", "not known")
        short = f"{MORE}{name.removeprefix(first)}" if name.startswith(f"{first}+") else name
        found.setdefault(short, []).append(table)
    return found


def _pauses(boots: Boots) -> Pauses:
    """Summarize cells that several kernels measured, each under all of them before the next."""
    cells = {cell for tables in boots.values() for table in tables for cell in table.measured}
    found: Pauses = {}
    for cell in sorted(cells, key=place_of):
        ticks = {
            kernel: [table.ticks(cell, *Phase) for table in tables if table.ok(cell)]
            for kernel, tables in boots.items()
        }
        known = {kernel: each for kernel, each in ticks.items() if each}
        if cell.method.experiment is Experiment.LIVE_UPDATE and len(known) > 1:
            for kernel, each in known.items():
                found[cell, kernel] = summarize(np.concatenate(each))
    return found


def _rungs(pauses: Pauses, boots: Boots) -> Iterator[Rung]:
    for (cell, kernel), base in pauses.items():
        if method := _FOR.get(cell.method):
            other = replace(cell, method=method)
            held = pauses.get((other, kernel))
            if held:
                both = [_with_touch(each, boots[kernel]) for each in (cell, other)]
                touched = ratio(both[0], both[1]) if both[0] and both[1] else None
                yield Rung(cell, kernel, base, held, touched)


def _gain(rung: Rung | None, unit: str) -> tuple[Entry, Entry]:
    if rung is None:
        return NO_ENTRY, NO_ENTRY
    return Entry.quantity(rung.saved, unit), Entry.ratio(rung.ratio)


def _with_touch(cell: Cell, tables: Sequence[CellTable]) -> Summary | None:
    """Summarize pause and after-pause over all boots; None where none was timed."""
    ticks = [each for table in tables if (each := table.with_touch(cell)) is not None]
    return summarize(np.concatenate(ticks)) if ticks else None


def _touched(cell: Cell, tables: Sequence[CellTable], unit: str) -> Entry:
    found = _with_touch(cell, tables)
    return Entry.quantity(found.median, unit) if found else NO_ENTRY


def _verdicts(rungs: Sequence[Rung], start: Start | None, unit: str) -> Iterator[str]:
    """Say of each baseline what is saved where it is at its best, a line each."""
    for method in dict.fromkeys(rung.cell.method for rung in rungs):
        best: dict[Cell, Rung] = {}
        for rung in rungs:
            known = best.get(rung.cell)
            if rung.cell.method is method and (not known or rung.base.median < known.base.median):
                best[rung.cell] = rung
        yield _verdict(method, [*best.values()], start, unit)


def _verdict(method: Method, best: Sequence[Rung], start: Start | None, unit: str) -> str:
    kernels = [*dict.fromkeys(rung.kernel for rung in best)]
    where = (
        f"with {kernels[0].removeprefix(MORE)}"
        if len(kernels) == 1
        else "each cell with its own kernel"
    )
    least = min(best, key=lambda rung: rung.ratio)
    at = f"{'the least ratio at ' if len(best) > 1 else 'at '}{place_of_cell(least.cell)}"
    counted = "" if unit == "ns" else f" {unit}"
    saved = savings((rung.saved for rung in best), unit, method, counted)
    ratios = ratio_range(rung.ratio for rung in best)
    if start and all(rung.cell.handover is Handover.EXEC for rung in best):
        added = start.added
        left = ((r.base.median + added) / (r.other.median + added) for r in best)
        ratios += f"; {ratio_range(left)} if both had the start of {start.name} too: calculated"
    return f"{_FOR[method]} {saved} at its best, {where} ({ratios}), {at}"
