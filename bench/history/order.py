# SPDX-License-Identifier: GPL-2.0-only
"""Bring points into their order, by commit or date, and join those of one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from bench.history.point import HistoryPoint, PointValue
from bench.model.cell import Cell
from bench.results.comparable import unlike


class Order(StrEnum):
    """By what points are ordered."""

    COMMIT = "commit"
    DATE = "date"
    NAMED = "named"  # as on the command line


@dataclass(frozen=True)
class Ordered:
    """Points in their order, the order, and a line for each thing to know about it."""

    points: tuple[HistoryPoint, ...]
    order: Order
    notes: tuple[str, ...] = ()


def ordered(
    points: Sequence[HistoryPoint], places: Mapping[str, int] | None, asked: str
) -> Ordered:
    """Order points by the places of their commits in a tree, else by date, else as named.

    ``places`` has those of the commits that the tree knows, None without a tree. A point
    that has no place in the order is left out where the order was ``asked`` for.
    """
    wanted = Order(asked) if asked else _default(points, places)
    notes: list[str] = []
    if wanted is Order.COMMIT:
        known = [point for point in points if point.commit in (places or {})]
        notes += _lost(points, known, "its commit is not known, or not in the tree")
        kept = sorted(known, key=lambda point: ((places or {})[point.commit], _when(point)))
    elif wanted is Order.DATE:
        dated = [point for point in points if point.date]
        notes += _lost(points, dated, "it has no date")
        kept = sorted(dated, key=lambda point: (_when(point), point.name))
    else:
        kept = [*points]
        missing = next((point.name for point in points if not point.date), "")
        notes += [f"in the order in which they were named: {missing} has no date"] * bool(missing)
    return Ordered(tuple(_joined(kept)), wanted, tuple(notes))


def _default(points: Sequence[HistoryPoint], places: Mapping[str, int] | None) -> Order:
    if places is not None and all(point.commit in places for point in points):
        return Order.COMMIT
    return Order.DATE if all(point.date for point in points) else Order.NAMED


def _when(point: HistoryPoint) -> float:
    return point.date.timestamp() if point.date else 0.0


def _lost(points: Sequence[HistoryPoint], kept: Sequence[HistoryPoint], why: str) -> list[str]:
    there = {id(point) for point in kept}
    return [f"left out: {point.name}: {why}" for point in points if id(point) not in there]


def _joined(points: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    """Make neighbours of one commit, measured alike, one point: they are replicas."""
    found: list[HistoryPoint] = []
    for commit, group in groupby(points, key=lambda point: point.commit):
        alike: list[list[HistoryPoint]] = []
        for point in group:
            if commit and alike and not unlike(alike[-1][0].facts, point.facts):
                alike[-1].append(point)
            else:
                alike.append([point])
        found += [_join(each) for each in alike]
    return found


def _join(points: Sequence[HistoryPoint]) -> HistoryPoint:
    if len(points) == 1:
        return points[0]
    cells: dict[Cell, list[PointValue]] = {}
    for point in points:
        for cell, value in point.cells.items():
            cells.setdefault(cell, []).append(value)
    return replace(
        points[-1],
        cells={cell: _all_boots(values) for cell, values in cells.items()},
        profiles=tuple(path for point in points for path in point.profiles),
        replicas=sum(point.replicas for point in points),
    )


def _all_boots(values: Sequence[PointValue]) -> PointValue:
    """Join the boots of replicas; phases where all have the same ones."""
    boots = tuple(boot for value in values for boot in value.boots)
    names = dict.fromkeys(phase for value in values for phase in value.phases)
    known = [value for value in values if value.phases]
    phases = {
        phase: tuple(
            ticks for value in known for ticks in value.phases.get(phase, (0.0,) * len(value.boots))
        )
        for phase in names
    }
    return PointValue(boots, phases)
