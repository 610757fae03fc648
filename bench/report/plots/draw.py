# SPDX-License-Identifier: GPL-2.0-only
"""The plots of a report, each from a frame of samples; numbers and looks come from siblings."""

import io
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from bench.model.cell import Method, Phase
from bench.model.units import GIB
from bench.report.plots import axes as plot_axes
from bench.report.plots import curves as plot_curves
from bench.report.plots import parts as plot_parts
from bench.report.plots import strips as plot_strips
from bench.report.plots import svg as plot_svg
from bench.report.plots.axes import AxisScale, quantity
from bench.report.plots.curves import Curve, ends
from bench.report.plots.layout import WIDTH, Layout
from bench.report.plots.styles import HOLLOW, INK, MUTED, RC, SHADE, fill_of, style_of
from bench.report.plots.view import View
from bench.report.table.cells import ORDER

_LOOK = style.context(["default", RC])


@_LOOK
def svg(figure: Figure, name: str) -> str:
    """An ``<svg>`` for a page: the same bytes for the same data, ids that begin with ``name``."""
    text = io.StringIO()
    with warnings.catch_warnings():
        # A browser has more glyphs than the font that text is measured with.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(text, format="svg", metadata={"Date": None})
    return plot_svg.element(text.getvalue(), name)


@_LOOK
def scaling(frame: pd.DataFrame, budget: float | None = None) -> Figure:
    """Pause against memory, both logarithmic, with fitted lines; ``budget`` in the frame's unit."""
    view = View(frame)
    drawn = view.panels()
    each = [plot_curves.curves(panel) for panel in drawn]
    lines = [curve for found in each for curve in found]
    view.note_intervals([summary for curve in lines for summary in curve.summaries])
    view.note(plot_curves.line_note(lines))
    keys = _keys(curve.method for curve in lines)
    keys += [Line2D([], [], **HOLLOW)] if any(curve.estimates for curve in lines) else []
    layout = Layout(len(drawn), len(keys), view.notes)
    figure, places = _sheet("Pause against memory", view, keys, layout, [p.title for p in drawn])
    values = [v for curve in lines for v in curve.extent] + ([budget] if budget else [])
    sizes, top = sorted({s for curve in lines for s in curve.all_sizes}), max(values, default=0)
    for axes, found in zip(places, each, strict=True):
        _set(axes, "x", plot_axes.size_scale(sizes, layout.inner))
        _set(axes, "y", plot_axes.scale(values, view.unit, log=True, most=6))
        if budget:
            axes.axhline(budget, color=INK, linewidth=1.2, dashes=(6, 2), label="budget")
            text, side = f" budget {quantity(budget, view.unit)}", ("bottom", "top")[budget == top]
            axes.text(0, budget, text, transform=axes.get_yaxis_transform(), va=side)
        for curve in found:
            _curve(axes, curve)
        _direct_labels(axes, found, view.unit, layout)
    return figure


def _curve(axes: Axes, curve: Curve) -> None:
    look = style_of(curve.method)
    sizes, medians = curve.sizes, [summary.median for summary in curve.summaries]
    low, high = zip(*(ends(summary) for summary in curve.summaries), strict=True)
    axes.fill_between(sizes, low, high, color=look.colour, alpha=0.2, linewidth=0)
    axes.vlines(sizes, low, high, color=look.colour, linewidth=1.5)
    axes.plot(*curve.path, **look.line)
    fill = "left" if curve.alias else "full"
    axes.plot(sizes, medians, label=curve.label, fillstyle=fill, mfcalt="none", **look.mark)
    for cell, (value, least, most) in curve.estimates.items():
        at = cell.mem / GIB
        axes.plot([at, at], [least, most], color=look.colour, linewidth=1, dashes=(2, 2))
        axes.plot(at, value, label="extrapolated", mfc="none", **look.mark)


def _direct_labels(axes: Axes, found: Sequence[Curve], unit: str, layout: Layout) -> None:
    """Method and slope beside the end of each line, moved apart where lines are close."""
    tips = [(axes.transScale + axes.transLimits).transform(curve.last)[1] for curve in found]
    rows = plot_axes.spread(tips, 0.42 / layout.height, 0.0, 0.95)
    near, mark, text = (1 + inches / layout.inner for inches in (0.12, 0.2, 0.29))
    for curve, tip, row in zip(found, tips, rows, strict=True):
        beyond: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
        axes.plot([1.0, near], [tip, row], color=MUTED, linewidth=0.6, **beyond)
        axes.plot(mark, row, **style_of(curve.method).mark, **beyond)
        label = f"{curve.label}\n{curve.slope(unit)}".strip()
        axes.text(text, row, label, va="center", fontsize=7, linespacing=1.15, **beyond)


@_LOOK
def ratios(frame: pd.DataFrame, floor: float = 0.0) -> Figure:
    """A row a cell and its base; ``floor`` is the part that equal runs differ by, shaded."""
    view = View(frame)
    rows, notes = plot_parts.ratio_rows(view.series, view.known, floor)
    view.notes += notes
    keys = _keys(row.method for row in rows)
    keys += [Line2D([], [], **HOLLOW)] if any(row.extrapolated for row in rows) else []
    keys += [Patch(label=f"noise floor {floor:.2%}", **SHADE)] if floor else []
    left = 0.3 + 0.062 * max((len(row.label) for row in rows), default=0)
    layout = Layout(bool(rows), len(keys), view.notes, 1, 0.26 * len(rows) + 0.1, left, 1.5)
    names = ["above 1x the pause of the method is the shorter one"][: len(rows)]
    figure, places = _sheet("Pause of the base / pause of the method", view, keys, layout, names)
    values = [end for row in rows if row.drawn for end in (row.ratio, *(row.interval or ()))]
    for axes in places:
        around = [1 / (1 + floor), 1, 1 + floor]
        _set(axes, "x", plot_axes.scale([*values, *around], "x", log=True, most=7))
        axes.axvspan(around[0], around[2], label="noise floor", **SHADE)
        axes.axvline(1, color=INK, linewidth=1)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        _ticks(axes.yaxis, range(len(rows)), [row.label for row in rows])
        for number, row in enumerate(rows):
            look = style_of(row.method)
            if row.interval:
                axes.plot(row.interval, [number, number], color=look.colour, marker="|")
            if row.drawn:
                fill = "none" if row.extrapolated else "full"
                axes.plot(row.ratio, number, ms=4, fillstyle=fill, label=row.label, **look.mark)
            axes.text(1.02, number, row.text, transform=axes.get_yaxis_transform(), va="center")
    return figure


@_LOOK
def phases(frame: pd.DataFrame) -> Figure:
    """Where the pause goes: medians of phases on one another, a bar a method."""
    view = View(frame)
    drawn = view.panels(by_mem=True, estimated=True)
    found = [plot_parts.bars(frame, panel, view.known) for panel in drawn]
    known = [phase for phase in Phase if any(phase in bar.phases for b in found for bar in b)]
    view.note("Medians of phases, which need not add up to the median of the pause (the figure).")
    keys = [Patch(label=phase.value, **fill_of(phase).patch) for phase in known]
    tall = 0.25 * max(map(len, found), default=1) + 0.1
    right = 1.55 if view.known else 1.0
    layout = Layout(len(drawn), len(keys), view.notes, 2, tall, 1.25, right, 9)
    names = [panel.title for panel in drawn]
    figure, places = _sheet("Phases of the pause", view, keys, layout, names)
    for axes, group in zip(places, found, strict=True):
        whole = max(max(sum(bar.phases.values()), bar.total or 0.0) for bar in group)
        _set(axes, "x", plot_axes.scale([0.0, whole], view.unit, log=False, most=3))
        axes.set(xlim=(0, whole or 1.0), ylim=(len(group) - 0.5, -0.5))
        axes.grid(axis="y", visible=False)
        _ticks(axes.yaxis, range(len(group)), [bar.label for bar in group])
        for number, bar in enumerate(group):
            at = 0.0
            for phase, ticks in bar.phases.items():
                patch = fill_of(phase).patch
                axes.barh(number, ticks, 0.72, left=at, label=phase.value, **patch)
                at += ticks
            if not bar.phases and bar.total:
                axes.barh(number, bar.total, 0.72, fill=False, edgecolor=MUTED, linestyle="--")
            end = max(at, bar.total or 0.0)
            axes.text(end, number, f" {bar.text(view.unit)}", va="center")
    return figure


@_LOOK
def ecdf(frame: pd.DataFrame) -> Figure:
    """The part of a cell's reps that took no longer than a pause; marked at the median."""
    view = View(frame)
    drawn = view.panels(by_mem=True)
    groups = [[each for each in panel.series if each.values.size] for panel in drawn]
    cells = [each for group in groups for each in group]
    most = plot_parts.steps_each(len(cells))
    view.notes += plot_parts.step_notes(cells, most)
    keys = _keys(each.cell.method for each in cells)
    layout = Layout(len(drawn), len(keys), view.notes, 2, 1.4, right=0.35)
    names = [panel.title for panel in drawn]
    figure, places = _sheet("Distribution of the pause", view, keys, layout, names)
    for axes, panel, group in zip(places, drawn, groups, strict=True):
        found = [plot_parts.steps(each.values, most) for each in group]
        _set(axes, "x", plot_axes.scale([v for x, _ in found for v in (x[0], x[-1])], view.unit))
        axes.set_ylim(0, 1.04)
        _ticks(axes.yaxis, [0, 0.5, 1], ["0", "50 %", "100 %"])
        for each, (x, y) in zip(group, found, strict=True):
            look = style_of(each.cell.method)
            axes.step([x[0], *x], [0.0, *y], where="post", label=panel.label(each), **look.line)
            axes.plot(each.summary.median, 0.5, **look.mark)
    return figure


@_LOOK
def run_order(frame: pd.DataFrame) -> Figure:
    """Pauses over the median of their cell, in the order in which they were measured."""
    view = View(frame)
    strips, notes = plot_strips.strips(view.series)
    view.notes += notes
    keys = _keys(method for strip in strips for method in strip.marks)
    keys.append(Line2D([], [], color=INK, label="median of neighbours"))
    layout = Layout(len(strips), len(keys), view.notes, 1, 2.0, right=0.3)
    names = [f"{strip.title}\n" for strip in strips]  # above the names of boots
    figure, places = _sheet("Pauses in the order of measurement", view, keys, layout, names)
    for axes, strip in zip(places, strips, strict=True):
        ticks = plot_axes.count_ticks(len(strip.values) - 1)
        axes.set_xlim(-0.5, len(strip.values) - 0.5)
        _ticks(axes.xaxis, ticks, [f"{tick:,.0f}" for tick in ticks])
        _set(axes, "y", plot_axes.scale(strip.extent, "%", log=False))
        for number, (name, first, after) in enumerate(strip.boots):
            if number % 2:
                axes.axvspan(first - 0.5, after - 0.5, **SHADE)
            axes.text(first - 0.5, 1, name, transform=axes.get_xaxis_transform(), va="bottom")
        for method, marks in strip.marks.items():
            mark = style_of(method).mark
            axes.plot(marks, strip.values[marks], markersize=3.5, label=method.value, **mark)
        axes.plot(*plot_strips.trend(strip.values), color=INK, label="median of neighbours")
    return figure


def _keys(methods: Iterable[Method]) -> list[Artist]:
    """A legend of methods, in their order."""
    looks = [(m.value, style_of(m)) for m in sorted({*methods}, key=ORDER.index)]
    return [Line2D([], [], marker=look.marker, label=name, **look.line) for name, look in looks]


def _sheet(
    title: str, view: View, keys: Sequence[Artist], layout: Layout, names: Sequence[str]
) -> tuple[Figure, list[Axes]]:
    """A figure with what all have, and its empty axes below their names."""
    figure = Figure(figsize=(WIDTH, layout.total))
    figure.text(0.01, layout.down(0.08), title, va="top", weight="bold", fontsize=11)
    figure.text(0.01, layout.down(0.3), view.measured, va="top")
    if layout.panels:
        figure.legend(handles=[*keys], ncols=layout.per_row, loc=(0.003, layout.key_place))
    else:
        figure.text(0.01, layout.down(0.5), "Nothing was measured that can be drawn.", va="top")
    foot = "\n".join(layout.foot)
    figure.text(0.01, 0.06 / layout.total, foot, fontsize=7.5, linespacing=1.3)
    return figure, [figure.add_axes(layout.place(n), title=name) for n, name in enumerate(names)]


def _set(axes: Axes, which: str, scale: AxisScale) -> None:
    axis, change = (axes.xaxis, axes.set_xscale) if which == "x" else (axes.yaxis, axes.set_yscale)
    change(scale.kind, **scale.options)
    axes.set(**{f"{which}lim": scale.ends})
    _ticks(axis, scale.ticks, scale.labels)


def _ticks(axis: Axis, places: Iterable[float], labels: Sequence[str]) -> None:
    axis.set_major_locator(FixedLocator([*places]))
    axis.set_major_formatter(FixedFormatter(labels))
    axis.set_minor_locator(NullLocator())
