# SPDX-License-Identifier: GPL-2.0-only
"""How a cell's factors are spelled in a table, and the columns that they stand in."""

from bench.model.cell import Backing, Batch, Cell, Handover, Ptes
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


def factor_entries(cell: Cell) -> tuple[Entry, ...]:
    """Make the cells below `FACTOR_COLUMNS`."""
    return tuple(map(Entry, factors(cell)))
