# SPDX-License-Identifier: GPL-2.0-only
"""Several boots of a kernel: how far reps of one boot lie apart, and how far boots do."""

from collections.abc import Iterator, Sequence

from bench.model.cell import Cell
from bench.report.table.cells import CellTable, place_of
from bench.report.table.columns import FACTOR_COLUMNS, factor_entries
from bench.report.table.section import Column, Entry, Section, figures_under, make_table
from bench.results.comparable import facts_of, unlike
from bench.results.writer import Run
from bench.stats.samples import from_boots
from bench.stats.spread import Spread, spread_of

_HEADS = ("boots", "within", "between", "low to high")


def spread_section(runs: Sequence[Run], tables: Sequence[CellTable]) -> Section:
    """Tabulate the spread of each cell that several boots of one kernel measured.

    Empty where no kernel has two. Every run counts as a boot, as `--boots` makes them; runs on
    the host are left out, since they may share a boot of the machine.
    """
    rows = [
        (*factor_entries(cell), Entry(kernel), *_entries(spread))
        for kernel, boots in _kernels(runs, tables)
        for cell, spread in _spreads(boots)
    ]
    if not rows:
        return Section()
    columns = (*FACTOR_COLUMNS, Column("kernel", right=False, names=True), *figures_under(*_HEADS))
    notes = (
        "within: standard deviation of reps in a boot; between: of the medians of boots; "
        "low to high: the highest median less the lowest",
    )
    title = "Spread of the pause within a boot and between boots, in % of the median"
    return Section(title, notes, (make_table(columns, rows),))


def _kernels(
    runs: Sequence[Run], tables: Sequence[CellTable]
) -> Iterator[tuple[str, list[CellTable]]]:
    """Group runs whose figures may stand side by side, by their kernels."""
    groups: list[tuple[dict[str, str], list[CellTable]]] = []
    for run, table in zip(runs, tables, strict=True):
        if run.facts.executor.name == "host":
            continue
        facts = facts_of(run.facts)
        for known, boots in groups:
            if _kernel(known) == _kernel(facts) and not unlike(known, facts):
                boots.append(table)
                break
        else:
            groups.append((facts, [table]))
    return ((facts.get("kernel", "not known"), boots) for facts, boots in groups)


def _kernel(facts: dict[str, str]) -> tuple[str | None, ...]:
    return facts.get("kernel"), facts.get("kernel build")


def _spreads(boots: Sequence[CellTable]) -> Iterator[tuple[Cell, Spread]]:
    for cell in sorted({cell for table in boots for cell in table.measured}, key=place_of):
        values = [table.side_of(cell).values for table in boots if table.ok(cell)]
        if len(values) > 1:
            yield cell, spread_of(from_boots(values))


def _entries(spread: Spread) -> tuple[Entry, ...]:
    shares = (spread.within, spread.between, spread.span)
    return Entry.figure(f"{spread.boots}"), *map(_share, shares)


def _share(share: float) -> Entry:
    return Entry.figure(f"{share * 100:.3f} %") if share == share else Entry.reason("one rep")
