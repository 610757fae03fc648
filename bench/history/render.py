# SPDX-License-Identifier: GPL-2.0-only
"""Write a history as sections: a row a cell, its change points, breaks, and what to know."""

from collections.abc import Iterable, Sequence

import numpy as np

from bench.history.order import Order, Ordered
from bench.history.spark import BLOCKS, sparkline
from bench.history.track import CellTrack, HistoryVerdict, Lane, LevelChange
from bench.model.cell import Clock
from bench.model.units import format_quantity, number_of
from bench.report.table.section import Column, Entry, Section, Table, make_table
from bench.sides import cell_name
from bench.stats.decision import percent

_MOST = 40  # rows of a table on a terminal; the page and JSON have all
_PHASES = 3  # that are named
UNITS = {
    Clock.ICOUNT: "instructions that the guest executed (icount), not times",
    Clock.WALL: "times (wall)",
}
_SPAN = {
    Order.COMMIT: "by commit",
    Order.DATE: "by date",
    Order.NAMED: "as named",
}
_WORST = (
    HistoryVerdict.REGRESSION,
    HistoryVerdict.UNCLEAR,
    HistoryVerdict.IMPROVEMENT,
    HistoryVerdict.STEADY,
    HistoryVerdict.UNJUDGED,
)
LEVELS = (
    "reference and latest are medians of up to 20 points, as many as the noise takes; "
    "change is beyond the threshold where it also exceeds 3.5 standard errors",
    "change points: least cost with biweight loss (Fearnhead and Rigaill 2019), not a p value; "
    "in quiet series less than 1 false one in 1,000 points (docs/history.md)",
)


def history_sections(
    history: Ordered, lanes: Sequence[Lane], notes: Sequence[str], letters: str = BLOCKS
) -> list[Section]:
    """Make all sections, for a terminal or a file."""
    found = [section for lane in lanes for section in _lane(lane, history.order, letters)]
    said = [*notes, *history.notes, *replicas_note(history)]
    strange = dict.fromkeys(line for point in history.points for line in point.left_out)
    lines = [*_cut(said), *_cut([*strange]), *LEVELS]
    return [*found, Section("What to know", lines=tuple(lines))]


def _cut(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MOST
    return [*lines[:_MOST], *([f"and {more} more"] if more > 0 else [])]


def replicas_note(history: Ordered) -> list[str]:
    """Say that measurements of one commit are joined; nothing where there are none."""
    several = [point for point in history.points if point.replicas > 1]
    if not several:
        return []
    total = sum(point.replicas for point in several)
    commits = number_of(len(several), "commit")
    return [f"{total} measurements are of {commits}: those of one commit are joined"]


def _lane(lane: Lane, order: Order, letters: str) -> list[Section]:
    tracks = in_order(lane.tracks)
    whole = table_of_cells(lane, tracks[:_MOST], letters)
    more = len(tracks) - _MOST
    cut = (f"and {more} more cells: --cell WORDS, or --format json",) if more > 0 else ()
    first = Section(title_of(lane, order), (UNITS[lane.clock],), (whole,), cut)
    return [each for each in (first, changes_section(lane, _MOST), breaks_section(lane)) if each]


def in_order(tracks: Iterable[CellTrack]) -> list[CellTrack]:
    """Put regressions first; cells of one verdict stay as they were measured."""
    return sorted(tracks, key=lambda track: _WORST.index(track.verdict))


def title_of(lane: Lane, order: Order) -> str:
    """Say how many points there are, and from where to where."""
    first, last = lane.points[0], lane.points[-1]
    days = f" ({first.day} to {last.day})" if first.day and last.day else ""
    count = number_of(len(lane.points), "point")
    return f"History of {count} {_SPAN[order]}, {first.label} to {last.label}{days}"


def table_of_cells(lane: Lane, tracks: Iterable[CellTrack], letters: str | None) -> Table:
    """Make a row a cell; without ``letters`` without a sparkline."""
    heads = (
        Column("cell", right=False, names=True),
        Column("trend", right=False),
        Column("reference"),
        Column("latest"),
        Column("change"),
        Column("verdict", right=False),
        Column("why", right=False),
    )
    rows = [_cell_row(lane, track, letters) for track in tracks]
    return make_table(heads, rows, "Cells").filled()


def _cell_row(lane: Lane, track: CellTrack, letters: str | None) -> list[Entry]:
    trend = sparkline(track.values, letters) if letters else ""
    head = [Entry(cell_name(track.cell)), Entry(trend)]
    verdict, why = Entry(track.verdict.value), Entry(track.reason)
    if track.standing is None:
        latest = Entry.quantity(track.values[-1], lane.unit)
        return [*head, Entry(""), latest, Entry(""), verdict, why]
    levels = np.exp([track.standing.reference, track.standing.latest])
    figures = [Entry.quantity(float(level), lane.unit) for level in levels]
    return [*head, *figures, Entry.figure(percent(track.standing.change)), verdict, why]


def changes_section(lane: Lane, most: int | None = None) -> Section | None:
    """List the change points, the latest first; None without any."""
    found = [(change.at, track, change) for track in lane.tracks for change in track.changes]
    found.sort(key=lambda each: -each[0])
    rows = [_change_row(lane, track, change) for _, track, change in found[:most]]
    more = len(found) - len(rows)
    lines = [f"and {more} more: --format json"] if more else []
    lines += [
        f"{cell_name(track.cell)}: {move.phase} {move.size:+.2%} of the pause from "
        f"{lane.points[move.at].label} on{_as_before(track)}"
        for track in lane.tracks
        for move in track.moves
    ][:most]
    heads = ("cell", "at", "date", "before", "after", "change", "points", "state", "phases")
    right = ("before", "after", "change", "points")
    columns = [Column(head, head in right, names=head == "cell") for head in heads]
    table = make_table(columns, rows, "Change points").filled()
    functions = [
        f"{cell_name(track.cell)} at {lane.points[at].label}: {change.functions}"
        for at, track, change in found[:most]
        if change.functions
    ]
    section = Section("Change points", tables=(table,) if rows else (), lines=(*lines, *functions))
    return section if section else None


def _as_before(track: CellTrack) -> str:
    """Say that a phase moved and the pause did not, where that is so."""
    return ", and the pause as before" if track.verdict is HistoryVerdict.STEADY else ""


def _change_row(lane: Lane, track: CellTrack, change: LevelChange) -> list[Entry]:
    point = lane.points[change.at]
    levels = [Entry.quantity(value, lane.unit) for value in (change.before, change.after)]
    return [
        Entry(cell_name(track.cell)),
        Entry(point.label),
        Entry(point.day),
        *levels,
        Entry.figure(percent(change.size)),
        Entry.figure(change.points),
        Entry(f"{change.state}, little by little" if change.gradual else change.state),
        Entry(phases_text(change.phases, lane.unit)),
    ]


def phases_text(phases: Sequence[tuple[object, float]], unit: str) -> str:
    """Name the phases that moved most: ``release +1.2 M, exec -3 k``."""
    return ", ".join(
        f"{phase} {'+' if ticks > 0 else ''}{format_quantity(ticks, unit)}"
        for phase, ticks in phases[:_PHASES]
    )


def breaks_section(lane: Lane) -> Section | None:
    """List the breaks, the latest first; None without any."""
    lines = [
        f"{lane.points[each.at].label} ({lane.points[each.at].day or 'no date'}): {reason}"
        for each in lane.breaks[::-1]
        for reason in each.reasons
    ]
    if not lines:
        return None
    note = (
        "what was measured before is another thing: analysis begins anew, and none is a regression"
    )
    return Section("Breaks", (note,), lines=tuple(_cut(lines)))
