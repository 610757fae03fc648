# SPDX-License-Identifier: GPL-2.0-only
"""What the figures come to, in sentences: the same in every report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.model.cell import Method
from bench.model.cell_state import CellState
from bench.report.table.cells import BASES
from bench.report.table.columns import factors
from bench.report.table.figures import Figures

# Less than this is no win that anybody would merge a new interface for.
SMALL_WIN = 1.1


@dataclass(frozen=True)
class MethodPair:
    """Two methods, and the cells in which both were measured: never empty, in their order."""

    base: Method
    method: Method
    rows: tuple[Figures, ...]

    @property
    def worst(self) -> Figures:
        """Where the method gains least."""
        return min(self.rows, key=gain)

    @property
    def best(self) -> Figures:
        return max(self.rows, key=gain)


def gain(row: Figures) -> float:
    return row.ratio if row.ratio is not None else 0.0


def pairs(rows: Iterable[Figures]) -> list[MethodPair]:
    """By their methods, the newest way of doing it first; estimates are none of them."""
    found: dict[tuple[Method, Method], list[Figures]] = {}
    for row in rows:
        if row.state is CellState.MEASURED and row.base and row.ratio is not None:
            found.setdefault((row.base.method, row.cell.method), []).append(row)
    first = [*BASES].index
    ordered = sorted(found, key=lambda methods: first(methods[1]))
    return [MethodPair(*methods, tuple(found[methods])) for methods in ordered]


def times(ratio: float) -> str:
    """``1.02x``, ``185x``: three digits, or all that stand before the point."""
    if ratio >= 999.5:
        return f"{ratio:.0f}x"
    return f"{f'{ratio:#.3g}'.rstrip('.')}x"


def place(row: Figures) -> str:
    """``sim-net-pa thp 64 GiB``: where it was measured, without the method."""
    return " ".join(factors(row.cell)[:3])


def verdict(rows: Sequence[Figures]) -> list[str]:
    """One line for each pair of methods, over all cells that have both."""
    return [_verdict(pair) for pair in pairs(rows)]


def _verdict(pair: MethodPair) -> str:
    least, most = times(gain(pair.worst)), times(gain(pair.best))
    if len(pair.rows) == 1:
        return f"{pair.base} pauses {least} as long as {pair.method} ({place(pair.worst)})"
    span = f"{least} to {most}"
    return f"{pair.base} pauses {span} as long as {pair.method}, least at {place(pair.worst)}"


def small_wins(pair: MethodPair) -> list[Figures]:
    """Cells in which the method gains next to nothing, or loses: to be said, worst first."""
    return sorted((row for row in pair.rows if gain(row) < SMALL_WIN), key=gain)
