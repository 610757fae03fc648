# SPDX-License-Identifier: GPL-2.0-only
"""Rows, bars and steps: what each plot draws of the cells of a panel, as numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bench.model.cell import Backing, Cell, Method, Phase
from bench.model.units import format_quantity
from bench.report.plots.axes import names_of
from bench.report.plots.data import LONGEST, Panel, PlotCell, run_names
from bench.report.table.cells import BASES
from bench.report.table.columns import factors
from bench.stats.ratios import ratio_interval
from bench.stats.samples import Floats
from bench.stats.summary import ratio

Estimates = Mapping[tuple[str, Cell], tuple[float, float, float]]
MOST_STEPS = 5000  # of all ECDFs
MOST_ROWS = 120  # of ratios


@dataclass(frozen=True)
class RatioRow:
    """How many pauses of a method fit into that of its base; without an interval: too few."""

    label: str
    method: Method
    ratio: float
    interval: tuple[float, float] | None
    extrapolated: bool

    @property
    def drawn(self) -> bool:
        """A ratio of nothing, or to nothing, has no place on a logarithmic axis."""
        return 0 < self.ratio < float("inf")

    @property
    def text(self) -> str:
        if not self.drawn:
            return "a pause of 0: no ratio"
        if self.extrapolated:
            return f"~{self.ratio:.3g}x extrapolated"
        value = f"{self.ratio:.3g}x"
        low, high = self.interval or (0.0, 0.0)
        return f"{value} [{low:.3g}, {high:.3g}]" if self.interval else value


def _ratio_notes(rows: Sequence[RatioRow], more: int, floor: float) -> Iterator[str]:
    """What the rows show and what they cannot."""
    if not rows:
        yield "No cell has another one to be held against."
        return
    text = "Bars: 95 % interval of the ratio."
    few = any(row.interval is None and not row.extrapolated for row in rows)
    yield f"{text} No bar where there are fewer than 4 reps, or boots, a side." if few else text
    if floor:
        yield f"Shaded: what runs of the same thing differ by, {floor:.2%} up and down."
    if more:
        yield f"{more} more rows are not drawn."


def ratio_rows(
    series: Sequence[PlotCell], known: Estimates, floor: float
) -> tuple[list[RatioRow], list[str]]:
    """One row a cell that has a base, both measured or both extrapolated; and notes on them."""
    by_cell = {(each.run, each.cell): each for each in series}
    runs, devices = run_names(series), names_of([each.cell.device for each in series], LONGEST)
    rows = []
    for each in series:
        others = (replace(each.cell, method=m) for m in BASES.get(each.cell.method, ()))
        bases = [by_cell[each.run, other] for other in others if (each.run, other) in by_cell]
        found = _measured_ratio(each, bases) or _estimated_ratio(each, bases, known)
        if found:
            base, value, interval = found
            where = f"{runs[each.run]}{devices[each.cell.device]} {_rest(each.cell)}"
            label = f"{where}: {each.cell.method} against {base.cell.method}"
            rows.append(RatioRow(label, each.cell.method, value, interval, not each.values.size))
    shown = rows[:MOST_ROWS]
    return shown, [*_ratio_notes(shown, len(rows) - len(shown), floor)]


_Ratio = tuple[PlotCell, float, tuple[float, float] | None]


def _measured_ratio(new: PlotCell, bases: Iterable[PlotCell]) -> _Ratio | None:
    base = next((each for each in bases if each.values.size), None)
    if base is None or not new.values.size:
        return None
    return base, ratio(base.summary, new.summary), ratio_interval(base.side, new.side)


def _estimated_ratio(new: PlotCell, bases: Iterable[PlotCell], known: Estimates) -> _Ratio | None:
    of_new = known.get((new.run, new.cell))
    for base in bases:
        of_base = known.get((base.run, base.cell))
        if of_new and of_base and of_new[0]:
            return base, of_base[0] / of_new[0], None
    return None


def _rest(cell: Cell) -> str:
    _, *words, backing, _ = factors(cell)
    return " ".join([*words, *([] if cell.backing is Backing.REAL else [backing])])


@dataclass(frozen=True)
class Bar:
    """Medians of phases. Without a sample, ``total`` is an estimate or nothing at all."""

    label: str
    phases: Mapping[Phase, float]
    total: float | None
    state: str = ""

    def text(self, unit: str) -> str:
        """What stands at its end."""
        value = "" if self.total is None else format_quantity(self.total, unit)
        return f"~{value} {self.state}" if value and self.state else value or self.state


def bars(frame: pd.DataFrame, panel: Panel, known: Estimates) -> list[Bar]:
    found = []
    for each in panel.series:
        label = panel.label(each)
        estimate = known.get((each.run, each.cell))
        if each.values.size:
            found.append(Bar(label, phase_medians(frame, each), each.summary.median))
        elif estimate:
            found.append(Bar(label, {}, estimate[0], "extrapolated"))
        else:
            found.append(Bar(label, {}, None, each.state))
    return found


def phase_medians(frame: pd.DataFrame, series: PlotCell) -> dict[Phase, float]:
    """They need not add up to the median of the pause. Phases without a tick are left out."""
    known = [phase for phase in Phase if phase.value in frame]
    columns = {p: frame[p.value].iloc[series.places] for p in known}
    numbers = {p: c.to_numpy(dtype=np.float64, na_value=np.nan) for p, c in columns.items()}
    return {p: float(np.median(v)) for p, v in numbers.items() if not np.isnan(v).any() and v.any()}


def steps_each(cells: int) -> int:
    """How many steps each cell of a figure may have."""
    return min(max(MOST_STEPS // max(cells, 1), 30), 400)


def step_notes(cells: Sequence[PlotCell], most: int) -> list[str]:
    """What was thinned, and what has no samples."""
    reps = sum(each.values.size for each in cells if each.values.size > most)
    thinned = [f"Of {reps:,} reps {most} of each cell are drawn, evenly by rank."] if reps else []
    return ["Marks: medians.", *thinned]


def steps(values: Floats, most: int) -> tuple[Floats, Floats]:
    """An ECDF: values, and the part that is no greater; of many, some evenly by rank."""
    ordered = np.sort(values)
    ranks = np.arange(len(ordered))
    if len(ordered) > most:
        ranks = np.linspace(0, len(ordered) - 1, most).round().astype(np.int64)
    return ordered[ranks], (ranks + 1) / len(ordered)
