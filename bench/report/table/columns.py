# SPDX-License-Identifier: GPL-2.0-only
"""Tables of plain text, and how a cell's factors are spelled in them."""

from collections.abc import Iterable, Sequence

from bench.model.cell import Backing, Batch, Cell, Handover, Ptes
from bench.model.units import format_size

FACTORS = ("device", "pages", "mem", "backing", "method")  # the head over `factors`


def backing_of(cell: Cell) -> str:
    """``real``, or ``alias 1 GiB``: how much of the memory is distinct."""
    if cell.backing is Backing.ALIAS:
        return f"{cell.backing} {format_size(cell.file)}"
    return cell.backing.value


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


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned text, right-aligned figures, two spaces between."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    right = [all(is_figure(row[i]) for row in rows[1:]) for i in range(len(widths))]
    return "\n".join(_line(row, widths, right) for row in rows)


def _line(row: Iterable[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = zip(row, widths, right, strict=True)
    return "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip()


def is_figure(text: str) -> bool:
    """Or nothing, which stands where figures do."""
    return not text or text.lstrip("~-")[:1].isdigit()
