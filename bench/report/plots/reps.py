# SPDX-License-Identifier: GPL-2.0-only
"""Plots of single reps: how they are distributed, how little they differ, and in which order."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, PercentFormatter, StrMethodFormatter

from bench.model.method import Method, Phase
from bench.report.plots.data import (
    LONGEST,
    MOST_MARKS,
    MOST_ROWS,
    MOST_STEPS,
    Panel,
    elide,
    in_order,
    names_of,
    outline,
    panels,
    thinned,
    trend,
)
from bench.report.plots.scales import QuantityFormatter, change_formatter, set_log, set_ticks
from bench.report.plots.sheet import (
    LOOK,
    ROWS,
    Drawing,
    keys_of,
    make_sheet,
    mark_one,
    measured_in,
    parts_of,
    row_height,
    set_rows,
    share,
    write_above,
)
from bench.report.plots.styles import INK, SHADE, style_of
from bench.report.table.cells import CellTable
from bench.report.table.columns import factors
from bench.report.table.figures import Figures
from bench.stats.drift import drift
from bench.stats.samples import samples_of


@LOOK
def ecdf(table: CellTable, rows: Sequence[Figures]) -> Drawing:
    """Draw the part of a cell's reps that took no longer than a pause; marked at the median."""
    measured = [row for row in rows if row.pause]
    drawn, notes = panels(measured, by_mem=True)
    most = min(max(MOST_STEPS // len(measured), 30), 400)
    figures = [_distribution(table, panel, most) for panel in drawn]
    counts = [row.pause.n for panel in drawn for row in panel.rows if row.pause]
    reps = sum(n for n in counts if n > most)
    thin = [f"Of {reps:,} reps {most} of each cell are drawn, evenly by rank."] if reps else []
    return Drawing(figures, ["Marks: medians.", *thin, *notes])


def _distribution(table: CellTable, panel: Panel, most: int) -> Figure:
    what = f"Pause: {measured_in(table.unit)}"
    keys = keys_of(row.cell.method for row in panel.rows)
    figure, axes = make_sheet(panel.title, 1.4, what, "Part of the reps", keys)
    for row in panel.rows:
        look = style_of(row.cell.method)
        ticks = table.ticks(row.cell, *Phase)
        axes.ecdf(thinned(ticks, most), label=panel.label(row.cell), **look.line)
        axes.plot(table.pause(row.cell).median, 0.5, **look.mark)
    pauses = [table.pause(row.cell) for row in panel.rows]
    values = [end for pause in pauses for end in (pause.low, pause.high)]
    set_log(axes, "x", values, QuantityFormatter(table.unit), most=3)
    set_ticks(axes.yaxis, FixedLocator([0, 0.5, 1]), PercentFormatter(1, 0, " %"))
    return figure


@LOOK
def strip(table: CellTable, rows: Sequence[Figures]) -> Drawing:
    """Draw how far each rep is from the median of its cell, a row a cell.

    For reps that are so much alike that their distribution is a step.
    """
    every = [row for row in rows if row.pause and row.pause.median]
    shown = every[:MOST_ROWS]
    most = max(MOST_MARKS // max(len(shown), 1), 12)
    offsets = [_offsets(table, row, most) for row in shown]
    values = [1.0, *(float(end) for each in offsets for end in (each[0], each[-1]))]
    devices = names_of([row.cell.device for row in shown], LONGEST)
    parts = parts_of([*zip(shown, offsets, strict=True)], ROWS)
    figures = [_strip_rows(part, values, devices) for part in parts]
    more = len(every) - len(shown)
    return Drawing(figures, [f"{more} more cells are not drawn."] if more else [])


def _offsets(table: CellTable, row: Figures, most: int) -> Any:
    """Return the pauses of a cell over their median, ascending, thinned."""
    return thinned(table.ticks(row.cell, *Phase) / table.pause(row.cell).median, most)


def _strip_rows(
    rows: Sequence[tuple[Figures, Any]], values: Sequence[float], devices: dict[str, str]
) -> Figure:
    what = "Pause against the median of its cell"
    figure, axes = make_sheet("", row_height(1) * len(rows), what, "Cells")
    mark_one(axes, len(rows))
    for number, (row, offsets) in enumerate(rows):
        mark = style_of(row.cell.method).mark
        axes.plot(offsets, [number] * len(offsets), ms=4, alpha=0.6, label="reps", **mark)
        _, pages, mem, _, method = factors(row.cell)
        write_above(axes, number, elide(f"{devices[row.cell.device]} {pages} {mem} {method}", 58))
    share(axes, "x", values)
    set_ticks(axes.xaxis, MaxNLocator(3), change_formatter)
    set_rows(axes, len(rows))
    return figure


@LOOK
def run_order(frame: pd.DataFrame) -> Drawing:
    """Draw the pauses of a run's frame over their cell's median, in the order of measurement."""
    found, notes = in_order(frame)
    values, methods = found["value"].to_numpy(), found["method"]
    middle: dict[str, Any] = {"color": INK, "label": "median of neighbours"}
    keys = [*keys_of(Method(name) for name in methods.unique()), Line2D([], [], **middle)]
    names = "Reps in the order of measurement", "Pause against the median of its cell"
    figure, axes = make_sheet(_drift_title(found), 2.2, *names, keys)
    _shade_boots(axes, found["boot"].to_numpy(np.int64))
    drawn = 0
    for name in methods.unique():
        at = outline(values, np.flatnonzero(methods == name), MOST_MARKS // methods.nunique())
        axes.plot(at, values[at], ms=3.5, label=name, **style_of(Method(name)).mark)
        drawn += len(at)
    axes.plot(*trend(values), **middle)
    axes.set_xlim(-0.5, max(len(values), 1) - 0.5)
    set_ticks(axes.xaxis, MaxNLocator(4, integer=True), StrMethodFormatter("{x:,.0f}"))
    set_ticks(axes.yaxis, MaxNLocator(4), change_formatter)
    if drawn < len(values):
        few = "of stretches of neighbours the smallest, the middle and the greatest"
        notes.append(f"Of {len(values):,} reps {drawn:,} are drawn: {few}.")
    return Drawing([figure], ["Shaded: every other boot.", *notes])


def _drift_title(reps: pd.DataFrame) -> str:
    """Say the trend of all reps over the medians of their cells, in the order of measurement."""
    if reps.empty:
        return "Nothing was measured that can be drawn."
    found = drift(samples_of(reps["boot"], reps["value"]))
    change = round(found.change, 4) + 0.0  # no -0
    test = "Kendall, within boots" if found.within else "Mann-Kendall"
    return f"From first to last {change:+.2%} {found.where}, p = {found.p:.2g} ({test})"


_MOST_BOOTS = 6  # that are named above the axes


def _shade_boots(axes: Axes, boots: Any) -> None:
    """Shade every other stretch of one boot, and name some of them above the axes."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(boots)) + 1])[: len(boots)]
    for first, after in zip(starts[1::2], [*starts[2::2], len(boots)], strict=False):
        axes.axvspan(first - 0.5, after - 0.5, **SHADE)
    named = starts[:: math.ceil(len(starts) / _MOST_BOOTS) or 1]
    above = axes.secondary_xaxis("top")
    above.set_xticks(named - 0.5, [f"boot {boots[start]}" for start in named], ha="left")
    above.spines["top"].set_visible(False)
