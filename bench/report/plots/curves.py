# SPDX-License-Identifier: GPL-2.0-only
"""Cost against memory: what the scaling plot draws, and what it says of sizes left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from bench.model.cell import Backing, Cell, Method
from bench.model.units import GIB
from bench.report.plots.axes import quantity
from bench.report.plots.data import Panel, PlotCell
from bench.report.table.cells import ORDER
from bench.report.table.growth import MOST_POINTS, thinned
from bench.stats.scaling import LEAST_SIZES, FittedLine, fit, why_not_a_line
from bench.stats.summary import Summary


@dataclass(frozen=True, eq=False)
class Curve:
    """Cells that differ in their memory alone; sizes and the line's slope are in GiB.

    ``estimates`` are of cells that were left out: value and its 95 % interval.
    """

    run: str
    method: Method
    label: str
    alias: bool
    sizes: list[float]
    summaries: list[Summary]
    line: FittedLine | None
    why_not: str
    thinned: bool
    estimates: dict[Cell, tuple[float, float, float]]

    @property
    def all_sizes(self) -> list[float]:
        """Those that are extrapolated too."""
        return sorted({*self.sizes, *(cell.mem / GIB for cell in self.estimates)})

    @property
    def extent(self) -> list[float]:
        """Every value that is drawn."""
        bounds = [end for summary in self.summaries for end in ends(summary)]
        return [*bounds, *(end for estimate in self.estimates.values() for end in estimate)]

    @property
    def path(self) -> tuple[list[float], list[float]]:
        """The line, which a logarithmic axis bends; where none fits, from median to median."""
        if self.line is None:
            return self.sizes, [summary.median for summary in self.summaries]
        sizes = [float(x) for x in np.geomspace(self.all_sizes[0], self.all_sizes[-1], 40)]
        return sizes, [self.line.predict(size)[0] for size in sizes]

    @property
    def last(self) -> tuple[float, float]:
        """Where its label belongs."""
        x, y = self.path
        return x[-1], y[-1]

    def slope(self, unit: str) -> str:
        """With its 95 % interval, for a label of two lines; why there is none is in the note."""
        if self.line is None:
            return "no line" if len(self.sizes) > 1 else ""
        slope, low, high = (
            quantity(v, unit) for v in (self.line.slope, self.line.low, self.line.high)
        )
        return f"{slope} / GiB\n[{low}, {high}]"


def ends(summary: Summary) -> tuple[float, float]:
    """The interval of a median, or the range of reps that are too few for one."""
    return summary.interval or (summary.low, summary.high)


def curves(panel: Panel) -> list[Curve]:
    """One a method and backing, in the order of the table."""
    ordered = sorted(panel.series, key=_curve)
    return [
        curve
        for _, group in groupby(ordered, key=_curve)
        if (curve := _make_curve(panel, [*group])).sizes
    ]


def _curve(series: PlotCell) -> tuple[int, str]:
    return ORDER.index(series.cell.method), series.cell.backing.value


def _make_curve(panel: Panel, group: Sequence[PlotCell]) -> Curve:
    measured = [each for each in group if each.values.size]
    cell = group[0].cell
    points = [(e.cell.mem / GIB, v) for e in measured for v in thinned(e.ticks, len(measured))]
    x, y = [x for x, _ in points], [y for _, y in points]
    why_not = why_not_a_line(x, y) if points else "nothing was measured"
    line = None if why_not else fit(x, y)
    return Curve(
        run=group[0].run,
        method=cell.method,
        label=panel.label(group[0]),
        alias=cell.backing is Backing.ALIAS,
        sizes=[each.cell.mem / GIB for each in measured],
        summaries=[each.summary for each in measured],
        line=line,
        why_not=why_not,
        thinned=len(points) < sum(each.values.size for each in measured),
        estimates=dict(_estimates(line, measured, group)),
    )


def _estimates(
    line: FittedLine | None, measured: Sequence[PlotCell], group: Sequence[PlotCell]
) -> Iterable[tuple[Cell, tuple[float, float, float]]]:
    """Of sizes that were left out, above at least three that were measured."""
    for each in group:
        smaller = [other for other in measured if other.cell.mem < each.cell.mem]
        if line and each.state == "skipped" and len(smaller) >= LEAST_SIZES:
            yield each.cell, line.predict(each.cell.mem / GIB)


def estimates(found: Iterable[Panel]) -> dict[tuple[str, Cell], tuple[float, float, float]]:
    """Value and 95 % interval of each cell that is extrapolated, by run; panels of all sizes."""
    known: dict[tuple[str, Cell], tuple[float, float, float]] = {}
    for panel in found:
        for curve in curves(panel):
            known |= {(curve.run, cell): value for cell, value in curve.estimates.items()}
    return known


def line_note(found: Iterable[Curve]) -> str:
    """What half a mark is, what the lines are, and why some cells have none."""
    curves = [*found]
    several = [curve for curve in curves if len(curve.sizes) > 1]
    why = "; ".join(dict.fromkeys(curve.why_not for curve in several if curve.why_not))
    parts = []
    if any(curve.alias for curve in curves):
        parts.append("Half-filled: alias memory, fewer of its pages are distinct.")
    if any(curve.line for curve in several):
        parts.append("Lines: Theil-Sen, growth for each GiB with its 95 % interval.")
    if any(curve.line and curve.thinned for curve in several):
        parts.append(f"Fitted to quantiles, {MOST_POINTS} of all sizes together.")
    if why:
        parts.append(f"No line fits where medians are joined: {why}.")
    return " ".join(parts)
