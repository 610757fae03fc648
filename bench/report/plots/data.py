# SPDX-License-Identifier: GPL-2.0-only
"""What the plots show, as numbers: cells of a frame, and the panels that they stand in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.model.cell import Backing, Cell
from bench.report.plots.axes import names_of
from bench.report.table.cells import METHODS, place_of
from bench.report.table.columns import factors
from bench.results.row import CellRow
from bench.stats.samples import Floats, Samples, samples_of
from bench.stats.summary import Summary, summarize

MOST_PANELS = 24  # that one figure has room for
LONGEST = 28  # characters of a device's name

_FACTORS = [field.name for field in fields(Cell)]


@dataclass(frozen=True, eq=False)
class PlotCell:
    """A cell of a run. ``places`` are the rows of its samples; none if it has no figure.

    ``problem`` is then the reason: failed, skipped or missing, and what the run said.
    """

    run: str
    cell: Cell
    places: NDArray[np.int64]
    ticks: NDArray[np.int64]
    side: Samples
    problem: str = ""

    @property
    def values(self) -> Floats:
        return self.side.values

    @cached_property
    def summary(self) -> Summary:
        return summarize(self.ticks)

    @property
    def state(self) -> str:
        """One word of `problem`."""
        return self.problem.partition(":")[0]


@dataclass(frozen=True, eq=False)
class Panel:
    title: str
    series: list[PlotCell]

    def label(self, series: PlotCell) -> str:
        """The method; with its backing where a panel has two."""
        backings = {each.cell.backing for each in self.series}
        backing = f" {series.cell.backing}" if len(backings) > 1 else ""
        return f"{series.cell.method}{backing}"


def unit_of(frame: pd.DataFrame) -> str:
    """Of all samples; ValueError for two units, which no axis can hold."""
    units = [str(unit) for unit in frame["unit"].unique()]
    if len(units) > 1:
        raise ValueError("a time and an instruction count cannot be in one plot")
    return units[0] if units else "ns"


def plot_cells(frame: pd.DataFrame) -> list[PlotCell]:
    """Every cell of every run, in the order of the report's table, measured or not."""
    if frame.empty:
        return []
    groups = frame.groupby(["run", *_FACTORS], observed=True, sort=False).ngroup().to_numpy()
    order = np.argsort(groups, kind="stable")
    bounds = np.flatnonzero(np.diff(groups[order])) + 1
    pause = frame["pause"].to_numpy(dtype=np.int64, na_value=0)
    boot = frame["boot"].to_numpy(dtype=np.int64, na_value=0)
    statuses = frame["status"].astype("category").cat
    codes, texts = statuses.codes.to_numpy(), [*map(str, statuses.categories)]
    found = []
    for places in np.split(order, bounds):
        said = [texts[code] for code in dict.fromkeys(codes[places].tolist())]
        ok = places[codes[places] == texts.index("ok")] if "ok" in said else places[:0]
        problem = _problem(said)
        ok = ok[:0] if problem else ok
        ticks = pause[ok]
        first = int(places[0])
        run = str(frame["run"].iloc[first])
        found.append(
            PlotCell(run, _cell(frame, first), ok, ticks, samples_of(boot[ok], ticks), problem)
        )
    runs = [*dict.fromkeys(each.run for each in found)]
    return sorted(found, key=lambda each: (runs.index(each.run), *place_of(each.cell)))


def _problem(statuses: Sequence[str]) -> str:
    """Why a cell has no figure: one that failed in one boot has none, whatever others measured."""
    failed = [status for status in statuses if status.startswith("failed")]
    if failed or "ok" in statuses:
        return failed[0] if failed else ""
    known = [status for status in statuses if status.startswith(("skipped", "missing"))]
    return known[0] if known else "missing: only its warm-up is there"


def _cell(frame: pd.DataFrame, row: int) -> Cell:
    values = {name: frame[name].iloc[row] for name in _FACTORS}
    plain = {name: v if isinstance(v, str) else int(v) for name, v in values.items()}
    return CellRow.model_validate(plain).cell()


def panels(
    series: Sequence[PlotCell], by_mem: bool = False, known: Collection[tuple[str, Cell]] = ()
) -> list[Panel]:
    """One a kind of cell, or one a kind and size.

    Only those that hold a cell with samples, or one that is ``known`` otherwise.
    """
    groups: dict[tuple[str, Cell], list[PlotCell]] = {}
    for each in series:
        mem = each.cell.mem if by_mem else 0
        like = replace(each.cell, method=METHODS[0], mem=mem, backing=Backing.REAL, file=0)
        groups.setdefault((each.run, like), []).append(each)
    shown = [
        group
        for group in groups.values()
        if any(e.values.size or (e.run, e.cell) in known for e in group)
    ]
    heads = [group[0] for group in shown]
    runs, devices = run_names(heads), names_of([head.cell.device for head in heads], LONGEST)
    return [
        Panel(f"{runs[head.run]}{devices[head.cell.device]}, {_rest(head.cell, by_mem)}", group)
        for head, group in zip(heads, shown, strict=True)
    ]


def run_names(series: Sequence[PlotCell]) -> dict[str, str]:
    """What begins the name of each run's cells: nothing where there is one run."""
    names = names_of([each.run for each in series], 18)
    return {run: f"{name}: " if len(names) > 1 else "" for run, name in names.items()}


def _rest(cell: Cell, with_mem: bool) -> str:
    _, pages, mem, *_ = factors(cell)
    return f"{pages}, {mem}" if with_mem else pages


def largest(found: Sequence[Panel]) -> list[Panel]:
    """As many as a figure holds: of each kind the largest memory first."""
    kinds = [replace(p.series[0].cell, mem=0, file=0, method=METHODS[0]) for p in found]
    ranks = [kinds[number + 1 :].count(kind) for number, kind in enumerate(kinds)]
    chosen = sorted(range(len(found)), key=lambda number: ranks[number])[:MOST_PANELS]
    return [found[number] for number in sorted(chosen)]
