# SPDX-License-Identifier: GPL-2.0-only
"""What all plots of one frame have in common: its cells, its unit, and what they have to say."""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

import pandas as pd

from bench.model.cell import Cell
from bench.report.plots.curves import estimates
from bench.report.plots.data import Panel, PlotCell, largest, panels, plot_cells, unit_of
from bench.stats.summary import Summary


class View:
    """What the plots of a frame have in common; ValueError for a frame of two units."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.unit = unit_of(frame)
        self.series = plot_cells(frame)
        self.notes: list[str] = []
        self.note(without_figure(self.series, self.known))

    @cached_property
    def known(self) -> dict[tuple[str, Cell], tuple[float, float, float]]:
        """What `estimates` knows: nothing, and no line is fitted, where all was measured."""
        every = all(each.values.size for each in self.series)
        return {} if every else estimates(panels(self.series))

    def note(self, text: str) -> None:
        """Something that the figure says below itself; nothing is left out in silence."""
        self.notes += [text] if text else []

    def panels(self, by_mem: bool = False, estimated: bool = False) -> list[Panel]:
        """As many as a figure holds."""
        found = panels(self.series, by_mem, self.known if estimated else ())
        drawn = largest(found)
        if len(drawn) < len(found):
            self.note(f"Drawn: {len(drawn)} of {len(found)} panels, of the largest memory.")
        return drawn

    @property
    def measured(self) -> str:
        """What the values are."""
        return "wall time" if self.unit == "ns" else "instructions (icount), not a time"

    def note_intervals(self, drawn: Sequence[Summary]) -> None:
        """What bars and bands around medians are."""
        if not drawn:
            return
        several = [summary.interval is not None for summary in drawn]
        what = "95 % interval of the median" if any(several) else ""
        few = "" if all(several) else "smallest to greatest rep where there are fewer than 6"
        self.note(f"Marks: medians. Bars and bands: {', or '.join(filter(None, (what, few)))}.")


def without_figure(series: Iterable[PlotCell], known: Collection[tuple[str, Cell]]) -> str:
    """How many cells are in no plot, and why; empty for none."""
    states = [e.state for e in series if not e.values.size and (e.run, e.cell) not in known]
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted({*states}))
    return f"Cells without a figure, in no plot: {counts}." if states else ""
