# SPDX-License-Identifier: GPL-2.0-only
"""The plots of a run as a page has them: each with a sentence of what it shows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from bench.model.cell import Clock
from bench.model.units import parse_pause
from bench.model.visible import visible
from bench.report.page import captions
from bench.report.table.cells import CellTable
from bench.report.table.figures import Figures
from bench.results.writer import Run

# What the author of the patch quotes for a live update with vfio.
_VFIO_PAUSE = "100ms"


@dataclass(frozen=True)
class Plot:
    """``finding`` is also what the picture says to those who do not see it."""

    title: str
    finding: str
    reading: str
    svg: Markup


def plots(run: Run, table: CellTable, rows: Sequence[Figures], name: str) -> list[Plot]:
    """Those that have something to show; the ids in each begin with ``name``."""
    return [*_plots(run, table, rows, name)]


def budget(run: Run) -> float | None:
    """What no pause is to exceed, in ticks; None where nobody said so in this unit."""
    text = run.facts.asked.max_pause
    if not text and run.clock is Clock.WALL:
        text = _VFIO_PAUSE
    if not text:
        return None
    ticks, unit = parse_pause(text)
    return ticks if unit == run.clock.unit else None


def _plots(run: Run, table: CellTable, rows: Sequence[Figures], name: str) -> Iterator[Plot]:
    from bench.report.export.frames import frame
    from bench.report.plots import draw as draw  # matplotlib takes a while to import

    samples = frame(run)
    limit = budget(run)

    def plot(title: str, finding: str, reading: str, figure: Callable[[], Any]) -> Iterator[Plot]:
        if finding:
            key = f"{name}-{title.partition(' ')[0].lower()}"
            yield Plot(title, finding, reading, _image(draw.svg(figure(), key), title, finding))

    yield from plot(
        "Growth with memory",
        captions.scaling(table, limit),
        "Both axes are logarithmic: a cost that every page has climbs, one that none has is flat.",
        lambda: draw.scaling(samples, limit),
    )
    yield from plot(
        "Ratios",
        captions.ratios(rows),
        "Each row is a cell. Right of 1 the method pauses less than what it is held against.",
        lambda: draw.ratios(samples),
    )
    yield from plot(
        "Phases",
        captions.phases(rows),
        "Medians of the phases, in the order in which they happen.",
        lambda: draw.phases(samples),
    )
    yield from plot(
        "Spread",
        captions.ecdf(table),
        "Steep steps: reps are alike. Steps far from one another: no rep could be the other's.",
        lambda: draw.ecdf(samples),
    )
    yield from plot(
        "Order of measurement",
        captions.run_order(table),
        "A trend or a step would be the machine's, not the method's.",
        lambda: draw.run_order(samples),
    )


def _image(svg: str, title: str, finding: str) -> Markup:
    """One picture to a screen reader, with the finding for its name."""
    label = escape(visible(f"{title}: {finding}"))
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))
