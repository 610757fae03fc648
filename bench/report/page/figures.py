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
from bench.stats.scaling import LEAST_SIZES

# The pause of a live update with vfio, as the patch's author quotes it.
_VFIO_PAUSE = "100ms"


@dataclass(frozen=True)
class Plot:
    """Pictures with a title, what they show, and how to read them; none where words do.

    ``finding`` is also what the first picture says to those who do not see it.
    """

    title: str
    finding: str
    reading: str
    pictures: Sequence[Markup]


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


_LEAST_RATIOS = 3  # that a plot says more of than a sentence
_ALIKE = 1.0  # percent of a median: reps within it have a distribution that is a step


def plots(
    run: Run, table: CellTable, rows: Sequence[Figures], name: str, others: Beside
) -> Iterator[Plot]:
    """Make those plots of a run that have something to show; their ids begin with ``name``.

    What a sentence says as well has no picture.
    """
    from bench.report.plots import draw, reps  # matplotlib takes a while to import

    limit, common = budget(run), common_rows(rows, others)
    spread, moved = captions.widest_spread(table), captions.moved(table)
    alike = run.clock is Clock.ICOUNT and spread <= _ALIKE
    asked = (
        _Asked(
            "Growth with memory",
            captions.scaling(table, limit),
            "Both axes are logarithmic: a cost that every page has climbs, one that none has is"
            " flat.",
            lambda: draw.scaling(table, rows, limit),
            any(len(table.sizes(cell)) >= LEAST_SIZES for cell in table.measured),
        ),
        _Asked(
            "Ratios",
            captions.ratios(rows, table.unit),
            "Each row is a cell. Right of 1 the method pauses less than what it is held against.",
            lambda: draw.ratios(rows),
            sum(row.ratio is not None for row in rows) >= _LEAST_RATIOS,
        ),
        _Asked(
            "What both share",
            captions.common(common, others, table.unit),
            "A saving stays what it is; its ratio falls with all else that both pauses have.",
            lambda: draw.common(common, others.start, table.unit),
        ),
        _Asked(
            "Spread",
            captions.ecdf(table),
            "Each mark is a rep, against the median of its cell."
            if alike
            else "Steep steps: reps are alike. Steps far apart: no rep could be the other's.",
            lambda: reps.strip(table, rows) if alike else reps.ecdf(table, rows),
            spread > 0,
        ),
        _Asked(
            "Order of measurement",
            captions.run_order(table),
            "A trend or a step would be the machine's, not the method's.",
            lambda: reps.run_order(run.frame()),
            run.clock is Clock.WALL or moved > 0,
        ),
    )
    return (each.plot(name) for each in asked if each.finding)


@dataclass(frozen=True)
class _Asked:
    """A plot that may be made; without ``pays`` its finding is all that is said."""

    title: str
    finding: str
    reading: str
    make: Callable[[], Any]
    pays: bool = True

    def plot(self, name: str) -> Plot:
        from bench.report.plots.sheet import svg

        if not self.pays:
            return Plot(self.title, self.finding, "", [])
        drawing = self.make()
        id_ = f"{name}-{self.title.partition(' ')[0].lower()}"
        texts = [svg(figure, f"{id_}-{n}") for n, figure in enumerate(drawing.figures, 1)]
        labels = [f"{self.title}: {self.finding}"]
        labels += [f"{self.title}, picture {n} of {len(texts)}" for n in range(2, len(texts) + 1)]
        reading = " ".join([self.reading, *drawing.notes])
        return Plot(self.title, self.finding, reading, [*map(picture, texts, labels)])


def picture(svg: str, label: str) -> Markup:
    """Make an SVG one picture to a screen reader, with a label for its name."""
    said = escape(visible(label))
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{said}" ', 1))
