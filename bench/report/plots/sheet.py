# SPDX-License-Identifier: GPL-2.0-only
"""Figures of a page: one a panel, narrow enough for a phone; a page sets several side by side."""

import io
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from bench.model.method import Method
from bench.report.plots import svg as plot_svg
from bench.report.plots.styles import INK, RC, style_of
from bench.report.table.cells import ORDER

RowT = TypeVar("RowT")
LOOK = style.context(["default", RC])
_WIDTH = 3.6  # inches: a phone shows a point as 1.3 pixels
_AROUND = 0.65  # a panel's title and tick labels
_LINE = 0.14  # of a legend
ROWS = 12  # of cells in one figure
_MOST_LETTERS, _OVER_AXES = 50, 36  # that a line has room for, beside no label and beside one


@dataclass(frozen=True)
class Drawing:
    """Figures of one plot, and sentences on what their marks are and what they leave out."""

    figures: list[Figure]
    notes: list[str]


@LOOK
def svg(figure: Figure, name: str) -> str:
    """Make an ``<svg>`` for a page: the same bytes for the same data; ids begin with ``name``."""
    text = io.StringIO()
    with warnings.catch_warnings():
        # A browser has more glyphs than the font that text is measured with.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(text, format="svg", metadata={"Date": None})
    return plot_svg.element(text.getvalue(), name)


def make_sheet(
    title: str, height: float, x: str, y: str = "", keys: Sequence[Artist] = ()
) -> tuple[Figure, Axes]:
    """Make a figure with one pair of axes of about ``height`` inches, named, with a legend."""
    titled = wrapped(title, _OVER_AXES)
    lines = titled.count("\n") + sum(str(key.get_label()).count("\n") + 1 for key in keys)
    tall = height + _AROUND + _LINE * lines
    engine = ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06)
    figure = Figure(figsize=(_WIDTH, tall), layout=engine)
    axes = figure.subplots()
    axes.set_title(titled)
    figure.supxlabel(wrapped(x))
    if y:
        figure.supylabel(y.replace(", ", ",\n"))  # it has the height of the axes alone
    if keys:
        figure.legend(handles=[*keys], loc="outside upper left")
    return figure, axes


def wrapped(text: str, most: int = _MOST_LETTERS) -> str:
    """Break a text into lines of so many letters."""
    return "\n".join(textwrap.wrap(text, most))


def share(axes: Axes, which: str, values: Iterable[float]) -> None:
    """Make an axis hold values that other panels have too, so that all are to one scale."""
    found = [*values]
    x, y = axes.get_xlim()[0], axes.get_ylim()[0]
    points = [(v, y) if which == "x" else (x, v) for v in found]
    axes.update_datalim(points, updatex=which == "x", updatey=which == "y")
    axes.autoscale_view(scalex=which == "x", scaley=which == "y")


def parts_of(rows: Sequence[RowT], most: int) -> list[Sequence[RowT]]:
    """Cut rows into parts of so many each: a figure of them fits on a screen."""
    return [rows[start : start + most] for start in range(0, len(rows), most)]


def row_height(lines: int) -> float:
    """Return the height of a row in inches: its marks, and so many lines of text above them."""
    return 0.2 + 0.12 * lines


def set_rows(axes: Axes, count: int) -> None:
    """Make the y axis one of rows, the first on top; their names stand in the plot."""
    axes.set_ylim(count - 0.6, -0.9)
    axes.set_yticks([])


def mark_one(axes: Axes, count: int) -> None:
    """Mark 1 in every row, beside its marks alone: a line through all would cross their names."""
    rows = range(count)
    axes.vlines([1] * count, [n - 0.18 for n in rows], [n + 0.18 for n in rows], color=INK)
    axes.grid(visible=False)


def write_above(axes: Axes, row: float, text: str) -> None:
    """Write text above the marks of a row, from the left edge of the axes on."""
    place: dict[str, Any] = {"xytext": (2, 5), "textcoords": "offset points", "va": "bottom"}
    across = axes.get_yaxis_transform()
    axes.annotate(text, (0, row), xycoords=across, annotation_clip=False, fontsize=7, **place)


def measured_in(unit: str) -> str:
    """Say what the figures on an axis are."""
    return "wall time" if unit == "ns" else "instructions (icount), not a time"


def key_of(method: Method, label: str) -> Artist:
    """Make a line of a legend."""
    look = style_of(method)
    return Line2D([], [], marker=look.marker, label=label, **look.line)


def keys_of(methods: Iterable[Method]) -> list[Artist]:
    """Make a legend of methods, in their order."""
    return [key_of(method, method.value) for method in sorted({*methods}, key=ORDER.index)]
