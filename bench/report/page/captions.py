# SPDX-License-Identifier: GPL-2.0-only
"""Sentences on what each plot shows, for captions and alternative text.

Made from the table that the plot is drawn from; empty where the plot would show nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from bench.model.cell import Cell
from bench.model.method import Method
from bench.model.units import format_quantity, format_ratio, format_size
from bench.report.table.cells import CellTable
from bench.report.table.columns import factors
from bench.report.table.figures import Figures
from bench.report.table.findings import (
    MethodPair,
    method_pairs,
    methods_verdict,
    place_of_cell,
    ratio_range,
)
from bench.report.table.shared import ADDED, Beside, CommonRow, common_verdict, more
from bench.stats.drift import drifting

_MOST_KINDS = 2  # that a sentence names; the plot and the tables have them all
# A cell's reps say little about their distribution or their order before there are so many.
_LEAST_REPS = 3


def scaling(table: CellTable, budget: float | None = None) -> str:
    """Say how each method's pause grows from the smallest memory to the largest.

    And how many cells are above ``budget``, in the ticks of the table, unless it is None.
    """
    firsts = [c for c in table.measured if len(s := table.sizes(c)) > 1 and s[0] == c]
    kinds = [[*group] for _, group in groupby(firsts, key=lambda cell: replace(_kind(cell), mem=0))]
    if not kinds:
        return ""
    said = [_growth(table, cells) for cells in kinds[:_MOST_KINDS]]
    more = len(kinds) - len(said)
    said += [f"{more} more kinds of cell are drawn"] if more else []
    return _sentences([*said, *_over(table, budget)])


def _kind(cell: Cell) -> Cell:
    """Give cells that differ only in their method one key."""
    return replace(cell, method=Method.EXEC_ONLY, file=0)


def _growth(table: CellTable, firsts: Sequence[Cell]) -> str:
    """Say how the pause of one kind of cell grows, method by method."""
    device, pages, *_ = factors(firsts[0])
    ends = [(first, table.sizes(first)[-1]) for first in firsts]
    spans = {(first.mem, last.mem) for first, last in ends}
    said = []
    for number, (first, last) in enumerate(ends):
        own = _span(first, last) if len(spans) > 1 else ""
        slope = _slope(table, first, "for each 4 KiB" if number == 0 else "")
        said.append(f"{_grown(table, first, last)} with {first.method}{own}{slope}")
    span = _span(*ends[0]) if len(spans) == 1 else ""
    return f"{device} {pages}{span}: the pause grows {', '.join(said)}"


def _span(first: Cell, last: Cell) -> str:
    return f" from {format_size(first.mem)} to {format_size(last.mem)}"


def _grown(table: CellTable, first: Cell, last: Cell) -> str:
    small, large = table.pause(first).median, table.pause(last).median
    return format_ratio(large / small) if small else "from nothing"


def _slope(table: CellTable, first: Cell, words: str) -> str:
    """Spell the slope of the line through all sizes; empty where no line fits."""
    line, why_not = table.scaling(first)
    if why_not:
        return ""
    slope = f"{line.slope:.3g}" if line.slope < 999.5 else f"{line.slope:.0f}"
    return f" ({f'{slope} {table.unit} {words}'.strip()})"


def _over(table: CellTable, budget: float | None) -> list[str]:
    if budget is None:
        return []
    limit = format_quantity(budget, table.unit)
    by_method: dict[Method, list[bool]] = {}
    for cell in table.measured:
        by_method.setdefault(cell.method, []).append(table.pause(cell).median > budget)
    over = [f"{m} in {sum(o)} of {len(o)} cells" for m, o in by_method.items() if any(o)]
    above = f"Above the budget of {limit}: {', '.join(over)}"
    return [above if over else f"No cell is above {limit}"]


def ratios(rows: Sequence[Figures], unit: str) -> str:
    """Say the range of the ratios of each pair of methods, and in how many cells it may be 1."""
    if not any(row.ratio is not None for row in rows):
        return ""
    return _sentences(
        [*methods_verdict(rows, unit), *filter(None, map(_unclear, method_pairs(rows)))]
    )


def common(rows: Sequence[CommonRow], found: Beside, unit: str) -> str:
    """Say how far ratios fall where more is common to both pauses, and where a VMM's start is."""
    if not rows:
        return ""
    kinds = {(row.cell.method, row.cell.pages) for row in rows}
    drawn = ratio_range(row.ratio() for row in rows)
    most = ratio_range(row.ratio(ADDED[-1]) for row in rows)
    said = f"{drawn} as measured, {most} with {more(ADDED[-1], unit)} in both pauses"
    where = f"{len(kinds)} kinds of cell" if len(kinds) > 1 else place_of_cell(rows[-1].cell)
    return _sentences([f"{where}: {said}", *common_verdict(rows, found)])


def _unclear(pair: MethodPair) -> str:
    """Count the cells whose interval holds 1, so that either method may be the shorter one."""
    found = [row for row in pair.rows if (i := row.ratio_interval) and i[0] <= 1 <= i[1]]
    if not found:
        return ""
    return f"In {len(found)} of {len(pair.rows)} cells the 95 % interval of {pair.method} holds 1"


def widest_spread(table: CellTable) -> float:
    """Return how far the reps of a cell lie apart at most, in percent of its median."""
    return max((_spread(table, cell) for cell in _with_reps(table)), default=0.0)


def moved(table: CellTable) -> int:
    """Count the cells whose pause depends on when it was measured."""
    return len(drifting({cell: table.side_of(cell) for cell in _with_reps(table)}))


def ecdf(table: CellTable) -> str:
    """Say how far reps of a cell lie apart, and whether those of two methods overlap."""
    cells = _with_reps(table)
    if not cells:
        return ""
    widest = max(cells, key=lambda cell: _spread(table, cell))
    name = f"{widest.method}, {' '.join(factors(widest)[:3])}"
    spread = f"The reps of a cell lie within {_spread(table, widest):.2g} % of its median ({name})"
    return _sentences([spread, *_apart(table)])


def _with_reps(table: CellTable) -> list[Cell]:
    return [cell for cell in table.measured if table.pause(cell).n >= _LEAST_REPS]


def _spread(table: CellTable, cell: Cell) -> float:
    """Compute how far the longest rep is from the shortest, in percent of the median."""
    pause = table.pause(cell)
    return 100 * (pause.high - pause.low) / pause.median if pause.median else 0.0


def _apart(table: CellTable) -> list[str]:
    """Count, by methods, the cells whose longest rep is shorter than the base's shortest."""
    found: dict[tuple[Method, Method], list[bool]] = {}
    for cell in table.measured:
        if base := table.base(cell):
            apart = table.pause(cell).high < table.pause(base).low
            found.setdefault((cell.method, base.method), []).append(apart)
    return [
        f"In {sum(apart)} of {len(apart)} cells every rep of {method} is shorter than any of {base}"
        for (method, base), apart in found.items()
    ]


def run_order(table: CellTable) -> str:
    """Say whether the pauses of a cell depend on when they were measured."""
    cells = _with_reps(table)
    if not cells:
        return ""
    found = drifting({cell: table.side_of(cell) for cell in cells})
    if not found:
        return f"No drift: in none of {len(cells)} cells does the pause depend on the time."
    worst = max(found, key=lambda cell: abs(found[cell].change))
    name = " ".join((*factors(worst)[:3], worst.method.value))
    most = f"{name} by {found[worst].change:+.1%} {found[worst].where}"
    return _sentences([f"Drift in {len(found)} of {len(cells)} cells: {most}"])


def _sentences(parts: Iterable[str]) -> str:
    return " ".join(f"{part}." for part in parts)
