# SPDX-License-Identifier: GPL-2.0-only
"""What the plots show of a run: rows of the report's table by panel, samples thinned by rank."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bench.model.cell import FACTORS, Backing, Cell
from bench.model.method import Method
from bench.model.units import GIB, format_ratio, format_ratio_interval, number_of
from bench.model.visible import visible
from bench.report.plots.scales import quantity
from bench.report.table.cells import CellTable
from bench.report.table.columns import factors
from bench.report.table.figures import Figures
from bench.report.table.shared import CommonRow, largest
from bench.stats.samples import Floats
from bench.stats.scaling import FittedLine
from bench.stats.summary import Summary

# What a figure holds: a page has to bear it, and a reader too.
MOST_PANELS, MOST_ROWS, MOST_STEPS, MOST_MARKS = 24, 120, 5000, 1200
LONGEST = 28  # characters of a device's name
_MOST_LETTERS = 58  # of a line above the marks of a row


def elide(text: str, most: int) -> str:
    """Shorten a text to so many characters. Its middle goes: paths differ at their ends."""
    if len(text) <= most:
        return text
    head = (most - 1) // 3
    return f"{text[:head]}\u2026{text[len(text) - (most - 1 - head) :]}"


def names_of(texts: Sequence[str], most: int) -> dict[str, str]:
    """Give each text a printable name of ``most`` characters; `` #2`` tells equal ones apart."""
    names: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        short = elide(visible(text), most)
        same = [name for name in names.values() if name.partition(" #")[0] == short]
        names[text] = f"{short} #{len(same) + 1}" if same else short
    return names


@dataclass(frozen=True)
class Panel:
    """Rows that share a pair of axes: of one device, kind of pages and variant of handover."""

    title: str
    rows: list[Figures]

    def label(self, cell: Cell) -> str:
        """Name a cell by its method, and by its backing where the panel has two."""
        several = len({row.cell.backing for row in self.rows}) > 1
        return f"{cell.method} {cell.backing}" if several else cell.method.value


def panels(rows: Sequence[Figures], by_mem: bool = False) -> tuple[list[Panel], list[str]]:
    """Group rows into panels, one a size of memory if ``by_mem``; with a note on those left out.

    A panel has at least one figure, measured or estimated. Of more than a figure holds, those
    of the largest memory are kept.
    """
    groups: dict[Cell, list[Figures]] = {}
    for row in rows:
        groups.setdefault(_panel_key(row.cell, row.cell.mem if by_mem else 0), []).append(row)
    shown = {k: group for k, group in groups.items() if any(r.pause or r.estimate for r in group)}
    kinds = [replace(key, mem=0) for key in shown]
    ranks = [kinds[number + 1 :].count(kind) for number, kind in enumerate(kinds)]
    kept = {*sorted(range(len(kinds)), key=ranks.__getitem__)[:MOST_PANELS]}
    devices = names_of([key.device for key in shown], LONGEST)
    found = []
    for number, (key, group) in enumerate(shown.items()):
        _, pages, mem, *_ = factors(group[0].cell)
        title = f"{devices[key.device]}, {pages}" + (f", {mem}" if by_mem else "")
        found += [Panel(title, group)] if number in kept else []
    more = len(shown) - len(found)
    note = f"Drawn: {len(found)} of {len(shown)} panels, of the largest memory."
    return found, [note] if more else []


def _panel_key(cell: Cell, mem: int) -> Cell:
    return replace(cell, method=Method.EXEC_ONLY, mem=mem, backing=Backing.REAL, file=0)


@dataclass(frozen=True)
class Curve:
    """Cells that differ in their memory alone, by size; the line is in ticks for each GiB.

    ``estimates`` are (GiB, (value, low, high)) of sizes that were left out.
    """

    method: Method
    label: str
    alias: bool
    sizes: list[float]  # GiB
    summaries: list[Summary]
    line: FittedLine | None
    why_not: str
    estimates: list[tuple[float, tuple[float, float, float]]]

    @property
    def all_sizes(self) -> list[float]:
        """Those that were measured or estimated, ascending, in GiB."""
        return sorted({*self.sizes, *(size for size, _ in self.estimates)})

    @property
    def extent(self) -> list[float]:
        """Both ends of every bar, and of every estimate's."""
        bars = [*map(ends, self.summaries), *(estimate[1:] for _, estimate in self.estimates)]
        return [end for bar in bars for end in bar]

    @property
    def path(self) -> tuple[list[float], list[float]]:
        """The line, as points because logarithmic axes bend it; without one, the medians."""
        if self.line is None:
            return self.sizes, [summary.median for summary in self.summaries]
        sizes = np.geomspace(self.all_sizes[0], self.all_sizes[-1], 40).tolist()
        return sizes, [self.line.value(size * _PAGES) for size in sizes]

    def legend(self, unit: str) -> str:
        """Return the label and, below it, the slope with its 95 % interval."""
        if self.line is None:
            return f"{self.label}\nno line" if len(self.sizes) > 1 else self.label
        slope, low, high = (
            quantity(v * _PAGES, unit) for v in (self.line.slope, self.line.low, self.line.high)
        )
        return f"{self.label}\n{slope} / GiB [{low}, {high}]"


_PAGES = GIB // 4096  # CellTable.scaling is against pages of 4 KiB


def curves(table: CellTable, panel: Panel) -> list[Curve]:
    """One a method and backing that the panel has measured, in the order of its rows."""
    measured = [row.cell for row in panel.rows if row.pause]
    firsts = [cell for cell in measured if table.sizes(cell)[0] == cell]
    return [_curve(table, panel, cell) for cell in firsts]


def _curve(table: CellTable, panel: Panel, first: Cell) -> Curve:
    sizes = table.sizes(first)
    line, why_not = table.scaling(first) if len(sizes) > 1 else (None, "")
    return Curve(
        method=first.method,
        label=panel.label(first),
        alias=first.backing is Backing.ALIAS,
        sizes=[cell.mem / GIB for cell in sizes],
        summaries=[table.pause(cell) for cell in sizes],
        line=None if why_not else line,
        why_not=why_not,
        estimates=[
            (row.cell.mem / GIB, row.estimate)
            for row in panel.rows
            if row.estimate and (row.cell.method, row.cell.backing) == (first.method, first.backing)
        ],
    )


def ends(summary: Summary) -> tuple[float, float]:
    """Return the interval of a median, or the range of reps that are too few for one."""
    return summary.interval or (summary.low, summary.high)


def ratio_label(row: Figures, devices: dict[str, str]) -> str:
    """Name a cell, and below it what is held against what: ``new-owner against reset-owner``."""
    _, pages, mem, backing, method = factors(row.cell)
    words = [devices[row.cell.device], pages, mem]
    words += [] if row.cell.backing is Backing.REAL else [backing]
    place = elide(" ".join(words), _MOST_LETTERS)
    return f"{place}\n{method} against {row.base.method if row.base else ''}"


def has_place(row: Figures) -> bool:
    """Tell whether the ratio has a place on a logarithmic axis: neither pause is 0."""
    return row.ratio is not None and 0 < row.ratio < float("inf")


def ratio_text(row: Figures) -> str:
    """Spell the ratio with its 95 % interval, as all reports spell it; or why there is none."""
    if row.ratio is None or not has_place(row):
        return "a pause of 0: no ratio"
    value = format_ratio(row.ratio)
    if row.estimate:
        return f"~{value} extrapolated"
    return f"{value} [{format_ratio_interval(row.ratio_interval)}]" if row.ratio_interval else value


def thinned(values: ArrayLike, most: int) -> Floats:
    """At most so many of the values, ascending, evenly by rank: both ends are kept."""
    ordered = np.sort(np.asarray(values, np.float64))
    ranks = np.linspace(0, len(ordered) - 1, min(most, len(ordered)))
    return ordered[ranks.round().astype(np.int64)]


def in_order(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Take the samples that count of a run's frame, in the order of measurement; and notes.

    Columns: ``method``, ``boot``, and ``value``, the pause over the median of its cell. Cells
    that failed in any boot do not count, nor do those whose median is 0.
    """
    cell = frame.groupby([*FACTORS], observed=True, sort=False).ngroup()
    failed = cell.isin(cell[frame["status"].str.startswith("failed")].unique())
    found = frame.loc[frame["status"].eq("ok") & ~failed, ["method", "boot"]]
    pause = frame.loc[found.index, "pause"].astype("float64")
    median = pause.groupby(cell).transform("median")
    found["value"] = pause / median
    zero = cell[found.index][median == 0].nunique()
    notes = [f"Not drawn: {number_of(zero, 'cell')} whose median is 0."] if zero else []
    return found[median > 0].reset_index(drop=True), notes


def outline(values: Floats, places: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Thin the ascending ``places`` of values to ``most``.

    Of stretches of neighbours the smallest, the middle and the greatest value are kept.
    """
    if len(places) <= most:
        return places
    chosen = []
    for part in np.array_split(places, most // 3):
        ranked = part[np.argsort(values[part], kind="stable")]
        chosen += [ranked[0], ranked[len(ranked) // 2], ranked[-1]]
    return np.unique(chosen)


def trend(values: Floats, most: int = 60, least: int = 5) -> tuple[Floats, Floats]:
    """Return the middles and medians of up to ``most`` stretches; empty for fewer than three.

    A stretch has at least ``least`` values.
    """
    parts = np.array_split(values, max(min(most, len(values) // least), 1))
    if len(parts) < 3:
        return np.empty(0), np.empty(0)
    ends = np.cumsum([len(part) for part in parts])
    middles = ends - np.array([len(part) for part in parts]) / 2 - 0.5
    return middles, np.array([np.median(part) for part in parts])


def shared_panels(
    rows: Sequence[CommonRow],
) -> tuple[list[tuple[str, list[CommonRow]]], list[str]]:
    """Group rows of the largest memory of each kind of cell by device and pages, with titles."""
    shown = largest(rows)
    devices = names_of([row.cell.device for row in shown], LONGEST)
    titled: dict[str, list[CommonRow]] = {}
    for row in shown:
        _, pages, mem, *_ = factors(row.cell)
        titled.setdefault(f"{devices[row.cell.device]}, {pages}, {mem}", []).append(row)
    found = [*titled.items()][:MOST_PANELS]
    more = f"Drawn: {len(found)} of {len(titled)} panels."
    return found, [more] if len(found) < len(titled) else []
