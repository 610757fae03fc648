# SPDX-License-Identifier: GPL-2.0-only
"""Analyse a history: breaks, change points of each cell and phase, and creep from a reference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.errors import CannotJudge, UsageError
from bench.history.order import Ordered
from bench.history.point import HistoryPoint
from bench.history.profiles import functions_moved
from bench.history.track import (
    CellTrack,
    HistoryBreak,
    Lane,
    LevelChange,
    PhaseMove,
    judged,
    unjudged,
)
from bench.model.cell import Cell
from bench.model.method import Phase
from bench.results.comparable import unlike
from bench.sides import cell_name
from bench.stats.creep import standing
from bench.stats.samples import Floats
from bench.stats.steps import LEAST_POINTS, Levels, levels_of

_FIRST = 3  # points of a new level that show whether it was a step
_NEAR = 5  # points on either side of a change, whose phases are compared
_ALIKE = 1  # points by which the change of a phase may miss that of the pause
_BATCH = 2_000_000  # values that are analysed at once


@dataclass(frozen=True)
class HistoryRule:
    """``threshold``: by how much a level may be worse; ``least``: the smallest change point."""

    threshold: float = 0.02
    least: float = 0.005
    reference: str = ""
    cell: str = ""


@dataclass(frozen=True, eq=False)
class _Row:
    """The values of a cell, or of a phase of it, within a regime, and the places of its points."""

    cell: Cell
    phase: Phase | None
    places: NDArray[np.intp]
    values: Floats  # logarithms of pauses; of a phase parts of the cell's median pause


def analyse(history: Ordered, rule: HistoryRule) -> list[Lane]:
    """Analyse the points of each clock by themselves: a count and a time have no common level.

    UsageError for a reference that is no point, or for words that no cell has.
    """
    clocks = dict.fromkeys(point.clock for point in history.points)
    lanes = [[p for p in history.points if p.clock is clock] for clock in clocks]
    found = [_lane(points, rule) for points in lanes]
    if rule.reference and all(lane.reference is None for lane in found):
        raise UsageError(
            f"--reference: no point is '{rule.reference}'", "a commit, a name, or a date, of one"
        )
    if rule.cell and not any(lane.tracks for lane in found):
        raise UsageError(f"--cell: no cell's name has all of '{rule.cell}'")
    return found


def _lane(points: Sequence[HistoryPoint], rule: HistoryRule) -> Lane:
    breaks = tuple(_breaks(points))
    cuts = [0, *(each.at for each in breaks), len(points)]
    reference = _reference(points, rule.reference)
    if reference is not None and reference < cuts[-2]:
        why = breaks[-1].reasons[0]
        raise CannotJudge(
            f"--reference: {points[reference].label} is before a break: {why}",
            "name a point since then",
        )
    rows = [row for span in pairwise(cuts) for row in _rows(points, span, rule)]
    lane = Lane(tuple(points), breaks, cuts[-2], reference)
    tracks = _tracks(lane, rows, _cut(rows, rule), rule)
    return replace(lane, tracks=tuple(tracks))


def _breaks(points: Sequence[HistoryPoint]) -> Iterator[HistoryBreak]:
    """Find the points whose facts forbid comparing them with the one before."""
    for at, (before, after) in enumerate(pairwise(points), 1):
        if reasons := unlike(before.facts, after.facts):
            named = [
                each.replace(" in BASE, ", " before, ").replace(
                    " in NEW", f" from {after.label} on"
                )
                for each in reasons
            ]
            yield HistoryBreak(at, tuple(named))


def _reference(points: Sequence[HistoryPoint], wanted: str) -> int | None:
    """Find the point that is meant: by its commit, its name, or its date; None for none."""
    if not wanted:
        return None
    found = [at for at, point in enumerate(points) if _is_named(point, wanted)]
    if len(found) > 1:
        raise UsageError(f"--reference: '{wanted}' is {len(found)} points", "write more of it")
    return found[0] if found else None


def _is_named(point: HistoryPoint, wanted: str) -> bool:
    date = point.date.isoformat() if point.date else ""
    by_commit = bool(point.commit) and point.commit.startswith(wanted.lower())
    return by_commit or point.name == wanted or (bool(date) and date.startswith(wanted))


def _rows(
    points: Sequence[HistoryPoint], span: tuple[int, int], rule: HistoryRule
) -> Iterator[_Row]:
    """Make the rows of a regime: of each cell its pauses, and those phases that vary at all."""
    first, end = span
    by_cell: dict[Cell, list[int]] = {}
    for at in range(first, end):
        for cell in points[at].cells:
            by_cell.setdefault(cell, []).append(at)
    words = rule.cell.split()
    for cell, places in by_cell.items():
        if words and not _has(cell_name(cell), words):
            continue
        values = [points[at].cells[cell] for at in places]
        pauses = np.array([each.value for each in values])
        where = np.array(places, dtype=np.intp)
        yield _Row(cell, None, where, np.log(pauses))
        middle = float(np.median(pauses))
        for phase in dict.fromkeys(phase for each in values for phase in each.phases):
            parts = np.array([each.phase(phase) for each in values]) / middle
            if np.ptp(parts) >= rule.least:
                yield _Row(cell, phase, where, parts)


def _has(name: str, words: Sequence[str]) -> bool:
    return all(word in name for word in words)


def _cut(rows: Sequence[_Row], rule: HistoryRule) -> list[Levels]:
    """Cut all rows into levels; those of one length together, a few million values at once."""
    found: dict[int, Levels] = {}
    order = sorted(range(len(rows)), key=lambda at: len(rows[at].values))
    least = float(np.log1p(rule.least))
    while order:
        longest = len(rows[order[-1]].values)
        batch = order[-max(_BATCH // longest, 1) :]
        batch = [at for at in batch if 2 * len(rows[at].values) >= longest]
        order = order[: -len(batch)]
        padded = np.full((len(batch), longest), np.nan)
        for number, at in enumerate(batch):
            padded[number, : len(rows[at].values)] = rows[at].values
        found.update(zip(batch, levels_of(padded, least), strict=True))
    return [found[at] for at in range(len(rows))]


def _tracks(
    lane: Lane, rows: Sequence[_Row], levels: Sequence[Levels], rule: HistoryRule
) -> Iterator[CellTrack]:
    """Put together what was found of each cell, over all regimes; the last one is judged."""
    by_cell: dict[Cell, list[tuple[_Row, Levels]]] = {}
    for row, found in zip(rows, levels, strict=True):
        by_cell.setdefault(row.cell, []).append((row, found))
    for cell, parts in by_cell.items():
        pauses = [(row, found) for row, found in parts if row.phase is None]
        changes = tuple(c for row, found in pauses for c in _changes(lane, row, found))
        phases = [(row, found) for row, found in parts if row.phase is not None]
        moves = tuple(m for row, found in phases for m in _moves(row, found, changes))
        track = CellTrack(
            cell,
            tuple(int(at) for row, _ in pauses for at in row.places),
            tuple(float(v) for row, _ in pauses for v in np.exp(row.values)),
            tuple(level for row, found in pauses for level in _segments(row, found)),
            changes,
            tuple(sorted(moves, key=lambda move: move.at)),
        )
        yield _judge(lane, track, *pauses[-1], rule)


def _segments(row: _Row, levels: Levels) -> Iterator[tuple[int, int, float]]:
    ends = [*levels.starts[1:], len(row.values)]
    for start, end, level in zip(levels.starts, ends, levels.levels, strict=True):
        yield int(row.places[start]), int(row.places[end - 1]), float(np.exp(level))


def _changes(lane: Lane, row: _Row, levels: Levels) -> Iterator[LevelChange]:
    bounds = [*levels.starts, len(row.values)]
    for number, change in enumerate(levels.changes, 1):
        before = row.places[max(bounds[number - 1], change.at - _NEAR) : change.at]
        after = row.places[change.at : min(bounds[number + 1], change.at + _NEAR)]
        points = [lane.points[at] for at in before[::-1]], [lane.points[at] for at in after]
        ratio = float(np.exp(change.size))
        begun = float(np.median(row.values[change.at : change.at + _FIRST])) - change.before
        yield LevelChange(
            int(row.places[change.at]),
            float(np.exp(change.before)),
            float(np.exp(change.after)),
            len(row.values) - change.at,
            begun / change.size < 0.5,
            phases_moved(row.cell, *points),
            functions_moved(row.cell, *points, ratio - 1),
        )


def phases_moved(
    cell: Cell, before: Sequence[HistoryPoint], after: Sequence[HistoryPoint]
) -> tuple[tuple[Phase, float], ...]:
    """Return the phases whose medians differ between points, and by what, the largest first."""
    old, new = ([point.cells[cell] for point in each] for each in (before, after))
    if not all(each.phases for each in (*old, *new)):
        return ()
    names = dict.fromkeys(phase for each in (*old, *new) for phase in each.phases)
    medians = (
        (
            phase,
            float(
                np.median([n.phase(phase) for n in new]) - np.median([o.phase(phase) for o in old])
            ),
        )
        for phase in names
    )
    return tuple(sorted((each for each in medians if each[1]), key=lambda each: -abs(each[1])))


def _moves(row: _Row, levels: Levels, changes: Sequence[LevelChange]) -> Iterator[PhaseMove]:
    """List changes of a phase where the pause has none: another phase made up for it."""
    assert row.phase is not None
    for change in levels.changes:
        at = int(row.places[change.at])
        if not any(abs(each.at - at) <= _ALIKE for each in changes):
            yield PhaseMove(row.phase, at, change.size)


def _judge(lane: Lane, track: CellTrack, row: _Row, levels: Levels, rule: HistoryRule) -> CellTrack:
    """Judge a cell by its last regime, against the reference."""
    if row.places[0] < lane.regime:
        return unjudged(track, "no value since the last break")
    count = len(row.values)
    if count < LEAST_POINTS:
        return unjudged(track, f"{count} of the {LEAST_POINTS} points that a verdict takes")
    wanted = lane.regime if lane.reference is None else lane.reference
    place = int(np.searchsorted(row.places, wanted))
    if place == count:
        return unjudged(track, "no value since the reference")
    limit = float(np.log1p(rule.threshold))
    found = standing(row.values, levels, place, limit)
    since = None if found.since is None else int(row.places[found.since])
    now = replace(found, since=since)
    return judged(lane, track, int(row.places[place]), now, rule.threshold, rule.least)
