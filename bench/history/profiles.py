# SPDX-License-Identifier: GPL-2.0-only
"""Name the functions by which a cell changed between two points, where both have profiles."""

from collections.abc import Iterable

from bench.errors import BenchError
from bench.history.point import HistoryPoint
from bench.history.store import is_point, read_text, stored_side
from bench.model.cell import Cell
from bench.profile.functions import CellFunctions, functions_of
from bench.profile.stored import profile_of
from bench.sides import explain
from bench.sides.read import read_side


def functions_moved(
    cell: Cell, before: Iterable[HistoryPoint], after: Iterable[HistoryPoint], change: float
) -> str:
    """Say which functions changed, by the first point of each that has a profile; else ''.

    ``change`` is relative: 0.05 is 5 % more.
    """
    old, new = _first(cell, before), _first(cell, after)
    found = explain(cell, old, new, change) if old and new else None
    return found.text if found else ""


def _first(cell: Cell, points: Iterable[HistoryPoint]) -> CellFunctions | None:
    return next(filter(None, (_functions(point, cell) for point in points)), None)


def _functions(point: HistoryPoint, cell: Cell) -> CellFunctions | None:
    """Return the functions of a cell; None without a profile, or where it is damaged."""
    for path in point.profiles:
        try:
            if path.is_dir():
                profile = profile_of(path, cell)
                found = functions_of(profile).compact() if profile else None
            else:
                text = read_text(path)
                side = stored_side(path, text) if is_point(text) else read_side(path)
                found = side.functions(cell)
        except BenchError:
            continue
        if found:
            return found
    return None
