# SPDX-License-Identifier: GPL-2.0-only
"""Plots of medians: growth with memory, ratios, and what both pauses share.

Each takes the figures that the tables print, and returns a Drawing; matplotlib lays it out.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.model.units import format_ratio
from bench.report.plots.data import (
    LONGEST,
    MOST_ROWS,
    Curve,
    curves,
    ends,
    has_place,
    names_of,
    panels,
    ratio_label,
    ratio_text,
    shared_panels,
)
from bench.report.plots.scales import (
    QuantityFormatter,
    quantity,
    ratio_formatter,
    set_log,
    set_sizes,
)
from bench.report.plots.sheet import (
    LOOK,
    ROWS,
    Drawing,
    key_of,
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
from bench.report.plots.styles import HOLLOW, INK, style_of
from bench.report.table.cells import CellTable
from bench.report.table.figures import Figures
from bench.report.table.shared import ASK, CommonRow
from bench.report.table.starts import Start
from bench.stats.least import LEAST_OF_MEDIAN
from bench.stats.ratios import LEAST_OF_RATIO


@LOOK
def scaling(table: CellTable, rows: Sequence[Figures], budget: float | None = None) -> Drawing:
    """Draw pause against memory, both logarithmic, with fitted lines; ``budget`` in ticks."""
    drawn, notes = panels(rows)
    each = [curves(table, panel) for panel in drawn]
    lines = [curve for found in each for curve in found]
    values = [end for curve in lines for end in curve.extent] + ([budget] if budget else [])
    figures = [
        _growth(panel.title, found, values, table.unit, budget)
        for panel, found in zip(drawn, each, strict=True)
    ]
    return Drawing(figures, [*_line_notes(lines), *notes])


def _growth(
    title: str, found: Sequence[Curve], values: Sequence[float], unit: str, budget: float | None
) -> Figure:
    """Draw one panel; ``values`` are those of all, which have one scale."""
    measured = f"Pause: {measured_in(unit)}"
    figure, axes = make_sheet(title, 2.1, "Guest memory", measured, _growth_keys(found, unit))
    for curve in found:
        _draw_curve(axes, curve)
    set_sizes(axes, sorted({size for curve in found for size in curve.all_sizes}))
    if budget:
        look: dict[str, Any] = {"color": INK, "linewidth": 1.2, "dashes": (6, 2)}
        named = f"budget {quantity(budget, unit)}"
        axes.axhline(budget, label=named, **look)
        axes.annotate(named, (0.01, budget), xycoords=axes.get_yaxis_transform(), fontsize=7)
    set_log(axes, "y", values, QuantityFormatter(unit), most=5)
    share(axes, "y", values)
    return figure


def _growth_keys(found: Sequence[Curve], unit: str) -> list[Artist]:
    """Make a legend in the order in which curves end, with the growth of each."""
    ordered = sorted(found, key=lambda curve: -curve.path[1][-1])
    keys = [key_of(curve.method, curve.legend(unit)) for curve in ordered]
    return keys + [Line2D([], [], **HOLLOW)] * any(curve.estimates for curve in found)


def _draw_curve(axes: Axes, curve: Curve) -> None:
    look = style_of(curve.method)
    sizes, medians = curve.sizes, [summary.median for summary in curve.summaries]
    low, high = zip(*(ends(summary) for summary in curve.summaries), strict=True)
    axes.fill_between(sizes, low, high, color=look.colour, alpha=0.2, linewidth=0)
    axes.vlines(sizes, low, high, color=look.colour, linewidth=1.5)
    axes.plot(*curve.path, **look.line)
    fill = "left" if curve.alias else "full"
    axes.plot(sizes, medians, label=curve.label, fillstyle=fill, mfcalt="none", **look.mark)
    for size, (value, least, most) in curve.estimates:
        axes.plot([size, size], [least, most], color=look.colour, linewidth=1, dashes=(2, 2))
        axes.plot(size, value, label="extrapolated", mfc="none", **look.mark)


def _line_notes(found: Sequence[Curve]) -> list[str]:
    """Say what marks, bars and lines are, and why some cells have no line."""
    several = [curve for curve in found if len(curve.sizes) > 1]
    intervals = [summary.interval is not None for c in found for summary in c.summaries]
    bars = ["95 % interval of the median"] if any(intervals) else []
    bars += (
        []
        if all(intervals)
        else [f"smallest to greatest rep where there are fewer than {LEAST_OF_MEDIAN}, or boots"]
    )
    notes = [f"Marks: medians. Bars and bands: {', or '.join(bars)}."]
    if any(curve.alias for curve in found):
        notes.append("Half-filled: alias memory, fewer of its pages are distinct.")
    if any(curve.line for curve in several):
        notes.append("Lines: least squares of medians, growth for each GiB with its 95 % interval.")
    if any(curve.estimates for curve in found):
        notes.append("Hollow: not measured, from the line; dashed: its 95 % interval.")
    if why := "; ".join(dict.fromkeys(curve.why_not for curve in several if curve.why_not)):
        notes.append(f"No line fits where medians are joined: {why}.")
    return notes


@LOOK
def ratios(rows: Sequence[Figures]) -> Drawing:
    """Draw the ratio of each cell that has a base: how many of its pauses fit into the base's."""
    every = [row for row in rows if row.ratio is not None]
    shown = every[:MOST_ROWS]
    held = [row for row in shown if has_place(row)]
    values = [1.0, *(e for row in held for e in (row.ratio or 1, *(row.ratio_interval or ())))]
    devices = names_of([row.cell.device for row in shown], LONGEST)
    figures = [_ratio_rows(part, values, devices) for part in parts_of(shown, ROWS)]
    few = any(row.ratio_interval is None and not row.estimate for row in shown)
    none = f" No bar where there are fewer than {LEAST_OF_RATIO} reps, or boots, a side." * few
    more = len(every) - len(shown)
    cut = [f"{more} more rows are not drawn."] if more else []
    return Drawing(figures, [f"Bars: 95 % interval of the ratio.{none}", *cut])


def _ratio_rows(
    rows: Sequence[Figures], values: Sequence[float], devices: dict[str, str]
) -> Figure:
    keys = keys_of(row.cell.method for row in rows)
    keys += [Line2D([], [], **HOLLOW)] * any(row.estimate for row in rows)
    what = "Pause of the base / pause of the method: above 1x the method is shorter"
    figure, axes = make_sheet("", row_height(2) * len(rows), what, "Cells", keys)
    mark_one(axes, len(rows))
    for number, row in enumerate(rows):
        look = style_of(row.cell.method)
        if row.ratio_interval:
            axes.plot(row.ratio_interval, [number, number], color=look.colour, marker="|")
        if has_place(row):
            fill = "none" if row.estimate else "full"
            axes.plot(row.ratio or 1, number, ms=4, fillstyle=fill, label="ratio", **look.mark)
        write_above(axes, number, f"{ratio_label(row, devices)}  {ratio_text(row)}")
    set_log(axes, "x", values, ratio_formatter, most=4)
    share(axes, "x", values)
    set_rows(axes, len(rows))
    return figure


_APART = 4.0  # ratios whose figures do not touch, on an axis of logarithms


@LOOK
def common(rows: Sequence[CommonRow], start: Start | None, unit: str) -> Drawing:
    """Draw ratios against what both pauses share, for the largest memory of each kind of cell."""
    drawn, notes = shared_panels(rows)
    least = min(row.shared for row in rows) or 1.0
    reach = np.geomspace(least / 30, max(least * 1000, 1e9), 60).tolist()
    values = [row.ratio(x - row.shared) for row in rows for x in reach]
    figures = [_shared_by(title, found, start, reach, values, unit) for title, found in drawn]
    marks = ["Full marks: as measured, where the new process is bench's own program."]
    marks += [f"Hollow ones: with the start of {start.name}."] if start else [f"Not marked: {ASK}."]
    return Drawing(figures, [*marks, *notes])


def _shared_by(
    title: str,
    rows: Sequence[CommonRow],
    start: Start | None,
    reach: Sequence[float],
    values: Sequence[float],
    unit: str,
) -> Figure:
    keys = keys_of(row.cell.method for row in rows)
    what = f"What both pauses share: {measured_in(unit)}"
    figure, axes = make_sheet(title, 2.0, what, "Ratio of the pauses", keys)
    for row in rows:
        look = style_of(row.cell.method)
        axes.plot(reach, [row.ratio(x - row.shared) for x in reach], **look.line)
        _mark_ratio(axes, row, 0.0, mfc=look.colour)
        if start:
            _mark_ratio(axes, row, start.added, mfc="none")
    set_log(axes, "x", reach, QuantityFormatter(unit), most=4)
    set_log(axes, "y", values, ratio_formatter, most=5)
    share(axes, "y", values)
    return figure


def _mark_ratio(axes: Axes, row: CommonRow, added: float, **fill: Any) -> None:
    look, ratio = style_of(row.cell.method), row.ratio(added)
    axes.plot(row.shared + added, ratio, **(look.mark | fill))
    place: dict[str, Any] = {"xytext": (5, 4), "textcoords": "offset points"}
    # A reader finds every ratio in the table: here none lies over another.
    near = [text.xy for text in axes.texts if hasattr(text, "xy")]
    if all(max(ratio, y) > _APART * min(ratio, y) for _, y in near):
        axes.annotate(format_ratio(ratio), (row.shared + added, ratio), **place)
