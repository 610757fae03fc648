# SPDX-License-Identifier: GPL-2.0-only
"""What the figures come to, in sentences: the same in every report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.model.cell import Cell
from bench.model.cell_state import CellState
from bench.model.device import DEVICES
from bench.model.method import Method, Phase
from bench.model.units import format_quantity, format_ratio, format_ratio_interval
from bench.report.table.cells import BASES, CellTable
from bench.report.table.columns import factors
from bench.report.table.figures import Figures
from bench.report.table.section import INTERVAL_SAID
from bench.results.writer import Run
from bench.stats.ratios import LEAST_OF_RATIO, median_ratio, ratio_interval
from bench.stats.samples import Samples

# Less than this is no win that anybody would merge a new interface for.
SMALL_WIN = 1.1
_BEST_PINS = "file-pin"  # the series of kernel-config/ after which no better one comes
_RANGE_UNPIN = "+range-unpin"
# In the order in which their shares are said: the costly one of each pair first.
_SHARED = (
    *(Method.RESET_OWNER, Method.NEW_OWNER, Method.VFIO_REMAP, Method.VFIO_VADDR),
    *(Method.IOMMUFD_REMAP, Method.IOMMUFD_PROCESS),
)
# Whose live update a method is, of those that ours is held against.
_LIVE_UPDATE_OF = {Method.VFIO_VADDR: "vfio", Method.IOMMUFD_PROCESS: "iommufd"}


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
    """Return the ratio of a row, 0 where it has none."""
    return row.ratio if row.ratio is not None else 0.0


def method_pairs(rows: Iterable[Figures]) -> list[MethodPair]:
    """Pair methods that are held against each other, with their measured cells."""
    found: dict[tuple[Method, Method], list[Figures]] = {}
    for row in rows:
        if row.state is CellState.MEASURED and row.base and row.ratio is not None:
            found.setdefault((row.base.method, row.cell.method), []).append(row)
    first = [*BASES].index
    ordered = sorted(found, key=lambda methods: first(methods[1]))
    return [MethodPair(*methods, tuple(found[methods])) for methods in ordered]


def place_of_cell(cell: Cell) -> str:
    """Name where a cell is, without its method: ``sim-net-pa thp 64 GiB``."""
    return " ".join(factors(cell)[:3])


def methods_verdict(rows: Sequence[Figures], unit: str) -> list[str]:
    """Say what one of two methods saves over all cells, in a line for each pair.

    What is saved comes first: it does not depend on what else both pauses have.
    """
    medians = {row.cell: row.pause.median for row in rows if row.pause}
    return [_verdict(pair, medians, unit) for pair in method_pairs(rows)]


def _verdict(pair: MethodPair, medians: Mapping[Cell, float], unit: str) -> str:
    found = [medians[row.base] - medians[row.cell] for row in pair.rows if row.base]
    span, where = ratio_range(map(gain, pair.rows)), place_of_cell(pair.worst.cell)
    where = f"at {where}" if len(pair.rows) == 1 else f"the least ratio at {where}"
    saved = savings(found, unit, pair.base, "" if unit == "ns" else f" {unit}")
    return f"{pair.method} {saved} ({span}), {where}"


def savings(found: Iterable[float], unit: str, base: str, ticks: str = "") -> str:
    """Spell the least and the greatest saving: ``saves 3.438 G to 3.594 G of BASE's pause``.

    Or what is added to it, where nothing is saved anywhere; ``ticks`` stands behind the figures.
    """
    values = [*found]
    adds = max(values) < 0
    ends = sorted(map(abs, values)) if adds else sorted(values)
    span = " to ".join(dict.fromkeys(format_quantity(end, unit) for end in (ends[0], ends[-1])))
    return f"{'adds' if adds else 'saves'} {span}{ticks} {'to' if adds else 'of'} {base}'s pause"


def ratio_range(ratios: Iterable[float]) -> str:
    """Spell the least and the greatest ratio, as one where they look alike."""
    found = [*ratios]
    return " to ".join(dict.fromkeys(map(format_ratio, (min(found), max(found)))))


def small_wins(pair: MethodPair) -> list[Figures]:
    """List cells in which the method gains less than SMALL_WIN, or loses, the worst first."""
    return sorted((row for row in pair.rows if gain(row) < SMALL_WIN), key=gain)


def baseline_note(run: Run, rows: Sequence[Figures]) -> list[str]:
    """Say which baseline new-owner was held against, unless it is the best that is shipped."""
    held = [row for row in rows if row.cell.method is Method.NEW_OWNER and row.base]
    if _BEST_PINS in run.facts.executor.kernel or not any(_pins(row.cell) for row in held):
        return []
    names = " and ".join(dict.fromkeys(row.base.method.value for row in held if row.base))
    if _RANGE_UNPIN in run.facts.executor.kernel:
        return [
            f"{names} unpins by range here, and pins page by page; "
            "what is left with a better baseline: bench run baselines"
        ]
    return [
        f"{names} pins and unpins page by page here, as vhost-vdpa does so far; "
        "better baselines: bench run baselines"
    ]


def _pins(cell: Cell) -> bool:
    device = DEVICES.get(cell.device)
    return device is None or device.pins


def reference_sentences(table: CellTable) -> list[str]:
    """Hold new-owner against live updates of vfio and iommufd, in a line for each place of both."""
    pairs = [pair for pair in _reference_pairs(table) if table.pause(pair[0]).median]
    return [_reference_sentence(table, *pair) for pair in pairs]


def _reference_pairs(table: CellTable) -> Iterator[tuple[Cell, Cell]]:
    """Pair cells of new-owner with those of another live update of the same memory."""
    theirs = [_elsewhere(table, method) for method in _LIVE_UPDATE_OF]
    for ours in table.measured:
        if ours.method is Method.NEW_OWNER:
            for found in theirs:
                yield from ((ours, each) for each in found.get(replace(ours, device=""), ()))


def _elsewhere(table: CellTable, method: Method) -> dict[Cell, list[Cell]]:
    """Group cells of a method by new-owner's cell that differs only in its device."""
    found: dict[Cell, list[Cell]] = {}
    for cell in table.measured:
        if cell.method is method:
            found.setdefault(replace(cell, device="", method=Method.NEW_OWNER), []).append(cell)
    return found


def _reference_sentence(table: CellTable, ours: Cell, theirs: Cell) -> str:
    sides = table.side_of(ours), table.side_of(theirs)
    pauses = [table.pause(cell) for cell in (ours, theirs)]
    shown = " and ".join(format_quantity(pause.median, table.unit) for pause in pauses)
    device, pages, mem, *_ = factors(ours)
    whose = _LIVE_UPDATE_OF[theirs.method]
    times = f"{format_ratio(median_ratio(*sides))} as long as {whose}'s live update"
    interval = _interval(*sides)
    text = f"{device} {pages} {mem}: {ours.method} pauses {times} ({interval}; {shown})"
    shares = ", ".join(_shares(table, ours, theirs))
    return f"{text}, and the exec that all share is {shares}{_alone(table, ours)}"


def _interval(ours: Samples, theirs: Samples) -> str:
    found = ratio_interval(ours, theirs)
    if found is None:
        return f"no interval: it takes {LEAST_OF_RATIO} reps, or boots"
    return f"{INTERVAL_SAID}{format_ratio_interval(found, ' to ')}"


def _shares(table: CellTable, ours: Cell, theirs: Cell) -> Iterator[str]:
    for method in _SHARED:
        like = ours if method.family is ours.method.family else theirs
        cell = replace(like, method=method)
        if method.family is like.method.family and table.ok(cell) and table.pause(cell).low:
            share = np.median(table.ticks(cell, Phase.EXEC) / table.ticks(cell, *Phase))
            yield f"{100 * float(share):.3g} % of {method}"


def _alone(table: CellTable, ours: Cell) -> str:
    """Spell the pause of the handover without a device, empty where it was not measured."""
    for cell in _elsewhere(table, Method.EXEC_ONLY).get(replace(ours, device=""), ()):
        return f" ({cell.method}: {format_quantity(table.pause(cell).median, table.unit)})"
    return ""
