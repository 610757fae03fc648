# SPDX-License-Identifier: GPL-2.0-only
"""A history as one HTML page: nothing is fetched, nothing runs, all text of data is escaped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.history.analyse import HistoryRule
from bench.history.order import Ordered
from bench.history.render import (
    LEVELS,
    UNITS,
    breaks_section,
    changes_section,
    in_order,
    replicas_note,
    table_of_cells,
    title_of,
)
from bench.history.track import CellTrack, HistoryVerdict, Lane
from bench.model.units import number_of
from bench.model.visible import visible
from bench.report import page as report_page
from bench.report.page.figures import Plot, picture
from bench.report.page.templating import templates_of
from bench.report.table.section import Section, Table
from bench.sides import cell_name
from bench.stats.decision import percent

_TEMPLATES = [
    Path(__file__).parent / "templates",
    Path(str(report_page.__file__)).parent / "templates",
]
_MOST_PLOTS = 60
_READING = "Marks: a point each, the median of its boots. Lines: levels between change points."


@dataclass(frozen=True, eq=False)
class _Chapter:
    """What the page says of the points of one clock."""

    id: str
    title: str
    unit: str
    verdict: list[str]
    cells: Table
    plots: list[Plot]
    more: str
    sections: list[Section]


def history_page(
    history: Ordered, lanes: Sequence[Lane], notes: Sequence[str], rule: HistoryRule
) -> str:
    """Write the page, an HTML file; the same bytes for the same history."""
    chapters = [_chapter(f"clock-{at}", history, lane, rule) for at, lane in enumerate(lanes, 1)]
    strange = dict.fromkeys(line for point in history.points for line in point.left_out)
    return (
        templates_of(*_TEMPLATES)
        .get_template("history.html")
        .render(
            title=chapters[0].title,
            chapters=chapters,
            notes=[*notes, *history.notes, *replicas_note(history), *strange, *LEVELS],
        )
    )


def _chapter(name: str, history: Ordered, lane: Lane, rule: HistoryRule) -> _Chapter:
    tracks = in_order(lane.tracks)
    more = len(tracks) - _MOST_PLOTS
    return _Chapter(
        name,
        title_of(lane, history.order),
        UNITS[lane.clock],
        _verdict(lane),
        table_of_cells(lane, tracks, None),
        [*_plots(name, lane, tracks[:_MOST_PLOTS], rule)],
        f"{more} more cells are in the table, but not drawn." if more > 0 else "",
        [each for each in (changes_section(lane), breaks_section(lane)) if each],
    )


def _verdict(lane: Lane) -> list[str]:
    """Say what the cells of each verdict are, the worst first."""
    counts = {each: sum(t.verdict is each for t in lane.tracks) for each in HistoryVerdict}
    said = ", ".join(f"{count} {each.value}" for each, count in counts.items() if count)
    return [f"Of {number_of(len(lane.tracks), 'cell')}: {said}."]


def _plots(name: str, lane: Lane, tracks: Sequence[CellTrack], rule: HistoryRule) -> Iterator[Plot]:
    from bench.report.plots.history import HistoryCurve, history_figure
    from bench.report.plots.sheet import svg

    for number, track in enumerate(tracks, 1):
        curve = HistoryCurve(
            track.cell.method,
            lane.unit,
            track.places,
            track.values,
            track.levels,
            [(c.at, c.after, c.size > 0) for c in track.changes],
            [each.at for each in lane.breaks],
            [visible(point.label) for point in lane.points],
            _limit(track, rule),
        )
        drawn = svg(history_figure(curve), f"{name}-{number}")
        title, finding = cell_name(track.cell), _finding(track)
        pictures = [picture(drawn, f"{title}: {finding}")]
        yield Plot(title, finding, _READING if number == 1 else "", pictures)


def _limit(track: CellTrack, rule: HistoryRule) -> tuple[int, float, float] | None:
    if track.standing is None or track.reference is None:
        return None
    level = float(np.exp(track.standing.reference))
    return track.reference, level, level * (1 + rule.threshold)


def _finding(track: CellTrack) -> str:
    change = f", {percent(track.standing.change)} against the reference" if track.standing else ""
    why = f": {track.reason}" if track.reason else ""
    return f"{track.verdict.value.capitalize()}{change}{why}."
