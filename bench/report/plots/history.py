# SPDX-License-Identifier: GPL-2.0-only
"""The plot of one cell along a history: its points, levels, change points, breaks, and limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bench.model.method import Method
from bench.report.plots.data import outline
from bench.report.plots.scales import QuantityFormatter, set_ticks
from bench.report.plots.styles import INK, MUTED, RC, SHADE, style_of

_SIZE = (9.0, 2.3)  # inches
_MOST_MARKS = 900  # of points; of more the outline is drawn
_MOST_NAMED = 8  # points below the axis, and changes above it
_LEAST_SPAN = 0.01  # of the median, that the axis shows: noise below is not blown up


@dataclass(frozen=True)
class HistoryCurve:
    """What is drawn of a cell. Places are those of points, values in ``unit``.

    ``levels`` are (first place, last place, level), ``changes`` (place, level, grows),
    ``limit`` the reference and the highest level that is no regression, if it is judged.
    """

    method: Method
    unit: str
    places: Sequence[int]
    values: Sequence[float]
    levels: Sequence[tuple[int, int, float]]
    changes: Sequence[tuple[int, float, bool]]
    breaks: Sequence[int]
    labels: Sequence[str]  # of all points of the history
    limit: tuple[int, float, float] | None = None  # place of the reference, its level, the limit


@style.context(["default", RC])
def history_figure(curve: HistoryCurve) -> Figure:
    """Draw the pauses of a cell in the order of the points."""
    figure = Figure(figsize=_SIZE, layout=ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06))
    axes = figure.subplots()
    figure.supylabel("Time" if curve.unit == "ns" else "Instructions")
    _draw_points(axes, curve)
    for first, last, level in curve.levels:
        axes.plot([first - 0.4, last + 0.4], [level, level], color=INK, linewidth=1.4)
    for place, level, grows in curve.changes:
        mark: dict[str, Any] = {"marker": "^" if grows else "v", "ms": 7, "color": INK}
        axes.plot(place, level, mfc="#D55E00" if grows else "#009E73", **mark)
    for place in curve.breaks:
        axes.axvline(place - 0.5, color=MUTED, linewidth=1.2, dashes=(6, 2))
    if curve.limit:
        _draw_limit(axes, curve, *curve.limit)
    _set_axes(axes, curve)
    figure.legend(handles=_keys(curve), loc="outside upper left", ncols=6)
    return figure


def _draw_points(axes: Axes, curve: HistoryCurve) -> None:
    values = np.asarray(curve.values, dtype=np.float64)
    kept = outline(values, np.arange(len(values)), _MOST_MARKS)
    places = np.asarray(curve.places)[kept]
    axes.plot(places, values[kept], ms=3, alpha=0.8, **_mark(curve.method))


def _mark(method: Method) -> dict[str, Any]:
    look = style_of(method)
    return {"color": look.colour, "marker": look.marker, "linestyle": "none"}


def _draw_limit(axes: Axes, curve: HistoryCurve, place: int, level: float, limit: float) -> None:
    end = len(curve.labels) - 0.5
    axes.fill_between([place, end], level, limit, **SHADE)
    axes.plot([place, end], [level, level], color=MUTED, linewidth=1)


def _set_axes(axes: Axes, curve: HistoryCurve) -> None:
    axes.set_xlim(-0.6, len(curve.labels) - 0.4)
    low, high = _shown(curve)
    axes.set_ylim(low, high)
    set_ticks(axes.yaxis, MaxNLocator(4), QuantityFormatter(curve.unit))
    count = len(curve.labels)
    named = sorted({round(at) for at in np.linspace(0, count - 1, min(_MOST_NAMED, count))})
    axes.set_xticks(named, [curve.labels[at] for at in named])


def _shown(curve: HistoryCurve) -> tuple[float, float]:
    """Return what of the axis is shown: all values, and no less than 1 % about the median."""
    middle = float(np.median(curve.values))
    ends = [*curve.values, *(curve.limit[1:] if curve.limit else ())]
    ends += [middle * (1 - _LEAST_SPAN), middle * (1 + _LEAST_SPAN)]
    room = 0.08 * (max(ends) - min(ends))
    return min(ends) - room, max(ends) + room


def _keys(curve: HistoryCurve) -> list[Line2D]:
    keys = [Line2D([], [], label="pause", ms=4, **_mark(curve.method))]
    keys += [Line2D([], [], color=INK, label="level")]
    if any(grows for _, _, grows in curve.changes):
        keys.append(_triangle("^", "#D55E00", "change upward"))
    if not all(grows for _, _, grows in curve.changes):
        keys.append(_triangle("v", "#009E73", "change downward"))
    if curve.breaks:
        dashes: dict[str, Any] = {"color": MUTED, "dashes": (6, 2)}
        keys.append(Line2D([], [], label="break", **dashes))
    if curve.limit:
        keys.append(Line2D([], [], label="up to the threshold", **{**SHADE, "linewidth": 6}))
    return keys


def _triangle(marker: str, colour: str, label: str) -> Line2D:
    look: dict[str, Any] = {"marker": marker, "color": INK, "mfc": colour, "linestyle": "none"}
    return Line2D([], [], label=label, **look)
