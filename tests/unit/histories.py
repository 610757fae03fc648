# SPDX-License-Identifier: GPL-2.0-only
"""Histories of known levels: sides, points in memory, and stores of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.history.analyse import HistoryRule, analyse
from bench.history.order import Order, Ordered
from bench.history.point import HistoryPoint, PointValue
from bench.history.store import append, point_text
from bench.history.track import CellTrack, Lane
from bench.model.cell import Cell, Clock
from bench.model.method import Phase
from bench.results.comparable import facts_of
from bench.sides.side import CellValues, Side
from tests.unit.runs import NEW, RESET, facts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LEVEL = 1_000_000.0
QUIET = 1e-4  # the spread of counts


def day(number: int) -> datetime:
    return BEGIN + timedelta(days=number)


def commit(number: int) -> str:
    return f"{number:08x}" * 5


def side(
    values: Mapping[Cell, float], clock: Clock = Clock.ICOUNT, boots: int = 1, **changed: Any
) -> Side:
    """Of a run: each boot has the same value; release has half of it."""
    found = facts_of(facts(clock, **changed))
    return Side("run", found, {cell: _values(value, boots) for cell, value in values.items()}, {})


def _values(value: float, boots: int) -> CellValues:
    whole = np.full(boots, round(value), np.int64)
    half = whole // 2
    return CellValues(
        np.arange(1, boots + 1), whole, {Phase.RELEASE: half, Phase.EXEC: whole - half}
    )


def stored(store: Path, number: int, made: Side, sha: str | None = None) -> Path:
    """Add a point of a day to a store."""
    name = commit(number) if sha is None else sha
    return append(store, point_text(made, day(number), name, f"run {number}"))[0]


def store_of(path: Path, levels: Sequence[float], clock: Clock = Clock.ICOUNT) -> Path:
    """A store of RESET with these levels, and of NEW, which is quiet."""
    for number, level in enumerate(levels):
        stored(path, number, side({RESET: level, NEW: LEVEL / 10 + number % 3}, clock))
    return path


def point(
    number: int,
    values: Mapping[Cell, float],
    phases: Mapping[Phase, float] | None = None,
    clock: Clock = Clock.ICOUNT,
    **changed: Any,
) -> HistoryPoint:
    """One of one boot; ``phases`` are parts of the values."""
    cells = {
        cell: PointValue((value,), {p: (part * value,) for p, part in (phases or {}).items()})
        for cell, value in values.items()
    }
    return HistoryPoint(
        f"p{number}", facts_of(facts(clock, **changed)), cells, day(number), commit(number)
    )


def points_of(levels: Sequence[float], clock: Clock = Clock.ICOUNT) -> list[HistoryPoint]:
    return [point(number, {RESET: level}, clock=clock) for number, level in enumerate(levels)]


def analysed(points: Sequence[HistoryPoint], **rule: Any) -> Lane:
    """The one lane of points that are in their order."""
    (lane,) = analyse(Ordered(tuple(points), Order.DATE), HistoryRule(**rule))
    return lane


def track_of(levels: Sequence[float], **rule: Any) -> CellTrack:
    """What is found of a cell with these levels."""
    return analysed(points_of(levels), **rule).tracks[0]


def noisy(levels: Sequence[float], spread: float = QUIET, seed: int = 1) -> list[float]:
    """Levels with noise on them."""
    noise = np.random.default_rng(seed).normal(0, spread, len(levels))
    return [float(level * np.exp(each)) for level, each in zip(levels, noise, strict=True)]


def steps(*parts: tuple[int, float]) -> list[float]:
    """So many points of each level, as factors of LEVEL."""
    return [LEVEL * factor for count, factor in parts for _ in range(count)]
