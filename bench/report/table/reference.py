# SPDX-License-Identifier: GPL-2.0-only
"""How far new-owner is from vfio's own live update, measured in one boot: a sentence a place."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bench.model.cell import Cell, Method, Phase
from bench.model.units import format_quantity
from bench.report.table.cells import CellTable
from bench.report.table.columns import factors
from bench.stats.ratios import ratio_interval
from bench.stats.summary import ratio

# In the order in which their shares are said: the costly one of each pair first.
_SHARED = (Method.RESET_OWNER, Method.NEW_OWNER, Method.VFIO_REMAP, Method.VFIO_VADDR)


def sentences(table: CellTable) -> list[str]:
    """A line for each place where both were measured."""
    return [
        _sentence(table, ours, theirs) for ours, theirs in _pairs(table) if table.pause(ours).median
    ]


def _pairs(table: CellTable) -> Iterator[tuple[Cell, Cell]]:
    """new-owner, and vfio's live update of the same memory."""
    theirs = _elsewhere(table, Method.VFIO_VADDR)
    for ours in table.measured:
        if ours.method is Method.NEW_OWNER:
            yield from ((ours, each) for each in theirs.get(replace(ours, device=""), ()))


def _elsewhere(table: CellTable, method: Method) -> dict[Cell, list[Cell]]:
    """Cells of a method, by the cell of new-owner that they are but for their device."""
    found: dict[Cell, list[Cell]] = {}
    for cell in table.measured:
        if cell.method is method:
            found.setdefault(replace(cell, device="", method=Method.NEW_OWNER), []).append(cell)
    return found


def _sentence(table: CellTable, ours: Cell, theirs: Cell) -> str:
    pauses = [table.pause(cell) for cell in (ours, theirs)]
    shown = " and ".join(format_quantity(pause.median, table.unit) for pause in pauses)
    device, pages, mem, *_ = factors(ours)
    text = (
        f"{device} {pages} {mem}: {ours.method} pauses {_times(ratio(*pauses))} as long as vfio's"
        f" live update ({_interval(table, ours, theirs)}; {shown})"
    )
    shares = ", ".join(_shares(table, ours, theirs))
    return f"{text}, and the exec that all share is {shares}{_alone(table, ours)}"


def _interval(table: CellTable, ours: Cell, theirs: Cell) -> str:
    found = ratio_interval(table.side_of(ours), table.side_of(theirs))
    if found is None:
        return "too few reps for an interval"
    return f"95 %: {_times(found[0])} to {_times(found[1])}"


def _times(ratio: float) -> str:
    """A digit more than a table has: both are little but exec, so that they lie close."""
    return f"{ratio:.4g}x"


def _shares(table: CellTable, ours: Cell, theirs: Cell) -> Iterator[str]:
    for method in _SHARED:
        cell = replace(ours if method.family is ours.method.family else theirs, method=method)
        if table.ok(cell) and table.pause(cell).low:
            share = np.median(table.ticks(cell, Phase.EXEC) / table.ticks(cell, *Phase))
            yield f"{100 * float(share):.3g} % of {method}"


def _alone(table: CellTable, ours: Cell) -> str:
    """The handover without a device, wherever it stands."""
    for cell in _elsewhere(table, Method.EXEC_ONLY).get(replace(ours, device=""), ()):
        return f" ({cell.method}: {format_quantity(table.pause(cell).median, table.unit)})"
    return ""
