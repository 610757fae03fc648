# SPDX-License-Identifier: GPL-2.0-only
"""How a cell's factors are spelled in a table, and the columns that they stand in."""

from bench.model.cell import Backing, Cell
from bench.model.units import format_size
from bench.report.table.section import Column, Entry

# The columns of `factors`, which name a row.
FACTOR_COLUMNS = tuple(
    Column(head, right=head == "mem", names=True)
    for head in ("device", "pages", "mem", "backing", "method")
)


def backing_of(cell: Cell) -> str:
    """Spell how much of a cell's memory is distinct: ``real``, or ``alias 1 GiB``."""
    if cell.backing is Backing.ALIAS:
        return f"{cell.backing} {format_size(cell.file)}"
    return cell.backing.value


def factors(cell: Cell) -> tuple[str, str, str, str, str]:
    """Spell device, pages, size, backing and method; beside pages what is not a default."""
    pages = " ".join([cell.pages, *cell.differing()])
    return cell.device, pages, format_size(cell.mem), backing_of(cell), cell.method.value


def factor_entries(cell: Cell) -> tuple[Entry, ...]:
    """Make the cells below `FACTOR_COLUMNS`."""
    return tuple(map(Entry, factors(cell)))
