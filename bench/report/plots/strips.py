# SPDX-License-Identifier: GPL-2.0-only
"""Pauses in the order in which they were measured: drift, and what boots differ by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.model.cell import Method
from bench.model.visible import visible
from bench.report.plots.axes import elide
from bench.report.plots.data import PlotCell
from bench.stats.drift import drift
from bench.stats.samples import Floats

MOST_MARKS, MOST_STRIPS = 1200, 6  # of a figure: a page has to hold it
MOST_RANKED = 10_000  # of a trend: of more values the medians of as many neighbourhoods


@dataclass(frozen=True, eq=False)
class Strip:
    """Pauses of a run over the median of their cell, in the order of measurement.

    ``marks`` are places in it, those to draw of each method. ``boots`` are stretches of one
    boot: its name, which is empty where it has no room, its first place and the one after it.
    """

    run: str
    values: Floats
    marks: dict[Method, NDArray[np.int64]]
    boots: list[tuple[str, int, int]]
    zero: int  # cells whose median is 0, which nothing can be held against

    @property
    def extent(self) -> list[float]:
        return [float(self.values.min()), 1.0, float(self.values.max())]

    @property
    def title(self) -> str:
        few = len(self.values) <= MOST_RANKED
        found = drift(self.values if few else trend(self.values, MOST_RANKED)[1])
        text = f"{elide(visible(self.run), 60)}: from first to last {found.change:+.2%}"
        return f"{text}, p = {found.p:.2g} (Mann-Kendall)"


def _strip_notes(found: Sequence[Strip]) -> list[str]:
    """What was thinned or cannot be drawn."""
    notes = ["0 %: the median of each cell. Shaded: every other boot."] if found else []
    for each in found:
        marks = sum(map(len, each.marks.values()))
        if marks < len(each.values):
            notes.append(
                f"Of {len(each.values):,} reps {marks:,} are drawn: of stretches of neighbours the"
                " smallest, the middle and the greatest."
            )
        if each.zero:
            notes.append(f"Not drawn: {each.zero} cells whose median is 0.")
    return notes


def strips(series: Sequence[PlotCell]) -> tuple[list[Strip], list[str]]:
    """One a run, as many as a figure holds; and notes on them."""
    found = []
    runs = [*dict.fromkeys(each.run for each in series if each.values.size)]
    for run in runs[:MOST_STRIPS]:
        mine = [each for each in series if each.run == run and each.values.size]
        cells = [each for each in mine if each.summary.median]
        if cells:
            share = MOST_MARKS // min(len(runs), MOST_STRIPS)
            found.append(_strip(run, cells, len(mine) - len(cells), share))
    more = len(runs[MOST_STRIPS:])
    return found, [*_strip_notes(found), *([f"{more} more runs are not drawn."] if more else [])]


def _strip(run: str, cells: Sequence[PlotCell], zero: int, most: int) -> Strip:
    rows = np.concatenate([each.places for each in cells])
    order = np.argsort(rows, kind="stable")
    values = np.concatenate([each.values / each.summary.median for each in cells])[order]
    boots = np.concatenate([each.side.boots for each in cells])[order]
    methods = [*dict.fromkeys(each.cell.method for each in cells)]
    numbers = [methods.index(each.cell.method) for each in cells]
    which = np.repeat(numbers, [each.values.size for each in cells])[order]
    each = most // len(methods)
    marks = {m: _outline(np.flatnonzero(which == n), values, each) for n, m in enumerate(methods)}
    return Strip(run, values, marks, [*_stretches(boots)], zero)


def _stretches(boots: NDArray[np.int64]) -> Iterator[tuple[str, int, int]]:
    starts = [0, *(np.flatnonzero(np.diff(boots)) + 1).tolist(), len(boots)]
    named = 0.0  # where there is room for the next name
    for first, after in pairwise(starts):
        room = first >= named
        named = first + 0.06 * len(boots) if room else named
        yield f"boot {boots[first]}" if room else "", first, after


def _outline(places: NDArray[np.int64], values: Floats, most: int) -> NDArray[np.int64]:
    """Of many, the smallest, the middle and the greatest of each of some stretches."""
    if len(places) <= most:
        return places
    chosen = []
    for part in np.array_split(places, most // 3):
        ranked = part[np.argsort(values[part], kind="stable")]
        chosen += [ranked[0], ranked[len(ranked) // 2], ranked[-1]]
    return np.unique(chosen)


def trend(values: Floats, most: int = 60, least: int = 5) -> tuple[Floats, Floats]:
    """Medians of neighbours, and the middle of where they stand; too few values: nothing."""
    parts = np.array_split(values, max(min(most, len(values) // least), 1))
    if len(parts) < 3:
        return np.empty(0), np.empty(0)
    ends = np.cumsum([len(part) for part in parts])
    middles = ends - np.array([len(part) for part in parts]) / 2 - 0.5
    return middles, np.array([np.median(part) for part in parts])
