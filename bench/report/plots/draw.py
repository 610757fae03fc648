# SPDX-License-Identifier: GPL-2.0-only
"""The plots of a report, one function each, from the figures that the tables print.

Each takes rows or samples of one run, and returns a Drawing; matplotlib lays it out.
"""

import io
import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import (
    FixedLocator,
    MaxNLocator,
    PercentFormatter,
    StrMethodFormatter,
)

from bench.model.method import Method, Phase
from bench.model.units import format_ratio
from bench.report.plots import svg as plot_svg
from bench.report.plots.data import (
    LONGEST,
    MOST_MARKS,
    MOST_ROWS,
    MOST_STEPS,
    Curve,
    Panel,
    curves,
    ends,
    has_place,
    in_order,
    names_of,
    outline,
    panels,
    ratio_label,
    ratio_text,
    shared_panels,
    thinned,
    trend,
)
from bench.report.plots.scales import (
    QuantityFormatter,
    change_formatter,
    quantity,
    ratio_formatter,
    set_log,
    set_sizes,
    set_ticks,
)
from bench.report.plots.styles import HOLLOW, INK, MUTED, RC, SHADE, fill_of, style_of
from bench.report.table.cells import ORDER, CellTable
from bench.report.table.figures import Figures
from bench.report.table.shared import ASK, CommonRow
from bench.report.table.starts import Start
from bench.stats.drift import drift
from bench.stats.ratios import LEAST_OF_RATIO
from bench.stats.samples import samples_of

_LOOK = style.context(["default", RC])
_WIDTH = 9.0  # inches
_AROUND = 0.65  # a panel's title and tick labels


@dataclass(frozen=True)
class Drawing:
    """A figure, and sentences on what its marks are and what it leaves out."""

    figure: Figure
    notes: list[str]


@_LOOK
def svg(figure: Figure, name: str) -> str:
    """Make an ``<svg>`` for a page: the same bytes for the same data; ids begin with ``name``."""
    text = io.StringIO()
    with warnings.catch_warnings():
        # A browser has more glyphs than the font that text is measured with.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(text, format="svg", metadata={"Date": None})
    return plot_svg.element(text.getvalue(), name)


@_LOOK
def scaling(table: CellTable, rows: Sequence[Figures], budget: float | None = None) -> Drawing:
    """Draw pause against memory, both logarithmic, with fitted lines; ``budget`` in ticks."""
    drawn, notes = panels(rows)
    each = [curves(table, panel) for panel in drawn]
    lines = [curve for found in each for curve in found]
    tall = max(2.1, 0.4 * max(map(len, each)) + 0.3)
    figure, places = _sheet([panel.title for panel in drawn], tall, sharey=True)
    figure.supxlabel("Guest memory")
    figure.supylabel(f"Pause: {_measured(table.unit)}")
    for axes, found in zip(places, each, strict=True):
        for curve in found:
            _draw_curve(axes, curve)
        set_sizes(axes, sorted({size for curve in found for size in curve.all_sizes}))
        tips = [curve.path[1][-1] for curve in found]
        labels = [_key(curve.method, curve.legend(table.unit)) for curve in found]
        keys = [*zip(tips, labels, strict=True)]
        if budget:
            look: dict[str, Any] = {"color": INK, "linewidth": 1.2, "dashes": (6, 2)}
            look["label"] = f"budget {quantity(budget, table.unit)}"
            keys.append((budget, axes.axhline(budget, **look)))
        keys.sort(key=lambda key: -key[0])
        beside: dict[str, Any] = {"bbox_to_anchor": (1.0, 0.5), "fontsize": 7}
        axes.legend(handles=[key for _, key in keys], loc="center left", **beside)
    values = [end for curve in lines for end in curve.extent] + ([budget] if budget else [])
    set_log(places[0], "y", values, QuantityFormatter(table.unit), most=5)
    if any(curve.estimates for curve in lines):
        figure.legend(handles=[Line2D([], [], **HOLLOW)], loc="outside upper left")
    return Drawing(figure, [*_line_notes(lines), *notes])


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
        else ["smallest to greatest rep where there are fewer than 6, or boots"]
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


@_LOOK
def ratios(rows: Sequence[Figures]) -> Drawing:
    """Draw the ratio of each cell that has a base: how many of its pauses fit into the base's."""
    every = [row for row in rows if row.ratio is not None]
    shown = every[:MOST_ROWS]
    figure, (axes,) = _sheet([""], 0.26 * len(shown) + 0.1, columns=1)
    figure.supxlabel("Pause of the base / pause of the method: above 1x the method is shorter")
    held = [row for row in shown if has_place(row)]
    values = [end for row in held for end in (row.ratio or 1, *(row.ratio_interval or ()))]
    axes.axvline(1, color=INK, linewidth=1)
    for number, row in enumerate(shown):
        look = style_of(row.cell.method)
        if row.ratio_interval:
            axes.plot(row.ratio_interval, [number, number], color=look.colour, marker="|")
        if has_place(row):
            fill = "none" if row.estimate else "full"
            axes.plot(row.ratio or 1, number, ms=4, fillstyle=fill, label="ratio", **look.mark)
        _beside(axes, 1.0, number, ratio_text(row), axes.get_yaxis_transform())
    set_log(axes, "x", [*values, 1], ratio_formatter, most=4)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    devices = names_of([row.cell.device for row in shown], LONGEST)
    axes.set_yticks(range(len(shown)), [ratio_label(row, devices) for row in shown])
    keys = _keys(row.cell.method for row in shown)
    keys += [Line2D([], [], **HOLLOW)] if any(row.estimate for row in shown) else []
    figure.legend(handles=keys, loc="outside upper left", ncols=6)
    few = any(row.ratio_interval is None and not row.estimate for row in shown)
    none = f" No bar where there are fewer than {LEAST_OF_RATIO} reps, or boots, a side." * few
    more = len(every) - len(shown)
    cut = [f"{more} more rows are not drawn."] if more else []
    return Drawing(figure, [f"Bars: 95 % interval of the ratio.{none}", *cut])


@_LOOK
def phases(rows: Sequence[Figures], unit: str) -> Drawing:
    """Draw where the pause goes: medians of phases on one another, a bar a method."""
    drawn, notes = panels(rows, by_mem=True)
    tall = 0.25 * max(len(panel.rows) for panel in drawn) + 0.1
    figure, places = _sheet([panel.title for panel in drawn], tall)
    figure.supxlabel(f"Medians of phases: {_measured(unit)}")
    for axes, panel in zip(places, drawn, strict=True):
        _draw_bars(axes, panel, unit)
    known = {phase for panel in drawn for row in panel.rows for phase, v in row.phases.items() if v}
    keys = [Patch(label=phase.value, **fill_of(phase).patch) for phase in Phase if phase in known]
    figure.legend(handles=keys, loc="outside upper left", ncols=9)
    said = "They need not add up to the median of the pause, which is the figure beside the bar."
    return Drawing(figure, [said, *notes])


def _draw_bars(axes: Axes, panel: Panel, unit: str) -> None:
    for number, row in enumerate(panel.rows):
        at = 0.0
        for phase in Phase:
            if ticks := row.phases.get(phase):
                patch = fill_of(phase).patch
                axes.barh(number, ticks, 0.72, left=at, label=phase.value, **patch)
                at += ticks
        whole = row.estimate[0] if row.estimate else row.pause.median if row.pause else 0.0
        if whole and not at:
            axes.barh(number, whole, 0.72, fill=False, edgecolor=MUTED, linestyle="--")
        _beside(axes, max(at, whole), number, _bar_text(row, unit))
    axes.set(ylim=(len(panel.rows) - 0.5, -0.5))
    axes.set_xlim(0, None if axes.patches else 1)
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(panel.rows)), [panel.label(row.cell) for row in panel.rows])
    set_ticks(axes.xaxis, MaxNLocator(3), QuantityFormatter(unit))


def _bar_text(row: Figures, unit: str) -> str:
    if row.estimate:
        return f"~{quantity(row.estimate[0], unit)} {row.state}"
    return quantity(row.pause.median, unit) if row.pause else row.state.value


_APART = 4.0  # ratios whose figures do not touch, on an axis of logarithms


@_LOOK
def common(rows: Sequence[CommonRow], start: Start | None, unit: str) -> Drawing:
    """Draw ratios against what both pauses share, for the largest memory of each kind of cell."""
    drawn, notes = shared_panels(rows)
    figure, places = _sheet([title for title, _ in drawn], 2.0, sharey=True)
    figure.supxlabel(f"What both pauses share: {_measured(unit)}")
    figure.supylabel("Ratio of the pauses")
    least = min(row.shared for row in rows) or 1.0
    reach = np.geomspace(least / 30, max(least * 1000, 1e9), 60)
    for axes, (_, found) in zip(places, drawn, strict=True):
        for row in found:
            look = style_of(row.cell.method)
            axes.plot(reach, [row.ratio(x - row.shared) for x in reach], **look.line)
            _mark_ratio(axes, row, 0.0, mfc=look.colour)
            if start:
                _mark_ratio(axes, row, start.added, mfc="none")
        set_log(axes, "x", reach, QuantityFormatter(unit), most=5)
    set_log(
        places[0],
        "y",
        [row.ratio(x - row.shared) for row in rows for x in reach],
        ratio_formatter,
        5,
    )
    keys = _keys(row.cell.method for _, found in drawn for row in found)
    figure.legend(handles=keys, loc="outside upper left", ncols=6)
    marks = ["Full marks: as measured, where the new process is bench's own program."]
    marks += [f"Hollow ones: with the start of {start.name}."] if start else [f"Not marked: {ASK}."]
    return Drawing(figure, [*marks, *notes])


def _mark_ratio(axes: Axes, row: CommonRow, added: float, **fill: Any) -> None:
    look, ratio = style_of(row.cell.method), row.ratio(added)
    axes.plot(row.shared + added, ratio, **(look.mark | fill))
    place: dict[str, Any] = {"xytext": (5, 4), "textcoords": "offset points"}
    # A reader finds every ratio in the table: here none lies over another.
    near = [text.xy for text in axes.texts if hasattr(text, "xy")]
    if all(max(ratio, y) > _APART * min(ratio, y) for _, y in near):
        axes.annotate(format_ratio(ratio), (row.shared + added, ratio), **place)


@_LOOK
def ecdf(table: CellTable, rows: Sequence[Figures]) -> Drawing:
    """Draw the part of a cell's reps that took no longer than a pause; marked at the median."""
    measured = [row for row in rows if row.pause]
    drawn, notes = panels(measured, by_mem=True)
    most = min(max(MOST_STEPS // len(measured), 30), 400)
    figure, places = _sheet([panel.title for panel in drawn], 1.4, sharey=True)
    figure.supxlabel(f"Pause: {_measured(table.unit)}")
    figure.supylabel("Part of the reps")
    reps = 0
    for axes, panel in zip(places, drawn, strict=True):
        for row in panel.rows:
            look = style_of(row.cell.method)
            ticks = table.ticks(row.cell, *Phase)
            reps += len(ticks) if len(ticks) > most else 0
            axes.ecdf(thinned(ticks, most), label=panel.label(row.cell), **look.line)
            axes.plot(table.pause(row.cell).median, 0.5, **look.mark)
        pauses = [table.pause(row.cell) for row in panel.rows]
        values = [end for pause in pauses for end in (pause.low, pause.high)]
        set_log(axes, "x", values, QuantityFormatter(table.unit), most=3)
        set_ticks(axes.yaxis, FixedLocator([0, 0.5, 1]), PercentFormatter(1, 0, " %"))
    keys = _keys(row.cell.method for row in measured)
    figure.legend(handles=keys, loc="outside upper left", ncols=6)
    thin = [f"Of {reps:,} reps {most} of each cell are drawn, evenly by rank."] if reps else []
    return Drawing(figure, ["Marks: medians.", *thin, *notes])


@_LOOK
def run_order(frame: pd.DataFrame) -> Drawing:
    """Draw the pauses of a run's frame over their cell's median, in the order of measurement."""
    found, notes = in_order(frame)
    values, methods = found["value"].to_numpy(), found["method"]
    figure, (axes,) = _sheet([_drift_title(found)], 2.0, columns=1)
    figure.supxlabel("Reps in the order of measurement")
    figure.supylabel("Pause against the median of its cell")
    _shade_boots(axes, found["boot"].to_numpy(np.int64))
    drawn = 0
    for name in methods.unique():
        at = outline(values, np.flatnonzero(methods == name), MOST_MARKS // methods.nunique())
        axes.plot(at, values[at], ms=3.5, label=name, **style_of(Method(name)).mark)
        drawn += len(at)
    middle: dict[str, Any] = {"color": INK, "label": "median of neighbours"}
    axes.plot(*trend(values), **middle)
    axes.set_xlim(-0.5, max(len(values), 1) - 0.5)
    set_ticks(axes.xaxis, MaxNLocator(6, integer=True), StrMethodFormatter("{x:,.0f}"))
    set_ticks(axes.yaxis, MaxNLocator(4), change_formatter)
    keys = _keys(Method(name) for name in methods.unique())
    figure.legend(handles=[*keys, Line2D([], [], **middle)], loc="outside upper left", ncols=6)
    if drawn < len(values):
        few = "of stretches of neighbours the smallest, the middle and the greatest"
        notes.append(f"Of {len(values):,} reps {drawn:,} are drawn: {few}.")
    return Drawing(figure, ["Shaded: every other boot.", *notes])


def _drift_title(reps: pd.DataFrame) -> str:
    """Say the trend of all reps over the medians of their cells, in the order of measurement."""
    if reps.empty:
        return "Nothing was measured that can be drawn."
    found = drift(samples_of(reps["boot"], reps["value"]))
    change = round(found.change, 4) + 0.0  # no -0
    test = "Kendall, within boots" if found.within else "Mann-Kendall"
    return f"From first to last {change:+.2%} {found.where}, p = {found.p:.2g} ({test})"


def _shade_boots(axes: Axes, boots: Any) -> None:
    """Shade every other stretch of one boot, and name up to 12 of them above the axes."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(boots)) + 1])[: len(boots)]
    for first, after in zip(starts[1::2], [*starts[2::2], len(boots)], strict=False):
        axes.axvspan(first - 0.5, after - 0.5, **SHADE)
    named = starts[:: math.ceil(len(starts) / 12) or 1]
    above = axes.secondary_xaxis("top")
    above.set_xticks(named - 0.5, [f"boot {boots[start]}" for start in named], ha="left")
    above.spines["top"].set_visible(False)


def _beside(axes: Axes, x: float, y: float, text: str, coordinates: Any = "data") -> None:
    """Write text right of a place."""
    place: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(text, (x, y), xycoords=coordinates, annotation_clip=False, **place)


def _measured(unit: str) -> str:
    return "wall time" if unit == "ns" else "instructions (icount), not a time"


def _key(method: Method, label: str) -> Artist:
    look = style_of(method)
    return Line2D([], [], marker=look.marker, label=label, **look.line)


def _keys(methods: Iterable[Method]) -> list[Artist]:
    """Make a legend of methods, in their order."""
    return [_key(method, method.value) for method in sorted({*methods}, key=ORDER.index)]


def _sheet(
    titles: Sequence[str], height: float, columns: int = 2, **share: Any
) -> tuple[Figure, list[Axes]]:
    """Make a figure with a panel a title, about ``height`` inches each."""
    columns = min(columns, len(titles))
    rows = math.ceil(len(titles) / columns)
    engine = ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06)
    figure = Figure(figsize=(_WIDTH, rows * (height + _AROUND) + 0.6), layout=engine)
    places = list(figure.subplots(rows, columns, squeeze=False, **share).flat)
    for axes, title in zip(places, titles, strict=False):
        axes.set_title(title)
    for empty in places[len(titles) :]:
        empty.remove()
    return figure, places[: len(titles)]
