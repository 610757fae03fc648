# SPDX-License-Identifier: GPL-2.0-only
"""Tabulate what two pauses differ by, function by function: two methods, or two kernels."""

from collections.abc import Iterator
from dataclasses import replace

from bench.model.cell import Cell
from bench.model.units import format_quantity
from bench.profile.functions import PhaseFunctions, functions_of, short
from bench.profile.profile import Profile
from bench.report.table.cells import BASES
from bench.report.table.columns import factors
from bench.report.table.functions import A_PAGE, OTHERS, a_page, largest_profiled
from bench.report.table.section import Column, Entry, Section, Table, make_table
from bench.results.writer import Run
from bench.sides import FunctionChange, function_changes

_NAMED = 12  # functions of a table
_UNCHANGED = 2  # rows of a table in which no function differs: the pause, and all others
_NONE = "-"
_NOTE = (
    "own instructions of each function in the whole pause, of one profiled rep each; "
    f"{_NONE}: not executed on this side; {A_PAGE}: of the change"
)


def methods_changed(run: Run) -> Section:
    """Tabulate each method against the one that it is held against; empty without profiles."""
    cells = [(base, cell) for cell in largest_profiled(run) if (base := _base(run, cell))]
    tables = (
        _table(run.profiles[base], run.profiles[cell], base.method.value, cell.method.value)
        for base, cell in cells
    )
    return Section("One method against another, by function", (_NOTE,), tuple(tables))


def _base(run: Run, cell: Cell) -> Cell | None:
    others = (replace(cell, method=method) for method in BASES.get(cell.method, ()))
    return next((other for other in others if other in run.profiles), None)


def kernels_changed(base: Run, run: Run, names: tuple[str, str]) -> Section:
    """Tabulate the cells that both runs have profiled, the largest of each kind."""
    cells = [cell for cell in largest_profiled(run) if cell in base.profiles]
    tables = {cell: _table(base.profiles[cell], run.profiles[cell], *names) for cell in cells}
    changed = tuple(table for table in tables.values() if len(table.rows) > _UNCHANGED)
    same = [" ".join(factors(cell)) for cell in cells if tables[cell] not in changed]
    lines = tuple(f"no function differs: {place}" for place in same)
    return Section(f"{names[1]} against {names[0]}, by function", (_NOTE,), changed, lines)


def _table(base: Profile, new: Profile, before: str, after: str) -> Table:
    cell = new.cell
    columns = (
        Column("", right=False, names=True),
        *map(Column, (before, after, "change", A_PAGE)),
    )
    same = base.cell.method is cell.method
    title = " ".join(factors(cell)[: 5 if same else 4])
    return make_table(
        columns, _rows(cell, functions_of(base).whole, functions_of(new).whole), title
    )


def _rows(cell: Cell, base: PhaseFunctions, new: PhaseFunctions) -> Iterator[tuple[Entry, ...]]:
    """Make a row of the pause, rows of functions, and one of the others: they add up to it."""
    whole = FunctionChange("pause", base.counted, new.counted)
    changes = function_changes(base, new)
    named = changes[:_NAMED]
    yield _row(cell, whole, whole.label)
    for each in named:
        yield _row(cell, each, f"  {short(each.label)}")
    before, after = (whole.base - sum(c.base for c in named), whole.new - sum(c.new for c in named))
    if before or after:
        yield _row(cell, FunctionChange(OTHERS, before, after), f"  {OTHERS}")


def _row(cell: Cell, change: FunctionChange, name: str) -> tuple[Entry, ...]:
    base = _NONE if change.only == "new" else format_quantity(change.base, "instructions")
    new = _NONE if change.only == "gone" else format_quantity(change.new, "instructions")
    sign, each = "+" if change.difference > 0 else "", a_page(change.difference, cell)
    texts = (
        base,
        new,
        f"{sign}{format_quantity(change.difference, 'instructions')}",
        each if each.startswith("<") else f"{sign}{each}",
    )
    return (Entry(name), *map(Entry.figure, texts))
