# SPDX-License-Identifier: GPL-2.0-only
"""The plots of a run as a page has them, each with sentences of what it shows."""

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
from bench.report.table.shared import Beside, common_rows
from bench.results.writer import Run

# The pause of a live update with vfio, as the patch's author quotes it.
_VFIO_PAUSE = "100ms"


@dataclass(frozen=True)
class Plot:
    """A picture with a title, what it shows, and how to read it.

    ``finding`` is also what the picture says to those who do not see it.
    """

    title: str
    finding: str
    reading: str
    svg: Markup


def budget(run: Run) -> float | None:
    """Get what no pause is to exceed, in ticks of the run's clock; None for no such limit.

    The scenario says it; where it does not, times are held against vfio's 100 ms.
    """
    text = run.facts.asked.max_pause
    if not text and run.clock is Clock.WALL:
        text = _VFIO_PAUSE
    if not text:
        return None
    ticks, unit = parse_pause(text)
    return ticks if unit == run.clock.unit else None


def plots(
    run: Run, table: CellTable, rows: Sequence[Figures], name: str, others: Beside
) -> Iterator[Plot]:
    """Draw those plots of a run that have something to show; their ids begin with ``name``."""
    from bench.report.plots import draw  # matplotlib takes a while to import

    limit = budget(run)

    def plot(title: str, finding: str, reading: str, make: Callable[[], Any]) -> Iterator[Plot]:
        if finding:
            drawing = make()
            svg = draw.svg(drawing.figure, f"{name}-{title.partition(' ')[0].lower()}")
            said = " ".join([reading, *drawing.notes])
            yield Plot(title, finding, said, picture(svg, title, finding))

    yield from plot(
        "Growth with memory",
        captions.scaling(table, limit),
        "Both axes are logarithmic: a cost that every page has climbs, one that none has is flat.",
        lambda: draw.scaling(table, rows, limit),
    )
    yield from plot(
        "Ratios",
        captions.ratios(rows, table.unit),
        "Each row is a cell. Right of 1 the method pauses less than what it is held against.",
        lambda: draw.ratios(rows),
    )
    common = common_rows(rows, others)
    yield from plot(
        "What both share",
        captions.common(common, others, table.unit),
        "A saving stays what it is; its ratio falls with all else that both pauses have.",
        lambda: draw.common(common, others.start, table.unit),
    )
    yield from plot(
        "Phases",
        captions.phases(rows),
        "Medians of the phases, in the order in which they happen.",
        lambda: draw.phases(rows, table.unit),
    )
    yield from plot(
        "Spread",
        captions.ecdf(table),
        "Steep steps: reps are alike. Steps far from one another: no rep could be the other's.",
        lambda: draw.ecdf(table, rows),
    )
    yield from plot(
        "Order of measurement",
        captions.run_order(table),
        "A trend or a step would be the machine's, not the method's.",
        lambda: draw.run_order(run.frame()),
    )


def picture(svg: str, title: str, finding: str) -> Markup:
    """Make an SVG one picture to a screen reader, with the finding for its name."""
    label = escape(visible(f"{title}: {finding}"))
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))
